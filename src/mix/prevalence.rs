//! How much of a pool machines wrote: a share with an interval, from the histogram of its logits.
//!
//! Counting flags is off by tens of points, since rates of error differ several-fold between
//! domains, and so is any mixture of fixed references, since human text of one domain may lie where
//! machine text of another does. What is known decides the method:
//!
//! | known | point | interval |
//! | --- | --- | --- |
//! | the training's domains | mixture likelihood, averaged over where the pool's human and machine logits may lie | the shares that are credible whichever it is |
//! | and human anchors | the same, the human side placed by the anchors | the same |
//! | human and machine anchors | mixture maximum likelihood on their histograms, smoothed by the shape that training saw | Lang and Reiczigel |
//! | a labelled random sample | PPI++ | PPI++ |
//!
//! A pool that no mixture fits as training's domains are fitted is unlike them: its likelihood
//! then counts for fewer documents, which widens the interval, and the estimate says so.

mod evidence;
mod family;
mod local;
mod posterior;
mod sample;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use self::family::{Candidate, Counts, binned};
use self::posterior::posterior;
use super::LogitCounts;

pub use evidence::{Domain, anchored_place};
pub use family::{KNOTS, Side, mean_sd};
pub use local::{Rate, lang_reiczigel};
pub use sample::{MIN_SAMPLE, SampleSums, wilson};

/// Places at which human and machine text are tried: people vary less.
const PLACES: (usize, usize) = (15, 11);
/// Documents that a pool's likelihood, and that of anchors, counts for at most. Shapes are not exact:
/// with twice as many, intervals with human anchors held the truth in 82% of left-out pools at a
/// share of a fifth.
const MOST: f64 = 100.0;
/// A pool that fits better than this is like the training's domains, however well they fit
/// themselves: one drawn with repeats, or by few hands, is rougher than chance alone makes it.
const LEAST_MISFIT: f64 = 0.1;
/// However odd a pool is, it counts for this many documents.
const LEAST: f64 = 5.0;

/// What human and machine text look like to the classifier in domains that it had not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Human documents.
    pub human: Side,
    /// Machine documents.
    pub machine: Side,
    /// The misfit that 5% of domains go beyond (see [`misfit`]); a pool may always have 0.1.
    pub misfit: f64,
}

/// Documents of known origin from the pool's own source.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anchors<'a> {
    /// Logits of known-human documents, if there are enough.
    pub human: Option<&'a LogitCounts>,
    /// The same of machine-written ones; used beside human ones only.
    pub machine: Option<&'a LogitCounts>,
}

/// How an estimate was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A mixture like those of the training's domains.
    MixtureGlobal,
    /// The human side from known-human documents of the same source.
    MixtureAnchored,
    /// Both sides from known documents of the same source.
    LangReiczigel,
    /// A labelled random sample of the pool.
    PpiPlusPlus,
}

impl Method {
    /// The public name, as in reports.
    pub fn name(self) -> &'static str {
        match self {
            Method::MixtureGlobal => "mixture_global",
            Method::MixtureAnchored => "mixture_anchored",
            Method::LangReiczigel => "lang_reiczigel",
            Method::PpiPlusPlus => "ppi_plus_plus",
        }
    }

    /// What must be true for the interval to hold.
    pub fn assumption(self) -> &'static str {
        match self {
            Method::MixtureGlobal => {
                "human and machine text of this pool lie within what the classifier's training saw over its domains"
            }
            Method::MixtureAnchored => {
                "the pool's human text is like the declared-human documents, its machine text within what training saw"
            }
            Method::LangReiczigel => {
                "the pool's human and machine text are like the declared human and synthetic documents"
            }
            Method::PpiPlusPlus => "the labelled documents are a random sample of the pool",
        }
    }
}

/// What is added to the assumption for a pool that no mixture fits.
const UNLIKE: &str =
    "; it fits them worse than 95% of those domains do, so the interval is widened";

/// A share of machine documents in [0, 1], with bounds around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The likeliest share.
    pub share: f64,
    /// Lower bound of the 95% interval.
    pub low: f64,
    /// Upper bound of the 95% interval.
    pub high: f64,
    /// How it was made.
    pub method: Method,
    /// What must be true for the interval to hold, as a sentence.
    pub assumption: Cow<'static, str>,
    /// True if the pool is unlike the domains of the training, so that the interval was widened.
    pub unlike_training: bool,
}

impl Estimate {
    fn new((share, low, high): (f64, f64, f64), method: Method) -> Estimate {
        Estimate {
            share,
            low: low.min(share),
            high: high.max(share),
            method,
            assumption: Cow::Borrowed(method.assumption()),
            unlike_training: false,
        }
    }
}

/// The share of machine documents in a pool; `None` where it is empty.
///
/// `sample` are the sums over the same documents: with enough labels the sample decides.
pub fn prevalence(
    pool: &LogitCounts,
    anchors: Anchors<'_>,
    sample: &SampleSums,
    evidence: &Evidence,
) -> Option<Estimate> {
    if let Some(estimate) = sample.estimate() {
        return Some(Estimate::new(estimate, Method::PpiPlusPlus));
    }
    if pool.total() == 0 {
        return None;
    }
    let pool = binned(pool);
    if let (Some(human), Some(machine)) = (anchors.human, anchors.machine) {
        let sides = (&evidence.human, &evidence.machine);
        let found = local::from_anchors(&pool, (human, machine), sides);
        return Some(Estimate::new(found, Method::LangReiczigel));
    }
    let (mut humans, machines) = candidates(evidence);
    let method = match anchors.human {
        Some(human) => {
            placed(&mut humans, &binned(human));
            Method::MixtureAnchored
        }
        None => Method::MixtureGlobal,
    };
    let sides = (humans.as_slice(), machines.as_slice());
    Some(credible(&pool, sides, method, evidence.misfit))
}

fn candidates(evidence: &Evidence) -> (Vec<Candidate>, Vec<Candidate>) {
    (
        evidence.human.candidates(PLACES.0),
        evidence.machine.candidates(PLACES.1),
    )
}

/// Weighs candidates by how likely they make the anchors.
fn placed(candidates: &mut [Candidate], anchors: &Counts) {
    let total: f64 = anchors.iter().sum();
    let tempered = (MOST / total).min(1.0);
    for candidate in candidates {
        candidate.prior += tempered * candidate.log_likelihood(anchors);
    }
}

/// Median and 95% interval of the posterior.
fn credible(
    pool: &Counts,
    (human, machine): (&[Candidate], &[Candidate]),
    method: Method,
    usual: f64,
) -> Estimate {
    let usual = usual.max(LEAST_MISFIT);
    let first = posterior(pool, human, machine, MOST);
    let unlike = first.misfit > usual;
    let found = if unlike {
        let fewer = (MOST * usual / first.misfit).max(LEAST);
        posterior(pool, human, machine, fewer)
    } else {
        first
    };
    let quantiles = [0.5, 0.025, 0.975].map(|q| found.quantile(q));
    let mut estimate = Estimate::new((quantiles[0], quantiles[1], quantiles[2]), method);
    if unlike {
        estimate.unlike_training = true;
        estimate.assumption = Cow::Owned(format!("{}{UNLIKE}", method.assumption()));
    }
    estimate
}

/// How badly the best mixture of this evidence fits a pool: divergence in nats a document, beyond
/// what chance gives. 0 for an empty pool.
pub fn misfit(pool: &LogitCounts, evidence: &Evidence) -> f64 {
    if pool.total() == 0 {
        return 0.0;
    }
    let (human, machine) = candidates(evidence);
    posterior(&binned(pool), &human, &machine, MOST).misfit
}
