//! A hash table that gives each distinct key a number, counted from 0 in order of first sight.
//!
//! One table serves a worker's life: [`Table::begin`] forgets everything by raising a stamp, so a
//! short document after a long one costs nothing, and nothing is allocated once it has grown.

use std::hint::select_unpredictable;

/// Distinct keys that a table is made ready for at most; it grows beyond.
const MOST_EXPECTED: usize = 1 << 16;
/// Keys whose slots are fetched together.
const BATCH: usize = 32;
/// Binary logarithm of the slots from which a table no longer fits into the nearer caches.
const BEYOND_CACHE: u32 = 15;

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

    /// Forgets all keys, then numbers `keys` in order; also counts how often each number came.
    pub(super) fn number_all(
        &mut self,
        keys: &[u64],
        numbers: &mut Vec<u32>,
        counts: &mut Vec<u32>,
    ) {
        self.begin((keys.len() * 3 / 4).min(MOST_EXPECTED));
        numbers.clear();
        numbers.resize(keys.len(), 0);
        counts.clear();
        counts.resize(keys.len(), 0);
        for (keys, numbers) in keys.chunks(BATCH).zip(numbers.chunks_mut(BATCH)) {
            if (self.len as usize + BATCH) * 2 >= 1 << self.bits {
                self.grow();
            }
            if self.bits >= BEYOND_CACHE {
                self.fetch(keys);
            }
            self.number_batch(keys, numbers, counts);
        }
        counts.truncate(self.len as usize);
    }

    /// Numbers some keys, for which there is room.
    ///
    /// Whether a key is new cannot be foreseen, so either way its slot is written without a branch;
    /// only a slot that another key holds is looked at further.
    #[inline]
    fn number_batch(&mut self, keys: &[u64], numbers: &mut [u32], counts: &mut [u32]) {
        let (stamp, shift, mut len) = (self.stamp, 64 - self.bits, self.len);
        let slots = &mut self.slots[..1 << self.bits];
        let mask = slots.len() - 1;
        for (&key, to) in keys.iter().zip(numbers) {
            let mut place = place_of(key, shift);
            let slot = loop {
                let slot = &mut slots[place & mask];
                if select_unpredictable(slot.stamp == stamp, slot.key ^ key, 0) == 0 {
                    break slot;
                }
                place += 1;
            };
            let live = slot.stamp == stamp;
            let number = select_unpredictable(live, slot.number, len);
            *slot = Slot { key, stamp, number };
            len += u32::from(!live);
            counts[number as usize] += 1;
            *to = number;
        }
        self.len = len;
    }

    /// Loads the slots of `keys`, all at once: of a table that no cache holds each load takes as
    /// long as hundreds of instructions, and one after the other they would be waited for.
    fn fetch(&self, keys: &[u64]) {
        let stamps = keys.iter().map(|&key| self.slots[self.place(key)].stamp);
        std::hint::black_box(stamps.fold(0, |all, stamp| all ^ stamp));
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
        place_of(key, 64 - self.bits)
    }

    /// The number of `key`, which is the count of distinct keys before it if it is new.
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

    /// Whether `key` was numbered.
    pub(super) fn holds(&self, key: u64) -> bool {
        // Nothing was ever numbered.
        if self.slots.is_empty() {
            return false;
        }
        let mask = (1 << self.bits) - 1;
        let mut place = self.place(key);
        while self.slots[place].stamp == self.stamp {
            if self.slots[place].key == key {
                return true;
            }
            place = (place + 1) & mask;
        }
        false
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
        // A large table with many free slots would cost more in caches than it saves in collisions.
        self.bits += if self.bits < BEYOND_CACHE { 2 } else { 1 };
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

/// The slot where the search for a key begins.
#[inline]
fn place_of(key: u64, shift: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize
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
                for key in 0..400 {
                    prop_assert_eq!(table.holds(key), plain.contains_key(&key));
                }
            }
        }
    }
}
