//! What a person types and sees: one file a subcommand, and what they share.
//!
//! Everything for people goes to stderr; results for machines go to stdout, where `--json` asks.

mod audit;
mod config;
mod evaluate;
mod inspect;
mod labelled;
mod progress;
mod quarantine;
mod rebalance;
mod run;
mod signals;
mod stages;
mod stderr;
mod train;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use self::stderr::tell;
use crate::config::parse_size;
use crate::config::{TextPath, TextPaths};
use crate::provenance::run_dir::Stage;
use crate::stage::{CallOptions, Exit, Progress, StageError, caught};

const EXIT_CODES: &str = "\
Exit codes:
  0   done and all accounted for
  2   usage, config or model
  3   data: shards failed, or quarantine above its budget
  4   refused: the target cannot be met, or a gate does not hold
  5   environment: disk, permission, lock, network
  70  a bug
  75  stopped by a signal, safe to run again

Example:
  tamis run --human 'web/*.parquet' --synthetic 'gen/*.jsonl.zst' \\
      --mix human=70,semi_synthetic=15,synthetic=15 --out mix/";

/// A sieve for training text: measures what machines wrote, drops what is repetitive, edits, and
/// writes a mix of known origin.
#[derive(Debug, Parser)]
#[command(name = "tamis", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes. None of it changes a byte of the result.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Worker threads; all cores if not given
    #[arg(long, global = true, value_name = "N", help_heading = "Everywhere")]
    threads: Option<usize>,
    /// Memory, the models not counted
    #[arg(long, global = true, value_name = "SIZE", default_value = "1GiB",
          value_parser = parse_size, help_heading = "Everywhere")]
    memory: u64,
    /// How log lines look where there is no terminal
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "text",
        help_heading = "Everywhere"
    )]
    log: LogForm,
    /// Only errors
    #[arg(long, global = true, help_heading = "Everywhere")]
    quiet: bool,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do all five stages: profile, score, plan, write, report
    Run(Box<run::RunArgs>),
    /// Sample each source: n-gram profiles, the editor's threshold
    Profile(stages::StageArgs),
    /// Measure every document
    Score(Box<stages::ScoreArgs>),
    /// Decide everything from the scores
    Plan(stages::StageArgs),
    /// Write the mix
    Write(stages::WriteArgs),
    /// Tell what was done, and seal the run
    Report(stages::StageArgs),
    /// Make another mix from the scores of a run, which stays as it is
    Rebalance(Box<rebalance::RebalanceArgs>),
    /// Tell how much of a corpus machines wrote, how concentrated and how diverse it is
    Audit(Box<audit::AuditArgs>),
    /// Check a finished run: digests, row law, and every fate recomputed
    Verify(verify::VerifyArgs),
    /// Bring bad rows out of quarantine, to be mended and run again
    Quarantine(quarantine::QuarantineArgs),
    /// Show what shards hold
    Inspect(inspect::InspectArgs),
    /// Check or show a configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Make models
    #[command(subcommand)]
    Train(Box<train::TrainCommand>),
    /// Measure how a model does on labelled text
    #[command(subcommand)]
    Evaluate(Box<evaluate::EvaluateCommand>),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  tamis completions bash > ~/.local/share/bash-completion/completions/tamis"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Parses the command line, runs the command, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    crate::stage::silence_panics();
    progress::logging(&cli.global);
    let session = match Session::new(cli.global) {
        Ok(session) => session,
        Err(error) => return end(&error),
    };
    match caught(|| dispatch(cli.command, &session)) {
        Ok(()) => ExitCode::from(Exit::Done.code()),
        Err(error) => {
            session.finish();
            let error = worst(error, &session.progress);
            if matches!(error, StageError::Stopped) {
                signals::reraise_interrupt();
            }
            end(&error)
        }
    }
}

