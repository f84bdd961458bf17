//! How much the documents of a set share: the mean Jaccard index of their sets of word 5-grams.
//!
//! [`DOCUMENTS`] documents are drawn by their keys, and of those [`PAIRS`] pairs. Each pair's index is exact
//! over the first [`WORDS`] words of both: sets of longer texts share more, so sets whose texts are mostly longer
//! compare, and those of shorter ones do not.
//! Words are those of [`crate::text::words`], so that scripts without spaces have 5-grams too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::score::measure::quantised;
use crate::text::{Scan, pair_hash};

/// Documents that are compared.
pub const DOCUMENTS: usize = 512;
/// Pairs of them.
pub const PAIRS: u64 = 10_000;
/// Words of a document that count.
pub const WORDS: usize = 512;
/// Words of an n-gram.
const N: usize = 5;

/// How much documents share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SelfSimilarity {
    /// Mean Jaccard index of two documents' 5-gram sets, 0 to 1.
    pub mean: f64,
    /// Pairs that share at least one 5-gram, as a share of all.
    pub sharing: f64,
    /// Pairs compared.
    pub pairs: u64,
    /// Documents that they were drawn from.
    pub documents: u64,
}

/// The sets of a set's drawn documents; mergeable, in any order.
#[derive(Debug, Clone, Default)]
pub(super) struct Similar(BTreeMap<u64, Vec<u64>>);

impl Similar {
    /// Adds the document that `scan` read last, if it has a 5-gram and its draw is among the smallest.
    pub(super) fn add(&mut self, draw: u64, scan: &Scan) {
        let hashes = scan.word_hashes();
        let full = self.0.len() >= DOCUMENTS;
        if hashes.len() < N
            || full
                && self
                    .0
                    .last_key_value()
                    .is_some_and(|(&last, _)| last < draw)
        {
            return;
        }
        let ngrams = hashes[..hashes.len().min(WORDS)].windows(N);
        let mut set: Vec<u64> = ngrams
            .map(|ngram| {
                ngram[1..]
                    .iter()
                    .fold(ngram[0], |all, &word| pair_hash(all, word))
            })
            .collect();
        set.sort_unstable();
        set.dedup();
        self.0.insert(draw, set);
        self.trim();
    }

    pub(super) fn merge(&mut self, other: Similar) {
        self.0.extend(other.0);
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.len() > DOCUMENTS {
            self.0.pop_last();
        }
    }

    /// The mean over the pairs; `None` under two documents.
    pub(super) fn measured(&self) -> Option<SelfSimilarity> {
        let sets: Vec<&[u64]> = self.0.values().map(Vec::as_slice).collect();
        let (mut sum, mut sharing, mut pairs) = (0.0, 0u64, 0u64);
        for (a, b) in drawn_pairs(sets.len()) {
            let index = jaccard(sets[a], sets[b]);
            sum += index;
            sharing += u64::from(index > 0.0);
            pairs += 1;
        }
        (pairs > 0).then_some(SelfSimilarity {
            mean: quantised(sum / pairs as f64)?,
            sharing: quantised(sharing as f64 / pairs as f64)?,
            pairs,
            documents: sets.len() as u64,
        })
    }
}

/// All pairs of `documents` where they are no more than [`PAIRS`]; else so many, drawn with repetition.
fn drawn_pairs(documents: usize) -> Vec<(usize, usize)> {
    let count = documents as u64;
    if count * count.saturating_sub(1) / 2 <= PAIRS {
        return (0..documents)
            .flat_map(|a| (a + 1..documents).map(move |b| (a, b)))
            .collect();
    }
    let draw = |number: u64, below: u64, seed: u64| {
        let hash = xxh3_64_with_seed(&number.to_le_bytes(), seed);
        ((u128::from(hash) * u128::from(below)) >> 64) as usize
    };
    (0..PAIRS)
        .map(|number| {
            let a = draw(number, count, 1);
            let b = draw(number, count - 1, 2);
            (a, b + usize::from(b >= a))
        })
        .collect()
}

/// Jaccard index of two sorted sets, neither empty.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0u64);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        both += u64::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    both as f64 / (a.len() as u64 + b.len() as u64 - both) as f64
}
