//! Logits of every row by a model that never saw the row's domain.

use rayon::prelude::*;

use super::rows::Rows;
use super::{REPORT_CHARS, TrainError, TrainOptions, folds, logistic};
use crate::score::classifier::{Classifier, Reference, Scratch, features};
use crate::text::normalise::MAX_CHARS;

/// Held-out logits, one a row; `None` for a text without tokens.
pub(super) struct HeldOut {
    /// At [`REPORT_CHARS`].
    pub(super) short: Vec<Option<f64>>,
    /// As documents are scored.
    pub(super) full: Vec<Option<f64>>,
}

/// The judgement of one row.
struct Judged {
    row: usize,
    short: Option<f64>,
    full: Option<f64>,
}

/// Trains one model a fold on the rows outside it, and judges the rows inside.
pub(super) fn judge(rows: &Rows<'_>, options: &TrainOptions) -> Result<HeldOut, TrainError> {
    let folds = folds::assign(rows, options.folds)?;
    let judged: Vec<Vec<Judged>> = (0..options.folds)
        .into_par_iter()
        .map(|fold| {
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                (0..rows.len()).partition(|&row| folds[row] == fold);
            judge_fold(rows, &inside, &outside, options)
        })
        .collect();
    let mut logits = HeldOut {
        short: vec![None; rows.len()],
        full: vec![None; rows.len()],
    };
    for judged in judged.into_iter().flatten() {
        logits.short[judged.row] = judged.short;
        logits.full[judged.row] = judged.full;
    }
    Ok(logits)
}

fn judge_fold(
    rows: &Rows<'_>,
    inside: &[usize],
    outside: &[usize],
    options: &TrainOptions,
) -> Vec<Judged> {
    let (weights, bias) = logistic::fit(rows, outside, options);
    let model = Classifier::from_weights(&weights, bias, Vec::new(), Reference::default());
    drop(weights);
    let mut scratch = Scratch::default();
    let mut logit = |row, chars| {
        let slots = features(rows.text(row), chars, options.slots_log2, &mut scratch);
        model.logit_of_slots(slots)
    };
    inside
        .iter()
        .map(|&row| Judged {
            row,
            short: logit(row, REPORT_CHARS),
            full: logit(row, MAX_CHARS),
        })
        .collect()
}
