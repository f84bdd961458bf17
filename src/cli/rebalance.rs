//! `tamis rebalance`: another mix from the scores of a run.

use std::path::PathBuf;

use clap::Args;

use super::Session;
use super::run::{MixFlags, print_json};
use crate::config;
use crate::provenance::run_dir::Stage;
use crate::report::table;
use crate::stage::tidy::{Temporaries, tidy};
use crate::stage::{self, Call, Job, StageError};

const EXAMPLE: &str = "\
Example:
  tamis rebalance mix/ --mix human=85,synthetic=15 --out mix-85/

What is not given is taken from RUN. Nothing is scored again: the new run refers to the
scores of RUN, which must stay where they are.";

/// The flags of `rebalance`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct RebalanceArgs {
    /// A run that was scored; it stays as it is
    #[arg(value_name = "RUN")]
    run: PathBuf,
    #[command(flatten)]
    mix: MixFlags,
    /// The new run directory
    #[arg(long, value_name = "RUN2")]
    out: PathBuf,
    /// Go on with up to N failed shards left out
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_failed: u64,
    /// Print report.json to stdout
    #[arg(long)]
    json: bool,
}

/// Plans, writes and reports on the scores of another run.
///
/// # Errors
/// As the stages.
pub fn run(args: &RebalanceArgs, session: &Session) -> Result<(), StageError> {
    let mut config = config::load(&args.run.join("config.toml"))?;
    args.mix.apply(&mut config)?;
    let faults = config::check(&config);
    if !faults.is_empty() {
        return Err(config::ConfigError { faults }.into());
    }
    stage::rebalance::prepare(&args.run, &args.out)?;
    let options = session.options(args.allow_failed);
    let job = Job::open(config, &args.out, &options, Call::Run)?;
    tidy(&job, Temporaries::OfTheDead)?;
    stage::run(&job, Stage::Plan)?;
    stage::run(&job, Stage::Write)?;
    let report = stage::report::run(&job)?;
    session.finish();
    session.say(&table::render(&report));
    session.say(&format!("written to {}", args.out.display()));
    if args.json {
        print_json(&report)?;
    }
    Ok(())
}
