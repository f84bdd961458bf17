//! The false positives that conformal thresholds of human anchors let through.

use rayon::prelude::*;

use super::ThresholdFigures;
use crate::mix::LogitCounts;
use crate::mix::prevalence::mean_sd;
use crate::score::classifier::measure::{share_at, sorted};
use crate::study::draws::Draws;

/// Numbers of anchors that are tried.
const ANCHORS: [usize; 3] = [100, 200, 300];
/// Fewest human documents that a domain must have beside the anchors; as many as these, if that is more.
const MIN_OTHERS: usize = 100;
/// The rate asked for.
const FPR: f64 = 0.01;

/// Figures by number of anchors, from the human logits of each domain; none for a number that no
/// domain has enough documents for.
pub fn measure(domains: &[&[f64]], draws: usize) -> Vec<ThresholdFigures> {
    let of_anchors = |anchors: usize| {
        let enough: Vec<(usize, &[f64])> = domains
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, human)| human.len() >= anchors + MIN_OTHERS.max(anchors))
            .collect();
        let rates: Vec<Vec<f64>> = enough
            .par_iter()
            .map(|(place, human)| {
                let one =
                    |draw| realised(human, anchors, &mut Draws::new(&[*place, anchors, draw]));
                (0..draws).map(one).collect()
            })
            .collect();
        (!rates.is_empty()).then(|| figures(anchors, &rates))
    };
    ANCHORS.into_iter().filter_map(of_anchors).collect()
}

/// The rate on the documents that are no anchors, for one draw of anchors.
fn realised(human: &[f64], anchors: usize, draws: &mut Draws) -> f64 {
    let (anchors, others) = draws.split(human, anchors);
    let mut counts = LogitCounts::default();
    anchors.iter().for_each(|logit| counts.add(*logit));
    share_at(&others, counts.conformal_threshold(FPR)).unwrap_or_default()
}

fn figures(anchors: usize, rates: &[Vec<f64>]) -> ThresholdFigures {
    let means: Vec<f64> = rates.iter().map(|rates| mean_sd(rates).0).collect();
    let (mean, sd) = mean_sd(&means);
    let single = sorted(&rates.concat());
    let quantile = |q: f64| single[((single.len() - 1) as f64 * q).round() as usize];
    ThresholdFigures {
        anchors,
        fpr: FPR,
        domains: rates.len(),
        mean,
        sd,
        low: quantile(0.025),
        high: quantile(0.975),
    }
}
