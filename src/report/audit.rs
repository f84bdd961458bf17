//! What an audit found in a corpus, as JSON: no mix, nothing written, nothing dropped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pools::PoolLine;
use super::{Change, ClassifierLine, Origins, PrevalenceLine};

/// Version of the audit's JSON.
pub const AUDIT_VERSION: u32 = 1;

/// How much of the corpus a source or language is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Documents.
    pub documents: u64,
    /// Their words.
    pub words: u64,
    /// Documents between the thresholds.
    pub uncertain: u64,
    /// Documents that nobody declared and the classifier did not judge.
    pub unverified: u64,
}

impl From<Change> for Amount {
    fn from(change: Change) -> Amount {
        Amount {
            documents: change.documents_before,
            words: change.before,
            uncertain: change.uncertain,
            unverified: change.unverified,
        }
    }
}

/// The whole audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Version of this format.
    pub version: u32,
    /// Documents drawn from each source at most; null where all were read.
    pub sample: Option<u64>,
    /// Rows read.
    pub documents: u64,
    /// Rows that could not be read.
    pub quarantined: u64,
    /// The share of machine text, by source and stratum.
    pub prevalence: Vec<PrevalenceLine>,
    /// Who judged what nobody declared.
    pub classifier: ClassifierLine,
    /// Who said what the origins are; what the thresholds assign is no share, see `prevalence`.
    pub origins: Origins,
    /// By source.
    pub by_source: BTreeMap<String, Amount>,
    /// By language; `null` where none was found.
    pub by_lang: BTreeMap<String, Amount>,
    /// Lexical diversity, as document means.
    pub diversity: BTreeMap<String, Option<f64>>,
    /// Repetition and over-concentration, as document means.
    pub repetition: BTreeMap<String, Option<f64>>,
    /// Concentration of n-grams in the profiled sample, by source and language, and what is said too often.
    pub concentration: Vec<PoolLine>,
}
