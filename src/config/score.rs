//! What the score stage measures, and by whose definitions.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the score stage measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// Identify languages. Without it `lang` is null, and so is whatever needs it.
    pub language: bool,
    /// Measure `nll` and `novelty` under the prior.
    pub nll: bool,
    /// The package whose definitions repetition and quality follow; this program's own if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<Compat>,
}

impl Default for Score {
    fn default() -> Self {
        Score {
            language: true,
            nll: false,
            compat: None,
        }
    }
}

/// A package whose definitions can be followed to the digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// datatrove 0.10.1, its words split at white space.
    Datatrove,
}

impl FromStr for Compat {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "datatrove" => Ok(Compat::Datatrove),
            other => Err(format!(
                "no definitions of `{other}` are known: use datatrove"
            )),
        }
    }
}
