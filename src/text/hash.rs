//! The 64-bit hash of a word: eight bytes a step, the same for a word in ASCII and in Unicode code.
//!
//! Stored profiles hold buckets of it, so it must never change.

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const STEP: u64 = 0xD6E8_FEB8_6659_FD93;
const LAST: u64 = 0xA076_1D64_78BD_642F;

/// ASCII letters to lower case, eight bytes at once: digits and the apostrophe have the bit already.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// Both halves of the 128-bit product, folded into one.
fn folded_product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a case-folded word's bytes.
pub fn word_hash(folded: &[u8]) -> u64 {
    hash(folded, 0)
}

/// The hash of the lower case of an ASCII word (letters, digits, apostrophes only).
#[inline]
pub(super) fn ascii_word_hash(word: &[u8]) -> u64 {
    hash(word, LOWER)
}

#[inline]
fn hash(bytes: &[u8], lower: u64) -> u64 {
    let mut state = SEED;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        state = folded_product(state ^ (u64::from_le_bytes(eight) | lower), STEP);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut last = 0u64;
        for (place, &byte) in rest.iter().enumerate() {
            last |= (u64::from(byte) | (lower & 0x20)) << (8 * place);
        }
        state = folded_product(state ^ last, STEP);
    }
    folded_product(state ^ bytes.len() as u64, LAST)
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
        fn ascii_hash_is_the_hash_of_the_lower_case(word in "[A-Za-z0-9']{0,40}") {
            prop_assert_eq!(
                ascii_word_hash(word.as_bytes()),
                word_hash(word.to_ascii_lowercase().as_bytes())
            );
        }
    }
}
