//! What the classifier sees of a text: the presence of hashed n-grams.
//!
//! Word uni- and bigrams say *what* is said. Skeleton four-grams say *how*: every token outside a
//! short list of the most common ones is one and the same wildcard, so that "the importance of being"
//! and "the history of being" agree, whatever the topic (text distortion: Stamatatos, EACL 2017).
//! They are what survives when a model polishes the words of a person, and what carries over to
//! domains that training never saw.
//!
//! Each kind has slots of its own, the kinds with fewer n-grams fewer of them: what is looked up most
//! then lies close together, and stays in a near cache.

use crate::text::normalise::Unmasked;
use crate::text::{Scan, tokens};

/// An odd constant whose multiples spread over the high bits (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Keeps skeletons apart from pairs of words.
const SKELETON: u64 = 0xA409_3822_299F_31D0;
/// Stands for every token that is not common; no token has this hash but by chance of 2^-64.
const WILDCARD: u64 = 0x082E_FA98_EC4E_6C89;

/// N-grams that a token ends.
const NGRAMS: usize = 3;

/// Binary logarithms that the number of bigrams' slots may have.
pub const SLOTS_LOG2: std::ops::RangeInclusive<u32> = 10..=22;
/// Binary logarithm of the bigrams' slots for English, which is most text, in the model of the program.
pub(super) const USUAL_LOG2: u32 = 21;
/// How many times fewer slots skeletons and words have, as a power of two.
const FEWER_LOG2: [u32; 2] = [2, 4];
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

/// The slots of one kind of n-gram.
#[derive(Clone, Copy)]
struct Kind {
    first: u32,
    shift: u32,
}

impl Kind {
    #[inline]
    fn slot(self, hash: u64) -> u32 {
        self.first + (hash >> self.shift) as u32
    }
}

impl FeatureSpace {
    /// A space of 2^`slots_log2` slots for bigrams ([`SLOTS_LOG2`]) and five sixteenths as many for all else,
    /// in which skeletons keep the `common` tokens (at most [`MAX_COMMON`] hashes, none of them 0).
    pub fn new(slots_log2: u32, common: &[u64]) -> FeatureSpace {
        FeatureSpace {
            slots_log2,
            common: CommonTokens::new(common),
        }
    }

    /// Binary logarithm of the number of bigrams' slots.
    pub fn slots_log2(&self) -> u32 {
        self.slots_log2
    }

    /// The number of all slots.
    pub fn slots_len(&self) -> usize {
        slots_len(self.slots_log2)
    }

    /// Hashes of the tokens that skeletons keep, sorted.
    pub fn common(&self) -> Vec<u64> {
        let mut hashes: Vec<u64> = self.common.buckets.concat();
        hashes.retain(|&hash| hash != 0);
        hashes.sort_unstable();
        hashes
    }

    /// The slots of the n-grams of `text`, as far as it is read, in order of first appearance.
    /// `scan` as for [`tokens`].
    ///
    /// Each n-gram counts once. Two are taken for one where 16 bits of their hashes agree, which
    /// in a document of 1,000 characters befalls one of some two hundred.
    pub fn slots<'s>(
        &self,
        read: (&Unmasked<'_>, Option<&Scan>),
        scratch: &'s mut Scratch,
    ) -> &'s [u32] {
        self.slots_telling(read, scratch, |_| {})
    }

    /// [`FeatureSpace::slots`]; `tell` is told of each as soon as it is known, whether or not its n-gram came
    /// before.
    pub(super) fn slots_telling<'s>(
        &self,
        (text, scan): (&Unmasked<'_>, Option<&Scan>),
        scratch: &'s mut Scratch,
        tell: impl Fn(u32),
    ) -> &'s [u32] {
        let Scratch { own, words, seen } = scratch;
        // First all tokens, then all n-grams: a loop without a branch that depends on the text.
        tokens((text, scan), own, words);
        // A loop of its own for the usual number, whose shifts are constants then.
        match self.slots_log2 {
            USUAL_LOG2 => self.slots_of(words, seen, kinds(USUAL_LOG2), tell),
            other => self.slots_of(words, seen, kinds(other), tell),
        }
    }

    #[inline(always)]
    fn slots_of<'s>(
        &self,
        words: &[u64],
        seen: &'s mut Seen,
        [pairs, skeletons, single]: [Kind; NGRAMS],
        tell: impl Fn(u32),
    ) -> &'s [u32] {
        let mut seen = seen.begin(words.len() * NGRAMS);
        let mut last = 0;
        let mut kept = [0; 3];
        for (at, &word) in words.iter().enumerate() {
            tell(seen.add(single, word));
            if at >= 1 {
                tell(seen.add(pairs, join(last, word)));
            }
            last = word;
            let [first, second, third] = kept;
            let now = self.common.kept(word);
            if at >= 3 {
                let skeleton = join(first, join(second, join(third, now ^ SKELETON)));
                tell(seen.add(skeletons, skeleton));
            }
            kept = [second, third, now];
        }
        seen.end()
    }
}

