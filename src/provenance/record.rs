//! One shard through one stage: the resume record.
//!
//! Resume trusts these records and the digests in them, never times or the mere existence of a
//! file. A record is written after the files that it speaks of.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::run_dir::RunDir;
use crate::config::Unit;
use crate::shard::{ShardError, Written, sampled_digest};
use crate::text::count_words;

/// A file that a stage wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path inside the run directory.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// blake3 of the whole file.
    pub digest: String,
    /// Digest of size, start, middle and end: cheap to take again.
    pub sampled: String,
    /// Rows in it.
    pub rows: u64,
}

impl FileRecord {
    /// Of a file that was just written.
    ///
    /// # Errors
    /// If it cannot be read again.
    pub fn new(run: &RunDir, path: &Path, written: &Written) -> Result<FileRecord, ShardError> {
        Ok(FileRecord {
            path: run.relative(path),
            bytes: written.bytes,
            digest: written.digest.clone(),
            sampled: sampled_digest(path)?,
            rows: written.rows,
        })
    }

    /// Why the file in `run` is not the one that was written, if it is not; without reading all of it.
    pub fn differs(&self, run: &RunDir) -> Option<String> {
        let path = run.resolve(&self.path);
        match sampled_digest(&path) {
            Ok(sampled) if sampled == self.sampled => None,
            Ok(_) => Some(format!("{} is not what was written", self.path)),
            Err(_) => Some(format!("{} is missing", self.path)),
        }
    }
}

/// The input shard as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Size in bytes.
    pub bytes: u64,
    /// blake3 of the whole file.
    pub digest: String,
    /// Digest of size, start, middle and end: cheap to take again.
    pub sampled: String,
}

/// The row law: `read = kept + dropped + quarantined`; `written` counts copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows of the input.
    pub read: u64,
    /// Rows of which at least one copy was written.
    pub kept: u64,
    /// Rows dropped, each with a reason.
    pub dropped: u64,
    /// Rows that could not be read.
    pub quarantined: u64,
    /// Rows of the output.
    pub written: u64,
}

impl RowCounts {
    /// True if no row is unaccounted for.
    pub fn law_holds(&self) -> bool {
        self.read == self.kept + self.dropped + self.quarantined && self.written >= self.kept
    }

    /// Adds another shard's counts.
    pub fn add(&mut self, other: &RowCounts) {
        self.read += other.read;
        self.kept += other.kept;
        self.dropped += other.dropped;
        self.quarantined += other.quarantined;
        self.written += other.written;
    }
}

/// Sizes of the rows written with one origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows written.
    pub documents: u64,
    /// Their size in the unit of the mix, as counted on the input.
    pub count: u64,
    /// Their size in the unit of the mix, counted again on what was written.
    pub recounted: u64,
    /// Words written.
    pub words: u64,
    /// Bytes of text written.
    pub bytes: u64,
}

impl Tally {
    /// One written copy of a text whose size on the input was `count`.
    pub fn of_copy(unit: Unit, text: &str, count: u64) -> Tally {
        let words = count_words(text);
        Tally {
            documents: 1,
            count,
            recounted: match unit {
                Unit::Words => words,
                Unit::Bytes => text.len() as u64,
                Unit::Documents => 1,
                // Only the column that came with the input counts tokens.
                Unit::Tokens => count,
            },
            words,
            bytes: text.len() as u64,
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.documents += other.documents;
        self.count += other.count;
        self.recounted += other.recounted;
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

/// Token counts of the editor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditTally {
    /// Variants drawn.
    pub drawn: u64,
    /// Tokens with P >= threshold.
    pub eligible: u64,
    /// Tokens drawn anew.
    pub resampled: u64,
    /// Tokens drawn anew and different.
    pub changed: u64,
    /// Variants in which nothing changed, written as `human`.
    pub unchanged: u64,
}

impl EditTally {
    /// Adds another tally.
    pub fn add(&mut self, other: &EditTally) {
        self.drawn += other.drawn;
        self.eligible += other.eligible;
        self.resampled += other.resampled;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }
}

/// Why a shard failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `SOURCE/SHARD`.
    pub shard: String,
    /// The row, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// A stable code, such as `E-ZST-TRUNC`.
    pub code: String,
    /// The chain of causes.
    pub cause: String,
    /// What was done about it.
    pub action: String,
}

/// [`Failure::action`] of a damaged shard whose rows before the damage are kept.
pub const SALVAGED: &str = "salvaged";

/// What was kept of a shard that is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salvaged {
    /// Rows before the damage: all that is read of the shard.
    pub rows: u64,
    /// A stable code, such as `E-ZST-TRUNC`.
    pub code: String,
    /// The chain of causes, with the place of the damage.
    pub cause: String,
}

impl Salvaged {
    /// The damage as a report lists it; its row is the first that was lost.
    pub fn failure(&self, shard: &str) -> Failure {
        Failure {
            shard: shard.to_owned(),
            row: Some(self.rows),
            code: self.code.clone(),
            cause: self.cause.clone(),
            action: SALVAGED.to_owned(),
        }
    }
}

/// One shard through one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// Version of this format.
    pub version: u32,
    /// The stage.
    pub stage: String,
    /// The source.
    pub source: String,
    /// The shard inside the source.
    pub shard: String,
    /// What the result was made from.
    pub fingerprint: Fingerprint,
    /// The input as it was read.
    pub input: InputRecord,
    /// The files written.
    pub files: Vec<FileRecord>,
    /// The row law.
    pub rows: RowCounts,
    /// Rows dropped or quarantined, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows in which U+FFFD stands for what was no text, by the fault.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replaced: BTreeMap<String, u64>,
    /// Rows written, by origin.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub written: BTreeMap<String, Tally>,
    /// What the editor did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<EditTally>,
    /// What was kept of the shard, if it is damaged and `limits.salvage` is on; told by `score`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<Salvaged>,
    /// Why the shard failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Version of the record's format.
pub const RECORD_VERSION: u32 = 1;

impl ShardRecord {
    /// A record of nothing yet.
    pub fn new(stage: &str, source: &str, shard: &str, fingerprint: Fingerprint) -> ShardRecord {
        ShardRecord {
            version: RECORD_VERSION,
            stage: stage.to_owned(),
            source: source.to_owned(),
            shard: shard.to_owned(),
            fingerprint,
            input: InputRecord::default(),
            files: Vec::new(),
            rows: RowCounts::default(),
            reasons: BTreeMap::new(),
            replaced: BTreeMap::new(),
            written: BTreeMap::new(),
            edits: None,
            salvaged: None,
            failure: None,
        }
    }

    /// Reads a record; none if there is none or it cannot be understood (then the work is done
    /// again, which is always safe).
    pub fn read(path: &Path) -> Option<ShardRecord> {
        let bytes = std::fs::read(path).ok()?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|record: &ShardRecord| record.version == RECORD_VERSION)
    }

    /// Counts one row against a reason.
    pub fn count_reason(&mut self, reason: &str, rows: u64) {
        match self.reasons.get_mut(reason) {
            Some(count) => *count += rows,
            None => {
                self.reasons.insert(reason.to_owned(), rows);
            }
        }
    }
}
