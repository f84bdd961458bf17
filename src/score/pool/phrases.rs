//! Words and pairs of words that a pool says more often than people do, as text.
//!
//! [`Heavy`] sketches count them by hash. The text of a word is kept while the word is in the sketch of
//! words, and a pair's text is that of its two words, which occur at least as often as the pair. Only
//! n-grams of [`LEAST_DOCUMENTS`] documents and more are ever told, so that what one document or a few
//! copies of it say does not end in a report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ByHash;
use super::heavy::{Entry, Heavy};
use crate::score::concentration::bucket;
use crate::score::measure::{quantised, share};
use crate::score::reference::ReferenceLanguage;
use crate::text::{Scan, pair_hash, words_at};

/// Words that a sketch has room for: none is undercounted by more than 1/4096 of all words.
pub const WORDS: usize = 4096;
/// Pairs that a sketch has room for: none is undercounted by more than 1/4096 of all pairs.
pub const PAIRS: usize = 4096;
/// Fewest documents in which an n-gram must occur to be told.
pub const LEAST_DOCUMENTS: u32 = 10;
/// First documents of which each new word is kept as text; later, one that comes a second time. What is told is in
/// many documents, and most words of a shard are in one.
const FIRST: u32 = 64;
/// Longest word that is told, in bytes.
const LONGEST: usize = 64;

/// An n-gram that a pool says more often than human text does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverRepresented {
    /// One word, or two that stand side by side, case-folded.
    pub ngram: String,
    /// Occurrences: at least this many.
    pub count: u64,
    /// Occurrences that may be missing from `count`: the true count is at most `count + missed`.
    pub missed: u64,
    /// Documents in which it occurs: at least this many.
    pub documents: u64,
    /// `count` as a share of all words and pairs of the pool.
    pub share: f64,
    /// Share of its bucket in the human reference, which other n-grams fall into as well: the n-gram's
    /// own share is at most this.
    pub human_share: f64,
    /// `share` over `human_share`: how many times as often as people, at least.
    pub ratio: f64,
    /// What it adds to the divergence from the human reference: `share * log2(ratio)`, bits.
    pub bits: f64,
}

/// Sketches of the words and pairs of one language of a pool.
#[derive(Debug, Clone)]
pub struct Phrases {
    words: Heavy,
    pairs: Heavy,
    texts: ByHash<Box<str>>,
    documents: u32,
    /// Places of the words of a document whose text is to be kept; scratch.
    new: Vec<u32>,
}

impl Default for Phrases {
    fn default() -> Self {
        Phrases {
            words: Heavy::new(WORDS),
            pairs: Heavy::new(PAIRS),
            texts: ByHash::default(),
            documents: 0,
            new: Vec::new(),
        }
    }
}

impl Phrases {
    /// Counts the document `text`, which `scan` read last.
    pub fn add(&mut self, text: &str, scan: &Scan) {
        self.documents = self.documents.wrapping_add(1).max(1);
        let hashes = scan.word_hashes();
        self.new.clear();
        let mut types = 0;
        for (place, (&hash, &number)) in (0..).zip(hashes.iter().zip(&scan.types)) {
            // Types are numbered in order of first sight.
            if number < types {
                continue;
            }
            types += 1;
            let count = u64::from(scan.type_counts[number as usize]);
            let seen = self.words.add(hash, [hash; 2], self.documents, count);
            if seen == if self.documents <= FIRST { 1 } else { 2 } {
                self.new.push(place);
            }
        }
        for two in hashes.windows(2) {
            let words = [two[0], two[1]];
            let pair = pair_hash(two[0], two[1]);
            self.pairs.add(pair, words, self.documents, 1);
        }
        if !self.new.is_empty() {
            let texts = &mut self.texts;
            words_at(text, &self.new, |place, word| {
                if word.len() <= LONGEST {
                    texts.insert(hashes[place as usize], word.into());
                }
            });
            self.forget();
        }
    }

    /// Forgets the texts of words that the sketch dropped, now and then.
    fn forget(&mut self) {
        if self.texts.len() >= 3 * WORDS {
            let words = &self.words;
            self.texts.retain(|hash, _| words.get(*hash).is_some());
        }
    }

    /// Adds what another part of the pool counted. Which n-grams are forgotten depends on the order of merges.
    pub fn merge(&mut self, other: Phrases) {
        self.words.merge(&other.words);
        self.pairs.merge(&other.pairs);
        self.texts.extend(other.texts);
        self.forget();
    }

    /// The n-grams that add most to the divergence from human text, `most` of them at most, largest first.
    pub fn over_represented(&self, human: &ReferenceLanguage, most: usize) -> Vec<OverRepresented> {
        let human: Vec<f64> = human.probabilities().collect();
        let whole = self.words.counted() + self.pairs.counted();
        let tell = |sketch: &Heavy, spell: &dyn Fn(&Entry) -> Option<String>| {
            let often = sketch
                .entries()
                .filter(|(_, entry)| entry.documents >= LEAST_DOCUMENTS);
            often
                .filter_map(|(ngram, entry)| {
                    told(
                        entry,
                        share(entry.count, whole),
                        human[bucket(ngram)],
                        spell,
                    )
                })
                .collect::<Vec<_>>()
        };
        let text = |hash| self.texts.get(&hash);
        let mut found = tell(&self.words, &|of| {
            text(of.words[0]).map(|word| word.to_string())
        });
        found.extend(tell(&self.pairs, &|of| {
            Some(format!("{} {}", text(of.words[0])?, text(of.words[1])?))
        }));
        found.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.ngram.cmp(&b.ngram)));
        found.truncate(most);
        found
    }
}

/// The n-gram of an entry, if the pool says it more often than people and its text is known.
fn told(
    entry: &Entry,
    share: f64,
    human: f64,
    spell: &dyn Fn(&Entry) -> Option<String>,
) -> Option<OverRepresented> {
    let ratio = share / human;
    if ratio <= 1.0 {
        return None;
    }
    Some(OverRepresented {
        ngram: spell(entry)?,
        count: entry.count,
        missed: entry.missed,
        documents: u64::from(entry.documents),
        share: quantised(share)?,
        human_share: quantised(human)?,
        ratio: quantised(ratio)?,
        bits: quantised(share * libm::log2(ratio))?,
    })
}

/// Phrases by language.
#[derive(Debug, Clone, Default)]
pub struct PhrasesByLanguage(BTreeMap<String, Phrases>);

impl PhrasesByLanguage {
    /// Counts the document `text` of a language, which `scan` read last.
    pub fn add(&mut self, lang: &str, text: &str, scan: &Scan) {
        if !self.0.contains_key(lang) {
            self.0.insert(lang.to_owned(), Phrases::default());
        }
        if let Some(phrases) = self.0.get_mut(lang) {
            phrases.add(text, scan);
        }
    }

    /// Adds what another part of the pool counted, see [`Phrases::merge`].
    pub fn merge(&mut self, other: PhrasesByLanguage) {
        for (lang, phrases) in other.0 {
            self.0.entry(lang).or_default().merge(phrases);
        }
    }

    /// The phrases of a language.
    pub fn of(&self, lang: &str) -> Option<&Phrases> {
        self.0.get(lang)
    }
}
