//! Logits made calibrated.
//!
//! A penalised model is less sure of itself than it could be, most of all on text of domains that
//! it had not seen. So the logits that models of folds gave the domains that they had left out are
//! shifted and scaled, by a logistic regression of the label on the logit, and so is the model.

use super::held_out::HeldOut;
use super::rows::Rows;
pub(super) use crate::mix::Platt;

impl Platt {
    /// Of held-out judgements but those of one fold, at both lengths.
    fn of(rows: &Rows<'_>, judged: &[HeldOut], without: Option<usize>) -> Platt {
        let others = judged.iter().filter(|row| Some(row.fold) != without);
        Platt::fit(others.flat_map(|held_out| {
            let row = held_out.row;
            let point = |logit: f64| (logit, rows.machine(row), rows.weight(row));
            [point(held_out.short), point(held_out.full)]
        }))
    }

    /// Shifts and scales a judgement.
    pub(super) fn apply(self, held_out: &mut HeldOut) {
        for logit in [&mut held_out.short, &mut held_out.full] {
            *logit = self.shift + self.scale * *logit;
        }
    }
}

/// Calibrates every judgement by those of the other folds, and gives what all folds together say.
pub(super) fn calibrate(rows: &Rows<'_>, judged: &mut [HeldOut]) -> Platt {
    let all = Platt::of(rows, judged, None);
    let folds = judged.iter().map(|row| row.fold + 1).max().unwrap_or(0);
    let by_fold: Vec<Platt> = (0..folds)
        .map(|fold| Platt::of(rows, judged, Some(fold)))
        .collect();
    for held_out in judged {
        by_fold[held_out.fold].apply(held_out);
    }
    all
}
