//! A hash table that gives each distinct key a number, counted from 0 in order of first sight.
//!
//! One table serves a worker's life: nothing is allocated once it has grown. A slot is four bytes,
//! the number of a key; the keys stand in a list of their own. So many slots can be free that hardly a
//! key finds its slot taken, and a free one needs no case of its own: it holds more than any number.
//!
//! The n-grams of a long text are first parted by some bits of their hash, and each part is numbered
//! with the same few slots, which a near cache holds: a look-up in a table of many megabytes would wait
//! for memory.

/// A slot of no key.
const FREE: u32 = u32::MAX;
/// Most keys that are numbered as they come: their slots fit into the nearer caches.
const AS_THEY_COME: usize = 1 << 15;
/// Keys of a part, about; and the binary logarithm of the most parts, to each of which keys are
/// written in turn.
const PART: usize = 1 << 13;
const MOST_PARTS: u32 = 7;

/// Keys that are numbered before it is asked whether there is room for more.
const AT_ONCE: usize = 1 << 12;

/// A key, and its place among all.
#[derive(Clone, Copy, Default)]
struct Placed {
    key: u64,
    at: u32,
}

/// Numbers for keys; see the module's page.
#[derive(Default)]
pub(super) struct Table {
    /// The first `1 << bits` are in use.
    slots: Vec<u32>,
    bits: u32,
    /// The key of each number, the first `len` of them; always room for one more.
    keys: Vec<u64>,
    len: u32,
    /// The keys of a long text by part; scratch.
    parted: Vec<Placed>,
}

impl Table {
    /// Forgets all keys and makes ready for `expected` distinct ones.
    pub(super) fn begin(&mut self, expected: usize) {
        self.len = 0;
        self.clear(expected * 3);
        self.make_room(expected);
    }

    /// Room for so many keys, and for one more that turns out to be known.
    fn make_room(&mut self, keys: usize) {
        if self.keys.len() <= keys {
            self.keys.resize(keys + 1, 0);
        }
    }

    /// At least so many slots, all free.
    fn clear(&mut self, least: usize) {
        self.bits = least.max(64).next_power_of_two().ilog2();
        let size = 1 << self.bits;
        if self.slots.len() < size {
            self.slots.resize(size, FREE);
        }
        self.slots[..size].fill(FREE);
    }

    /// Forgets all keys, then numbers `keys`, and counts how often each number came. The numbers of
    /// few keys are in order of first sight; those of more than [`AS_THEY_COME`] part by part.
    pub(super) fn number_all(
        &mut self,
        keys: &[u64],
        numbers: &mut Vec<u32>,
        counts: &mut Vec<u32>,
    ) {
        numbers.resize(keys.len(), 0);
        counts.clear();
        counts.resize(keys.len(), 0);
        if keys.len() > AS_THEY_COME {
            self.number_by_part(keys, numbers, counts);
        } else {
            self.begin(keys.len());
            let mut open = Open::of(self);
            for (&key, to) in keys.iter().zip(numbers) {
                *to = open.number(key);
                counts[*to as usize] += 1;
            }
            self.len = open.len;
        }
        counts.truncate(self.len as usize);
    }

    /// [`Table::number_all`] in order of first sight. The table grows with the distinct keys: most words
    /// of a long text are of few types, whose slots a near cache then holds.
    pub(super) fn number_all_in_order(
        &mut self,
        keys: &[u64],
        numbers: &mut Vec<u32>,
        counts: &mut Vec<u32>,
    ) {
        numbers.resize(keys.len(), 0);
        counts.clear();
        self.begin(keys.len().min(AT_ONCE));
        for (keys, numbers) in keys.chunks(AT_ONCE).zip(numbers.chunks_mut(AT_ONCE)) {
            let most = self.len as usize + keys.len();
            if most * 2 > 1 << self.bits || most >= self.keys.len() {
                self.grow(most);
            }
            counts.resize(most, 0);
            let mut open = Open::of(self);
            for (&key, to) in keys.iter().zip(numbers) {
                *to = open.number(key);
                counts[*to as usize] += 1;
            }
            self.len = open.len;
        }
        counts.truncate(self.len as usize);
    }

    fn number_by_part(&mut self, keys: &[u64], numbers: &mut [u32], counts: &mut [u32]) {
        let bits = (keys.len() / PART).ilog2().clamp(1, MOST_PARTS);
        let ends = self.part(keys, bits);
        let parted = std::mem::take(&mut self.parted);
        self.begin(0);
        self.make_room(keys.len());
        let mut start = 0;
        for end in ends {
            let part = &parted[start..end];
            self.clear(part.len() * 2);
            let mut open = Open::of(self);
            for placed in part {
                let number = open.number(placed.key);
                numbers[placed.at as usize] = number;
                counts[number as usize] += 1;
            }
            self.len = open.len;
            start = end;
        }
        self.parted = parted;
    }

    /// Puts `keys` in order of their part, one of `1 << bits`; gives the ends of the parts.
    fn part(&mut self, keys: &[u64], bits: u32) -> Vec<usize> {
        let mut ends = vec![0; 1 << bits];
        for &key in keys {
            ends[part_of(key, bits)] += 1;
        }
        let mut all = 0;
        for end in &mut ends {
            all += std::mem::replace(end, all);
        }
        self.parted.resize(keys.len(), Placed::default());
        for (at, &key) in (0..).zip(keys) {
            // Where the part begins, until all its keys are in.
            let end = &mut ends[part_of(key, bits)];
            self.parted[*end] = Placed { key, at };
            *end += 1;
        }
        ends
    }

