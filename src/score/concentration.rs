//! Over-concentration: hashed word 1- and 2-gram profiles of pools, and how a document or a pool
//! stands to human text (Xie et al. 2023, "Data Selection for Language Models via Importance
//! Resampling", arXiv 2302.03169: 10,000 buckets, the constant 1e-8).
//!
//! Every word and every pair of neighbouring words of a document falls into one of [`BUCKETS`]
//! buckets by its hash. A [`Profile`] counts them by language: one profile over all languages would
//! make every document of a rare language look unlike the pool.

use std::collections::BTreeMap;

use thiserror::Error;

use super::measure::{quantised, share};
use super::pool::Place;
use super::pool::drawn::Drawn;
use super::pool::tail::Tails;
use super::reference::ReferenceLanguage;
use crate::text::{Scan, pair_hash};

/// Buckets of a profile (the paper's number).
pub const BUCKETS: usize = 10_000;

/// Parts of a bucket, by further bits of the hash.
pub const PARTS: usize = 128;

/// Buckets of a wide profile, each a part of one of the [`BUCKETS`].
pub const WIDE: usize = BUCKETS * PARTS;

/// The paper's constant beside each probability.
const EPSILON: f64 = 1e-8;

/// What a document is filed under whose language is not known.
pub const UNDETERMINED: &str = "und";

const MAGIC: &[u8; 8] = b"TAMISPRO";
/// Version of a profile's bytes.
pub const VERSION: u8 = 2;

/// Why bytes are no profile.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ProfileError {
    /// The first bytes are others.
    #[error("not a profile: make it again with the `profile` stage")]
    Foreign,
    /// Made by another version.
    #[error("profile of format {found}, this program reads {VERSION}: make it again")]
    Version {
        /// Format number found.
        found: u8,
    },
    /// Cut short, too long, or with impossible values.
    #[error("profile is damaged: make it again")]
    Damaged,
}

/// The bucket of a word or pair hash.
#[inline]
pub(super) fn bucket(hash: u64) -> usize {
    (((hash >> 32) * BUCKETS as u64) >> 32) as usize
}

/// The wide buckets of a document's words and pairs, words first at each place; `PARTS` of them after
/// each other make a bucket.
pub(super) fn wide_buckets(scan: &Scan) -> impl Iterator<Item = u32> {
    let wide = |hash: u64| (((hash >> 32) * WIDE as u64) >> 32) as u32;
    let hashes = scan.word_hashes();
    hashes.iter().enumerate().flat_map(move |(place, &hash)| {
        let next = hashes.get(place + 1);
        let pair = next.map(|&next| wide(pair_hash(hash, next)));
        std::iter::once(wide(hash)).chain(pair)
    })
}

/// How unevenly n-grams fall over `buckets` buckets, of which `filled` are the counts of those that are not
/// empty; `None` for none.
pub(super) fn shape_of(mut filled: Vec<u64>, buckets: usize) -> Option<Shape> {
    filled.sort_unstable();
    let ngrams: u64 = filled.iter().sum();
    if ngrams == 0 {
        return None;
    }
    let whole = ngrams as f64;
    let mut entropy = 0.0;
    let mut ranked = 0u128;
    let first_rank = (buckets - filled.len()) as u128 + 1;
    for (rank, &count) in (first_rank..).zip(&filled) {
        ranked += rank * u128::from(count);
        if count > 0 {
            let p = count as f64 / whole;
            entropy -= p * libm::log2(p);
        }
    }
    let size = buckets as f64;
    let gini = 2.0 * ranked as f64 / (size * whole) - (size + 1.0) / size;
    let top: u64 = filled.iter().rev().take(buckets.div_ceil(100)).sum();
    Some(Shape {
        entropy: quantised(entropy)?,
        gini: quantised(gini)?,
        top_1_percent: quantised(share(top, ngrams))?,
    })
}

/// Buckets of a document's words and pairs, words first at each place.
pub(crate) fn buckets(scan: &Scan) -> impl Iterator<Item = usize> {
    let hashes = scan.word_hashes();
    hashes.iter().enumerate().flat_map(move |(place, &hash)| {
        let pair = hashes
            .get(place + 1)
            .map(|&next| bucket(pair_hash(hash, next)));
        std::iter::once(bucket(hash)).chain(pair)
    })
}

