//! Types that the Parquet crate resolves otherwise than the program that wrote a shard, so that they come out of
//! us as they went in.
//!
//! - A writer of Arrow may store seconds as milliseconds; the crate then drops the time zone together with the
//!   unit that it cannot have. The zone is taken from the schema that the file stores.
//! - A day that Arrow calls `Date64` is stored as a day count, which the crate reads as milliseconds and would write
//!   as a bare number. It is read as what it is, `Date32`; the stored schema still says what Arrow shall make of it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::ipc::convert::try_schema_from_ipc_buffer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::basic::Type as Physical;
use parquet::file::metadata::KeyValue;
use parquet::schema::types::SchemaDescriptor;

use super::text_leaves::with_leaves;

/// The resolved schema with the time zones of the one that the file stores, if it stores one.
pub(crate) fn with_zones(resolved: &SchemaRef, key_values: &[KeyValue]) -> SchemaRef {
    let stored = key_values
        .iter()
        .find(|pair| pair.key == ARROW_SCHEMA_META_KEY)
        .and_then(|pair| STANDARD.decode(pair.value.as_deref()?).ok())
        .and_then(|bytes| try_schema_from_ipc_buffer(&bytes).ok());
    match stored {
        Some(stored) => Arc::new(Schema::new_with_metadata(
            zoned_fields(resolved.fields(), stored.fields()),
            resolved.metadata().clone(),
        )),
        None => resolved.clone(),
    }
}

fn zoned_fields(resolved: &Fields, stored: &Fields) -> Fields {
    let stored_as = |field: &FieldRef| stored.iter().find(|other| other.name() == field.name());
    let zoned_field = |field: &FieldRef| match stored_as(field) {
        Some(other) => zoned(field, other),
        None => field.clone(),
    };
    resolved.iter().map(zoned_field).collect()
}

fn zoned(resolved: &FieldRef, stored: &FieldRef) -> FieldRef {
    use DataType::*;
    let kind = match (resolved.data_type(), stored.data_type()) {
        (Timestamp(unit, Some(_)), Timestamp(_, Some(zone))) => {
            Timestamp(*unit, Some(zone.clone()))
        }
        (Struct(fields), Struct(others)) => Struct(zoned_fields(fields, others)),
        (List(item), List(other)) => List(zoned(item, other)),
        (LargeList(item), LargeList(other)) => LargeList(zoned(item, other)),
        (FixedSizeList(item, size), FixedSizeList(other, _)) => {
            FixedSizeList(zoned(item, other), *size)
        }
        (Map(entries, sorted), Map(other, _)) => Map(zoned(entries, other), *sorted),
        _ => return resolved.clone(),
    };
    Arc::new(Field::clone(resolved).with_data_type(kind))
}

/// The fields with days, not milliseconds, where the file stores days.
pub(crate) fn with_days(fields: &Fields, descriptor: &SchemaDescriptor) -> Fields {
    let columns = descriptor.columns();
    with_leaves(fields, &mut |leaf, kind| {
        let days = columns.get(leaf)?.physical_type() == Physical::INT32;
        (days && *kind == DataType::Date64).then_some(DataType::Date32)
    })
}