    /// The number of `key`, which is the count of distinct keys before it if it is new, since
    /// [`Table::begin`].
    pub(super) fn number(&mut self, key: u64) -> u32 {
        let most = self.len as usize + 1;
        if most * 2 > 1 << self.bits || most >= self.keys.len() {
            self.grow(most);
        }
        let mut open = Open::of(self);
        let number = open.number(key);
        self.len = open.len;
        number
    }

    /// Whether `key` was numbered.
    pub(super) fn holds(&self, key: u64) -> bool {
        let keys = &self.keys[..self.len as usize];
        // Nothing was ever numbered.
        if keys.is_empty() {
            return false;
        }
        let mask = (1 << self.bits) - 1;
        let mut place = place_of(key, 64 - self.bits);
        while let Some(&held) = keys.get(self.slots[place & mask] as usize) {
            if held == key {
                return true;
            }
            place += 1;
        }
        false
    }

    /// Makes room for `keys` keys and about as many more.
    #[cold]
    fn grow(&mut self, keys: usize) {
        let live = self.keys[..self.len as usize].to_vec();
        self.begin(keys.max(32) * 2);
        let mut open = Open::of(self);
        live.iter().for_each(|&key| {
            open.number(key);
        });
        self.len = open.len;
    }
}

/// A table with room for what is now numbered, its fields at hand.
struct Open<'a> {
    slots: &'a mut [u32],
    keys: &'a mut [u64],
    shift: u32,
    len: u32,
}

impl Open<'_> {
    fn of(table: &mut Table) -> Open<'_> {
        Open {
            slots: &mut table.slots[..1 << table.bits],
            keys: &mut table.keys,
            shift: 64 - table.bits,
            len: table.len,
        }
    }

    /// The number of `key`.
    ///
    /// Whether a key is new cannot be foreseen, so there is no branch for it: a new one is put behind
    /// the known ones before it is looked for, and found there.
    #[inline]
    fn number(&mut self, key: u64) -> u32 {
        let mask = self.slots.len() - 1;
        self.keys[self.len as usize] = key;
        let mut place = place_of(key, self.shift);
        let number = loop {
            let number = self.slots[place & mask].min(self.len);
            if self.keys[number as usize] == key {
                break number;
            }
            place += 1;
        };
        self.slots[place & mask] = number;
        self.len += u32::from(number == self.len);
        number
    }
}

/// The slot where the search for a key begins.
#[inline]
fn place_of(key: u64, shift: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize
}

/// The part of a key, one of `1 << bits`; it says nothing about the key's slot.
#[inline]
fn part_of(key: u64, bits: u32) -> usize {
    (key.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> (64 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    /// The number of each key in order of first sight, and how often each came.
    fn plain(keys: &[u64]) -> (Vec<u32>, Vec<u32>) {
        let (mut known, mut counts) = (HashMap::new(), Vec::new());
        let numbers = keys.iter().map(|&key| {
            let number = *known.entry(key).or_insert(counts.len());
            counts.resize(counts.len().max(number + 1), 0);
            counts[number] += 1;
            number as u32
        });
        (numbers.collect(), counts)
    }

    /// `count` keys, of about `distinct` ones, of the kind that n-grams or that words have.
    fn drawn(count: usize, distinct: u64, ngrams: bool) -> Vec<u64> {
        let mut state = distinct;
        let draws = (0..count).map(|_| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let rank = (state >> 33) % distinct;
            match ngrams {
                true => (rank << 32) | (rank % 7),
                false => rank.wrapping_mul(0x2545_F491_4F6C_DD1D),
            }
        });
        draws.collect()
    }

    #[test]
    fn numbers_of_few_and_of_many_keys_are_those_of_a_plain_map() {
        let mut table = Table::default();
        let (mut numbers, mut counts) = (vec![9; 3], vec![9; 3]);
        for count in [0, 1, 70, 9_000, AS_THEY_COME, AS_THEY_COME + 1, 300_000, 40] {
            for distinct in [1, 60, 20_000, u64::MAX] {
                for ngrams in [false, true] {
                    let keys = drawn(count, distinct, ngrams);
                    let expected = plain(&keys);
                    table.number_all_in_order(&keys, &mut numbers, &mut counts);
                    assert_eq!((&numbers, &counts), (&expected.0, &expected.1));
                    for key in keys.iter().take(99) {
                        assert!(table.holds(*key));
                        assert!(!table.holds(!key));
                    }
                    table.number_all(&keys, &mut numbers, &mut counts);
                    // Another order, but the same keys have the same number, and each its count.
                    assert_eq!(counts.len(), expected.1.len());
                    for (number, plain) in numbers.iter().zip(&expected.0) {
                        assert_eq!(counts[*number as usize], expected.1[*plain as usize]);
                    }
                    let wide: Vec<u64> = numbers.iter().map(|&number| number.into()).collect();
                    assert_eq!(plain(&wide).0, expected.0);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_a_plain_map(
            rounds in prop::collection::vec(prop::collection::vec(0u64..400, 0..900), 1..6),
        ) {
            let mut table = Table::default();
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