/// Bucket counts of one language of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    counts: Vec<u64>,
    /// Words and pairs counted.
    pub ngrams: u64,
    /// Documents counted.
    pub documents: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Counts {
            counts: vec![0; BUCKETS],
            ngrams: 0,
            documents: 0,
        }
    }
}

/// How unevenly a pool's n-grams fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Shannon entropy over the buckets, bits (at most log2 of 10,000 = 13.29).
    pub entropy: f64,
    /// Gini coefficient over the buckets, 0 (even) to 1.
    pub gini: f64,
    /// Share of all n-grams in the fullest 1% of the buckets.
    pub top_1_percent: f64,
}

/// How far a pool is from the human reference, both with the reference's smoothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Kullback-Leibler divergence of the pool from the reference, bits.
    pub kl: f64,
    /// Jensen-Shannon divergence, bits (0 to 1).
    pub js: f64,
}

impl Counts {
    /// The counts of documents of which these are the buckets of the n-grams.
    pub(super) fn of_buckets(buckets: impl Iterator<Item = usize>, documents: u64) -> Counts {
        let mut counts = Counts {
            documents,
            ..Counts::default()
        };
        for bucket in buckets {
            counts.counts[bucket] += 1;
            counts.ngrams += 1;
        }
        counts
    }

    /// Counts the document that `scan` read last.
    pub fn add(&mut self, scan: &Scan) {
        self.count(buckets(scan));
        self.documents += 1;
    }

    /// Counts the n-grams of these buckets, each below [`BUCKETS`].
    pub(crate) fn count(&mut self, buckets: impl Iterator<Item = usize>) {
        for bucket in buckets {
            self.counts[bucket] += 1;
            self.ngrams += 1;
        }
    }

    /// Adds what another pool counted.
    pub fn merge(&mut self, other: &Counts) {
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
        self.ngrams += other.ngrams;
        self.documents += other.documents;
    }

    /// Count of each bucket.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Probability of each bucket, one added to each count so that a small pool has no zeros.
    pub fn probabilities(&self) -> impl Iterator<Item = f64> {
        let whole = (self.ngrams + BUCKETS as u64) as f64;
        self.counts
            .iter()
            .map(move |&count| (count + 1) as f64 / whole)
    }

    /// How unevenly the n-grams fall; `None` for an empty pool.
    pub fn shape(&self) -> Option<Shape> {
        shape_of(self.counts.clone(), BUCKETS)
    }

    /// How far the pool is from human text of its language; `None` for an empty pool.
    pub fn divergence(&self, reference: &ReferenceLanguage) -> Option<Divergence> {
        if self.ngrams == 0 {
            return None;
        }
        let (mut kl, mut js) = (0.0, 0.0);
        for (p, q) in self.probabilities().zip(reference.probabilities()) {
            let middle = 0.5 * (p + q);
            kl += p * libm::log2(p / q);
            js += 0.5 * (p * libm::log2(p / middle) + q * libm::log2(q / middle));
        }
        Some(Divergence {
            kl: quantised(kl)?,
            js: quantised(js)?,
        })
    }
}

/// Bucket counts of a pool, by language, and what is kept of its documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    languages: BTreeMap<String, Counts>,
    /// A sample of the documents.
    pub drawn: Drawn,
    /// A sample of the n-grams.
    pub tails: Tails,
}

impl Profile {
    /// Counts the document that `scan` read last.
    pub fn add(&mut self, lang: Option<&str>, scan: &Scan) {
        self.of_mut(lang.unwrap_or(UNDETERMINED)).add(scan);
    }

    /// Lets the samples have the document at `place` that `scan` read last; its draw is a hash of its key.
    pub fn sample(&mut self, lang: Option<&str>, scan: &Scan, (draw, place): (u64, Place)) {
        let lang = lang.unwrap_or(UNDETERMINED);
        self.drawn.add(draw, place, lang, scan);
        self.tails.add(lang, place, scan);
    }

    /// Adds what another profile counted of other shards; the order of merges does not matter.
    pub fn merge(&mut self, other: Profile) {
        for (lang, counts) in &other.languages {
            self.of_mut(lang).merge(counts);
        }
        self.drawn.merge(other.drawn);
        self.tails.merge(other.tails);
    }

