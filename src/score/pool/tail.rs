//! A sample of a pool's n-grams, with the documents of those that are rare.
//!
//! What a filter loses first is the tail: n-grams that few documents have. Of all distinct words and
//! pairs of a language those of the [`SAMPLED`] smallest hashes are kept, each with how many documents
//! have it and, up to [`RARE`], which. A hash has nothing to do with what it stands for, so they are a
//! simple random sample of the distinct n-grams, and the counts of those in it are exact: whatever is
//! among the smallest in the end was so at every merge. Rare is what at most [`RARE`] documents have;
//! an n-gram that one document says a hundred times is in no less danger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ByHash, Place, Rows, put_place, put_shards, put_text, take_place, take_shards, take_text,
};
use crate::score::concentration::{put, take};
use crate::score::measure::{quantised, share};
use crate::text::{Scan, pair_hash};

/// Distinct n-grams of a language that are looked at.
pub const SAMPLED: usize = 4096;
/// Most documents of a rare n-gram.
pub const RARE: usize = 4;

/// The documents of an n-gram.
#[derive(Debug, Clone)]
enum Documents {
    /// One: so it is with most.
    One(Place),
    /// At most [`RARE`].
    Few(Vec<Place>),
    Many,
}

impl Documents {
    fn few(&self) -> Option<&[Place]> {
        match self {
            Documents::One(place) => Some(std::slice::from_ref(place)),
            Documents::Few(places) => Some(places),
            Documents::Many => None,
        }
    }

    /// Adds documents that it does not have, of which the first may be its last.
    fn add(&mut self, more: &[Place]) {
        let Some(places) = self.few() else {
            return;
        };
        let known = usize::from(places.last() == more.first());
        let more = &more[known..];
        if places.len() + more.len() > RARE {
            *self = Documents::Many;
        } else if !more.is_empty() {
            *self = Documents::Few([places, more].concat());
        }
    }
}

/// The sample of one language.
#[derive(Debug, Clone)]
struct Tail {
    ngrams: ByHash<Documents>,
    /// No n-gram of a larger hash is in the sample.
    largest: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Tail {
            ngrams: ByHash::default(),
            largest: u64::MAX,
        }
    }
}

/// How much of a pool's tail is still there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retention {
    /// Distinct n-grams that were looked at.
    pub ngrams: u64,
    /// Those that at most four documents have.
    pub rare: u64,
    /// Rare ones of which at least one document is taken.
    pub kept: u64,
    /// `kept` over `rare`.
    pub retention: f64,
    /// Lower end of the 95% interval (Wilson) for all rare n-grams of the profiled text; `retention` where
    /// all were looked at.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Tail {
    fn add(&mut self, place: Place, scan: &Scan) {
        let hashes = scan.word_hashes();
        let pairs = hashes.windows(2).map(|two| pair_hash(two[0], two[1]));
        for hash in hashes.iter().copied().chain(pairs) {
            if hash <= self.largest {
                self.count(hash, place);
            }
        }
    }

    fn count(&mut self, hash: u64, place: Place) {
        let documents = self.ngrams.entry(hash);
        documents
            .and_modify(|documents| documents.add(&[place]))
            .or_insert(Documents::One(place));
        if self.ngrams.len() >= 2 * SAMPLED {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.ngrams.len() > SAMPLED {
            let mut hashes: Vec<u64> = self.ngrams.keys().copied().collect();
            let (_, &mut last, _) = hashes.select_nth_unstable(SAMPLED - 1);
            self.largest = self.largest.min(last);
        }
        let largest = self.largest;
        self.ngrams.retain(|hash, _| *hash <= largest);
    }

    fn merge(&mut self, other: Tail) {
        self.largest = self.largest.min(other.largest);
        for (hash, theirs) in other.ngrams {
            match (self.ngrams.get_mut(&hash), theirs.few()) {
                (None, _) => drop(self.ngrams.insert(hash, theirs)),
                (Some(mine), Some(places)) => mine.add(places),
                (Some(mine), None) => *mine = Documents::Many,
            }
        }
        self.shrink();
    }

    /// The n-grams of the sample by rising hash.
    fn sampled(&self) -> Vec<(u64, &Documents)> {
        let mut sampled: Vec<(u64, &Documents)> =
            self.ngrams.iter().map(|(h, n)| (*h, n)).collect();
        sampled.sort_unstable_by_key(|(hash, _)| *hash);
        sampled.truncate(SAMPLED);
        sampled
    }

    fn rare(&self) -> impl Iterator<Item = &[Place]> {
        let sampled = self.sampled().into_iter();
        sampled.filter_map(|(_, documents)| documents.few())
    }

    fn retention(&self, taken: impl Fn(Place) -> bool) -> Option<Retention> {
        let (mut rare, mut kept) = (0, 0);
        for documents in self.rare() {
            rare += 1;
            kept += u64::from(documents.iter().any(|&place| taken(place)));
        }
        if rare == 0 {
            return None;
        }
        let ngrams = self.ngrams.len().min(SAMPLED);
        let retention = share(kept, rare);
        let (low, high) = match ngrams < SAMPLED {
            true => (retention, retention),
            false => wilson(kept, rare),
        };
        Some(Retention {
            ngrams: ngrams as u64,
            rare,
            kept,
            retention: quantised(retention)?,
            low: quantised(low)?,
            high: quantised(high)?,
        })
    }
}

