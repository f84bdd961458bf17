//! The share where both error rates are known from documents of the pool's own source.
//!
//! The point is the maximum-likelihood share of a mixture of two histograms, smoothed by the shape that training saw; the interval is that of
//! Lang and Reiczigel (Preventive Veterinary Medicine 113, 2014, equations 2, 4, 6, 7, 16 and 17; in
//! the fourth the sign that Fay's R package asht corrects).

use super::super::LogitCounts;
use super::family::{BINS, Counts, Side, binned};

/// Documents that the shape which training saw counts for beside local ones: fifty or a hundred of
/// these leave bins to chance, and a pool fits such histograms better with a share too high.
const SUPPORT: f64 = 60.0;
/// Two-sided 95% point of the normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;

/// `hits` of `count` documents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many were flagged (or, of human documents, rightly not flagged).
    pub hits: f64,
    /// How many there were.
    pub count: f64,
}

/// Point and 95% interval of the share, from human and machine anchors and the shapes of their sides.
pub fn from_anchors(
    pool: &Counts,
    (human, machine): (&LogitCounts, &LogitCounts),
    (humans, machines): (&Side, &Side),
) -> (f64, f64, f64) {
    let (h, m) = (&humans.like(human), &machines.like(machine));
    let (human, machine) = (&binned(human), &binned(machine));
    let share = likeliest_share(pool, &supported(human, h), &supported(machine, m));
    let at = threshold(h, m);
    let above = |counts: &Counts| Rate {
        hits: counts[at..].iter().sum(),
        count: counts.iter().sum(),
    };
    let false_positives = above(human);
    let specificity = Rate {
        hits: false_positives.count - false_positives.hits,
        ..false_positives
    };
    let (low, high) = lang_reiczigel(above(pool), above(machine), specificity);
    (share, low.min(share), high.max(share))
}

/// Shares in bins: the anchors', and some documents' worth of the shape.
fn supported(anchors: &Counts, shape: &Counts) -> Counts {
    let total = anchors.iter().sum::<f64>() + SUPPORT;
    let mut shares = [0.0; BINS];
    for (bin, share) in shares.iter_mut().enumerate() {
        *share = (anchors[bin] + SUPPORT * shape[bin]) / total;
    }
    shares
}

/// The bin from which on flagging tells the two apart best (Youden's index). Chosen on
/// smooth histograms: chosen on the anchors' own it would flatter the rates that are read off there.
fn threshold(human: &Counts, machine: &Counts) -> usize {
    let above = |bins: &Counts, at: usize| bins[at..].iter().sum::<f64>();
    let mut best = (1, f64::NEG_INFINITY);
    for at in 1..BINS {
        let index = above(machine, at) - above(human, at);
        if index > best.1 {
            best = (at, index);
        }
    }
    best.0
}

/// Lang and Reiczigel's 95% interval of a prevalence whose sensitivity and specificity come from
/// samples. [0, 1] where flags tell nothing.
pub fn lang_reiczigel(flagged: Rate, sensitivity: Rate, specificity: Rate) -> (f64, f64) {
    let pool = flagged.count + Z * Z;
    let apparent = (flagged.hits + Z * Z / 2.0) / pool;
    let (positives, negatives) = (sensitivity.count + 2.0, specificity.count + 2.0);
    let se = (sensitivity.hits + 1.0) / positives;
    let sp = (specificity.hits + 1.0) / negatives;
    let youden = se + sp - 1.0;
    if youden <= 0.0 {
        return (0.0, 1.0);
    }
    let share = (apparent + sp - 1.0) / youden;
    let (of_se, of_sp) = (se * (1.0 - se) / positives, sp * (1.0 - sp) / negatives);
    let variance = (apparent * (1.0 - apparent) / pool
        + share * share * of_se
        + (1.0 - share) * (1.0 - share) * of_sp)
        / (youden * youden);
    let shift = 2.0 * Z * Z * (share * of_se - (1.0 - share) * of_sp);
    let half = Z * libm::sqrt(variance);
    (
        (share + shift - half).clamp(0.0, 1.0),
        (share + shift + half).clamp(0.0, 1.0),
    )
}

/// The share at which a mixture of the two histograms makes the pool likeliest.
///
/// The likelihood is concave in the share, so its slope is bisected: the fixed point that
/// expectation-maximisation creeps to. No bin of either may be 0.
pub fn likeliest_share(pool: &Counts, human: &Counts, machine: &Counts) -> f64 {
    let slope = |share: f64| -> f64 {
        (0..BINS)
            .map(|bin| {
                let difference = machine[bin] - human[bin];
                pool[bin] * difference / (human[bin] + share * difference)
            })
            .sum()
    };
    let (mut low, mut high) = (0.0, 1.0);
    if slope(low) <= 0.0 {
        return low;
    }
    if slope(high) >= 0.0 {
        return high;
    }
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if slope(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}
