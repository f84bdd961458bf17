//! Makes the output batch of a Parquet block: chosen rows, edited texts, and the `tamis` column.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::block::PROVENANCE;
use super::error::ShardError;
use super::nested::compacted;
use super::output::OutputRow;
use super::parquet_block::ParquetBlock;
use super::parquet_texts::with_texts;
use super::provenance_column::{provenance_array, provenance_field};
use super::provenance_json::check_finite;
use super::row_bytes::add_row_bytes;

/// Output rows as a batch, with the raw bytes of each row.
pub(crate) struct EncodedBatch {
    pub(crate) rows: RecordBatch,
    pub(crate) row_bytes: Vec<u64>,
}

/// Raw bytes of a piece at most, unless one row is larger: no 32-bit offset of a nested column overflows.
const PIECE_BYTES: u64 = 256 << 20;

/// Takes the chosen rows, in pieces; the same row may come several times.
///
/// Strings are shared with the block wherever that holds less than a copy would.
pub(crate) fn encode(
    block: &ParquetBlock,
    rows: &[OutputRow<'_>],
) -> Result<Vec<EncodedBatch>, ShardError> {
    for output in rows {
        if output.index >= block.len() || block.text(output.index).is_err() {
            return Err(ShardError::Row {
                cause: "it was not read, or is a bad row",
            });
        }
        check_finite(output.provenance)?;
    }
    let indices: Vec<usize> = rows.iter().map(|row| row.index).collect();
    let mut read_bytes = vec![0; rows.len()];
    for (_, column) in kept_columns(block) {
        add_row_bytes(column, &indices, &mut read_bytes);
    }
    let mut pieces = Vec::with_capacity(1);
    let mut start = 0;
    for end in piece_ends(&read_bytes, PIECE_BYTES) {
        pieces.push(
            gather(block, &rows[start..end]).map_err(|_| ShardError::Row {
                cause: "its columns cannot be gathered",
            })?,
        );
        start = end;
    }
    Ok(pieces)
}

/// Where pieces end: before the row that would make them larger than `most`.
fn piece_ends(bytes: &[u64], most: u64) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut sum = 0_u64;
    for (row, bytes) in bytes.iter().enumerate() {
        if sum > 0 && sum.saturating_add(*bytes) > most {
            ends.push(row);
            sum = 0;
        }
        sum = sum.saturating_add(*bytes);
    }
    if !bytes.is_empty() {
        ends.push(bytes.len());
    }
    ends
}

/// Every column but an older `tamis`, with its place.
fn kept_columns(block: &ParquetBlock) -> impl Iterator<Item = (usize, &ArrayRef)> {
    let schema = block.batch.schema();
    let columns = block.batch.columns().iter().enumerate();
    columns.filter(move |(at, _)| schema.field(*at).name() != PROVENANCE)
}

fn gather(block: &ParquetBlock, rows: &[OutputRow<'_>]) -> Result<EncodedBatch, ArrowError> {
    let all: Vec<usize> = (0..rows.len()).collect();
    let whole = rows.len() == block.len() && rows.iter().zip(&all).all(|(row, i)| row.index == *i);
    let edits = rows.iter().any(|row| row.texts.is_some());
    let indices = UInt64Array::from_iter_values(rows.iter().map(|row| row.index as u64));
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(block.batch.num_columns() + 1);
    for (at, column) in kept_columns(block) {
        columns.push(match (whole, edits) {
            (true, false) => column.clone(),
            (true, true) => compacted(texts(block, rows, at, column.clone())?)?,
            (false, _) => compacted(texts(block, rows, at, take(column, &indices, None)?)?)?,
        });
    }
    columns.push(provenance_array(rows.iter().map(|row| row.provenance))?);
    let mut row_bytes = vec![0; rows.len()];
    for column in &columns {
        add_row_bytes(column, &all, &mut row_bytes);
    }
    Ok(EncodedBatch {
        rows: RecordBatch::try_new(with_provenance(&block.batch.schema()), columns)?,
        row_bytes,
    })
}

/// The column with the edited texts of all paths that begin in it.
fn texts(
    block: &ParquetBlock,
    rows: &[OutputRow<'_>],
    at: usize,
    mut column: ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    if rows.iter().all(|row| row.texts.is_none()) {
        return Ok(column);
    }
    for (place, (begins, path)) in block.paths.iter().enumerate() {
        if *begins == at {
            let first = |row: usize| block.first_part(place, rows[row].index);
            column = with_texts(&column, &path.steps, first, |row| rows[row].texts)?;
        }
    }
    Ok(column)
}

/// A schema with the `tamis` column last, and without an older one.
pub(crate) fn with_provenance(schema: &Schema) -> SchemaRef {
    let own = schema.fields().iter();
    let mut fields: Vec<FieldRef> = own
        .filter(|field| field.name() != PROVENANCE)
        .cloned()
        .collect();
    fields.push(Arc::new(provenance_field()));
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}
