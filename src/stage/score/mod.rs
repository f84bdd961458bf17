//! The score stage: one pass over every shard, one row a document.
//!
//! It measures and decides nothing. Bad rows go to quarantine with their cause; whether there are
//! too many is judged when every shard is through.

mod quarantine;

use std::collections::BTreeMap;

use self::quarantine::Quarantine;
use super::columns::SourceColumns;
use super::error::StageError;
use super::inputs::Input;
use super::job::Job;
use super::models::Models;
use super::profile;
use super::settle::settle;
use crate::config::Source;
use crate::document::Origin;
use crate::edit;
use crate::provenance::Fingerprint;
use crate::provenance::fingerprint::short_digest;
use crate::provenance::record::{FileRecord, InputRecord, ShardRecord};
use crate::provenance::run_dir::Stage;
use crate::score::Scorer;
use crate::score::classifier::Scratch;
use crate::score::concentration::Profile;
use crate::score::fasttext::LineScratch;
use crate::score::row::{ColumnType, InputType, RowSchema, ScoreRow, Status};
use crate::shard::{self, BadRow, Block, RawBlock, TableWriter};
use crate::text::Scan;

/// What scoring one shard needs besides the shard.
struct Task<'a> {
    job: &'a Job,
    source: &'a Source,
    columns: SourceColumns,
    schema: &'a RowSchema,
    scorer: &'a Scorer,
}

/// A block's score rows, and its bad rows.
struct Scored {
    rows: Vec<ScoreRow>,
    bad: Vec<(u64, BadRow)>,
    /// Rows in which something was replaced, by the fault.
    replaced: BTreeMap<&'static str, u64>,
}

/// Scores every shard whose scores do not stand; then judges failures and quarantine.
///
/// # Errors
/// Failed shards above what is allowed, quarantine above its budget, a stop, the environment.
pub fn run(job: &Job) -> Result<(), StageError> {
    let summaries = profile::summaries(job)?;
    let schema = RowSchema {
        models: job.models.fasttext.iter().map(|m| m.0.clone()).collect(),
        inputs: profile::input_types(job, &summaries),
    };
    columns_make_sense(job, &summaries, &schema)?;
    let scorers = job
        .config
        .source
        .iter()
        .map(|source| scorer(job, source))
        .collect::<Result<Vec<_>, _>>()?;
    job.engine.progress.begin("score", job.inputs.len());
    let results = job.engine.each(&job.inputs, |input| {
        let source = job.source(input);
        let (scorer, profile) = &scorers[input.source];
        let fingerprint = fingerprint(job, source, input, &schema, profile);
        if job.done_before(Stage::Score, input, &fingerprint) {
            return Ok(());
        }
        let task = Task {
            job,
            source,
            columns: job.columns(source),
            schema: &schema,
            scorer,
        };
        task.shard(input, fingerprint)
    });
    settle(job, Stage::Score, 0, results)?;
    within_budget(job)
}

