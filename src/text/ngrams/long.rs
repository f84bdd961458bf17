//! Levels of a long text, in which nearly all words and most pairs repeat.
//!
//! - The places where a 4-gram repeats are few. A sieve rules most others out, and only what it leaves
//!   is looked up, by a hash; whether that told the 4-grams apart is then seen by their words. The
//!   higher levels follow from level 4 as in a short text.
//! - Of the pairs and 3-grams only the most frequent one is asked for. An n-gram occurs at most as often
//!   as the pairs in it, and those at most as often as all pairs of their bucket: so the n-grams that
//!   occur so many times are found among the pairs of the fullest buckets.

use super::{Ngrams, Table, Words};
use crate::text::sieve::Sieve;

/// The level that is found without those below it.
const SOUGHT: usize = 4;
/// Buckets of pairs, as a binary logarithm; a near cache holds them.
const BUCKETS: u32 = 15;
/// The most frequent 3-gram is expected once in so many words, or more often.
const EXPECTED: usize = 1 << 12;

/// What only long texts need.
#[derive(Default)]
pub(super) struct Scratch {
    /// 4-grams that came, and those that may have come again.
    seen: Sieve,
    again: Sieve,
    /// How often the pairs of each bucket occur.
    pairs: Vec<u32>,
    /// The place of each 4-gram that was looked at last, by its number.
    last: Vec<u32>,
}

