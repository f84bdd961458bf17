//! The plan stage: reads score rows only, decides everything.
//!
//! `assign` sets each source's thresholds and estimates its share of machine text; `cells` finds
//! total, split and cuts; [`sweep`] is how both go over the score rows. What following the plan
//! comes to is then counted, gates are judged, and `plan.json` is written. A finished plan is never
//! changed.

mod assign;
mod cells;
pub mod gates;
pub mod sweep;

use std::collections::BTreeMap;

use self::gates::hold;
use self::sweep::{Scored, Sum};
use super::error::{StageError, listed};
use super::job::{Job, read_json, write_json};
use super::profile::{self, Sketches, merge_sketches};
use super::score::{self, within_budget};
use super::tidy::{Temporaries, tidy};
use crate::config::EditPreset;
use crate::document::Origin;
use crate::edit::{ProbabilitySketch, Settings};
use crate::mix::{BandedMean, Cut, EditPlan, Fate, Judgement, MeanShift, Plan, plan::Expected};
use crate::provenance::Fingerprint;
use crate::provenance::fingerprint::decisions;
use crate::provenance::lineage::{self, Lineage};
use crate::provenance::run_dir::Stage;
use crate::score::row::{ColumnRef, ScoreRow, Status};
use crate::shard;

/// Version of `plan.json`.
const PLAN_VERSION: u32 = 3;

/// Plans, unless the plan stands.
///
/// # Errors
/// A refusal, a gate that does not hold, scores that are missing or damaged.
pub fn run(job: &Job) -> Result<(), StageError> {
    job.engine.progress.begin("plan", 0);
    tidy(job, Temporaries::OfTheDead)?;
    all_scored(job)?;
    let scored = Scored::new(job)?;
    within_budget(job)?;
    job.write_inputs()?;
    let fingerprint = fingerprint(job, &scored)?;
    if let Ok(plan) = read_json::<Plan>(&job.run.plan()) {
        let sealed = plan.is_sealed();
        let changed = Fingerprint::from(plan.fingerprint).changed(&fingerprint);
        if changed.is_empty() && sealed {
            tracing::info!(stage = "plan", "done before");
            return Ok(());
        }
        let why = if sealed {
            format!("{} changed", changed.join(", "))
        } else {
            "plan.json is not what was written".to_owned()
        };
        tracing::info!(stage = "plan", why, "again");
    }
    let plan = decide(job, &scored, fingerprint)?;
    for gate in gates::judge(job, &plan) {
        hold(&gate)?;
    }
    write_json(&job.run.plan(), &plan)
}

/// The plan that scores, profiles and configuration give, whatever plan there is.
///
/// # Errors
/// A refusal, scores that are missing or damaged.
pub fn make(job: &Job) -> Result<Plan, StageError> {
    let scored = Scored::new(job)?;
    let fingerprint = fingerprint(job, &scored)?;
    decide(job, &scored, fingerprint)
}

/// What is decided for each document's origin, and no more: a plan without a mix.
///
/// # Errors
/// Scores that are missing or damaged.
pub fn origins(job: &Job, scored: &Scored<'_>) -> Result<Plan, StageError> {
    draft(job, scored, fingerprint(job, scored)?)
}

fn decide(job: &Job, scored: &Scored<'_>, made_from: Fingerprint) -> Result<Plan, StageError> {
    let mut plan = draft(job, scored, made_from)?;
    cells::fill(scored, &mut plan)?;
    let gated = lineage::gated(&job.config.gates, &scored.schema)?;
    expect(scored, &mut plan, &gated)?;
    Ok(plan.sealed())
}

/// Refuses to plan on fewer shards than there are, or on scores of something else.
fn all_scored(job: &Job) -> Result<(), StageError> {
    if job.measured != job.run {
        return Ok(());
    }
    let stale = score::stale(job)?;
    if stale.is_empty() {
        return Ok(());
    }
    let (count, of, run) = (stale.len(), job.inputs.len(), job.run.root().display());
    Err(StageError::Damaged(format!(
        "{count} of {of} shards are not scored, or changed since: {}; run `tamis score {run}` first, or again the tasks that did not end well",
        listed(&stale)
    )))
}

/// The finished plan of a job.
///
/// # Errors
/// If there is none, or it is not what was written.
pub fn read(job: &Job) -> Result<Plan, StageError> {
    let plan: Plan = read_json(&job.run.plan())?;
    if plan.is_sealed() {
        return Ok(plan);
    }
    Err(StageError::Damaged(format!(
        "{} is not what was written; run `tamis plan` again",
        job.run.plan().display()
    )))
}

