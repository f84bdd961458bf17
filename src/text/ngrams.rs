//! Repeated word n-grams, level by level, exactly and cheaply.
//!
//! An n-gram can only repeat where its first n-1 words and its last n-1 words repeat. So level n
//! looks up only the neighbours among the repeated places of level n-1, and an ordinary text is
//! left with next to nothing to look up from n = 4 on. A key is (number of the (n-1)-gram, number
//! of the next word), which is exact: two n-grams are one only if their words are. In a long text most
//! words and pairs repeat, and another way is cheaper: [`long`].

mod long;

use super::Scan;
use super::table::Table;

/// Fewest words of a long text: from here on it is cheaper to take it as one.
const LONG: usize = 1 << 16;

/// A place where an n-gram begins that occurs more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Number of its first word, from 0.
    word: u32,
    /// Which n-gram it is, by a number that no other of its level has.
    ngram: u32,
}

/// Repeated places of one level after the other; scratch of [`Scan`].
#[derive(Default)]
pub(crate) struct Ngrams {
    /// The first `held` are in use.
    places: Vec<Place>,
    /// What makes each place's n-gram that of its level, and its number.
    keys: Vec<u64>,
    held: usize,
    numbers: Vec<u32>,
    /// How often each n-gram of the level occurs, by its number.
    counts: Vec<u32>,
    /// Whether a repetition of the n-gram would be one, by its number.
    seen: Vec<bool>,
    /// Scratch for long texts alone.
    long: long::Scratch,
}

impl Ngrams {
    /// Calls `hit` with the first word of each repetition, from left to right without overlap: an
    /// n-gram that began before, at a place that was not itself inside a repetition.
    pub(crate) fn repetitions(&mut self, n: usize, mut hit: impl FnMut(u32)) {
        self.seen.clear();
        self.seen.resize(self.counts.len(), false);
        let mut free = 0;
        for place in &self.places[..self.held] {
            if place.word < free {
                continue;
            }
            if std::mem::replace(&mut self.seen[place.ngram as usize], true) {
                hit(place.word);
                free = place.word + n as u32;
            }
        }
    }

    /// First word of the most frequent n-gram, and how often it occurs; of several the earliest.
    pub(crate) fn most_frequent(&self) -> Option<(u32, u32)> {
        let mut best = None;
        for &place in &self.places[..self.held] {
            let count = self.count(place);
            if best.is_none_or(|(_, most)| count > most) {
                best = Some((place.word, count));
            }
        }
        best
    }

    /// How often the n-gram of a place occurs.
    fn count(&self, place: Place) -> u32 {
        self.counts[place.ngram as usize]
    }

    /// Level 2, from the words: pairs of repeated words, and which of them repeat.
    fn begin(&mut self, words: Words<'_>, table: &mut Table) {
        self.make_room(words.types.len());
        let (places, keys) = (self.places.as_mut_slice(), self.keys.as_mut_slice());
        let mut kept = 0;
        let (mut last, mut last_repeats) = (0, false);
        // The pair that is made at a word begins with the word before it.
        for (next, &word) in (0u32..).zip(words.types) {
            let repeats = words.counts[word as usize] > 1;
            keys[kept] = u64::from(last) << 32 | u64::from(word);
            places[kept].word = next.wrapping_sub(1);
            kept += usize::from(repeats & last_repeats);
            (last, last_repeats) = (word, repeats);
        }
        self.held = kept;
        self.number(2, table);
    }

    /// Room for so many places.
    fn make_room(&mut self, places: usize) {
        if self.places.len() < places {
            self.keys.resize(places, 0);
            self.places.resize(places, Place { word: 0, ngram: 0 });
        }
    }

    /// From level n-1 to level n, of n-grams that occur `least` times or more.
    fn rise(&mut self, n: usize, words: Words<'_>, least: u32, table: &mut Table) {
        self.neighbours(n, words.types);
        self.number(least, table);
    }

