//! The rows of one shard of a finished run, each against its score row and the plan.

use std::path::Path;

use super::quarantine::Quarantine;
use super::shard::Expectation;
use crate::document::{Origin, Provenance};
use crate::edit::{self, prior::Prior};
use crate::mix::{Fate, Plan, Pool};
use crate::provenance::lineage::{self, Lineage};
use crate::provenance::record::{EditTally, Salvaged, Tally};
use crate::score::row::{ScoreRow, Status};
use crate::shard::{self, Block, Columns, Format, ReadOptions, Reader, Shard};

/// A stream of rows of a shard, one block in memory.
pub(super) struct Rows {
    reader: Reader,
    columns: Columns,
    block: Option<Block>,
    next: usize,
}

impl Rows {
    /// Opens the file of a shard of this name.
    pub(super) fn open(
        (path, name): (&Path, &str),
        columns: &Columns,
        options: &ReadOptions,
    ) -> Result<Rows, String> {
        let shard = named(path, name)?;
        Ok(Rows {
            reader: shard::open(&shard, columns, options).map_err(|e| e.to_string())?,
            columns: columns.clone(),
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

    fn replaced(&self) -> Vec<&'static str> {
        let block = self.block.as_ref();
        block.map_or_else(Vec::new, |block| block.replaced(self.next))
    }

    /// The provenance that an input's row carries, as text.
    fn earlier(&self) -> Option<String> {
        self.block.as_ref()?.provenance(self.next)
    }

    fn provenance(&self) -> Option<Provenance> {
        serde_json::from_str(&self.earlier()?).ok()
    }
}

/// Reads a salvaged shard up to its damage, which must be where the record says.
pub(super) fn damaged_as_told(
    (path, name): (&Path, &str),
    columns: &Columns,
    options: &ReadOptions,
    salvaged: &Salvaged,
) -> Result<(), String> {
    let shard = named(path, name)?;
    let options = ReadOptions {
        salvage: true,
        ..*options
    };
    let mut reader = shard::open(&shard, columns, &options).map_err(|e| e.to_string())?;
    loop {
        match reader.next_block() {
            Ok(Some(_)) => {}
            Err(e) if e.rows_before() == Some(salvaged.rows) && e.code() == salvaged.code => {
                return Ok(());
            }
            Ok(None) => return Err("it was salvaged, and the input is not damaged".to_owned()),
            Err(e) => return Err(format!("it was salvaged from other damage than: {e}")),
        }
    }
}

/// A file as the shard of this name.
pub(super) fn named(path: &Path, name: &str) -> Result<Shard, String> {
    Ok(Shard {
        name: name.to_owned(),
        path: path.to_path_buf(),
        format: Format::of_name(name).ok_or("its format is unknown")?,
        bytes: std::fs::metadata(path).map_err(|e| e.to_string())?.len(),
    })
}

/// One shard under check.
pub(super) struct Check<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prior: Option<&'a dyn Prior>,
    pub(super) lineage: Lineage<'a>,
    pub(super) source: usize,
    pub(super) shard: &'a str,
    pub(super) written: Rows,
    pub(super) original: Option<Rows>,
    pub(super) quarantine: Quarantine,
    pub(super) expected: Expectation,
}

impl Check<'_> {
    /// Checks what became of the next row.
    pub(super) fn row(&mut self, row: &ScoreRow) -> Result<(), String> {
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
            return self.quarantine.holds(row.row);
        }
        for code in self.original.iter().flat_map(Rows::replaced) {
            *self.expected.replaced.entry(code.to_owned()).or_default() += 1;
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
        wanted.previous = match &self.original {
            Some(original) => original.earlier(),
            None => found.previous.clone(),
        };
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
        let tally = Tally::of_copy(self.plan.mix.unit, text, count);
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

    /// Nothing is left over.
    pub(super) fn end(mut self) -> Result<Expectation, String> {
        if self.written.step()? {
            return Err("the data has rows that the plan does not give".to_owned());
        }
        if let Some(original) = &mut self.original
            && original.step()?
        {
            return Err("the input has more rows than its scores".to_owned());
        }
        self.quarantine.end()?;
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
        ("previous", found.previous == wanted.previous),
    ];
    fields
        .into_iter()
        .find(|(_, same)| !same)
        .map_or("run", |(name, _)| name)
}
