//! `tamis profile`, `score`, `plan`, `write`, `report`: one stage.

use std::path::PathBuf;

use clap::Args;

use super::run::print_json;
use super::{Session, config_or_run, text_paths};
use crate::config::{Compat, TextPath};
use crate::provenance::run_dir::Stage;
use crate::report::table;
use crate::score::classifier::{Classifier, MIN_CHARS};
use crate::score::language::Language;
use crate::stage::{self, Call, Job, StageError, Task, loose};

/// The flags of a stage.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tamis profile mix.toml && tamis score mix.toml && tamis plan mix.toml \\\n      && tamis write mix.toml && tamis report mix.toml"
)]
pub struct StageArgs {
    /// A configuration, or a run directory
    #[arg(value_name = "CONFIG|RUN")]
    config: PathBuf,
    /// The run directory, if not the one that the configuration names
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Go on with up to N failed shards left out
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
    /// Print report.json to stdout (`report` only)
    #[arg(long)]
    json: bool,
}

/// The flags that make a call one task of many.
#[derive(Debug, Args)]
pub struct TaskFlags {
    /// Do the share I of the shards, counted from 0, and nothing that concerns all
    #[arg(long, value_name = "I", requires = "of")]
    task: Option<usize>,
    /// Number of tasks
    #[arg(long, value_name = "N", requires = "task")]
    of: Option<usize>,
}

impl TaskFlags {
    fn call(&self) -> Result<Call, StageError> {
        match (self.task, self.of) {
            (Some(index), Some(of)) => Task::new(index, of).map(Call::Task),
            _ => Ok(Call::Stage),
        }
    }
}

/// The flags of `write`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tamis write mix/\n  tamis write mix/ --task 3 --of 8   # any order, on any machine, some twice if need be"
)]
pub struct WriteArgs {
    /// A configuration, or a run directory
    #[arg(value_name = "CONFIG|RUN")]
    config: PathBuf,
    #[command(flatten)]
    task: TaskFlags,
    /// The run directory, if not the one that the configuration names
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Go on with up to N failed shards left out; in a task, of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
}

const SCORE_EXAMPLES: &str = "\
Examples:
  tamis score mix.toml
  tamis score mix/ --task 3 --of 8   # any order, on any machine, some twice if need be
  tamis score --loose 'web/*.parquet' --out scores.parquet";

/// The examples, and which languages the embedded classifier answers for.
fn score_help() -> String {
    let languages: Vec<String> = Classifier::embedded_languages()
        .into_iter()
        .map(|known| format!("{} ({:.3})", known.lang, known.auroc))
        .collect();
    format!(
        "{SCORE_EXAMPLES}\n\nThe embedded classifier answers for these languages (AUROC at 1,000 characters on documents of\n\
         sources that it had not seen): {}. Elsewhere, and below {MIN_CHARS} characters, `logit` is null.",
        languages.join(", ")
    )
}

/// The flags of `score`.
#[derive(Debug, Args)]
#[command(after_help = score_help())]
pub struct ScoreArgs {
    /// A configuration, or a run directory
    #[arg(
        value_name = "CONFIG|RUN",
        conflicts_with = "loose",
        required_unless_present = "loose"
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    task: TaskFlags,
    /// Score these files, folders or globs without a run directory, in order, into the file --out
    #[arg(long, value_name = "G", num_args = 1.., requires = "out", conflicts_with = "task")]
    loose: Vec<String>,
    /// The run directory, or with --loose the Parquet file of score rows
    #[arg(long, value_name = "RUN|FILE")]
    out: Option<PathBuf>,
    /// Where the text is, with --loose: a column, or a path such as `messages[].content`; repeatable
    #[arg(long, value_name = "PATH", default_value = "text", requires = "loose")]
    text: Vec<TextPath>,
    /// Column or field that holds the id, with --loose
    #[arg(long, value_name = "COLUMN", default_value = "id", requires = "loose")]
    id: String,
    /// The language of all documents, ISO 639-1, which is not identified then; with --loose
    #[arg(
        long,
        value_name = "CODE",
        requires = "loose",
        conflicts_with = "no_language"
    )]
    lang: Option<String>,
    /// Do not identify languages, with --loose
    #[arg(long, requires = "loose")]
    no_language: bool,
    /// Repetition and quality by the definitions of this package (`datatrove`), with --loose
    #[arg(long, value_name = "PACKAGE", requires = "loose")]
    compat: Option<Compat>,
    /// Of a damaged shard, keep the rows before the damage: sets `limits.salvage`, which the stages that follow need in
    /// their configuration
    #[arg(long, conflicts_with = "loose")]
    salvage: bool,
    /// Go on with up to N failed shards left out; in a task, of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
}

/// Runs one stage.
///
/// # Errors
/// As the stage.
pub fn stage(which: Stage, args: &StageArgs, session: &Session) -> Result<(), StageError> {
    let (config, out) = config_or_run(&args.config, args.out.as_ref())?;
    let options = session.options(args.allow_failed);
    let job = Job::open(config, &out, &options, Call::Stage)?;
    let report = stage::run(&job, which)?;
    session.finish();
    if let Some(report) = report {
        session.say(&table::render(&report));
        if args.json {
            print_json(&report)?;
        }
    }
    Ok(())
}

/// Writes the mix, or a task's share of it.
///
/// # Errors
/// As the stage.
pub fn write(args: &WriteArgs, session: &Session) -> Result<(), StageError> {
    let (config, out) = config_or_run(&args.config, args.out.as_ref())?;
    let options = session.options(args.allow_failed);
    let job = Job::open(config, &out, &options, args.task.call()?)?;
    stage::run(&job, Stage::Write)?;
    session.finish();
    Ok(())
}

/// Scores a run, or loose files.
///
/// # Errors
/// As the stage.
pub fn score(args: &ScoreArgs, session: &Session) -> Result<(), StageError> {
    match (&args.config, &args.out) {
        (Some(config), out) => {
            let (mut config, out) = config_or_run(config, out.as_ref())?;
            config.limits.salvage |= args.salvage;
            let options = session.options(args.allow_failed);
            let job = Job::open(config, &out, &options, args.task.call()?)?;
            stage::run(&job, Stage::Score)?;
        }
        (None, Some(out)) => {
            let request = loose::Request {
                patterns: &args.loose,
                text: &text_paths(&args.text)?,
                id: &args.id,
                language: &match (&args.lang, args.no_language) {
                    (Some(lang), _) => Language::Declared(lang.clone()),
                    (None, true) => Language::Unknown,
                    (None, false) => Language::Identified,
                },
                compat: args.compat,
                out,
            };
            let (rows, bad) = loose::score(&request, &session.options(0))?;
            session.finish();
            session.say(&format!("{rows} score rows in {}", out.display()));
            if bad > 0 {
                session.say(&format!(
                    "{bad} of them say `quarantined`: there was no text to read; is --text right?"
                ));
            }
        }
        (None, None) => {
            return Err(StageError::Usage("give --out FILE with --loose".to_owned()));
        }
    }
    session.finish();
    Ok(())
}
