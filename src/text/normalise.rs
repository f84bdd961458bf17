//! The one normalisation of text before it is judged.
//!
//! Training and scoring read text through the same glass: as it is seen ([`Unmasked`]), without
//! zero-width characters and combining accents, look-alike letters as letters of the text's script;
//! and the classifier reads what stands between words as its ASCII kin: quotes, dashes,
//! ellipses, full-width and ideographic punctuation ([`super::tokens()`]).

mod fold;
mod look;
mod look_alikes;
mod script;
#[cfg(test)]
mod tests;
mod unmask;

pub(super) use fold::{Between, between};
pub use unmask::{Unmasked, head};

/// Characters read of a document: more bring nothing to the classifier.
pub const MAX_CHARS: usize = 4_000;

/// Spreads every bit of `x` over the whole word (the finaliser of MurmurHash3).
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x = (x ^ (x >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ (x >> 33)
}
