//! `tamis train classifier|prior|profile|language`: the models that ship, and any like them.

mod held_out;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Session;
use super::labelled::{DocumentArgs, LabelArgs};
use crate::shard::write_atomic;
use crate::stage::StageError;
use crate::stage::documents;
use crate::train::classifier::{self, Example, TrainOptions};
use crate::train::language::{self, LanguageExample, LanguageOptions};
use crate::train::prior::{PriorBuilder, PriorOptions};
use crate::train::profile::{LEAST_BYTES, ReferenceBuilder};

/// What the progress bar shows.
const TASK: &str = "train";

/// Which model to make.
#[derive(Debug, Subcommand)]
pub enum TrainCommand {
    /// The classifier of human and machine text, from labelled shards
    #[command(after_help = CLASSIFIER_EXAMPLE)]
    Classifier(Box<ClassifierArgs>),
    /// An n-gram prior for token editing, from human text
    #[command(after_help = PRIOR_EXAMPLE)]
    Prior(PriorArgs),
    /// Human reference profiles, from human text
    #[command(after_help = PROFILE_EXAMPLE)]
    Profile(TextArgs),
    /// The language identifier, from text in known languages
    #[command(after_help = LANGUAGE_EXAMPLE)]
    Language(LanguageArgs),
}

const CLASSIFIER_EXAMPLE: &str = "\
Example:
  tamis train classifier labelled/ --label label --human human --machine machine \\
      --domain domain --generator generator --group group --subset subset \\
      --lang-column lang --out classifier.bin";
const PRIOR_EXAMPLE: &str = "\
Example:
  tamis train prior human/ --lang-column lang --out prior.bin
  tamis run mix.toml        # with [edit] prior = \"ngram:prior.bin\"";
const PROFILE_EXAMPLE: &str = "\
Example:
  tamis train profile human/ --lang-column lang --out reference.bin";

const LANGUAGE_EXAMPLE: &str = "\
Example:
  tamis train language translated/ --lang-column lang --group source --out language.bin

Documents of languages that shall be answered null are labelled `mis`, code and the like `zxx`.";

