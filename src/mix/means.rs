//! Means of a measure over a pool before and after a plan, at the same lengths.
//!
//! Many measures depend on the length of a text (the type-token ratio falls, the share of repeated
//! n-grams rises), so the mean of a mix of shorter texts differs though no text of any length does.
//! Hence documents are set against documents of the same number of words, in bands of a factor of
//! two, and the bands weigh as they did before (direct standardisation). Bands of which nothing is
//! left are in neither mean: that they are gone is what retention tells.

use serde::{Deserialize, Serialize};

/// The smallest step of a mean, 2^-40: that of measures.
pub const LEAST_MEAN: f64 = 1.0 / (1u64 << 40) as f64;

/// Values that are farther from 0 are summed as if they were here, so that no sum overflows.
const FARTHEST: f64 = 1e15;

/// The sum of a measure in units of 2^-40, of which every measure is a multiple (columns of the input are cut
/// to them): exact, so that it does not depend on the order of addition.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct ExactSum {
    sum: i128,
    count: u64,
}

impl ExactSum {
    fn add(&mut self, value: f64, copies: u64) {
        let value = value.clamp(-FARTHEST, FARTHEST);
        self.sum += (value / LEAST_MEAN) as i128 * i128::from(copies);
        self.count += copies;
    }

    fn merge(&mut self, other: &ExactSum) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 * LEAST_MEAN / self.count as f64)
    }
}

/// Bands of lengths: 0 words, 1, 2 to 3, 4 to 7 and so on.
const BANDS: usize = 65;

/// A mean before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BeforeAndAfter {
    /// Of all documents.
    pub before: f64,
    /// Of those taken, each copy counted.
    pub after: f64,
}

/// What a plan makes of the mean of a column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanShift {
    /// At the same lengths.
    pub same_lengths: BeforeAndAfter,
    /// Of all that is taken, whatever the lengths.
    pub taken: f64,
}

/// Sums of one measure by length, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct BandedMean([[ExactSum; 2]; BANDS]);

impl Default for BandedMean {
    fn default() -> Self {
        BandedMean([Default::default(); BANDS])
    }
}

impl BandedMean {
    /// Adds a document of so many words, of which so many copies are taken.
    pub fn add(&mut self, words: u64, value: f64, copies: u64) {
        let band = (u64::BITS - words.leading_zeros()) as usize;
        let [before, after] = &mut self.0[band];
        before.add(value, 1);
        after.add(value, copies);
    }

    /// Adds other sums.
    pub fn merge(&mut self, other: &BandedMean) {
        for (mine, theirs) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            mine.merge(theirs);
        }
    }

    /// The plain means before and after, whatever the lengths; none of nothing.
    pub fn plain(&self) -> [Option<f64>; 2] {
        let mut sums = [ExactSum::default(); 2];
        for band in &self.0 {
            sums[0].merge(&band[0]);
            sums[1].merge(&band[1]);
        }
        sums.map(ExactSum::mean)
    }

    /// Both means at the same lengths; none where nothing is taken.
    pub fn means(&self) -> Option<BeforeAndAfter> {
        let (mut documents, mut sums) = (0.0, [0.0; 2]);
        for [before, after] in &self.0 {
            if let (Some(mean_before), Some(mean_after)) = (before.mean(), after.mean()) {
                documents += before.count as f64;
                sums[0] += mean_before * before.count as f64;
                sums[1] += mean_after * before.count as f64;
            }
        }
        (documents > 0.0).then(|| BeforeAndAfter {
            before: sums[0] / documents,
            after: sums[1] / documents,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mix_of_shorter_texts_is_no_loss() {
        let mut mean = BandedMean::default();
        for _ in 0..10 {
            mean.add(100, 0.8, 1);
            mean.add(1000, 0.5, 0);
            mean.add(1000, 0.5, 0);
        }
        mean.add(1000, 0.5, 1);
        let BeforeAndAfter { before, after } = mean.means().unwrap();
        assert!((before - after).abs() < 1e-12, "{before} {after}");
        assert!((before - (10.0 * 0.8 + 21.0 * 0.5) / 31.0).abs() < 1e-12);
    }

    #[test]
    fn values_beyond_all_measure_overflow_no_sum() {
        let mut mean = BandedMean::default();
        for _ in 0..1000 {
            mean.add(100, 1e300, 100);
            mean.add(100, -1e300, 100);
            mean.add(100, f64::INFINITY, 100);
        }
        let BeforeAndAfter { before, after } = mean.means().unwrap();
        assert!((before / FARTHEST - 1.0 / 3.0).abs() < 1e-9 && before == after);
    }

    #[test]
    fn of_nothing_taken_there_is_no_mean() {
        let mut mean = BandedMean::default();
        assert_eq!(mean.means(), None);
        mean.add(u64::MAX, 1.0, 0);
        mean.add(0, 1.0, 0);
        assert_eq!(mean.means(), None);
    }

    proptest! {
        #[test]
        fn in_one_band_they_are_the_plain_means_in_any_order(
            rows in prop::collection::vec((64u64..128, -1e3f64..1e3, 0u64..4), 1..40),
            cut in 0usize..40,
        ) {
            let mut whole = BandedMean::default();
            let mut parts = [BandedMean::default(), BandedMean::default()];
            for (place, &(words, value, copies)) in rows.iter().enumerate() {
                whole.add(words, value, copies);
                parts[usize::from(place < cut)].add(words, value, copies);
            }
            let [mut first, second] = parts;
            first.merge(&second);
            prop_assert_eq!(&first, &whole);
            let copies: u64 = rows.iter().map(|row| row.2).sum();
            let Some(BeforeAndAfter { before, after }) = whole.means() else {
                prop_assert_eq!(copies, 0);
                return Ok(());
            };
            let plain = rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64;
            let taken: f64 = rows.iter().map(|row| row.1 * row.2 as f64).sum();
            let [plain_before, plain_after] = whole.plain().map(Option::unwrap);
            prop_assert!((before - plain_before).abs() < 1e-9 && (after - plain_after).abs() < 1e-9);
            prop_assert!((before - plain).abs() < 1e-8);
            prop_assert!((after - taken / copies as f64).abs() < 1e-8);
        }
    }
}
