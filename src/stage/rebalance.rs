//! Another mix from scores that exist: a new run directory that refers to them by path and digest.

use std::path::Path;

use super::error::StageError;
use super::inputs::real;
use super::job::{read_json, write_json};
use super::preflight::refuse_foreign;
use crate::config::{self, Config};
use crate::provenance::fingerprint::short_digest;
use crate::provenance::inputs::{InputList, ScoresOf, scores_of};
use crate::provenance::run_dir::Stage;
use crate::provenance::{Manifest, RunDir, ShardRecord};

/// Prepares `out` as a run on the scores of `run`, and gives the configuration of `run`.
///
/// # Errors
/// If `run` was not scored, or `out` is `run` itself.
pub fn prepare(run: &Path, out: &Path) -> Result<Config, StageError> {
    let from = RunDir::new(real(run));
    let to = RunDir::new(real(out));
    if to.root().starts_with(from.root()) || from.root().starts_with(to.root()) {
        return Err(StageError::Usage(format!(
            "{} and {} lie one inside the other: give another --out",
            run.display(),
            out.display()
        )));
    }
    refuse_foreign(&to)?;
    let config = config::load(&from.config())?;
    let list: InputList = read_json(&from.inputs())?;
    let measured = scores_of(&from).map_or_else(|| from.clone(), |s| RunDir::new(s.run));
    let scores = ScoresOf {
        digest: digest(&measured, &list)?,
        run: measured.root().to_string_lossy().into_owned(),
    };
    if let Some(before) = scores_of(&to)
        && before != scores
    {
        return Err(StageError::Usage(format!(
            "{} is a mix of other scores: give another --out",
            out.display()
        )));
    }
    if Manifest::exists(&to) && scores_of(&to).is_none() {
        return Err(StageError::Usage(format!(
            "{} is a run of its own: give another --out",
            out.display()
        )));
    }
    let list = InputList {
        scores: Some(scores),
        ..list
    };
    write_json(&to.inputs(), &list)?;
    Ok(config)
}

/// The digest of the digests of all score files.
///
/// # Errors
/// If a shard was not scored.
pub fn digest(measured: &RunDir, list: &InputList) -> Result<String, StageError> {
    let mut digests = String::new();
    for input in &list.inputs {
        let path = measured.record(Stage::Score, &input.source, &input.shard);
        let record = ShardRecord::read(&path).ok_or_else(|| {
            StageError::Damaged(format!(
                "{}/{} is not scored in {}: run `tamis score` there first",
                input.source,
                input.shard,
                measured.root().display()
            ))
        })?;
        for file in &record.files {
            digests.push_str(&file.digest);
        }
        digests.push('\n');
    }
    Ok(short_digest(digests.as_bytes()))
}
