//! Pools at known shares, and what every method says of them.

use rayon::prelude::*;

use super::{Figures, LeftOut, METHODS, Options, SHARES};
use crate::mix::LogitCounts;
use crate::mix::prevalence::{Anchors, Estimate, SampleSums, prevalence};
use crate::score::classifier::measure::probability;
use crate::study::draws::Draws;

/// The figures of all pools.
pub struct Judged {
    pub shares: Vec<Figures>,
    pub unlike: f64,
    /// Of each domain.
    pub domains: Vec<OfDomain>,
}

/// The figures of one domain's pools.
pub struct OfDomain {
    pub shares: Vec<Figures>,
    pub unlike: f64,
}

/// What was found of one pool, by [`METHODS`].
struct Pool {
    domain: usize,
    /// Place in [`SHARES`].
    share: usize,
    found: [Found; METHODS.len()],
    unlike: bool,
}

#[derive(Clone, Copy, Default)]
struct Found {
    /// Point less truth.
    off: f64,
    holds: bool,
    width: f64,
}

/// Draws and judges the pools of every domain at every share.
pub fn judge(domains: &[LeftOut<'_>], options: &Options) -> Judged {
    let mut wanted = Vec::with_capacity(domains.len() * SHARES.len() * options.draws);
    for domain in 0..domains.len() {
        for share in 0..SHARES.len() {
            wanted.extend((0..options.draws).map(|draw| (domain, share, draw)));
        }
    }
    let pools: Vec<Pool> = wanted
        .into_par_iter()
        .map(|(domain, share, draw)| {
            let mut draws = Draws::new(&[domain, share, draw]);
            let (found, unlike) = pool(&domains[domain], SHARES[share], options, &mut draws);
            Pool {
                domain,
                share,
                found,
                unlike,
            }
        })
        .collect();
    let of_domain = |domain: usize| {
        let own: Vec<&Pool> = pools.iter().filter(|pool| pool.domain == domain).collect();
        OfDomain {
            shares: figures(&own),
            unlike: unlike(&own),
        }
    };
    let all: Vec<&Pool> = pools.iter().collect();
    Judged {
        shares: figures(&all),
        unlike: unlike(&all),
        domains: (0..domains.len()).map(of_domain).collect(),
    }
}

/// Draws one pool and judges it by every method; true if it was called unlike the training.
fn pool(
    domain: &LeftOut<'_>,
    share: f64,
    options: &Options,
    draws: &mut Draws,
) -> ([Found; METHODS.len()], bool) {
    let [human, machine] = domain.logits;
    let (human_anchors, human) = draws.split(human, options.anchors);
    let (machine_anchors, machine) = draws.split(machine, options.anchors);
    let machines = (options.documents as f64 * share).round() as usize;
    let mut documents = Vec::with_capacity(options.documents);
    for place in 0..options.documents {
        let is_machine = place < machines;
        let from = if is_machine { &machine } else { &human };
        documents.push((from[draws.below(from.len())], is_machine));
    }
    draws.shuffle(&mut documents);
    let truth = machines as f64 / options.documents as f64;
    let (human, machine) = (counts(&human_anchors), counts(&machine_anchors));
    let anchored = |machine| Anchors {
        human: Some(&human),
        machine,
    };
    let none = SampleSums::default();
    let known = [
        (Anchors::default(), none),
        (anchored(None), none),
        (anchored(Some(&machine)), none),
        (Anchors::default(), sample(&documents, options.anchors)),
    ];
    let logits: Vec<f64> = documents.iter().map(|(logit, _)| *logit).collect();
    let pool = counts(&logits);
    let mut unlike = false;
    let found = known.map(|(anchors, sample)| {
        let estimate = prevalence(&pool, anchors, &sample, &domain.evidence)
            .expect("a pool has a document at least");
        unlike |= estimate.method == METHODS[0] && estimate.unlike_training;
        beside(&estimate, truth)
    });
    (found, unlike)
}

fn counts(logits: &[f64]) -> LogitCounts {
    let mut counts = LogitCounts::default();
    logits.iter().for_each(|logit| counts.add(*logit));
    counts
}

/// The first `labelled` of documents in random order as a labelled sample of them all.
fn sample(documents: &[(f64, bool)], labelled: usize) -> SampleSums {
    let mut sums = SampleSums::default();
    for (place, (logit, machine)) in documents.iter().enumerate() {
        sums.add(probability(*logit), (place < labelled).then_some(*machine));
    }
    sums
}

fn beside(estimate: &Estimate, truth: f64) -> Found {
    Found {
        off: estimate.share - truth,
        holds: estimate.low <= truth && truth <= estimate.high,
        width: estimate.high - estimate.low,
    }
}

fn figures(pools: &[&Pool]) -> Vec<Figures> {
    let mut all = Vec::with_capacity(METHODS.len() * SHARES.len());
    for (at, method) in METHODS.into_iter().enumerate() {
        for (place, share) in SHARES.into_iter().enumerate() {
            let of = pools.iter().filter(|pool| pool.share == place);
            let found: Vec<Found> = of.map(|pool| pool.found[at]).collect();
            let mean = |value: &dyn Fn(&Found) -> f64| {
                found.iter().map(value).sum::<f64>() / found.len() as f64
            };
            all.push(Figures {
                method,
                share,
                pools: found.len(),
                error: mean(&|found| found.off.abs()),
                bias: mean(&|found| found.off),
                coverage: mean(&|found| f64::from(u8::from(found.holds))),
                width: mean(&|found| found.width),
            });
        }
    }
    all
}

fn unlike(pools: &[&Pool]) -> f64 {
    pools.iter().filter(|pool| pool.unlike).count() as f64 / pools.len() as f64
}
