//! Cuts record batches anew by a rule that looks at rows only.
//!
//! The Parquet writer gives other bytes for other batch sizes, and how rows arrive in batches depends on the
//! input's blocks; after this, it does not matter any more.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

/// Collects rows and gives them out in batches of a fixed size.
pub(crate) struct Recut {
    schema: SchemaRef,
    max_rows: usize,
    max_bytes: u64,
    pending: Vec<RecordBatch>,
    rows: usize,
    bytes: u64,
}

/// A batch cut by the rule, and the raw bytes of its rows.
pub(crate) struct Cut {
    pub(crate) batch: RecordBatch,
    pub(crate) bytes: u64,
}

impl Recut {
    /// A batch closes after the row that makes it `max_rows` rows or at least `max_bytes` raw bytes.
    pub(crate) fn new(schema: SchemaRef, max_rows: usize, max_bytes: u64) -> Recut {
        Recut {
            schema,
            max_rows,
            max_bytes,
            pending: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Takes rows, with the raw bytes of each, and gives out the batches that are full.
    pub(crate) fn push(
        &mut self,
        batch: &RecordBatch,
        row_bytes: impl Fn(usize) -> u64,
    ) -> Result<Vec<Cut>, ArrowError> {
        let mut full = Vec::new();
        let mut start = 0;
        for row in 0..batch.num_rows() {
            self.rows += 1;
            self.bytes += row_bytes(row);
            if self.rows >= self.max_rows || self.bytes >= self.max_bytes {
                self.pending.push(batch.slice(start, row + 1 - start));
                start = row + 1;
                full.extend(self.rest()?);
            }
        }
        if start < batch.num_rows() {
            self.pending
                .push(batch.slice(start, batch.num_rows() - start));
        }
        Ok(full)
    }

    /// What is left after the last full batch.
    pub(crate) fn rest(&mut self) -> Result<Option<Cut>, ArrowError> {
        if self.pending.is_empty() {
            return Ok(None);
        }
        let batch = concat_batches(&self.schema, &self.pending)?;
        let bytes = std::mem::take(&mut self.bytes);
        self.pending.clear();
        self.rows = 0;
        Ok(Some(Cut { batch, bytes }))
    }
}
