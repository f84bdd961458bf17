//! What a character is to the word rule, and its case-folded form; by one table look-up in the
//! basic plane.

use std::sync::LazyLock;

use super::marks::MARKS;

/// What a character is to the word rule of [`super::words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// Ends a word and is none.
    Other,
    /// A letter of a script that is written in runs.
    Letter,
    /// A digit or other number.
    Digit,
    /// A combining mark, joiner or soft hyphen: stays with the word before it, begins none.
    Mark,
    /// An apostrophe: part of a word if letters or digits stand on both sides.
    Apostrophe,
    /// Han, Hiragana, Katakana, Bopomofo: a word each.
    Cjk,
    /// A letter that begins an orthographic cluster (Thai, Lao, Khmer, Myanmar).
    Base,
    /// A vowel written before the letter that it belongs to (Thai, Lao).
    Prefix,
    /// A vowel or repeat sign written after the cluster that it belongs to.
    Suffix,
    /// A sign that puts the next letter below the last one (Khmer coeng, Myanmar virama).
    Stacker,
}

const CLASSES: [Class; 10] = [
    Class::Other,
    Class::Letter,
    Class::Digit,
    Class::Mark,
    Class::Apostrophe,
    Class::Cjk,
    Class::Base,
    Class::Prefix,
    Class::Suffix,
    Class::Stacker,
];

/// The plane that holds nearly all text but emoji; beyond, classes are computed.
const TABLED: usize = 0x10000;

/// Class in the upper eight bits; below, the UTF-8 bytes of the folded character, the first one
/// lowest. A program that reads one short text waits for all of it.
static TABLE: LazyLock<Vec<u32>> = LazyLock::new(|| {
    (0..TABLED as u32)
        .map(|code| match char::from_u32(code) {
            Some(c) => ((computed(c) as u32) << 24) | utf8(folded(c)),
            None => 0,
        })
        .collect()
});

/// The UTF-8 bytes of `c`, the first one lowest.
fn utf8(c: char) -> u32 {
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes);
    u32::from_le_bytes(bytes)
}

/// A handle on the table, so that a loop over characters does not ask each time whether it is made.
#[derive(Clone, Copy)]
pub(super) struct Classes(&'static [u32]);

impl Classes {
    pub(super) fn get() -> Classes {
        Classes(&TABLE)
    }

    #[inline]
    pub(super) fn class(self, c: char) -> Class {
        match self.0.get(c as usize) {
            Some(entry) => CLASSES[(entry >> 24) as usize],
            None => computed(c),
        }
    }

    /// Class of `c`, and the UTF-8 bytes, the first one lowest, of its case-folded form: one
    /// character, so that a fold never changes a word's length.
    #[inline]
    pub(super) fn of(self, c: char) -> (Class, u32) {
        match self.0.get(c as usize) {
            Some(entry) => (CLASSES[(entry >> 24) as usize], entry & 0x00FF_FFFF),
            None => (computed(c), utf8(folded(c))),
        }
    }
}

/// Simple lower case; the final sigma is a sigma, the curly apostrophe a straight one.
pub(super) fn folded(c: char) -> char {
    match c {
        'ς' => 'σ',
        '\u{2019}' => '\'',
        _ => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(only), None) => only,
                _ => c,
            }
        }
    }
}

fn computed(c: char) -> Class {
    let code = c as u32;
    match code {
        0x27 | 0x2019 => Class::Apostrophe,
        0xAD | 0x200C | 0x200D | 0xFF9E | 0xFF9F => Class::Mark,
        0x3005 | 0x3007 | 0x303B => Class::Cjk,
        0x3041..=0x3096 | 0x309D..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x312F => Class::Cjk,
        0x31A0..=0x31BF | 0x31F0..=0x31FF | 0xFF66..=0xFF9D => Class::Cjk,
        0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF => Class::Cjk,
        0x1B000..=0x1B16F | 0x20000..=0x2FFFF | 0x30000..=0x3FFFF => Class::Cjk,
        // Hangul syllables, private use and emoji are so many that it pays not to look them up.
        0xAC00..=0xD7A3 => Class::Letter,
        0xE000..=0xF8FF | 0x1F200..=0x1FBEF => Class::Other,
        0x0E40..=0x0E44 | 0x0EC0..=0x0EC4 => Class::Prefix,
        0x0E30 | 0x0E32 | 0x0E33 | 0x0E45 | 0x0E46 => Class::Suffix,
        0x0EB0 | 0x0EB2 | 0x0EB3 | 0x0EC6 | 0x17D7 => Class::Suffix,
        0x17D2 | 0x1039 => Class::Stacker,
        _ if is_mark(code) => Class::Mark,
        0x0E01..=0x0E2F | 0x0E81..=0x0EAF | 0x0EDC..=0x0EDF => Class::Base,
        0x1780..=0x17B3 | 0x1000..=0x102A | 0x103F | 0x1050..=0x108F => Class::Base,
        0xAA60..=0xAA7A => Class::Base,
        _ if c.is_alphabetic() => Class::Letter,
        _ if c.is_numeric() => Class::Digit,
        _ => Class::Other,
    }
}

fn is_mark(code: u32) -> bool {
    let after = MARKS.partition_point(|range| range.0 <= code);
    after > 0 && code <= MARKS[after - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_the_computed_class_and_fold() {
        let classes = Classes::get();
        let codes = (0..=0x10FFFF).step_by(7).chain(0xFFF0..=0x1000F);
        for c in codes.filter_map(char::from_u32) {
            assert_eq!(classes.class(c), computed(c), "{c:?}");
            assert_eq!(classes.of(c), (computed(c), utf8(folded(c))), "{c:?}");
        }
    }

    #[test]
    fn what_is_not_looked_up_is_what_the_tables_say() {
        for code in (0xAC00..=0xD7A3)
            .chain(0xE000..=0xF8FF)
            .chain(0x1F200..=0x1FBEF)
        {
            let c = char::from_u32(code).unwrap();
            let class = match c {
                _ if is_mark(code) => Class::Mark,
                _ if c.is_alphabetic() => Class::Letter,
                _ if c.is_numeric() => Class::Digit,
                _ => Class::Other,
            };
            assert_eq!(computed(c), class, "{c:?}");
        }
    }

    #[test]
    fn known_characters_have_their_class() {
        let classes = Classes::get();
        for (c, class) in [
            ('a', Class::Letter),
            ('é', Class::Letter),
            ('한', Class::Letter),
            ('7', Class::Digit),
            ('½', Class::Digit),
            ('\u{301}', Class::Mark),
            ('\u{94D}', Class::Mark),
            ('\u{FE0F}', Class::Mark),
            ('漢', Class::Cjk),
            ('ー', Class::Cjk),
            ('\u{20000}', Class::Cjk),
            ('ก', Class::Base),
            ('เ', Class::Prefix),
            ('_', Class::Other),
            ('😀', Class::Other),
            ('、', Class::Other),
        ] {
            assert_eq!(classes.class(c), class, "{c:?}");
        }
        for (c, fold) in [('Ω', 'ω'), ('İ', 'İ'), ('\u{10400}', '\u{10428}')] {
            assert_eq!(classes.of(c).1, utf8(fold), "{c:?}");
        }
    }
}
