//! `tamis evaluate concentration`: is machine text more concentrated than human text?

use clap::Args;

use super::super::Session;
use super::super::labelled::{DocumentArgs, LabelArgs};
use super::super::run::print_json;
use super::at_least_one;
use crate::stage::StageError;
use crate::study::concentration::{Document, MIN_GROUPS, Study};

pub const EXAMPLE: &str = "\
Example:
  tamis evaluate concentration labelled/ --where-not subset=base

Domains with 30 groups of both labels count: a human text with its machine versions, or the answers
to one prompt. One text of each label stands for a group, both of the same length.";

/// The flags of `evaluate concentration`.
#[derive(Debug, Args)]
pub struct ConcentrationArgs {
    #[command(flatten)]
    documents: DocumentArgs,
    #[command(flatten)]
    labels: LabelArgs,
    /// Draws of the pools
    #[arg(long, value_name = "N", default_value = "1000", value_parser = at_least_one)]
    draws: usize,
    /// Print the figures as JSON to stdout
    #[arg(long)]
    json: bool,
}

/// Sets machine pools beside human pools.
///
/// # Errors
/// Shards that cannot be read, or no domain with enough documents of both labels.
pub fn run(args: &ConcentrationArgs, session: &Session) -> Result<(), StageError> {
    let mut study = Study::default();
    let (labels, documents) = (&args.labels, &args.documents);
    labels.for_each(documents, ("evaluate", &[]), session, |labelled| {
        study.add(Document {
            text: &labelled.text,
            machine: labelled.machine,
            domain: &labelled.domain,
            group: &labelled.group,
            lang: &labelled.lang,
        });
    })?;
    let evaluation = session.in_threads(|| study.finish(args.draws))?;
    session.finish();
    if evaluation.pools.is_empty() {
        return Err(StageError::Usage(format!(
            "no domain has {MIN_GROUPS} groups with human and machine documents: see --label, --domain and --group"
        )));
    }
    session.say(&evaluation.to_string());
    if args.json {
        print_json(&evaluation)?;
    }
    Ok(())
}