fn fingerprint(job: &Job, scored: &Scored<'_>) -> Result<Fingerprint, StageError> {
    let digests: Vec<(String, Option<String>)> = scored
        .inputs
        .iter()
        .map(|input| {
            let record = job.record(&job.measured, Stage::Score, input);
            let digest = record.and_then(|r| r.files.first().map(|f| f.digest.clone()));
            (job.name(input), digest)
        })
        .collect();
    let mut fingerprint = decisions(&job.config)
        .value("version", &(env!("CARGO_PKG_VERSION"), PLAN_VERSION))
        .value("scores", &digests)
        .digest("model.prior", &job.models.prior_digest)
        .digest("model.classifier", job.models.classifier.digest());
    for source in &job.config.source {
        let path = job.measured.profile(&source.name, "json");
        let digest = shard::digest_file(&path)?.hex;
        fingerprint = fingerprint.digest(&format!("profile.{}", source.name), &digest);
    }
    Ok(fingerprint)
}

fn draft(job: &Job, scored: &Scored<'_>, fingerprint: Fingerprint) -> Result<Plan, StageError> {
    let config = &job.config;
    Ok(Plan {
        version: PLAN_VERSION,
        run: fingerprint.short(),
        fingerprint: fingerprint.parts().clone(),
        seed: config.seed,
        mix: config.mix.clone(),
        uncertain: config.assign.uncertain,
        unverified: config.assign.unverified,
        base: config.edit.base,
        rules: config.rules(),
        sources: assign::sources(job, scored)?,
        edit: edit_plan(job)?,
        split: Cut::NONE,
        total: 0,
        cells: Vec::new(),
        expected: Expected::default(),
        digest: String::new(),
    })
}

/// The editor's settings; the thresholds are those that the samples of human text give.
fn edit_plan(job: &Job) -> Result<EditPlan, StageError> {
    let edit = &job.config.edit;
    let paper = edit.preset == EditPreset::Paper;
    let settings = if paper {
        Settings::paper()
    } else {
        Settings {
            top_k: edit.top_k,
            temperature: edit.temperature,
            ..Settings::default()
        }
    };
    let mut thresholds = BTreeMap::new();
    let threshold = match (edit.threshold, paper) {
        (Some(fixed), _) => fixed,
        (None, true) => settings.threshold,
        (None, false) => {
            let mut all = ProbabilitySketch::default();
            for (lang, sketch) in sampled_tokens(job)? {
                thresholds.insert(lang, sketch.threshold(edit.change));
                all.merge(&sketch);
            }
            all.threshold(edit.change)
        }
    };
    let prior = &job.models.prior;
    Ok(EditPlan {
        prior: prior.name().to_owned(),
        languages: prior.languages().into_iter().map(str::to_owned).collect(),
        thresholds,
        threshold,
        top_k: settings.top_k,
        temperature: settings.temperature,
        exclude_original: settings.exclude_original,
        at_least_one: settings.at_least_one,
    })
}

/// Token probabilities of the samples: of declared-human text, and in languages that have none, of
/// text that nobody declared.
fn sampled_tokens(job: &Job) -> Result<Sketches, StageError> {
    let mut tokens = Sketches::new();
    let mut undeclared = Sketches::new();
    for summary in profile::summaries(job)? {
        merge_sketches(&mut tokens, &summary.human_tokens);
        merge_sketches(&mut undeclared, &summary.undeclared_tokens);
    }
    for (lang, sketch) in undeclared {
        tokens.entry(lang).or_insert(sketch);
    }
    Ok(tokens)
}

/// What following the plan comes to, by cell and in all.
#[derive(Default)]
struct Outcome {
    expected: Expected,
    cells: Vec<(u64, u64)>,
    /// Sum and kept sum by origin and stratum.
    strata: BTreeMap<(Origin, String), (u64, u64)>,
    /// The columns that gates name.
    means: Vec<BandedMean>,
}

