//! Decodes a Parquet batch into rows: text, id, extra columns and older provenance.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};

use super::block::{BadRow, Columns, PROVENANCE};
use super::jsonl::too_large;
use super::values::{column_values, json_text};
use crate::document::Value;

/// A batch as it was read; its text column, if it is there, holds views.
pub(crate) struct RawBatch {
    pub(crate) batch: RecordBatch,
    pub(crate) first_row: u64,
}

/// The rows of a batch.
pub(crate) struct ParquetBlock {
    pub(crate) batch: RecordBatch,
    /// Where the text column is.
    pub(crate) text_column: usize,
    text: StringViewArray,
    bad: Vec<Option<BadRow>>,
    id: Option<Vec<Option<String>>>,
    extra: Vec<Option<Vec<Option<Value>>>>,
}

impl ParquetBlock {
    pub(crate) fn decode(raw: RawBatch, columns: &Columns, max_document: usize) -> ParquetBlock {
        let batch = raw.batch;
        let schema = batch.schema();
        let values = |name: &String| batch.column_by_name(name).map(column_values);
        let text_column = schema
            .index_of(&columns.text.paths()[0].column)
            .unwrap_or(0);
        let text = batch
            .columns()
            .get(text_column)
            .and_then(|column| column.as_string_view_opt())
            .cloned()
            .unwrap_or_else(|| StringViewArray::new_null(batch.num_rows()));
        let bad = (0..batch.num_rows())
            .map(|row| bad_row(&text, row, max_document))
            .collect();
        let id = columns.id.as_ref().and_then(values).map(|ids| {
            ids.into_iter()
                .map(|id| id.map(|id| id.to_string()))
                .collect()
        });
        let extra = columns.extra.iter().map(values).collect();
        ParquetBlock {
            text_column,
            text,
            bad,
            id,
            extra,
            batch,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn text(&self, row: usize) -> Result<&str, &BadRow> {
        match &self.bad[row] {
            Some(bad) => Err(bad),
            None => Ok(self.text.value(row)),
        }
    }

    pub(crate) fn id(&self, row: usize) -> Option<&str> {
        self.id.as_ref()?[row].as_deref()
    }

    pub(crate) fn extra(&self, column: usize, row: usize) -> Option<Value> {
        self.extra.get(column)?.as_ref()?[row].clone()
    }

    /// Whether a row equals one of `other` in every column but text and provenance.
    pub(crate) fn same_otherwise(&self, row: usize, other: &ParquetBlock, its: usize) -> bool {
        let (mine, theirs) = (self.others(), other.others());
        mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|((name, a), (same, b))| {
                name == same && a.slice(row, 1).as_ref() == b.slice(its, 1).as_ref()
            })
    }

    /// Names and values of every column but text and provenance.
    fn others(&self) -> Vec<(String, ArrayRef)> {
        let schema = self.batch.schema();
        let columns = schema.fields().iter().zip(self.batch.columns()).enumerate();
        columns
            .filter(|(place, (field, _))| *place != self.text_column && field.name() != PROVENANCE)
            .map(|(_, (field, column))| (field.name().clone(), column.clone()))
            .collect()
    }

    pub(crate) fn provenance(&self, row: usize) -> Option<String> {
        let column = self.batch.column_by_name(PROVENANCE)?;
        if column.is_null(row) {
            return None;
        }
        let already_text = column_values(&column.slice(row, 1)).pop().flatten();
        match already_text {
            Some(Value::Text(text)) => Some(text),
            _ => Some(json_text(column, row)),
        }
    }
}

fn bad_row(text: &StringViewArray, row: usize, max_document: usize) -> Option<BadRow> {
    if text.is_null(row) {
        return Some(BadRow {
            code: "E-TEXT-NULL",
            cause: "the text is null".to_owned(),
            offset: None,
            raw: Vec::new(),
        });
    }
    let length = text.value(row).len();
    (length > max_document).then(|| too_large(length as u64, max_document, None))
}
