//! A finished run decided again, in memory, beside what lies in its directory.
//!
//! `provenance::verify` holds the rows to scores and plan. Here the plan, the report, the manifest and the lists are
//! themselves made again from configuration, inputs as listed, models, profiles and scores, by the code of the stages, and
//! must come out byte for byte; each shard's record must be the one that its stage would leave. With the inputs at hand the
//! profiles are made again, too, and the rows in quarantine are the bad rows of the inputs.
//!
//! Nothing is written and no lock is taken. What is taken as given are the scores, whose digests the plan names, and
//! what leaves no trace in a finished run: how many bad rows would have been too many, and whether damage would
//! have been salvaged where there was none.

mod records;
mod reopen;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::{StageError, chain};
use super::inputs::Input;
use super::job::{CallOptions, Job, json, read_json};
use super::models::Models;
use super::{plan, profile, rebalance, report, score};
use crate::config;
use crate::mix::Plan;
use crate::provenance::inputs::{InputList, scores_of};
use crate::provenance::manifest::files_of;
use crate::provenance::run_dir::Stage;
use crate::provenance::{Manifest, RunDir, ShardRecord};
use crate::shard::sampled_digest;

/// What came of deciding again.
#[derive(Debug, Default)]
pub struct Again {
    /// One line a fault.
    pub faults: Vec<String>,
    /// Why nothing could be decided again, where models that the run was made with are not at hand.
    pub not_done: Option<String>,
}

/// Decides a finished run again, whose files have the digests of its manifest; with `inputs`, what follows from those too.
///
/// # Errors
/// A stop, or a bug; everything else is a fault of the run.
pub fn decide(root: &Path, inputs: bool, options: &CallOptions) -> Result<Again, StageError> {
    let mut again = Again::default();
    match checked(root, inputs, options, &mut again) {
        Err(error @ (StageError::Stopped | StageError::Bug(_))) => Err(error),
        Err(error) => {
            again.faults.push(chain(&error));
            Ok(again)
        }
        Ok(()) => Ok(again),
    }
}

fn checked(
    root: &Path,
    inputs: bool,
    options: &CallOptions,
    again: &mut Again,
) -> Result<(), StageError> {
    let run = RunDir::new(super::job::absolute(root)?);
    let manifest: Manifest = read_json(&run.manifest())?;
    let faults = &mut again.faults;
    if manifest.tamis != env!("CARGO_PKG_VERSION") {
        faults.push(format!(
            "manifest.json: the run was made by version {} of tamis, which may decide otherwise than this one, {}: verify it with that",
            manifest.tamis,
            env!("CARGO_PKG_VERSION")
        ));
        return Ok(());
    }
    let config = config::load(&run.config())?;
    let models = match Models::load(&config) {
        Ok(models) => models,
        Err(error) if inputs => return Err(error),
        Err(error) => {
            again.not_done = Some(chain(&error));
            return Ok(());
        }
    };
    let job = reopen::job(run, config, models, options)?;
    lists(&job, faults)?;
    files(&job, faults)?;
    records::check(&job, faults)?;
    // What follows from lists and records that are wrong would only be wrong again.
    if !faults.is_empty() {
        return Ok(());
    }
    profiles(&job, inputs, faults)?;
    score::within_budget(&job)?;
    decisions(&job, faults)?;
    if inputs && faults.is_empty() {
        faults.extend(score::bad_rows_differ(&job)?);
    }
    Ok(())
}

/// Configuration and list of inputs agree, and are written as this program writes them.
fn lists(job: &Job, faults: &mut Vec<String>) -> Result<(), StageError> {
    let text = config::to_toml(&job.config)?;
    if std::fs::read(job.run.config()).is_ok_and(|found| found != text.as_bytes()) {
        faults.push("config.toml is not what its values and inputs.json give".to_owned());
    }
    let ordered = |pair: &[Input]| {
        let [a, b] = pair else { return true };
        (a.source, &a.shard.name) < (b.source, &b.shard.name)
    };
    if !job.inputs.windows(2).all(ordered) {
        faults.push("inputs.json is out of order".to_owned());
    }
    faults.extend(differs(
        &job.run,
        &job.run.inputs(),
        &json(&job.input_list(true)?)?,
    ));
    let list: InputList = read_json(&job.run.inputs())?;
    if let Some(scores) = scores_of(&job.run)
        && scores.digest != rebalance::digest(&job.measured, &list)?
    {
        faults.push("inputs.json: `scores` has another digest than the scores".to_owned());
    }
    Ok(())
}

