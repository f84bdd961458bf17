//! The report stage: `report.json` and `manifest.json`.
//!
//! Before and after are counted over the score rows under the plan; written shares come from what
//! `write` counted again.

use std::collections::BTreeMap;

use super::error::StageError;
use super::job::{Job, read_json, write_json};
use super::plan::sweep::{Scored, Sum};
use super::{plan, profile};
use crate::document::OriginBy;
use crate::mix::{Fate, Judgement, Plan};
use crate::provenance::lineage::Lineage;
use crate::provenance::manifest::{self, MANIFEST_VERSION, Manifest};
use crate::provenance::record::{EditTally, FileRecord, RowCounts, ShardRecord, Tally};
use crate::provenance::run_dir::Stage;
use crate::report::{
    Change, Gate, GenerationLine, Means, MixLine, Origins, PrevalenceLine, REPORT_VERSION, Report,
    share,
};
use crate::score::measure::Measure;
use crate::score::row::{ScoreRow, Status};
use crate::shard::write_atomic;

/// Measures of lexical diversity.
const DIVERSITY: [Measure; 6] = [
    Measure::Ttr,
    Measure::Mattr,
    Measure::Mtld,
    Measure::Hdd,
    Measure::HapaxRatio,
    Measure::WordEntropy,
];

/// Measures of repetition and over-concentration.
const CONCENTRATION: [Measure; 7] = [
    Measure::LogImportance,
    Measure::DupLineFrac,
    Measure::DupParaFrac,
    Measure::Top2GramCharFrac,
    Measure::Top4GramCharFrac,
    Measure::Dup5GramCharFrac,
    Measure::Dup10GramCharFrac,
];

/// Reports, seals the run, and judges the gates of `write`.
///
/// # Errors
/// A gate that does not hold (after everything is written), damaged files, a stop.
pub fn run(job: &Job) -> Result<Report, StageError> {
    job.engine.progress.begin("report", 0);
    let plan: Plan = read_json(&job.run.plan())?;
    let scored = Scored::new(job)?;
    let records = records(job, &scored)?;
    let report = build(job, &plan, &scored, &records)?;
    write_json(&job.run.report(), &report)?;
    seal(job, &plan, &report)?;
    for gate in &report.gates {
        gate.hold()?;
    }
    Ok(report)
}

impl Gate {
    /// Ends the run if the gate does not hold.
    ///
    /// # Errors
    /// The gate's name, value and limit.
    pub fn hold(&self) -> Result<(), StageError> {
        if self.ok {
            return Ok(());
        }
        Err(StageError::Gate {
            name: self.name.clone(),
            stage: if self.stage == "write" {
                "write"
            } else {
                "plan"
            },
            value: self.value,
            limit: self.limit,
        })
    }
}

/// The write records of the shards that did not fail.
fn records(job: &Job, scored: &Scored<'_>) -> Result<Vec<ShardRecord>, StageError> {
    let mut records = Vec::new();
    for input in &scored.inputs {
        match job.record(&job.run, Stage::Write, input) {
            Some(record) => records.push(record),
            None => {
                return Err(StageError::Damaged(format!(
                    "{} is not written; run `tamis write` first",
                    job.name(input)
                )));
            }
        }
    }
    Ok(records)
}

/// What is counted of one group of rows.
#[derive(Default)]
struct Group {
    before: u64,
    after: u64,
    kept: u64,
    documents_before: u64,
    documents_after: u64,
    unverified: u64,
    uncertain: u64,
}

impl Group {
    fn add(&mut self, judged: &Judgement, copies: u64) {
        self.before += judged.count;
        self.after += judged.count * copies;
        self.kept += if copies > 0 { judged.count } else { 0 };
        self.documents_before += 1;
        self.documents_after += copies;
        self.unverified += u64::from(judged.unverified);
        self.uncertain += u64::from(judged.uncertain);
    }

    fn change(&self) -> Change {
        Change {
            before: self.before,
            after: self.after,
            retention: (self.before > 0).then(|| self.kept as f64 / self.before as f64),
            documents_before: self.documents_before,
            documents_after: self.documents_after,
            unverified: self.unverified,
            uncertain: self.uncertain,
        }
    }
}

/// The sum of a measure in units of 2^-40, of which every value is a multiple: exact, so that it
/// does not depend on the order of addition.
#[derive(Default, Clone, Copy)]
struct ExactSum {
    sum: i128,
    count: u64,
}