/// Which documents to train on, and where the model goes.
#[derive(Debug, Args)]
pub struct TextArgs {
    #[command(flatten)]
    documents: DocumentArgs,
    /// The model file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The flags of `train prior`.
#[derive(Debug, Args)]
pub struct PriorArgs {
    #[command(flatten)]
    documents: TextArgs,
    /// Largest size of the file
    #[arg(long, value_name = "SIZE", value_parser = crate::config::parse_size)]
    max_size: Option<u64>,
    /// Largest vocabulary of a language, in words
    #[arg(long, value_name = "N")]
    max_words: Option<usize>,
}

/// The flags of `train classifier`.
#[derive(Debug, Args)]
pub struct ClassifierArgs {
    #[command(flatten)]
    documents: TextArgs,
    #[command(flatten)]
    labels: LabelArgs,
    /// Column that holds the collection that a document comes from
    #[arg(long, value_name = "COLUMN", default_value = "source")]
    source: String,
    /// Seed of crops and order
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Most folds of each validation, which leaves out domains, generators and sources in turn
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Most weights of the bigrams of a language, as a power of two
    #[arg(long, value_name = "LOG2")]
    slots: Option<u32>,
    /// Also write every row's held-out logits here, as Parquet
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
}

/// The flags of `train language`.
#[derive(Debug, Args)]
pub struct LanguageArgs {
    #[command(flatten)]
    documents: TextArgs,
    /// Column of the collection that a document comes from, which is held out as a whole
    #[arg(long, value_name = "COLUMN", default_value = "source")]
    group: String,
    /// Seed of crops and order
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folds of the held-out figures
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Rows of weights of an alphabet, as a power of two
    #[arg(long, value_name = "LOG2")]
    rows: Option<u32>,
}

impl TextArgs {
    fn save(&self, bytes: &[u8], session: &Session) -> Result<(), StageError> {
        let written = write_atomic(&self.out, bytes)?;
        session.finish();
        session.say(&format!(
            "{}: {} bytes, blake3 {}",
            self.out.display(),
            written.bytes,
            written.digest
        ));
        Ok(())
    }
}

/// Makes a model.
///
/// # Errors
/// Shards that cannot be read, or too little text.
pub fn run(command: &TrainCommand, session: &Session) -> Result<(), StageError> {
    match command {
        TrainCommand::Classifier(args) => train_classifier(args, session),
        TrainCommand::Prior(args) => train_prior(args, session),
        TrainCommand::Profile(args) => train_profile(args, session),
        TrainCommand::Language(args) => train_language(args, session),
    }
}

fn train_language(args: &LanguageArgs, session: &Session) -> Result<(), StageError> {
    let documents = &args.documents.documents;
    let mut examples = Vec::new();
    documents::for_each(
        &documents.wanted(TASK, &[&documents.lang_column, &args.group])?,
        &session.options(0),
        |(text, mut values)| {
            let group = values.pop().unwrap_or_default();
            let lang = values.pop().unwrap_or_default();
            examples.push(LanguageExample { text, lang, group });
            Ok(())
        },
    )?;
    let defaults = LanguageOptions::default();
    let options = LanguageOptions {
        seed: args.seed.unwrap_or(defaults.seed),
        folds: args.folds.unwrap_or(defaults.folds),
        rows_log2: args.rows.unwrap_or(defaults.rows_log2),
        ..defaults
    };
    let trained = session
        .in_threads(|| language::train(&examples, &options))?
        .map_err(|e| StageError::Usage(format!("cannot train: {e}")))?;
    args.documents.save(&trained.model.to_bytes(), session)?;
    session.say(&trained.report.to_string());
    Ok(())
}

fn train_classifier(args: &ClassifierArgs, session: &Session) -> Result<(), StageError> {
    let mut examples = Vec::new();
    args.labels.for_each(
        &args.documents.documents,
        (TASK, std::slice::from_ref(&args.source)),
        session,
        |mut labelled| {
            examples.push(Example {
                text: labelled.text,
                machine: labelled.machine,
                domain: labelled.domain,
                generator: labelled.generator,
                source: labelled.further.pop().unwrap_or_default(),
                group: labelled.group,
                lang: labelled.lang,
                subset: labelled.subset,
            });
        },
    )?;
    let defaults = TrainOptions::default();
    let options = TrainOptions {
        seed: args.seed.unwrap_or(defaults.seed),
        folds: args.folds.unwrap_or(defaults.folds),
        slots_log2: args.slots.unwrap_or(defaults.slots_log2),
        ..defaults
    };
    let model = session
        .in_threads(|| classifier::train(&examples, &options))?
        .map_err(|e| StageError::Usage(format!("cannot train: {e}")))?;
    if let Some(path) = &args.held_out {
        held_out::write(path, &examples, &model.held_out)?;
    }
    args.documents.save(&model.classifier.to_bytes(), session)?;
    session.say(&model.domains.to_string());
    session.say(&model.generators.to_string());
    session.say(&classifier::LanguageTable(&model.languages).to_string());
    Ok(())
}

fn train_prior(args: &PriorArgs, session: &Session) -> Result<(), StageError> {
    let defaults = PriorOptions::default();
    let options = PriorOptions {
        max_bytes: args.max_size.map_or(defaults.max_bytes, |n| n as usize),
        max_words: args.max_words.unwrap_or(defaults.max_words),
        ..defaults
    };
    let documents = &args.documents.documents;
    let mut builder = PriorBuilder::new(options);
    let fault = |e| StageError::Usage(format!("cannot train: {e}"));
    documents::for_each(
        &documents.wanted(TASK, &[&documents.lang_column])?,
        &session.options(0),
        |(text, values)| builder.push(&values[0], &text).map_err(fault),
    )?;
    let built = builder.finish().map_err(fault)?;
    args.documents.save(&built.bytes, session)?;
    for part in built.languages.iter().filter(|part| part.bytes > 0) {
        session.say(&format!(
            "{:<4} {:>8} documents {:>12} bytes {:>7} words {:>8} pairs {:>8} triples {:>9} bytes of model",
            part.lang, part.documents, part.text_bytes, part.words, part.pairs, part.triples, part.bytes
        ));
    }
    Ok(())
}

fn train_profile(args: &TextArgs, session: &Session) -> Result<(), StageError> {
    let mut builder = ReferenceBuilder::default();
    documents::for_each(
        &args
            .documents
            .wanted(TASK, &[&args.documents.lang_column])?,
        &session.options(0),
        |(text, values)| {
            builder.add(&values[0], &text);
            Ok(())
        },
    )?;
    let (reference, parts) = builder.finish(LEAST_BYTES);
    args.save(&reference.to_bytes(), session)?;
    for part in parts.iter().filter(|part| part.taken) {
        session.say(&format!(
            "{:<4} {:>8} documents {:>12} bytes {:>12} n-grams",
            part.lang, part.documents, part.bytes, part.ngrams
        ));
    }
    Ok(())
}
