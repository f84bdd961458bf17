//! The first look at a text: how far the characters that a reader sees go, and whether any of them
//! are masked. Nearly all text is not, and is read no further than here.

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
        let mut foreign = 0;
        while look.left > 0 && look.end < bytes.len() {
            let rest = &bytes[look.end..];
            if rest[0] < 0x80 {
                let ascii = ascii_length(rest).min(look.left);
                look.end += ascii;
                look.left -= ascii;
                continue;
            }
            let page = pages.of(rest);
            if page.masks >> page.place & 1 == 0 {
                foreign |= page.foreign >> page.place & 1;
                look.end += page.length;
                look.left -= 1;
            } else {
                let visible = look.closer(&text[look.end..]);
                look.left -= visible.min(look.left);
            }
        }
        look.foreign |= foreign != 0;
        look
    }

    /// Looks at the first character of `rest`, which may be masked, and says how many characters a
    /// reader sees of it.
    #[cold]
    fn closer(&mut self, rest: &str) -> usize {
        let Some(c) = rest.chars().next() else {
            return 0;
        };
        self.end += c.len_utf8();
        let visible = match (is_unseen(c), plain(c)) {
            (true, _) => 0,
            (false, Some(Plain::Many(letters))) => letters.len(),
            (false, Some(Plain::One(_))) => 1,
            (false, None) => {
                self.foreign |= has_look_alikes(c);
                return 1;
            }
        };
        self.masked = true;
        visible
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
struct Pages(Vec<Page>);

/// A character's page and its place there.
struct Found {
    masks: u64,
    foreign: u64,
    place: u32,
    /// Bytes of the character.
    length: usize,
}

static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    let page = |page: u32| {
        let bits = |is: fn(char) -> bool| {
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
    Pages((0..1024).map(page).collect())
});

impl Pages {
    /// Of the first character of `rest`, which is not ASCII. One of four bytes may be anything.
    #[inline]
    fn of(&self, rest: &[u8]) -> Found {
        let low = |at: usize| rest.get(at).map_or(0, |byte| usize::from(byte & 0x3F));
        let (number, last, length) = match rest[0] {
            lead @ 0..0xE0 => (usize::from(lead & 0x1F), low(1), 2),
            lead @ 0xE0..0xF0 => (usize::from(lead & 0xF) << 6 | low(1), low(2), 3),
            _ => {
                return Found {
                    masks: 1,
                    foreign: 0,
                    place: 0,
                    length: 4,
                };
            }
        };
        let page = self.0[number];
        Found {
            masks: page.masks,
            foreign: page.foreign,
            place: last as u32,
            length,
        }
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
