//! The embedded classifier: a logit that a machine wrote a text, or the reason why it does not say.
//!
//! Logistic regression on hashed word uni- and bigrams with punctuation as tokens, of which only
//! the *presence* counts, at unit length (L2). Weights are 8-bit integers, and a document's sum of
//! them is an integer, so the logit is the same on every machine and in every order of summation.
//!
//! It knows text of instruction-tuned models in the languages that its file lists. Text sampled
//! from base models is beyond it, and text that a model polished is hard; the card beside the
//! model says how hard.

mod file;
mod reference;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::text::normalise::{MAX_CHARS, head, mix, tokens};

pub use reference::{BINS, FIRST_EDGE, KNOTS, Reference, Side, WIDTH, bin};

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
    /// Fewer than [`MIN_CHARS`] characters, or nothing but space.
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

/// Room that one worker uses for one document after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    /// One bit a slot; all zero between documents.
    seen: Vec<u64>,
    slots: Vec<u32>,
}

/// A trained model, shared by all workers.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    slots_log2: u32,
    languages: Vec<String>,
    bias: f64,
    /// What one unit of an 8-bit weight is worth.
    scale: f64,
    reference: Reference,
    weights: Vec<i8>,
    digest: String,
}

impl Classifier {
    /// The model inside the program.
    pub fn embedded() -> Classifier {
        Classifier::from_bytes(EMBEDDED).expect("the embedded model is checked by a test")
    }

    /// Quantises trained `weights` (one a slot, their number a power of two) to 8 bits.
    ///
    /// `languages` are ISO 639-1 codes for which the model answers, best sorted.
    pub fn from_weights(
        weights: &[f32],
        bias: f64,
        languages: Vec<String>,
        reference: Reference,
    ) -> Classifier {
        let largest = weights.iter().fold(0f32, |m, w| m.max(w.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let quantised = weights
            .iter()
            .map(|w| (w / scale).round().clamp(-127.0, 127.0) as i8)
            .collect();
        let mut classifier = Classifier {
            slots_log2: weights.len().trailing_zeros(),
            languages,
            bias,
            scale: f64::from(scale),
            reference,
            weights: quantised,
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
    /// `lang` is an ISO 639-1 code. At most the first 4,000 characters are read.
    pub fn logit(
        &self,
        text: &str,
        lang: Option<&str>,
        scratch: &mut Scratch,
    ) -> Result<f64, Abstain> {
        if head(text, MIN_CHARS - 1).len() == text.len() {
            return Err(Abstain::TooShort);
        }
        match lang {
            Some(lang) if self.languages.iter().any(|known| known == lang) => {}
            _ => return Err(Abstain::UnknownLanguage),
        }
        let slots = features(text, MAX_CHARS, self.slots_log2, scratch);
        self.logit_of_slots(slots).ok_or(Abstain::TooShort)
    }

    /// The logit of a document given as distinct slots; `None` where there is none.
    pub fn logit_of_slots(&self, slots: &[u32]) -> Option<f64> {
        if slots.is_empty() {
            return None;
        }
        let sum: i64 = slots
            .iter()
            .map(|&slot| i64::from(self.weights[slot as usize]))
            .sum();
        let logit = self.bias + self.scale * sum as f64 / libm::sqrt(slots.len() as f64);
        Some(quantise(logit))
    }

    /// Binary logarithm of the number of weights.
    pub fn slots_log2(&self) -> u32 {
        self.slots_log2
    }

    /// BLAKE3 of the model file's content, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The languages that the model answers for (ISO 639-1).
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// How the model behaved on text of domains that it had not seen.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

/// The nearest multiple of 2^-20.
pub fn quantise(x: f64) -> f64 {
    const STEPS: f64 = 1_048_576.0;
    libm::round(x * STEPS) / STEPS
}

/// The distinct slots of the uni- and bigrams among the first `max_chars` characters of `text`.
///
/// The slots are in order of first appearance; `slots_log2` is at most 32.
pub fn features<'s>(
    text: &str,
    max_chars: usize,
    slots_log2: u32,
    scratch: &'s mut Scratch,
) -> &'s [u32] {
    let words = (1usize << slots_log2).div_ceil(64);
    if scratch.seen.len() != words {
        scratch.seen = vec![0; words];
    }
    scratch.slots.clear();
    let Scratch { seen, slots } = scratch;
    let shift = 64 - slots_log2;
    let mut add = |hash: u64| {
        let slot = (hash >> shift) as usize;
        let bit = 1u64 << (slot & 63);
        if seen[slot >> 6] & bit == 0 {
            seen[slot >> 6] |= bit;
            slots.push(slot as u32);
        }
    };
    let mut previous = None;
    tokens(text, max_chars, |token| {
        add(token);
        if let Some(previous) = previous.replace(token) {
            add(mix(u64::rotate_left(previous, 21) ^ token));
        }
    });
    for &slot in slots.iter() {
        seen[slot as usize >> 6] = 0;
    }
    slots
}
