//! Draws that depend on what they are for, never on who draws first.

use crate::text::normalise::mix;

const SEED: u64 = 0x7461_6D69_735F_7368;
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of draws.
pub struct Draws(u64);

impl Draws {
    /// The stream of what these numbers say together.
    pub fn new(of: &[usize]) -> Draws {
        let place = |state: u64, number: &usize| mix(state ^ (*number as u64).wrapping_add(STEP));
        Draws(of.iter().fold(SEED, place))
    }

    /// A whole number below `bound`, which is above 0; each equally likely but for 1 in 2^40 or less.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(STEP);
        ((u128::from(mix(self.0)) * bound as u128) >> 64) as usize
    }

    /// Brings values into any order, each equally likely.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.below(last + 1);
            values.swap(last, other);
        }
    }

    /// Draws up to `count` of `values`, at most half of them, without replacement; gives these, and
    /// all others.
    pub fn split(&mut self, values: &[f64], count: usize) -> (Vec<f64>, Vec<f64>) {
        let mut drawn = values.to_vec();
        self.shuffle(&mut drawn);
        let others = drawn.split_off(count.min(values.len() / 2));
        (drawn, others)
    }
}
