//! Making the classifier: labelled text in, a model file with its held-out behaviour out.
//!
//! The recipe: exact duplicates out; rows of unwanted subsets out (text sampled from base models
//! teaches nothing and costs accuracy); at most so many machine rows of one domain, generator and
//! language; random crops of a document, so that length is no label; every domain, language and
//! label weighted by count^-0.5, and both labels to equal sums; logistic regression by AdaGrad, in
//! which every domain of a language has an intercept that is thrown away.
//!
//! Before that, the same recipe once a fold, leaving whole domains out, then whole families of
//! generators, then whole sources. That tells which languages the model may answer for, and what
//! its logits look like on text of unseen domains: both are kept in the model file, and the figures
//! in [`Report`]s for the card. Rows that share a group (a prompt, a human original) with what is
//! left out are not learnt from either.
//!
//! The result depends on the set of examples and the options only: not on their order, nor on
//! threads.

mod folds;
mod held_out;
mod languages;
mod logistic;
mod platt;
mod reference;
mod regions;
mod report;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use thiserror::Error;

use crate::score::classifier::Classifier;
use platt::Platt;
use regions::Part;
use rows::Rows;

pub use folds::{Grouping, family};
pub use held_out::HeldOut;
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
    /// The collection that it comes from; may be empty, then the domain stands for it.
    pub source: String,
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
    /// Binary logarithm of the number of bigrams' weights of the largest region, 10 to 22; other
    /// n-grams have five sixteenths as many (one byte each in the file).
    pub slots_log2: u32,
    /// Passes over the examples.
    pub epochs: u32,
    /// AdaGrad's learning rate.
    pub rate: f32,
    /// Strength of the L2 penalty, on the weights that an example touches; intercepts have their own.
    pub l2: f32,
    /// Seed of crops and order.
    pub seed: u64,
    /// Most folds of a validation.
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
            slots_log2: 21,
            epochs: 3,
            rate: 0.1,
            l2: 3e-4,
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

/// A model, and how its recipe did on what it had not seen.
#[derive(Debug)]
pub struct TrainedModel {
    /// The model; `to_bytes` is the file.
    pub classifier: Classifier,
    /// Figures of the languages that the model answers for, with domains left out.
    pub domains: Report,
    /// The same with families of generators left out.
    pub generators: Report,
    /// Held-out figures of every language with enough rows, answered for or not.
    pub languages: Vec<LanguageFigures>,
    /// Judgements of the examples of every language by models that had not seen their unit.
    pub held_out: Vec<(Grouping, HeldOut)>,
}

/// All groupings, as [`PartJudged`] has them.
const GROUPINGS: [Grouping; 3] = [Grouping::Domain, Grouping::Generator, Grouping::Source];

/// The held-out judgements of a part of the model.
#[derive(Clone)]
struct PartJudged {
    by: [Vec<HeldOut>; 3],
    /// What calibrates the part.
    platt: Platt,
}

impl PartJudged {
    /// Judges every row by models that had not seen its unit; domains calibrate each other, and
    /// the other groupings.
    fn of(part: &Part<'_>, options: &TrainOptions) -> PartJudged {
        let [mut domains, mut generators, mut sources] =
            GROUPINGS.map(|grouping| part.judge(grouping, options));
        let platt = platt::calibrate(&part.rows, &mut domains);
        for held_out in generators.iter_mut().chain(&mut sources) {
            platt.apply(held_out);
        }
        PartJudged {
            by: [domains, generators, sources],
            platt,
        }
    }
}

/// The held-out judgements of all parts.
struct Judged<'e> {
    rows: Rows<'e>,
    by: [Vec<HeldOut>; 3],
}

impl<'e> Judged<'e> {
    fn join(parts: &[Part<'e>], judged: &[PartJudged]) -> Judged<'e> {
        let starts: Vec<usize> = parts
            .iter()
            .scan(0, |next, part| {
                let start = *next;
                *next += part.rows.len();
                Some(start)
            })
            .collect();
        Judged {
            rows: Rows::join(parts.iter().map(|part| &part.rows)),
            by: GROUPINGS.map(|grouping| {
                let parts = judged.iter().zip(&starts);
                let moved = |(part, start): (&PartJudged, &usize)| {
                    let start = *start;
                    let judged = part.by[grouping as usize].clone().into_iter();
                    judged.map(move |held_out| HeldOut {
                        row: held_out.row + start,
                        ..held_out
                    })
                };
                parts.flat_map(moved).collect()
            }),
        }
    }

    fn of(&self, grouping: Grouping) -> &[HeldOut] {
        &self.by[grouping as usize]
    }

    fn report(&self, grouping: Grouping) -> Report {
        Report::new(&self.rows, self.of(grouping), grouping)
    }

    /// All judgements, of the examples that were given.
    fn of_examples(&self) -> Vec<(Grouping, HeldOut)> {
        let of = |grouping: Grouping| {
            let judged = self.of(grouping).iter();
            judged.map(move |held_out| {
                let row = self.rows.index(held_out.row);
                (grouping, HeldOut { row, ..*held_out })
            })
        };
        GROUPINGS.into_iter().flat_map(of).collect()
    }
}

/// Trains a model with leave-one-group-out validation.
///
/// Two rounds: all languages, to see which may be answered for; then those alone.
pub fn train(examples: &[Example], options: &TrainOptions) -> Result<TrainedModel, TrainError> {
    check(options)?;
    let all = Rows::select(examples, options);
    all.check_labels()?;
    check_domains(&all)?;
    let every: Vec<String> = all.languages().into_keys().map(str::to_owned).collect();
    let judge = |part: &Part<'_>| PartJudged::of(part, options);
    let mut parts = regions::parts(&all, &every, options);
    let mut by_part: Vec<PartJudged> = parts.iter().map(judge).collect();
    let mut judged = Judged::join(&parts, &by_part);
    let by = (judged.of(Grouping::Domain), judged.of(Grouping::Source));
    let languages = languages::figures(&judged.rows, by, options.min_auroc);
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
    let held_out = judged.of_examples();
    if answered.len() < every.len() {
        let known: Vec<(Part<'_>, PartJudged)> = parts.into_iter().zip(by_part).collect();
        parts = regions::parts(&all, &answered, options);
        by_part = parts
            .iter()
            .map(|part| {
                let same = known.iter().find(|(other, _)| other.reads_the_same(part));
                same.map_or_else(|| judge(part), |(_, judged)| judged.clone())
            })
            .collect();
        judged = Judged::join(&parts, &by_part);
    }
    let reference = reference::measure(&judged.rows, judged.of(Grouping::Domain));
    let trained = parts
        .iter()
        .zip(&by_part)
        .map(|(part, judged)| part.fit(&languages, judged.platt, options))
        .collect();
    Ok(TrainedModel {
        classifier: Classifier::new(trained, reference),
        domains: judged.report(Grouping::Domain),
        generators: judged.report(Grouping::Generator),
        languages,
        held_out,
    })
}

/// Validation leaves domains out: each label needs two.
fn check_domains(rows: &Rows<'_>) -> Result<(), TrainError> {
    let mut domains = [BTreeSet::new(), BTreeSet::new()];
    for row in 0..rows.len() {
        domains[usize::from(rows.machine(row))].insert(&rows.example(row).domain);
    }
    for (found, label) in domains.iter().map(BTreeSet::len).zip(["human", "machine"]) {
        if found < 2 {
            return Err(TrainError::FewDomains {
                label,
                found,
                needed: 2,
            });
        }
    }
    Ok(())
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
