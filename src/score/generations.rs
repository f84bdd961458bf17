//! Collapse metrics of a set of documents, as the guides of the field define them, and what of them
//! can be compared between sets of any size.
//!
//! Tokens are the lower-cased text split on white space, both as Python's `str.lower()` and `str.split()`
//! do it. The metrics of a whole set grow or shrink with its size; [`rarefied`] gives them at a fixed
//! number of tokens, and [`similarity`] compares documents of a fixed number of words with each other.
//! Models trained on models' output lose types and entropy and gain repetition from one generation to the
//! next (Shumailov et al., Nature 631, 2024).

pub mod rarefied;
pub mod similarity;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use self::rarefied::{Rarefied, rarefied};
use self::similarity::{SelfSimilarity, Similar};
use super::datatrove::python::is_space;
use super::pool::ByHash;
use crate::text::Scan;

/// Token counts and lengths of a set of documents; mergeable, in any order.
#[derive(Debug, Clone, Default)]
pub struct TokenTally {
    counts: ByHash<u64>,
    tokens: u64,
    documents: u64,
    squared_lengths: u128,
    similar: Similar,
    /// A text in lower case; scratch.
    lower: Vec<u8>,
}

/// The metrics of one set of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollapseMetrics {
    /// Documents in the set.
    pub documents: u64,
    /// Tokens in the set.
    pub tokens: u64,
    /// Distinct tokens.
    pub unique_tokens: u64,
    /// Distinct tokens over tokens; null without tokens.
    pub type_token_ratio: Option<f64>,
    /// Shannon entropy of the token distribution, in bits; null without tokens.
    pub entropy: Option<f64>,
    /// Tokens that occur once, over distinct tokens; null without tokens.
    pub hapax_ratio: Option<f64>,
    /// Population variance of the documents' lengths in tokens; null without documents.
    pub length_variance: Option<f64>,
    /// Mean length in tokens; null without documents.
    pub avg_length: Option<f64>,
    /// What is expected of 10,000 tokens of the set; null where it has fewer.
    pub at_10000_tokens: Option<Rarefied>,
    /// How much its documents share; null under two documents of five words.
    pub self_similarity: Option<SelfSimilarity>,
}

impl TokenTally {
    /// Adds one document, which `scan` read last and whose draw is a hash of its key. Tokens are told apart by
    /// 64-bit hashes.
    pub fn add(&mut self, text: &str, scan: &Scan, draw: u64) {
        let before = self.tokens;
        if text.is_ascii() {
            let mut lower = std::mem::take(&mut self.lower);
            lower.clear();
            lower.extend_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            for token in lower.split(|&byte| matches!(byte, b' ' | 9..=13 | 28..=31)) {
                self.token(token);
            }
            self.lower = lower;
        } else {
            for token in text.to_lowercase().split(is_space) {
                self.token(token.as_bytes());
            }
        }
        let length = self.tokens - before;
        self.documents += 1;
        self.squared_lengths += u128::from(length) * u128::from(length);
        self.similar.add(draw, scan);
    }

    fn token(&mut self, token: &[u8]) {
        if !token.is_empty() {
            *self.counts.entry(xxh3_64(token)).or_default() += 1;
            self.tokens += 1;
        }
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: TokenTally) {
        for (token, count) in other.counts {
            *self.counts.entry(token).or_default() += count;
        }
        self.tokens += other.tokens;
        self.documents += other.documents;
        self.squared_lengths += other.squared_lengths;
        self.similar.merge(other.similar);
    }

    /// How many tokens occur how often: occurrences and distinct tokens of that many, by rising occurrences.
    fn spectrum(&self) -> Vec<(u64, u64)> {
        let mut types_by_count: BTreeMap<u64, u64> = BTreeMap::new();
        for count in self.counts.values() {
            *types_by_count.entry(*count).or_default() += 1;
        }
        types_by_count.into_iter().collect()
    }

    /// The metrics. Sums run over counts in order of size, so they do not depend on hashing.
    pub fn metrics(&self) -> CollapseMetrics {
        let spectrum = self.spectrum();
        let types = self.counts.len() as f64;
        let tokens = self.tokens as f64;
        let entropy: f64 = spectrum
            .iter()
            .map(|(count, types)| {
                let p = *count as f64 / tokens;
                -(*types as f64) * p * libm::log2(p)
            })
            .sum();
        let once = match spectrum.first() {
            Some((1, types)) => *types as f64,
            _ => 0.0,
        };
        let documents = u128::from(self.documents);
        // In whole numbers: the difference of two large means would lose digits.
        let spread =
            documents * self.squared_lengths - u128::from(self.tokens) * u128::from(self.tokens);
        let variance = spread as f64 / (documents * documents) as f64;
        let some = |value: f64, is: bool| is.then_some(value);
        CollapseMetrics {
            documents: self.documents,
            tokens: self.tokens,
            unique_tokens: self.counts.len() as u64,
            type_token_ratio: some(types / tokens, self.tokens > 0),
            entropy: some(entropy.max(0.0), self.tokens > 0),
            hapax_ratio: some(once / types, self.tokens > 0),
            length_variance: some(variance, self.documents > 0),
            avg_length: some(tokens / self.documents as f64, self.documents > 0),
            at_10000_tokens: rarefied(&spectrum, rarefied::TOKENS),
            self_similarity: self.similar.measured(),
        }
    }
}

#[cfg(test)]
mod tests;
