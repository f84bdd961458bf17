//! Surface quality: Gopher's (Rae et al. 2021, arXiv 2112.11446, A.1.1) and FineWeb's (Penedo et al.
//! 2024, arXiv 2406.17557) line and word statistics, and the lengths of sentences.
//!
//! Words are those of [`crate::text::words`], so punctuation is no word and no share is diluted by
//! it. Blank lines are no lines here. Shares of nothing (no words, no lines) are 0, except that
//! sentence lengths are null where there is no sentence.

use std::sync::LazyLock;

use super::measure::{Measure, Measures, share};
use crate::text::{Scan, word_hash};

/// Gopher's stop words (English: filters should ask `when lang = en`).
const STOP_WORDS: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];

static STOP_HASHES: LazyLock<[u64; 8]> =
    LazyLock::new(|| STOP_WORDS.map(|word| word_hash(word.as_bytes())));

/// Signs at the start of a line that make it a list item.
const BULLETS: [char; 9] = ['•', '-', '*', '‣', '▪', '◦', '●', '–', '·'];

/// Signs at the end of a line that end a sentence or a quotation.
const LINE_ENDS: [char; 20] = [
    '.', '!', '?', '…', '"', '\'', '”', '’', '»', '。', '！', '？', '｡', '」', '』', '؟', '۔', '।',
    '॥', '։',
];

/// FineWeb: a line of at most so many characters is short.
const SHORT_LINE: usize = 30;

/// Measures `text`, which `scan` read last.
pub(super) fn measure(text: &str, scan: &Scan, measures: &mut Measures) {
    let words = scan.words();
    measures.set(Measure::MeanWordLength, share(scan.word_chars(), words));
    measures.set(
        Measure::SymbolWordRatio,
        share(scan.hash_signs.max(scan.ellipses), words),
    );
    measures.set(Measure::AlphaWordFrac, share(scan.alpha_words, words));
    let stop_words = STOP_HASHES
        .iter()
        .filter(|&&hash| scan.has_word(hash))
        .count();
    measures.set(Measure::StopWords, stop_words as f64);
    measures.set(Measure::NewlineWordRatio, share(scan.line_ends, words));
    lines(text, scan, measures);
    sentences(scan, measures);
}

fn lines(text: &str, scan: &Scan, measures: &mut Measures) {
    let (mut count, mut bullets, mut ellipses, mut ends, mut short) = (0, 0, 0, 0, 0);
    for line in &scan.lines {
        let look = Look::at(&text[line.span.clone()]);
        let holds = u64::from(!look.blank);
        count += holds;
        bullets += u64::from(look.bullet);
        ellipses += u64::from(look.ellipsis);
        ends += u64::from(look.end);
        short += holds & u64::from(line.chars <= SHORT_LINE as u64);
    }
    measures.set(Measure::BulletLineFrac, share(bullets, count));
    measures.set(Measure::EllipsisLineFrac, share(ellipses, count));
    measures.set(Measure::LineEndPunctFrac, share(ends, count));
    measures.set(Measure::ShortLineFrac, share(short, count));
}

/// What a line begins and ends with, white space aside.
struct Look {
    blank: bool,
    bullet: bool,
    ellipsis: bool,
    end: bool,
}

impl Look {
    /// A line that begins and ends with ASCII characters that can be seen, as nearly all do, is
    /// looked at by its bytes.
    fn at(line: &str) -> Look {
        let bytes = line.as_bytes();
        match (bytes.first(), bytes.last()) {
            (Some(first @ b'!'..=b'~'), Some(last @ b'!'..=b'~')) => Look {
                blank: false,
                bullet: matches!(first, b'-' | b'*'),
                ellipsis: *last == b'.' && bytes.ends_with(b"..."),
                end: matches!(last, b'.' | b'!' | b'?' | b'"' | b'\''),
            },
            _ => Look::of_any(line.trim()),
        }
    }

    fn of_any(trimmed: &str) -> Look {
        Look {
            blank: trimmed.is_empty(),
            bullet: trimmed.starts_with(BULLETS),
            ellipsis: trimmed.ends_with("...") || trimmed.ends_with('…'),
            end: trimmed.ends_with(LINE_ENDS),
        }
    }
}

fn sentences(scan: &Scan, measures: &mut Measures) {
    let sentences = scan.sentences;
    if sentences.count == 0 {
        return;
    }
    let (count, words) = (u128::from(sentences.count), u128::from(sentences.words));
    measures.set(Measure::MeanSentenceLength, words as f64 / count as f64);
    // In whole numbers, since the difference of two near squares would lose the digits.
    let spread = count * sentences.squares - words * words;
    measures.set(
        Measure::SdSentenceLength,
        libm::sqrt(spread as f64) / count as f64,
    );
}
