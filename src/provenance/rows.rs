//! One shard of a finished run against its scores and the plan, row by row.

use std::collections::BTreeMap;
use std::path::Path;

use super::inputs::InputLine;
use super::lineage::{self, Lineage};
use super::record::{EditTally, RowCounts, ShardRecord, Tally};
use super::run_dir::{RunDir, Stage};
use crate::config::{Config, Unit};
use crate::document::{Origin, Provenance};
use crate::edit::{self, prior::Prior};
use crate::mix::{Fate, Plan, Pool};
use crate::score::row::{RowSchema, ScoreRow, Status};
use crate::shard::{
    self, Block, Columns, Format, ReadOptions, Reader, Shard, TableReader, digest_file,
};
use crate::text::count_words;

/// What scores and plan say that a shard, or a run, comes to.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    pub(super) rows: RowCounts,
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) written: BTreeMap<String, Tally>,
    pub(super) edits: EditTally,
    /// Planned sum and documents of each cell.
    pub(super) cells: Vec<(u64, u64)>,
}

impl Expectation {
    pub(super) fn new(plan: &Plan) -> Expectation {
        Expectation {
            cells: vec![(0, 0); plan.cells.len()],
            ..Expectation::default()
        }
    }

    pub(super) fn add(&mut self, other: Expectation) {
        self.rows.add(&other.rows);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (origin, tally) in other.written {
            self.written.entry(origin).or_default().add(&tally);
        }
        self.edits.add(&other.edits);
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
    }
}

/// A stream of rows of a shard, one block in memory.
struct Rows {
    reader: Reader,
    columns: Columns,
    block: Option<Block>,
    next: usize,
}

impl Rows {
    fn open(path: &Path, name: &str, text: &str, most: u64) -> Result<Rows, String> {
        let (shard, columns) = named(path, name, text)?;
        let options = ReadOptions {
            block_bytes: 1 << 20,
            max_document: usize::try_from(most).unwrap_or(usize::MAX),
        };
        Ok(Rows {
            reader: shard::open(&shard, &columns, &options).map_err(|e| e.to_string())?,
            columns,
            block: None,
            next: 0,
        })
    }

    /// Steps to the next row; false at the end.
    fn step(&mut self) -> Result<bool, String> {
        self.next += 1;
        while self
            .block
            .as_ref()
            .is_none_or(|block| self.next >= block.len())
        {
            match self.reader.next_block().map_err(|e| e.to_string())? {
                None => return Ok(false),
                Some(raw) => self.block = Some(raw.decode(&self.columns)),
            }
            self.next = 0;
        }
        Ok(true)
    }

    fn text(&self) -> Option<&str> {
        self.block.as_ref()?.text(self.next).ok()
    }

    fn provenance(&self) -> Option<Provenance> {
        let text = self.block.as_ref()?.provenance(self.next)?;
        serde_json::from_str(&text).ok()
    }
}

/// The data has a `tamis` column and, where the input is at hand, the input's columns and types.
fn same_schema(data: &Path, name: &str, text: &str, input: Option<&Path>) -> Result<(), String> {
    let look = |path: &Path| {
        let (shard, columns) = named(path, name, text)?;
        shard::schema_of(&shard, &columns).map_err(|e| e.to_string())
    };
    let found = look(data)?;
    if found.columns.is_some() && !found.has_provenance {
        return Err("the data has no `tamis` column".to_owned());
    }
    match input {
        Some(input) if look(input)?.columns != found.columns => {
            Err("the data has other columns than the input".to_owned())
        }
        _ => Ok(()),
    }
}

/// A file as the shard of this name, and the columns that checks read.
fn named(path: &Path, name: &str, text: &str) -> Result<(Shard, Columns), String> {
    let shard = Shard {
        name: name.to_owned(),
        path: path.to_path_buf(),
        format: Format::of_name(name).ok_or("its format is unknown")?,
        bytes: std::fs::metadata(path).map_err(|e| e.to_string())?.len(),
    };
    let columns = Columns {
        text: text.to_owned(),
        id: None,
        extra: Vec::new(),
    };
    Ok((shard, columns))
}

/// What is checked besides the run directory itself.
#[derive(Clone, Copy)]
pub(super) struct More<'a> {
    /// The inputs are read again.
    pub(super) inputs: bool,
    /// The prior of the plan, if it is at hand: variants are made again.
    pub(super) prior: Option<&'a dyn Prior>,
}

