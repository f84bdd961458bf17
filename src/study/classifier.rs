//! How a classifier does on labelled text: over all, by group, by cell, and by length.
//!
//! A document is judged by its first characters, so that length is no label, and once more whole
//! and at each of [`CUTS`] for the figures by length. What the classifier abstains from is counted
//! with its reason and has no part in any other figure. A *cell* is a domain, a language and a
//! subset of machine text; its machine documents stand against the human ones of the same domain
//! and language or, where there are fewer than [`MIN_DOCUMENTS`], of the language, and the figures
//! say which. Where whole groups have machine text only (a generator, a subset), so do theirs.
//!
//! Every figure has a bootstrap interval, in which documents of one group are drawn together.

mod evaluation;
mod judge;
mod lengths;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::Serialize;

use crate::score::classifier::bootstrap::{Estimate, Figures};

pub use judge::Model;
use judge::Verdicts;
use rows::Rows;

/// Documents of a label below which a set has no figures of that label.
pub const MIN_DOCUMENTS: usize = 30;
/// Characters at which documents that have as many are judged, for the figures by length.
pub const CUTS: [usize; 3] = [500, 1_000, 2_000];

/// Documents judged at a time.
const BATCH: usize = 2_048;

/// One labelled document and where it belongs; a name that is not known is empty.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The text.
    pub text: String,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// Topic or register.
    pub domain: String,
    /// Which model wrote it.
    pub generator: String,
    /// What belongs together: answers to one prompt, a text and its rewrites.
    pub group: String,
    /// ISO 639-1 code; where it is empty, the language that the program identifies.
    pub lang: String,
    /// What sort of text within its label.
    pub subset: String,
    /// Values of the further columns to group by.
    pub by: Vec<String>,
}

/// How documents are judged.
#[derive(Debug, Clone)]
pub struct Options {
    /// Characters of a document that are judged.
    pub chars: usize,
    /// False-positive rate of the threshold in use, above 0 and below 1.
    pub fpr: f64,
    /// Names of the further columns to group by.
    pub by: Vec<String>,
}

/// A study at work: documents go in, figures come out.
pub struct Study {
    model: Model,
    options: Options,
    batch: Vec<Document>,
    rows: Rows,
}

/// The figures of a model on labelled text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// What was judged by.
    pub model: ModelName,
    /// Characters of a document that were judged.
    pub chars: usize,
    /// The threshold in use.
    pub threshold: Threshold,
    /// All documents.
    pub overall: Set,
    /// Means over cells that have both labels.
    pub means: Vec<Mean>,
    /// Domains, generators, languages, subsets, and further columns.
    pub groups: Vec<Grouping>,
    /// Cells, the largest first.
    pub cells: Vec<Set>,
    /// Documents by their length, judged whole.
    pub lengths: Vec<Set>,
    /// Documents that have at least as many characters, judged by the first of them.
    pub cuts: Vec<Set>,
}

/// Which model was judged by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelName {
    /// `classifier` or `fasttext`.
    pub kind: &'static str,
    /// BLAKE3 of the file, in hexadecimal.
    pub digest: String,
    /// Languages that it answers for; `None` where it answers for any.
    pub languages: Option<Vec<String>>,
}

/// The logit from which on a document is called synthetic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The logit.
    pub logit: f64,
    /// The false-positive rate that it is meant to have.
    pub fpr: f64,
    /// `model`: kept in its file. `documents`: the human ones of this study set it, so that their
    /// rate over all is what was asked, and only the rates of groups say something.
    pub from: &'static str,
}

/// Human and machine documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// By people.
    pub human: usize,
    /// By machines.
    pub machine: usize,
}

/// What the classifier abstained from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Abstained {
    /// Too few characters.
    pub too_short: usize,
    /// A language that it does not answer for, or none that could be told.
    pub unknown_language: usize,
}

/// Whose human documents the machine ones of a set stand against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Those of the set.
    Own,
    /// Those of the domains and languages that the set's machine documents are of.
    Domain,
    /// Those of the languages that the set's machine documents are of.
    Language,
    /// Nobody's: there are too few.
    Nobody,
}

/// Documents that have something in common, and the figures of those that were judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Set {
    /// What they have in common.
    pub name: String,
    /// Domain, language and subset, if it is a cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellName>,
    /// Documents of the set.
    pub documents: Counts,
    /// Those of them that the classifier abstained from.
    pub abstained: Abstained,
    /// Whose human documents `auroc`, `tpr_at_1`, `tpr_at_5`, `ece` and `brier` are against.
    pub against: Against,
    /// How many they are, abstained ones not counted.
    pub against_documents: usize,
    /// The figures; `fpr` is that of the set's own human documents.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What a cell is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CellName {
    /// Domain.
    pub domain: String,
    /// Language.
    pub lang: String,
    /// Subset of the machine documents.
    pub subset: String,
}

/// The sets that a column makes, the largest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouping {
    /// The column.
    pub column: String,
    /// Its values with enough documents of at least one label.
    pub sets: Vec<Set>,
    /// The other values.
    pub small: Small,
}

/// Values with too few documents to be told of one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Small {
    /// How many values.
    pub values: usize,
    /// Their documents.
    pub documents: Counts,
}

/// The mean over cells that have both labels, with the interval of drawing the cells anew.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mean {
    /// Which cells: `all`, or `lang=` or `subset=` and the value.
    pub cells: String,
    /// How many.
    pub count: usize,
    /// Mean area under the ROC curve.
    pub auroc: Estimate,
    /// Mean share found at 1% false positives inside the cell.
    pub tpr_at_1: Estimate,
}

impl Study {
    /// A study without documents.
    pub fn new(model: Model, options: Options) -> Study {
        Study {
            model,
            rows: Rows::new(options.by.len()),
            options,
            batch: Vec::new(),
        }
    }

    /// Takes a document in; its text is forgotten once it is judged.
    pub fn add(&mut self, document: Document) {
        self.batch.push(document);
        if self.batch.len() == BATCH {
            self.judge();
        }
    }

    /// The figures of all documents.
    pub fn finish(mut self) -> Evaluation {
        self.judge();
        evaluation::evaluate(&self.model, &self.options, &self.rows)
    }

    fn judge(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let verdicts: Vec<Verdicts> = batch
            .par_iter()
            .map_init(judge::Scratch::default, |scratch, document| {
                self.model
                    .verdicts(&document.text, self.options.chars, scratch)
            })
            .collect();
        for (document, verdicts) in batch.into_iter().zip(verdicts) {
            self.rows.push(document, verdicts);
        }
    }
}