impl Sum for Outcome {
    fn merge(&mut self, other: Self) {
        let (a, b) = (&mut self.expected, other.expected);
        a.read += b.read;
        a.kept += b.kept;
        a.dropped += b.dropped;
        a.quarantined += b.quarantined;
        a.written += b.written;
        for (mine, theirs) in [
            (&mut a.reasons, b.reasons),
            (&mut a.filters, b.filters),
            (&mut a.uneditable, b.uneditable),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        for (stratum, more) in other.strata {
            let sums = self.strata.entry(stratum).or_default();
            sums.0 += more.0;
            sums.1 += more.1;
        }
        for (mine, theirs) in self.means.iter_mut().zip(&other.means) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
    }
}

fn expect(
    scored: &Scored<'_>,
    plan: &mut Plan,
    gated: &[(String, ColumnRef)],
) -> Result<(), StageError> {
    let lineage = Lineage::new(plan, &scored.schema).map_err(StageError::from)?;
    let names: Vec<&str> = lineage.filter_names().collect();
    let new = || Outcome {
        cells: vec![(0, 0); plan.cells.len()],
        means: vec![BandedMean::default(); gated.len()],
        ..Outcome::default()
    };
    let outcome = scored.sweep(new, |outcome, input, row| {
        outcome.expected.read += 1;
        if row.status == Status::Quarantined {
            outcome.expected.quarantined += 1;
            return;
        }
        let (_, judged, fate) = lineage.trace(input.source, &input.shard.name, row);
        for &filter in &judged.filters {
            count(&mut outcome.expected.filters, names[filter]);
        }
        if judged.origin == Origin::Human && judged.reason.is_none() && !judged.editable {
            count(
                &mut outcome.expected.uneditable,
                why_uneditable(row, &judged, &plan.edit.languages),
            );
        }
        let copies = match fate {
            Fate::Kept { plain, variants } => u64::from(plain + variants),
            Fate::Dropped(_) => 0,
        };
        for (mean, (_, column)) in outcome.means.iter_mut().zip(gated) {
            if let Some(value) = row.number(*column) {
                mean.add(row.words, value, copies);
            }
        }
        let stratum = (judged.origin, judged.stratum.clone());
        let sums = outcome.strata.entry(stratum).or_default();
        sums.0 += judged.count;
        if copies > 0 {
            sums.1 += judged.count;
        }
        match fate {
            Fate::Dropped(reason) => {
                outcome.expected.dropped += 1;
                count(&mut outcome.expected.reasons, &reason);
            }
            Fate::Kept { plain, variants } => {
                outcome.expected.kept += 1;
                outcome.expected.written += u64::from(plain + variants);
                for (pool, copies) in plan.taken(&judged, plain, variants) {
                    let cell = plan.cell_index(pool, &judged.stratum);
                    if let Some(sums) = cell.and_then(|index| outcome.cells.get_mut(index)) {
                        sums.0 += judged.count * u64::from(copies);
                        sums.1 += u64::from(copies);
                    }
                }
            }
        }
    })?;
    let asked = plan.shares();
    let retention = |((origin, _), (before, kept)): (&(Origin, String), &(u64, u64))| {
        let wanted = asked.iter().any(|(o, share)| o == origin && *share > 0.0);
        (wanted && *before > 0).then(|| *kept as f64 / *before as f64)
    };
    let least = outcome.strata.iter().filter_map(retention).reduce(f64::min);
    let means = shifts(gated, &outcome.means)?;
    plan.expected = Expected {
        means,
        least_retention: least,
        ..outcome.expected
    };
    for (cell, (planned, documents)) in plan.cells.iter_mut().zip(outcome.cells) {
        cell.planned = planned;
        cell.documents = documents;
    }
    Ok(())
}

/// What the plan makes of each column that a gate names.
fn shifts(
    gated: &[(String, ColumnRef)],
    means: &[BandedMean],
) -> Result<BTreeMap<String, MeanShift>, StageError> {
    let shift = |((name, _), mean): (&(String, ColumnRef), &BandedMean)| {
        let found = mean.means().zip(mean.plain()[1]);
        let (same_lengths, taken) = found.ok_or_else(|| {
            StageError::Usage(format!(
                "`gates.mean` names `{name}`, of which no document that is taken has a value: take the gate out"
            ))
        })?;
        Ok((
            name.clone(),
            MeanShift {
                same_lengths,
                taken,
            },
        ))
    };
    gated.iter().zip(means).map(shift).collect()
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(n) => *n += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

fn why_uneditable(row: &ScoreRow, judged: &Judgement, known: &[String]) -> &'static str {
    if row.edited {
        "edited_before"
    } else if judged.unverified {
        "unverified"
    } else if judged.uncertain {
        "uncertain"
    } else {
        match row.lang.as_deref() {
            None => "no_language",
            Some(lang) if !known.iter().any(|k| k == lang) => "unknown_language",
            Some(_) => "no_editable_token",
        }
    }
}
