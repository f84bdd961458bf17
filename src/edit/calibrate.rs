//! How likely the tokens of a sample are, and the threshold at which a wished share of them changes.
//!
//! A threshold belongs to a prior and to the data: 0.99 under an eight-billion-parameter model and under a
//! trigram model are different editors. The sketch is a histogram with fixed edges, so that parts of a
//! sample may be counted anywhere, in any order, and merged. It is stored as its filled bins.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::prior::{Prior, PriorError};

/// Bins of the histogram, of equal width over \[0, 1\].
const BINS: usize = 4096;

/// A mergeable histogram of P(token | context) over the tokens that have an alternative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ProbabilitySketch {
    tokens: u64,
    changeable: u64,
    bins: Vec<u64>,
}

/// A sketch as it is written: the number and count of each filled bin.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    tokens: u64,
    filled: Vec<(usize, u64)>,
}

impl From<ProbabilitySketch> for Stored {
    fn from(sketch: ProbabilitySketch) -> Stored {
        let bins = sketch.bins.into_iter().enumerate();
        Stored {
            tokens: sketch.tokens,
            filled: bins.filter(|&(_, count)| count > 0).collect(),
        }
    }
}

impl TryFrom<Stored> for ProbabilitySketch {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let mut sketch = ProbabilitySketch {
            tokens: stored.tokens,
            ..Self::default()
        };
        for (bin, count) in stored.filled {
            let place = sketch
                .bins
                .get_mut(bin)
                .ok_or("a bin beyond the histogram")?;
            *place = place.checked_add(count).ok_or("a count beyond all text")?;
            sketch.changeable = sketch
                .changeable
                .checked_add(count)
                .filter(|&changeable| changeable <= stored.tokens)
                .ok_or("more changeable tokens than tokens")?;
        }
        Ok(sketch)
    }
}

impl Default for ProbabilitySketch {
    fn default() -> Self {
        ProbabilitySketch {
            tokens: 0,
            changeable: 0,
            bins: vec![0; BINS],
        }
    }
}

impl ProbabilitySketch {
    /// Counts the tokens of one text; nothing in a language that the prior does not know.
    pub fn add(&mut self, text: &str, lang: &str, prior: &dyn Prior) -> Result<(), PriorError> {
        prior.walk(lang, text, &mut |token, outlook| {
            self.tokens += 1;
            if token.editable && outlook.has_alternative() {
                self.changeable += 1;
                let bin = (token.probability * BINS as f64) as usize;
                self.bins[bin.min(BINS - 1)] += 1;
            }
            ControlFlow::Continue(())
        })
    }

    /// Adds another sketch's counts.
    pub fn merge(&mut self, other: &ProbabilitySketch) {
        self.tokens += other.tokens;
        self.changeable += other.changeable;
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            *mine += theirs;
        }
    }

    /// All tokens counted, editable or not.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Editable tokens for which the prior has an alternative.
    pub fn changeable(&self) -> u64 {
        self.changeable
    }

    /// Share of all tokens that are changeable and have P >= `threshold`, to the width of a bin.
    pub fn share_at(&self, threshold: f64) -> f64 {
        let first = (threshold.clamp(0.0, 1.0) * BINS as f64) as usize;
        let count: u64 = self.bins.iter().skip(first).sum();
        count as f64 / self.tokens.max(1) as f64
    }

    /// The threshold at which the share of changed tokens among all tokens, the original excluded from the
    /// draw, is nearest to `share`; the higher of two as near.
    ///
    /// It is 1 for an empty sketch, and 0 where even all changeable tokens are fewer than wished.
    pub fn threshold(&self, share: f64) -> f64 {
        let wished = share * self.tokens as f64;
        let mut best = (wished, BINS);
        let mut count = 0u64;
        for bin in (0..BINS).rev().filter(|&bin| self.bins[bin] > 0) {
            count += self.bins[bin];
            let miss = (count as f64 - wished).abs();
            if miss < best.0 {
                best = (miss, bin);
            }
        }
        if wished > 0.0 && wished >= self.changeable as f64 && self.changeable > 0 {
            return 0.0;
        }
        best.1 as f64 / BINS as f64
    }
}