/// Checks one shard; none if it failed in the run and was left out.
pub(super) fn check_shard(
    run: &RunDir,
    measured: &RunDir,
    plan: &Plan,
    config: &Config,
    input: &InputLine,
    more: &More<'_>,
) -> Result<Option<Expectation>, Vec<String>> {
    let name = format!("{}/{}", input.source, input.shard);
    let fault = |what: String| vec![format!("{name}: {what}")];
    let record = |of: &RunDir, stage| {
        ShardRecord::read(&of.record(stage, &input.source, &input.shard))
            .ok_or_else(|| fault("a record is missing".to_owned()))
    };
    let score = record(measured, Stage::Score)?;
    if score.failure.is_some() {
        return Ok(None);
    }
    let write = record(run, Stage::Write)?;
    if write.failure.is_some() {
        return Ok(None);
    }
    let scores = measured.scores(&input.source, &input.shard);
    let table = TableReader::open(&scores).map_err(|e| fault(e.to_string()))?;
    let schema = RowSchema::from_arrow(table.schema()).map_err(|e| fault(e.to_string()))?;
    let lineage = Lineage::new(plan, &schema)
        .map_err(|unknown| unknown.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let source = lineage
        .source(&input.source)
        .ok_or_else(|| fault("its source is not in the plan".to_owned()))?;
    let of = config.source.iter().find(|s| s.name == input.source);
    let text = of.map_or("text", |source| source.text.as_str());
    let most = config.limits.max_document;
    let data = run.data(&input.source, &input.shard);
    let open = |path: &Path| Rows::open(path, &input.shard, text, most).map_err(&fault);
    // An edited text may be a little longer than the longest that is read.
    let written = Rows::open(&data, &input.shard, text, most.saturating_mul(2)).map_err(&fault)?;
    let original = if more.inputs {
        let digest = digest_file(Path::new(&input.path)).map_err(|e| fault(e.to_string()))?;
        if digest.hex != score.input.digest {
            return Err(fault("the input is not the one that was scored".to_owned()));
        }
        Some(open(Path::new(&input.path))?)
    } else {
        None
    };
    same_schema(
        &data,
        &input.shard,
        text,
        original.as_ref().map(|_| Path::new(&input.path)),
    )
    .map_err(&fault)?;
    let mut check = Check {
        plan,
        prior: more.prior,
        lineage,
        source,
        shard: &input.shard,
        written,
        original,
        expected: Expectation::new(plan),
    };
    for batch in table {
        let batch = batch.map_err(|e| fault(e.to_string()))?;
        for row in schema.rows(&batch).map_err(|e| fault(e.to_string()))? {
            check.row(&row).map_err(&fault)?;
        }
    }
    let mut expected = check.end().map_err(&fault)?;
    let told = (write.rows, &write.reasons, &write.written, write.edits);
    let found = &expected;
    if told
        != (
            found.rows,
            &found.reasons,
            &found.written,
            Some(found.edits),
        )
    {
        return Err(fault(
            "its record is not what scores and plan give".to_owned(),
        ));
    }
    let scored = score.rows;
    if input.digest.as_ref() != Some(&score.input.digest) || input.bytes != score.input.bytes {
        return Err(fault(
            "inputs.json has another digest than was scored".to_owned(),
        ));
    }
    if scored.read != expected.rows.read || scored.quarantined != expected.rows.quarantined {
        return Err(fault(
            "its score record is not what its scores give".to_owned(),
        ));
    }
    for (reason, count) in &score.reasons {
        *expected.reasons.entry(reason.clone()).or_default() += count;
    }
    Ok(Some(expected))
}

struct Check<'a> {
    plan: &'a Plan,
    prior: Option<&'a dyn Prior>,
    lineage: Lineage<'a>,
    source: usize,
    shard: &'a str,
    written: Rows,
    original: Option<Rows>,
    expected: Expectation,
}

