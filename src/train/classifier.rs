//! Making the classifier: labelled text in, a model file with its held-out behaviour out.
//!
//! The recipe: exact duplicates out; rows of unwanted subsets out (text sampled from base models
//! teaches nothing and costs accuracy); at most so many machine rows of one domain, generator and
//! language; two random crops a document, so that length is no label; every domain, language and
//! label weighted by count^-0.5, and both labels to equal sums; logistic regression by AdaGrad.
//!
//! Then the same recipe once a fold, leaving whole domains out. That tells which languages the
//! model may answer for, and what its logits look like on text of unseen domains: both are kept
//! in the model file, and the figures in a [`Report`] for the card. Domains that share a group (a
//! prompt, a human original) are left out together.
//!
//! The result depends on the set of examples and the options only: not on their order, nor on
//! threads.

mod folds;
mod held_out;
mod languages;
mod logistic;
mod reference;
mod report;
mod rows;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use thiserror::Error;

use crate::score::classifier::{Classifier, Scratch, features};
use rows::Rows;

pub use report::{Cell, LanguageFigures, LanguageTable, Report};

/// Characters at which the figures of a report are taken.
pub const REPORT_CHARS: usize = 1_000;

/// One labelled document.
#[derive(Debug, Clone, Default)]
pub struct Example {
    /// The document.
    pub text: String,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// Topic or register, as fine as it is known; the unit that validation leaves out.
    pub domain: String,
    /// Which model wrote it; empty for human text.
    pub generator: String,
    /// What may not be split between training and validation, such as a prompt; may be empty.
    pub group: String,
    /// ISO 639-1 code.
    pub lang: String,
    /// What sort of text within its label; may be empty.
    pub subset: String,
}

/// The settings of a training; [`Default`] is the recipe of the embedded model.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Binary logarithm of the number of weights, 10 to 22 (one byte each in the file).
    pub slots_log2: u32,
    /// Passes over the examples.
    pub epochs: u32,
    /// AdaGrad's learning rate.
    pub rate: f32,
    /// Strength of the L2 penalty, on the weights that an example touches.
    pub l2: f32,
    /// Seed of crops and order.
    pub seed: u64,
    /// Parts into which the domains are divided for validation.
    pub folds: usize,
    /// Most machine rows of one domain, generator and language.
    pub max_machine_rows: usize,
    /// Subsets that are neither trained on nor validated on.
    pub left_out: Vec<String>,
    /// Held-out AUROC below which a language is not answered for.
    pub min_auroc: f64,
}

impl Default for TrainOptions {
    fn default() -> TrainOptions {
        TrainOptions {
            slots_log2: 20,
            epochs: 10,
            rate: 0.1,
            l2: 1e-4,
            seed: 0,
            folds: 5,
            max_machine_rows: 300,
            left_out: vec!["base".to_owned(), "translated".to_owned()],
            min_auroc: 0.85,
        }
    }
}

/// Why nothing can be trained.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TrainError {
    /// One label has no rows.
    #[error("no {label} rows to train on: give shards with both labels")]
    OneLabel {
        /// The label that is missing.
        label: &'static str,
    },
    /// Validation needs domains to leave out.
    #[error(
        "{found} separate domains of {label} text, validation needs {needed}: give more domains, or fewer folds"
    )]
    FewDomains {
        /// Whose domains.
        label: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// No language may be answered for.
    #[error("no language reaches a held-out AUROC of {min_auroc}: the model could answer for none")]
    NoLanguage {
        /// The bar, as text.
        min_auroc: String,
    },
    /// A setting is out of its range.
    #[error("`{option}` is out of its range: {range}")]
    Option {
        /// The setting.
        option: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

/// A model, and how it did on domains that it had not seen.
#[derive(Debug)]
pub struct TrainedModel {
    /// The model; `to_bytes` is the file.
    pub classifier: Classifier,
    /// Held-out figures of the languages that the model answers for.
    pub report: Report,
    /// Held-out figures of every language with enough rows, answered for or not.
    pub languages: Vec<LanguageFigures>,
}

/// Trains a model with leave-domains-out validation.
///
/// Two rounds: all languages together, to see which may be answered for; then those alone.
pub fn train(examples: &[Example], options: &TrainOptions) -> Result<TrainedModel, TrainError> {
    check(options)?;
    let all = Rows::select(examples, options);
    all.check_labels()?;
    let logits = held_out::judge(&all, options)?;
    let languages = languages::figures(&all, &logits.short, options.min_auroc);
    let answered: Vec<String> = languages
        .iter()
        .filter(|figures| figures.answered)
        .map(|figures| figures.lang.clone())
        .collect();
    if answered.is_empty() {
        return Err(TrainError::NoLanguage {
            min_auroc: options.min_auroc.to_string(),
        });
    }
    let (before, rows) = (all.len(), all.only(&answered));
    let logits = match rows.len() == before {
        true => logits,
        false => held_out::judge(&rows, options)?,
    };
    let reference = reference::measure(&rows, &logits.full);
    let report = Report::new(&rows, &logits.short);
    let every: Vec<usize> = (0..rows.len()).collect();
    let (weights, bias) = logistic::fit(&rows, &every, options);
    Ok(TrainedModel {
        classifier: Classifier::from_weights(&weights, bias, answered, reference),
        report,
        languages,
    })
}

/// The figures of `classifier` on labelled text that it was not trained on, at the first
/// [`REPORT_CHARS`] characters, for the languages that it answers for.
pub fn evaluate(classifier: &Classifier, examples: &[Example]) -> Report {
    let options = TrainOptions {
        max_machine_rows: usize::MAX,
        left_out: Vec::new(),
        ..TrainOptions::default()
    };
    let rows = Rows::select_uncropped(examples, &options).only(classifier.languages());
    let logits: Vec<Option<f64>> = (0..rows.len())
        .into_par_iter()
        .map_init(Scratch::default, |scratch, row| {
            let text = rows.text(row);
            let slots = features(text, REPORT_CHARS, classifier.slots_log2(), scratch);
            classifier.logit_of_slots(slots)
        })
        .collect();
    Report::new(&rows, &logits)
}

fn check(options: &TrainOptions) -> Result<(), TrainError> {
    let ranges = [
        ("slots", (10..=22).contains(&options.slots_log2), "10 to 22"),
        ("epochs", (1..=100).contains(&options.epochs), "1 to 100"),
        ("folds", (2..=50).contains(&options.folds), "2 to 50"),
        (
            "rate",
            options.rate > 0.0 && options.rate <= 10.0,
            "above 0, at most 10",
        ),
        ("l2", options.l2 >= 0.0 && options.l2 <= 1.0, "0 to 1"),
    ];
    match ranges.iter().find(|(_, holds, _)| !holds) {
        Some(&(option, _, range)) => Err(TrainError::Option { option, range }),
        None => Ok(()),
    }
}
