//! The configuration's rules on documents and on the mix: filters, and gates.

use serde::{Deserialize, Serialize};

use crate::document::Origin;

/// A published set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// No rules.
    None,
    /// Gopher's quality and repetition rules.
    Gopher,
    /// FineWeb's rules: Gopher's and its own.
    Fineweb,
}

/// Which documents are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// A published set of rules, before those of `rule`.
    pub preset: Preset,
    /// Rules of one's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Rule>,
}

impl Default for Filters {
    fn default() -> Self {
        Filters {
            preset: Preset::None,
            rule: Vec::new(),
        }
    }
}

/// Keeps documents whose column lies in [min, max]; a null is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The reason that reports give; the column's name if empty.
    #[serde(default)]
    pub name: String,
    /// The score column, or `input.COLUMN`.
    pub column: String,
    /// Least value that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Text values that are kept; any other is dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// Documents that the rule holds for; all without it.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
}

/// The documents that a rule holds for: each list that is not empty must have the value, and the
/// words must be in the band.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Declared origins (`unknown` where nothing is declared).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<Origin>,
    /// Generations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub generation: Vec<u32>,
    /// Kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<String>,
    /// Languages, ISO 639-1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lang: Vec<String>,
    /// Languages that the rule does not hold for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_lang: Vec<String>,
    /// Least and largest number of words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<[u64; 2]>,
}

impl When {
    /// True if the rule holds for every document.
    pub fn is_empty(&self) -> bool {
        self.origin.is_empty()
            && self.generation.is_empty()
            && self.kind.is_empty()
            && self.lang.is_empty()
            && self.not_lang.is_empty()
            && self.words.is_none()
    }
}

/// What must hold before anything is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Largest share of `synthetic` in the mix, judged in `plan`.
    pub max_synthetic: f64,
    /// Least share of a stratum's pool that is kept, judged in `plan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_retention: Option<f64>,
    /// Largest distance in percentage points of a written share from its target, judged in `write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_error_pp: Option<f64>,
    /// Limits on means of score columns, judged in `plan`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<MeanGate>,
}

impl Default for Gates {
    fn default() -> Self {
        Gates {
            max_synthetic: 0.5,
            min_retention: None,
            max_error_pp: None,
            mean: Vec::new(),
        }
    }
}

/// Limits on the mean of a score column: of all documents with a value before, and of those taken
/// after, each copy counted. Both are means at the same lengths (`mix::BandedMean`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanGate {
    /// The score column, or `input.COLUMN`.
    pub column: String,
    /// Least mean of what is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest mean of what is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Largest fall of the mean, as a share of its size before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_loss: Option<f64>,
    /// Largest rise of the mean, as a share of its size before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rise: Option<f64>,
}