/// [`super::levels`] of a text of which the words and their hashes are given.
pub(super) fn levels(
    (ngrams, table): (&mut Ngrams, &mut Table),
    (words, hashes): (Words<'_>, &[u64]),
    highest: usize,
    mut look: impl FnMut(usize, &mut Ngrams),
) {
    ngrams.seek(hashes);
    ngrams.number(2, table);
    if !ngrams.told_apart(words.types) {
        ngrams.seek(hashes);
        ngrams.look_up_by_word(words.types, table);
    }
    let known = ngrams.most().max(2);
    look(SOUGHT, ngrams);
    for n in SOUGHT + 1..=highest {
        ngrams.rise(n, words, 2, table);
        look(n, ngrams);
    }
    let mut least = known.max((hashes.len() / EXPECTED) as u32);
    ngrams.begin_with((words.types, hashes), least, table);
    for n in 2..SOUGHT {
        if n > 2 {
            ngrams.rise(n, words, least, table);
        }
        if ngrams.most() < least {
            // One n-gram occurs so many times; all that do are found now.
            least = ngrams.most().max(known);
            ngrams.begin_with((words.types, hashes), least, table);
            (3..=n).for_each(|n| ngrams.rise(n, words, least, table));
        }
        look(n, ngrams);
    }
}

/// What tells pairs apart, nearly, from the hashes of their words.
#[inline]
fn two(first: u64, second: u64) -> u64 {
    first ^ second.rotate_left(29)
}

/// What tells 4-grams apart, nearly, from what tells their halves apart.
#[inline]
fn four(first: u64, second: u64) -> u64 {
    first ^ second.rotate_left(13)
}

#[inline]
fn bucket(pair: u64) -> usize {
    (pair >> (64 - BUCKETS)) as usize
}

impl Ngrams {
    /// How often the most frequent n-gram occurs of those that were looked up last.
    fn most(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// Counts all pairs by bucket, and finds the places where a 4-gram may repeat: all where one does,
    /// and some others. Their keys are hashes.
    fn seek(&mut self, hashes: &[u64]) {
        self.make_room(hashes.len());
        let (places, keys) = (&mut self.places[..], &mut self.keys[..]);
        let Scratch {
            seen, again, pairs, ..
        } = &mut self.long;
        pairs.clear();
        pairs.resize(1 << BUCKETS, 0);
        let mut seen = seen.begin(hashes.len() * 4);
        let mut kept = 0;
        for words in hashes.windows(SOUGHT) {
            let pair = two(words[0], words[1]);
            pairs[bucket(pair)] += 1;
            keys[kept] = four(pair, two(words[2], words[3]));
            kept += usize::from(seen.insert(keys[kept]));
        }
        for pair in hashes[hashes.len().saturating_sub(SOUGHT - 1)..].windows(2) {
            pairs[bucket(two(pair[0], pair[1]))] += 1;
        }
        // The other half of a hash, so that what shares a bit here shared none there.
        let other = |four: u64| four.rotate_left(32);
        let mut again = again.begin(kept * 8);
        for &four in &keys[..kept] {
            again.insert(other(four));
        }
        kept = 0;
        for (word, words) in (0..).zip(hashes.windows(SOUGHT)) {
            let four = four(two(words[0], words[1]), two(words[2], words[3]));
            places[kept].word = word;
            keys[kept] = four;
            kept += usize::from(again.holds(other(four)));
        }
        self.held = kept;
    }

    /// Whether all places of each 4-gram hold the same words.
    fn told_apart(&mut self, types: &[u32]) -> bool {
        let last = &mut self.long.last;
        last.clear();
        last.resize(self.counts.len(), u32::MAX);
        let four = |word: u32| types[word as usize..].first_chunk::<SOUGHT>();
        let mut same = true;
        for place in &self.places[..self.held] {
            let before = std::mem::replace(&mut last[place.ngram as usize], place.word);
            same &= before == u32::MAX || four(before) == four(place.word);
        }
        same
    }

    /// Level 4 from the places that [`Ngrams::seek`] found, by keys that are exact.
    #[cold]
    fn look_up_by_word(&mut self, types: &[u32], table: &mut Table) {
        for place in &mut self.places[..self.held] {
            place.ngram = types[place.word as usize];
        }
        for n in 2..=SOUGHT {
            for (key, place) in self.keys.iter_mut().zip(&self.places[..self.held]) {
                let last = types[place.word as usize + n - 1];
                *key = u64::from(place.ngram) << 32 | u64::from(last);
            }
            self.number(2, table);
        }
    }

    /// Level 2, of the pairs that occur `least` times or more, after [`Ngrams::seek`].
    fn begin_with(&mut self, (types, hashes): (&[u32], &[u64]), least: u32, table: &mut Table) {
        let (places, keys) = (&mut self.places[..], &mut self.keys[..]);
        let pairs = &self.long.pairs[..1 << BUCKETS];
        let mut kept = 0;
        for (word, (types, hashes)) in (0..).zip(types.windows(2).zip(hashes.windows(2))) {
            places[kept].word = word;
            keys[kept] = u64::from(types[0]) << 32 | u64::from(types[1]);
            kept += usize::from(pairs[bucket(two(hashes[0], hashes[1]))] >= least);
        }
        self.held = kept;
        self.number(least, table);
    }
}

#[cfg(test)]
mod tests {
    use super::super::all_levels;
    use super::*;
    use crate::text::Scan;
    use proptest::prelude::*;

    /// What each level is asked for: the most frequent n-gram, or all repetitions.
    type Answers = Vec<(usize, Option<(u32, u32)>, Vec<u32>)>;

    fn ask(answers: &mut Answers) -> impl FnMut(usize, &mut Ngrams) {
        |n, level: &mut Ngrams| {
            let mut repetitions = Vec::new();
            match n {
                2..=4 => answers.push((n, level.most_frequent(), repetitions)),
                _ => {
                    level.repetitions(n, |word| repetitions.push(word));
                    answers.push((n, None, repetitions));
                }
            }
        }
    }

    /// The answers of a short text's way and of this one, words told apart by their hashes' `mask`.
    fn both(text: &str, mask: u64) -> (Answers, Answers) {
        let mut scan = Scan::default();
        scan.read(text);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        let words = Words {
            types: &scan.types,
            counts: &scan.type_counts,
        };
        let mut rooms = (Ngrams::default(), Table::default());
        all_levels((&mut rooms.0, &mut rooms.1), words, 10, ask(&mut short));
        let hashes: Vec<u64> = scan.hashes.iter().map(|hash| hash & mask).collect();
        levels(
            (&mut rooms.0, &mut rooms.1),
            (words, &hashes),
            10,
            ask(&mut long),
        );
        long.sort_unstable();
        (short, long)
    }

    proptest! {
        #[test]
        fn answers_are_those_of_a_short_text(
            text in prop_oneof!["([a-eé] ){0,60}", "([a-z]{1,2} ){0,300}", "((a b c d|e f|g|[a-z]) ){0,200}"],
            // Without hashes, with bad ones, with good ones.
            mask in prop::sample::select(vec![0, 1, 0xF000_0000_0000_0000, u64::MAX]),
        ) {
            let (short, long) = both(&text, mask);
            prop_assert_eq!(short, long);
        }
    }

    #[test]
    fn answers_of_a_long_text_are_those_of_a_short_one() {
        // The most frequent pair and 3-gram rarer than expected, and more frequent.
        for (types, phrase) in [(30_000u64, 2_000), (300, 7), (60, 3_000)] {
            let mut state = types;
            let mut text = String::new();
            for at in 0..30_000 {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                text.push_str(&format!("w{} ", (state >> 33) % types));
                if at % phrase == 0 {
                    text.push_str("so it goes on and on ");
                }
            }
            for mask in [u64::MAX, 0xFFFF] {
                let (short, long) = both(&text, mask);
                assert_eq!(short, long, "{types} types");
            }
        }
    }
}
