//! Sixty-four bytes of a text at once: which are letters or digits, as sets of bits.
//!
//! A loop over bytes, or over words, costs a mispredicted branch a word. Here eight bytes are told
//! apart by a few additions, and the words are then found by looking for the next set bit.

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;

const HIGH: u64 = 0x8080_8080_8080_8080;

const fn eight_times(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// What the bytes of a block are; bit i speaks of byte i.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// ASCII letters and digits, before the first byte of [`Block::wide`].
    pub(super) solid: u64,
    /// Spaces, before the first byte of [`Block::wide`].
    pub(super) space: u64,
    /// Bytes that are not ASCII.
    pub(super) wide: u64,
    /// Whether there may be a digit.
    pub(super) digits: bool,
}

impl Block {
    #[inline]
    pub(super) fn of(bytes: &[u8; BLOCK]) -> Block {
        let mut block = Block::default();
        let (mut high, mut digits) = (0, 0);
        for (place, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
            let all = u64::from_le_bytes(*eight);
            let low = all & !HIGH;
            let letter = within(low | eight_times(0x20), b'a', b'z');
            let digit = within(low, b'0', b'9');
            let other_than_space = (low ^ eight_times(b' ')) + eight_times(0x7F);
            high |= all;
            digits |= digit;
            block.solid |= bits(letter | digit) << (8 * place);
            block.space |= bits(!other_than_space) << (8 * place);
        }
        block.digits = digits & HIGH != 0;
        if high & HIGH != 0 {
            block.wide = wide(bytes);
            let before = (block.wide & block.wide.wrapping_neg()) - 1;
            block.solid &= before;
            block.space &= before;
        }
        block
    }
}

/// The high bit of each byte that lies in `first..=last`, if all bytes are below 128; the other bits
/// mean nothing.
#[inline]
const fn within(bytes: u64, first: u8, last: u8) -> u64 {
    (bytes + eight_times(0x80 - first)) ^ (bytes + eight_times(0x7F - last))
}

/// The high bits of eight bytes, side by side.
#[inline]
const fn bits(bytes: u64) -> u64 {
    (bytes & HIGH).wrapping_mul(0x0002_0408_1020_4081) >> 56
}

#[cold]
fn wide(bytes: &[u8; BLOCK]) -> u64 {
    let eights = bytes.as_chunks::<8>().0.iter().enumerate();
    eights.fold(0, |wide, (place, eight)| {
        wide | bits(u64::from_le_bytes(*eight)) << (8 * place)
    })
}

/// The ASCII letters of a block.
#[cold]
pub(super) fn letters(bytes: &[u8; BLOCK]) -> u64 {
    let mut letters = 0;
    for (place, byte) in bytes.iter().enumerate() {
        letters |= u64::from(byte.is_ascii_alphabetic()) << place;
    }
    letters
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
        assert_eq!(block.solid, set(bytes, u8::is_ascii_alphanumeric) & ascii);
        assert_eq!(block.space, set(bytes, |&byte| byte == b' ') & ascii);
        assert_eq!(letters(bytes), set(bytes, u8::is_ascii_alphabetic));
        assert!(block.digits || set(bytes, u8::is_ascii_digit) & ascii == 0);
    }

    #[test]
    fn each_byte_is_told_apart_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..BLOCK {
                for filler in [b'7', b'z', b'A', b'@', b' '] {
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
