//! The checks of a finished run: what is there, what it says, and whether it follows from the plan.
//!
//! Digests come first: any damage inside the run directory shows there. But digests can be made
//! anew, so everything is then computed again from scores and plan: each row's fate, its provenance,
//! the counts of each shard, the cuts' sums, and the totals. Whether the plan is the one that the scores give, and the
//! records those that stages leave, lies above this floor: `stage::again` goes on where this ends.

mod quarantine;
mod rows;
mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use serde::de::DeserializeOwned;

use self::shard::{Expectation, More, Run};
use super::failures::Failures;
use super::fingerprint::{Fingerprint, decisions};
use super::inputs::InputList;
use super::manifest::{FileLine, Manifest, files_of};
use super::prior;
use super::record::{EditTally, Failure, RowCounts, ShardRecord};
use super::run_dir::{RunDir, Stage};
use crate::config::Config;
use crate::mix::Plan;
use crate::shard::digest_file;

/// How much to check.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Read the inputs again, too, and compare every text with its original.
    pub inputs: bool,
    /// Worker threads.
    pub threads: usize,
    /// Asked between shards whether to stop.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

/// What was checked, and every fault found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files whose digests were taken.
    pub files: usize,
    /// Rows read by the run.
    pub read: u64,
    /// Rows written by the run.
    pub written: u64,
    /// One line a fault.
    pub faults: Vec<String>,
}

/// What is checked of `report.json`; the type of the whole report lies above this floor.
#[derive(Debug, serde::Deserialize)]
struct Told {
    run: String,
    rows: RowCounts,
    replaced: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
    mix: Vec<Part>,
    max_error_pp: f64,
    edits: EditTally,
    complete: bool,
    failures: Vec<Failure>,
    failures_left_out: u64,
}

#[derive(Debug, serde::Deserialize)]
struct Part {
    origin: String,
    stratum: Option<String>,
    target: f64,
    written: Option<f64>,
    planned_count: u64,
    written_count: Option<u64>,
    documents: u64,
}

/// Checks a finished run.
pub fn verify(root: &Path, options: &Options<'_>) -> Checked {
    let run = RunDir::new(root);
    let mut checked = Checked::default();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build();
    let work = || {
        if let Some(manifest) = sealed(&run, &mut checked.faults) {
            checked.files = manifest.files.len();
            digests(&run, &manifest, options.stopped, &mut checked.faults);
            // What is damaged cannot be computed with.
            if checked.faults.is_empty() {
                recompute(&run, &manifest, options, &mut checked);
            }
        }
        checked
    };
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// The manifest, if it is the very text that was sealed.
fn sealed(run: &RunDir, faults: &mut Vec<String>) -> Option<Manifest> {
    let path = run.manifest();
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) => {
            faults.push(format!(
                "manifest.json cannot be read ({e}): the run is not finished"
            ));
            return None;
        }
    };
    match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.is_sealed() && manifest.clone().sealed() == bytes => {
            Some(manifest)
        }
        Ok(_) => {
            faults.push("manifest.json is not what was written: its digest differs".to_owned());
            None
        }
        Err(e) => {
            faults.push(format!("manifest.json is damaged: {e}"));
            None
        }
    }
}

/// Files missing, changed, or too many.
fn digests(
    run: &RunDir,
    manifest: &Manifest,
    stopped: &(dyn Fn() -> bool + Sync),
    faults: &mut Vec<String>,
) {
    let check = |file: &FileLine| -> Option<String> {
        if stopped() {
            return Some(format!("{}: stopped before it was checked", file.path));
        }
        match digest_file(&run.resolve(&file.path)) {
            Err(e) => Some(format!("{}: {e}", file.path)),
            Ok(digest) if digest.hex != file.digest || digest.bytes != file.bytes => Some(format!(
                "{}: its digest is not that of the manifest",
                file.path
            )),
            Ok(_) => None,
        }
    };
    let found: Vec<Option<String>> = manifest.files.par_iter().map(check).collect();
    faults.extend(found.into_iter().flatten());
    let known: BTreeSet<&str> = manifest.files.iter().map(|f| f.path.as_str()).collect();
    match files_of(run) {
        Ok(files) => {
            for path in files {
                let name = run.relative(&path);
                if !known.contains(name.as_str()) {
                    faults.push(format!("{name}: not in the manifest"));
                }
            }
        }
        Err(e) => faults.push(format!("{}: {e}", run.root().display())),
    }
}

