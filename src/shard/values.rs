//! What an Arrow column says, as plain values or as JSON text.

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::document::Value;

/// The values of a column of strings, numbers, booleans, dates or times; dictionaries are resolved.
///
/// Dates and times become ISO 8601 text, those with a time zone in UTC. Null and any other type (lists, structs,
/// binary) give nothing; numbers that are not finite are given as they are.
pub(crate) fn column_values(array: &ArrayRef) -> Vec<Option<Value>> {
    let nothing = || vec![None; array.len()];
    match array.data_type() {
        DataType::Dictionary(_, value) => {
            cast(array, value).map_or_else(|_| nothing(), |plain| column_values(&plain))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => texts(array),
        DataType::Boolean => {
            let values = array.as_boolean().iter();
            values.map(|value| value.map(Value::Bool)).collect()
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().iter();
            values.map(|value| value.map(unsigned)).collect()
        }
        kind if kind.is_integer() => casted(array, &DataType::Int64, |array| {
            let values = array.as_primitive::<Int64Type>().iter();
            values.map(|value| value.map(Value::Int)).collect()
        }),
        kind if kind.is_floating() || kind.is_decimal() => {
            casted(array, &DataType::Float64, |array| {
                let values = array.as_primitive::<Float64Type>().iter();
                values.map(|value| value.map(Value::Float)).collect()
            })
        }
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            casted(array, &utc, formatted)
        }
        DataType::Date64 => {
            let moment = DataType::Timestamp(TimeUnit::Millisecond, None);
            casted(array, &moment, formatted)
        }
        kind if kind.is_temporal() => formatted(array),
        _ => nothing(),
    }
}

fn texts(array: &ArrayRef) -> Vec<Option<Value>> {
    casted(array, &DataType::Utf8View, |array| {
        let values = array.as_string_view().iter();
        values
            .map(|value| value.map(|text| Value::Text(text.to_owned())))
            .collect()
    })
}

fn casted(
    array: &ArrayRef,
    to: &DataType,
    read: impl Fn(&ArrayRef) -> Vec<Option<Value>>,
) -> Vec<Option<Value>> {
    match cast(array, to) {
        Ok(array) => read(&array),
        Err(_) => vec![None; array.len()],
    }
}

fn unsigned(value: u64) -> Value {
    i64::try_from(value).map_or(Value::Float(value as f64), Value::Int)
}

/// Values as Arrow shows them; a date out of range gives nothing.
fn formatted(array: &ArrayRef) -> Vec<Option<Value>> {
    let options = FormatOptions::new();
    let Ok(formatter) = ArrayFormatter::try_new(array.as_ref(), &options) else {
        return vec![None; array.len()];
    };
    let shown = |row| formatter.value(row).try_to_string().ok().map(Value::Text);
    (0..array.len())
        .map(|row| array.is_valid(row).then(|| shown(row)).flatten())
        .collect()
}

/// One row of a column as JSON text; what JSON cannot say becomes null.
pub(crate) fn json_text(array: &ArrayRef, row: usize) -> String {
    let mut out = String::new();
    push_json(array, row, &mut out);
    out
}

fn push_json(array: &ArrayRef, row: usize, out: &mut String) {
    if array.is_null(row) {
        out.push_str("null");
        return;
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            out.push('{');
            for (at, field) in fields.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let name = serde_json::Value::from(field.name().as_str());
                write!(out, "{comma}{name}:").expect("writing to a string cannot fail");
                push_json(array.as_struct().column(at), row, out);
            }
            out.push('}');
        }
        DataType::List(_) => push_items(&array.as_list::<i32>().value(row), out),
        DataType::LargeList(_) => push_items(&array.as_list::<i64>().value(row), out),
        _ => {
            let value = column_values(&array.slice(row, 1)).pop().flatten();
            let json = serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned());
            out.push_str(&json);
        }
    }
}

fn push_items(items: &ArrayRef, out: &mut String) {
    out.push('[');
    for row in 0..items.len() {
        if row > 0 {
            out.push(',');
        }
        push_json(items, row, out);
    }
    out.push(']');
}