/// Refuses columns that no sampled row has, and bounds on columns that hold no numbers: either is a
/// mistake that would otherwise show after the last shard, or never.
fn columns_make_sense(
    job: &Job,
    summaries: &[profile::Summary],
    schema: &RowSchema,
) -> Result<(), StageError> {
    let mut faults = Vec::new();
    for (source, summary) in job.config.source.iter().zip(summaries) {
        for column in &job.columns(source).declaring() {
            if summary.documents > 0 && !summary.seen.contains(column) {
                faults.push(format!(
                    "no sampled row of source `{}` has the column `{column}`",
                    source.name
                ));
            }
        }
    }
    for name in &job.input_names {
        if !summaries.iter().any(|summary| summary.seen.contains(name)) {
            faults.push(format!(
                "no sampled row has the column `{name}` of `input.{name}`"
            ));
        }
    }
    for rule in job.config.rules() {
        let holds = schema
            .column(&rule.column)
            .and_then(|column| schema.holds(column));
        let bounded = rule.min.is_some() || rule.max.is_some();
        if bounded && holds == Some(ColumnType::Text) {
            faults.push(format!(
                "the filter on `{}` has a bound, but the column holds text: use `one_of`",
                rule.column
            ));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(StageError::Usage(faults.join("\n")))
}

/// The scorers of a source, and the digest of the profile that they compare with.
fn scorer(job: &Job, source: &Source) -> Result<(Scorer, String), StageError> {
    let path = job.measured.profile(&source.name, "bin");
    let bytes = std::fs::read(&path).map_err(|e| StageError::io(&path, &e))?;
    let profile = Profile::from_bytes(&bytes)
        .map_err(|e| StageError::Damaged(format!("{}: {e}", path.display())))?;
    let scorer = Scorer::new(&job.models.reference, Some(&profile), job.language(source));
    Ok((scorer, short_digest(&bytes)))
}

fn fingerprint(
    job: &Job,
    source: &Source,
    input: &Input,
    schema: &RowSchema,
    profile: &str,
) -> Fingerprint {
    let declared = Source {
        paths: Vec::new(),
        ..source.clone()
    };
    let inputs: Vec<String> = schema.inputs.iter().map(|i| format!("{i:?}")).collect();
    let mut fingerprint = Fingerprint::new()
        .value("version", &env!("CARGO_PKG_VERSION"))
        .digest("input", &input.sampled)
        .value("config.source", &declared)
        .value("config.score", &job.config.score)
        .value("config.limits", &job.config.limits.of_rows())
        .value("config.columns", &inputs)
        .digest("profile", profile)
        .digest("model.classifier", job.models.classifier.digest())
        .digest("model.reference", &job.models.reference_digest)
        .digest("model.prior", &job.models.prior_digest);
    for (name, model) in &job.models.fasttext {
        fingerprint = fingerprint.digest(&format!("model.{name}"), model.digest());
    }
    fingerprint
}

impl Task<'_> {
    fn shard(&self, input: &Input, fingerprint: Fingerprint) -> Result<(), StageError> {
        let name = &input.shard.name;
        let options = self.job.engine.reading(&self.job.config.limits);
        let mut reader = shard::open(&input.shard, &self.columns.columns, &options)?.narrow();
        let path = self.job.run.scores(&self.source.name, name);
        let mut table = TableWriter::create(&path, self.schema.arrow())?;
        let mut quarantine = Quarantine::new(self.job, &self.source.name, name);
        let mut record = ShardRecord::new("score", &self.source.name, name, fingerprint);
        self.job.engine.pipeline(
            || Ok(reader.next_block()?),
            |raw| self.block(raw),
            |scored| {
                record.rows.read += scored.rows.len() as u64;
                record.rows.quarantined += scored.bad.len() as u64;
                for (code, rows) in &scored.replaced {
                    *record.replaced.entry((*code).to_owned()).or_default() += rows;
                }
                for (row, bad) in &scored.bad {
                    record.count_reason(bad.code, 1);
                    quarantine.add(*row, bad)?;
                }
                Ok(table.write(&self.schema.batch(&scored.rows))?)
            },
        )?;
        let digest = reader.finish()?;
        record.input = InputRecord {
            bytes: digest.bytes,
            digest: digest.hex,
            sampled: input.sampled.clone(),
        };
        record.rows.kept = record.rows.read - record.rows.quarantined;
        let written = table.finish()?;
        record
            .files
            .push(FileRecord::new(&self.job.run, &path, &written)?);
        record.files.extend(quarantine.finish()?);
        self.job.write_record(Stage::Score, &record)?;
        self.job.engine.progress.shard_done(input.shard.bytes);
        Ok(())
    }

    fn block(&self, raw: RawBlock) -> Result<Scored, StageError> {
        let block = raw.decode(&self.columns.columns);
        let mut scan = Scan::default();
        let mut scratch = Scratch::default();
        let mut line = LineScratch::default();
        let mut scored = Scored {
            rows: Vec::with_capacity(block.len()),
            bad: Vec::new(),
            replaced: BTreeMap::new(),
        };
        let mut bytes = 0;
        for i in 0..block.len() {
            let row = block.first_row() + i as u64;
            match self.row((&block, i), &mut scan, &mut scratch, &mut line) {
                Ok(score) => {
                    bytes += score.bytes;
                    for code in block.replaced(i) {
                        *scored.replaced.entry(code).or_default() += 1;
                    }
                    scored.rows.push(score);
                }
                Err(bad) => {
                    scored.rows.push(self.quarantined(row, block.id(i)));
                    scored.bad.push((row, bad));
                }
            }
        }
        self.job.engine.progress.add(block.len() as u64, bytes);
        Ok(scored)
    }

    fn quarantined(&self, row: u64, id: Option<&str>) -> ScoreRow {
        ScoreRow {
            id: id.map(str::to_owned),
            models: vec![None; self.schema.models.len()],
            inputs: vec![None; self.schema.inputs.len()],
            ..ScoreRow::new(row, Status::Quarantined)
        }
    }

    fn row(
        &self,
        (block, i): (&Block, usize),
        scan: &mut Scan,
        scratch: &mut Scratch,
        line: &mut LineScratch,
    ) -> Result<ScoreRow, BadRow> {
        let text = block.text(i).map_err(Clone::clone)?;
        let value = |place: usize| block.extra(place, i);
        let declared = self
            .columns
            .declared(self.source, value, block.provenance(i).as_deref());
        let mut row = ScoreRow::new(block.first_row() + i as u64, Status::Ok);
        score_text(
            &mut row,
            text,
            self.scorer,
            &self.job.models,
            (scan, scratch),
        );
        row.id = block.id(i).map(str::to_owned);
        (row.declared_origin, row.declared_by) = declared.origin.unzip();
        row.generation = declared.generation;
        row.kind = declared.kind;
        row.generator = declared.generator;
        row.edited = declared.edited;
        row.editable = self.editable(&row, text)?;
        row.tokens = self.columns.tokens(value);
        if row.tokens.is_none() && self.source.tokens_column.is_some() {
            return Err(bad(
                "E-TOKENS",
                "the token count is missing or no whole number",
            ));
        }
        for (_, model) in &self.job.models.fasttext {
            row.models.push(model.score(text, line));
        }
        for ((_, wanted), &place) in self.schema.inputs.iter().zip(&self.columns.inputs) {
            let value = value(place);
            let numeric = value.as_ref().is_none_or(|v| v.number().is_some());
            if *wanted != InputType::Text && !numeric {
                return Err(bad(
                    "E-COLUMN-TYPE",
                    "a column that filters, weight or strata use as a number holds text",
                ));
            }
            row.inputs.push(value);
        }
        Ok(row)
    }
}

impl Task<'_> {
    /// Whether a variant can be made of a text; asked only where one might be wanted.
    fn editable(&self, row: &ScoreRow, text: &str) -> Result<bool, BadRow> {
        let (false, Some(lang), None | Some(Origin::Human)) =
            (row.edited, row.lang.as_deref(), row.declared_origin)
        else {
            return Ok(false);
        };
        edit::is_editable(text, lang, &*self.job.models.prior)
            .map_err(|e| bad("E-PRIOR", &e.to_string()))
    }
}

