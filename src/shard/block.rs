//! A block of decoded rows, whatever the shard's format.

use std::ops::Range;
use std::sync::Arc;

use super::jsonl::{self, JsonlBlock};
use super::lines::RawLines;
use super::parquet_block::{ParquetBlock, RawBatch};
use super::reader::ReadOptions;
use crate::config::TextPaths;
use crate::document::Value;

/// What a row weighs besides its bytes.
const ROW_BYTES: usize = 256;

/// What stands between the texts of a record that has several, in the text that they are together.
pub const BETWEEN_TEXTS: &str = "\n\n";

/// Name of the column or member that carries provenance.
pub const PROVENANCE: &str = "tamis";

/// Which columns (or members of a JSON line's object) to decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Where the texts are; together they are the document.
    pub text: TextPaths,
    /// The document's id, if there is one.
    pub id: Option<String>,
    /// Others, in the order in which [`Block::extra`] counts them.
    pub extra: Vec<String>,
}

/// A row that cannot be used, with all that a quarantine record needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Stable code, such as `E-UTF8`.
    pub code: &'static str,
    /// What is wrong, without any of the text.
    pub cause: String,
    /// Where the line begins in the decompressed stream; nothing for Parquet.
    pub offset: Option<u64>,
    /// The line without its end; of Parquet the bytes of a text that is no UTF-8, else the columns that were asked
    /// for as JSON; empty for documents above the cap.
    pub raw: Vec<u8>,
}

/// Rows as they were read. Decoding them is a worker's task.
pub struct RawBlock {
    pub(crate) body: RawBody,
    pub(crate) options: ReadOptions,
}

pub(crate) enum RawBody {
    Lines(RawLines),
    Batch(RawBatch),
}

impl RawBlock {
    /// Number of rows, bad ones included.
    pub fn len(&self) -> usize {
        match &self.body {
            RawBody::Lines(raw) => raw.rows.len(),
            RawBody::Batch(raw) => raw.batch.num_rows(),
        }
    }

    /// What the block weighs in memory: its bytes, and something for each row.
    pub fn bytes(&self) -> u64 {
        let bytes = match &self.body {
            RawBody::Lines(raw) => raw.bytes.len(),
            RawBody::Batch(raw) => raw.batch.get_array_memory_size(),
        };
        (bytes + self.len() * ROW_BYTES) as u64
    }

    /// Keeps the first `rows` rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        match &mut self.body {
            RawBody::Lines(raw) => raw.rows.truncate(rows),
            RawBody::Batch(raw) => raw.batch = raw.batch.slice(0, rows.min(raw.batch.num_rows())),
        }
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Finds text, id, extra columns and older provenance of each row.
    ///
    /// `columns` must be those that the reader was opened with.
    pub fn decode(self, columns: &Columns) -> Block {
        match self.body {
            RawBody::Lines(raw) => Block {
                first_row: raw.first_row,
                body: Body::Jsonl(Arc::new(jsonl::decode(raw, columns, &self.options))),
            },
            RawBody::Batch(raw) => Block {
                first_row: raw.first_row,
                body: Body::Parquet(Box::new(ParquetBlock::decode(raw, columns, &self.options))),
            },
        }
    }
}

/// Decoded rows of one shard, in order.
pub struct Block {
    pub(crate) first_row: u64,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    /// Shared with the lines that are made of it.
    Jsonl(Arc<JsonlBlock>),
    Parquet(Box<ParquetBlock>),
}