impl ExactSum {
    fn add(&mut self, value: f64, copies: u64) {
        self.sum += (value * (1u64 << 40) as f64) as i128 * i128::from(copies);
        self.count += copies;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / (1u64 << 40) as f64 / self.count as f64)
    }
}

/// Everything that one pass over the score rows counts.
#[derive(Default)]
struct Sums {
    origins: Origins,
    by_source: BTreeMap<String, Group>,
    by_lang: BTreeMap<String, Group>,
    by_stratum: BTreeMap<String, Group>,
    measures: BTreeMap<&'static str, [ExactSum; 2]>,
}

impl Sum for Sums {
    fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.origins, other.origins);
        mine.uncertain += theirs.uncertain;
        mine.unverified += theirs.unverified;
        for (mine, theirs) in [
            (&mut mine.declared, theirs.declared),
            (&mut mine.assigned, theirs.assigned),
            (&mut mine.abstained, theirs.abstained),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        for (mine, theirs) in [
            (&mut self.by_source, other.by_source),
            (&mut self.by_lang, other.by_lang),
            (&mut self.by_stratum, other.by_stratum),
        ] {
            for (name, more) in theirs {
                let group = mine.entry(name).or_default();
                group.before += more.before;
                group.after += more.after;
                group.kept += more.kept;
                group.documents_before += more.documents_before;
                group.documents_after += more.documents_after;
                group.unverified += more.unverified;
                group.uncertain += more.uncertain;
            }
        }
        for (name, more) in other.measures {
            let sums = self.measures.entry(name).or_default();
            for (mine, theirs) in sums.iter_mut().zip(more) {
                mine.sum += theirs.sum;
                mine.count += theirs.count;
            }
        }
    }
}

impl Sums {
    fn add(&mut self, source: &str, row: &ScoreRow, judged: &Judgement, copies: u64) {
        self.origin(row, judged);
        let lang = row.lang.as_deref().unwrap_or("null");
        let stratum = match judged.stratum.as_str() {
            "" => judged.origin.name().to_owned(),
            stratum => format!("{},{stratum}", judged.origin.name()),
        };
        for (groups, name) in [
            (&mut self.by_source, source),
            (&mut self.by_lang, lang),
            (&mut self.by_stratum, &stratum),
        ] {
            match groups.get_mut(name) {
                Some(group) => group.add(judged, copies),
                None => groups
                    .entry(name.to_owned())
                    .or_default()
                    .add(judged, copies),
            }
        }
        for measure in DIVERSITY.iter().chain(&CONCENTRATION) {
            if let Some(value) = row.measures.get(*measure) {
                let [before, after] = self.measures.entry(measure.name()).or_default();
                before.add(value, 1);
                after.add(value, copies);
            }
        }
    }

    fn origin(&mut self, row: &ScoreRow, judged: &Judgement) {
        let name = || judged.origin.name().to_owned();
        if judged.uncertain {
            self.origins.uncertain += 1;
        } else if judged.unverified {
            self.origins.unverified += 1;
            let why = row.abstain.as_deref().unwrap_or("unknown").to_owned();
            *self.origins.abstained.entry(why).or_default() += 1;
        } else if judged.origin_by == OriginBy::Classifier {
            *self.origins.assigned.entry(name()).or_default() += 1;
        } else {
            *self.origins.declared.entry(name()).or_default() += 1;
        }
    }

    fn means(&self, of: &[Measure]) -> Means {
        let mut means = Means::default();
        for measure in of {
            let name = measure.name();
            let [before, after] = self.measures.get(name).copied().unwrap_or_default();
            means.before.insert(name.to_owned(), before.mean());
            means.after.insert(name.to_owned(), after.mean());
        }
        means
    }
}

fn build(
    job: &Job,
    plan: &Plan,
    scored: &Scored<'_>,
    records: &[ShardRecord],
) -> Result<Report, StageError> {
    let lineage = Lineage::new(plan, &scored.schema)
        .map_err(|_| StageError::Damaged("plan.json does not fit the scores".to_owned()))?;
    let sums = scored.sweep(Sums::default, |sums, input, row| {
        if row.status == Status::Ok {
            let (_, judged, fate) = lineage.trace(input.source, &input.shard.name, row);
            let copies = match fate {
                Fate::Dropped(_) => 0,
                Fate::Kept { plain, variants } => u64::from(plain + variants),
            };
            sums.add(&job.source(input).name, row, &judged, copies);
        }
    })?;
    let totals = Totals::of(job, scored, records);
    let mix = mix_lines(plan, &totals.written);
    let max_error_pp = max_error_pp(&mix);
    let mut gates = plan::gates(job, plan);
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
    Ok(Report {
        version: REPORT_VERSION,
        run: plan.run.clone(),
        unit: plan.mix.unit.name().to_owned(),
        complete: totals.failures.is_empty(),
        rows: totals.rows,
        reasons: totals.reasons,
        filters: plan.expected.filters.clone(),
        max_error_pp,
        mix,
        prevalence: prevalence(plan),
        by_source: changes(&sums.by_source),
        by_lang: changes(&sums.by_lang),
        by_stratum: changes(&sums.by_stratum),
        generations: generations(job)?,
        diversity: sums.means(&DIVERSITY),
        concentration: sums.means(&CONCENTRATION),
        origins: sums.origins,
        edits: totals.edits,
        uneditable: plan.expected.uneditable.clone(),
        gates,
        failures: totals.failures,
    })
}

