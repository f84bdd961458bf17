//! Lexical diversity of a document's words.
//!
//! Null rules: all are null without words; MATTR under [`WINDOW`] words, HD-D under [`DRAWS`] words
//! (their definitions need as many), MTLD under [`MTLD_LEAST`] words (McCarthy and Jarvis 2010 find
//! it unstable below). None of them may be compared between languages, and TTR, hapax ratio and
//! entropy not between lengths either.

use std::sync::LazyLock;

use super::measure::{Measure, Measures, share};
use crate::text::Scan;

/// Words of a MATTR window (Covington and McFall 2010).
pub const WINDOW: usize = 50;
/// Words that HD-D draws (McCarthy and Jarvis 2010).
pub const DRAWS: u32 = 42;
/// Fewest words for MTLD.
pub const MTLD_LEAST: usize = 100;
/// MTLD's factor size .720 as a fraction, so that the comparison is exact.
const FACTOR: (i32, i32) = (18, 25);

/// Measures the text that `scan` read last.
pub(super) fn measure(scan: &mut Scan, measures: &mut Measures) {
    let words = scan.words();
    if words == 0 {
        return;
    }
    let types = scan.type_counts.len() as u64;
    measures.set(Measure::Ttr, share(types, words));
    let (mattr, forward) = forward(&scan.types, types as usize, &mut scan.by_type);
    measures.set(Measure::Mattr, mattr);
    if scan.types.len() >= MTLD_LEAST {
        let backward = backward(&scan.types, types as usize, &mut scan.by_type);
        let mtld = words as f64 * 0.5 * (1.0 / forward + 1.0 / backward);
        measures.set(Measure::Mtld, mtld);
    }
    // How many types occur f times, for each f: sums over it are short and in a fixed order. There is a word, so
    // that it goes to 1 at least.
    let most = scan.type_counts.iter().copied().max().unwrap_or(0);
    let spectrum = spectrum(&scan.type_counts, most as usize, &mut scan.by_type);
    measures.set(Measure::HapaxRatio, share(u64::from(spectrum[1]), types));
    measures.set(Measure::WordEntropy, entropy(words, spectrum));
    measures.set(Measure::Hdd, hdd(words, spectrum));
}

/// How many types occur f times, for each f from 0 to `most`. Most types occur once, and a count that is
/// raised again and again waits for itself: so four are kept of each f, raised in turn.
fn spectrum<'a>(type_counts: &[u32], most: usize, room: &'a mut Vec<u32>) -> &'a [u32] {
    const TURNS: usize = 4;
    let room = cleared(room, (most + 1) * TURNS);
    for (at, &count) in type_counts.iter().enumerate() {
        room[count as usize * TURNS + at % TURNS] += 1;
    }
    for f in 0..=most {
        room[f] = room[f * TURNS..][..TURNS].iter().sum();
    }
    &room[..=most]
}

/// MATTR, and the factors of the MTLD forward: both ask where each word stood last.
fn forward(words: &[u32], types: usize, after_last: &mut Vec<u32>) -> (Option<f64>, f64) {
    let after_last = cleared(after_last, types);
    let mut factors = Factors::default();
    let windows = (words.len() + 1).saturating_sub(WINDOW) as u32;
    // A word is the first of its type in the windows that begin behind its last place, and reach
    // it; `distinct` is the number of those windows, summed over all words.
    let mut distinct = 0u64;
    let mut read = |at: u32, word: u32| {
        let since = std::mem::replace(&mut after_last[word as usize], at + 1);
        factors.word(at, since);
        since
    };
    // A window begins at each of these words; at those behind them there is none.
    let (begun, rest) = words.split_at(windows as usize);
    for (at, &word) in (0..).zip(begun) {
        distinct += u64::from((at + 1 - read(at, word)).min(WINDOW as u32));
    }
    for (at, &word) in (windows..).zip(rest) {
        let first = read(at, word).max((at + 1).saturating_sub(WINDOW as u32));
        distinct += u64::from(windows.saturating_sub(first));
    }
    let whole = u64::from(windows) * WINDOW as u64;
    let mattr = (windows > 0).then(|| distinct as f64 / whole as f64);
    (mattr, factors.all(words.len()))
}

/// The factors of the MTLD backward.
fn backward(words: &[u32], types: usize, after_last: &mut Vec<u32>) -> f64 {
    let after_last = cleared(after_last, types);
    let mut factors = Factors::default();
    for (at, &word) in (0..).zip(words.iter().rev()) {
        let since = std::mem::replace(&mut after_last[word as usize], at + 1);
        factors.word(at, since);
    }
    factors.all(words.len())
}

/// `length` zeros.
fn cleared(room: &mut Vec<u32>, length: usize) -> &mut [u32] {
    room.clear();
    room.resize(length, 0);
    room
}

/// Counts factors: word strings whose type-token ratio falls to .72.
#[derive(Default)]
struct Factors {
    whole: u32,
    /// Place where the string that is being read begins.
    start: u32,
    /// How far the string's ratio is above .72: 25 for each distinct word, less 18 for each word.
    above: i32,
}

impl Factors {
    /// Reads the word at place `at`, whose type stood last before place `since`.
    #[inline]
    fn word(&mut self, at: u32, since: u32) {
        self.above += FACTOR.1 * i32::from(since <= self.start) - FACTOR.0;
        if self.above <= 0 {
            (self.whole, self.above, self.start) = fallen(self.whole, at);
        }
    }

    /// Number of factors of so many words, the last one in part. A text whose ratio never falls is taken
    /// as one.
    fn all(&self, words: usize) -> f64 {
        let tokens = words as i64 - i64::from(self.start);
        let distinct = (i64::from(self.above) + i64::from(FACTOR.0) * tokens) / i64::from(FACTOR.1);
        let partial = (tokens - distinct) as f64 * f64::from(FACTOR.1);
        let whole = (i64::from(FACTOR.1 - FACTOR.0) * tokens.max(1)) as f64;
        let all = f64::from(self.whole) + partial / whole;
        if all == 0.0 { 1.0 } else { all }
    }
}

/// One factor more, and the next string, behind place `at`. It is a call so that words wait for it only
/// where it happens, which is seldom.
#[cold]
#[inline(never)]
fn fallen(whole: u32, at: u32) -> (u32, i32, u32) {
    (whole + 1, 0, at + 1)
}

/// Shannon entropy in bits, from how many types occur f times.
fn entropy(words: u64, spectrum: &[u32]) -> f64 {
    let words = words as f64;
    let mut sum = 0.0;
    for (f, &types) in spectrum.iter().enumerate().skip(2) {
        if types > 0 {
            sum += f64::from(types) * f as f64 * log2(f);
        }
    }
    (libm::log2(words) - sum / words).max(0.0)
}

/// Logarithms of the counts that most words have.
static LOGS: LazyLock<[f64; 256]> = LazyLock::new(|| std::array::from_fn(|f| libm::log2(f as f64)));

fn log2(f: usize) -> f64 {
    match LOGS.get(f) {
        Some(&log) => log,
        None => libm::log2(f as f64),
    }
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
