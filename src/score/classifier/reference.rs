//! What is known of a model's logits on text of domains that it had not seen.
//!
//! Without it a logit says little of a *pool*: rates of error differ several-fold between domains,
//! so a share of machine text is found from whole distributions and from the range of those rates.

/// Number of bins of a logit histogram.
pub const BINS: usize = 64;
/// Lower edge of the second bin: everything below is in the first, everything far above in the last.
pub const FIRST_EDGE: f64 = -7.75;
/// Width of a bin; the thresholds are edges of bins.
pub const WIDTH: f64 = 0.25;
/// The rate that [`Reference::threshold`] is for.
const KEPT_RATE: f64 = 0.01;
/// Logits at which rates of error are kept.
pub const THRESHOLDS: [f64; 5] = [-1.0, 0.0, 1.0, 2.0, 3.0];

/// The bin of a logit: half-open intervals of [`WIDTH`], the first and the last without end.
pub fn bin(logit: f64) -> usize {
    let above = libm::floor((logit - FIRST_EDGE) / WIDTH) + 1.0;
    above.clamp(0.0, (BINS - 1) as f64) as usize
}

/// The 5-95% ranges, over held-out domains, of the share of documents at or above a logit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ThresholdRates {
    /// Low and high false-positive rate: of human documents.
    pub human: (f64, f64),
    /// Low and high true-positive rate: of machine documents.
    pub machine: (f64, f64),
}

/// Held-out behaviour of a model, kept in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Share of human documents in each bin (sums to 1), every domain at its training weight.
    pub human: [f64; BINS],
    /// The same of machine documents.
    pub machine: [f64; BINS],
    /// The logit that 1% of human documents reach.
    pub threshold: f64,
    /// Rates at [`THRESHOLDS`].
    pub rates: [ThresholdRates; 5],
}

impl Reference {
    /// The logit that a share of `fpr` of human documents reaches: the kept one for 1%, else the
    /// lowest edge of a bin above which the histogram has no more. The last bin has no end: where
    /// it holds more by itself, a bin's width above its edge.
    pub fn threshold_at(&self, fpr: f64) -> f64 {
        if fpr == KEPT_RATE {
            return self.threshold;
        }
        let mut above = 0.0;
        let mut threshold = FIRST_EDGE + WIDTH * (BINS - 1) as f64;
        for edge in (1..BINS).rev() {
            above += self.human[edge];
            if above > fpr {
                break;
            }
            threshold = FIRST_EDGE + WIDTH * (edge - 1) as f64;
        }
        threshold
    }
}

impl Default for Reference {
    /// Knows nothing: flat histograms, rates of anything.
    fn default() -> Reference {
        Reference {
            human: [1.0 / BINS as f64; BINS],
            machine: [1.0 / BINS as f64; BINS],
            threshold: 0.0,
            rates: [ThresholdRates {
                human: (0.0, 1.0),
                machine: (0.0, 1.0),
            }; 5],
        }
    }
}