/// Every file is one that a stage leaves for these shards, and none of those is missing.
fn files(job: &Job, faults: &mut Vec<String>) -> Result<(), StageError> {
    let run = &job.run;
    let found = files_of(run).map_err(|e| StageError::io(run.root(), &e))?;
    let found: BTreeSet<PathBuf> = found.into_iter().collect();
    let mut wanted = BTreeSet::from([run.config(), run.inputs(), run.plan(), run.report()]);
    let own = job.measured == *run;
    for source in job.config.source.iter().filter(|_| own) {
        wanted.insert(run.profile(&source.name, "bin"));
        wanted.insert(run.profile(&source.name, "json"));
    }
    for input in &job.inputs {
        job.go_on()?;
        let (source, shard) = (&job.source(input).name, &input.shard.name);
        let sound = |record: &ShardRecord| record.failure.is_none();
        let score = job.record(&job.measured, Stage::Score, input);
        let scored = score.filter(sound);
        if own {
            wanted.insert(run.record(Stage::Score, source, shard));
        }
        let Some(scored) = scored else { continue };
        if own {
            wanted.insert(run.scores(source, shard));
        }
        if own && scored.rows.quarantined > 0 {
            wanted.insert(run.quarantine(source, shard));
        }
        wanted.insert(run.record(Stage::Write, source, shard));
        let written = job.record(run, Stage::Write, input);
        if written.as_ref().is_none_or(sound) {
            wanted.insert(run.data(source, shard));
        }
    }
    for path in found.symmetric_difference(&wanted) {
        let how = match found.contains(path) {
            true => "no input asks for it",
            false => "it is missing",
        };
        faults.push(format!("{}: {how}", run.relative(path)));
    }
    Ok(())
}

/// The profiles were made of these inputs with this configuration and, where the inputs are at hand, come out of them.
///
/// Those of another run, whose scores are used, are that run's to prove.
fn profiles(job: &Job, inputs: bool, faults: &mut Vec<String>) -> Result<(), StageError> {
    if job.measured != job.run {
        return Ok(());
    }
    let summaries = profile::summaries(job)?;
    for (index, (source, summary)) in job.config.source.iter().zip(summaries).enumerate() {
        let of: Vec<&Input> = job.inputs.iter().filter(|i| i.source == index).collect();
        let now = profile::fingerprint(job, source, &of);
        let path = job.run.profile(&source.name, "json");
        let changed = summary.fingerprint.changed(&now);
        if !changed.is_empty() {
            let name = job.run.relative(&path);
            faults.push(format!(
                "{name} was made from another {}",
                changed.join(", ")
            ));
            continue;
        }
        // A shard that failed may have been mended or removed since: then the sample cannot be drawn again.
        let as_it_was =
            |i: &&Input| sampled_digest(&i.shard.path).is_ok_and(|found| found == i.sampled);
        if inputs && of.iter().all(as_it_was) {
            let (counts, summary) = profile::make(job, source, of, now)?;
            faults.extend(differs(&job.run, &path, &json(&summary)?));
            let path = job.run.profile(&source.name, "bin");
            faults.extend(differs(&job.run, &path, &counts));
        }
    }
    Ok(())
}

/// Plan, report and manifest come out of scores, records and configuration.
fn decisions(job: &Job, faults: &mut Vec<String>) -> Result<(), StageError> {
    let made: Plan = plan::make(job)?;
    faults.extend(differs(&job.run, &job.run.plan(), &json(&made)?));
    // The report tells of the plan; it would differ wherever the plan does.
    if !faults.is_empty() {
        return Ok(());
    }
    let (report, manifest) = report::make(job, &made)?;
    faults.extend(differs(&job.run, &job.run.report(), &json(&report)?));
    faults.extend(differs(&job.run, &job.run.manifest(), &manifest.sealed()));
    Ok(())
}

/// How a file differs from what should be in it, if it does: by its first key, where it is a JSON object.
fn differs(run: &RunDir, path: &Path, wanted: &[u8]) -> Option<String> {
    let name = run.relative(path);
    let found = match std::fs::read(path) {
        Ok(found) => found,
        Err(e) => return Some(format!("{name}: {e}")),
    };
    if found == wanted {
        return None;
    }
    let object = |bytes| serde_json::from_slice::<serde_json::Map<_, _>>(bytes).unwrap_or_default();
    let (a, b): (serde_json::Map<String, serde_json::Value>, _) = (object(&found), object(wanted));
    let key = a
        .keys()
        .chain(b.keys())
        .find(|key| a.get(*key) != b.get(*key));
    Some(match key {
        Some(key) => format!("{name}: `{key}` is not what comes out when it is made again"),
        None => format!("{name} is not what comes out when it is made again"),
    })
}
