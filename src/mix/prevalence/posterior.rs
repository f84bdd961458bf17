//! Which shares of machine text a pool makes credible, whatever the domain it comes from.
//!
//! Where a pool's human and machine logits lie is not known, and many pairs of places with as many
//! shares fit almost equally well: the share is identified in part only (Manski, Partial
//! Identification of Probability Distributions, 2003). So every pair of candidates is tried with
//! every share, each weighed by how likely it is, and the shares that carry 95% of the weight are
//! the interval.

use super::family::{BINS, Candidate, Counts};

/// Shares that are tried: close together near none.
const SHARES: [f64; 32] = [
    0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.14, 0.17, 0.2, 0.23,
    0.26, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0,
];
/// Machine text lies at least so far above human text of its domain.
const LEAST_GAP: f64 = 1.0;
/// Pairs whose log-probability lies further below the best are left out.
const HOPELESS: f64 = 25.0;

/// Weights of shares, and how well the best of all mixtures fits.
pub struct Posterior {
    weights: [f64; SHARES.len()],
    /// Kullback-Leibler divergence, in nats, of the pool from the best mixture, beyond what chance
    /// gives; 0 or more.
    pub misfit: f64,
}

/// The posterior of the share in `pool`, whose likelihood counts as that of at most `most`
/// documents: no shape is exactly right, and beyond some hundred documents that is what one sees.
pub fn posterior(
    pool: &Counts,
    human: &[Candidate],
    machine: &[Candidate],
    most: f64,
) -> Posterior {
    let n: f64 = pool.iter().sum();
    let tempered = (most / n).min(1.0);
    let held: Vec<(usize, f64)> = (0..BINS)
        .filter(|&bin| pool[bin] > 0.0)
        .map(|bin| (bin, pool[bin] * tempered))
        .collect();
    let pairs = pairs(human, machine);
    let mut best = f64::NEG_INFINITY;
    let mut logs = Vec::with_capacity(pairs.len() * SHARES.len());
    for (h, m, prior) in pairs {
        for (place, share) in SHARES.iter().enumerate() {
            let likelihood: f64 = held
                .iter()
                .map(|&(bin, count)| {
                    let mixed = h.bins[bin] + share * (m.bins[bin] - h.bins[bin]);
                    count * libm::log(mixed)
                })
                .sum();
            best = best.max(likelihood);
            logs.push(likelihood + prior + log_prior(place));
        }
    }
    let top = logs.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
    let mut weights = [0.0; SHARES.len()];
    for (i, log) in logs.iter().enumerate() {
        weights[i % SHARES.len()] += libm::exp(log - top);
    }
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    Posterior {
        weights,
        misfit: misfit(&held, n * tempered, n, best),
    }
}

/// Pairs that may be, each with the logarithm of its probability.
fn pairs<'c>(
    human: &'c [Candidate],
    machine: &'c [Candidate],
) -> Vec<(&'c Candidate, &'c Candidate, f64)> {
    let every = || {
        let with = |h: &'c Candidate| machine.iter().map(move |m| (h, m, h.prior + m.prior));
        human.iter().flat_map(with)
    };
    let mut all: Vec<_> = every()
        .filter(|(h, m, _)| m.mean - h.mean >= LEAST_GAP)
        .collect();
    if all.is_empty() {
        // A classifier that cannot tell the two apart: anything may be.
        all = every().collect();
    }
    let best = all
        .iter()
        .fold(f64::NEG_INFINITY, |best, pair| best.max(pair.2));
    all.into_iter()
        .filter(|pair| pair.2 > best - HOPELESS)
        .collect()
}

/// Logarithm of the prior weight of a share: Beta(1/2, 1) over the cell around it, since most pools
/// that people ask about hold little machine text.
fn log_prior(place: usize) -> f64 {
    let (low, high) = cell(place);
    libm::log(libm::sqrt(high) - libm::sqrt(low))
}

/// The shares that a grid point stands for: up to half-way to its neighbours.
fn cell(place: usize) -> (f64, f64) {
    let low = place
        .checked_sub(1)
        .map_or(0.0, |before| (SHARES[before] + SHARES[place]) / 2.0);
    let high = SHARES
        .get(place + 1)
        .map_or(1.0, |after| (SHARES[place] + after) / 2.0);
    (low, high)
}

/// How far `best`, the log-likelihood of the best mixture, lies below that of the pool's own
/// histogram, a document, beyond what chance gives: twice that distance times the documents is then
/// chi-squared, and counts from two standard deviations above its mean.
fn misfit(held: &[(usize, f64)], tempered: f64, documents: f64, best: f64) -> f64 {
    let own: f64 = held
        .iter()
        .map(|&(_, count)| count * libm::log(count / tempered))
        .sum();
    let freedom = held.len() as f64 - 1.0;
    let chance = (freedom + 2.0 * libm::sqrt(2.0 * freedom)) / (2.0 * documents);
    ((own - best) / tempered - chance).max(0.0)
}

impl Posterior {
    /// The share below which lies a part `q` of the weight, inside a cell in proportion. The first
    /// cell stands for none at all.
    pub fn quantile(&self, q: f64) -> f64 {
        let mut below = 0.0;
        for (place, weight) in self.weights.iter().enumerate() {
            if below + weight >= q {
                if place == 0 {
                    return 0.0;
                }
                let (low, high) = cell(place);
                return low + (high - low) * ((q - below) / weight).clamp(0.0, 1.0);
            }
            below += weight;
        }
        1.0
    }
}