impl Check<'_> {
    fn row(&mut self, row: &ScoreRow) -> Result<(), String> {
        if row.row != self.expected.rows.read {
            return Err(format!("its scores skip row {}", self.expected.rows.read));
        }
        self.expected.rows.read += 1;
        if let Some(original) = &mut self.original
            && !original.step()?
        {
            return Err("the input has fewer rows than its scores".to_owned());
        }
        if row.status == Status::Quarantined {
            self.expected.rows.quarantined += 1;
            return Ok(());
        }
        let (key, judged, fate) = self.lineage.trace(self.source, self.shard, row);
        let (plain, variants) = match fate {
            Fate::Dropped(reason) => {
                self.expected.rows.dropped += 1;
                *self.expected.reasons.entry(reason).or_default() += 1;
                return Ok(());
            }
            Fate::Kept { plain, variants } => (plain, variants),
        };
        self.expected.rows.kept += 1;
        for (pool, copies) in self.plan.taken(&judged, plain, variants) {
            if let Some(cell) = self.plan.cell_index(pool, &judged.stratum) {
                self.expected.cells[cell].0 += judged.count * u64::from(copies);
                self.expected.cells[cell].1 += u64::from(copies);
            }
        }
        for copy in 0..plain + variants {
            let pool = if copy >= plain {
                Pool::Variant
            } else {
                judged.pool.unwrap_or(Pool::Human)
            };
            let place = (self.source, self.shard, row);
            let wanted = self
                .lineage
                .provenance(place, (key, &judged), (copy, pool), None);
            self.copy(row, wanted, pool, judged.count)
                .map_err(|what| format!("row {}, copy {copy}: {what}", row.row))?;
        }
        Ok(())
    }

    /// Compares one written row with what it should be.
    fn copy(
        &mut self,
        row: &ScoreRow,
        mut wanted: Provenance,
        pool: Pool,
        count: u64,
    ) -> Result<(), String> {
        if !self.written.step()? {
            return Err("it is missing in the data".to_owned());
        }
        let found = self
            .written
            .provenance()
            .ok_or("it has no provenance that can be read")?;
        let text = self.written.text().ok_or("it has no text")?;
        let changed = found.edit.changed > 0;
        if pool == Pool::Variant {
            let edit = &self.plan.edit;
            let same = found.edit.prior == edit.prior
                && found.edit.threshold == edit.threshold_in(row.lang.as_deref())
                && found.edit.top_k == edit.top_k
                && found.edit.temperature == edit.temperature
                && found.edit.resampled >= found.edit.changed;
            if !same {
                return Err("its edit record is not that of the plan".to_owned());
            }
            self.expected.edits.add(&EditTally {
                drawn: 1,
                eligible: found.edit.eligible,
                resampled: found.edit.resampled,
                changed: found.edit.changed,
                unchanged: u64::from(!changed),
            });
            wanted.edit = found.edit.clone();
            if changed {
                wanted.origin = Origin::SemiSynthetic;
                wanted.generation += 1;
            }
        }
        wanted.previous = found.previous.clone();
        if found != wanted {
            return Err(format!(
                "its {} is not what the plan gives",
                differing(&found, &wanted)
            ));
        }
        if let Some(original) = &self.original {
            self.against_original(original, row, (pool, &found, text))?;
        } else if !changed && text.len() as u64 != row.bytes {
            return Err("its text has another length than its original".to_owned());
        }
        let words = count_words(text);
        let tally = Tally {
            documents: 1,
            count,
            recounted: match self.plan.mix.unit {
                Unit::Words => words,
                Unit::Bytes => text.len() as u64,
                Unit::Documents => 1,
                Unit::Tokens => count,
            },
            words,
            bytes: text.len() as u64,
        };
        let origin = found.origin.name().to_owned();
        self.expected.written.entry(origin).or_default().add(&tally);
        self.expected.rows.written += 1;
        Ok(())
    }

    /// Compares a written row with the input's: the text must be the original's or, of a variant,
    /// what the prior makes of it anew, and everything else must be as it was.
    fn against_original(
        &self,
        original: &Rows,
        row: &ScoreRow,
        (pool, found, text): (Pool, &Provenance, &str),
    ) -> Result<(), String> {
        let before = original.text().ok_or("its original cannot be read")?;
        if (before == text) != (found.edit.changed == 0) {
            return Err("its text and its edit record disagree".to_owned());
        }
        if let (Some(prior), Pool::Variant) = (self.prior, pool) {
            let plan = &self.plan.edit;
            let lang = row.lang.as_deref().unwrap_or("");
            let key = found.key.parse()?;
            let settings = lineage::settings(plan, lang);
            let seed = self.plan.edit_seed(key, found.copy);
            let again =
                edit::edit(before, lang, prior, &settings, seed).map_err(|e| e.to_string())?;
            if again.text != text || found.edit != lineage::edit_record(plan, &settings, &again) {
                return Err("its edit is not what the prior makes of the original".to_owned());
            }
        }
        let same = match (&original.block, &self.written.block) {
            (Some(a), Some(b)) => a.same_otherwise(original.next, b, self.written.next),
            _ => false,
        };
        if !same {
            return Err(
                "another column than text and `tamis` differs from the original".to_owned(),
            );
        }
        Ok(())
    }

    fn end(mut self) -> Result<Expectation, String> {
        if self.written.step()? {
            return Err("the data has rows that the plan does not give".to_owned());
        }
        if let Some(original) = &mut self.original
            && original.step()?
        {
            return Err("the input has more rows than its scores".to_owned());
        }
        Ok(self.expected)
    }
}

/// The first field in which two provenances differ.
fn differing(found: &Provenance, wanted: &Provenance) -> &'static str {
    let fields = [
        ("origin", found.origin == wanted.origin),
        ("origin_by", found.origin_by == wanted.origin_by),
        (
            "declared_origin",
            found.declared_origin == wanted.declared_origin,
        ),
        ("p_synthetic", found.p_synthetic == wanted.p_synthetic),
        ("generation", found.generation == wanted.generation),
        ("kind", found.kind == wanted.kind),
        ("generator", found.generator == wanted.generator),
        ("key", found.key == wanted.key),
        ("source", found.source == wanted.source),
        ("shard", found.shard == wanted.shard),
        ("row", found.row == wanted.row),
        ("copy", found.copy == wanted.copy),
        ("weight", found.weight == wanted.weight),
        ("edit", found.edit == wanted.edit),
    ];
    fields
        .into_iter()
        .find(|(_, same)| !same)
        .map_or("run", |(name, _)| name)
}
