//! The write stage: every shard again beside its scores, with the plan applied.
//!
//! A row's fate is a function of its score row and the plan; this stage adds the text. The input
//! must be the one that `score` saw, to the last byte, or its output never becomes visible.

use std::collections::BTreeMap;
use std::ops::Range;

use super::error::StageError;
use super::inputs::Input;
use super::job::Job;
use super::plan::sweep::{ScoreBatches, Scored};
use super::settle::settle;
use super::tidy::clear_written;
use crate::config::Source;
use crate::document::{EditRecord, Key, Provenance};
use crate::edit;
use crate::mix::{Fate, Judgement, Plan, Pool};
use crate::provenance::Fingerprint;
use crate::provenance::fingerprint::short_digest;
use crate::provenance::lineage::{self, Lineage, as_variant};
use crate::provenance::record::{
    EditTally, FileRecord, InputRecord, RowCounts, ShardRecord, Tally,
};
use crate::provenance::run_dir::Stage;
use crate::score::row::{ScoreRow, Status};
use crate::shard::{self, Block, Columns, Encoded, Format, OutputRow, ReadOptions, Writer};

/// What writing one shard needs besides the shard.
struct Task<'a> {
    job: &'a Job,
    scored: &'a Scored<'a>,
    plan: &'a Plan,
    lineage: &'a Lineage<'a>,
    source: &'a Source,
    input: &'a Input,
}

/// A block as it is to be written, with its counts.
struct WrittenBlock {
    encoded: Encoded,
    counts: Counts,
}

/// What is counted on the way.
#[derive(Default)]
struct Counts {
    rows: RowCounts,
    reasons: BTreeMap<String, u64>,
    written: BTreeMap<&'static str, Tally>,
    edits: EditTally,
}

/// Writes every shard whose output does not stand.
///
/// # Errors
/// Failed shards above what is allowed, no room, a stop, the environment.
pub fn run(job: &Job) -> Result<(), StageError> {
    let plan = super::plan::read(job)?;
    let scored = Scored::new(job)?;
    room(job, &plan)?;
    let lineage = Lineage::new(&plan, &scored.schema)
        .map_err(|_| StageError::Damaged("plan.json does not fit the scores".to_owned()))?;
    job.engine.progress.begin("write", job.inputs.len());
    let digest = plan_digest(job)?;
    let results = job.engine.each(&job.inputs, |input| {
        if !scored.inputs.iter().any(|i| std::ptr::eq(*i, input)) {
            return clear_written(job, input);
        }
        let fingerprint = fingerprint(job, input, &digest);
        job.attempt(Stage::Write, input, &fingerprint, || {
            let task = Task {
                job,
                scored: &scored,
                plan: &plan,
                lineage: &lineage,
                source: job.source(input),
                input,
            };
            task.shard(fingerprint.clone())
        })
    });
    // Shards without scores are the whole run's to judge.
    let failed_before = job.task.map_or(scored.failed.len(), |_| 0);
    settle(job, Stage::Write, failed_before, results)
}

/// The digest of the plan that is written by.
///
/// # Errors
/// If it cannot be read.
pub fn plan_digest(job: &Job) -> Result<String, StageError> {
    let path = job.run.plan();
    let bytes = std::fs::read(&path).map_err(|e| StageError::io(&path, &e))?;
    Ok(short_digest(&bytes))
}

/// What the output of a shard is made from.
pub fn fingerprint(job: &Job, input: &Input, plan_digest: &str) -> Fingerprint {
    Fingerprint::new()
        .value("version", &env!("CARGO_PKG_VERSION"))
        .digest("input", &input.sampled)
        .digest("plan", plan_digest)
        .digest("model.prior", &job.models.prior_digest)
        .value("config.output", &job.config.output)
}

/// Refuses to begin where the disk cannot hold the mix.
fn room(job: &Job, plan: &Plan) -> Result<(), StageError> {
    let held: u64 = plan.cells.iter().map(|cell| cell.pool_count).sum();
    let planned: u64 = plan.cells.iter().map(|cell| cell.planned).sum();
    let files: u64 = job.inputs.iter().map(|input| input.shard.bytes).sum();
    let needed = files as f64 * planned as f64 / held.max(1) as f64;
    let root = job.run.root();
    let Ok(disk) = rustix::fs::statvfs(root) else {
        return Ok(());
    };
    let free = disk.f_bavail as f64 * disk.f_frsize as f64;
    if needed > free {
        return Err(StageError::Environment(format!(
            "{} has {:.1} MB free, and the mix needs about {:.1} MB",
            root.display(),
            free / 1e6,
            needed / 1e6
        )));
    }
    Ok(())
}

