//! What is expected of a number of tokens drawn from a set without replacement: by the hypergeometric
//! distribution, from how many types occur how often. It is the length-free form of type count, hapax ratio
//! and entropy (rarefaction: Hurlbert 1971, doi 10.2307/1934145), and needs no draw.

use serde::{Deserialize, Serialize};

use crate::score::measure::quantised;

/// Tokens at which sets are compared.
pub const TOKENS: u64 = 10_000;

/// Chances below this share of the likeliest count for nothing.
const NEGLIGIBLE: f64 = 1e-20;

/// Expected metrics of a fixed number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rarefied {
    /// Expected distinct tokens.
    pub unique_tokens: f64,
    /// Expected distinct tokens over tokens.
    pub type_token_ratio: f64,
    /// Expected Shannon entropy, in bits.
    pub entropy: f64,
    /// Expected tokens that occur once over expected distinct tokens.
    pub hapax_ratio: f64,
}

/// What is expected of `draws` tokens of a set in which `types` types occur `count` times each, for each
/// (`count`, `types`) by rising count; `None` where the set has fewer tokens.
pub(super) fn rarefied(spectrum: &[(u64, u64)], draws: u64) -> Option<Rarefied> {
    let tokens: u64 = spectrum.iter().map(|(count, types)| count * types).sum();
    if tokens < draws || draws == 0 {
        return None;
    }
    let (mut unique, mut once, mut entropy) = (0.0, 0.0, 0.0);
    for &(count, types) in spectrum {
        let of = one_type(count, tokens, draws);
        unique += types as f64 * of.seen;
        once += types as f64 * of.once;
        entropy += types as f64 * of.entropy;
    }
    Some(Rarefied {
        unique_tokens: quantised(unique)?,
        type_token_ratio: quantised(unique / draws as f64)?,
        entropy: quantised(entropy)?,
        hapax_ratio: quantised(once / unique)?,
    })
}

/// What one type gives: the chance to be drawn, to be drawn once, and its expected part of the entropy.
struct Part {
    seen: f64,
    once: f64,
    entropy: f64,
}

/// A type of `count` of the `tokens`, of which `draws` are drawn.
///
/// The chances of k draws are followed from the likeliest k up and down by the quotient of neighbours,
/// and divided by their sum, so that nothing overflows and no logarithm of a factorial is needed.
fn one_type(count: u64, tokens: u64, draws: u64) -> Part {
    let (f, rest, n) = (count as f64, (tokens - count) as f64, draws as f64);
    let least = draws.saturating_sub(tokens - count);
    let most = count.min(draws);
    let likeliest = ((draws + 1) as f64 * (f + 1.0) / (tokens + 2) as f64) as u64;
    let likeliest = likeliest.clamp(least, most);
    let rise = |k: f64| (f - k) * (n - k) / ((k + 1.0) * (rest - n + k + 1.0));
    let mut part = Part {
        seen: 0.0,
        once: 0.0,
        entropy: 0.0,
    };
    let mut whole = 0.0;
    let mut add = |k: u64, chance: f64| {
        whole += chance;
        if k > 0 {
            let share = k as f64 / n;
            part.seen += chance;
            part.entropy -= chance * share * libm::log2(share);
        }
        if k == 1 {
            part.once += chance;
        }
    };
    add(likeliest, 1.0);
    let (mut k, mut chance) = (likeliest, 1.0);
    while k < most && chance > NEGLIGIBLE {
        chance *= rise(k as f64);
        k += 1;
        add(k, chance);
    }
    (k, chance) = (likeliest, 1.0);
    while k > least && chance > NEGLIGIBLE {
        k -= 1;
        chance /= rise(k as f64);
        add(k, chance);
    }
    Part {
        seen: part.seen / whole,
        once: part.once / whole,
        entropy: part.entropy / whole,
    }
}
