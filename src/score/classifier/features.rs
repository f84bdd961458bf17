//! What the classifier sees of a text: the presence of hashed n-grams.
//!
//! Two kinds share one table of slots. Word uni- and bigrams say *what* is said. Skeleton
//! four-grams say *how*: every token outside a short list of the most common ones is one and the
//! same wildcard, so that "the importance of being" and "the history of being" agree, whatever the
//! topic (text distortion: Stamatatos, EACL 2017). The second kind is what survives when a model
//! polishes the words of a person, and what carries over to domains that training never saw.

use crate::text::normalise::{Unmasked, tokens};

/// An odd constant whose multiples spread over the high bits (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Keeps n-grams of the two kinds apart.
const SKELETON: u64 = 0xA409_3822_299F_31D0;
/// Stands for every token that is not common; no token has this hash but by chance of 2^-64.
const WILDCARD: u64 = 0x082E_FA98_EC4E_6C89;

/// N-grams that a token ends.
const NGRAMS: usize = 3;

/// Binary logarithms that a table's number of slots may have.
pub const SLOTS_LOG2: std::ops::RangeInclusive<u32> = 10..=22;
/// Buckets beyond which [`CommonTokens`] does not grow; a token without a place is not common then.
const MOST_BUCKETS: usize = 1 << 14;
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
        let mut hashes: Vec<u64> = self.common.buckets.concat();
        hashes.retain(|&hash| hash != 0);
        hashes.sort_unstable();
        hashes
    }

    /// The distinct slots of the n-grams of `text`, as far as it is read, in order of first
    /// appearance.
    pub fn slots<'s>(&self, text: &Unmasked<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        let Scratch { words, seen } = scratch;
        // First all tokens, then all n-grams: a loop without a branch that depends on the text.
        words.clear();
        tokens(text, |token| words.push(token));
        let mut seen = seen.begin(words.len() * NGRAMS, self.slots_log2);
        let mut last = 0;
        let mut kept = [0; 3];
        for (at, &word) in words.iter().enumerate() {
            seen.add(word);
            if at >= 1 {
                seen.add(join(last, word));
            }
            last = word;
            let [first, second, third] = kept;
            let now = self.common.kept(word);
            if at >= 3 {
                seen.add(join(first, join(second, join(third, now ^ SKELETON))));
            }
            kept = [second, third, now];
        }
        seen.end()
    }
}

/// The hash of what `left` and `right` stand for, side by side.
fn join(left: u64, right: u64) -> u64 {
    (left.rotate_left(21) ^ right).wrapping_mul(SPREAD)
}

/// A set of token hashes: buckets of four, so that a look-up is four comparisons and no branch. 0
/// is an empty place.
#[derive(Debug, Clone, PartialEq)]
struct CommonTokens {
    /// Their number is a power of two.
    buckets: Vec<[u64; 4]>,
}

impl CommonTokens {
    fn new(hashes: &[u64]) -> CommonTokens {
        let mut sorted: Vec<u64> = hashes.iter().copied().filter(|&hash| hash != 0).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut size = (sorted.len() / 2).next_power_of_two();
        loop {
            let (set, all) = CommonTokens::of_size(&sorted, size);
            if all || size >= MOST_BUCKETS {
                return set;
            }
            size *= 2;
        }
    }

    /// A set of `size` buckets, and whether all found a place.
    fn of_size(hashes: &[u64], size: usize) -> (CommonTokens, bool) {
        let mut buckets = vec![[0; 4]; size];
        let mut all = true;
        for &hash in hashes {
            let bucket: &mut [u64; 4] = &mut buckets[hash as usize & (size - 1)];
            match bucket.iter_mut().find(|place| **place == 0) {
                Some(place) => *place = hash,
                None => all = false,
            }
        }
        (CommonTokens { buckets }, all)
    }

    /// `token` if it is in the set, else [`WILDCARD`].
    #[inline]
    fn kept(&self, token: u64) -> u64 {
        let bucket = self.buckets[token as usize & (self.buckets.len() - 1)];
        let found = bucket
            .iter()
            .fold(false, |found, &hash| found | (hash == token));
        let mask = 0u64.wrapping_sub(u64::from(found));
        (token & mask) | (WILDCARD & !mask)
    }
}

/// Room that one worker uses for one document after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    words: Vec<u64>,
    seen: Seen,
}

/// The distinct slots of a document.
#[derive(Debug, Default)]
struct Seen {
    /// One bit a slot; all zero between documents.
    bits: Vec<u64>,
    /// The slots of the document that is read, and room for more.
    slots: Vec<u32>,
}

/// [`Seen`] while one document is read: all that changes with every n-gram stands beside the two
/// tables and not in them, so that it can stay in registers.
struct Adding<'s> {
    bits: &'s mut [u64],
    /// The first `count` are the slots, and one more may be written after them.
    slots: &'s mut [u32],
    count: usize,
    shift: u32,
}

impl Seen {
    fn begin(&mut self, most: usize, slots_log2: u32) -> Adding<'_> {
        let words = (1usize << slots_log2).div_ceil(64);
        if self.bits.len() < words {
            self.bits.resize(words, 0);
        }
        if self.slots.len() <= most {
            self.slots.resize(most + 1, 0);
        }
        Adding {
            bits: &mut self.bits,
            slots: &mut self.slots,
            count: 0,
            shift: 64 - slots_log2,
        }
    }
}

impl<'s> Adding<'s> {
    /// Adds the slot of `hash`. It is written in any case, and counted if it is new: whether it is
    /// cannot be foreseen, and a branch would be mispredicted half of the time.
    #[inline]
    fn add(&mut self, hash: u64) {
        let slot = (hash >> self.shift) as u32;
        let bits = &mut self.bits[(slot >> 6) as usize];
        let bit = 1u64 << (slot & 63);
        let before = *bits;
        *bits = before | bit;
        self.slots[self.count] = slot;
        self.count += usize::from(before & bit == 0);
    }

    /// The slots; no bit is left set.
    fn end(self) -> &'s [u32] {
        let slots = &self.slots[..self.count];
        for &slot in slots {
            self.bits[(slot >> 6) as usize] = 0;
        }
        slots
    }
}
