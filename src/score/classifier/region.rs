//! One part of the model, for a language or a few: its features, its weights, its bias.

use prefetch_index::prefetch_index;
use serde::{Deserialize, Serialize};

use super::features::{FeatureSpace, Scratch};
use super::quantise;
use crate::text::Scan;
use crate::text::normalise::Unmasked;

/// A language that a model answers for, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnsweredLanguage {
    /// ISO 639-1 code.
    pub lang: String,
    /// AUROC at 1,000 characters on documents of sources that the model had not seen.
    pub auroc: f64,
}

/// A logistic regression for one language, or for several that have too little text each.
///
/// A language with much text has weights of its own: what gives a machine away in one language says
/// little in another, and ten times the text would drown the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Sorted by their codes.
    pub(super) languages: Vec<AnsweredLanguage>,
    pub(super) space: FeatureSpace,
    pub(super) bias: f64,
    /// What one unit of an 8-bit weight is worth.
    pub(super) scale: f64,
    /// One a slot of `space`.
    pub(super) weights: Vec<i8>,
}

impl Region {
    /// Quantises trained `weights`, one a slot of `space`, to 8 bits.
    pub fn new(
        mut languages: Vec<AnsweredLanguage>,
        space: FeatureSpace,
        weights: &[f32],
        bias: f64,
    ) -> Region {
        languages.sort_by(|a, b| a.lang.cmp(&b.lang));
        let largest = weights.iter().fold(0f32, |m, w| m.max(w.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        Region {
            languages,
            space,
            bias,
            scale: f64::from(scale),
            weights: weights
                .iter()
                .map(|w| (w / scale).round().clamp(-127.0, 127.0) as i8)
                .collect(),
        }
    }

    /// The languages that it answers for, sorted by their codes.
    pub fn languages(&self) -> &[AnsweredLanguage] {
        &self.languages
    }

    /// Whether it answers for `lang`.
    pub(super) fn answers_for(&self, lang: &str) -> bool {
        self.languages.iter().any(|known| known.lang == lang)
    }

    /// How it reads a text.
    pub fn space(&self) -> &FeatureSpace {
        &self.space
    }

    /// The logit of `text`, as far as it is read; `None` where nothing is to be read. `scan` as for
    /// [`crate::text::tokens()`].
    pub fn logit(
        &self,
        (text, scan): (&Unmasked<'_>, Option<&Scan>),
        scratch: &mut Scratch,
    ) -> Option<f64> {
        // The weights are more than a near cache holds: each is on its way before all slots are found.
        let fetch = |slot: u32| prefetch_index(&self.weights, slot as usize);
        let slots = self.space.slots_telling((text, scan), scratch, fetch);
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
}
