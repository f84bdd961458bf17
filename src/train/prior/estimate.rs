//! From counts to probabilities: interpolated absolute discounting with three discounts an order.
//!
//! Chen & Goodman, *An Empirical Study of Smoothing Techniques for Language Modeling* (1999), section 3.1
//! (discounts from the counts of counts), but with plain counts at the lower orders: Kneser-Ney's continuation
//! counts lose their sense once n-grams are pruned (Chelba et al., Interspeech 2010).

use super::PriorOptions;
use super::count::{BITS, Counts, WordCount};
use crate::edit::prior::layout::{self, CAPITAL, DRAWABLE, FIRST_WORD, START};
use crate::edit::prior::tokens::is_word_letter;

/// Share of a section that its vocabulary may take.
const VOCABULARY_SHARE: f64 = 0.4;
/// Bytes of a word in the file besides its letters.
const WORD_BYTES: usize = 9;

/// A word of the final vocabulary.
pub(super) struct Word {
    pub spelling: String,
    pub flags: u8,
    /// Code of its probability without context, and that probability.
    pub code: u16,
    pub single: f64,
}

/// An n-gram: the numbers of its context (`v`, or `u << 16 | v`) and its last word, and its count.
#[derive(Clone, Copy)]
pub(super) struct Ngram {
    pub context: u32,
    pub word: u16,
    pub count: u32,
}

/// One context: where its n-grams lie, the sum of their counts and the mass given to the lower order.
#[derive(Clone)]
pub(super) struct History {
    pub context: u32,
    pub start: usize,
    pub end: usize,
    total: f64,
    pub reserve: f64,
}

/// All n-grams of one order, sorted by context and word.
pub(super) struct Order {
    pub ngrams: Vec<Ngram>,
    pub histories: Vec<History>,
    discounts: [f64; 3],
}

/// The unpruned model of a language.
pub(super) struct Model {
    pub words: Vec<Word>,
    pub pairs: Order,
    pub triples: Order,
}

impl Model {
    /// Chooses the vocabulary that fits `bytes` and estimates all orders.
    pub fn new(counts: Counts, options: &PriorOptions, bytes: usize) -> Model {
        let (words, renumber) = vocabulary(&counts, options, bytes);
        let final_number = |number: u64| u32::from(renumber[(number & ((1 << BITS) - 1)) as usize]);
        let pairs = counts.pairs.iter().map(|(&key, &count)| Ngram {
            context: final_number(key >> BITS),
            word: final_number(key) as u16,
            count,
        });
        let pairs = Order::new(pairs.collect());
        let triples = counts.triples.iter().map(|(&key, &count)| Ngram {
            context: final_number(key >> (2 * BITS)) << 16 | final_number(key >> BITS),
            word: final_number(key) as u16,
            count,
        });
        let triples = Order::new(triples.collect());
        Model {
            words,
            pairs,
            triples,
        }
    }

    /// P(w | v) before pruning, for a listed pair or through the reserve of `v`.
    pub fn pair_probability(&self, v: u16, w: u16) -> f64 {
        self.pairs
            .probability(u32::from(v), w, self.words[usize::from(w)].single)
    }
}

fn vocabulary(counts: &Counts, options: &PriorOptions, bytes: usize) -> (Vec<Word>, Vec<u16>) {
    let mut candidates: Vec<(&str, u32)> = counts
        .numbers
        .iter()
        .map(|(spelling, &number)| (&**spelling, number))
        .filter(|&(_, number)| counts.words[number as usize].count >= u64::from(options.min_count))
        .collect();
    candidates.sort_by_key(|&(spelling, number)| {
        (
            std::cmp::Reverse(counts.words[number as usize].count),
            spelling,
        )
    });
    candidates.truncate(options.max_words.min(65_000));
    let mut room = (bytes as f64 * VOCABULARY_SHARE) as usize;
    let fitting = candidates.iter().take_while(|(spelling, _)| {
        let left = room.checked_sub(spelling.len() + WORD_BYTES);
        room = left.unwrap_or(0);
        left.is_some() && spelling.len() <= usize::from(u8::MAX)
    });
    let kept = fitting.count();
    candidates.truncate(kept);

    let mut renumber = vec![layout::UNKNOWN; counts.words.len()];
    for reserved in 0..FIRST_WORD {
        renumber[usize::from(reserved)] = reserved;
    }
    let mut tally = vec![0u64; usize::from(FIRST_WORD) + kept];
    for (rank, &(_, number)) in candidates.iter().enumerate() {
        renumber[number as usize] = FIRST_WORD + rank as u16;
    }
    for (number, word) in counts.words.iter().enumerate() {
        tally[usize::from(renumber[number])] += word.count;
    }
    tally[usize::from(START)] = 0;
    let total = tally.iter().sum::<u64>().max(1) as f64;
    let word = |id: usize, spelling: &str, flags| {
        let code = layout::fine_code(tally[id] as f64 / total);
        Word {
            spelling: spelling.to_owned(),
            flags,
            code,
            single: layout::fine_probability(code),
        }
    };
    let reserved = (0..usize::from(FIRST_WORD)).map(|id| word(id, "", 0));
    let known = candidates
        .iter()
        .enumerate()
        .map(|(rank, &(spelling, number))| {
            let flags = flags(spelling, &counts.words[number as usize]);
            word(usize::from(FIRST_WORD) + rank, spelling, flags)
        });
    (reserved.chain(known).collect(), renumber)
}