    /// Numbers the n-grams by their keys, and keeps the places of those that occur `least` times or
    /// more, which is twice at least.
    fn number(&mut self, least: u32, table: &mut Table) {
        if self.held < 2 {
            self.counts.clear();
            self.held = 0;
            return;
        }
        let (places, keys) = (&mut self.places[..self.held], &self.keys[..self.held]);
        table.number_all(keys, &mut self.numbers, &mut self.counts);
        let (numbers, counts) = (self.numbers.as_slice(), self.counts.as_slice());
        let mut kept = 0;
        // Which are kept cannot be foreseen, so there is no branch for it.
        for (at, &ngram) in numbers[..places.len()].iter().enumerate() {
            let word = places[at].word;
            places[kept] = Place { word, ngram };
            kept += usize::from(counts[ngram as usize] >= least);
        }
        self.held = kept;
    }

    /// Keeps the places whose right neighbour is one too, and makes the keys of their n-grams.
    fn neighbours(&mut self, n: usize, types: &[u32]) {
        let (places, keys) = (&mut self.places[..self.held], &mut self.keys[..self.held]);
        let mut kept = 0;
        for next in 1..places.len() {
            let (here, right) = (places[next - 1], places[next]);
            let neighbours = right.word == here.word + 1;
            // Where there is no neighbour this may be behind the last word.
            let last = types
                .get(here.word as usize + n - 1)
                .copied()
                .unwrap_or_default();
            keys[kept] = u64::from(here.ngram) << 32 | u64::from(last);
            // `kept` never passes `next - 1`, which is read already.
            places[kept] = here;
            kept += usize::from(neighbours);
        }
        self.held = kept;
    }
}

/// The words of a text: the type of each, and how often each type occurs.
#[derive(Clone, Copy)]
struct Words<'a> {
    types: &'a [u32],
    counts: &'a [u32],
}

/// Calls `look` with each level from 2 to `highest`, in any order, and with the characters before each word. The
/// levels up to 4 know their most frequent n-gram, the others all that repeat.
pub(crate) fn levels(
    scan: &mut Scan,
    highest: usize,
    mut look: impl FnMut(usize, &mut Ngrams, &[u32]),
) {
    let Scan {
        ngrams,
        table,
        hashes,
        types,
        type_counts,
        chars_before,
        ..
    } = scan;
    let words = Words {
        types,
        counts: type_counts,
    };
    let chars_before = &chars_before[..=hashes.len()];
    let look = |n, level: &mut Ngrams| look(n, level, chars_before);
    match types.len() {
        LONG.. => long::levels((ngrams, table), (words, hashes), highest, look),
        _ => all_levels((ngrams, table), words, highest, look),
    }
}

/// [`levels`], each with all n-grams that repeat, in order.
fn all_levels(
    (ngrams, table): (&mut Ngrams, &mut Table),
    words: Words<'_>,
    highest: usize,
    mut look: impl FnMut(usize, &mut Ngrams),
) {
    ngrams.begin(words, table);
    look(2, ngrams);
    for n in 3..=highest {
        ngrams.rise(n, words, 2, table);
        look(n, ngrams);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_all_repeated_ngrams(text in "([abcdé] ){0,60}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            let mut scan = Scan::default();
            scan.read(&text);
            levels(&mut scan, 10, |n, level, _| {
                let mut plain: BTreeMap<&[&str], Vec<u32>> = BTreeMap::new();
                for (at, ngram) in words.windows(n).enumerate() {
                    plain.entry(ngram).or_default().push(at as u32);
                }
                let mut expected: Vec<(u32, usize)> = plain
                    .values()
                    .filter(|at| at.len() > 1)
                    .flat_map(|at| at.iter().map(|&word| (word, at.len())))
                    .collect();
                expected.sort_unstable();
                let found: Vec<(u32, usize)> = level.places[..level.held]
                    .iter()
                    .map(|&place| (place.word, level.count(place) as usize))
                    .collect();
                assert_eq!(found, expected);
            });
        }
    }
}