fn read<T: DeserializeOwned>(path: &Path, faults: &mut Vec<String>) -> Option<T> {
    let parsed = std::fs::read(path)
        .map_err(|e| e.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|e| e.to_string()));
    parsed
        .map_err(|e| faults.push(format!("{}: {e}", path.display())))
        .ok()
}

/// Everything that follows from scores and plan.
fn recompute(run: &RunDir, manifest: &Manifest, options: &Options<'_>, checked: &mut Checked) {
    let faults = &mut checked.faults;
    let (Some(plan), Some(report), Some(inputs)) = (
        read::<Plan>(&run.plan(), faults),
        read::<Told>(&run.report(), faults),
        read::<InputList>(&run.inputs(), faults),
    ) else {
        return;
    };
    let measured = inputs
        .scores
        .as_ref()
        .map_or_else(|| run.clone(), |s| RunDir::new(&s.run));
    let config = match crate::config::load(&run.config()) {
        Ok(config) => config,
        Err(e) => {
            faults.push(e.to_string());
            return;
        }
    };
    decided(&plan, &config, faults);
    let prior = options.inputs.then(|| prior::load(&config).ok()).flatten();
    let prior = prior
        .map(|(prior, _)| prior)
        .filter(|prior| prior.name() == plan.edit.prior);
    if options.inputs && prior.is_none() {
        faults.push(format!(
            "variants cannot be made again: the prior {} is not `{}`",
            plan.edit.prior, config.edit.prior
        ));
    }
    let checked_run = Run {
        dir: run,
        measured: &measured,
        plan: &plan,
        config: &config,
        more: More {
            inputs: options.inputs,
            prior: prior.as_deref(),
        },
    };
    let results: Vec<Result<Option<Expectation>, Vec<String>>> = inputs
        .inputs
        .par_iter()
        .map(|input| {
            if (options.stopped)() {
                return Err(vec!["stopped before every shard was checked".to_owned()]);
            }
            checked_run.check(input)
        })
        .collect();
    let mut sums = Expectation::new(&plan);
    let mut failed = 0;
    for result in results {
        match result {
            Ok(Some(shard)) => sums.add(shard),
            Ok(None) => failed += 1,
            Err(more) => faults.extend(more),
        }
    }
    if !faults.is_empty() {
        return;
    }
    checked.read = sums.rows.read;
    checked.written = sums.rows.written;
    let names = inputs
        .inputs
        .iter()
        .map(|input| (input.source.as_str(), input.shard.as_str()));
    match Failures::of(run, &measured, names) {
        Ok(failures) => failures_told(manifest, &report, &failures, faults),
        Err(e) => faults.push(e),
    }
    totals(manifest, &plan, &report, &sums, failed, faults);
    scores_digest(run, &measured, &plan, &inputs, faults);
    profiles(&measured, &plan, faults);
}

/// The plan must be the one that the configuration asks for, and its digest that of its parts.
fn decided(plan: &Plan, config: &Config, faults: &mut Vec<String>) {
    for (name, digest) in decisions(config).parts() {
        if plan.fingerprint.get(name) != Some(digest) {
            faults.push(format!("plan.json was made with another {name}"));
        }
    }
    let same = [
        ("mix", plan.mix == config.mix),
        ("seed", plan.seed == config.seed),
        ("base", plan.base == config.edit.base),
        ("uncertain", plan.uncertain == config.assign.uncertain),
        ("unverified", plan.unverified == config.assign.unverified),
        ("rules", plan.rules == config.rules()),
        ("digest", plan.is_sealed()),
        (
            "run",
            plan.run == Fingerprint::from(plan.fingerprint.clone()).short(),
        ),
    ];
    for (name, same) in same {
        if !same {
            faults.push(format!("plan.json: its {name} is not what was asked for"));
        }
    }
}

/// The failures that are told are those of the records and quarantine files.
fn failures_told(
    manifest: &Manifest,
    report: &Told,
    failures: &Failures,
    faults: &mut Vec<String>,
) {
    let listed = report.failures == failures.listed
        && report.failures_left_out == failures.left_out
        && report.complete == failures.complete();
    let counted = (manifest.failed, manifest.salvaged) == (failures.failed, failures.salvaged)
        && manifest.complete == failures.complete();
    for (what, same) in [("report.json", listed), ("manifest.json", counted)] {
        if !same {
            faults.push(format!("{what}: failures are not what the records give"));
        }
    }
}