/// Takes score rows in order, as many as each block of the input has rows.
struct ScoreRows<'a> {
    batches: ScoreBatches<'a>,
    ready: std::vec::IntoIter<ScoreRow>,
}

impl ScoreRows<'_> {
    fn take(&mut self, rows: usize) -> Result<Vec<ScoreRow>, StageError> {
        let mut taken = Vec::with_capacity(rows);
        while taken.len() < rows {
            if let Some(row) = self.ready.next() {
                taken.push(row);
                continue;
            }
            let Some(batch) = self.batches.next() else {
                return Err(changed("it has more rows than its scores"));
            };
            self.ready = batch?.into_iter();
        }
        Ok(taken)
    }
}

fn changed(how: &str) -> StageError {
    StageError::InputChanged(format!(
        "the shard is not the one that was scored: {how}; score again"
    ))
}

impl Task<'_> {
    fn shard(&self, fingerprint: Fingerprint) -> Result<(), StageError> {
        let (source, name) = (&self.source.name, &self.input.shard.name);
        let seen = self
            .job
            .record(&self.job.measured, Stage::Score, self.input)
            .ok_or_else(|| changed("its score record is gone"))?;
        let options = ReadOptions {
            stop_after: seen.salvaged.as_ref().map(|salvaged| salvaged.rows),
            ..self.job.engine.reading(&self.job.config.limits)
        };
        // What else is known of a row stands in its score row. But an id of a table must be read as it was scored:
        // one that is no UTF-8 fails its row alone.
        let table = self.input.shard.format == Format::Parquet;
        let columns = Columns {
            text: self.source.text.clone(),
            id: table.then(|| self.source.id.clone()),
            extra: Vec::new(),
        };
        let mut reader = shard::open(&self.input.shard, &columns, &options)?;
        let mut scores = ScoreRows {
            batches: self.scored.open(self.input)?,
            ready: Vec::new().into_iter(),
        };
        let path = self.job.run.data(source, name);
        let level = self.job.config.output.zstd_level;
        let options = self.job.engine.writing(level);
        let mut writer = Writer::create(&path, &reader.template(), &options)?;
        let mut counts = Counts::default();
        self.job.engine.pipeline(
            || match reader.next_block()? {
                None => Ok(None),
                Some(raw) => {
                    let rows = scores.take(raw.len())?;
                    Ok(Some((raw, rows)))
                }
            },
            |(raw, rows)| self.block(raw.decode(&columns), &rows),
            |block: WrittenBlock| {
                counts.add(block.counts);
                Ok(writer.write(block.encoded)?)
            },
        )?;
        if scores.take(1).is_ok() {
            return Err(changed("it has fewer rows than its scores"));
        }
        let digest = reader.finish()?;
        if digest.hex != seen.input.digest {
            return Err(changed("its digest differs"));
        }
        let written = writer.finish()?;
        let mut record = ShardRecord::new("write", source, name, fingerprint);
        record.input = InputRecord {
            bytes: digest.bytes,
            digest: digest.hex,
            sampled: self.input.sampled.clone(),
        };
        record
            .files
            .push(FileRecord::new(&self.job.run, &path, &written)?);
        record.rows = counts.rows;
        record.reasons = counts.reasons;
        let written_as = counts.written.into_iter();
        record.written = written_as
            .map(|(origin, tally)| (origin.to_owned(), tally))
            .collect();
        record.edits = Some(counts.edits);
        if !record.rows.law_holds() || written.rows != record.rows.written {
            return Err(StageError::Bug(format!(
                "the row law fails: {:?}",
                record.rows
            )));
        }
        self.job.write_record(Stage::Write, &record)?;
        self.job.engine.progress.shard_done(self.input.shard.bytes);
        Ok(())
    }

    fn block(&self, block: Block, rows: &[ScoreRow]) -> Result<WrittenBlock, StageError> {
        let mut counts = Counts::default();
        let mut output: Vec<(usize, Option<EditedTexts>, Provenance)> = Vec::new();
        let mut bytes = 0;
        for (i, row) in rows.iter().enumerate() {
            counts.rows.read += 1;
            match (row.status, block.has_text(i)) {
                (Status::Ok, true) => bytes += row.bytes,
                (Status::Quarantined, _) => {
                    counts.rows.quarantined += 1;
                    continue;
                }
                (Status::Ok, false) => return Err(changed("a row cannot be read any more")),
            }
            let (key, judged, fate) =
                self.lineage
                    .trace(self.input.source, &self.input.shard.name, row);
            match fate {
                Fate::Dropped(reason) => {
                    counts.rows.dropped += 1;
                    *counts.reasons.entry(reason).or_default() += 1;
                }
                Fate::Kept { plain, variants } => {
                    counts.rows.kept += 1;
                    let previous = block.provenance(i);
                    let document = Document {
                        row,
                        key,
                        judged: &judged,
                        block: &block,
                        place: i,
                        previous,
                    };
                    for copy in 0..plain + variants {
                        let (edited, provenance) =
                            self.copy(&document, copy, copy >= plain, &mut counts)?;
                        output.push((i, edited, provenance));
                    }
                }
            }
        }
        let texts: Vec<Option<Vec<&str>>> = output
            .iter()
            .map(|(_, edited, _)| edited.as_ref().map(EditedTexts::texts))
            .collect();
        let rows: Vec<OutputRow<'_>> = output
            .iter()
            .zip(&texts)
            .map(|((index, _, provenance), texts)| OutputRow {
                index: *index,
                texts: texts.as_deref(),
                provenance,
            })
            .collect();
        let encoded = block.encode(&rows)?;
        self.job.engine.progress.add(counts.rows.read, bytes);
        Ok(WrittenBlock { encoded, counts })
    }

    /// One copy: its text if that was edited, and its provenance.
    fn copy(
        &self,
        document: &Document<'_>,
        copy: u32,
        variant: bool,
        counts: &mut Counts,
    ) -> Result<(Option<EditedTexts>, Provenance), StageError> {
        let place = (
            self.input.source,
            self.input.shard.name.as_str(),
            document.row,
        );
        let known = (document.key, document.judged);
        let pool = match (variant, document.judged.pool) {
            (false, Some(pool)) => pool,
            (false, None) => Pool::Human,
            (true, _) => Pool::Variant,
        };
        let mut provenance =
            self.lineage
                .provenance(place, known, (copy, pool), document.previous.clone());
        let mut edited = None;
        if variant {
            let (text, record) = self.edit(document, copy, &mut counts.edits)?;
            provenance = as_variant(provenance, record);
            edited = text;
        }
        let (unit, count) = (self.plan.mix.unit, document.judged.count);
        let tally = match &edited {
            Some(edited) => Tally::of_copy(unit, &edited.text, count),
            // The input's digest shows in the end that this is the text that was scored.
            None => Tally::of_counted(unit, document.row.words, document.row.bytes, count),
        };
        counts
            .written
            .entry(provenance.origin.name())
            .or_default()
            .add(&tally);
        counts.rows.written += 1;
        Ok((edited, provenance))
    }

    fn edit(
        &self,
        document: &Document<'_>,
        copy: u32,
        tally: &mut EditTally,
    ) -> Result<(Option<EditedTexts>, EditRecord), StageError> {
        let lang = document.row.lang.as_deref().unwrap_or("");
        let seed = self.plan.edit_seed(document.key, copy);
        let prior = &*self.job.models.prior;
        let settings = lineage::settings(&self.plan.edit, lang);
        let Ok(text) = document.block.text(document.place) else {
            return Err(changed("a row cannot be read any more"));
        };
        let edited = edit::edit(text, lang, prior, &settings, seed)
            .map_err(|e| StageError::Damaged(e.to_string()))?;
        tally.add(&EditTally {
            drawn: 1,
            eligible: edited.eligible,
            resampled: edited.resampled,
            changed: edited.changed,
            unchanged: u64::from(edited.changed == 0),
        });
        let record = lineage::edit_record(&self.plan.edit, &settings, &edited);
        if edited.changed == 0 {
            return Ok((None, record));
        }
        let parts = edited
            .parts(&document.block.parts(document.place))
            .ok_or_else(|| StageError::Bug("an edit reaches over the end of a text".to_owned()))?;
        let text = edited.text;
        Ok((Some(EditedTexts { text, parts }), record))
    }
}

struct Document<'a> {
    row: &'a ScoreRow,
    key: Key,
    judged: &'a Judgement,
    block: &'a Block,
    /// Row of the block.
    place: usize,
    previous: Option<String>,
}

/// A document after editing: all its texts together, and where each of them is.
struct EditedTexts {
    text: String,
    parts: Vec<Range<usize>>,
}

impl EditedTexts {
    fn texts(&self) -> Vec<&str> {
        let parts = self.parts.iter();
        parts.map(|part| &self.text[part.clone()]).collect()
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.rows.add(&other.rows);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (origin, tally) in other.written {
            self.written.entry(origin).or_default().add(&tally);
        }
        self.edits.add(&other.edits);
    }
}
