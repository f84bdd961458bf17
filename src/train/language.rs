//! Making the language identifier from labelled text.
//!
//! One softmax regression an alphabet, on the n-grams that [`crate::score::language`] reads. Each
//! language counts as much as any other, however much text there is of it; its groups (sources)
//! count by the root of their rows. Figures and calibration come from folds of groups: what judges
//! a row has seen nothing of its group. Rows in any order, on any number of threads, give the same
//! bytes.

mod fit;
mod report;
mod rows;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use thiserror::Error;

pub use report::{LanguageFigures, LanguageReport, LengthFigures};

use self::rows::Rows;
use crate::score::language::file::ROWS_LOG2;
use crate::score::language::model::{LanguageModel, MOST_COLUMNS};

/// Label of text in languages that the model shall answer null for (ISO 639: uncoded languages).
pub const OTHER: &str = "mis";
/// Label of text in no language, such as code (ISO 639: no linguistic content).
pub const NO_LANGUAGE: &str = "zxx";

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageExample {
    /// The text.
    pub text: String,
    /// ISO 639 code of its language, [`OTHER`] or [`NO_LANGUAGE`].
    pub lang: String,
    /// The collection that it comes from: held out as a whole.
    pub group: String,
}

/// How a model is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageOptions {
    /// Seed of crops and order.
    pub seed: u64,
    /// Folds of the held-out figures.
    pub folds: usize,
    /// Rows of weights of an alphabet, as a power of two.
    pub rows_log2: u32,
    /// Pieces of text that are read of each language an epoch.
    pub crops: u32,
    /// Epochs.
    pub epochs: u32,
    /// Step of AdaGrad.
    pub rate: f32,
    /// Pull of every weight that is read towards 0.
    pub l2: f32,
}

impl Default for LanguageOptions {
    fn default() -> LanguageOptions {
        LanguageOptions {
            seed: 0,
            folds: 4,
            rows_log2: 14,
            crops: 1_200,
            epochs: 6,
            rate: 0.1,
            l2: 1e-6,
        }
    }
}

/// Why no model can be made.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LanguageTrainError {
    /// A label is no code.
    #[error("a language is a code of 2 to 8 small letters (ISO 639), not `{0}`")]
    Code(String),
    /// There is no text to learn from.
    #[error("no language has {0} bytes of text in letters of one alphabet")]
    NoText(u64),
    /// More languages than a row of weights has room for.
    #[error("{found} languages are written in {alphabet} letters, the most are {MOST_COLUMNS}")]
    Columns {
        /// Which letters.
        alphabet: String,
        /// How many.
        found: usize,
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

/// A model, and how its recipe did on groups that it had not seen.
#[derive(Debug)]
pub struct TrainedLanguages {
    /// The model; `to_bytes` is the file.
    pub model: LanguageModel,
    /// Held-out figures.
    pub report: LanguageReport,
}

/// Trains a model, and one a fold for the figures and the calibration.
///
/// # Errors
/// Labels that are no codes, too little text, or a setting out of its range.
pub fn train(
    examples: &[LanguageExample],
    options: &LanguageOptions,
) -> Result<TrainedLanguages, LanguageTrainError> {
    check(options)?;
    let rows = Rows::new(examples, options.folds)?;
    let folds: Vec<Option<usize>> = (0..options.folds).map(Some).chain([None]).collect();
    let plans: Vec<_> = (folds.iter())
        .map(|&held| fit::Plan::new(&rows, held))
        .collect::<Result<_, _>>()?;
    let jobs: Vec<(usize, usize)> = (plans.iter().enumerate())
        .flat_map(|(plan, of)| (0..of.parts.len()).map(move |part| (plan, part)))
        .collect();
    let fitted: Vec<fit::Fitted> = (jobs.par_iter())
        .map(|&(plan, part)| plans[plan].parts[part].fit(&rows, options))
        .collect();
    let mut fitted = fitted.into_iter();
    let mut models: Vec<fit::Draft> = (plans.iter())
        .map(|plan| fit::Draft::new(plan, fitted.by_ref().take(plan.parts.len()).collect()))
        .collect();
    let whole = models
        .pop()
        .ok_or(LanguageTrainError::NoText(rows::LEAST_BYTES))?;
    if whole.is_empty() {
        return Err(LanguageTrainError::NoText(rows::LEAST_BYTES));
    }
    let scales = fit::calibrate(&rows, &models, &whole);
    let judges: Vec<LanguageModel> = models.iter().map(|draft| draft.model(&scales)).collect();
    Ok(TrainedLanguages {
        report: LanguageReport::new(&rows, &judges),
        model: whole.model(&scales),
    })
}

fn check(options: &LanguageOptions) -> Result<(), LanguageTrainError> {
    let ranges = [
        ("rows", ROWS_LOG2.contains(&options.rows_log2), "4 to 20"),
        ("epochs", (1..=100).contains(&options.epochs), "1 to 100"),
        ("folds", (2..=50).contains(&options.folds), "2 to 50"),
        (
            "crops",
            (1..=1_000_000).contains(&options.crops),
            "1 to 1,000,000",
        ),
    ];
    match ranges.iter().find(|(_, holds, _)| !holds) {
        Some(&(option, _, range)) => Err(LanguageTrainError::Option { option, range }),
        None => Ok(()),
    }
}