fn totals(
    manifest: &Manifest,
    plan: &Plan,
    report: &Told,
    sums: &Expectation,
    failed: usize,
    faults: &mut Vec<String>,
) {
    let mut differ = |what: &str, same: bool| {
        if !same {
            faults.push(format!("{what} is not what scores and plan give"));
        }
    };
    differ("manifest.json: rows", manifest.rows == sums.rows);
    differ("report.json: rows", report.rows == sums.rows);
    differ("manifest.json: reasons", manifest.reasons == sums.reasons);
    differ("report.json: reasons", report.reasons == sums.reasons);
    differ("report.json: replaced", report.replaced == sums.replaced);
    differ(
        "manifest.json: run",
        manifest.run == plan.run && report.run == plan.run,
    );
    if failed == 0 {
        for (cell, sum) in plan.cells.iter().zip(&sums.cells) {
            let name = format!("plan.json: cell {:?} {}", cell.pool, cell.stratum);
            differ(&name, (cell.planned, cell.documents) == *sum);
        }
        let expected = RowCounts {
            read: plan.expected.read,
            kept: plan.expected.kept,
            dropped: plan.expected.dropped,
            quarantined: plan.expected.quarantined,
            written: plan.expected.written,
        };
        differ("plan.json: expected rows", expected == sums.rows);
    }
    let whole: u64 = sums.written.values().map(|t| t.recounted).sum();
    let mut largest = 0.0f64;
    for part in report.mix.iter().filter(|part| part.stratum.is_none()) {
        let tally = sums.written.get(&part.origin).copied().unwrap_or_default();
        let share = tally.recounted as f64 / whole.max(1) as f64;
        let planned: u64 = plan
            .cells
            .iter()
            .filter(|cell| cell.pool.origin().name() == part.origin)
            .map(|cell| cell.planned)
            .sum();
        let same = part.documents == tally.documents
            && part.written_count == Some(tally.recounted)
            && part.written == Some(share)
            && part.planned_count == planned
            && plan
                .shares()
                .iter()
                .any(|(origin, target)| origin.name() == part.origin && *target == part.target);
        largest = largest.max((share - part.target).abs() * 100.0);
        differ(&format!("report.json: mix of {}", part.origin), same);
    }
    differ("report.json: max_error_pp", report.max_error_pp == largest);
    differ("report.json: edits", report.edits == sums.edits);
}

/// The plan names the digests of the scores that it was made from.
fn scores_digest(
    run: &RunDir,
    measured: &RunDir,
    plan: &Plan,
    inputs: &InputList,
    faults: &mut Vec<String>,
) {
    let mut digests = Vec::new();
    for input in &inputs.inputs {
        let path = measured.record(Stage::Score, &input.source, &input.shard);
        let record = ShardRecord::read(&path).filter(|record| record.failure.is_none());
        let Some(file) = record.and_then(|record| record.files.into_iter().next()) else {
            continue;
        };
        if measured != run {
            match digest_file(&measured.resolve(&file.path)) {
                Ok(digest) if digest.hex == file.digest => {}
                Ok(_) => faults.push(format!("{}: the scores were changed", file.path)),
                Err(e) => faults.push(format!("{}: {e}", file.path)),
            }
        }
        digests.push((
            format!("{}/{}", input.source, input.shard),
            Some(file.digest),
        ));
    }
    let now = Fingerprint::new().value("scores", &digests);
    if plan.fingerprint.get("scores") != now.parts().get("scores") {
        faults.push("plan.json was made from other scores".to_owned());
    }
}

/// The profiles are those that the plan's thresholds came from; each JSON names the digest of its
/// counts.
fn profiles(measured: &RunDir, plan: &Plan, faults: &mut Vec<String>) {
    #[derive(serde::Deserialize)]
    struct Summary {
        profile: String,
    }
    for source in &plan.sources {
        let json = measured.profile(&source.source, "json");
        let digest = digest_file(&json).ok().map(|digest| digest.hex);
        let planned = plan.fingerprint.get(&format!("profile.{}", source.source));
        if digest.as_ref() != planned {
            faults.push(format!(
                "plan.json was made from another {}",
                json.display()
            ));
        }
        let Some(summary) = read::<Summary>(&json, faults) else {
            continue;
        };
        let counts = measured.profile(&source.source, "bin");
        if !digest_file(&counts).is_ok_and(|digest| digest.hex == summary.profile) {
            faults.push(format!("{} is not what was profiled", counts.display()));
        }
    }
}
