//! Lines and paragraphs: spans of a text, each with its length; and those that repeat an earlier one.
//!
//! A line ends at `\n` or `\r\n`; an empty one is none. A paragraph is a run of lines with no empty
//! line between them. So lines are the pieces between `\n+` and paragraphs those between `\n{2,}`,
//! as in common readings of the Gopher rules, and text with `\r\n` counts alike.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::table::Table;

/// A line or a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes of the text, without the line end.
    pub(crate) span: Range<usize>,
    /// Length in characters.
    pub(crate) chars: u64,
}

impl Piece {
    fn of(text: &str, span: Range<usize>) -> Piece {
        let piece = &text[span.clone()];
        Piece {
            span,
            chars: piece.chars().count() as u64,
        }
    }

    /// Bytes that begin no character.
    fn wide(&self) -> u64 {
        self.span.len() as u64 - self.chars
    }
}

/// Pieces of `text` that repeat an earlier one: how many, and their characters. A text of one piece needs no
/// hash.
pub(super) fn duplicates(text: &str, pieces: &[Piece], table: &mut Table) -> (u64, u64) {
    if pieces.len() < 2 {
        return (0, 0);
    }
    table.begin(pieces.len());
    let (mut count, mut chars, mut distinct) = (0, 0, 0);
    for piece in pieces {
        let hash = xxh3_64(&text.as_bytes()[piece.span.clone()]);
        if table.number(hash) < distinct {
            count += 1;
            chars += piece.chars;
        } else {
            distinct += 1;
        }
    }
    (count, chars)
}

/// Fills in the lines and paragraphs of `text`; gives the number of line ends, and of characters.
pub(super) fn split(text: &str, lines: &mut Vec<Piece>, paragraphs: &mut Vec<Piece>) -> (u64, u64) {
    lines.clear();
    paragraphs.clear();
    let (mut start, mut line_ends) = (0, 0);
    let mut first_of_paragraph = 0;
    // By vectors, where the standard library's search for a character goes two machine words a step.
    let whole = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
    let open = (!text.is_empty() && !text.ends_with('\n')).then_some(text.len());
    for end in whole.chain(open) {
        let part = &text[start..end];
        let line = part.strip_suffix('\n').unwrap_or(part);
        line_ends += u64::from(line.len() < part.len());
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            close(&lines[first_of_paragraph..], paragraphs);
            first_of_paragraph = lines.len();
        } else {
            lines.push(Piece::of(text, start..start + line.len()));
        }
        start = end;
    }
    close(&lines[first_of_paragraph..], paragraphs);
    // Between lines there is ASCII alone.
    let wide: u64 = lines.iter().map(Piece::wide).sum();
    (line_ends, text.len() as u64 - wide)
}

fn close(lines: &[Piece], paragraphs: &mut Vec<Piece>) {
    match lines {
        [] => {}
        [only] => paragraphs.push(only.clone()),
        [first, .., last] => {
            let span = first.span.start..last.span.end;
            let wide: u64 = lines.iter().map(Piece::wide).sum();
            paragraphs.push(Piece {
                chars: span.len() as u64 - wide,
                span,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts<'a>(text: &'a str, pieces: &[Piece]) -> Vec<&'a str> {
        pieces
            .iter()
            .map(|piece| &text[piece.span.clone()])
            .collect()
    }

    proptest! {
        #[test]
        fn pieces_are_what_splitting_leaves(text in "[abé漢\\n]{0,40}") {
            let (mut lines, mut paragraphs) = (Vec::new(), Vec::new());
            let (line_ends, _) = split(&text, &mut lines, &mut paragraphs);
            prop_assert_eq!(line_ends as usize, text.matches('\n').count());
            let plain: Vec<&str> = text.split('\n').filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(texts(&text, &lines), plain);
            let plain: Vec<&str> =
                text.split("\n\n").map(|p| p.trim_matches('\n')).filter(|p| !p.is_empty()).collect();
            prop_assert_eq!(texts(&text, &paragraphs), plain);
        }

        #[test]
        fn carriage_returns_before_line_ends_change_no_count(text in "[aé\\n]{0,40}") {
            let count = |text: &str| {
                let (mut lines, mut paragraphs) = (Vec::new(), Vec::new());
                let (line_ends, chars) = split(text, &mut lines, &mut paragraphs);
                assert_eq!(chars as usize, text.chars().count());
                for piece in lines.iter().chain(&paragraphs) {
                    assert_eq!(piece.chars as usize, text[piece.span.clone()].chars().count());
                }
                (line_ends, lines.iter().map(|line| line.chars).collect::<Vec<_>>(), paragraphs.len())
            };
            prop_assert_eq!(count(&text), count(&text.replace('\n', "\r\n")));
        }
    }
}
