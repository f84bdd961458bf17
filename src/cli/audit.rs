//! `tamis audit`: how much of a corpus machines wrote, how concentrated and how diverse it is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::run::print_json;
use super::{Session, config_or_run, text_paths};
use crate::config::{Config, ConfigError, Source, TextPath, check};
use crate::document::Origin;
use crate::report::table;
use crate::stage::{Call, Job, StageError, audit};

const EXAMPLE: &str = "\
Examples:
  tamis audit 'web/*.parquet'
  tamis audit web/ --sample 10000 --json > web.json
  tamis audit mix.toml --out audit/     # sources, declared origins and strata of a configuration

Files are one source of unknown origin, its languages strata. The share of machine text is an
estimate with an interval; it is sharper where a configuration declares human documents of the same
source (see `assign.min_anchors`). With --out the scores stay, for `tamis rebalance`.";

/// The flags of `audit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct AuditArgs {
    /// Files, folders or globs; or one configuration or run directory
    #[arg(value_name = "G|CONFIG|RUN", required = true)]
    of: Vec<String>,
    /// Draw N documents of each source and score those alone
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Keep the run directory; a sample is kept beside it, in RUN.sample
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Where the text is: a column, or a path such as `messages[].content`; repeatable
    #[arg(long, value_name = "PATH", default_value = "text")]
    text: Vec<TextPath>,
    /// Column or field that holds the id
    #[arg(long, value_name = "COLUMN", default_value = "id")]
    id: String,
    /// Go on with up to N failed shards left out
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
    /// Print the audit as JSON to stdout
    #[arg(long)]
    json: bool,
}

/// A folder that goes when the audit ends, however it ends.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // What is left of a temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Audits a corpus.
///
/// # Errors
/// As profiling and scoring it.
pub fn run(args: &AuditArgs, session: &Session) -> Result<(), StageError> {
    let mut config = config(args)?;
    let faults = check(&config);
    if !faults.is_empty() {
        return Err(ConfigError { faults }.into());
    }
    let passing = match args.out {
        Some(_) => None,
        None => Some(passing()?),
    };
    let out = match (&args.out, &passing) {
        (Some(out), _) => out.clone(),
        (None, folder) => folder
            .as_ref()
            .map_or_else(PathBuf::new, |f| f.0.join("run")),
    };
    let options = session.options(args.allow_failed);
    if let Some(most) = args.sample {
        refuse_standing(&out)?;
        config.source = audit::draw(&config, most, &beside(&out), &options)?;
    }
    let job = Job::open(config, &out, &options, Call::Stage)?;
    let found = audit::run(&job, args.sample)?;
    session.finish();
    session.say(&table::audit::render(&found));
    if args.json {
        print_json(&found)?;
    }
    Ok(())
}

/// A sample is another corpus: it takes the place of no run, and is not drawn from itself.
fn refuse_standing(out: &Path) -> Result<(), StageError> {
    let sample = beside(out);
    match [out, sample.as_path()]
        .into_iter()
        .find(|path| path.exists())
    {
        Some(path) => Err(StageError::Usage(format!(
            "{} exists: an audit with --sample needs an --out that does not, nor with .sample behind it",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// The configuration that was named, or one of the files alone.
fn config(args: &AuditArgs) -> Result<Config, StageError> {
    if let [one] = args.of.as_slice() {
        let path = Path::new(one);
        if path.extension().is_some_and(|end| end == "toml") || path.join("config.toml").is_file() {
            let anywhere = PathBuf::from(".");
            return Ok(config_or_run(path, Some(&anywhere))?.0);
        }
    }
    let mut config = Config::default();
    // What is asked of the mix does not matter, but that it can be: another is given to `rebalance`.
    config.mix.human = 1.0;
    config.mix.strata = vec!["lang".to_owned()];
    config.source = vec![Source {
        text: text_paths(&args.text)?,
        id: args.id.clone(),
        ..Source::new("unknown", args.of.clone(), Origin::Unknown)
    }];
    Ok(config)
}

/// A new folder among the system's temporary ones, of this call alone: process numbers repeat
/// where containers share the place.
fn passing() -> Result<Passing, StageError> {
    let mut attempt = 0u32;
    loop {
        let name = format!("tamis-audit-{}-{attempt}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(Passing(folder)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(StageError::io(&folder, &error)),
        }
    }
}

/// The folder of the sample: beside the run directory, whose inputs may not lie inside it.
fn beside(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".sample");
    out.with_file_name(name)
}