/// A stop outranks whatever else went wrong on the way to it, but for a bug.
fn worst(error: StageError, progress: &Progress) -> StageError {
    if progress.stopped() && error.exit().rank() < Exit::Stopped.rank() {
        tell(&format!("tamis: {}", crate::stage::error::chain(&error)));
        return StageError::Stopped;
    }
    error
}

fn end(error: &StageError) -> ExitCode {
    tell(&format!("tamis: {}", crate::stage::error::chain(error)));
    ExitCode::from(error.exit().code())
}

fn dispatch(command: Command, session: &Session) -> Result<(), StageError> {
    match command {
        Command::Run(args) => run::run(*args, session),
        Command::Profile(args) => stages::stage(Stage::Profile, &args, session),
        Command::Score(args) => stages::score(&args, session),
        Command::Plan(args) => stages::stage(Stage::Plan, &args, session),
        Command::Write(args) => stages::write(&args, session),
        Command::Report(args) => stages::stage(Stage::Report, &args, session),
        Command::Rebalance(args) => rebalance::run(&args, session),
        Command::Audit(args) => audit::run(&args, session),
        Command::Verify(args) => verify::run(&args, session),
        Command::Quarantine(args) => quarantine::run(&args, session),
        Command::Inspect(args) => inspect::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Train(command) => train::run(&command, session),
        Command::Evaluate(command) => evaluate::run(&command, session),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tamis", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Prints to stdout. A reader that has seen enough is no error.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print(text: &str) -> Result<(), StageError> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(StageError::Environment(format!("stdout: {e}"))),
        Ok(()) => Ok(()),
    }
}

/// One call of the program: its flags, its counters, and what shows them.
pub struct Session {
    global: Global,
    progress: Arc<Progress>,
    shown: progress::Shown,
}

impl Session {
    fn new(global: Global) -> Result<Session, StageError> {
        let progress = Arc::new(Progress::default());
        signals::listen(&progress)?;
        let shown = progress::Shown::start(&global, Arc::clone(&progress));
        Ok(Session {
            global,
            progress,
            shown,
        })
    }

    /// What the flags say, for a job.
    pub fn options(&self, allow_failed: u64) -> CallOptions {
        CallOptions {
            threads: self.threads(),
            memory: self.global.memory,
            allow_failed,
            progress: Arc::clone(&self.progress),
        }
    }

    /// Counters and stop flag of this call.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Worker threads.
    pub fn threads(&self) -> usize {
        self.global.threads.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        })
    }

    /// Does work that is parallel by itself on [`Session::threads`].
    ///
    /// # Errors
    /// If threads cannot be started.
    pub fn in_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, StageError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads())
            .build()
            .map_err(|e| StageError::Environment(format!("cannot start threads: {e}")))?;
        Ok(pool.install(work))
    }

    /// Ends the progress bar.
    pub fn finish(&self) {
        self.shown.finish();
    }

    /// Shows text to the person, unless `--quiet`.
    pub fn say(&self, text: &str) {
        if !self.global.quiet {
            tell(text);
        }
    }
}

/// The paths that `--text` gave, together.
///
/// # Errors
/// If one is there twice.
pub fn text_paths(given: &[TextPath]) -> Result<TextPaths, StageError> {
    TextPaths::new(given.to_vec()).map_err(|e| StageError::Usage(format!("--text: {e}")))
}

/// A configuration file, or a run directory with one in it.
///
/// Gives the configuration and the run directory that it is for, unless nothing says.
pub fn config_or_run(
    path: &std::path::Path,
    out: Option<&PathBuf>,
) -> Result<(crate::config::Config, PathBuf), StageError> {
    let (file, run) = if path.is_dir() {
        (path.join("config.toml"), Some(path.to_path_buf()))
    } else {
        (path.to_path_buf(), None)
    };
    let config = crate::config::load(&file)?;
    let out = out
        .cloned()
        .or(run)
        .or_else(|| config.out.clone().map(PathBuf::from))
        .ok_or_else(|| {
            StageError::Usage(format!(
                "{} has no `out`: set it, or give --out",
                file.display()
            ))
        })?;
    Ok((config, out))
}
