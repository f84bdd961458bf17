//! The first look at a text: how far the characters that a reader sees go, and whether any of them
//! are masked. Nearly all text is not, and is read no further than here.

use std::ops::Range;
use std::sync::LazyLock;

use wide::u8x16;

use super::look_alikes::{Plain, is_unseen, plain};
use crate::text::block::{BLOCK, LANES, below, within};

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

impl Look {
    /// Looks at the first `max_chars` characters of `text` that can be seen.
    pub(super) fn of(text: &str, max_chars: usize) -> Look {
        let mut look = Look {
            end: 0,
            left: max_chars,
            masked: false,
            foreign: false,
        };
        while look.left > 0 && look.end < text.len() {
            let rest = &text[look.end..];
            match rest.as_bytes().first_chunk() {
                Some(block) => look.plain(rest, block, BLOCK),
                None => {
                    let mut padded = [0; BLOCK];
                    padded[..rest.len()].copy_from_slice(rest.as_bytes());
                    look.plain(rest, &padded, rest.len());
                }
            }
        }
        look
    }

    /// Looks at the first `length` bytes of `rest`, which are those of `block`, until one is masked.
    #[inline]
    fn plain(&mut self, rest: &str, block: &[u8; BLOCK], length: usize) {
        let leads = Leads::of(block);
        let mut starts = leads.starts & below(length as u32);
        // The last character may go on after a block that ends with one of its bytes: it is left for the next.
        let mut until = match leads.wide >> (BLOCK - 1) {
            0 => length,
            _ => BLOCK - 1 - starts.leading_zeros() as usize,
        };
        let (mut odd, mut foreign) = (leads.odd & below(until as u32), leads.foreign);
        let mut masked = false;
        while odd != 0 {
            let at = odd.trailing_zeros() as usize;
            let c = rest[at..].chars().next();
            if c.is_some_and(is_masked) {
                masked = true;
                until = at;
                break;
            }
            foreign |= u64::from(c.is_some_and(is_foreign)) << at;
            odd &= odd - 1;
        }
        starts &= below(until as u32);
        let mut chars = starts.count_ones() as usize;
        if chars > self.left {
            (chars, masked) = (self.left, false);
            until = place(starts, chars);
        }
        self.foreign |= foreign & below(until as u32) != 0;
        self.end += until;
        self.left -= chars;
        if masked {
            self.unmask(&rest[until..]);
        }
    }

    /// Takes in the masked characters that `rest` begins with, as far as any are asked for: they come in runs, and a
    /// block for each would be looked at anew.
    #[cold]
    fn unmask(&mut self, rest: &str) {
        for c in rest.chars().take_while(|&c| is_masked(c)) {
            if self.left == 0 {
                return;
            }
            self.end += c.len_utf8();
            self.masked = true;
            self.left -= match plain(c) {
                _ if is_unseen(c) => 0,
                Some(Plain::Many(letters)) => letters.len().min(self.left),
                _ => 1,
            };
        }
    }
}

/// The place of the set bit of `bits` that has `before` others below it.
fn place(mut bits: u64, before: usize) -> usize {
    for _ in 0..before {
        bits &= bits.wrapping_sub(1);
    }
    bits.trailing_zeros() as usize
}

/// The first bytes of the characters of a block, as sets of bits.
struct Leads {
    /// Of all characters.
    starts: u64,
    /// All bytes that are not ASCII, the first or not.
    wide: u64,
    /// Of characters that have look-alikes; more of them may be among the odd ones.
    foreign: u64,
    /// Of characters that must be looked at one by one.
    odd: u64,
}

impl Leads {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Leads {
        let sixteens = || block.as_chunks::<LANES>().0.iter().map(|b| u8x16::new(*b));
        let set = |is: fn(u8x16) -> u8x16| {
            let sets = sixteens().zip((0..).step_by(LANES));
            sets.fold(0, |set, (bytes, first)| {
                set | u64::from(is(bytes).to_bitmask()) << first
            })
        };
        let wide = set(|bytes| bytes);
        if wide == 0 {
            return Leads {
                starts: u64::MAX,
                wide,
                foreign: 0,
                odd: 0,
            };
        }
        let starts = !set(|bytes| within(bytes, 0x80, 0xBF));
        let foreign = set(|bytes| within(bytes, 0xD0, 0xD1));
        let calm = set(|bytes| {
            // No character that begins with these is masked or foreign. They begin most that are not ASCII: letters
            // with accents, and those of Arabic, the scripts of India, Thai, Chinese and Korean.
            within(bytes, 0xC3, 0xC4)
                | within(bytes, 0xD9, 0xE0)
                | within(bytes, 0xE4, 0xE9)
                | within(bytes, 0xEB, 0xEE)
        });
        Leads {
            starts,
            wide,
            foreign,
            odd: wide & starts & !foreign & !calm,
        }
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

/// The pages of the characters of up to three bytes, by the bits before the last six.
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
#[inline]
fn is_foreign(c: char) -> bool {
    let code = c as usize;
    match PAGES.0.get(code >> 6) {
        Some(page) => page.foreign >> (code & 63) & 1 == 1,
        None => has_look_alikes(c),
    }
}

/// [`is_foreign`], by its definition.
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
        let after = "e".repeat(BLOCK);
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let text = c.to_string();
            assert_eq!(Look::of(&text, 2), twin(&text, 2), "{c:?}");
            let text = text + &after;
            assert_eq!(Look::of(&text, 2), twin(&text, 2), "{c:?}");
            assert_eq!(is_masked(c), hides(c), "{c:?}");
            assert_eq!(is_foreign(c), has_look_alikes(c), "{c:?}");
        }
    }

    #[test]
    fn every_lead_is_looked_at_as_it_is_at_each_place_of_a_block() {
        // One of each first byte, and some that are masked or foreign.
        let all = (0..0x10_FFFF).step_by(0x40).filter_map(char::from_u32);
        let some = "\u{AD}’λяաｂﬁ\u{200B}\u{301}\u{61C}𝐚😀Ⅷ\u{FEFF}".chars();
        for c in all.chain(some) {
            for before in BLOCK - 5..=BLOCK + 1 {
                for after in ["", "жжж"] {
                    let text = format!("{}{c}{after}", "x".repeat(before));
                    for left in [before, before + 1, before + 2, 200] {
                        assert_eq!(Look::of(&text, left), twin(&text, left), "{text} {left}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_look_is_its_twin(
            text in "([a-z ]{0,40}|[а-яё ]{0,40}|[“”’—é]|[中文，가]{0,30}|[\u{200B}\u{301}ﬁⅧＡ𝐚😀]{1,30}|.){0,16}",
            max_chars in 0usize..300,
        ) {
            prop_assert_eq!(Look::of(&text, max_chars), twin(&text, max_chars));
        }
    }
}
