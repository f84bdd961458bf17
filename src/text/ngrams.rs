//! Repeated word n-grams, level by level, exactly and cheaply.
//!
//! An n-gram can only repeat where its first n-1 words and its last n-1 words repeat. So level n
//! looks up only the neighbours among the repeated places of level n-1, and an ordinary text is
//! left with next to nothing to look up from n = 4 on. A key is (number of the (n-1)-gram, number
//! of the next word), which is exact: two n-grams are one only if their words are.

use super::Scan;
use super::table::Table;

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
    places: Vec<Place>,
    /// What makes each place's n-gram that of its level, and its number.
    keys: Vec<u64>,
    numbers: Vec<u32>,
    /// How often each n-gram of the level occurs, by its number.
    counts: Vec<u32>,
    /// Whether a repetition of the n-gram would be one, by its number.
    seen: Vec<bool>,
}

impl Ngrams {
    /// Calls `hit` with the first word of each repetition, from left to right without overlap: an
    /// n-gram that began before, at a place that was not itself inside a repetition.
    pub(crate) fn repetitions(&mut self, n: usize, mut hit: impl FnMut(u32)) {
        self.seen.clear();
        self.seen.resize(self.counts.len(), false);
        let mut free = 0;
        for place in &self.places {
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
        for &place in &self.places {
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
    fn begin(&mut self, types: &[u32], type_counts: &[u32], table: &mut Table) {
        let mut kept = 0;
        self.keys.resize(types.len(), 0);
        self.places.resize(types.len(), Place { word: 0, ngram: 0 });
        let (mut last, mut last_repeats) = (0, false);
        // The pair that is made at a word begins with the word before it.
        for (next, &word) in (0u32..).zip(types) {
            let repeats = type_counts[word as usize] > 1;
            self.keys[kept] = u64::from(last) << 32 | u64::from(word);
            self.places[kept].word = next.wrapping_sub(1);
            kept += usize::from(repeats & last_repeats);
            (last, last_repeats) = (word, repeats);
        }
        self.keys.truncate(kept);
        self.places.truncate(kept);
        self.number(table);
    }

    /// From level n-1 to level n.
    fn rise(&mut self, n: usize, types: &[u32], table: &mut Table) {
        self.neighbours(n, types);
        self.number(table);
    }

    /// Numbers the n-grams by their keys, and keeps the places of those that repeat.
    fn number(&mut self, table: &mut Table) {
        if self.places.len() < 2 {
            self.counts.clear();
            return self.places.clear();
        }
        table.number_all(&self.keys, &mut self.numbers, &mut self.counts);
        for (place, &number) in self.places.iter_mut().zip(&self.numbers) {
            place.ngram = number;
        }
        let counts = &self.counts;
        keep(&mut self.places, |place| counts[place.ngram as usize] > 1);
    }

    /// Keeps the places whose right neighbour is one too, and makes the keys of their n-grams.
    fn neighbours(&mut self, n: usize, types: &[u32]) {
        let mut kept = 0;
        self.keys.resize(self.places.len(), 0);
        for next in 1..self.places.len() {
            let (here, right) = (self.places[next - 1], self.places[next]);
            let neighbours = right.word == here.word + 1;
            // Where there is no neighbour this may be behind the last word.
            let last = types
                .get(here.word as usize + n - 1)
                .copied()
                .unwrap_or_default();
            self.keys[kept] = u64::from(here.ngram) << 32 | u64::from(last);
            // `kept` never passes `next - 1`, which is read already.
            self.places[kept] = here;
            kept += usize::from(neighbours);
        }
        self.keys.truncate(kept);
        self.places.truncate(kept);
    }
}

/// Keeps the places that `holds`, in order and without a branch: which do cannot be foreseen.
fn keep(places: &mut Vec<Place>, holds: impl Fn(Place) -> bool) {
    let mut kept = 0;
    for at in 0..places.len() {
        let place = places[at];
        places[kept] = place;
        kept += usize::from(holds(place));
    }
    places.truncate(kept);
}

/// Calls `look` with each level from 2 to `highest`, and with [`Scan::chars_before`].
pub(crate) fn levels(
    scan: &mut Scan,
    highest: usize,
    mut look: impl FnMut(usize, &mut Ngrams, &[u32]),
) {
    let Scan {
        ngrams,
        table,
        types,
        type_counts,
        chars_before,
        ..
    } = scan;
    ngrams.begin(types, type_counts, table);
    look(2, ngrams, chars_before);
    for n in 3..=highest {
        ngrams.rise(n, types, table);
        look(n, ngrams, chars_before);
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
                let found: Vec<(u32, usize)> = level
                    .places
                    .iter()
                    .map(|&place| (place.word, level.count(place) as usize))
                    .collect();
                assert_eq!(found, expected);
            });
        }
    }
}
