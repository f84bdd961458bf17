//! A set of values that may say yes to one that was never put in, but never no to one that was.
//!
//! It has one bit for all values that share it, so it stays in a near cache where a table of the values
//! would not.

/// Most bits of a set: a megabyte of them.
const MOST: usize = 1 << 23;

/// The bits of a set; scratch.
#[derive(Default)]
pub(super) struct Sieve {
    words: Vec<u64>,
}

impl Sieve {
    /// Makes an empty set of at least `bits` bits, or of [`MOST`].
    pub(super) fn begin(&mut self, bits: usize) -> Open<'_> {
        let bits = bits.clamp(64, MOST).next_power_of_two();
        self.words.clear();
        self.words.resize(bits / 64, 0);
        Open(&mut self.words)
    }
}

/// A set in use, its bits at hand. Of a value its lower bits count, which should be evenly spread.
pub(super) struct Open<'a>(&'a mut [u64]);

impl Open<'_> {
    /// Puts `value` in; gives whether it may have been in before.
    #[inline]
    pub(super) fn insert(&mut self, value: u64) -> bool {
        let (word, bit) = self.place(value);
        let held = &mut self.0[word];
        let known = *held & bit != 0;
        *held |= bit;
        known
    }

    /// Whether `value` may be in.
    #[inline]
    pub(super) fn holds(&self, value: u64) -> bool {
        let (word, bit) = self.place(value);
        self.0[word] & bit != 0
    }

    /// The word of a value, and its bit there.
    #[inline]
    fn place(&self, value: u64) -> (usize, u64) {
        (
            (value >> 6) as usize & (self.0.len() - 1),
            1 << (value & 63),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_put_in_is_held_and_the_rest_mostly_is_not(
            values in prop::collection::vec(any::<u64>(), 0..300),
            others in prop::collection::vec(any::<u64>(), 300),
        ) {
            let mut sieve = Sieve::default();
            sieve.begin(1 << 10).insert(7);
            let mut set = sieve.begin(1 << 14);
            prop_assert!(!set.holds(7));
            for value in &values {
                set.insert(*value);
                prop_assert!(set.holds(*value));
            }
            prop_assert!(values.iter().all(|value| set.insert(*value)));
            // One in 55 at most is expected.
            prop_assert!(others.iter().filter(|value| set.holds(**value)).count() < 100);
        }
    }
}