/// Bigrams, skeletons and words, where bigrams have 2^`slots_log2` slots.
#[inline(always)]
fn kinds(slots_log2: u32) -> [Kind; NGRAMS] {
    let [skeletons, words] = FEWER_LOG2.map(|fewer| slots_log2 - fewer);
    let mut first = 0;
    [slots_log2, skeletons, words].map(|log2| {
        let kind = Kind {
            first,
            shift: 64 - log2,
        };
        first += 1 << log2;
        kind
    })
}

/// The number of all slots where bigrams have 2^`slots_log2`.
pub(super) fn slots_len(slots_log2: u32) -> usize {
    let fewer = FEWER_LOG2.map(|fewer| 1usize << (slots_log2 - fewer));
    fewer.iter().sum::<usize>() + (1 << slots_log2)
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
#[derive(Default)]
pub struct Scratch {
    /// Of text that nobody else has read as it is seen.
    own: Scan,
    words: Vec<u64>,
    seen: Seen,
}

/// Where the bits of an n-gram's hash begin by which it is known again; its slot is of higher ones.
const KEY_SHIFT: u32 = 12;
/// How many keys there are: so few that a bit for each stays in the nearest cache.
const KEYS: usize = 1 << 16;

/// The n-grams of a document.
#[derive(Debug)]
struct Seen {
    /// One bit a key; all zero between documents.
    bits: Box<[u64; KEYS / 64]>,
    /// The slots of the document that is read, and room for more.
    slots: Vec<u32>,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen {
            bits: Box::new([0; KEYS / 64]),
            slots: Vec::new(),
        }
    }
}

/// [`Seen`] while one document is read: all that changes with every n-gram stands beside the tables
/// and not in them, so that it can stay in registers.
struct Adding<'s> {
    bits: &'s mut [u64; KEYS / 64],
    /// The first `count` are those of the document, and one more may be written after them.
    slots: &'s mut [u32],
    count: usize,
}

impl Seen {
    fn begin(&mut self, most: usize) -> Adding<'_> {
        if self.slots.len() <= most {
            self.slots.resize(most + 1, 0);
        }
        Adding {
            bits: &mut self.bits,
            slots: &mut self.slots,
            count: 0,
        }
    }
}

impl<'s> Adding<'s> {
    /// Adds the n-gram of `hash` and gives its slot, which is written in any case, and counted if the n-gram is new:
    /// whether it is cannot be foreseen, and a branch would be mispredicted half of the time.
    #[inline]
    fn add(&mut self, kind: Kind, hash: u64) -> u32 {
        let key = (hash >> KEY_SHIFT) as usize & (KEYS - 1);
        let bits = &mut self.bits[key >> 6];
        let bit = 1u64 << (key & 63);
        let before = *bits;
        *bits = before | bit;
        let slot = kind.slot(hash);
        self.slots[self.count] = slot;
        self.count += usize::from(before & bit == 0);
        slot
    }

    /// The slots; no bit is left set.
    fn end(self) -> &'s [u32] {
        self.bits.fill(0);
        &self.slots[..self.count]
    }
}
