//! The report stage: `report.json` and `manifest.json`.
//!
//! Before and after are counted over the score rows under the plan; written shares come from what
//! `write` counted again.

pub(super) mod pools;
mod seal;
pub(super) mod sums;

use std::collections::BTreeMap;

use self::pools::{Copies, Pools};
use self::seal::{Totals, manifest, standing};
use self::sums::{CONCENTRATION, DIVERSITY, Group, Sums};
use super::error::{StageError, listed};
use super::job::{Job, write_json};
use super::plan::gates::hold;
use super::plan::sweep::Scored;
use super::tidy::{Temporaries, tidy};
use super::write::{fingerprint, plan_digest};
use super::{plan, profile};
use crate::mix::{Fate, Plan};
use crate::provenance::Manifest;
use crate::provenance::failures::Failures;
use crate::provenance::lineage::Lineage;
use crate::provenance::record::{ShardRecord, Tally};
use crate::provenance::run_dir::Stage;
use crate::report::generations::{GenerationLine, trends};
use crate::report::{ClassifierLine, Gate, MixLine, PrevalenceLine, REPORT_VERSION, Report, share};
use crate::score::row::Status;
use crate::shard::write_atomic;

/// Reports, seals the run, and judges the gates of `write`.
///
/// # Errors
/// A gate that does not hold (after everything is written), damaged files, a stop.
pub fn run(job: &Job) -> Result<Report, StageError> {
    job.engine.progress.begin("report", 0);
    let plan = plan::read(job)?;
    let scored = scored(job)?;
    let records = records(job, &scored)?;
    tidy(job, Temporaries::OfOthers)?;
    let report = match standing(job, &plan) {
        Some(report) => {
            tracing::info!(stage = "report", "done before");
            report
        }
        None => {
            let failures = failures(job)?;
            let report = build(job, &plan, &scored, (&records, &failures))?;
            write_json(&job.run.report(), &report)?;
            let manifest = manifest(job, &plan, (&report, &failures))?;
            write_atomic(&job.run.manifest(), &manifest.sealed())?;
            report
        }
    };
    for gate in &report.gates {
        hold(gate)?;
    }
    Ok(report)
}

/// The report and the manifest that records, scores and plan give, whatever there is.
///
/// # Errors
/// Damaged files, a stop.
pub fn make(job: &Job, plan: &Plan) -> Result<(Report, Manifest), StageError> {
    let scored = scored(job)?;
    let records = records(job, &scored)?;
    let failures = failures(job)?;
    let report = build(job, plan, &scored, (&records, &failures))?;
    let manifest = manifest(job, plan, (&report, &failures))?;
    Ok((report, manifest))
}

/// The score rows, with every measure that is reported.
fn scored(job: &Job) -> Result<Scored<'_>, StageError> {
    let measures = DIVERSITY.iter().chain(&CONCENTRATION);
    Ok(Scored::new(job)?.reading(measures.map(|measure| measure.name().to_owned())))
}

