//! Which n-grams a file of a given size keeps.
//!
//! Weighted difference (Seymore & Rosenfeld, ICSLP 1996): an n-gram is worth its count times the logarithm of
//! how much likelier the full model finds it than the lower order does. The best a byte go in first.

use std::collections::{HashMap, HashSet};

use super::estimate::{Model, Ngram};
use crate::edit::prior::layout::{BLOCK, ENTRY, SECTION_HEAD, probability_code};

/// Bits of a pair in the file, its part of the block's first triple included.
const PAIR_BITS: u64 = 40 + 32 / BLOCK as u64;
/// Bits of a triple in the file.
const TRIPLE_BITS: u64 = 24;
/// An n-gram seen once says little.
const LEAST_COUNT: u32 = 2;

/// An n-gram that goes into the file, with the code of its probability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub context: u32,
    pub word: u16,
    pub code: u8,
}

/// The n-grams of a section, sorted by context and word. The pair that is a triple's context is always among them.
pub(super) struct Selection {
    pub pairs: Vec<Listed>,
    pub triples: Vec<Listed>,
}

struct Candidate {
    worth: f64,
    triple: bool,
    listed: Listed,
}

/// Chooses n-grams for a section of at most `bytes` bytes.
pub(super) fn select(model: &Model, bytes: usize) -> Selection {
    let letters: usize = model.words.iter().map(|w| w.spelling.len()).sum();
    let fixed = SECTION_HEAD + ENTRY + 9 * model.words.len() + letters;
    let mut bits = 8 * bytes.saturating_sub(fixed) as u64;
    let mut candidates = pair_candidates(model);
    candidates.extend(triple_candidates(model));
    candidates.sort_by(|a, b| {
        b.worth
            .total_cmp(&a.worth)
            .then_with(|| (a.triple, a.listed).cmp(&(b.triple, b.listed)))
    });
    let mut pairs: HashSet<(u32, u16)> = HashSet::new();
    let mut chosen = Selection {
        pairs: Vec::new(),
        triples: Vec::new(),
    };
    let mut after: HashMap<u32, u8> = HashMap::new();
    for candidate in candidates {
        let Listed { context, word, .. } = candidate.listed;
        let pair = if candidate.triple {
            (context >> 16, context as u16)
        } else {
            (context, word)
        };
        let new_pair = !pairs.contains(&pair);
        let cost = u64::from(new_pair) * PAIR_BITS + u64::from(candidate.triple) * TRIPLE_BITS;
        if cost > bits || cost == 0 {
            continue;
        }
        if candidate.triple {
            let Some(code) = probability_code(model.pair_probability(pair.0 as u16, pair.1)) else {
                continue;
            };
            let here = after.entry(context).or_default();
            if *here == u8::MAX {
                continue;
            }
            *here += 1;
            if new_pair {
                chosen.pairs.push(Listed {
                    context: pair.0,
                    word: pair.1,
                    code,
                });
            }
            chosen.triples.push(candidate.listed);
        } else {
            chosen.pairs.push(candidate.listed);
        }
        pairs.insert(pair);
        bits -= cost;
    }
    chosen.pairs.sort_unstable();
    chosen.triples.sort_unstable();
    chosen
}

fn candidate(ngram: &Ngram, p: f64, lower: f64, triple: bool) -> Option<Candidate> {
    let worth = f64::from(ngram.count) * libm::log(p / lower);
    let bits = if triple { TRIPLE_BITS } else { PAIR_BITS };
    let listed = Listed {
        context: ngram.context,
        word: ngram.word,
        code: probability_code(p)?,
    };
    (worth > 0.0).then_some(Candidate {
        worth: worth / bits as f64,
        triple,
        listed,
    })
}

fn pair_candidates(model: &Model) -> Vec<Candidate> {
    let order = &model.pairs;
    let mut out = Vec::new();
    for history in &order.histories {
        for ngram in &order.ngrams[history.start..history.end] {
            if ngram.count >= LEAST_COUNT {
                let single = model.words[usize::from(ngram.word)].single;
                let p = order.listed(history, ngram.count, single);
                out.extend(candidate(ngram, p, history.reserve * single, false));
            }
        }
    }
    out
}

fn triple_candidates(model: &Model) -> Vec<Candidate> {
    let order = &model.triples;
    let mut out = Vec::new();
    for history in &order.histories {
        for ngram in &order.ngrams[history.start..history.end] {
            if ngram.count >= LEAST_COUNT {
                let lower = model.pair_probability(history.context as u16, ngram.word);
                let p = order.listed(history, ngram.count, lower);
                out.extend(candidate(ngram, p, history.reserve * lower, true));
            }
        }
    }
    out
}
