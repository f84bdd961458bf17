//! Sixty-four bytes of a text at once: which are letters or digits, as sets of bits.
//!
//! A loop over bytes, or over words, costs a mispredicted branch a word. Here sixteen bytes are told
//! apart at once, and the words are then found by looking for the next set bit.

use wide::u8x16;

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;
/// Bytes of a vector.
pub(super) const LANES: usize = 16;

/// What the bytes of a block are; bit i speaks of byte i, before the first one of [`Block::wide`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// ASCII letters and digits.
    pub(super) solid: u64,
    /// ASCII digits.
    pub(super) digits: u64,
    /// Spaces.
    pub(super) space: u64,
    /// Straight apostrophes.
    pub(super) apostrophes: u64,
    /// Bytes that are not ASCII, all of them.
    pub(super) wide: u64,
}

impl Block {
    #[inline]
    pub(super) fn of(bytes: &[u8; BLOCK]) -> Block {
        let mut block = Block::default();
        for (place, sixteen) in bytes.as_chunks::<LANES>().0.iter().enumerate() {
            let all = u8x16::new(*sixteen);
            let letter = within(all | u8x16::splat(0x20), b'a', b'z');
            let digit = within(all, b'0', b'9');
            let set = |lanes: u8x16| u64::from(lanes.to_bitmask()) << (LANES * place);
            block.solid |= set(letter | digit);
            block.digits |= set(digit);
            block.space |= set(all.simd_eq(u8x16::splat(b' ')));
            block.apostrophes |= set(all.simd_eq(u8x16::splat(b'\'')));
            block.wide |= set(all);
        }
        if block.wide != 0 {
            let before = below(block.wide.trailing_zeros());
            block.solid &= before;
            block.digits &= before;
            block.space &= before;
            block.apostrophes &= before;
        }
        block
    }
}

/// All bits of each byte that lies in `first..=last`.
#[inline]
pub(super) fn within(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    (bytes - u8x16::splat(first)).simd_le(u8x16::splat(last - first))
}

/// The bits below `bit`, which is at most 64.
#[inline]
pub(super) const fn below(bit: u32) -> u64 {
    match bit {
        64.. => u64::MAX,
        _ => (1 << bit) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(bytes: &[u8; BLOCK], holds: impl Fn(&u8) -> bool) -> u64 {
        let places = (0..BLOCK).filter(|&place| holds(&bytes[place]));
        places.fold(0, |set, place| set | 1 << place)
    }

    fn check(bytes: &[u8; BLOCK]) {
        let block = Block::of(bytes);
        let wide = set(bytes, |byte| !byte.is_ascii());
        let ascii = below(wide.trailing_zeros());
        assert_eq!(block.wide, wide);
        let is = |of: &dyn Fn(&u8) -> bool| set(bytes, of) & ascii;
        assert_eq!(block.solid, is(&u8::is_ascii_alphanumeric));
        assert_eq!(block.digits, is(&u8::is_ascii_digit));
        assert_eq!(block.space, is(&|&byte| byte == b' '));
        assert_eq!(block.apostrophes, is(&|&byte| byte == b'\''));
    }

    #[test]
    fn each_byte_is_told_apart_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                for filler in [b'7', b'z', b'A', b'@', b' ', b'\'', 0xFF] {
                    let mut bytes = [filler; BLOCK];
                    bytes[place] = byte;
                    check(&bytes);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn sets_are_those_of_a_loop(bytes in any::<[[u8; 32]; 2]>(), ascii in any::<bool>()) {
            let mask = if ascii { 0x7F } else { 0xFF };
            check(&std::array::from_fn(|place| bytes[place / 32][place % 32] & mask));
        }
    }
}
