//! A straight line that makes logits calibrated (Platt, in Advances in Large Margin Classifiers, 1999).

/// Newton steps of a fit.
const STEPS: usize = 30;

/// A logit is `shift + scale` times what it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// What is added to the scaled logit.
    pub shift: f64,
    /// What the logit is multiplied by; above 0.
    pub scale: f64,
}

impl Platt {
    /// Leaves a logit as it is.
    pub const NONE: Platt = Platt {
        shift: 0.0,
        scale: 1.0,
    };

    /// The logistic regression of the label on the logit, for weighted (logit, is machine, weight),
    /// by Newton's method with a little ridge, so that labels that are told apart without fault do
    /// not send it off to infinity. The scale stays above 0.
    pub fn fit(points: impl Iterator<Item = (f64, bool, f64)> + Clone) -> Platt {
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
