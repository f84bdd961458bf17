//! Word n-grams as datatrove tells them apart: by their joined text.
//!
//! Top n-grams are joined with spaces, so they are their words. Duplicate n-grams are joined without:
//! `ab c` and `a bc` are one there, and are one here.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

/// The words of a text as one string, so that each n-gram is a span of it.
pub(super) struct Joined {
    text: String,
    /// First byte of each word, and byte after it.
    spans: Vec<(u32, u32)>,
    /// Characters before each word, separators not counted; one entry more than words.
    chars_before: Vec<u32>,
}

impl Joined {
    /// Joins `words` with `separator`. They are of a measured text, whose length fits 32 bits.
    pub(super) fn new(words: &[&str], separator: &str) -> Joined {
        let mut joined = Joined {
            text: String::new(),
            spans: Vec::with_capacity(words.len()),
            chars_before: vec![0],
        };
        let mut chars = 0;
        for word in words {
            if !joined.spans.is_empty() {
                joined.text.push_str(separator);
            }
            let start = joined.text.len() as u32;
            joined.text.push_str(word);
            joined.spans.push((start, joined.text.len() as u32));
            chars += word.chars().count() as u32;
            joined.chars_before.push(chars);
        }
        joined
    }

    /// How many n-grams there are.
    fn count(&self, n: usize) -> usize {
        (self.spans.len() + 1).saturating_sub(n)
    }

    /// Hash of the n-gram that begins at `word`.
    fn hash(&self, word: usize, n: usize) -> u64 {
        let (start, end) = (self.spans[word].0, self.spans[word + n - 1].1);
        xxh3_64(&self.text.as_bytes()[start as usize..end as usize])
    }

    /// Characters of its words.
    fn chars(&self, word: usize, n: usize) -> u64 {
        u64::from(self.chars_before[word + n] - self.chars_before[word])
    }

    /// Length of the most frequent n-gram, joined with spaces, times its count; of several equally
    /// frequent ones the earliest. 0 where there is none.
    pub(super) fn top(&self, n: usize) -> u64 {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        for word in 0..self.count(n) {
            *counts.entry(self.hash(word, n)).or_default() += 1;
        }
        let (mut top, mut most) = (0, 0);
        for word in 0..self.count(n) {
            let count = counts[&self.hash(word, n)];
            if count > most {
                (top, most) = (word, count);
            }
        }
        match most {
            0 => 0,
            _ => (self.chars(top, n) + n as u64 - 1) * most,
        }
    }

    /// Characters in n-grams that began before, from left to right without overlap.
    pub(super) fn repeated(&self, n: usize) -> u64 {
        let mut seen = HashSet::new();
        let (mut word, mut covered) = (0, 0);
        while word < self.count(n) {
            if seen.insert(self.hash(word, n)) {
                word += 1;
            } else {
                covered += self.chars(word, n);
                word += n;
            }
        }
        covered
    }
}
