//! The figures of a set of judged documents, each with a 95% bootstrap interval.
//!
//! What is drawn anew is the *cluster* (answers to one prompt, a human text and its rewrites), since
//! documents of one cluster err together and single ones would make the interval too narrow. The
//! documents are sorted by logit once; a resample is then a count for each cluster and one pass
//! over them. The interval runs from the 2.5% to the 97.5% quantile of [`RESAMPLES`] resamples. The
//! draws depend on the seed and the order of the clusters only, never on threads.
//!
//! Both labels weigh the same in calibration error and Brier score, as the classifier's logit is
//! that of even odds: otherwise the figures would tell the mix of the set.

use rayon::prelude::*;
use serde::Serialize;

use super::measure::{CALIBRATION_BINS, allowed, calibration_bin, probability};
use crate::text::normalise::mix;

/// Resamples of an interval.
pub const RESAMPLES: usize = 1_000;
/// False-positive rates at which the share found is told.
const RATES: [f64; 2] = [0.01, 0.05];
/// Number of figures.
const FIGURES: usize = 7;

/// One judged document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Log-odds that a machine wrote it; finite.
    pub logit: f64,
    /// Whether a machine did.
    pub machine: bool,
    /// What it is drawn together with.
    pub cluster: u32,
}

/// A figure and its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// On the documents as they are.
    pub value: f64,
    /// 2.5% quantile of the resamples.
    pub low: f64,
    /// 97.5% quantile of the resamples.
    pub high: f64,
}

/// What can be said of a set of judged documents; `None` where it lacks the labels for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Figures {
    /// Area under the ROC curve.
    pub auroc: Option<Estimate>,
    /// Share of machine documents found where 1% of the human ones of the set are flagged.
    pub tpr_at_1: Option<Estimate>,
    /// The same at 5%.
    pub tpr_at_5: Option<Estimate>,
    /// Expected calibration error in 15 bins, both labels at equal weight.
    pub ece: Option<Estimate>,
    /// Brier score, both labels at equal weight.
    pub brier: Option<Estimate>,
    /// Share of human documents at or above the threshold in use.
    pub fpr: Option<Estimate>,
    /// Share of machine documents at or above the threshold in use.
    pub tpr: Option<Estimate>,
}

/// Judged documents in descending order of logit.
pub struct Ranked {
    ranked: Vec<Ranking>,
    /// Human and machine documents of each cluster.
    clusters: Vec<[u64; 2]>,
}

struct Ranking {
    logit: f64,
    probability: f64,
    cluster: u32,
    machine: bool,
    /// At or above the threshold in use.
    flagged: bool,
}

impl Ranked {
    /// Sorts the documents; those at or above `threshold` are flagged.
    pub fn new(judged: &[Judged], threshold: f64) -> Ranked {
        // Clusters are numbered as they first appear, so that draws do not depend on other sets.
        let mut places = std::collections::BTreeMap::new();
        let mut clusters: Vec<[u64; 2]> = Vec::new();
        let mut ranked: Vec<Ranking> = judged
            .iter()
            .map(|document| {
                let place = *places.entry(document.cluster).or_insert_with(|| {
                    clusters.push([0, 0]);
                    clusters.len() - 1
                });
                clusters[place][usize::from(document.machine)] += 1;
                Ranking {
                    logit: document.logit,
                    probability: probability(document.logit),
                    cluster: place as u32,
                    machine: document.machine,
                    flagged: document.logit >= threshold,
                }
            })
            .collect();
        ranked.sort_by(|a, b| b.logit.total_cmp(&a.logit));
        Ranked { ranked, clusters }
    }

    /// All figures with their intervals.
    pub fn figures(&self, seed: u64) -> Figures {
        let once = vec![1; self.clusters.len()];
        let points = self.measure(&once);
        let resampled: Vec<[Option<f64>; FIGURES]> = (0..RESAMPLES as u64)
            .into_par_iter()
            .map_init(Vec::new, |counts, resample| {
                draw(self.clusters.len(), mix(seed ^ mix(resample + 1)), counts);
                self.measure(counts)
            })
            .collect();
        let estimate = |figure: usize| {
            let value = points[figure]?;
            let drawn = resampled.iter().filter_map(|figures| figures[figure]);
            let (low, high) = interval(drawn.collect())?;
            Some(Estimate { value, low, high })
        };
        Figures {
            auroc: estimate(0),
            tpr_at_1: estimate(1),
            tpr_at_5: estimate(2),
            ece: estimate(3),
            brier: estimate(4),
            fpr: estimate(5),
            tpr: estimate(6),
        }
    }

