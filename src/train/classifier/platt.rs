//! Logits made calibrated (Platt, in Advances in Large Margin Classifiers, 1999).
//!
//! A penalised model is less sure of itself than it could be, most of all on text of domains that
//! it had not seen. So the logits that models of folds gave the domains that they had left out are
//! shifted and scaled, by a logistic regression of the label on the logit, and so is the model.

use super::held_out::HeldOut;
use super::rows::Rows;

/// Newton steps of a fit.
const STEPS: usize = 30;

/// A logit is `shift + scale` times what it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Platt {
    pub(super) shift: f64,
    pub(super) scale: f64,
}

impl Platt {
    /// Leaves a logit as it is.
    pub(super) const NONE: Platt = Platt {
        shift: 0.0,
        scale: 1.0,
    };

    /// The logistic regression of the label on the logit, for weighted (logit, is machine, weight),
    /// by Newton's method with a little ridge, so that labels that are told apart without fault do
    /// not send it off to infinity. The scale stays above 0.
    pub(super) fn fit(points: impl Iterator<Item = (f64, bool, f64)> + Clone) -> Platt {
        let ridge = 1e-3 * points.clone().map(|point| point.2).sum::<f64>();
        let (mut a, mut b) = (0.0, 1.0);
        for _ in 0..STEPS {
            let (mut ga, mut gb) = (-ridge * a, -ridge * b);
            let (mut haa, mut hab, mut hbb) = (ridge, 0.0, ridge);
            for (x, machine, weight) in points.clone() {
                let p = 1.0 / (1.0 + libm::exp(-(a + b * x)));
                let label = f64::from(u8::from(machine));
                let (slope, curve) = (weight * (label - p), weight * p * (1.0 - p));
                ga += slope;
                gb += slope * x;
                haa += curve;
                hab += curve * x;
                hbb += curve * x * x;
            }
            let determinant = haa * hbb - hab * hab;
            if determinant <= 0.0 {
                return Platt::NONE;
            }
            // Steps of at most 1: from afar Newton's method overshoots.
            a += ((hbb * ga - hab * gb) / determinant).clamp(-1.0, 1.0);
            b += ((haa * gb - hab * ga) / determinant).clamp(-1.0, 1.0);
            b = b.max(0.05);
        }
        Platt { shift: a, scale: b }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalise::mix;

    #[test]
    fn a_logistic_is_found_again() {
        let mut state = 5;
        let mut uniform = || {
            state += 1;
            ((mix(state) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        let points: Vec<_> = (0..20_000)
            .map(|_| {
                let x = 8.0 * uniform() - 3.0;
                let p = 1.0 / (1.0 + (2.0 - 1.5 * x).exp());
                (x, uniform() < p, 0.01)
            })
            .collect();
        let Platt { shift, scale } = Platt::fit(points.iter().copied());
        assert!(
            (shift + 2.0).abs() < 0.12 && (scale - 1.5).abs() < 0.08,
            "{shift} {scale}"
        );
    }

    #[test]
    fn labels_without_overlap_give_a_finite_line() {
        let points = (0..100).map(|i| (f64::from(i), i >= 50, 1.0));
        let Platt { shift, scale } = Platt::fit(points);
        assert!(shift.is_finite() && scale > 0.0 && (shift + scale * 49.5).abs() < 5.0);
    }

    #[test]
    fn nothing_to_learn_from_changes_nothing() {
        assert_eq!(Platt::fit(std::iter::empty()), Platt::NONE);
    }
}
