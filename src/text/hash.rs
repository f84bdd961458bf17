//! The 64-bit hash of a word: eight bytes a step, the same for a word in ASCII and in Unicode code.
//!
//! Stored profiles hold buckets of it, so it must never change.

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const STEP: u64 = 0xD6E8_FEB8_6659_FD93;
const LAST: u64 = 0xA076_1D64_78BD_642F;

/// ASCII letters to lower case, eight bytes at once: digits and the apostrophe have the bit already.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// Both halves of the 128-bit product, folded into one.
#[inline]
fn folded_product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a case-folded word's bytes.
pub fn word_hash(folded: &[u8]) -> u64 {
    hash(folded, 0, folded.len(), 0)
}

/// The hash of the lower case of the ASCII word (letters, digits, apostrophes only) of `length`
/// bytes, 1 or more, that stands at `start` of `text`.
#[inline]
pub(super) fn ascii_word_hash(text: &[u8], start: usize, length: u32) -> u64 {
    match text[start..].first_chunk::<8>() {
        // Reads past the word where the text goes on: one masked load instead of a loop over bytes.
        Some(eight) if length <= 8 => {
            let word = (u64::from_le_bytes(*eight) | LOWER) & (u64::MAX >> (64 - 8 * length));
            folded_product(folded_product(SEED ^ word, STEP) ^ u64::from(length), LAST)
        }
        _ => hash(text, start, start + length as usize, LOWER),
    }
}

/// [`word_hash`] of one case-folded character, given as its UTF-8 bytes, the first one lowest.
#[inline]
pub(super) fn char_hash(folded: u32) -> u64 {
    let length = 4 - u64::from(folded.leading_zeros() / 8);
    folded_product(
        folded_product(SEED ^ u64::from(folded), STEP) ^ length,
        LAST,
    )
}

fn hash(text: &[u8], start: usize, end: usize, lower: u64) -> u64 {
    let mut state = SEED;
    let mut at = start;
    while at < end {
        let eight = match text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(eight) => u64::from_le_bytes(*eight),
            None => padded(&text[at..]),
        };
        let unused = 8 * 8usize.saturating_sub(end - at) as u32;
        state = folded_product(state ^ ((eight | lower) & (u64::MAX >> unused)), STEP);
        at += 8;
    }
    folded_product(state ^ (end - start) as u64, LAST)
}

#[cold]
fn padded(rest: &[u8]) -> u64 {
    let mut eight = [0; 8];
    eight[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(eight)
}

/// A word's hash in the making, character by character.
pub(super) struct Hasher {
    state: u64,
    /// The bytes since the last eight, the first one lowest, and eight times their number.
    open: u64,
    bits: u32,
    length: u64,
}

impl Hasher {
    pub(super) const EMPTY: Hasher = Hasher {
        state: SEED,
        open: 0,
        bits: 0,
        length: 0,
    };

    /// Adds a case-folded character: its UTF-8 bytes, the first one lowest.
    #[inline]
    pub(super) fn push(&mut self, folded: u32) {
        let length = 4 - folded.leading_zeros() / 8;
        let bytes = u64::from(folded);
        self.length += u64::from(length);
        self.open |= bytes << self.bits;
        let bits = self.bits + 8 * length;
        if bits < 64 {
            self.bits = bits;
            return;
        }
        self.state = folded_product(self.state ^ self.open, STEP);
        // At most four bytes are added, so at least four were open, and no shift is by 64.
        self.open = bytes >> (64 - self.bits);
        self.bits = bits - 64;
    }

    /// [`word_hash`] of what was added.
    #[inline]
    pub(super) fn finish(self) -> u64 {
        let state = match self.bits {
            0 => self.state,
            _ => folded_product(self.state ^ self.open, STEP),
        };
        folded_product(state ^ self.length, LAST)
    }
}

/// The hash of two words that stand side by side, from theirs; the order counts.
#[inline]
pub(crate) fn pair_hash(first: u64, second: u64) -> u64 {
    folded_product(first ^ STEP, second.rotate_left(32) ^ LAST)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hash_is_the_one_that_stored_profiles_hold() {
        assert_eq!(word_hash(b""), 0x6705_27f2_8686_2c69);
        assert_eq!(word_hash(b"the"), 0x5c73_2342_af6f_ce24);
        assert_eq!(word_hash(b"internationally"), 0x09aa_f664_1cc3_6848);
    }

    #[test]
    fn a_million_numbers_and_their_pairs_do_not_collide() {
        let words: Vec<u64> = (0..1_000_000)
            .map(|n: u32| word_hash(n.to_string().as_bytes()))
            .collect();
        assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
        let pairs: HashSet<u64> = words
            .windows(2)
            .map(|pair| pair_hash(pair[0], pair[1]))
            .collect();
        assert_eq!(pairs.len(), words.len() - 1);
    }

    proptest! {
        #[test]
        fn hash_by_character_is_the_hash_of_the_bytes(word in "\\PC{0,20}") {
            let mut hasher = Hasher::EMPTY;
            for c in word.chars().filter(|&c| c != '\0') {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes);
                hasher.push(u32::from_le_bytes(bytes));
            }
            prop_assert_eq!(hasher.finish(), word_hash(word.replace('\0', "").as_bytes()));
        }

        #[test]
        fn hash_of_a_character_is_the_hash_of_its_bytes(c in any::<char>()) {
            prop_assume!(c != '\0');
            let mut bytes = [0; 4];
            let length = c.encode_utf8(&mut bytes).len();
            prop_assert_eq!(char_hash(u32::from_le_bytes(bytes)), word_hash(&bytes[..length]));
        }

        #[test]
        fn ascii_hash_is_the_hash_of_the_lower_case(
            word in "[A-Za-z0-9']{1,40}",
            before in "[ -~]{0,9}",
            after in "[ -~]{0,9}",
        ) {
            let text = format!("{before}{word}{after}");
            prop_assert_eq!(
                ascii_word_hash(text.as_bytes(), before.len(), word.len() as u32),
                word_hash(word.to_ascii_lowercase().as_bytes())
            );
        }
    }
}
