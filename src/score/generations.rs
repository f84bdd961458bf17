//! Collapse metrics of a set of documents, as the guides of the field define them.
//!
//! Tokens are the lower-cased text split on white space; nothing is normalised for length, so
//! compare sets of similar size. Models trained on models' output lose types and entropy and gain
//! repetition from one generation to the next (Shumailov et al., Nature 631, 2024).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Token counts and lengths of a set of documents; mergeable, in any order.
#[derive(Debug, Clone, Default)]
pub struct TokenTally {
    counts: HashMap<u64, u64>,
    tokens: u64,
    documents: u64,
    squared_lengths: u128,
}

/// The metrics of one set of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollapseMetrics {
    /// Documents in the set.
    pub documents: u64,
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
}

impl TokenTally {
    /// Adds one document. Tokens are told apart by 64-bit hashes.
    pub fn add(&mut self, text: &str) {
        let mut length = 0u64;
        for token in text.to_lowercase().split_whitespace() {
            *self.counts.entry(xxh3_64(token.as_bytes())).or_default() += 1;
            length += 1;
        }
        self.tokens += length;
        self.documents += 1;
        self.squared_lengths += u128::from(length) * u128::from(length);
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: TokenTally) {
        for (token, count) in other.counts {
            *self.counts.entry(token).or_default() += count;
        }
        self.tokens += other.tokens;
        self.documents += other.documents;
        self.squared_lengths += other.squared_lengths;
    }

    /// The metrics. Sums run over counts in order of size, so they do not depend on hashing.
    pub fn metrics(&self) -> CollapseMetrics {
        let mut types_by_count: BTreeMap<u64, u64> = BTreeMap::new();
        for count in self.counts.values() {
            *types_by_count.entry(*count).or_default() += 1;
        }
        let types = self.counts.len() as f64;
        let tokens = self.tokens as f64;
        let entropy: f64 = types_by_count
            .iter()
            .map(|(count, types)| {
                let p = *count as f64 / tokens;
                -(*types as f64) * p * libm::log2(p)
            })
            .sum();
        let once = types_by_count.get(&1).copied().unwrap_or(0) as f64;
        let documents = self.documents as f64;
        let mean = tokens / documents;
        let variance = self.squared_lengths as f64 / documents - mean * mean;
        let some = |value: f64, is: bool| is.then_some(value);
        CollapseMetrics {
            documents: self.documents,
            unique_tokens: self.counts.len() as u64,
            type_token_ratio: some(types / tokens, self.tokens > 0),
            entropy: some(entropy.max(0.0), self.tokens > 0),
            hapax_ratio: some(once / types, self.tokens > 0),
            length_variance: some(variance.max(0.0), self.documents > 0),
            avg_length: some(mean, self.documents > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_by_hand_and_in_parts() {
        let mut whole = TokenTally::default();
        whole.add("The cat and the dog");
        whole.add("a cat");
        let metrics = whole.metrics();
        // the 2, cat 2, and 1, dog 1, a 1: 5 types of 7 tokens, 3 of them once.
        assert_eq!(metrics.unique_tokens, 5);
        assert!((metrics.type_token_ratio.unwrap() - 5.0 / 7.0).abs() < 1e-12);
        assert!((metrics.hapax_ratio.unwrap() - 0.6).abs() < 1e-12);
        let by_hand = 2.0 * (2.0 / 7.0) * (3.5f64).log2() + 3.0 / 7.0 * 7f64.log2();
        assert!((metrics.entropy.unwrap() - by_hand).abs() < 1e-12);
        assert!((metrics.length_variance.unwrap() - 2.25).abs() < 1e-12);
        let mut parts = TokenTally::default();
        let mut second = TokenTally::default();
        second.add("a cat");
        parts.add("The cat and the dog");
        parts.merge(second);
        assert_eq!(parts.metrics(), metrics);
        assert_eq!(TokenTally::default().metrics().entropy, None);
    }
}
