//! The `tamis` struct column of Parquet outputs: the same keys, in the same order, as the JSON object.
//!
//! All whole numbers are `Int64`, which is what readers of the JSON form infer too, so that shards of both
//! formats can be read as one data set.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::error::ArrowError;

use super::block::PROVENANCE;
use crate::document::{Origin, OriginBy, Provenance};

/// Name, type, and whether null can be, of each field; `edit` is put in by hand.
const BEFORE_EDIT: [(&str, DataType, bool); 13] = [
    ("origin", DataType::Utf8, false),
    ("origin_by", DataType::Utf8, false),
    ("declared_origin", DataType::Utf8, true),
    ("p_synthetic", DataType::Float64, true),
    ("generation", DataType::Int64, false),
    ("kind", DataType::Utf8, true),
    ("generator", DataType::Utf8, true),
    ("key", DataType::Utf8, false),
    ("source", DataType::Utf8, false),
    ("shard", DataType::Utf8, false),
    ("row", DataType::Int64, false),
    ("copy", DataType::Int64, false),
    ("weight", DataType::Float64, false),
];
const EDIT: [(&str, DataType, bool); 7] = [
    ("prior", DataType::Utf8, false),
    ("threshold", DataType::Float64, false),
    ("top_k", DataType::Int64, false),
    ("temperature", DataType::Float64, false),
    ("eligible", DataType::Int64, false),
    ("resampled", DataType::Int64, false),
    ("changed", DataType::Int64, false),
];
const AFTER_EDIT: [(&str, DataType, bool); 2] = [
    ("run", DataType::Utf8, false),
    ("previous", DataType::Utf8, true),
];

fn fields(of: &[(&str, DataType, bool)]) -> Vec<Field> {
    of.iter()
        .map(|(name, kind, nullable)| Field::new(*name, kind.clone(), *nullable))
        .collect()
}

fn edit_fields() -> Fields {
    fields(&EDIT).into()
}

fn provenance_fields() -> Fields {
    let edit = Field::new("edit", DataType::Struct(edit_fields()), false);
    let mut all = fields(&BEFORE_EDIT);
    all.push(edit);
    all.extend(fields(&AFTER_EDIT));
    all.into()
}

/// The column's field.
pub(crate) fn provenance_field() -> Field {
    Field::new(PROVENANCE, DataType::Struct(provenance_fields()), false)
}

/// The column.
pub(crate) fn provenance_array<'a>(
    rows: impl Iterator<Item = &'a Provenance>,
) -> Result<ArrayRef, ArrowError> {
    let rows: Vec<&Provenance> = rows.collect();
    let columns: Vec<ArrayRef> = vec![
        text(&rows, |row| Some(row.origin.name())),
        text(&rows, |row| Some(OriginBy::name(row.origin_by))),
        text(&rows, |row| row.declared_origin.map(Origin::name)),
        number(&rows, |row| row.p_synthetic),
        whole(&rows, |row| u64::from(row.generation)),
        text(&rows, |row| row.kind.as_deref()),
        text(&rows, |row| row.generator.as_deref()),
        text(&rows, |row| Some(&row.key)),
        text(&rows, |row| Some(&row.source)),
        text(&rows, |row| Some(&row.shard)),
        whole(&rows, |row| row.row),
        whole(&rows, |row| u64::from(row.copy)),
        number(&rows, |row| Some(row.weight)),
        edit_array(&rows)?,
        text(&rows, |row| Some(&row.run)),
        text(&rows, |row| row.previous.as_deref()),
    ];
    let array = StructArray::try_new_with_length(provenance_fields(), columns, None, rows.len())?;
    Ok(Arc::new(array))
}

fn edit_array(rows: &[&Provenance]) -> Result<ArrayRef, ArrowError> {
    let columns: Vec<ArrayRef> = vec![
        text(rows, |row| Some(&row.edit.prior)),
        number(rows, |row| Some(row.edit.threshold)),
        whole(rows, |row| u64::from(row.edit.top_k)),
        number(rows, |row| Some(row.edit.temperature)),
        whole(rows, |row| row.edit.eligible),
        whole(rows, |row| row.edit.resampled),
        whole(rows, |row| row.edit.changed),
    ];
    let array = StructArray::try_new_with_length(edit_fields(), columns, None, rows.len())?;
    Ok(Arc::new(array))
}

fn text<'a>(rows: &[&'a Provenance], of: impl Fn(&'a Provenance) -> Option<&'a str>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| of(row)).collect::<StringArray>())
}

fn number(rows: &[&Provenance], of: impl Fn(&Provenance) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| of(row)).collect::<Float64Array>())
}

/// Counts; one beyond `i64` cannot come from a file that exists.
fn whole(rows: &[&Provenance], of: impl Fn(&Provenance) -> u64) -> ArrayRef {
    let values = rows
        .iter()
        .map(|row| i64::try_from(of(row)).unwrap_or(i64::MAX));
    Arc::new(Int64Array::from_iter_values(values))
}

/// The column's features as the `datasets` library writes them into the metadata of its files.
pub(crate) fn features_json() -> String {
    features(&provenance_fields())
}

fn features(fields: &Fields) -> String {
    let member = |field: &Field| {
        let feature = match field.data_type() {
            DataType::Struct(inner) => features(inner),
            kind => {
                let dtype = match kind {
                    DataType::Int64 => "int64",
                    DataType::Float64 => "float64",
                    _ => "string",
                };
                format!(r#"{{"dtype":"{dtype}","_type":"Value"}}"#)
            }
        };
        format!(r#""{}":{feature}"#, field.name())
    };
    let members: Vec<String> = fields.iter().map(|field| member(field)).collect();
    format!("{{{}}}", members.join(","))
}
