//! `tamis train classifier|prior|profile`: the models that ship, and any like them.

mod held_out;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Session, text_paths};
use crate::config::TextPath;
use crate::shard::write_atomic;
use crate::stage::StageError;
use crate::stage::documents::{self, Wanted};
use crate::train::classifier::{self, Example, TrainOptions};
use crate::train::prior::{PriorBuilder, PriorOptions};
use crate::train::profile::{LEAST_BYTES, ReferenceBuilder};

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

/// Which documents to train on, and where the model goes.
#[derive(Debug, Args)]
pub struct TextArgs {
    /// Files, folders or globs
    #[arg(value_name = "G", required = true)]
    patterns: Vec<String>,
    /// Where the text is: a column, or a path such as `messages[].content`; repeatable
    #[arg(long, value_name = "PATH", default_value = "text")]
    text: Vec<TextPath>,
    /// Column that holds the language, ISO 639-1
    #[arg(long, value_name = "COLUMN", default_value = "lang")]
    lang_column: String,
    /// Only documents whose column has this value; repeatable, values of one column are alternatives
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// No documents whose column has this value; repeatable
    #[arg(long = "where-not", value_name = "COLUMN=VALUE", value_parser = pair)]
    never: Vec<(String, String)>,
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
    /// Column that holds the label
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
    /// Label of human documents
    #[arg(long, value_name = "VALUE", default_value = "human")]
    human: String,
    /// Label of machine documents
    #[arg(long, value_name = "VALUE", default_value = "machine")]
    machine: String,
    /// Column that holds topic or register: what validation leaves out
    #[arg(long, value_name = "COLUMN", default_value = "domain")]
    domain: String,
    /// Column that holds the model that wrote a document
    #[arg(long, value_name = "COLUMN", default_value = "generator")]
    generator: String,
    /// Column that holds the collection that a document comes from
    #[arg(long, value_name = "COLUMN", default_value = "source")]
    source: String,
    /// Column of what may not be split between training and validation
    #[arg(long, value_name = "COLUMN", default_value = "group")]
    group: String,
    /// Column of the sort of text within a label
    #[arg(long, value_name = "COLUMN", default_value = "subset")]
    subset: String,
    /// Seed of crops and order
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Most folds of each validation, which leaves out domains, generators and sources in turn
    #[arg(long, value_name = "N")]
    folds: Option<usize>,
    /// Most weights of a language, as a power of two
    #[arg(long, value_name = "LOG2")]
    slots: Option<u32>,
    /// Also write every row's held-out logits here, as Parquet
    #[arg(long, value_name = "FILE")]
    held_out: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(column, value)| (column.to_owned(), value.to_owned()))
        .ok_or_else(|| "use COLUMN=VALUE".to_owned())
}

fn by_column(pairs: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (column, value) in pairs {
        columns
            .entry(column.clone())
            .or_default()
            .push(value.clone());
    }
    columns
}

impl TextArgs {
    fn wanted(&self, columns: &[&String]) -> Result<Wanted, StageError> {
        Ok(Wanted {
            patterns: self.patterns.clone(),
            text: text_paths(&self.text)?,
            columns: columns.iter().map(|c| (*c).clone()).collect(),
            only: by_column(&self.only),
            never: by_column(&self.never),
        })
    }

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
    }
}

fn train_classifier(args: &ClassifierArgs, session: &Session) -> Result<(), StageError> {
    let columns = [
        &args.label,
        &args.domain,
        &args.generator,
        &args.source,
        &args.group,
        &args.subset,
        &args.documents.lang_column,
    ];
    let mut examples = Vec::new();
    let mut unlabelled = 0u64;
    documents::for_each(
        &args.documents.wanted(&columns)?,
        &session.options(0),
        |(text, values)| {
            let [label, domain, generator, source, group, subset, lang] =
                <[String; 7]>::try_from(values).unwrap_or_default();
            let machine = label == args.machine;
            if machine || label == args.human {
                examples.push(Example {
                    text,
                    machine,
                    domain,
                    generator,
                    source,
                    group,
                    lang,
                    subset,
                });
            } else {
                unlabelled += 1;
            }
            Ok(())
        },
    )?;
    if unlabelled > 0 {
        tracing::warn!(
            rows = unlabelled,
            "rows with another label were passed over"
        );
    }
    let defaults = TrainOptions::default();
    let options = TrainOptions {
        seed: args.seed.unwrap_or(defaults.seed),
        folds: args.folds.unwrap_or(defaults.folds),
        slots_log2: args.slots.unwrap_or(defaults.slots_log2),
        ..defaults
    };
    let model = classifier::train(&examples, &options)
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
    let mut builder = PriorBuilder::new(options);
    let fault = |e| StageError::Usage(format!("cannot train: {e}"));
    documents::for_each(
        &args.documents.wanted(&[&args.documents.lang_column])?,
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
        &args.wanted(&[&args.lang_column])?,
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
