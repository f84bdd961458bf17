//! The n-gram prior's own tokens: words, marks, numbers and everything that an editor must leave alone.
//!
//! White space cuts a text into chunks. A chunk that is letters within quotes, brackets and stops is a word
//! with its marks; digits are a number; hyphenated and apostrophised chunks are words that give context
//! but are never edited (an elision agrees with what follows it); all else (links, paths, identifiers,
//! formulas, fenced code, scripts written without spaces) is opaque. Nothing here is a linguist's word rule:
//! it only has to be the same in training and in editing, and to hand out no span that is unsafe to replace.

use std::ops::{ControlFlow, Range};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters only, a chunk of its own but for marks: may be edited.
    Word,
    /// A part of a hyphenated or apostrophised chunk: context, never edited.
    Joined,
    /// One punctuation mark.
    Mark,
    /// Digits, with the marks inside a number.
    Number,
    /// Anything else, as one piece.
    Opaque,
}

/// One piece of a text: a byte span and its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the text, at character boundaries.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Longest word in bytes; a longer run of letters is opaque.
pub const MAX_WORD: usize = 64;

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const OPEN: u8 = 4;
const CLOSE: u8 = 8;
const APOSTROPHE: u8 = 16;
const HYPHEN: u8 = 32;
const NUMERIC: u8 = 64;

/// Whether a character may stand in an edited or drawn word: a letter of a script written with spaces.
pub fn is_word_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || (c > '\u{7f}' && c.is_alphabetic() && !is_unspaced(c))
}

/// Scripts in which white space does not part words: Thai, Lao, Myanmar, Khmer and their neighbours, and
/// Han and the syllabaries. Hangul is spaced.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x1950..=0x1AAF | 0x2E80..=0x312F
        | 0x3190..=0xA4CF | 0xA9E0..=0xA9FF | 0xAA60..=0xAADF | 0xF900..=0xFAFF | 0xFF66..=0xFF9F
        | 0x16FE0..=0x18DFF | 0x1AFF0..=0x1B2FF | 0x20000..=0x3FFFF)
}

const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut b = 0;
    while b < 128 {
        table[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'(' | b'[' | b'{' => OPEN,
            b')' | b']' | b'}' | b';' | b'!' | b'?' => CLOSE,
            b'.' | b',' | b':' => CLOSE | NUMERIC,
            b'"' | b'*' => OPEN | CLOSE,
            b'\'' => OPEN | CLOSE | APOSTROPHE,
            b'-' => HYPHEN | NUMERIC,
            b'%' | b'$' | b'+' | b'/' => NUMERIC,
            _ => 0,
        };
        b += 1;
    }
    table
};

fn class(c: char) -> u8 {
    match c {
        c if c.is_ascii() => ASCII[c as usize & 127],
        '\u{2019}' => CLOSE | APOSTROPHE,
        '\u{2018}' | '\u{201C}' | '\u{00AB}' => OPEN | CLOSE,
        '\u{201D}' | '\u{00BB}' => OPEN | CLOSE,
        '\u{201E}' | '\u{201A}' | '\u{00BF}' | '\u{00A1}' => OPEN,
        '\u{2026}' => CLOSE,
        '\u{2010}' | '\u{2011}' | '\u{2013}' | '\u{2014}' => HYPHEN,
        '\u{20AC}' | '\u{00A3}' | '\u{00B0}' => NUMERIC,
        c if is_word_letter(c) => LETTER,
        _ => 0,
    }
}

