//! Counts of one language: words, pairs and triples of the prior's own tokens.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::edit::prior::fold_into;
use crate::edit::prior::layout::{FIRST_WORD, NUMBER, START, UNKNOWN};
use crate::edit::prior::tokens::{Kind, each_piece};

/// Bits of a word's number while counting, so that three fit 64 bits.
pub(super) const BITS: u32 = 21;
/// Words beyond this many are counted as unknown: far more than any vocabulary holds.
const MOST_WORDS: usize = 1 << BITS;

/// What is known of one folded word.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WordCount {
    /// Occurrences.
    pub count: u64,
    /// Occurrences as a chunk of its own, the only ones that an editor could touch.
    pub alone: u64,
    /// Occurrences that do not begin a sentence.
    pub inside: u64,
    /// Of those, the ones that begin with a capital.
    pub capital: u64,
}

/// Counts of a language.
#[derive(Debug)]
pub(super) struct Counts {
    pub documents: u64,
    pub text_bytes: u64,
    /// Bytes of text in words, which is what a prior can learn from.
    pub word_bytes: u64,
    pub numbers: HashMap<Box<str>, u32>,
    pub words: Vec<WordCount>,
    pub pairs: HashMap<u64, u32>,
    pub triples: HashMap<u64, u32>,
    folded: String,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            documents: 0,
            text_bytes: 0,
            word_bytes: 0,
            numbers: HashMap::new(),
            words: vec![WordCount::default(); usize::from(FIRST_WORD)],
            pairs: HashMap::new(),
            triples: HashMap::new(),
            folded: String::new(),
        }
    }
}

impl Counts {
    /// Counts one text; keeps at most about `most` distinct n-grams of each order.
    pub fn push(&mut self, text: &str, most: usize) {
        self.documents += 1;
        self.text_bytes += text.len() as u64;
        let mut left: Option<u32> = None;
        let mut last = u32::from(START);
        let mut sentence_start = true;
        let _ = each_piece(text, |piece| {
            let word = &text[piece.span.clone()];
            let number = self.number(piece.kind, word, sentence_start);
            *self.pairs.entry(key(&[last, number])).or_default() += 1;
            if let Some(left) = left {
                *self.triples.entry(key(&[left, last, number])).or_default() += 1;
            }
            left = Some(last);
            last = number;
            // A quote or bracket after the stop does not end the start of the next sentence.
            sentence_start = matches!(word, "." | "!" | "?" | ":" | "\u{2026}")
                || (sentence_start && piece.kind == Kind::Mark);
            ControlFlow::Continue(())
        });
        thin(&mut self.pairs, most);
        thin(&mut self.triples, most);
    }

    fn number(&mut self, kind: Kind, word: &str, sentence_start: bool) -> u32 {
        let number = match kind {
            Kind::Number => u32::from(NUMBER),
            Kind::Opaque => u32::from(UNKNOWN),
            Kind::Word | Kind::Joined | Kind::Mark => {
                fold_into(word, &mut self.folded);
                match self.numbers.get(self.folded.as_str()) {
                    Some(&number) => number,
                    None if self.words.len() < MOST_WORDS => {
                        let number = self.words.len() as u32;
                        self.numbers.insert(self.folded.as_str().into(), number);
                        self.words.push(WordCount::default());
                        number
                    }
                    None => u32::from(UNKNOWN),
                }
            }
        };
        if matches!(kind, Kind::Word | Kind::Joined) {
            self.word_bytes += word.len() as u64;
        }
        let entry = &mut self.words[number as usize];
        entry.count += 1;
        entry.alone += u64::from(kind == Kind::Word);
        if !sentence_start {
            entry.inside += 1;
            entry.capital += u64::from(word.starts_with(char::is_uppercase));
        }
        number
    }
}

fn key(words: &[u32]) -> u64 {
    words
        .iter()
        .fold(0, |key, &word| key << BITS | u64::from(word))
}

/// Drops the rarest n-grams until at most half of `most` remain, once there are more than `most`.
fn thin(ngrams: &mut HashMap<u64, u32>, most: usize) {
    if ngrams.len() <= most {
        return;
    }
    let mut floor = 1;
    while ngrams.len() > most / 2 {
        ngrams.retain(|_, count| *count > floor);
        floor += 1;
    }
}
