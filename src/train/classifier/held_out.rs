//! Logits of every row by a model that never saw the row's unit.

use rayon::prelude::*;

use super::folds::Fold;
use super::rows::Rows;
use super::{REPORT_CHARS, TrainOptions, logistic};
use crate::score::classifier::{FeatureSpace, Region, Scratch};
use crate::text::normalise::Unmasked;

/// What a model that did not know its unit says of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Place of the row: in the rows of the training, or in the examples that were given.
    pub row: usize,
    /// The fold that the row was left out in.
    pub fold: usize,
    /// The logit of the first [`REPORT_CHARS`] characters.
    pub short: f64,
    /// The logit as documents are scored.
    pub full: f64,
}

/// Trains one model a fold, and judges the rows inside by it, but for folds that leave one label
/// only to learn from, and texts without tokens.
pub(super) fn judge(
    rows: &Rows<'_>,
    folds: &[Fold],
    space: &FeatureSpace,
    options: &TrainOptions,
) -> Vec<HeldOut> {
    let judged: Vec<Vec<HeldOut>> = folds
        .par_iter()
        .enumerate()
        .map(|(index, fold)| judge_fold(rows, index, fold, space, options))
        .collect();
    judged.into_iter().flatten().collect()
}

fn judge_fold(
    rows: &Rows<'_>,
    index: usize,
    fold: &Fold,
    space: &FeatureSpace,
    options: &TrainOptions,
) -> Vec<HeldOut> {
    let one_label = |machine: bool| fold.train.iter().all(|&row| rows.machine(row) == machine);
    if one_label(true) || one_label(false) {
        return Vec::new();
    }
    let (weights, bias) = logistic::fit(rows, &fold.train, space, options);
    let model = Region::new(Vec::new(), space.clone(), &weights, bias);
    drop(weights);
    let mut scratch = Scratch::default();
    fold.test
        .iter()
        .filter_map(|&row| {
            let text = rows.text(row);
            Some(HeldOut {
                row,
                fold: index,
                short: model.logit((&Unmasked::first(text, REPORT_CHARS), None), &mut scratch)?,
                full: model.logit((&Unmasked::new(text), None), &mut scratch)?,
            })
        })
        .collect()
}
