//! Scores by any supervised fastText model (`.bin` or `.ftz`) that the user names.
//!
//! Probabilities equal those of fastText's own program to the last bits of a 32-bit float: a text
//! is read as one line (line breaks become spaces, a line end is added, since fastText makes a
//! token and n-grams of it), and probabilities that rounding pushed above 1 are cut to 1.

mod layout;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fasttext::FastText;
use thiserror::Error;

const PREFIX: &str = "__label__";

/// Why a fastText model cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FastTextError {
    /// The file contradicts itself.
    #[error("no sound fastText model: {fault}; copy or train it anew")]
    Layout {
        /// What is wrong.
        fault: &'static str,
    },
    /// The loader refused the file.
    #[error("fastText model does not load ({reason}); copy or train it anew")]
    Load {
        /// What the loader said.
        reason: String,
    },
    /// The model has no such label.
    #[error("fastText model has no label `{label}`: it has {labels}")]
    Label {
        /// The label that was asked for.
        label: String,
        /// The labels that it has, at most twenty.
        labels: String,
    },
}

/// Room that one worker uses for one document after the other.
#[derive(Debug, Default)]
pub struct LineScratch {
    line: Vec<u8>,
    words: Vec<i32>,
    labels: Vec<i32>,
    hashes: Vec<i32>,
    token: String,
}

/// A model and the label whose probability is the score; shared by all workers.
pub struct FastTextModel {
    model: FastText,
    label: String,
    labels: usize,
    digest: String,
}

impl std::fmt::Debug for FastTextModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FastTextModel")
            .field("label", &self.label)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl FastTextModel {
    /// Loads a whole model file; `label` may be given with or without its `__label__`.
    pub fn from_bytes(bytes: &[u8], label: &str) -> Result<FastTextModel, FastTextError> {
        layout::check(bytes).map_err(|fault| FastTextError::Layout { fault })?;
        // The sizes are sound now, but the loader has been seen to panic on odd content.
        let model = catch_unwind(AssertUnwindSafe(|| FastText::load(&mut &bytes[..])))
            .map_err(|_| FastTextError::Load {
                reason: "the loader panicked".to_owned(),
            })?
            .map_err(|error| FastTextError::Load {
                reason: error.to_string(),
            })?;
        let names: Vec<&str> = (0..model.dict().nlabels())
            .filter_map(|id| model.dict().get_label(id).ok())
            .collect();
        let found = names
            .iter()
            .find(|name| **name == label || name.strip_prefix(PREFIX) == Some(label));
        let Some(found) = found.map(|name| (*name).to_owned()) else {
            let mut listed = names
                .iter()
                .take(20)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            if names.len() > 20 {
                listed.push_str(&format!(" and {} more", names.len() - 20));
            }
            return Err(FastTextError::Label {
                label: label.to_owned(),
                labels: listed,
            });
        };
        Ok(FastTextModel {
            labels: names.len(),
            label: found,
            digest: blake3::hash(bytes).to_hex().to_string(),
            model,
        })
    }

    /// The probability of the label for `text`, in [0, 1]; `None` where the model knows no word
    /// of it, and nothing of the end of a line either. A model whose weights are beyond all numbers gives NaN,
    /// which the caller must not take for a score.
    pub fn score(&self, text: &str, scratch: &mut LineScratch) -> Option<f64> {
        let LineScratch {
            line,
            words,
            labels,
            hashes,
            token,
        } = scratch;
        line.clear();
        line.extend(text.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
        line.push(b'\n');
        self.model.dict().get_line_with_scratch(
            &mut line.as_slice(),
            words,
            labels,
            hashes,
            token,
            &mut false,
        );
        let predictions = self.model.predict_on_words(words, self.labels, 0.0);
        if predictions.is_empty() {
            return None;
        }
        // One answer that is no number makes nonsense of the others: they are not shares of a whole.
        if predictions.iter().any(|p| !p.prob.is_finite()) {
            return Some(f64::NAN);
        }
        // A label that is not among the answers has a probability below what can be told from 0.
        let own = predictions.iter().find(|p| p.label == self.label);
        let probability = own.map_or(0.0, |p| f64::from(p.prob));
        Some(probability.clamp(0.0, 1.0))
    }

    /// BLAKE3 of the model file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The label, as the model spells it.
    pub fn label(&self) -> &str {
        &self.label
    }
}
