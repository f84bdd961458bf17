//! What is known of a model's logits on text of domains that it had not seen.
//!
//! Without it a logit says little of a *pool*: where human and machine logits lie differs between
//! domains, so a share of machine text is found from how they vary over domains.

/// Number of bins of a logit histogram.
pub const BINS: usize = 64;
/// Lower edge of the second bin: everything below is in the first, everything far above in the last.
pub const FIRST_EDGE: f64 = -7.75;
/// Width of a bin.
pub const WIDTH: f64 = 0.25;
/// The rate that [`Reference::threshold`] is for.
pub const KEPT_RATE: f64 = 0.01;
/// How many times the rate of all human text the worst domain's may be.
pub const WORST: f64 = 5.0;
/// Points at which a [`Side`]'s shape is given: -4 to 4 standard deviations in steps of 1/8.
pub const KNOTS: usize = 65;

/// The bin of a logit: half-open intervals of [`WIDTH`], the first and the last without end.
pub fn bin(logit: f64) -> usize {
    let above = libm::floor((logit - FIRST_EDGE) / WIDTH) + 1.0;
    above.clamp(0.0, (BINS - 1) as f64) as usize
}

/// How the logits of one label lie in domains that were left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Mean and standard deviation, over domains, of their mean logit.
    pub mean: (f64, f64),
    /// The same of the logarithm of their standard deviation.
    pub log_sd: (f64, f64),
    /// Share of a domain's documents at or below each knot, in its own standard deviations from its
    /// own mean, averaged over domains.
    pub shape: [f64; KNOTS],
}

/// Held-out behaviour of a model, kept in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Share of human documents in each bin (sums to 1), every domain at its training weight.
    pub histogram: [f64; BINS],
    /// The largest share, over domains, of human documents in each bin or above.
    pub worst: [f64; BINS],
    /// What [`Reference::threshold_at`] gives for 1%, exactly.
    pub threshold: f64,
    /// Where a source's human logits belong, as mean and standard deviation, for a logit that is
    /// shifted and scaled there to be calibrated.
    pub anchored: (f64, f64),
    /// Human documents.
    pub human: Side,
    /// Machine documents.
    pub machine: Side,
    /// How badly the best mixture of the two sides fits all but 5% of the domains, in nats a document.
    pub misfit: f64,
}

impl Reference {
    /// The threshold for a source of which no human text is known: the logit that at most a share
    /// of `fpr` of human documents of unseen domains reaches, and at most [`WORST`] times as many
    /// in the worst of them, since the source may be like that one. The kept one for 1%, else
    /// the lowest edge of a bin for which both hold; the last bin has no end: where it holds more
    /// by itself, a bin's width above its edge.
    pub fn threshold_at(&self, fpr: f64) -> f64 {
        if fpr == KEPT_RATE {
            return self.threshold;
        }
        let mut above = 0.0;
        let mut threshold = FIRST_EDGE + WIDTH * (BINS - 1) as f64;
        for edge in (1..BINS).rev() {
            above += self.histogram[edge];
            if above > fpr || self.worst[edge] > WORST * fpr {
                break;
            }
            threshold = FIRST_EDGE + WIDTH * (edge - 1) as f64;
        }
        threshold
    }
}

impl Default for Reference {
    /// Knows nothing: flat histogram and shapes, wide apart.
    fn default() -> Reference {
        let mut shape = [0.0; KNOTS];
        for (knot, share) in shape.iter_mut().enumerate() {
            *share = knot as f64 / (KNOTS - 1) as f64;
        }
        let side = |mean: f64| Side {
            mean: (mean, 1.5),
            log_sd: (0.5, 0.25),
            shape,
        };
        Reference {
            histogram: [1.0 / BINS as f64; BINS],
            worst: [0.0; BINS],
            threshold: 0.0,
            anchored: (-2.0, 1.75),
            human: side(-3.0),
            machine: side(3.0),
            misfit: 0.1,
        }
    }
}
