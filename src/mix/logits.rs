//! Counts of logits in narrow bins: mergeable in any order, small whatever the pool's size.

/// Bins over [-32, 32], each 1/64 wide; logits outside are counted in the outermost ones.
const BINS: usize = 4096;
const LOWEST: f64 = -32.0;
const PER_UNIT: f64 = 64.0;

/// How many documents have which logit.
#[derive(Debug, Clone)]
pub struct LogitCounts {
    counts: Vec<u64>,
    total: u64,
}

impl Default for LogitCounts {
    fn default() -> Self {
        LogitCounts {
            counts: vec![0; BINS],
            total: 0,
        }
    }
}

impl LogitCounts {
    /// Counts one document.
    pub fn add(&mut self, logit: f64) {
        let bin = libm::floor((logit - LOWEST) * PER_UNIT).clamp(0.0, (BINS - 1) as f64);
        self.counts[bin as usize] += 1;
        self.total += 1;
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &LogitCounts) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// Documents counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The bins that hold documents: the middle of each, and how many.
    pub fn bins(&self) -> impl Iterator<Item = (f64, u64)> {
        let middle = |bin: usize| LOWEST + (bin as f64 + 0.5) / PER_UNIT;
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(move |(bin, count)| (middle(bin), *count))
    }

    /// The threshold of split conformal prediction: at or above it lie at most a share `fpr` of
    /// documents exchangeable with those counted (Vovk et al., 2005; the upper edge of the bin of
    /// the ceil((n + 1)(1 - fpr))-th smallest, or the highest logit if there are too few).
    pub fn conformal_threshold(&self, fpr: f64) -> f64 {
        let highest = LOWEST + BINS as f64 / PER_UNIT;
        let rank = libm::ceil((self.total + 1) as f64 * (1.0 - fpr));
        let mut below = 0.0;
        for (bin, count) in self.counts.iter().enumerate() {
            below += *count as f64;
            if below >= rank {
                return LOWEST + (bin + 1) as f64 / PER_UNIT;
            }
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_threshold_is_the_order_statistic(
            mut logits in prop::collection::vec(-8.0f64..8.0, 1..400), fpr in 0.005f64..0.5,
        ) {
            let mut counts = LogitCounts::default();
            logits.iter().for_each(|x| counts.add(*x));
            logits.sort_by(f64::total_cmp);
            let rank = ((logits.len() + 1) as f64 * (1.0 - fpr)).ceil() as usize;
            let threshold = counts.conformal_threshold(fpr);
            match logits.get(rank - 1) {
                Some(exact) => prop_assert!(threshold >= *exact && threshold - exact <= 1.0 / 64.0 + 1e-9),
                None => prop_assert_eq!(threshold, 32.0),
            }
        }
    }
}