impl Block {
    /// Number of rows, bad ones included.
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Jsonl(block) => block.rows.len(),
            Body::Parquet(block) => block.len(),
        }
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Row of the shard that is the block's first; rows count from 0, blank lines are none.
    pub fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The text of row `i` of the block, or why there is none.
    pub fn text(&self, i: usize) -> Result<&str, &BadRow> {
        match &self.body {
            Body::Jsonl(block) => block.text(i),
            Body::Parquet(block) => block.text(i),
        }
    }

    /// Where each text of row `i` is in [`Block::text`], in order; [`BETWEEN_TEXTS`] is between them. A bad row has none.
    pub fn parts(&self, i: usize) -> Vec<Range<usize>> {
        match &self.body {
            Body::Jsonl(block) => block.parts(i),
            Body::Parquet(block) => block.parts(i),
        }
    }

    /// Takes a bad row out with its raw bytes; row `i` stays bad without them. Nothing for a good row.
    pub fn take_bad(&mut self, i: usize) -> Option<BadRow> {
        let bad = match &mut self.body {
            // Nobody else holds the block before its rows are encoded.
            Body::Jsonl(block) => Arc::get_mut(block)?.rows[i].as_mut().err(),
            Body::Parquet(block) => block.bad_mut(i),
        }?;
        let raw = std::mem::take(&mut bad.raw);
        Some(BadRow { raw, ..bad.clone() })
    }

    /// Makes a good row a bad one, for a reason of the caller's: with the row's offset and raw bytes.
    ///
    /// Of a Parquet row the raw bytes are the columns that were asked for, as a JSON object.
    pub fn refuse(&self, i: usize, code: &'static str, cause: String) -> BadRow {
        let (offset, raw) = match &self.body {
            Body::Jsonl(block) => block.place(i),
            Body::Parquet(block) => (None, block.raw(i)),
        };
        BadRow {
            code,
            cause,
            offset,
            raw,
        }
    }

    /// The codes of faults for which U+FFFD was put into row `i`, as [`ReadOptions`] allowed.
    pub fn replaced(&self, i: usize) -> Vec<&'static str> {
        match &self.body {
            Body::Jsonl(block) => block.replaced(i),
            Body::Parquet(block) => block.replaced(i),
        }
    }

    /// True if row `i` has a text; the text itself is not looked at.
    pub fn has_text(&self, i: usize) -> bool {
        match &self.body {
            Body::Jsonl(block) => block.rows[i].is_ok(),
            Body::Parquet(block) => block.text(i).is_ok(),
        }
    }

    /// The id of row `i`; numbers as they are written.
    pub fn id(&self, i: usize) -> Option<&str> {
        match &self.body {
            Body::Jsonl(block) => block.id(i),
            Body::Parquet(block) => block.id(i),
        }
    }

    /// The value of extra column `column` in row `i`; nothing for null, lists and structs, a missing column
    /// and numbers that are not finite.
    pub fn extra(&self, column: usize, i: usize) -> Option<Value> {
        let finite = |value: &Value| !matches!(value, Value::Float(x) if !x.is_finite());
        self.stored(column, i).filter(finite)
    }

    /// Whether extra column `column` of row `i` holds a number that is not finite, or beyond all doubles.
    pub fn not_finite(&self, column: usize, i: usize) -> bool {
        matches!(self.stored(column, i), Some(Value::Float(number)) if !number.is_finite())
    }

    fn stored(&self, column: usize, i: usize) -> Option<Value> {
        match &self.body {
            Body::Jsonl(block) => block.extra(column, i),
            Body::Parquet(block) => block.extra(column, i),
        }
    }

    /// Whether row `i` equals row `j` of `other` in everything but text and provenance: every other
    /// column and its type, or every other byte of the line.
    pub fn same_otherwise(&self, i: usize, other: &Block, j: usize) -> bool {
        match (&self.body, &other.body) {
            (Body::Jsonl(a), Body::Jsonl(b)) => {
                matches!((a.rest(i), b.rest(j)), (Some(a), Some(b)) if a == b)
            }
            (Body::Parquet(a), Body::Parquet(b)) => a.same_otherwise(i, b, j),
            _ => false,
        }
    }

    /// The `tamis` value that row `i` already carries, as JSON text.
    pub fn provenance(&self, i: usize) -> Option<String> {
        match &self.body {
            Body::Jsonl(block) => block.provenance(i),
            Body::Parquet(block) => block.provenance(i),
        }
    }
}