/// The 95% interval of a share of which `kept` of `of` are known (Wilson 1927).
fn wilson(kept: u64, of: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (of as f64, share(kept, of));
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * libm::sqrt(p * (1.0 - p) / n + Z * Z / (4.0 * n * n));
    let whole = 1.0 + Z * Z / n;
    (
        ((middle - half) / whole).max(0.0),
        ((middle + half) / whole).min(1.0),
    )
}

/// Samples of a pool's n-grams by language.
#[derive(Debug, Clone, Default)]
pub struct Tails(BTreeMap<String, Tail>);

impl PartialEq for Tails {
    /// The same n-grams in the same documents; what is beyond the sample does not count.
    fn eq(&self, other: &Self) -> bool {
        let bytes = |tails: &Tails| {
            let mut bytes = Vec::new();
            tails.put(&mut bytes);
            bytes
        };
        bytes(self) == bytes(other)
    }
}

impl Eq for Tails {}

impl Tails {
    /// Counts the document that `scan` read last.
    pub fn add(&mut self, lang: &str, place: Place, scan: &Scan) {
        if !self.0.contains_key(lang) {
            self.0.insert(lang.to_owned(), Tail::default());
        }
        if let Some(tail) = self.0.get_mut(lang) {
            tail.add(place, scan);
        }
    }

    /// Adds what another part of the pool has, of other documents; the order of merges does not matter.
    pub fn merge(&mut self, other: Tails) {
        for (lang, tail) in other.0 {
            self.0.entry(lang).or_default().merge(tail);
        }
    }

    /// Adds the places of the documents of rare n-grams.
    pub fn places(&self, rows: &mut Rows) {
        for place in self.0.values().flat_map(Tail::rare).flatten() {
            rows.entry(place.shard).or_default().insert(place.row);
        }
    }

    /// How much of a language's tail is left where only some documents are taken; null without a tail.
    pub fn retention(&self, lang: &str, taken: impl Fn(Place) -> bool) -> Option<Retention> {
        self.0.get(lang)?.retention(taken)
    }

    /// The samples as bytes: shards, then per language its n-grams by rising hash.
    pub(in crate::score) fn put(&self, bytes: &mut Vec<u8>) {
        let rare = self.0.values().flat_map(Tail::rare);
        let shards = put_shards(bytes, rare.flatten().copied());
        put(bytes, self.0.len() as u64);
        for (lang, tail) in &self.0 {
            put_text(bytes, lang);
            let sampled = tail.sampled();
            put(bytes, sampled.len() as u64);
            let mut last = 0;
            for (hash, documents) in sampled {
                put(bytes, hash - last);
                last = hash;
                let mut places = documents.few().unwrap_or_default().to_vec();
                // The order of merges is no part of it.
                places.sort_unstable();
                // No n-gram has no document: 0 stands for many.
                put(bytes, places.len() as u64);
                for place in places {
                    put_place(bytes, &shards, place);
                }
            }
        }
    }

    /// Reads what [`Tails::put`] wrote.
    pub(in crate::score) fn take(rest: &mut &[u8]) -> Option<Tails> {
        let shards = take_shards(rest)?;
        let mut tails = Tails::default();
        for _ in 0..take(rest)? {
            let lang = take_text(rest)?;
            let mut tail = Tail::default();
            let mut hash = 0u64;
            for _ in 0..take(rest)? {
                hash = hash.checked_add(take(rest)?)?;
                let documents = match take(rest)? {
                    0 => Documents::Many,
                    few if few <= RARE as u64 => {
                        let places = (0..few).map(|_| take_place(rest, &shards));
                        Documents::Few(places.collect::<Option<_>>()?)
                    }
                    _ => return None,
                };
                if tail.ngrams.insert(hash, documents).is_some() {
                    return None;
                }
            }
            tail.shrink();
            if tails.0.insert(lang, tail).is_some() {
                return None;
            }
        }
        Some(tails)
    }
}
