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
    /// Which n-gram it is: numbers rise with the first place of an n-gram, with gaps.
    ngram: u32,
}

/// Repeated places of one level after the other; scratch of [`Scan`].
#[derive(Default)]
pub(crate) struct Ngrams {
    places: Vec<Place>,
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

    /// Level 1: the repeated words themselves.
    fn begin(&mut self, types: &[u32], type_counts: &[u32]) {
        self.counts.clear();
        self.counts.extend_from_slice(type_counts);
        self.places.clear();
        self.places
            .extend(types.iter().zip(0..).filter_map(|(&ngram, word)| {
                (type_counts[ngram as usize] > 1).then_some(Place { word, ngram })
            }));
    }

    /// From level n-1 to level n.
    fn rise(&mut self, n: usize, types: &[u32], table: &mut Table) {
        table.begin((self.places.len() / 2).min(1 << 16));
        self.counts.clear();
        let mut kept = 0;
        for next in 1..self.places.len() {
            let (here, right) = (self.places[next - 1], self.places[next]);
            if right.word != here.word + 1 {
                continue;
            }
            let last = types[here.word as usize + n - 1];
            let ngram = table.number(u64::from(here.ngram) << 32 | u64::from(last));
            match self.counts.get_mut(ngram as usize) {
                Some(count) => *count += 1,
                None => self.counts.push(1),
            }
            // `kept` never passes `next - 1`, which is read already.
            self.places[kept] = Place {
                word: here.word,
                ngram,
            };
            kept += 1;
        }
        self.places.truncate(kept);
        let counts = &self.counts;
        self.places.retain(|place| counts[place.ngram as usize] > 1);
    }
}

/// Calls `look` with each level from 2 to `highest`, and with [`Scan::chars_before`].
pub(crate) fn levels(
    scan: &mut Scan,
    highest: usize,
    mut look: impl FnMut(usize, &mut Ngrams, &[u64]),
) {
    let Scan {
        ngrams,
        table,
        types,
        type_counts,
        chars_before,
        ..
    } = scan;
    ngrams.begin(types, type_counts);
    for n in 2..=highest {
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
