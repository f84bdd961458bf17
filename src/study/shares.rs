//! How far estimated shares of machine text are to be believed, on domains that no model had seen.
//!
//! Of every domain with enough documents of both labels pools are drawn at known shares, and every
//! method of [`mix::prevalence`](crate::mix::prevalence) says what it takes the share to be. What
//! the methods know comes from the *other* domains alone, as for a corpus of somebody who has none
//! of the training's: logits of models that had left the domain out, and evidence without it.
//! Anchors are drawn from the domain itself, and no pool holds a document that is an anchor.
//!
//! The same anchors set thresholds and calibrate: the rates of false positives that they realise,
//! and the calibration error that they leave, are told beside.

mod calibration;
mod pools;
mod table;
#[cfg(test)]
mod tests;
mod thresholds;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::mix::prevalence::{Domain, Evidence, MIN_SAMPLE, Method, anchored_place};
use crate::score::classifier::Reference;

/// Documents of each label below which no pools are drawn from a domain.
pub const MIN_DOCUMENTS: usize = 100;
/// Fewest anchors that a study takes: as many labels as a sample needs.
pub const MIN_ANCHORS: usize = MIN_SAMPLE as usize;
/// Shares at which pools are drawn.
pub const SHARES: [f64; 7] = [0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.6];
/// What is compared.
pub const METHODS: [Method; 4] = [
    Method::MixtureGlobal,
    Method::MixtureAnchored,
    Method::LangReiczigel,
    Method::PpiPlusPlus,
];

/// What pools are drawn.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only from domains of this language; the others still are evidence.
    pub lang: Option<String>,
    /// Documents of a pool, 1 or more.
    pub documents: usize,
    /// Pools for each domain and share, and draws of anchors; 1 or more.
    pub draws: usize,
    /// Anchors of each label, and labelled documents of a sample; [`MIN_ANCHORS`] or more. At most
    /// half of a domain's documents are anchors.
    pub anchors: usize,
}

/// A document as a model that had not seen its domain judged it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Topic or register.
    pub domain: String,
    /// ISO 639-1 code.
    pub lang: String,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// Log-odds that a machine did; finite.
    pub logit: f64,
}

/// Domain and language.
type Name = (String, String);

/// A study at work: rows go in, figures come out.
pub struct Study {
    options: Options,
    domains: BTreeMap<Name, Domain>,
}

/// How well shares are estimated, thresholds kept and probabilities calibrated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Documents of a pool.
    pub documents: usize,
    /// Pools for each domain and share.
    pub draws: usize,
    /// Anchors of each label wished for.
    pub anchors: usize,
    /// Over all domains, by method and share.
    pub shares: Vec<Figures>,
    /// Over all domains and shares.
    pub methods: Vec<MethodFigures>,
    /// Share of pools that [`Method::MixtureGlobal`] called unlike the training's domains.
    pub unlike_training: f64,
    /// Thresholds of split conformal prediction, by number of anchors.
    pub thresholds: Vec<ThresholdFigures>,
    /// Calibration error, raw and anchored.
    pub calibration: Calibration,
    /// The domains that pools were drawn from.
    pub domains: Vec<DomainFigures>,
}

/// The estimates of one method at one share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// How they were made.
    pub method: Method,
    /// The share of machine documents in the pools.
    pub share: f64,
    /// How many pools.
    pub pools: usize,
    /// Mean distance of point and truth.
    pub error: f64,
    /// Mean of the point less the truth.
    pub bias: f64,
    /// Share of pools whose 95% interval holds the truth.
    pub coverage: f64,
    /// Mean width of the interval.
    pub width: f64,
}

/// A method over all shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MethodFigures {
    /// Which one.
    pub method: Method,
    /// Share of pools whose 95% interval holds the truth.
    pub coverage: f64,
    /// Coverage in the domain where it is lowest.
    pub lowest_coverage: f64,
}

/// False positives above the conformal threshold of human anchors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ThresholdFigures {
    /// How many anchors.
    pub anchors: usize,
    /// The rate asked for.
    pub fpr: f64,
    /// Domains with enough human documents beside the anchors.
    pub domains: usize,
    /// Mean over domains of the rate on their other human documents.
    pub mean: f64,
    /// Standard deviation over domains of their mean rate.
    pub sd: f64,
    /// 2.5% quantile of the rates of single draws of anchors.
    pub low: f64,
    /// 97.5% quantile of them.
    pub high: f64,
}

/// Expected calibration error in 15 bins, both labels at equal weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Calibration {
    /// Of all documents of the language together, whatever their domain; raw.
    pub all: f64,
    /// Of all domains with pools together, each counting the same.
    pub pooled: BeforeAndAfter,
    /// Mean of the error inside each of these domains.
    pub inside: BeforeAndAfter,
}