/// Calls `see` for each piece of `text` in order, until the end or a break.
pub fn each_piece(text: &str, mut see: impl FnMut(Piece) -> ControlFlow<()>) -> ControlFlow<()> {
    let mut fenced = false;
    let mut at = 0;
    loop {
        let (start, line_start) = skip_space(text, at);
        if start == text.len() {
            return ControlFlow::Continue(());
        }
        if !fenced && let Some((word, end)) = plain(text.as_bytes(), start) {
            see(Piece {
                span: start..word,
                kind: Kind::Word,
            })?;
            marks(&text[word..end], word, &mut see)?;
            at = end;
            continue;
        }
        let end = chunk_end(text, start);
        let chunk = &text[start..end];
        let fence =
            (line_start || start == 0) && (chunk.starts_with("```") || chunk.starts_with("~~~"));
        if fenced || fence {
            fenced ^= fence;
            see(Piece {
                span: start..end,
                kind: Kind::Opaque,
            })?;
        } else {
            cut(chunk, start, &mut see)?;
        }
        at = end;
    }
}

/// A shortcut for the commonest chunk, ASCII letters and at most one stop before a space: end of the word
/// and of the chunk.
fn plain(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let class = |at: usize| bytes.get(at).and_then(|&b| ASCII.get(usize::from(b)));
    let ends = |at: usize| matches!(bytes.get(at), None | Some(b' ' | b'\n'));
    let mut word = start;
    while class(word) == Some(&LETTER) {
        word += 1;
    }
    if word == start || word - start > MAX_WORD {
        return None;
    }
    let end = word + usize::from(class(word).is_some_and(|c| c & CLOSE != 0));
    ends(end).then_some((word, end))
}

/// The next byte that is not white space, and whether a line end came before it.
fn skip_space(text: &str, from: usize) -> (usize, bool) {
    if let [b' ', next, ..] = text.as_bytes()[from..]
        && next.is_ascii_graphic()
    {
        return (from + 1, false);
    }
    let mut line = false;
    for (i, c) in text[from..].char_indices() {
        if !c.is_whitespace() {
            return (from + i, line);
        }
        line |= c == '\n';
    }
    (text.len(), line)
}

fn chunk_end(text: &str, from: usize) -> usize {
    text[from..]
        .find(char::is_whitespace)
        .map_or(text.len(), |i| from + i)
}

/// Cuts one chunk, which begins at byte `base` of the text, into pieces.
fn cut(
    chunk: &str,
    base: usize,
    see: &mut impl FnMut(Piece) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let core_start = chunk.find(|c| class(c) & OPEN == 0).unwrap_or(chunk.len());
    let core_end = chunk
        .char_indices()
        .rev()
        .find(|&(_, c)| class(c) & CLOSE == 0)
        .map_or(core_start, |(i, c)| (i + c.len_utf8()).max(core_start));
    marks(&chunk[..core_start], base, see)?;
    let core = &chunk[core_start..core_end];
    if !core.is_empty() {
        let span = base + core_start..base + core_end;
        let kind = if core.chars().all(|c| class(c) == LETTER) && core.len() <= MAX_WORD {
            Kind::Word
        } else if is_joined(core) {
            joined(core, span.start, see)?;
            return marks(&chunk[core_end..], base + core_end, see);
        } else if is_number(core) {
            Kind::Number
        } else if core.chars().nth(1).is_none() && class_of(core) & (LETTER | DIGIT) == 0 {
            Kind::Mark
        } else {
            Kind::Opaque
        };
        see(Piece { span, kind })?;
    }
    marks(&chunk[core_end..], base + core_end, see)
}

fn class_of(core: &str) -> u8 {
    core.chars().fold(0, |any, c| any | class(c))
}

fn is_joined(core: &str) -> bool {
    core.len() <= MAX_WORD
        && class_of(core) & LETTER != 0
        && core
            .chars()
            .all(|c| class(c) & (LETTER | APOSTROPHE | HYPHEN) != 0)
}

fn is_number(core: &str) -> bool {
    class_of(core) & DIGIT != 0 && core.chars().all(|c| class(c) & (DIGIT | NUMERIC) != 0)
}

fn marks(
    run: &str,
    base: usize,
    see: &mut impl FnMut(Piece) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for (i, c) in run.char_indices() {
        see(Piece {
            span: base + i..base + i + c.len_utf8(),
            kind: Kind::Mark,
        })?;
    }
    ControlFlow::Continue(())
}

