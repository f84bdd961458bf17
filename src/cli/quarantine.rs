//! `tamis quarantine`: the rows that could not be used, as shards again.

use std::path::PathBuf;

use clap::Args;

use super::Session;
use crate::stage::StageError;
use crate::stage::replay::{LIST, replay};

const HELP: &str = "\
Writes DIR/SOURCE/SHARD.rows.jsonl (of a table SHARD.rows.parquet) with the bad rows of each shard, and
DIR/rows.tsv, which says of each row where it came from and what is wrong. JSONL rows are the bytes as they
were; table rows have every column of the input, which must still be there. Rows above `limits.max_document`
are only listed, with offset and length.

Mend the new shards, name them as a further path of their source, and run into a new folder. The old
rows stay in quarantine and count there, so `limits.quarantine` must allow for them.

Example:
  tamis quarantine mix/ --out mended/
  vi mended/web/a.jsonl.zst.rows.jsonl
  vi mix.toml         # [[source]] paths = [\"web/\", \"mended/web/\"]; [limits] quarantine = 0.01
  tamis run mix.toml --out mix-2/";

/// The flags of `quarantine`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct QuarantineArgs {
    /// A run that was scored
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Only the rows of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// A folder that is empty or not there yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Brings the bad rows of a run out of quarantine.
///
/// # Errors
/// As [`replay`].
pub fn run(args: &QuarantineArgs, session: &Session) -> Result<(), StageError> {
    let replayed = replay(&args.run, args.source.as_deref(), &args.out)?;
    session.finish();
    let out = args.out.display();
    for (source, rows) in &replayed.rows {
        session.say(&format!(
            "{rows} rows of `{source}` in {out}/{source}: mend them, then name that folder as a further path of `{source}`"
        ));
    }
    if replayed.bare > 0 {
        session.say(&format!(
            "{} rows could not be brought out: {out}/{LIST} has their offset and length",
            replayed.bare
        ));
    }
    if replayed.quarantined > 0 {
        // Rounded up, so that the share itself is within the limit.
        let share = replayed.quarantined as f64 / replayed.read.max(1) as f64;
        session.say(&format!(
            "the old rows still count as quarantined: `limits.quarantine = {:.6}` allows for all {} of them",
            (share * 1e6).ceil() / 1e6,
            replayed.quarantined
        ));
    } else {
        session.say("no row is in quarantine");
    }
    Ok(())
}
