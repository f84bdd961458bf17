//! `compat = "datatrove"`: repetition and quality by the definitions of datatrove 0.10.1, to the digit.
//!
//! The values are those that its `GopherRepetitionFilter`, `GopherQualityFilter` and
//! `FineWebQualityFilter` compare with their thresholds, where words are `text.split()`: what stands
//! between white space. Its own word splitters (spaCy's and others') are programs of their own that
//! change with their versions, and are not followed; give it white-space words for like results.
//!
//! What differs from this program's own definitions ([`super::repetition`], [`super::quality`]):
//!
//! - Words keep their punctuation and case: `The`, `the` and `the,` are three words, and a Chinese
//!   sentence is one.
//! - Words of signs alone count as words, except in the mean length and in `non_symbol_words`.
//! - Lines of the repetition part at runs of `\n` in the text as it is, so that an outer line end
//!   makes an empty line; paragraphs at runs of two or more in the stripped text; `\r` belongs to
//!   the line.
//! - Bullets (`•` and `-` alone) and ellipses are looked for in the lines of `str.splitlines`, empty
//!   ones counted; FineWeb's lines part at each `\n` and are not blank, and end with one of a set of
//!   sentence ends as they stand, white space and quotation marks not passed over.
//! - Duplicate n-grams are joined without spaces before they are compared.
//!
//! datatrove has no value where there is no word, or no line that is not blank (it drops the text, or
//! stops): here it is 0, as in the default.

mod letters;
mod ngrams;
pub(super) mod python;
mod signs;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use self::ngrams::Joined;
use self::python::{is_alpha, is_space, split, split_lines, split_runs};
use self::signs::{is_symbol, is_terminal};
use super::measure::{Measure, Measures, share};

/// Gopher's stop words, as they stand in the text.
const STOP_WORDS: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

/// FineWeb: a line of at most so many characters is short.
const SHORT_LINE: usize = 30;

const TOP: [(usize, Measure); 3] = [
    (2, Measure::Top2GramCharFrac),
    (3, Measure::Top3GramCharFrac),
    (4, Measure::Top4GramCharFrac),
];
const DUPLICATE: [(usize, Measure); 6] = [
    (5, Measure::Dup5GramCharFrac),
    (6, Measure::Dup6GramCharFrac),
    (7, Measure::Dup7GramCharFrac),
    (8, Measure::Dup8GramCharFrac),
    (9, Measure::Dup9GramCharFrac),
    (10, Measure::Dup10GramCharFrac),
];

/// Puts datatrove's values of `text` in the place of this program's own.
pub(super) fn measure(text: &str, measures: &mut Measures) {
    let words: Vec<&str> = split(text).collect();
    repeated_pieces(text, measures);
    repeated_words(text, &words, measures);
    word_quality(text, &words, measures);
    gopher_lines(text, measures);
    fineweb_lines(text, measures);
}

fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

/// Pieces that repeat an earlier one: how many, and their characters.
fn duplicates(pieces: &[&str]) -> (u64, u64) {
    let mut seen = HashSet::new();
    let mut found = (0, 0);
    for &piece in pieces {
        if !seen.insert(piece) {
            found = (found.0 + 1, found.1 + chars(piece));
        }
    }
    found
}

fn repeated_pieces(text: &str, measures: &mut Measures) {
    let whole = chars(text);
    let lines = split_runs(text, 1);
    let (count, covered) = duplicates(&lines);
    measures.set(Measure::DupLineFrac, share(count, lines.len() as u64));
    measures.set(Measure::DupLineCharFrac, share(covered, whole));
    let paragraphs = split_runs(text.trim_matches(is_space), 2);
    let (count, covered) = duplicates(&paragraphs);
    measures.set(Measure::DupParaFrac, share(count, paragraphs.len() as u64));
    measures.set(Measure::DupParaCharFrac, share(covered, whole));
}

fn repeated_words(text: &str, words: &[&str], measures: &mut Measures) {
    let whole = chars(text);
    let spaced = Joined::new(words, " ");
    for (n, measure) in TOP {
        measures.set(measure, share(spaced.top(n), whole));
    }
    let tight = Joined::new(words, "");
    for (n, measure) in DUPLICATE {
        measures.set(measure, share(tight.repeated(n), whole));
    }
}

fn word_quality(text: &str, words: &[&str], measures: &mut Measures) {
    let count = words.len() as u64;
    let (mut more, mut more_chars, mut alpha) = (0, 0, 0);
    for word in words {
        if !word.chars().all(is_symbol) {
            more += 1;
            more_chars += chars(word);
        }
        alpha += u64::from(word.chars().any(is_alpha));
    }
    measures.set(Measure::NonSymbolWords, more as f64);
    measures.set(Measure::MeanWordLength, share(more_chars, more));
    measures.set(Measure::AlphaWordFrac, share(alpha, count));
    let signs = |sign: &str| text.matches(sign).count() as u64;
    let most = signs("#").max(signs("...") + signs("…"));
    measures.set(Measure::SymbolWordRatio, share(most, count));
    let stop_words = STOP_WORDS.iter().filter(|stop| words.contains(stop));
    measures.set(Measure::StopWords, stop_words.count() as f64);
    measures.set(Measure::NewlineWordRatio, share(signs("\n"), count));
}

fn gopher_lines(text: &str, measures: &mut Measures) {
    let lines = split_lines(text);
    let (mut bullets, mut ellipses) = (0, 0);
    for line in &lines {
        bullets += u64::from(line.trim_start_matches(is_space).starts_with(['•', '-']));
        let end = line.trim_end_matches(is_space);
        ellipses += u64::from(end.ends_with("...") || end.ends_with('…'));
    }
    let count = lines.len() as u64;
    measures.set(Measure::BulletLineFrac, share(bullets, count));
    measures.set(Measure::EllipsisLineFrac, share(ellipses, count));
}

fn fineweb_lines(text: &str, measures: &mut Measures) {
    let lines: Vec<&str> = text
        .split('\n')
        .filter(|line| !line.chars().all(is_space))
        .collect();
    let count = lines.len() as u64;
    let ends = lines.iter().filter(|line| line.ends_with(is_terminal));
    measures.set(Measure::LineEndPunctFrac, share(ends.count() as u64, count));
    let short = |line: &&&str| line.chars().nth(SHORT_LINE).is_none();
    let short = lines.iter().filter(short).count() as u64;
    measures.set(Measure::ShortLineFrac, share(short, count));
    let line_feeds = text.matches('\n').count() as u64;
    let (_, covered) = duplicates(&lines);
    measures.set(
        Measure::CharDupRatio,
        share(covered, chars(text) - line_feeds),
    );
}