/// Fills in what the scorers and the classifier say of a text.
pub(super) fn score_text(
    row: &mut ScoreRow,
    text: &str,
    scorer: &Scorer,
    models: &Models,
    (scan, scratch): (&mut Scan, &mut Scratch),
) {
    let measured = scorer.measure(text, scan);
    match models
        .classifier
        .logit(text, measured.lang.as_deref(), scratch)
    {
        Ok(logit) => {
            row.logit = Some(logit);
            row.p_synthetic = Some(1.0 / (1.0 + libm::exp(-logit)));
        }
        Err(abstain) => row.abstain = Some(abstain.name().to_owned()),
    }
    row.lang = measured.lang;
    row.lang_p = measured.lang_p;
    row.bytes = measured.bytes;
    row.chars = measured.chars;
    row.words = measured.words;
    row.measures = measured.measures;
}

fn bad(code: &'static str, cause: &str) -> BadRow {
    BadRow {
        code,
        cause: cause.to_owned(),
        offset: None,
        raw: Vec::new(),
    }
}

fn within_budget(job: &Job) -> Result<(), StageError> {
    let (mut read, mut quarantined) = (0, 0);
    for input in &job.inputs {
        if let Some(record) = job.record(&job.measured, Stage::Score, input) {
            read += record.rows.read;
            quarantined += record.rows.quarantined;
        }
    }
    let budget = job.config.limits.quarantine;
    if quarantined as f64 > budget * read as f64 {
        return Err(StageError::Quarantine {
            quarantined,
            read,
            budget,
        });
    }
    Ok(())
}
