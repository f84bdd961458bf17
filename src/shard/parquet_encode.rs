//! Makes the output batch of a Parquet block: chosen rows, edited texts, and the `tamis` column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, GenericByteViewArray, RecordBatch, StringViewArray, UInt64Array,
};
use arrow::compute::{interleave, take};
use arrow::datatypes::{ByteViewType, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::block::PROVENANCE;
use super::error::ShardError;
use super::output::OutputRow;
use super::parquet_block::ParquetBlock;
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
    let bytes = own_bytes(block, rows);
    let mut pieces = Vec::with_capacity(1);
    let mut start = 0;
    for end in piece_ends(&bytes, PIECE_BYTES) {
        let piece = gather(block, &rows[start..end], bytes[start..end].to_vec());
        pieces.push(piece.map_err(|_| ShardError::Row {
            cause: "its columns cannot be gathered",
        })?);
        start = end;
    }
    Ok(pieces)
}

/// Raw bytes of each output row, but for its provenance.
fn own_bytes(block: &ParquetBlock, rows: &[OutputRow<'_>]) -> Vec<u64> {
    let indices: Vec<usize> = rows.iter().map(|row| row.index).collect();
    let mut bytes = vec![0; rows.len()];
    for (at, _, column) in kept_columns(block) {
        if at == block.text_column {
            let texts = rows.iter().map(|row| text_of(block, row).len() as u64);
            bytes.iter_mut().zip(texts).for_each(|(sum, n)| *sum += n);
        } else {
            add_row_bytes(column, &indices, &mut bytes);
        }
    }
    bytes
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

/// Every column but an older `tamis`, with its place and name.
fn kept_columns(block: &ParquetBlock) -> impl Iterator<Item = (usize, FieldRef, &ArrayRef)> {
    let fields = block.batch.schema().fields().clone();
    let columns = block.batch.columns().iter().enumerate();
    columns
        .map(move |(at, column)| (at, fields[at].clone(), column))
        .filter(|(_, field, _)| field.name() != PROVENANCE)
}

// Bad rows were refused before, so a missing text cannot happen; an empty one would be no lie here.
fn text_of<'a>(block: &'a ParquetBlock, output: &OutputRow<'a>) -> &'a str {
    let own = || block.text(output.index).unwrap_or_default();
    output
        .texts
        .and_then(|texts| texts.first().copied())
        .unwrap_or_else(own)
}

fn gather(
    block: &ParquetBlock,
    rows: &[OutputRow<'_>],
    mut row_bytes: Vec<u64>,
) -> Result<EncodedBatch, ArrowError> {
    let whole = rows.len() == block.len() && rows.iter().enumerate().all(|(i, r)| r.index == i);
    let indices = UInt64Array::from_iter_values(rows.iter().map(|row| row.index as u64));
    let edits = rows.iter().any(|row| row.texts.is_some());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(block.batch.num_columns() + 1);
    for (at, _, column) in kept_columns(block) {
        columns.push(match (edits && at == block.text_column, whole) {
            (true, _) => compact(texts(column, rows)?),
            (false, true) => column.clone(),
            (false, false) => compact(take(column, &indices, None)?),
        });
    }
    let provenance = provenance_array(rows.iter().map(|row| row.provenance))?;
    let all: Vec<usize> = (0..rows.len()).collect();
    add_row_bytes(&provenance, &all, &mut row_bytes);
    columns.push(provenance);
    let schema = with_provenance(&block.batch.schema());
    Ok(EncodedBatch {
        rows: RecordBatch::try_new(schema, columns)?,
        row_bytes,
    })
}

/// The texts of the rows: the edited ones, and views of the column for the others.
fn texts(column: &ArrayRef, rows: &[OutputRow<'_>]) -> Result<ArrayRef, ArrowError> {
    let edited: StringViewArray = rows
        .iter()
        .filter_map(|row| row.texts?.first().copied())
        .map(Some)
        .collect();
    let mut next = 0;
    let places: Vec<(usize, usize)> = rows
        .iter()
        .map(|row| match row.texts {
            None => (0, row.index),
            Some(_) => {
                next += 1;
                (1, next - 1)
            }
        })
        .collect();
    interleave(&[column.as_ref(), &edited], &places)
}

/// Views keep whole pages alive; a few rows of a large page should not. Where most of the pages is in use,
/// or rows share their bytes, the views stay.
fn compact(column: ArrayRef) -> ArrayRef {
    fn sparse<T: ByteViewType>(views: &GenericByteViewArray<T>) -> bool {
        let held: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
        views.total_buffer_bytes_used() < held / 2
    }
    if let Some(strings) = column.as_string_view_opt()
        && sparse(strings)
    {
        return Arc::new(strings.gc());
    }
    match column.as_binary_view_opt() {
        Some(binary) if sparse(binary) => Arc::new(binary.gc()),
        _ => column,
    }
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
