//! The share from a labelled random sample of the pool, sharpened by the classifier: PPI++
//! (Angelopoulos, Duchi and Zrnic, PPI++: Efficient Prediction-Powered Inference, arXiv 2311.01453).
//!
//! The sample alone gives an unbiased share. Where the classifier's probability p goes with the
//! labels, part of the sample's error is known from p over the whole pool, and is taken off, by as
//! much as lowers the variance (lambda, from 0 to 1). It holds however wrong p is.

use super::local::Z;

/// Fewest labelled documents that are used.
pub const MIN_SAMPLE: u64 = 30;
/// Probabilities are counted in units of 2^-20, exactly.
const STEPS: f64 = 1_048_576.0;

/// Exact sums over a pool, some of whose documents are labelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleSums {
    labelled: Sums,
    rest: Sums,
    machine: u64,
    machine_p: i128,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    count: u64,
    p: i128,
    squares: i128,
}

impl Sums {
    fn add(&mut self, p: i128) {
        self.count += 1;
        self.p += p;
        self.squares += p * p;
    }

    fn merge(&mut self, other: Sums) {
        self.count += other.count;
        self.p += other.p;
        self.squares += other.squares;
    }

    fn mean(&self) -> f64 {
        self.p as f64 / STEPS / self.count.max(1) as f64
    }

    /// n times the sum of squares less the square of the sum.
    fn spread(&self) -> f64 {
        let exact = i128::from(self.count) * self.squares - self.p * self.p;
        exact as f64 / STEPS / STEPS
    }

    /// Variance, of the population.
    fn variance(&self) -> f64 {
        let n = self.count.max(1) as f64;
        self.spread() / n / n
    }
}

impl SampleSums {
    /// Adds a document with the classifier's probability, and its label if it is in the sample:
    /// true for machine text.
    pub fn add(&mut self, p: f64, label: Option<bool>) {
        let p = libm::round(p * STEPS) as i128;
        match label {
            None => self.rest.add(p),
            Some(machine) => {
                self.labelled.add(p);
                if machine {
                    self.machine += 1;
                    self.machine_p += p;
                }
            }
        }
    }

    /// Adds another's sums.
    pub fn merge(&mut self, other: &SampleSums) {
        self.labelled.merge(other.labelled);
        self.rest.merge(other.rest);
        self.machine += other.machine;
        self.machine_p += other.machine_p;
    }

    /// How many are labelled.
    pub fn labelled(&self) -> u64 {
        self.labelled.count
    }

    /// Point and 95% interval; none with fewer than [`MIN_SAMPLE`] labels. A sample that is all of
    /// the pool, or all of one label, is taken alone, with Wilson's interval: the normal one would
    /// have no width.
    pub fn estimate(&self) -> Option<(f64, f64, f64)> {
        let n = self.labelled.count;
        if n < MIN_SAMPLE {
            return None;
        }
        let share = self.machine as f64 / n as f64;
        if self.rest.count == 0 || self.machine == 0 || self.machine == n {
            let (low, high) = wilson(self.machine, n);
            return Some((share, low, high));
        }
        let (n, rest) = (n as f64, self.rest.count as f64);
        let with_label = self.machine_p as f64 / STEPS / n - share * self.labelled.mean();
        let mut all = self.labelled;
        all.merge(self.rest);
        let of_p = all.spread() / (n + rest) / (n + rest - 1.0);
        let lambda = if of_p > 0.0 {
            (with_label / ((1.0 + n / rest) * of_p)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let point = share + lambda * (self.rest.mean() - self.labelled.mean());
        let rectifier = share * (1.0 - share) - 2.0 * lambda * with_label
            + lambda * lambda * self.labelled.variance();
        let variance = lambda * lambda * self.rest.variance() / rest + rectifier.max(0.0) / n;
        let half = Z * libm::sqrt(variance);
        let inside = |share: f64| share.clamp(0.0, 1.0);
        Some((inside(point), inside(point - half), inside(point + half)))
    }
}

/// Wilson's 95% interval of a rate (J. Am. Stat. Assoc. 22, 1927): `hits` of `count`.
pub fn wilson(hits: u64, count: u64) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    let n = count as f64;
    let rate = hits as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (rate + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * libm::sqrt(rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n));
    // Rounding must not push the bound of 0 of n, or n of n, past the rate itself.
    (
        (centre - half).clamp(0.0, rate),
        (centre + half).clamp(rate, 1.0),
    )
}
