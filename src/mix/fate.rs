//! How many copies of a document a cut takes, in fixed point.
//!
//! `copies = min(max_copies, floor(t * weight + u))`, where `u` in [0, 1) is a hash of seed and
//! key. A weight has 24 fractional bits, a cut's `t` has 40, `u` has 64, so that the product and
//! the sum are exact in 128 bits. The k-th copy is taken from the step `t_k = ceil((k - u) / weight)`
//! on; a larger `t` only adds copies, so mixes nest.

use super::cut::Cut;
use crate::document::Key;

/// Fractional bits of a weight in fixed point.
pub const WEIGHT_BITS: u32 = 24;
/// Fractional bits of a cut's `t` in fixed point.
pub const CUT_BITS: u32 = 40;
/// `t = 1`: with weight 1 every document once.
pub const CUT_ONE: u64 = 1 << CUT_BITS;

/// Purposes of the draws of a document, kept apart so that they are independent.
pub mod draw {
    /// Which side of the human split a document is on.
    pub const SPLIT: u64 = 1;
    /// The fraction that rounds the number of copies.
    pub const COPIES: u64 = 2;
    /// The number of variants, where a document may be used as itself and as a variant.
    pub const VARIANTS: u64 = 3;
    /// The draws of the editor; the copy's number is added.
    pub const EDIT: u64 = 1 << 32;
}

/// What happens to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Not written, for this reason.
    Dropped(String),
    /// Written `plain` times as it is and `variants` times edited.
    Kept {
        /// Copies of the text as it is.
        plain: u32,
        /// Edited variants.
        variants: u32,
    },
}

/// A weight in fixed point, within [2^-16, 2^16]; 0 for weights that are not positive.
pub fn weight_to_fixed(weight: f64) -> u64 {
    if weight > 0.0 {
        let one = (1u64 << WEIGHT_BITS) as f64;
        let clamped = weight.clamp(1.0 / 65_536.0, 65_536.0);
        libm::rint(clamped * one) as u64
    } else {
        0
    }
}

/// The steps `t_1 .. t_max` at which a document of this weight and draw gains a copy.
pub fn steps(weight: u64, u: u64, max_copies: u32) -> impl Iterator<Item = u64> {
    (1..=u128::from(max_copies)).map_while(move |k| {
        let needed = (k << 64) - u128::from(u);
        let weight = u128::from(weight);
        (weight > 0).then(|| u64::try_from(needed.div_ceil(weight)).unwrap_or(u64::MAX))
    })
}

/// Copies that `cut` takes of a document; at equal steps the smaller key is taken first.
pub fn copies_at(cut: &Cut, weight: u64, u: u64, key: Key, max_copies: u32) -> u32 {
    let sum = u128::from(cut.t) * u128::from(weight) + u128::from(u);
    let copies = (sum >> 64).min(u128::from(max_copies)) as u32;
    if copies == 0 || key.0 <= cut.key {
        return copies;
    }
    let last = steps(weight, u, copies).last();
    copies - u32::from(last == Some(cut.t))
}