fn flags(spelling: &str, count: &WordCount) -> u8 {
    let drawable = 2 * count.alone >= count.count && spelling.chars().all(is_word_letter);
    let capital = 2 * count.capital > count.inside;
    (u8::from(drawable) * DRAWABLE) | (u8::from(capital) * CAPITAL)
}

impl Order {
    fn new(mut ngrams: Vec<Ngram>) -> Order {
        ngrams.sort_unstable_by_key(|n| (n.context, n.word));
        ngrams.dedup_by(|next, kept| {
            let same = (next.context, next.word) == (kept.context, kept.word);
            if same {
                kept.count = kept.count.saturating_add(next.count);
            }
            same
        });
        let discounts = discounts(&ngrams);
        let mut histories: Vec<History> = Vec::new();
        for (i, ngram) in ngrams.iter().enumerate() {
            if histories.last().is_none_or(|h| h.context != ngram.context) {
                let context = ngram.context;
                histories.push(History {
                    context,
                    start: i,
                    end: i,
                    total: 0.0,
                    reserve: 0.0,
                });
            }
            if let Some(history) = histories.last_mut() {
                history.end = i + 1;
                history.total += f64::from(ngram.count);
                history.reserve += discount(&discounts, ngram.count);
            }
        }
        for history in &mut histories {
            history.reserve /= history.total;
        }
        Order {
            ngrams,
            histories,
            discounts,
        }
    }

    fn history(&self, context: u32) -> Option<&History> {
        let at = self
            .histories
            .binary_search_by_key(&context, |h| h.context)
            .ok()?;
        Some(&self.histories[at])
    }

    /// The interpolated probability of a listed n-gram, given that of the lower order.
    pub fn listed(&self, history: &History, count: u32, lower: f64) -> f64 {
        let kept = f64::from(count) - discount(&self.discounts, count);
        kept / history.total + history.reserve * lower
    }

    fn probability(&self, context: u32, word: u16, lower: f64) -> f64 {
        let Some(history) = self.history(context) else {
            return lower;
        };
        let inside = &self.ngrams[history.start..history.end];
        let count = inside
            .binary_search_by_key(&word, |n| n.word)
            .map_or(0, |i| inside[i].count);
        self.listed(history, count, lower)
    }
}

fn discount(discounts: &[f64; 3], count: u32) -> f64 {
    match count {
        0 => 0.0,
        count => discounts[(count as usize).min(3) - 1],
    }
}

/// D1, D2 and D3+ from the counts of counts; usual values where those are too thin to tell.
fn discounts(ngrams: &[Ngram]) -> [f64; 3] {
    let mut of = [0.0f64; 5];
    for ngram in ngrams {
        if let Some(n) = of.get_mut(ngram.count as usize) {
            *n += 1.0;
        }
    }
    if of[1..].iter().any(|&n| n < 10.0) {
        return [0.6, 1.0, 1.3];
    }
    let y = of[1] / (of[1] + 2.0 * of[2]);
    [1, 2, 3].map(|k| {
        let d = k as f64 - (k as f64 + 1.0) * y * of[k + 1] / of[k];
        d.clamp(0.1, k as f64 - 0.05)
    })
}
