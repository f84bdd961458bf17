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
use super::row_bytes::row_bytes;
use super::splice::check_finite;

/// Output rows as a batch, with the raw bytes of each row.
pub(crate) struct EncodedBatch {
    pub(crate) rows: RecordBatch,
    pub(crate) row_bytes: Vec<u64>,
}

/// Takes the chosen rows; the same row may come several times.
pub(crate) fn encode(
    block: &ParquetBlock,
    rows: &[OutputRow<'_>],
) -> Result<EncodedBatch, ShardError> {
    for output in rows {
        if output.index >= block.len() || block.text(output.index).is_err() {
            return Err(ShardError::Row {
                cause: "it was not read, or is a bad row",
            });
        }
        check_finite(output.provenance)?;
    }
    let batch = gather(block, rows).map_err(|_| ShardError::Row {
        cause: "its columns cannot be gathered",
    })?;
    let row_bytes = (0..batch.num_rows())
        .map(|row| {
            let columns = batch.columns().iter();
            columns.map(|column| row_bytes(column, row)).sum()
        })
        .collect();
    Ok(EncodedBatch {
        rows: batch,
        row_bytes,
    })
}

fn gather(block: &ParquetBlock, rows: &[OutputRow<'_>]) -> Result<RecordBatch, ArrowError> {
    let indices = UInt64Array::from_iter_values(rows.iter().map(|row| row.index as u64));
    let input = block.batch.schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(input.fields().len() + 1);
    for (at, column) in block.batch.columns().iter().enumerate() {
        if input.field(at).name() == PROVENANCE {
            continue;
        }
        let column = take(column, &indices, None)?;
        columns.push(compacted(texts(block, rows, at, column)?)?);
    }
    columns.push(provenance_array(rows.iter().map(|row| row.provenance))?);
    RecordBatch::try_new(with_provenance(&input), columns)
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
