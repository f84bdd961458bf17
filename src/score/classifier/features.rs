//! What the classifier sees of a text: the presence of hashed n-grams.
//!
//! Two kinds share one table of slots. Word uni- and bigrams say *what* is said. Skeleton tri- and
//! four-grams say *how*: every token outside a short list of the most common ones is one and the
//! same wildcard, so that "the importance of being" and "the history of being" agree, whatever the
//! topic (text distortion: Stamatatos, EACL 2017). The second kind is what survives when a model
//! polishes the words of a person, and what carries over to domains that training never saw.

use crate::text::normalise::tokens;

/// An odd constant whose multiples spread over the high bits (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Keeps n-grams of the two kinds apart.
const SKELETON: u64 = 0xA409_3822_299F_31D0;
/// Stands for every token that is not common; no token has this hash but by chance of 2^-64.
const WILDCARD: u64 = 0x082E_FA98_EC4E_6C89;

/// Binary logarithms that a table's number of slots may have.
pub const SLOTS_LOG2: std::ops::RangeInclusive<u32> = 10..=22;
/// Most tokens that may be common.
pub const MAX_COMMON: usize = 1 << 12;

/// How a text becomes slots; training and scoring use the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpace {
    slots_log2: u32,
    common: CommonTokens,
}

impl FeatureSpace {
    /// A space of 2^`slots_log2` slots ([`SLOTS_LOG2`]) in which skeletons keep the `common` tokens
    /// (at most [`MAX_COMMON`] hashes, none of them 0).
    pub fn new(slots_log2: u32, common: &[u64]) -> FeatureSpace {
        FeatureSpace {
            slots_log2,
            common: CommonTokens::new(common),
        }
    }

    /// Binary logarithm of the number of slots.
    pub fn slots_log2(&self) -> u32 {
        self.slots_log2
    }

    /// Hashes of the tokens that skeletons keep, sorted.
    pub fn common(&self) -> Vec<u64> {
        let mut hashes: Vec<u64> = self.common.table.clone();
        hashes.retain(|&hash| hash != 0);
        hashes.sort_unstable();
        hashes
    }

    /// The distinct slots of the n-grams among the first `max_chars` characters of `text`, in order
    /// of first appearance.
    pub fn slots<'s>(&self, text: &str, max_chars: usize, scratch: &'s mut Scratch) -> &'s [u32] {
        scratch.begin(self.slots_log2);
        let mut words = 0u64;
        let mut skeleton = [0u64; 3];
        let mut read = 0u32;
        tokens(text, max_chars, |token| {
            scratch.add(token);
            if read > 0 {
                scratch.add(join(words, token));
            }
            words = token;
            let kept = if self.common.contains(token) {
                token
            } else {
                WILDCARD
            };
            let [third, second, first] = skeleton;
            let pair = join(first, kept ^ SKELETON);
            if read > 1 {
                let triple = join(second, pair);
                scratch.add(triple);
                if read > 2 {
                    scratch.add(join(third, triple));
                }
            }
            skeleton = [second, first, kept];
            read = read.saturating_add(1);
        });
        scratch.end()
    }
}

/// The hash of what `left` and `right` stand for, side by side.
fn join(left: u64, right: u64) -> u64 {
    (left.rotate_left(21) ^ right).wrapping_mul(SPREAD)
}

/// A set of token hashes in open addressing, at most half full; 0 is an empty place.
#[derive(Debug, Clone, PartialEq)]
struct CommonTokens {
    table: Vec<u64>,
}

impl CommonTokens {
    fn new(hashes: &[u64]) -> CommonTokens {
        let mut sorted: Vec<u64> = hashes.iter().copied().filter(|&hash| hash != 0).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut set = CommonTokens {
            table: vec![0; (sorted.len() * 2).next_power_of_two().max(2)],
        };
        for hash in sorted {
            let place = set.place(hash);
            set.table[place] = hash;
        }
        set
    }

    fn contains(&self, hash: u64) -> bool {
        hash != 0 && self.table[self.place(hash)] == hash
    }

    /// Where `hash` is, or the empty place where it would be.
    fn place(&self, hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut place = hash as usize & mask;
        while self.table[place] != 0 && self.table[place] != hash {
            place = (place + 1) & mask;
        }
        place
    }
}

/// Room that one worker uses for one document after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    /// One bit a slot; all zero between documents.
    seen: Vec<u64>,
    slots: Vec<u32>,
    shift: u32,
}

impl Scratch {
    fn begin(&mut self, slots_log2: u32) {
        let words = (1usize << slots_log2).div_ceil(64);
        if self.seen.len() < words {
            self.seen.resize(words, 0);
        }
        self.slots.clear();
        self.shift = 64 - slots_log2;
    }

    fn add(&mut self, hash: u64) {
        let slot = (hash >> self.shift) as usize;
        let bit = 1u64 << (slot & 63);
        if self.seen[slot >> 6] & bit == 0 {
            self.seen[slot >> 6] |= bit;
            self.slots.push(slot as u32);
        }
    }

    fn end(&mut self) -> &[u32] {
        for &slot in &self.slots {
            self.seen[slot as usize >> 6] = 0;
        }
        &self.slots
    }
}
