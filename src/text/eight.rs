//! Eight bytes of a text at once: how many of them begin a run of ASCII letters and digits.
//!
//! Most words are shorter than eight bytes, so that one look without a loop finds their end; a loop
//! over bytes costs a mispredicted branch a word.

const HIGH: u64 = 0x8080_8080_8080_8080;
const LOWER: u64 = 0x2020_2020_2020_2020;

const fn eight_times(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// The high bit of each byte that lies in `first..=last`, if all bytes are below 128.
const fn within(bytes: u64, first: u8, last: u8) -> u64 {
    let from_first = bytes + eight_times(0x80 - first);
    let past_last = bytes + eight_times(0x7F - last);
    from_first & !past_last & HIGH
}

/// The length of the run at the start of `eight` (0 to 8), and whether it holds a letter.
#[inline]
pub(super) fn leading_run(eight: [u8; 8]) -> (usize, bool) {
    let bytes = u64::from_le_bytes(eight);
    let low = bytes & !HIGH;
    let letters = within(low | LOWER, b'a', b'z') & !bytes;
    let digits = within(low, b'0', b'9') & !bytes;
    let ends = !(letters | digits) & HIGH;
    // All bits below the first end; all there are if there is none.
    let run = ends.wrapping_sub(1) & !ends;
    ((ends.trailing_zeros() / 8) as usize, letters & run != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(eight: [u8; 8]) -> (usize, bool) {
        let run: Vec<u8> = eight
            .into_iter()
            .take_while(u8::is_ascii_alphanumeric)
            .collect();
        (run.len(), run.iter().any(u8::is_ascii_alphabetic))
    }

    #[test]
    fn each_byte_is_told_apart_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                for filler in [b'7', b'z', b'A', b'@', 0xFF] {
                    let mut eight = [filler; 8];
                    eight[place] = byte;
                    assert_eq!(leading_run(eight), plain(eight), "{eight:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn run_is_that_of_a_loop(eight in any::<[u8; 8]>()) {
            prop_assert_eq!(leading_run(eight), plain(eight));
        }
    }
}
