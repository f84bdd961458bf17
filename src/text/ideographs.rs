//! Runs of unified ideographs: most of a Chinese text, taken by their bytes.
//!
//! A character of U+4E00 to U+9FFF is three bytes, a word, and its own folded form; so a run of them
//! needs no decoding and no table, which for so many characters no near cache holds.

use super::hash::char_hash;
use super::words::Word;

/// Neighbours among the unified ideographs, each a word.
pub(super) struct Ideographs<'a> {
    /// Byte of the text where the first begins.
    at: usize,
    /// Their bytes.
    alone: &'a [[u8; 3]],
}

impl<'a> Ideographs<'a> {
    /// Those that begin at byte `start` of `text`, without the last one: a mark may follow it.
    #[inline]
    pub(super) fn of(text: &'a [u8], start: usize) -> Ideographs<'a> {
        let threes = text[start..].as_chunks().0;
        let run = threes.iter().take_while(|three| is_ideograph(three));
        Ideographs {
            at: start,
            alone: &threes[..run.count().saturating_sub(1)],
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.alone.len() as u32
    }

    /// The hash of each in order.
    #[inline]
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        let folded = |&[a, b, c]: &[u8; 3]| char_hash(u32::from_le_bytes([a, b, c, 0]));
        self.alone.iter().map(folded)
    }

    /// The words in order.
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        let starts = (self.at..).step_by(3);
        starts.zip(self.hashes()).map(|(start, hash)| Word {
            span: start..start + 3,
            chars: 1,
            hash,
            alpha: true,
        })
    }
}

/// Whether three bytes of UTF-8 that begin with a character are one from U+4E00 to U+9FFF: each is a
/// word if no mark follows, and its own folded form.
#[inline]
fn is_ideograph(&[a, b, c]: &[u8; 3]) -> bool {
    matches!(u32::from_be_bytes([0, a, b, c]), 0xE4_B8_80..=0xE9_BF_BF)
}

#[cfg(test)]
mod tests {
    use super::super::classes::{Class, Classes};
    use super::*;

    #[test]
    fn an_ideograph_is_its_own_folded_form_and_a_word() {
        let classes = Classes::get();
        for c in '\u{800}'..='\u{FFFF}' {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes);
            let [first, second, third, _] = bytes;
            let ideograph = is_ideograph(&[first, second, third]);
            assert_eq!(ideograph, ('\u{4E00}'..='\u{9FFF}').contains(&c), "{c:?}");
            if ideograph {
                assert_eq!(classes.of(c), (Class::Cjk, u32::from_le_bytes(bytes)));
            }
        }
    }
}
