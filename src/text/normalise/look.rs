//! The first look at a text: how far the characters that a reader sees go, and whether any of them
//! are masked. Nearly all text is not, and is read no further than here.

use std::ops::Range;
use std::sync::LazyLock;

use super::look_alikes::{Plain, is_unseen, plain};

/// What a first look at the beginning of a text finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Byte after the last character that was asked for.
    pub(super) end: usize,
    /// How many of the characters that were asked for are missing.
    pub(super) left: usize,
    /// There are characters that cannot be seen, or styled letters.
    pub(super) masked: bool,
    /// There are letters of a script that has look-alikes of Latin letters.
    pub(super) foreign: bool,
}

/// Bytes that are found to be ASCII at once.
const STRIDE: usize = 32;

impl Look {
    /// Looks at the first `max_chars` characters of `text` that can be seen.
    pub(super) fn of(text: &str, max_chars: usize) -> Look {
        let bytes = text.as_bytes();
        let pages: &Pages = &PAGES;
        let mut look = Look {
            end: 0,
            left: max_chars,
            masked: false,
            foreign: false,
        };
        while look.left > 0 && look.end < bytes.len() {
            let rest = &bytes[look.end..];
            if rest[0] < 0x80 {
                let ascii = ascii_length(rest).min(look.left);
                look.end += ascii;
                look.left -= ascii;
            } else {
                let room = look.left;
                let (length, chars, foreign) = pages.plain_length(rest, room);
                look.end += length;
                look.left -= chars;
                look.foreign |= foreign;
                if chars < room && bytes.get(look.end).is_some_and(|&byte| byte >= 0x80) {
                    look.closer(&text[look.end..]);
                }
            }
        }
        look
    }

    /// Looks at the first character of `rest`, which may be masked.
    #[cold]
    fn closer(&mut self, rest: &str) {
        let Some(c) = rest.chars().next() else {
            return;
        };
        self.end += c.len_utf8();
        let visible = match (is_unseen(c), plain(c)) {
            (true, _) => 0,
            (false, Some(Plain::Many(letters))) => letters.len(),
            (false, Some(Plain::One(_))) => 1,
            (false, None) => {
                self.foreign |= has_look_alikes(c);
                self.left -= 1;
                return;
            }
        };
        self.masked = true;
        self.left -= visible.min(self.left);
    }
}

/// How many bytes `rest`, which begins with an ASCII byte, has before one that is none; it may say
/// fewer of a long run.
#[inline]
fn ascii_length(rest: &[u8]) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if rest
        .first_chunk::<STRIDE>()
        .is_some_and(|run| run.is_ascii())
    {
        return STRIDE;
    }
    match rest.first_chunk() {
        Some(eight) => {
            let high = u64::from_le_bytes(*eight) & HIGH;
            (high.trailing_zeros() / 8) as usize
        }
        None => rest.iter().take_while(|byte| byte.is_ascii()).count(),
    }
}

/// What the sixty-four characters are that differ in their last byte alone, a bit each.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// Cannot be seen, or are styled.
    masks: u64,
    /// Have look-alikes.
    foreign: u64,
}

/// The pages of the characters of two and three bytes, by the bits before the last byte.
struct Pages(Box<[Page; 1024]>);

/// Pages of Chinese characters, of Korean syllables and of private use, of which nothing is to be
/// said: to look them through would take longer than many a text.
const PLAIN_PAGES: [Range<u32>; 2] = [0xC8..0x280, 0x2B0..0x3E0];

static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    let page = |page: u32| {
        let bits = |is: fn(char) -> bool| {
            if PLAIN_PAGES.iter().any(|pages| pages.contains(&page)) {
                return 0;
            }
            (0..64).fold(0, |bits, place| {
                let c = char::from_u32(page * 64 + place);
                bits | u64::from(c.is_some_and(is)) << place
            })
        };
        Page {
            masks: bits(hides),
            foreign: bits(has_look_alikes),
        }
    };
    Pages(Box::new(std::array::from_fn(|number| page(number as u32))))
});

impl Pages {
    /// How many bytes and characters, `most` of these, `rest` has of two or three bytes each before
    /// one that is masked or of another length, and whether any of them is foreign.
    #[inline]
    fn plain_length(&self, rest: &[u8], most: usize) -> (usize, usize, bool) {
        let pages: &[Page; 1024] = &self.0;
        let (mut at, mut chars, mut foreign) = (0, 0, 0);
        while chars < most {
            let (number, last, length) = match rest[at..] {
                [lead @ 0xC0..0xE0, last, ..] => (usize::from(lead & 0x1F), last, 2),
                [lead @ 0xE0..0xF0, middle, last, ..] => {
                    let number = usize::from(lead & 0xF) << 6 | usize::from(middle & 0x3F);
                    (number, last, 3)
                }
                _ => break,
            };
            let page = pages[number];
            if page.masks >> (last & 63) & 1 == 1 {
                break;
            }
            foreign |= page.foreign >> (last & 63);
            at += length;
            chars += 1;
        }
        (at, chars, foreign & 1 == 1)
    }
}

/// Whether `c` cannot be seen or is a styled letter.
#[inline]
pub(super) fn is_masked(c: char) -> bool {
    let code = c as usize;
    match PAGES.0.get(code >> 6) {
        Some(page) => page.masks >> (code & 63) & 1 == 1,
        None => hides(c),
    }
}

/// [`is_masked`], by its definition.
fn hides(c: char) -> bool {
    is_unseen(c) || plain(c).is_some()
}

/// Whether `c` is of a script with letters that look like Latin ones.
fn has_look_alikes(c: char) -> bool {
    matches!(c,
        '\u{370}'..='\u{58F}' | '\u{10A0}'..='\u{10CF}' | '\u{13A0}'..='\u{13FF}'
        | '\u{2C80}'..='\u{2CFF}' | '\u{A4D0}'..='\u{A4FF}' | '\u{10400}'..='\u{1044F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, character by character.
    fn twin(text: &str, max_chars: usize) -> Look {
        let mut look = Look {
            end: 0,
            left: max_chars,
            masked: false,
            foreign: false,
        };
        for c in text.chars().take_while(|_| max_chars > 0) {
            if look.left == 0 {
                break;
            }
            look.end += c.len_utf8();
            let seen = match plain(c) {
                _ if is_unseen(c) => 0,
                Some(Plain::Many(letters)) => letters.len(),
                _ => 1,
            };
            look.left -= seen.min(look.left);
            look.masked |= hides(c);
            look.foreign |= has_look_alikes(c) && !is_unseen(c);
        }
        look
    }

    #[test]
    fn every_character_is_looked_at_as_it_is() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = c.to_string();
            assert_eq!(Look::of(&text, 2), twin(&text, 2), "{c:?}");
            assert_eq!(is_masked(c), hides(c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn the_look_is_its_twin(
            text in "([a-z ]{0,40}|[а-яё ]{0,9}|[“”’—é]|[中文，]{0,9}|[\u{200B}\u{301}ﬁⅧＡ𝐚😀]|.){0,12}",
            max_chars in 0usize..150,
        ) {
            prop_assert_eq!(Look::of(&text, max_chars), twin(&text, max_chars));
        }
    }
}