/// Parts a hyphenated or apostrophised chunk: at hyphens, and after an apostrophe that three or more letters
/// follow (an elided article is a word of its own; `'s`, `n't` and `'ll` are endings).
fn joined(
    core: &str,
    base: usize,
    see: &mut impl FnMut(Piece) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut start = 0;
    for (i, c) in core.char_indices() {
        let next = i + c.len_utf8();
        let (end, resume) = if class(c) & HYPHEN != 0 {
            (i, next)
        } else if class(c) & APOSTROPHE != 0 && letters_after(&core[next..]) >= 3 {
            (next, next)
        } else {
            continue;
        };
        if end > start {
            see(Piece {
                span: base + start..base + end,
                kind: Kind::Joined,
            })?;
        }
        start = resume;
    }
    if start < core.len() {
        see(Piece {
            span: base + start..base + core.len(),
            kind: Kind::Joined,
        })?;
    }
    ControlFlow::Continue(())
}

fn letters_after(rest: &str) -> usize {
    rest.chars().take_while(|&c| class(c) == LETTER).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(text: &str) -> Vec<(&str, Kind)> {
        let mut out = Vec::new();
        let _ = each_piece(text, |p| {
            out.push((&text[p.span], p.kind));
            ControlFlow::Continue(())
        });
        out
    }

    #[test]
    fn words_stand_apart_from_what_must_not_be_edited() {
        use Kind::{Joined, Mark, Number, Opaque, Word};
        assert_eq!(
            pieces("\u{201C}Well, see (the) e-mail: l'homme don't!\u{201D}"),
            vec![
                ("\u{201C}", Mark),
                ("Well", Word),
                (",", Mark),
                ("see", Word),
                ("(", Mark),
                ("the", Word),
                (")", Mark),
                ("e", Joined),
                ("mail", Joined),
                (":", Mark),
                ("l'", Joined),
                ("homme", Joined),
                ("don't", Joined),
                ("!", Mark),
                ("\u{201D}", Mark),
            ]
        );
        assert_eq!(
            pieces("3,5 % v1.2 foo() a/b https://x.y/z snake_case \\alpha 日本語 \u{2014} 12:30"),
            vec![
                ("3,5", Number),
                ("%", Mark),
                ("v1.2", Opaque),
                ("foo(", Opaque),
                (")", Mark),
                ("a/b", Opaque),
                ("https://x.y/z", Opaque),
                ("snake_case", Opaque),
                ("\\alpha", Opaque),
                ("日本語", Opaque),
                ("\u{2014}", Mark),
                ("12:30", Number),
            ]
        );
    }

    #[test]
    fn fenced_code_is_opaque() {
        let kinds: Vec<Kind> = pieces("so\n```rust\nlet it be\n```\nso")
            .into_iter()
            .map(|p| p.1)
            .collect();
        assert_eq!(kinds[0], Kind::Word);
        assert!(kinds[1..6].iter().all(|&k| k == Kind::Opaque));
        assert_eq!(kinds[6], Kind::Word);
    }

    proptest! {
        /// An em space ends a chunk like a plain one but never meets the shortcut.
        #[test]
        fn the_shortcut_changes_nothing(text in "([a-z'.,!)\"*]{1,8} ){1,12}") {
            let long_way = text.replace(' ', "\u{2003}");
            prop_assert_eq!(pieces(&text), pieces(&long_way));
        }

        #[test]
        fn pieces_are_ordered_and_words_are_letters(text in "(?s).{0,80}") {
            let mut end = 0;
            let _ = each_piece(&text, |p| {
                assert!(p.span.start >= end && p.span.end > p.span.start);
                end = p.span.end;
                let piece = &text[p.span];
                assert!(!piece.contains(char::is_whitespace));
                if p.kind == Kind::Word {
                    assert!(piece.chars().all(is_word_letter));
                }
                ControlFlow::Continue(())
            });
        }
    }
}
