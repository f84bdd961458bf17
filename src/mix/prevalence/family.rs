//! What human and machine logits may look like in a domain that nobody has seen.
//!
//! Domains differ in where their logits lie and how far they spread, far less in shape. So a
//! [`Side`] is a shape, and how place and spread vary over the domains of the training; its
//! candidates are the shape at a grid of places and spreads, each as likely as training makes it.

use super::super::LogitCounts;

/// Bins of half a logit in which pools are compared; the first and the last have no end.
pub const BINS: usize = 32;
/// Lower edge of the second bin.
const FIRST_EDGE: f64 = -7.5;
const WIDTH: f64 = 0.5;
/// Points at which a shape is given: -4 to 4 standard deviations in steps of 1/8.
pub const KNOTS: usize = 65;
const LAST_KNOT: f64 = 4.0;
const PER_SD: f64 = 8.0;

/// Places and spreads tried, in standard deviations from the middle of what training saw.
const REACH: f64 = 2.6;
const SPREADS: [f64; 3] = [-1.2, 0.0, 1.2];
/// A few dozen domains show less variety than there is.
const WIDER: f64 = 1.25;
/// Least spread of documents that all lie in one place.
const LEAST_SD: f64 = WIDTH / 2.0;
/// Share of every candidate that lies evenly in all bins, so that no document is impossible.
const FLAT: f64 = 1e-3;

/// Counts of a pool's documents in bins.
pub type Counts = [f64; BINS];

/// Documents in bins.
pub fn binned(logits: &LogitCounts) -> Counts {
    let mut counts = [0.0; BINS];
    for (logit, count) in logits.bins() {
        let above = libm::floor((logit - FIRST_EDGE) / WIDTH) + 1.0;
        counts[above.clamp(0.0, (BINS - 1) as f64) as usize] += count as f64;
    }
    counts
}

/// Logits of one label over the domains of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Mean and standard deviation, over domains, of their mean logit.
    pub mean: (f64, f64),
    /// The same of the logarithm of their standard deviation.
    pub log_sd: (f64, f64),
    /// Share of a domain's documents at or below each knot, in its own standard deviations from its
    /// own mean; from 0 to 1, never falling.
    pub shape: [f64; KNOTS],
}

/// One way that the documents of a label may lie.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Share of them in each bin.
    pub bins: Counts,
    /// Their mean logit.
    pub mean: f64,
    /// Logarithm of how likely it is, up to a constant.
    pub prior: f64,
}

impl Candidate {
    /// The log-likelihood of counts.
    pub fn log_likelihood(&self, counts: &Counts) -> f64 {
        let terms = counts.iter().zip(&self.bins);
        terms
            .filter(|(count, _)| **count > 0.0)
            .map(|(count, share)| count * libm::log(*share))
            .sum()
    }
}

impl Side {
    /// Every candidate, from `places` places.
    pub fn candidates(&self, places: usize) -> Vec<Candidate> {
        let step = 2.0 * REACH / (places.max(2) - 1) as f64;
        let mut candidates = Vec::with_capacity(places * SPREADS.len());
        for place in 0..places {
            let off = -REACH + step * place as f64;
            for spread in SPREADS {
                let mean = self.mean.0 + WIDER * self.mean.1 * off;
                let sd = libm::exp(self.log_sd.0 + self.log_sd.1 * spread);
                candidates.push(Candidate {
                    bins: self.bins(mean, sd),
                    mean,
                    prior: -0.5 * (off * off + spread * spread),
                });
            }
        }
        candidates
    }

    /// Shares in bins of documents that lie as these do, in the shape of this side; as training's do
    /// where these are too few to have a spread.
    pub fn like(&self, documents: &LogitCounts) -> Counts {
        let place = documents.mean().filter(|_| documents.total() > 1);
        let usual = || (self.mean.0, libm::exp(self.log_sd.0));
        let (mean, sd) = place.map_or_else(usual, |place| (place.mean, place.sd));
        self.bins(mean, sd.max(LEAST_SD))
    }

    /// Shares in bins of the shape at this mean and standard deviation.
    fn bins(&self, mean: f64, sd: f64) -> Counts {
        let mut bins = [0.0; BINS];
        let mut below = 0.0;
        for (bin, share) in bins.iter_mut().enumerate() {
            let up_to = if bin + 1 == BINS {
                1.0
            } else {
                self.below((FIRST_EDGE + WIDTH * bin as f64 - mean) / sd)
            };
            *share = (1.0 - FLAT) * (up_to - below) + FLAT / BINS as f64;
            below = up_to;
        }
        bins
    }

    /// Share of documents below `z` standard deviations, between knots in proportion.
    fn below(&self, z: f64) -> f64 {
        let at = ((z + LAST_KNOT) * PER_SD).clamp(0.0, (KNOTS - 1) as f64);
        let knot = at as usize;
        let next = (knot + 1).min(KNOTS - 1);
        self.shape[knot] + (self.shape[next] - self.shape[knot]) * (at - knot as f64)
    }
}

/// The mean over domains of the share of documents at or below each knot; each domain is given as
/// its logits. Domains without spread are passed over.
pub fn shape_of(domains: &[Vec<f64>]) -> [f64; KNOTS] {
    let mut shape = [0.0; KNOTS];
    let mut count = 0.0;
    for logits in domains {
        let (mean, sd) = mean_sd(logits);
        if sd <= 0.0 {
            continue;
        }
        let mut sorted = logits.clone();
        sorted.sort_by(f64::total_cmp);
        for (knot, share) in shape.iter_mut().enumerate() {
            let z = -LAST_KNOT + knot as f64 / PER_SD;
            let at_most = sorted.partition_point(|logit| *logit <= mean + z * sd);
            *share += at_most as f64 / sorted.len() as f64;
        }
        count += 1.0;
    }
    for (knot, share) in shape.iter_mut().enumerate() {
        *share = if count > 0.0 {
            *share / count
        } else {
            knot as f64 / (KNOTS - 1) as f64
        };
    }
    (shape[0], shape[KNOTS - 1]) = (0.0, 1.0);
    shape
}

/// Mean and standard deviation (of a sample); (0, 0) of nothing.
pub fn mean_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, libm::sqrt(squares / (n - 1.0).max(1.0)))
}
