//! The file of an n-gram prior: a flat, little-endian file that is used as it lies in memory.
//!
//! ```text
//! header   magic[8]  version u32  sections u32  length u64  digest[32]     56 bytes
//! table    sections x { code[16] zero-padded, offset u64, length u64 }
//! section  words V u32  letters u32  pairs B u32  triples T u32
//!          word length u8[V]  flags u8[V]  probability u16[V]  back-off u8[V]  letters
//!          first pair u32[V + 1]
//!          pair: word u16[B]  probability u8[B]  back-off u8[B]  triples u8[B]  first triple u32[B / 32 up]
//!          triple: word u16[T]  probability u8[T]
//! ```
//! The digest is blake3 of all that follows the header. Words are ordered by falling frequency after the
//! three reserved ids; pairs lie under their first word, triples under their pair, both by rising word id,
//! and the first triple of a pair is that of its block of 32 plus the counts of the pairs between.
//! The model is a back-off model (Katz 1987): `P(w|uv)` is the triple's probability if it is listed, else
//! `backoff(uv) P(w|v)`, and so down to the single word. Probabilities are rounded down to their code and
//! back-offs are computed from the rounded ones and rounded down in turn, so no context sums to more than 1.

/// First bytes of a file.
pub const MAGIC: [u8; 8] = *b"tamis-ng";
/// The version that this program writes and reads.
pub const VERSION: u32 = 1;
/// Bytes of the header.
pub const HEADER: usize = 56;
/// Bytes of one entry of the table of sections.
pub const ENTRY: usize = 32;
/// Bytes of a language code, padded with zeros.
pub const CODE: usize = 16;
/// Bytes before a section's arrays.
pub const SECTION_HEAD: usize = 16;
/// Pairs that share one stored first triple.
pub const BLOCK: usize = 32;

/// Id of any word out of the vocabulary, and of opaque pieces.
pub const UNKNOWN: u16 = 0;
/// Id of every number.
pub const NUMBER: u16 = 1;
/// Id of what stands before a text; context only.
pub const START: u16 = 2;
/// First id of the vocabulary.
pub const FIRST_WORD: u16 = 3;

/// Flag of a word that may be drawn: letters only.
pub const DRAWABLE: u8 = 1;
/// Flag of a word that is mostly written with a capital inside a sentence (names, German nouns).
pub const CAPITAL: u8 = 2;

const LOGIT_LOW: f64 = -14.0;
const LOGIT_STEP: f64 = 21.0 / 255.0;
const FINE_LOW: f64 = -19.0;
const FINE_STEP: f64 = 26.0 / 65534.0;
const BACKOFF_LOW: f64 = -9.0;
const BACKOFF_STEP: f64 = 11.0 / 254.0;

/// Probability of a code of a pair or triple: a logistic scale from 8e-7 to 0.999, fine at both ends.
pub fn probability(code: u8) -> f64 {
    logistic(LOGIT_LOW + LOGIT_STEP * f64::from(code))
}

/// The largest code whose probability is not above `p`; `None` below the scale.
pub fn probability_code(p: f64) -> Option<u8> {
    largest(255, p, |code| probability(code as u8)).map(|code| code as u8)
}

/// Probability of a code of a single word; code 0 is probability 0.
pub fn fine_probability(code: u16) -> f64 {
    match code {
        0 => 0.0,
        code => logistic(FINE_LOW + FINE_STEP * f64::from(code - 1)),
    }
}

/// The largest code whose probability is not above `p`.
pub fn fine_code(p: f64) -> u16 {
    largest(65535, p, |code| fine_probability(code as u16)).map_or(0, |code| code as u16)
}

/// Back-off weight of a code, on a log scale from 1e-4 to 7; code 0 is weight 0.
pub fn backoff(code: u8) -> f64 {
    match code {
        0 => 0.0,
        code => libm::exp(BACKOFF_LOW + BACKOFF_STEP * f64::from(code - 1)),
    }
}

/// The largest code whose weight is not above `weight`.
pub fn backoff_code(weight: f64) -> u8 {
    largest(255, weight, |code| backoff(code as u8)).map_or(0, |code| code as u8)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// The largest of 0..=top whose value is not above `x`, for rising values.
fn largest(top: u32, x: f64, value: impl Fn(u32) -> f64) -> Option<u32> {
    if x.is_nan() || value(0) > x {
        return None;
    }
    let (mut low, mut high) = (0, top);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if value(middle) <= x {
            low = middle
        } else {
            high = middle - 1
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_round_down_and_by_little(p in 1e-6..0.9989f64, w in 2e-4..7.0f64) {
            let q = probability(probability_code(p).unwrap());
            prop_assert!(q <= p && q > p * 0.92);
            let f = fine_probability(fine_code(p));
            prop_assert!(f <= p && f > p * 0.999);
            let b = backoff(backoff_code(w));
            prop_assert!(b <= w && b > w * 0.95);
        }
    }

    #[test]
    fn odd_values_have_the_lowest_code() {
        assert_eq!(probability_code(0.0), None);
        assert_eq!(probability_code(f64::NAN), None);
        assert_eq!(probability_code(1.0), Some(255));
        assert_eq!(fine_code(0.0), 0);
        assert_eq!(backoff_code(-1.0), 0);
    }
}