/// The write records of the shards that were scored.
///
/// # Errors
/// If a shard was not written by this plan, or more failed than allowed.
fn records(job: &Job, scored: &Scored<'_>) -> Result<Vec<ShardRecord>, StageError> {
    let (mut records, mut missing, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let plan = plan_digest(job)?;
    for &input in &scored.inputs {
        job.go_on()?;
        let now = fingerprint(job, input, &plan);
        match job.record(&job.run, Stage::Write, input) {
            Some(record) if record.failure.is_some() || record.fingerprint == now => {
                failures.extend(record.failure.clone());
                records.push(record);
            }
            _ => missing.push(job.name(input)),
        }
    }
    if !missing.is_empty() {
        let (count, of, run) = (missing.len(), scored.inputs.len(), job.run.root().display());
        return Err(StageError::Damaged(format!(
            "{count} of {of} shards are not written, or by another plan: {}; run `tamis write {run}` first, or again the tasks that did not end well",
            listed(&missing)
        )));
    }
    if (scored.failed.len() + failures.len()) as u64 > job.allow_failed {
        return Err(StageError::Shards(failures, job.allow_failed));
    }
    Ok(records)
}

fn failures(job: &Job) -> Result<Failures, StageError> {
    let names = job.inputs.iter().map(|input| {
        let source = job.source(input).name.as_str();
        (source, input.shard.name.as_str())
    });
    Failures::of(&job.run, &job.measured, names).map_err(StageError::Damaged)
}

fn build(
    job: &Job,
    plan: &Plan,
    scored: &Scored<'_>,
    (records, failures): (&[ShardRecord], &Failures),
) -> Result<Report, StageError> {
    let lineage = Lineage::new(plan, &scored.schema)
        .map_err(|_| StageError::Damaged("plan.json does not fit the scores".to_owned()))?;
    let pools = Pools::read(job)?;
    let (sums, copies) = scored.sweep(<(Sums, Copies)>::default, |(sums, noted), input, row| {
        if row.status == Status::Ok {
            let (_, judged, fate) = lineage.trace(input.source, &input.shard.name, row);
            let copies = match fate {
                Fate::Dropped(_) => (0, 0),
                Fate::Kept { plain, variants } => (plain, variants),
            };
            sums.add(&job.source(input).name, row, &judged, copies);
            pools.note(noted, input, row.row, u64::from(copies.0 + copies.1));
        }
    })?;
    let totals = Totals::of(job, scored, records);
    let mix = mix_lines(plan, &totals.written);
    let max_error_pp = max_error_pp(&mix);
    let mut gates = plan::gates::judge(job, plan);
    if let Some(limit) = job.config.gates.max_error_pp {
        gates.push(Gate {
            name: "max_error_pp".to_owned(),
            stage: "write".to_owned(),
            limit,
            value: max_error_pp,
            ok: max_error_pp <= limit,
        });
    }
    let changes = |groups: &BTreeMap<String, Group>| {
        let change = |(name, group): (&String, &Group)| (name.clone(), group.change());
        groups.iter().map(change).collect()
    };
    let generations = generations(job)?;
    Ok(Report {
        version: REPORT_VERSION,
        run: plan.run.clone(),
        unit: plan.mix.unit.name().to_owned(),
        complete: failures.complete(),
        rows: totals.rows,
        reasons: totals.reasons,
        replaced: totals.replaced,
        filters: plan.expected.filters.clone(),
        max_error_pp,
        mix,
        classifier: ClassifierLine::from(&job.models.classifier),
        prevalence: PrevalenceLine::of(&plan.sources),
        by_source: changes(&sums.by_source),
        by_lang: changes(&sums.by_lang),
        by_stratum: changes(&sums.by_stratum),
        generation_trends: trends(&generations),
        generations,
        languages_by_generation: sums.languages_by_generation(),
        diversity: sums.means(&DIVERSITY),
        concentration: sums.means(&CONCENTRATION),
        pools: pools.lines(job, &copies),
        origins: sums.origins,
        edits: totals.edits,
        uneditable: plan.expected.uneditable.clone(),
        gates,
        failures: failures.listed.clone(),
        failures_left_out: failures.left_out,
    })
}

fn mix_lines(plan: &Plan, written: &BTreeMap<String, Tally>) -> Vec<MixLine> {
    let planned_whole: u64 = plan.cells.iter().map(|cell| cell.planned).sum();
    let whole = |of: fn(&Tally) -> u64| written.values().map(of).sum::<u64>();
    let (recounted, counted) = (whole(|t| t.recounted), whole(|t| t.count));
    let mut lines = Vec::new();
    for (origin, target) in plan.shares() {
        let cells: Vec<_> = plan
            .cells
            .iter()
            .filter(|cell| cell.pool.origin() == origin)
            .collect();
        let tally = written.get(origin.name());
        if target == 0.0 && tally.is_none() {
            continue;
        }
        let planned: u64 = cells.iter().map(|cell| cell.planned).sum();
        lines.push(MixLine {
            origin: origin.name().to_owned(),
            stratum: None,
            target,
            planned: planned as f64 / planned_whole.max(1) as f64,
            written: Some(share(tally, recounted, |t| t.recounted)),
            written_on_input_counts: Some(share(tally, counted, |t| t.count)),
            planned_count: planned,
            written_count: Some(tally.map_or(0, |t| t.recounted)),
            documents: tally.map_or(0, |t| t.documents),
        });
        for cell in cells.iter().filter(|cell| !cell.stratum.is_empty()) {
            lines.push(MixLine {
                origin: origin.name().to_owned(),
                stratum: Some(cell.stratum.clone()),
                target: cell.target as f64 / plan.total.max(1) as f64,
                planned: cell.planned as f64 / planned_whole.max(1) as f64,
                written: None,
                written_on_input_counts: None,
                planned_count: cell.planned,
                written_count: None,
                documents: cell.documents,
            });
        }
    }
    lines
}

fn max_error_pp(mix: &[MixLine]) -> f64 {
    mix.iter()
        .filter_map(|line| Some((line.written? - line.target).abs() * 100.0))
        .fold(0.0, f64::max)
}

fn generations(job: &Job) -> Result<Vec<GenerationLine>, StageError> {
    let mut lines = Vec::new();
    for summary in profile::summaries(job)? {
        for line in summary.generations {
            lines.push(GenerationLine {
                source: summary.source.clone(),
                generation: line.generation,
                metrics: line.metrics,
                sampled: !summary.whole,
            });
        }
    }
    Ok(lines)
}
