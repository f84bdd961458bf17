//! Counts of logits in narrow bins, and their exact sums: mergeable in any order, small whatever the
//! pool's size.

use std::collections::BTreeMap;

/// Bins over [-32, 32], each 1/64 wide; logits outside are counted in the outermost ones.
const BINS: u16 = 4096;
const LOWEST: f64 = -32.0;
const PER_UNIT: f64 = 64.0;
/// A logit is a multiple of 2^-20, so that sums of it in this unit are whole numbers.
const STEPS: f64 = 1_048_576.0;

/// How many documents have which logit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogitCounts {
    counts: BTreeMap<u16, u64>,
    total: u64,
    /// In units of 2^-20.
    sum: i128,
    /// In units of 2^-40.
    squares: i128,
}

/// Mean of logits over documents, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanLogit {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over documents.
    pub sd: f64,
    /// The standard error of the mean; 0 for one document, which tells nothing of it.
    pub error: f64,
}

impl LogitCounts {
    /// Counts one document.
    pub fn add(&mut self, logit: f64) {
        let bin = libm::floor((logit - LOWEST) * PER_UNIT).clamp(0.0, f64::from(BINS - 1));
        *self.counts.entry(bin as u16).or_default() += 1;
        self.total += 1;
        let steps = libm::round(logit * STEPS) as i128;
        self.sum += steps;
        self.squares += steps * steps;
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &LogitCounts) {
        for (bin, count) in &other.counts {
            *self.counts.entry(*bin).or_default() += count;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Documents counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The bins that hold documents: the middle of each, and how many.
    pub fn bins(&self) -> impl Iterator<Item = (f64, u64)> {
        let middle = |bin: u16| LOWEST + (f64::from(bin) + 0.5) / PER_UNIT;
        self.counts
            .iter()
            .map(move |(bin, count)| (middle(*bin), *count))
    }

    /// Mean, spread and standard error; none where nothing was counted.
    pub fn mean(&self) -> Option<MeanLogit> {
        if self.total == 0 {
            return None;
        }
        let n = self.total as f64;
        // n * sum of squares - square of the sum: exact, so that no digits cancel.
        let spread = i128::from(self.total) * self.squares - self.sum * self.sum;
        let freedom = (n - 1.0).max(1.0);
        let sd = libm::sqrt(spread as f64 / n / freedom) / STEPS;
        Some(MeanLogit {
            mean: self.sum as f64 / STEPS / n,
            sd,
            error: sd / libm::sqrt(n),
        })
    }

    /// The threshold of split conformal prediction (Vovk et al., 2005): a document exchangeable with
    /// the n counted lies at or above it with probability `fpr`, about.
    ///
    /// It is the upper edge of the bin of the (n + 1)(1 - fpr)-th smallest. Where that is no whole
    /// number the threshold lies between two of them in proportion: the higher alone would realise
    /// as little as half of `fpr` for a few hundred documents. Where there are too few it is the highest logit.
    pub fn conformal_threshold(&self, fpr: f64) -> f64 {
        let rank = (self.total + 1) as f64 * (1.0 - fpr);
        if rank > self.total as f64 {
            return LOWEST + f64::from(BINS) / PER_UNIT;
        }
        let below = libm::floor(rank);
        let (low, high) = (self.edge(below as u64), self.edge(below as u64 + 1));
        low + (high - low) * (rank - below)
    }

    /// Upper edge of the bin of the `rank`-th smallest, from 1, within what was counted.
    fn edge(&self, rank: u64) -> f64 {
        let rank = rank.clamp(1, self.total.max(1));
        let mut below = 0;
        for (bin, count) in &self.counts {
            below += count;
            if below >= rank {
                return LOWEST + f64::from(bin + 1) / PER_UNIT;
            }
        }
        LOWEST
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::normalise::mix;

    fn counts(logits: &[f64]) -> LogitCounts {
        let mut counts = LogitCounts::default();
        logits.iter().for_each(|x| counts.add(*x));
        counts
    }

    proptest! {
        #[test]
        fn the_threshold_lies_between_the_order_statistics(
            mut logits in prop::collection::vec(-8.0f64..8.0, 1..400), fpr in 0.005f64..0.5,
        ) {
            let threshold = counts(&logits).conformal_threshold(fpr);
            logits.sort_by(f64::total_cmp);
            let rank = (logits.len() + 1) as f64 * (1.0 - fpr);
            if rank > logits.len() as f64 {
                prop_assert_eq!(threshold, 32.0);
            } else {
                let at = |rank: f64| logits[(rank as usize).clamp(1, logits.len()) - 1];
                let (low, high) = (at(rank.floor()), at(rank.floor() + 1.0));
                let exact = low + (high - low) * rank.fract();
                prop_assert!(threshold >= exact - 1e-9 && threshold - exact <= 1.0 / 64.0 + 1e-9);
            }
        }

        #[test]
        fn the_mean_and_its_error_are_those_of_the_documents(
            steps in prop::collection::vec(-8_000_000i64..8_000_000, 2..200),
        ) {
            let logits: Vec<f64> = steps.iter().map(|s| *s as f64 / STEPS).collect();
            let n = logits.len() as f64;
            let mean = logits.iter().sum::<f64>() / n;
            let variance = logits.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let found = counts(&logits).mean().unwrap();
            prop_assert!((found.mean - mean).abs() < 1e-9);
            prop_assert!((found.sd - variance.sqrt()).abs() < 1e-9);
            prop_assert!((found.error - (variance / n).sqrt()).abs() < 1e-9);
        }

        #[test]
        fn the_order_of_merging_does_not_count(
            logits in prop::collection::vec(-40.0f64..40.0, 0..60), cut in 0usize..60,
        ) {
            let (a, b) = logits.split_at(cut.min(logits.len()));
            let (mut one, mut other) = (counts(a), counts(b));
            one.merge(&counts(b));
            other.merge(&counts(a));
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one, counts(&logits));
        }
    }

    #[test]
    fn the_realised_rate_is_the_one_asked_for_whatever_the_number_of_anchors() {
        // Exponential logits: a share exp(-t) of humans lies above t.
        let mut state = 0u64;
        let mut draw = || {
            state += 1;
            -(((mix(state) >> 11) as f64 + 0.5) / (1u64 << 53) as f64).ln()
        };
        for anchors in [100, 120, 150, 199, 250, 300] {
            let rounds = 4_000;
            let realised: f64 = (0..rounds)
                .map(|_| {
                    let logits: Vec<f64> = (0..anchors).map(|_| draw()).collect();
                    (-counts(&logits).conformal_threshold(0.01)).exp()
                })
                .sum::<f64>()
                / f64::from(rounds);
            assert!(
                (0.0088..0.0105).contains(&realised),
                "{anchors}: {realised}"
            );
        }
    }
}
