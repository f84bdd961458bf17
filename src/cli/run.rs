//! `tamis run`: all five stages.

use std::path::PathBuf;

use clap::Args;

use super::{Session, config_or_run, print, text_paths};
use crate::config::{self, Config, Mix, Source, TextPath, TextPaths, Unit};
use crate::document::Origin;
use crate::provenance::run_dir::Stage;
use crate::report::table;
use crate::stage::tidy::{Temporaries, tidy};
use crate::stage::{self, Call, Job, StageError};

const EXAMPLE: &str = "\
Examples:
  tamis run mix.toml
  tamis run --human 'web/*.parquet' --synthetic 'gen/*.jsonl.zst' \\
      --mix human=70,semi_synthetic=15,synthetic=15 --out mix/

A second call goes on where the first one ended, and skips what is done.";

/// The flags of `run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct RunArgs {
    /// A configuration, or a run directory
    #[arg(value_name = "CONFIG", conflicts_with_all = ["human", "synthetic", "unknown"])]
    config: Option<PathBuf>,
    #[command(flatten)]
    sources: SourceFlags,
    #[command(flatten)]
    mix: MixFlags,
    /// The run directory
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Check everything and show what would be done; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on with up to N failed shards left out
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
    /// Of a damaged shard, keep the rows before the damage (sets `limits.salvage`)
    #[arg(long)]
    salvage: bool,
    /// Print report.json to stdout
    #[arg(long)]
    json: bool,
}

/// Sources without a configuration.
#[derive(Debug, Args)]
pub struct SourceFlags {
    /// Files, folders or globs of human text; repeatable
    #[arg(long, value_name = "G", num_args = 1..)]
    human: Vec<String>,
    /// Files, folders or globs of machine-written text; repeatable
    #[arg(long, value_name = "G", num_args = 1..)]
    synthetic: Vec<String>,
    /// Files, folders or globs of text of unknown origin; repeatable
    #[arg(long, value_name = "G", num_args = 1..)]
    unknown: Vec<String>,
    /// Where the text is: a column, or a path such as `messages[].content`; repeatable; `text` if not given
    #[arg(long, value_name = "PATH", conflicts_with = "config")]
    text: Vec<TextPath>,
    /// Column or field that holds the id; `id` if not given
    #[arg(long, value_name = "COLUMN", conflicts_with = "config")]
    id: Option<String>,
}

/// The mix, on the command line.
#[derive(Debug, Args)]
pub struct MixFlags {
    /// Parts of the mix, as shares of their sum
    #[arg(long, value_name = "ORIGIN=PART,..")]
    pub mix: Option<String>,
    /// What shares are counted in: words, tokens, bytes or documents
    #[arg(long, value_parser = unit)]
    pub unit: Option<Unit>,
    /// Size of the mix in the unit; the largest without copies if not given
    #[arg(long, value_name = "N")]
    pub total: Option<u64>,
    /// Seed of every draw
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

fn unit(text: &str) -> Result<Unit, String> {
    [Unit::Words, Unit::Tokens, Unit::Bytes, Unit::Documents]
        .into_iter()
        .find(|unit| unit.name() == text)
        .ok_or_else(|| "use words, tokens, bytes or documents".to_owned())
}

impl SourceFlags {
    /// The sources `human`, `synthetic` and `unknown`, those that were given.
    fn sources(&self) -> Result<Vec<Source>, StageError> {
        let text = match self.text.as_slice() {
            [] => TextPaths::default(),
            given => text_paths(given)?,
        };
        let given = [
            ("human", &self.human, Origin::Human),
            ("synthetic", &self.synthetic, Origin::Synthetic),
            ("unknown", &self.unknown, Origin::Unknown),
        ];
        let sources = given
            .into_iter()
            .filter(|(_, paths, _)| !paths.is_empty())
            .map(|(name, paths, origin)| {
                let source = Source::new(name, paths.clone(), origin);
                Source {
                    text: text.clone(),
                    id: self.id.clone().unwrap_or(source.id),
                    ..source
                }
            });
        Ok(sources.collect())
    }
}

impl MixFlags {
    /// Puts what was given into a configuration.
    ///
    /// # Errors
    /// If `--mix` cannot be read.
    pub fn apply(&self, config: &mut Config) -> Result<(), StageError> {
        if let Some(text) = &self.mix {
            parts(text, &mut config.mix).map_err(StageError::Usage)?;
        }
        if let Some(unit) = self.unit {
            config.mix.unit = unit;
        }
        if self.total.is_some() {
            config.mix.total = self.total;
        }
        if let Some(seed) = self.seed {
            config.seed = seed;
        }
        Ok(())
    }
}

fn parts(text: &str, mix: &mut Mix) -> Result<(), String> {
    (mix.human, mix.semi_synthetic, mix.synthetic, mix.unverified) = (0.0, 0.0, 0.0, 0.0);
    let mut seen = Vec::new();
    for part in text.split(',') {
        let fault = || {
            format!(
                "`--mix {text}`: `{part}` is no part; use human=70,semi_synthetic=15,synthetic=15"
            )
        };
        let (name, value) = part.split_once('=').ok_or_else(fault)?;
        let value: f64 = value.trim().parse().map_err(|_| fault())?;
        if seen.contains(&name.trim()) {
            return Err(format!("`--mix {text}`: `{}` is there twice", name.trim()));
        }
        seen.push(name.trim());
        match name.trim() {
            "human" => mix.human = value,
            "semi_synthetic" => mix.semi_synthetic = value,
            "synthetic" => mix.synthetic = value,
            "unverified" => mix.unverified = value,
            _ => return Err(fault()),
        }
    }
    Ok(())
}

/// Runs all five stages.
///
/// # Errors
/// As the stages.
pub fn run(args: RunArgs, session: &Session) -> Result<(), StageError> {
    let (mut config, out) = match &args.config {
        Some(path) => config_or_run(path, args.out.as_ref())?,
        None => {
            let config = Config {
                source: args.sources.sources()?,
                ..Config::default()
            };
            let out = args.out.clone().ok_or_else(|| {
                StageError::Usage(
                    "give --out RUN, the folder for everything that is made".to_owned(),
                )
            })?;
            (config, out)
        }
    };
    args.mix.apply(&mut config)?;
    config.limits.salvage |= args.salvage;
    let faults = config::check(&config);
    if !faults.is_empty() {
        return Err(config::ConfigError { faults }.into());
    }
    let options = session.options(args.allow_failed);
    if args.dry_run {
        let preview = Job::preview(config, &out, &options)?;
        session.finish();
        session.say(&preview);
        return Ok(());
    }
    let job = Job::open(config, &out, &options, Call::Run)?;
    tidy(&job, Temporaries::OfTheDead)?;
    let mut report = None;
    for stage in Stage::ALL {
        report = stage::run(&job, stage)?;
    }
    session.finish();
    if let Some(report) = report {
        session.say(&table::render(&report));
        session.say(&format!("written to {}", job.run.root().display()));
        if args.json {
            print_json(&report)?;
        }
    }
    Ok(())
}

/// Prints a value as JSON to stdout.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), StageError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|e| StageError::Bug(format!("cannot write JSON: {e}")))?;
    text.push(b'\n');
    print(&String::from_utf8_lossy(&text))
}
