//! `tamis verify`: the checks of a finished run, first row by row, then of all that was decided.

use std::path::PathBuf;

use clap::Args;

use super::{Session, print};
use crate::provenance::verify::{self, Options};
use crate::stage::{StageError, again};

/// The flags of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tamis verify mix/ --inputs\n\n\
        Takes every digest, follows every row from its scores through the plan, and makes plan, report,\n\
        manifest and records again in memory: they must come out byte for byte, by the version of tamis\n\
        that made the run. With --inputs also what follows from those: texts, columns, variants, profiles,\n\
        and the rows in quarantine.\n\n\
        Taken as given: the scores themselves (the plan names their digests), and what leaves no trace in\n\
        a finished run: log/, and limits on bad rows and damage (`limits.quarantine`, `limits.salvage`)\n\
        that were never reached.\n\n\
        Prints one line a fault to stdout, and ends with 3 if there is one.")]
pub struct VerifyArgs {
    /// A finished run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Read the inputs again, too, and compare what was written with them
    #[arg(long)]
    inputs: bool,
}

/// Checks a run.
///
/// # Errors
/// If there is a fault.
pub fn run(args: &VerifyArgs, session: &Session) -> Result<(), StageError> {
    if !args.run.is_dir() {
        return Err(StageError::Usage(format!(
            "{} is no run directory",
            args.run.display()
        )));
    }
    let progress = session.progress();
    let options = Options {
        inputs: args.inputs,
        threads: session.threads(),
        stopped: &|| progress.stopped(),
    };
    let mut checked = verify::verify(&args.run, &options);
    let mut not_done = None;
    // What is damaged cannot be decided with.
    if checked.faults.is_empty() && !progress.stopped() {
        let again = again::decide(&args.run, args.inputs, &session.options(u64::MAX))?;
        checked.faults = again.faults;
        not_done = again.not_done;
    }
    session.finish();
    if progress.stopped() {
        return Err(StageError::Stopped);
    }
    if let Some(why) = not_done {
        session.say(&format!("plan and report were not made again: {why}"));
    }
    for fault in &checked.faults {
        print(&format!("{fault}\n"))?;
    }
    if checked.faults.is_empty() {
        session.say(&format!(
            "{}: {} files, {} rows in, {} rows out, all accounted for",
            args.run.display(),
            checked.files,
            checked.read,
            checked.written
        ));
        return Ok(());
    }
    Err(StageError::Damaged(format!(
        "{}: {} fault{}",
        args.run.display(),
        checked.faults.len(),
        if checked.faults.len() == 1 { "" } else { "s" }
    )))
}
