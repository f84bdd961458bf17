//! Shift and scale: a source's logits brought to where the model's held-out human text lies.
//!
//! People of one source may write more like machines than those of another; a logit then means
//! another probability. Known-human documents of the source say where its human logits lie, and a
//! straight line takes them to the mean and spread that the model had on human text of domains it
//! had not seen. What the model's calibration says of a logit holds on that scale.

use serde::{Deserialize, Serialize};

use super::logits::MeanLogit;

/// From a document's own logit to the anchored one: `shift + scale * logit`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anchoring {
    /// What is added to the scaled logit.
    pub shift: f64,
    /// What the logit is multiplied by; above 0.
    pub scale: f64,
}

impl Anchoring {
    /// No anchors: a logit stays as it is.
    pub const NONE: Anchoring = Anchoring {
        shift: 0.0,
        scale: 1.0,
    };

    /// The line that takes human logits of a source to the mean and standard deviation of
    /// `reference`. Logits without spread are shifted only.
    pub fn new(local: &MeanLogit, reference: (f64, f64)) -> Anchoring {
        let (mean, sd) = reference;
        let scale = if local.sd > 0.0 && sd > 0.0 {
            sd / local.sd
        } else {
            1.0
        };
        Anchoring {
            shift: mean - scale * local.mean,
            scale,
        }
    }

    /// The anchored logit of a document.
    pub fn apply(&self, logit: f64) -> f64 {
        self.shift + self.scale * logit
    }

    /// The document's own logit that an anchored one stands for.
    pub fn invert(&self, anchored: f64) -> f64 {
        (anchored - self.shift) / self.scale
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::LogitCounts;
    use super::*;

    proptest! {
        #[test]
        fn anchors_have_the_mean_and_spread_of_the_reference(
            logits in prop::collection::vec(-9.0f64..9.0, 2..100),
            mean in -4.0f64..4.0, sd in 0.1f64..5.0,
        ) {
            let mut counts = LogitCounts::default();
            logits.iter().for_each(|x| counts.add(*x));
            let local = counts.mean().unwrap();
            prop_assume!(local.sd > 0.01);
            let anchoring = Anchoring::new(&local, (mean, sd));
            let mut moved = LogitCounts::default();
            logits.iter().for_each(|x| moved.add(anchoring.apply(*x)));
            let moved = moved.mean().unwrap();
            prop_assert!((moved.mean - mean).abs() < 1e-4 && (moved.sd - sd).abs() < 1e-3);
            for logit in logits {
                prop_assert!((anchoring.invert(anchoring.apply(logit)) - logit).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn anchors_that_are_all_the_same_are_shifted_only() {
        let local = MeanLogit {
            mean: 2.0,
            sd: 0.0,
            error: 0.0,
        };
        let anchoring = Anchoring::new(&local, (-1.0, 1.5));
        assert_eq!(
            anchoring,
            Anchoring {
                shift: -3.0,
                scale: 1.0
            }
        );
    }
}
