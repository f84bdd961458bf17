//! How concentrated the text of each source is, by language: as it came, and as a plan takes it.

use serde::{Deserialize, Serialize};

use crate::score::pool::drawn::Fixed;
use crate::score::pool::phrases::OverRepresented;
use crate::score::pool::tail::Retention;

/// One language of a source. All of it is measured on the profile's sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolLine {
    /// The source.
    pub source: String,
    /// The language; `und` where none was found.
    pub lang: String,
    /// True if the sample is not the whole source.
    pub sampled: bool,
    /// What was measured of it.
    #[serde(flatten)]
    pub measures: PoolMeasures,
    /// What the plan makes of it; null in an audit, and where it takes nothing.
    pub plan: Option<Taken>,
    /// How many of its rare n-grams are still in what the plan takes; null in an audit, and without any.
    pub tail: Option<Retention>,
}

/// How concentrated the n-grams of one language of a source are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolMeasures {
    /// Documents of the sample.
    pub documents: u64,
    /// Their words and pairs of neighbouring words, of which all that follows is told.
    pub ngrams: u64,
    /// Shannon entropy over 10,000 hashed buckets, bits.
    pub entropy: f64,
    /// Gini coefficient over them, 0 (even) to 1.
    pub gini: f64,
    /// Share of the n-grams in the fullest 1% of them.
    pub top_1_percent: f64,
    /// Kullback-Leibler divergence from the human reference, bits; null without one.
    pub kl: Option<f64>,
    /// Jensen-Shannon divergence from it, bits; null without one.
    pub js: Option<f64>,
    /// The same of documents drawn until they have 131,072 n-grams (all, where there are fewer), at most 512 of
    /// one: these can be compared between sources; null without words.
    pub fixed: Option<Fixed>,
    /// N-grams said more often than in human text, those first that add most to `kl`: of at least ten
    /// documents; empty without a reference.
    pub over_represented: Vec<OverRepresented>,
}

/// A pool before and after the plan, of documents drawn until both have as many n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// All documents.
    pub before: Fixed,
    /// Those that are taken, each copy counted; a variant as its original.
    pub after: Fixed,
}
