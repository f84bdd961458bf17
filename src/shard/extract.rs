//! Takes chosen rows out of a table, with all its columns and types, into a table of their own.

use std::path::Path;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::atomic::Written;
use super::block::{Columns, RawBody};
use super::error::{ShardError, guarded};
use super::find::Shard;
use super::parquet_block::ParquetBlock;
use super::reader::{ReadOptions, Template, TemplateKind, open};
use super::table::TableWriter;

/// Writes these rows (counted from 0, in order) of a Parquet shard to `out`, bad ones as they are; reads no
/// further than the last of them.
///
/// # Errors
/// If the shard cannot be read so far or is no table, or `out` cannot be written.
pub fn extract_rows(
    shard: &Shard,
    columns: &Columns,
    rows: &[u64],
    out: &Path,
) -> Result<Written, ShardError> {
    let options = ReadOptions {
        stop_after: Some(rows.last().map_or(0, |last| last + 1)),
        ..ReadOptions::default()
    };
    let mut reader = open(shard, columns, &options)?;
    let Template(TemplateKind::Parquet(template)) = reader.template() else {
        return Err(no_table());
    };
    let mut table = TableWriter::create(out, template.schema.clone(), &[])?;
    while let Some(raw) = reader.next_block()? {
        let RawBody::Batch(raw) = raw.body else {
            return Err(no_table());
        };
        let start = raw.first_row;
        let end = start + raw.batch.num_rows() as u64;
        let from = rows.partition_point(|row| *row < start);
        let to = rows.partition_point(|row| *row < end);
        if from < to {
            let inside = rows[from..to].iter().map(|row| row - start);
            // Decoding gives texts, which are read as bytes, their own type again.
            let block = ParquetBlock::decode(raw, columns, &options);
            let taken = guarded(&shard.path, "", || {
                Ok(take(&block.batch, inside, &template.schema)?)
            })?;
            table.write(&taken)?;
        }
    }
    table.finish()
}

fn no_table() -> ShardError {
    ShardError::Row {
        cause: "only rows of a table can be taken out of it",
    }
}

/// The rows with the types that the shard declares, which may be others than those it is read with.
fn take(
    batch: &RecordBatch,
    rows: impl Iterator<Item = u64>,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let taken = take_record_batch(batch, &UInt64Array::from_iter_values(rows))?;
    let columns = taken.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)
}
