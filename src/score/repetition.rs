//! Repetition inside a document: Gopher's ten shares (Rae et al. 2021, arXiv 2112.11446, Table A1).
//!
//! All character shares are of the characters of the whole text. Lines, paragraphs and words are
//! those of [`crate::text`], words compared case-folded.
//!
//! - FineWeb's share of characters in duplicate lines leaves line ends out of the whole.
//! - A duplicate line or paragraph is one that repeats an earlier one: the first is none.
//! - The top n-gram is the most frequent one, the earliest of several; its share is its length,
//!   joined with spaces, times its count, also where the count is 1. So a very short text of
//!   distinct words has high shares.
//! - Duplicate n-grams are found from left to right: one that began before counts with all its
//!   words' characters (no spaces), and the search goes on behind it.

use super::measure::{Measure, Measures, share};
use crate::text::Scan;
use crate::text::ngrams::levels;

const TOP: [Measure; 3] = [
    Measure::Top2GramCharFrac,
    Measure::Top3GramCharFrac,
    Measure::Top4GramCharFrac,
];
const DUPLICATE: [Measure; 6] = [
    Measure::Dup5GramCharFrac,
    Measure::Dup6GramCharFrac,
    Measure::Dup7GramCharFrac,
    Measure::Dup8GramCharFrac,
    Measure::Dup9GramCharFrac,
    Measure::Dup10GramCharFrac,
];

/// Measures `text`, which `scan` read last.
pub(super) fn measure(text: &str, scan: &mut Scan, measures: &mut Measures) {
    let chars = scan.chars();
    let (count, dup_chars) = scan.duplicate_lines(text);
    measures.set(Measure::DupLineFrac, share(count, scan.lines.len() as u64));
    measures.set(Measure::DupLineCharFrac, share(dup_chars, chars));
    measures.set(
        Measure::CharDupRatio,
        share(dup_chars, chars - scan.line_ends),
    );
    let (count, dup_chars) = scan.duplicate_paragraphs(text);
    measures.set(
        Measure::DupParaFrac,
        share(count, scan.paragraphs.len() as u64),
    );
    measures.set(Measure::DupParaCharFrac, share(dup_chars, chars));
    levels(scan, 10, |n, level, chars_before| {
        let length =
            |word: u32| u64::from(chars_before[word as usize + n] - chars_before[word as usize]);
        match n {
            2..=4 => {
                let longer = chars_before.len() > n;
                let top = level.most_frequent().or(longer.then_some((0, 1)));
                let covered = top.map_or(0, |(word, count)| {
                    (length(word) + n as u64 - 1) * u64::from(count)
                });
                measures.set(TOP[n - 2], share(covered, chars));
            }
            _ => {
                let mut covered = 0;
                level.repetitions(n, |word| covered += length(word));
                if let Some(&place) = DUPLICATE.get(n - 5) {
                    measures.set(place, share(covered, chars));
                }
            }
        }
    });
}
