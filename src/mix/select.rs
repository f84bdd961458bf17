//! The cut at which documents add up to a target, on exact sums, in two streaming passes.
//!
//! The first pass sums counts into buckets of the step; the second collects the steps of the one
//! bucket in which the target lies and sorts them. Memory does not depend on the number of
//! documents but for that bucket, which holds about a thousandth of them.

use std::collections::BTreeMap;

use super::cut::Cut;

/// First pass: the sum of counts in each bucket of the step. Sparse, since there may be thousands of
/// cells and most hold few documents.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    sums: BTreeMap<usize, u64>,
}

/// The bucket of a step: its leading bit and the ten bits below. It never falls as the step rises.
fn bucket(step: u64) -> usize {
    let lead = 63 - (step | 1).leading_zeros() as usize;
    let below = if lead >= 10 {
        (step >> (lead - 10)) as usize & 1023
    } else {
        (step << (10 - lead)) as usize & 1023
    };
    lead << 10 | below
}

impl Histogram {
    /// Adds one step of a document with this count.
    pub fn add(&mut self, step: u64, count: u64) {
        *self.sums.entry(bucket(step)).or_default() += count;
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, more) in &other.sums {
            *self.sums.entry(*bucket).or_default() += more;
        }
    }

    /// The second pass for this target.
    pub fn select(&self, target: u64) -> Select {
        let mut below = 0u64;
        for (index, sum) in &self.sums {
            if *sum > target - below {
                return Select {
                    bucket: Some(*index),
                    need: target - below,
                    steps: Vec::new(),
                };
            }
            below += sum;
        }
        Select {
            bucket: None,
            need: 0,
            steps: Vec::new(),
        }
    }
}

/// Second pass: the steps of the bucket in which the target lies.
#[derive(Debug, Clone)]
pub struct Select {
    /// None if all steps together do not exceed the target.
    bucket: Option<usize>,
    need: u64,
    steps: Vec<(u64, u128, u64)>,
}

impl Select {
    /// Adds one step of the document `key` with this count, if it lies in the bucket.
    pub fn add(&mut self, step: u64, key: u128, count: u64) {
        if self.bucket == Some(bucket(step)) {
            self.steps.push((step, key, count));
        }
    }

    /// Adds another's steps.
    pub fn merge(&mut self, other: Select) {
        self.steps.extend(other.steps);
    }

    /// The cut whose sum is nearest to the target: off by at most half a document.
    pub fn cut(mut self) -> Cut {
        if self.bucket.is_none() {
            return Cut::ALL;
        }
        self.steps.sort_unstable();
        let mut need = self.need;
        let mut last = None;
        for (step, key, count) in &self.steps {
            if need < count - count / 2 {
                break;
            }
            need = need.saturating_sub(*count);
            last = Some(Cut {
                t: *step,
                key: *key,
            });
        }
        last.unwrap_or_else(|| match self.steps.first() {
            Some((step, key, _)) => Cut::just_before(*step, *key),
            None => Cut::ALL,
        })
    }
}
