//! What a character between words is read as: a mark as its ASCII kin, or nothing.

/// A character between words after folding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::text) enum Between {
    /// Space, or formatting that says nothing.
    Nothing,
    /// A list mark where a line begins, a dash elsewhere.
    Bullet,
    /// Three full stops.
    Ellipsis,
    /// A mark, as its ASCII kin where it has one.
    Mark(char),
}

const ASCII: [Between; 128] = {
    let mut table = [Between::Nothing; 128];
    let mut byte = b' ' + 1;
    while byte < 0x7F {
        if !matches!(byte, b'*' | b'#' | b'_' | b'~' | b'`') {
            table[byte as usize] = Between::Mark(byte as char);
        }
        byte += 1;
    }
    table
};

/// What a character that stands outside of words, and can be seen, is read as.
#[inline]
pub(in crate::text) fn between(c: char) -> Between {
    match ASCII.get(c as usize) {
        Some(folded) => *folded,
        None => wide(c),
    }
}

fn wide(c: char) -> Between {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{B4}' | '\u{2BC}' => {
            Between::Mark('\'')
        }
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' | '\u{2033}' | '\u{2039}' | '\u{203A}' => {
            Between::Mark('"')
        }
        '\u{3008}'..='\u{300F}' | '\u{301D}'..='\u{301F}' => Between::Mark('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2E3A}' | '\u{2E3B}' | '\u{FE58}' => {
            Between::Mark('-')
        }
        '\u{2022}' | '\u{2023}' | '\u{25AA}' | '\u{25CF}' | '\u{25CB}' | '\u{25A0}' => {
            Between::Bullet
        }
        '\u{2026}' => Between::Ellipsis,
        '\u{3002}' | '\u{FF61}' => Between::Mark('.'),
        '\u{3001}' | '\u{FF64}' => Between::Mark(','),
        '\u{3010}' => Between::Mark('['),
        '\u{3011}' => Between::Mark(']'),
        '\u{FF01}'..='\u{FF5E}' => {
            ASCII[(u32::from(c) - u32::from('\u{FF01}') + u32::from('!')) as usize]
        }
        '\u{80}'..='\u{9F}' | '\u{2800}' => Between::Nothing,
        _ if c.is_whitespace() => Between::Nothing,
        _ => Between::Mark(c),
    }
}