    /// The counts of one language.
    pub fn of(&self, lang: &str) -> Option<&Counts> {
        self.languages.get(lang)
    }

    /// All languages with their counts, by code.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &Counts)> {
        self.languages
            .iter()
            .map(|(lang, counts)| (lang.as_str(), counts))
    }

    fn of_mut(&mut self, lang: &str) -> &mut Counts {
        if !self.languages.contains_key(lang) {
            self.languages.insert(lang.to_string(), Counts::default());
        }
        self.languages
            .get_mut(lang)
            .expect("the language was put in just above")
    }

    /// The profile as bytes: header, then per language its code, documents and counts, all numbers
    /// in LEB128, then the two samples. The same profile is always the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        put(&mut bytes, self.languages.len() as u64);
        for (lang, counts) in &self.languages {
            put(&mut bytes, lang.len() as u64);
            bytes.extend_from_slice(lang.as_bytes());
            put(&mut bytes, counts.documents);
            for &count in &counts.counts {
                put(&mut bytes, count);
            }
        }
        self.drawn.put(&mut bytes);
        self.tails.put(&mut bytes);
        bytes
    }

    /// Reads what [`Profile::to_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are no profile, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Profile, ProfileError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ProfileError::Foreign)?;
        let (&version, mut rest) = rest.split_first().ok_or(ProfileError::Damaged)?;
        if version != VERSION {
            return Err(ProfileError::Version { found: version });
        }
        let profile = Profile::read(&mut rest).ok_or(ProfileError::Damaged)?;
        if rest.is_empty() {
            Ok(profile)
        } else {
            Err(ProfileError::Damaged)
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Profile> {
        let mut profile = Profile::default();
        for _ in 0..take(rest)? {
            let length = usize::try_from(take(rest)?).ok()?;
            let (lang, after) = rest.split_at_checked(length)?;
            *rest = after;
            let mut counts = Counts {
                documents: take(rest)?,
                ..Counts::default()
            };
            for count in &mut counts.counts {
                *count = take(rest)?;
                counts.ngrams = counts.ngrams.checked_add(*count)?;
            }
            let lang = String::from_utf8(lang.to_vec()).ok()?;
            if profile.languages.insert(lang, counts).is_some() {
                return None;
            }
        }
        profile.drawn = Drawn::take(rest)?;
        profile.tails = Tails::take(rest)?;
        Some(profile)
    }
}

/// Appends a number in LEB128.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number in LEB128 off.
pub(super) fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        let part = u64::from(byte & 0x7F);
        if (part << shift) >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Steps of a log ratio: whole numbers sum alike in any order.
const RATIO_STEP: f64 = (1u32 << 20) as f64;

/// Log ratios of human to source probability, bucket by bucket, of one language.
pub(super) struct LogRatios(Vec<i32>);

impl LogRatios {
    /// `ln((human + 1e-8) / (source + 1e-8))` in steps of 2^-20; at most 18.5 either way.
    pub(super) fn new(human: &ReferenceLanguage, source: &Counts) -> LogRatios {
        let ratios = human
            .probabilities()
            .zip(source.probabilities())
            .map(|(human, source)| {
                (libm::log((human + EPSILON) / (source + EPSILON)) * RATIO_STEP).round() as i32
            });
        LogRatios(ratios.collect())
    }

    /// Mean log ratio over a document's words and pairs, nats; `None` without words.
    pub(super) fn mean(&self, scan: &Scan) -> Option<f64> {
        let hashes = scan.word_hashes();
        let ratio = |hash: u64| i64::from(self.0[bucket(hash)]);
        // Two plain loops: a chain of words and pairs would ask at each step which of them is next.
        let words: i64 = hashes.iter().map(|&hash| ratio(hash)).sum();
        let pairs: i64 = hashes
            .windows(2)
            .map(|pair| ratio(pair_hash(pair[0], pair[1])))
            .sum();
        let ngrams = (2 * hashes.len()).checked_sub(1)?;
        Some((words + pairs) as f64 / RATIO_STEP / ngrams as f64)
    }
}

#[cfg(test)]
#[path = "concentration_tests.rs"]
mod tests;
