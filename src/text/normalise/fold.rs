//! What a character outside ASCII becomes: a letter, a mark, a space, or nothing.

use std::sync::LazyLock;

/// A character after folding; letters are lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// Part of a word; an apostrophe comes as the letter `'`.
    Letter(char),
    /// A character that is a token by itself.
    Ideograph(char),
    Digit,
    /// A mark, as its ASCII kin where it has one.
    Mark(char),
    /// A list mark at a line's start, a dash elsewhere.
    Bullet,
    Ellipsis,
    Space,
    Dropped,
}

/// The alphabets of Europe, which make up nearly all text that is not ideographs.
static ALPHABETS: LazyLock<Vec<Folded>> = LazyLock::new(|| {
    let characters = (0..0x530).filter_map(char::from_u32);
    characters.map(computed).collect()
});

/// Folds one character above ASCII that can be seen.
#[inline]
pub(super) fn fold(c: char) -> Folded {
    match c {
        '\0'..='\u{52F}' => ALPHABETS[c as usize],
        '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => Folded::Ideograph(c),
        _ => computed(c),
    }
}

fn computed(c: char) -> Folded {
    match c {
        '\u{C0}'..='\u{2BB}' | '\u{370}'..='\u{52F}' if c.is_alphabetic() => {
            Folded::Letter(lower(c))
        }
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{B4}' | '\u{2BC}' => {
            Folded::Letter('\'')
        }
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' | '\u{2033}' | '\u{2039}' | '\u{203A}' => {
            Folded::Mark('"')
        }
        '\u{3008}'..='\u{300F}' | '\u{301D}'..='\u{301F}' => Folded::Mark('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2E3A}' | '\u{2E3B}' | '\u{FE58}' => {
            Folded::Mark('-')
        }
        '\u{2022}' | '\u{2023}' | '\u{25AA}' | '\u{25CF}' | '\u{25CB}' | '\u{25A0}' => {
            Folded::Bullet
        }
        '\u{2026}' => Folded::Ellipsis,
        '\u{3002}' | '\u{FF61}' => Folded::Mark('.'),
        '\u{3001}' | '\u{FF64}' => Folded::Mark(','),
        '\u{3010}' => Folded::Mark('['),
        '\u{3011}' => Folded::Mark(']'),
        '\u{FF01}'..='\u{FF5E}' => full_width(c),
        '\u{80}'..='\u{9F}' | '\u{2800}' => Folded::Space,
        _ if is_ideograph(c) => Folded::Ideograph(c),
        _ if c.is_whitespace() => Folded::Space,
        _ if c.is_alphabetic() => Folded::Letter(lower(c)),
        _ if c.is_numeric() => Folded::Digit,
        // Signs that a word of an Indic script is written with are not alphabetic by themselves.
        '\u{900}'..='\u{DFF}' => Folded::Letter(c),
        _ => Folded::Mark(c),
    }
}

/// Whether `c` is a token by itself: Han, kana, bopomofo, hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30FF}' | '\u{3100}'..='\u{318F}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1100}'..='\u{11FF}'
        | '\u{20000}'..='\u{323AF}')
        && c != '\u{30FB}'
}

fn full_width(c: char) -> Folded {
    let ascii = char::from((u32::from(c) - 0xFF01 + 0x21) as u8);
    match ascii {
        'a'..='z' | 'A'..='Z' => Folded::Letter(ascii.to_ascii_lowercase()),
        '0'..='9' => Folded::Digit,
        '*' | '#' | '_' | '~' | '`' => Folded::Dropped,
        '\'' => Folded::Letter('\''),
        _ => Folded::Mark(ascii),
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}