/// A figure before and after logits are shifted and scaled by human anchors, on the same documents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BeforeAndAfter {
    /// Of logits as they are.
    pub raw: f64,
    /// Of anchored ones.
    pub anchored: f64,
}

/// One domain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DomainFigures {
    /// Its name.
    pub domain: String,
    /// Its language.
    pub lang: String,
    /// Human documents.
    pub human: usize,
    /// Machine documents.
    pub machine: usize,
    /// Share of its pools that were called unlike the training's domains.
    pub unlike_training: f64,
    /// Calibration error inside it.
    pub ece: BeforeAndAfter,
    /// By method and share.
    pub shares: Vec<Figures>,
}

/// A domain and what is known of it from the others.
struct LeftOut<'s> {
    name: &'s Name,
    logits: &'s Domain,
    evidence: Evidence,
    /// Where human logits belong, as mean and standard deviation.
    place: (f64, f64),
}

impl Study {
    /// A study without documents.
    pub fn new(options: Options) -> Study {
        Study {
            options,
            domains: BTreeMap::new(),
        }
    }

    /// Takes a document in.
    pub fn add(&mut self, row: Row) {
        let domain = self.domains.entry((row.domain, row.lang)).or_default();
        domain[usize::from(row.machine)].push(row.logit);
    }

    /// The figures; `None` where no domain has [`MIN_DOCUMENTS`] of both labels.
    pub fn finish(self) -> Option<Evaluation> {
        let options = &self.options;
        let names: Vec<&Name> = self.in_language().map(|(name, _)| name).collect();
        let enough = |name: &&&Name| {
            let documents = &self.domains[**name];
            documents.iter().all(|logits| logits.len() >= MIN_DOCUMENTS)
        };
        let chosen: Vec<&Name> = names.iter().filter(enough).copied().collect();
        if chosen.is_empty() {
            return None;
        }
        let left_out: Vec<LeftOut<'_>> =
            chosen.par_iter().map(|name| self.left_out(name)).collect();
        let judged = pools::judge(&left_out, options);
        let calibrated = calibration::measure(&left_out, options);
        let human: Vec<&[f64]> = self
            .in_language()
            .map(|(_, logits)| logits[0].as_slice())
            .collect();
        let in_language: Vec<&Domain> = self.in_language().map(|(_, logits)| logits).collect();
        let domains: Vec<DomainFigures> = left_out
            .iter()
            .zip(judged.domains)
            .zip(&calibrated.domains)
            .map(|((left_out, judged), ece)| DomainFigures {
                domain: left_out.name.0.clone(),
                lang: left_out.name.1.clone(),
                human: left_out.logits[0].len(),
                machine: left_out.logits[1].len(),
                unlike_training: judged.unlike,
                ece: *ece,
                shares: judged.shares,
            })
            .collect();
        Some(Evaluation {
            documents: options.documents,
            draws: options.draws,
            anchors: options.anchors,
            methods: METHODS.map(|method| of_method(method, &domains)).to_vec(),
            shares: judged.shares,
            unlike_training: judged.unlike,
            thresholds: thresholds::measure(&human, options.draws),
            calibration: Calibration {
                all: calibration::of_all(&in_language),
                pooled: calibrated.pooled,
                inside: calibration::mean(&calibrated.domains),
            },
            domains,
        })
    }

    fn in_language(&self) -> impl Iterator<Item = (&Name, &Domain)> {
        let lang = self.options.lang.as_ref();
        let wanted = move |name: &Name| lang.is_none_or(|lang| *lang == name.1);
        self.domains.iter().filter(move |(name, _)| wanted(name))
    }

    /// What the domains of other names say of this one: a domain was left out in all languages.
    /// Those of languages that are not asked for say nothing, as in a model, which keeps what it
    /// knows of the languages that it answers for alone.
    fn left_out<'s>(&'s self, name: &'s Name) -> LeftOut<'s> {
        let others: Vec<Domain> = self
            .in_language()
            .filter(|(other, _)| other.0 != name.0)
            .map(|(_, logits)| logits.clone())
            .collect();
        LeftOut {
            name,
            logits: &self.domains[name],
            evidence: Evidence::of(&others),
            place: anchored_place(&others).unwrap_or(Reference::default().anchored),
        }
    }
}

fn of_method(method: Method, domains: &[DomainFigures]) -> MethodFigures {
    let coverages: Vec<f64> = domains
        .iter()
        .map(|domain| {
            let of = domain
                .shares
                .iter()
                .filter(|figures| figures.method == method);
            of.map(|figures| figures.coverage).sum::<f64>() / SHARES.len() as f64
        })
        .collect();
    MethodFigures {
        method,
        coverage: coverages.iter().sum::<f64>() / coverages.len() as f64,
        lowest_coverage: coverages.iter().fold(1.0, |lowest, c| lowest.min(*c)),
    }
}