    /// The figures with every cluster taken `counts` times, in the order of [`Figures`].
    fn measure(&self, counts: &[u32]) -> [Option<f64>; FIGURES] {
        let mut sums = Sums::default();
        for (labels, &count) in self.clusters.iter().zip(counts) {
            sums.all[0] += labels[0] * u64::from(count);
            sums.all[1] += labels[1] * u64::from(count);
        }
        let most = RATES.map(|rate| allowed(sums.all[0], rate));
        let mut at = 0;
        while at < self.ranked.len() {
            let logit = self.ranked[at].logit;
            let mut run = [0; 2];
            while let Some(document) = self.ranked.get(at).filter(|d| d.logit == logit) {
                let count = u64::from(counts[document.cluster as usize]);
                run[usize::from(document.machine)] += count;
                sums.add(document, count);
                at += 1;
            }
            sums.close_run(run, most);
        }
        sums.figures()
    }
}

/// What one pass adds up.
#[derive(Default)]
struct Sums {
    /// Documents of each label.
    all: [u64; 2],
    /// Those above the run of equal logits at hand.
    above: [u64; 2],
    /// Twice the number of pairs in which the machine's logit is above, ties counted half.
    wins: u128,
    /// Machine documents above the threshold of each of [`RATES`], once it is passed.
    found: [Option<u64>; 2],
    flagged: [u64; 2],
    /// Sums of probability by label and bin.
    probability: [[f64; CALIBRATION_BINS]; 2],
    machine: [u64; CALIBRATION_BINS],
    /// Sums of squared distances by label.
    squares: [f64; 2],
}

impl Sums {
    fn add(&mut self, document: &Ranking, count: u64) {
        let label = usize::from(document.machine);
        let weight = count as f64;
        let bin = calibration_bin(document.probability);
        self.probability[label][bin] += weight * document.probability;
        self.machine[bin] += count * label as u64;
        let off = document.probability - label as f64;
        self.squares[label] += weight * off * off;
        self.flagged[label] += count * u64::from(document.flagged);
    }

    /// Counts a run of documents with one logit, below all runs before it.
    fn close_run(&mut self, run: [u64; 2], most: [u64; 2]) {
        let human_below = self.all[0] - self.above[0] - run[0];
        self.wins += u128::from(run[1]) * u128::from(2 * human_below + run[0]);
        for (found, most) in self.found.iter_mut().zip(most) {
            if found.is_none() && self.above[0] + run[0] > most {
                *found = Some(self.above[1]);
            }
        }
        self.above[0] += run[0];
        self.above[1] += run[1];
    }

    fn figures(&self) -> [Option<f64>; FIGURES] {
        let [human, machine] = self.all.map(|count| count as f64);
        let both = (human > 0.0 && machine > 0.0).then_some(());
        let found = |rate: usize| both.and(self.found[rate]).map(|n| n as f64 / machine);
        let share = |label: usize, all: f64| (all > 0.0).then(|| self.flagged[label] as f64 / all);
        let off = (0..CALIBRATION_BINS).map(|bin| {
            let said = self.probability[0][bin] / human + self.probability[1][bin] / machine;
            (said - self.machine[bin] as f64 / machine).abs()
        });
        [
            both.map(|()| self.wins as f64 / (2.0 * human * machine)),
            found(0),
            found(1),
            both.map(|()| off.sum::<f64>() / 2.0),
            both.map(|()| (self.squares[0] / human + self.squares[1] / machine) / 2.0),
            share(0, human),
            share(1, machine),
        ]
    }
}

/// Draws as many of `clusters` as there are, with replacement; how often each came is in `counts`.
fn draw(clusters: usize, seed: u64, counts: &mut Vec<u32>) {
    counts.clear();
    counts.resize(clusters, 0);
    for i in 0..clusters as u64 {
        let random = u128::from(mix(seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15))));
        counts[((random * clusters as u128) >> 64) as usize] += 1;
    }
}

/// The 2.5% and 97.5% quantiles, between neighbours in proportion; `None` of no values.
pub fn interval(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let quantile = |q: f64| {
        let at = q * last as f64;
        let below = values[at as usize];
        let above = values[(at as usize + 1).min(last)];
        below + (above - below) * (at - libm::floor(at))
    };
    Some((quantile(0.025), quantile(0.975)))
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;
