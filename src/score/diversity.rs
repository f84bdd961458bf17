//! Lexical diversity of a document's words.
//!
//! Null rules: all are null without words; MATTR under [`WINDOW`] words, HD-D under [`DRAWS`] words
//! (their definitions need as many), MTLD under [`MTLD_LEAST`] words (McCarthy and Jarvis 2010 find
//! it unstable below). None of them may be compared between languages, and TTR, hapax ratio and
//! entropy not between lengths either.

use super::measure::{Measure, Measures, share};
use crate::text::Scan;

/// Words of a MATTR window (Covington and McFall 2010).
pub const WINDOW: usize = 50;
/// Words that HD-D draws (McCarthy and Jarvis 2010).
pub const DRAWS: u32 = 42;
/// Fewest words for MTLD.
pub const MTLD_LEAST: usize = 100;
/// MTLD's factor size .720 as a fraction, so that the comparison is exact.
const FACTOR: (u64, u64) = (18, 25);

/// Measures the text that `scan` read last.
pub(super) fn measure(scan: &mut Scan, measures: &mut Measures) {
    let words = scan.words();
    if words == 0 {
        return;
    }
    let types = scan.type_counts.len() as u64;
    measures.set(Measure::Ttr, share(types, words));
    let once = scan.type_counts.iter().filter(|&&count| count == 1).count();
    measures.set(Measure::HapaxRatio, share(once as u64, types));
    measures.set(
        Measure::Mattr,
        mattr(&scan.types, types as usize, &mut scan.by_type),
    );
    measures.set(
        Measure::Mtld,
        mtld(&scan.types, types as usize, &mut scan.by_type),
    );
    // How many types occur f times, for each f: sums over it are short and in a fixed order.
    let most = scan.type_counts.iter().copied().max().unwrap_or(0);
    scan.by_type.clear();
    scan.by_type.resize(most as usize + 1, 0);
    for &count in &scan.type_counts {
        scan.by_type[count as usize] += 1;
    }
    measures.set(Measure::WordEntropy, entropy(words, &scan.by_type));
    measures.set(Measure::Hdd, hdd(words, &scan.by_type));
}

/// Mean share of distinct words over all windows.
fn mattr(words: &[u32], types: usize, inside: &mut Vec<u32>) -> Option<f64> {
    if words.len() < WINDOW {
        return None;
    }
    inside.clear();
    inside.resize(types, 0);
    let (mut distinct, mut sum) = (0u64, 0u64);
    for (end, &word) in words.iter().enumerate() {
        let count = &mut inside[word as usize];
        distinct += u64::from(*count == 0);
        *count += 1;
        if end + 1 >= WINDOW {
            sum += distinct;
            let first = &mut inside[words[end + 1 - WINDOW] as usize];
            *first -= 1;
            distinct -= u64::from(*first == 0);
        }
    }
    let windows = (words.len() - WINDOW + 1) * WINDOW;
    Some(sum as f64 / windows as f64)
}

/// Mean of the MTLD forward and backward.
fn mtld(words: &[u32], types: usize, seen: &mut Vec<u32>) -> Option<f64> {
    if words.len() < MTLD_LEAST {
        return None;
    }
    let forward = one_way(words.iter(), types, seen);
    let backward = one_way(words.iter().rev(), types, seen);
    Some(words.len() as f64 * 0.5 * (1.0 / forward + 1.0 / backward))
}

/// Number of factors: word strings whose type-token ratio falls to .72, the last one in part. A text
/// whose ratio never falls is taken as one factor.
fn one_way<'a>(words: impl Iterator<Item = &'a u32>, types: usize, seen: &mut Vec<u32>) -> f64 {
    seen.clear();
    seen.resize(types, 0);
    let (mut factors, mut distinct, mut tokens) = (0u32, 0u64, 0u64);
    for &word in words {
        tokens += 1;
        let string = &mut seen[word as usize];
        // A type is new to a string if it was last marked by an earlier one.
        if *string != factors + 1 {
            *string = factors + 1;
            distinct += 1;
        }
        if distinct * FACTOR.1 <= tokens * FACTOR.0 {
            factors += 1;
            (distinct, tokens) = (0, 0);
        }
    }
    let partial = (tokens - distinct) as f64 * FACTOR.1 as f64;
    let whole = ((FACTOR.1 - FACTOR.0) * tokens.max(1)) as f64;
    let all = f64::from(factors) + partial / whole;
    if all == 0.0 { 1.0 } else { all }
}

/// Shannon entropy in bits, from how many types occur f times.
fn entropy(words: u64, spectrum: &[u32]) -> f64 {
    let words = words as f64;
    let mut sum = 0.0;
    for (f, &types) in spectrum.iter().enumerate().skip(2) {
        if types > 0 {
            sum += f64::from(types) * f as f64 * libm::log2(f as f64);
        }
    }
    (libm::log2(words) - sum / words).max(0.0)
}

/// HD-D: the expected type-token ratio of [`DRAWS`] words drawn without replacement.
fn hdd(words: u64, spectrum: &[u32]) -> Option<f64> {
    let draws = f64::from(DRAWS);
    let words = words as f64;
    if words < draws {
        return None;
    }
    // The chance to miss a type that occurs f times, from that for f - 1: one quotient each, which
    // is as exact as the log-gamma form and needs no logarithm.
    let (mut missed, mut sum) = (1.0, 0.0);
    for (f, &types) in spectrum.iter().enumerate().skip(1) {
        let left = words - (f - 1) as f64;
        missed *= ((left - draws) / left).max(0.0);
        sum += f64::from(types) * (1.0 - missed);
    }
    Some(sum / draws)
}
