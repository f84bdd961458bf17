//! The embedded classifier: a logit that a machine wrote a text, or the reason why it does not say.
//!
//! Logistic regressions, one for each language with much text and one for the rest, on hashed n-grams of words and of their skeleton, of which
//! only the *presence* counts, at unit length (L2). Weights are 8-bit integers, and a document's sum
//! of them is an integer, so the logit is the same on every machine and in every order of summation.
//!
//! It knows text of instruction-tuned models in the languages that its file lists. Text sampled
//! from base models is beyond it, and text that a model polished is hard; the card beside the
//! model says how hard.

pub mod bootstrap;
mod features;
mod file;
pub mod measure;
mod reference;
mod region;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::text::Scan;
use crate::text::normalise::Unmasked;

pub use features::{FeatureSpace, MAX_COMMON, SLOTS_LOG2, Scratch};
pub use reference::{BINS, FIRST_EDGE, KEPT_RATE, KNOTS, Reference, Side, WIDTH, WORST, bin};
pub use region::{AnsweredLanguage, Region};

/// Characters below which a text is too short to be judged.
pub const MIN_CHARS: usize = 200;

static EMBEDDED: &[u8] = include_bytes!("../../models/classifier.bin");

/// Why a model file is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// The file does not begin as a classifier does.
    #[error(
        "no tamis classifier (it begins otherwise): name a file made by `tamis train classifier`"
    )]
    Magic,
    /// The file is of another version of the format.
    #[error("classifier format {found}, this program reads {expected}: train the model anew")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        expected: u32,
    },
    /// The file ends early, or has bytes too many.
    #[error(
        "classifier file of {bytes} bytes is cut short or too long at its {part}: copy it anew"
    )]
    Length {
        /// Length of the file.
        bytes: usize,
        /// What was being read.
        part: &'static str,
    },
    /// The content is not what was written.
    #[error("classifier file is damaged: its digest does not match its content, copy it anew")]
    Digest,
    /// A field holds what no training gives.
    #[error("classifier file has an impossible {field}: train the model anew")]
    Field {
        /// Which field.
        field: &'static str,
    },
}

/// Why the classifier does not judge a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abstain {
    /// Fewer than [`MIN_CHARS`] characters that can be seen, or nothing but space.
    TooShort,
    /// The language is unknown, or not among those that the model answers for.
    UnknownLanguage,
}

impl Abstain {
    /// The public name, as in the score row.
    pub fn name(self) -> &'static str {
        match self {
            Abstain::TooShort => "too_short",
            Abstain::UnknownLanguage => "unknown_language",
        }
    }
}

/// A trained model, shared by all workers.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    regions: Vec<Region>,
    reference: Reference,
    digest: String,
}

impl Classifier {
    /// The model inside the program.
    pub fn embedded() -> Classifier {
        Classifier::from_bytes(EMBEDDED).expect("the embedded model is checked by a test")
    }

    /// The languages that the model inside the program answers for, sorted; quicker than reading it.
    /// None if it cannot be read, so that a program with an old model can still train a new one.
    pub fn embedded_languages() -> Vec<AnsweredLanguage> {
        file::languages(EMBEDDED).unwrap_or_default()
    }

    /// A model of `regions`, no language in two of them.
    pub fn new(mut regions: Vec<Region>, reference: Reference) -> Classifier {
        let first = |region: &Region| region.languages.first().map(|known| known.lang.clone());
        regions.sort_by_key(first);
        let mut classifier = Classifier {
            regions,
            reference,
            digest: String::new(),
        };
        classifier.digest = file::digest(&classifier);
        classifier
    }

    /// Reads a model file; every size is checked against the length before anything is allocated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Classifier, ModelError> {
        file::read(bytes)
    }

    /// The model as a file's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// The log-odds that a machine wrote `text`, at even prior odds, quantised to 2^-20.
    ///
    /// `scan` as for [`crate::text::tokens()`]; `lang` is an ISO 639-1 code.
    pub fn logit(
        &self,
        (text, scan): (&Unmasked<'_>, Option<&Scan>),
        lang: Option<&str>,
        scratch: &mut Scratch,
    ) -> Result<f64, Abstain> {
        if text.is_shorter(MIN_CHARS) {
            return Err(Abstain::TooShort);
        }
        let region = lang.and_then(|lang| self.regions.iter().find(|r| r.answers_for(lang)));
        let region = region.ok_or(Abstain::UnknownLanguage)?;
        region.logit((text, scan), scratch).ok_or(Abstain::TooShort)
    }

    /// BLAKE3 of the model file's content, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The parts, sorted by their languages.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The languages that the model answers for, sorted by their codes.
    pub fn languages(&self) -> Vec<AnsweredLanguage> {
        let regions = self.regions.iter();
        sorted(
            regions
                .flat_map(|region| region.languages.iter().cloned())
                .collect(),
        )
    }

    /// How the model behaved on text of domains that it had not seen.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

fn sorted(mut languages: Vec<AnsweredLanguage>) -> Vec<AnsweredLanguage> {
    languages.sort_by(|a, b| a.lang.cmp(&b.lang));
    languages
}

/// The nearest multiple of 2^-20.
pub fn quantise(x: f64) -> f64 {
    const STEPS: f64 = 1_048_576.0;
    libm::round(x * STEPS) / STEPS
}
