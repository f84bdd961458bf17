//! `tamis evaluate classifier|concentration|shares`: how a model does on text whose labels are known,
//! what is estimated by it, and whether machine text is more concentrated.

mod concentration;
mod shares;

use clap::{Args, Subcommand};

use super::Session;
use super::labelled::{DocumentArgs, LabelArgs};
use super::run::print_json;
use crate::score::classifier::Classifier;
use crate::score::fasttext::FastTextModel;
use crate::stage::StageError;
use crate::stage::models::read;
use crate::study::classifier::{Document, Evaluation, Model, Options, Study};

/// What is evaluated.
#[derive(Debug, Subcommand)]
pub enum EvaluateCommand {
    /// A classifier, or a fastText model, on labelled shards: figures by domain, generator,
    /// language, subset and length, each with a 95% interval
    #[command(after_help = EXAMPLE)]
    Classifier(Box<ClassifierArgs>),
    /// Whether machine text is more concentrated than human text, in pools of the same size and domains
    #[command(after_help = concentration::EXAMPLE)]
    Concentration(Box<concentration::ConcentrationArgs>),
    /// The estimated share of machine text, on pools of known shares from domains left out
    #[command(after_help = shares::EXAMPLE)]
    Shares(Box<shares::SharesArgs>),
}

const EXAMPLE: &str = "\
Examples:
  tamis evaluate classifier labelled/ --by source_repo --json > figures.json
  tamis evaluate classifier labelled/ --fasttext quality.bin:machine --chars 2000

The model is asked in the language that the program identifies, as by `score`; the language column
only groups. Rates at a threshold do not transfer between domains: read them by domain.";

/// The flags of `evaluate classifier`.
#[derive(Debug, Args)]
pub struct ClassifierArgs {
    #[command(flatten)]
    documents: DocumentArgs,
    #[command(flatten)]
    labels: LabelArgs,
    /// A file made by `train classifier`, or `embedded`
    #[arg(long, value_name = "FILE", default_value = "embedded")]
    model: String,
    /// A fastText model instead, and its label of machine text
    #[arg(long, value_name = "FILE:LABEL", value_parser = file_and_label, conflicts_with = "model")]
    fasttext: Option<(String, String)>,
    /// Characters of a document that are judged
    #[arg(long, value_name = "N", default_value = "1000", value_parser = at_least_one)]
    chars: usize,
    /// False-positive rate of the threshold in use
    #[arg(long, value_name = "RATE", default_value = "0.01", value_parser = rate)]
    fpr: f64,
    /// A further column to group by; repeatable
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// Print the figures as JSON to stdout
    #[arg(long)]
    json: bool,
}

fn file_and_label(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once(':') {
        Some((file, label)) if !file.is_empty() && !label.is_empty() => {
            Ok((file.to_owned(), label.to_owned()))
        }
        _ => Err("use FILE:LABEL".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("use a whole number, 1 or more".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate < 1.0 => Ok(rate),
        _ => Err("use a number above 0 and below 1, such as 0.01".to_owned()),
    }
}

/// Evaluates a model, or what is estimated by one.
///
/// # Errors
/// A model or shards that cannot be read, or too few labelled documents.
pub fn run(command: &EvaluateCommand, session: &Session) -> Result<(), StageError> {
    match command {
        EvaluateCommand::Classifier(args) => classifier(args, session),
        EvaluateCommand::Concentration(args) => concentration::run(args, session),
        EvaluateCommand::Shares(args) => shares::run(args, session),
    }
}

fn classifier(args: &ClassifierArgs, session: &Session) -> Result<(), StageError> {
    let evaluation = session.in_threads(|| args.evaluation(session))??;
    session.finish();
    session.say(&evaluation.to_string());
    if args.json {
        print_json(&evaluation)?;
    }
    Ok(())
}

impl ClassifierArgs {
    /// Judges all documents.
    fn evaluation(&self, session: &Session) -> Result<Evaluation, StageError> {
        let options = Options {
            chars: self.chars,
            fpr: self.fpr,
            by: self.by.clone(),
        };
        let mut study = Study::new(self.model()?, options);
        let mut found = false;
        self.labels.for_each(
            &self.documents,
            ("evaluate", &self.by),
            session,
            |labelled| {
                found = true;
                study.add(Document {
                    text: labelled.text,
                    machine: labelled.machine,
                    domain: labelled.domain,
                    generator: labelled.generator,
                    group: labelled.group,
                    lang: labelled.lang,
                    subset: labelled.subset,
                    by: labelled.further,
                });
            },
        )?;
        if !found {
            return Err(StageError::Usage(
                "no document has one of the two labels: see --label, --human and --machine"
                    .to_owned(),
            ));
        }
        Ok(study.finish())
    }

    fn model(&self) -> Result<Model, StageError> {
        if let Some((file, label)) = &self.fasttext {
            let bytes = read(file, None).map_err(StageError::Usage)?;
            let model = FastTextModel::from_bytes(&bytes, label)
                .map_err(|e| StageError::Usage(format!("model {file}: {e}")))?;
            return Ok(Model::FastText(Box::new(model)));
        }
        let classifier = match self.model.as_str() {
            "embedded" => Classifier::embedded(),
            file => {
                let bytes = read(file, None).map_err(StageError::Usage)?;
                Classifier::from_bytes(&bytes)
                    .map_err(|e| StageError::Usage(format!("classifier {file}: {e}")))?
            }
        };
        Ok(Model::Classifier(Box::new(classifier)))
    }
}
