//! Raw bytes of a row: what its values hold, by a rule that depends on the values alone.
//!
//! Buffers would not do: how much of one belongs to a row depends on how the rows arrived.

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::DataType;

/// Adds what each of `rows` of a column holds to its sum.
pub(crate) fn add_row_bytes(array: &ArrayRef, rows: &[usize], sums: &mut [u64]) {
    if array.null_count() == 0
        && let Some(columns) = array.as_struct_opt().map(StructArray::columns)
    {
        for column in columns {
            add_row_bytes(column, rows, sums);
        }
        return;
    }
    let mut add = |bytes: &dyn Fn(usize) -> u64| {
        for (sum, &row) in sums.iter_mut().zip(rows) {
            *sum += bytes(row);
        }
    };
    match (array.null_count(), array.data_type().primitive_width()) {
        (0, Some(width)) => add(&|_| width as u64),
        _ => add(&|row| row_bytes(array, row)),
    }
}

/// Bytes of one row of a column: those of strings and lists count in full, a fixed-width value counts
/// its width, a null one, anything unusual eight.
pub(crate) fn row_bytes(array: &ArrayRef, row: usize) -> u64 {
    if array.is_null(row) {
        return 1;
    }
    let bytes = match array.data_type() {
        DataType::Utf8View => array.as_string_view().views()[row] as u32 as usize,
        DataType::BinaryView => array.as_binary_view().views()[row] as u32 as usize,
        DataType::Utf8 => array.as_string::<i32>().value_length(row) as usize,
        DataType::LargeUtf8 => array.as_string::<i64>().value_length(row) as usize,
        DataType::Binary => array.as_binary::<i32>().value_length(row) as usize,
        DataType::LargeBinary => array.as_binary::<i64>().value_length(row) as usize,
        DataType::FixedSizeBinary(width) => usize::try_from(*width).unwrap_or(0),
        DataType::Boolean => 1,
        DataType::Struct(_) => {
            let columns = array.as_struct().columns();
            return columns.iter().map(|column| row_bytes(column, row)).sum();
        }
        DataType::List(_) => {
            return items_bytes(array, |array| array.as_list::<i32>().value(row));
        }
        DataType::LargeList(_) => {
            return items_bytes(array, |array| array.as_list::<i64>().value(row));
        }
        DataType::Map(_, _) => {
            return items_bytes(array, |array| {
                std::sync::Arc::new(array.as_map().value(row)) as ArrayRef
            });
        }
        DataType::FixedSizeList(_, _) => {
            return items_bytes(array, |array| array.as_fixed_size_list().value(row));
        }
        other => other.primitive_width().unwrap_or(8),
    };
    bytes as u64
}

fn items_bytes(array: &ArrayRef, items: impl Fn(&ArrayRef) -> ArrayRef) -> u64 {
    let items = items(array);
    4 + (0..items.len())
        .map(|item| row_bytes(&items, item))
        .sum::<u64>()
}
