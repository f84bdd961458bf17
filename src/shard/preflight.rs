//! A cheap look at a shard before work begins.

use std::fs::File;

use arrow::datatypes::DataType;

use super::block::{Columns, PROVENANCE};
use super::error::ShardError;
use super::find::{Format, Shard};
use super::parquet_read::{load, text_column};

/// What is known of a shard without reading its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaSummary {
    /// Names and Arrow types of the columns, in order, without `tamis`; nothing for JSONL, whose lines are
    /// free to differ.
    pub columns: Option<Vec<(String, String)>>,
    /// Number of rows, where the format says so.
    pub rows: Option<u64>,
    /// True if the rows already carry provenance, as far as the schema tells.
    pub has_provenance: bool,
}

/// Opens a shard and looks whether it can be worked on.
///
/// Parquet: the footer is read, and the text column must be there and hold text. JSONL: the file must open;
/// what its lines hold shows row by row.
pub fn schema_of(shard: &Shard, columns: &Columns) -> Result<SchemaSummary, ShardError> {
    let path = &shard.path;
    let file = File::open(path).map_err(ShardError::io(path, "open"))?;
    if shard.format != Format::Parquet {
        return Ok(SchemaSummary {
            columns: None,
            rows: None,
            has_provenance: false,
        });
    }
    let (metadata, template) = load(path, &file)?;
    text_column(path, &template.schema, &columns.text.paths()[0].column)?;
    let fields = template.schema.fields();
    let shown = |kind: &DataType| kind.to_string();
    Ok(SchemaSummary {
        columns: Some(
            fields
                .iter()
                .filter(|field| field.name() != PROVENANCE)
                .map(|field| (field.name().clone(), shown(field.data_type())))
                .collect(),
        ),
        rows: u64::try_from(metadata.metadata().file_metadata().num_rows()).ok(),
        has_provenance: fields.iter().any(|field| field.name() == PROVENANCE),
    })
}