/// Sums over the records of all shards.
struct Totals {
    rows: RowCounts,
    reasons: BTreeMap<String, u64>,
    written: BTreeMap<String, Tally>,
    edits: EditTally,
    failures: Vec<crate::provenance::Failure>,
}

impl Totals {
    fn of(job: &Job, scored: &Scored<'_>, records: &[ShardRecord]) -> Totals {
        let mut totals = Totals {
            rows: RowCounts::default(),
            reasons: BTreeMap::new(),
            written: BTreeMap::new(),
            edits: EditTally::default(),
            failures: Vec::new(),
        };
        let failed = |run, stage, input| job.record(run, stage, input).and_then(|r| r.failure);
        for input in &job.inputs {
            if scored.failed.contains(&job.name(input)) {
                totals
                    .failures
                    .extend(failed(&job.measured, Stage::Score, input));
            }
        }
        let scores = scored
            .inputs
            .iter()
            .filter_map(|input| job.record(&job.measured, Stage::Score, input));
        for (record, score) in records.iter().zip(scores) {
            if let Some(failure) = &record.failure {
                totals.failures.push(failure.clone());
                continue;
            }
            totals.rows.add(&record.rows);
            // What a row is quarantined for stands in the record of `score`.
            for (reason, count) in record.reasons.iter().chain(&score.reasons) {
                *totals.reasons.entry(reason.clone()).or_default() += count;
            }
            for (origin, tally) in &record.written {
                totals.written.entry(origin.clone()).or_default().add(tally);
            }
            if let Some(edits) = &record.edits {
                totals.edits.add(edits);
            }
        }
        totals
    }
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

fn prevalence(plan: &Plan) -> Vec<PrevalenceLine> {
    let lines = plan.sources.iter().filter_map(|source| {
        Some(PrevalenceLine {
            source: source.source.clone(),
            estimate: source.prevalence?,
            anchored: source.anchored,
        })
    });
    lines.collect()
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

/// Writes the manifest: digests that stages recorded are taken over, the few other files are read.
fn seal(job: &Job, plan: &Plan, report: &Report) -> Result<(), StageError> {
    let mut known: BTreeMap<String, FileRecord> = BTreeMap::new();
    for input in &job.inputs {
        for stage in [Stage::Score, Stage::Write] {
            if let Some(record) = job.record(&job.run, stage, input) {
                known.extend(record.files.into_iter().map(|f| (f.path.clone(), f)));
            }
        }
    }
    let root = job.run.root();
    let found = manifest::files_of(&job.run).map_err(|e| StageError::io(root, &e))?;
    let mut files = Vec::new();
    for path in found {
        files.push(match known.get(&job.run.relative(&path)) {
            Some(file) => manifest::FileLine {
                path: file.path.clone(),
                bytes: file.bytes,
                digest: file.digest.clone(),
            },
            None => manifest::line(&job.run, &path)?,
        });
    }
    let models = &job.models;
    let mut digests = BTreeMap::from([
        (
            "classifier".to_owned(),
            models.classifier.digest().to_owned(),
        ),
        ("reference".to_owned(), models.reference_digest.clone()),
        ("prior".to_owned(), models.prior_digest.clone()),
    ]);
    for (name, model) in &models.fasttext {
        digests.insert(format!("model_{name}"), model.digest().to_owned());
    }
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        tamis: env!("CARGO_PKG_VERSION").to_owned(),
        run: plan.run.clone(),
        complete: report.complete,
        rows: report.rows,
        reasons: report.reasons.clone(),
        models: digests,
        files,
        digest: String::new(),
    };
    write_atomic(&job.run.manifest(), &manifest.sealed())?;
    Ok(())
}
