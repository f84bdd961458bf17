//! A hash table that gives each distinct key a number, counted from 0 in order of first sight.
//!
//! One table serves a worker's life: [`Table::begin`] forgets everything by raising a stamp, so a
//! short document after a long one costs nothing, and nothing is allocated once it has grown.

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    stamp: u32,
    number: u32,
}

/// Numbers for keys; see the module's page.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    stamp: u32,
    bits: u32,
    len: u32,
}

impl Table {
    /// Forgets all keys and makes ready for about `expected` distinct ones.
    pub(super) fn begin(&mut self, expected: usize) {
        self.bits = (expected.max(32) * 2).next_power_of_two().ilog2();
        self.len = 0;
        let size = 1 << self.bits;
        if self.slots.len() < size {
            self.slots.resize(size, Slot::default());
        }
        self.raise_stamp();
    }

    fn raise_stamp(&mut self) {
        if self.stamp == u32::MAX {
            self.slots.fill(Slot::default());
            self.stamp = 0;
        }
        self.stamp += 1;
    }

    #[inline]
    fn place(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - self.bits)) as usize
    }

    /// The number of `key`, which is the count of distinct keys before it if it is new.
    #[inline]
    pub(super) fn number(&mut self, key: u64) -> u32 {
        let mask = (1 << self.bits) - 1;
        let mut place = self.place(key);
        loop {
            let slot = &mut self.slots[place];
            if slot.stamp != self.stamp {
                let number = self.len;
                *slot = Slot {
                    key,
                    stamp: self.stamp,
                    number,
                };
                self.len += 1;
                if self.len as usize * 2 > mask {
                    self.grow();
                }
                return number;
            }
            if slot.key == key {
                return slot.number;
            }
            place = (place + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let stamp = self.stamp;
        let used = &self.slots[..1 << self.bits];
        let live: Vec<Slot> = used
            .iter()
            .filter(|slot| slot.stamp == stamp)
            .copied()
            .collect();
        self.bits += 2;
        let size = (1 << self.bits).max(self.slots.len());
        self.slots.resize(size, Slot::default());
        self.raise_stamp();
        let mask = (1 << self.bits) - 1;
        for slot in live {
            let mut place = self.place(slot.key);
            while self.slots[place].stamp == self.stamp {
                place = (place + 1) & mask;
            }
            self.slots[place] = Slot {
                stamp: self.stamp,
                ..slot
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_plain_map(
            rounds in prop::collection::vec(prop::collection::vec(0u64..400, 0..900), 1..6),
            stamp in prop::sample::select(vec![0, u32::MAX - 2]),
        ) {
            let mut table = Table { stamp, ..Table::default() };
            for keys in rounds {
                table.begin(8);
                let mut plain = HashMap::new();
                for &key in &keys {
                    let next = plain.len() as u32;
                    let expected = *plain.entry(key).or_insert(next);
                    prop_assert_eq!(table.number(key), expected);
                }
            }
        }
    }
}
