//! Strings that were read as bytes, made strings: those that are not UTF-8 are found one by one.
//!
//! A decoder that checks a page as a whole would fail a shard for one row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// The strings of a column, and which of them were none.
pub(crate) struct Strings {
    /// Strings; where the bytes are no UTF-8, an empty one, or one that was mended.
    pub(crate) strings: ArrayRef,
    /// Where the bytes are no UTF-8, in order.
    pub(crate) broken: Vec<usize>,
}

/// Makes strings of a column of bytes; other columns of text become strings by their own type.
///
/// `mend` puts U+FFFD where bytes are no UTF-8.
pub(crate) fn strings_of(column: &ArrayRef, mend: bool) -> Result<Strings, ArrowError> {
    let Some(bytes) = column.as_binary_view_opt() else {
        let strings = match column.data_type() {
            DataType::Null => column.clone(),
            _ => cast(column, &DataType::Utf8View)?,
        };
        return Ok(Strings {
            strings,
            broken: Vec::new(),
        });
    };
    if let Ok(strings) = bytes.clone().to_string_view() {
        return Ok(Strings {
            strings: Arc::new(strings),
            broken: Vec::new(),
        });
    }
    let broken: Vec<usize> = (0..bytes.len())
        .filter(|at| std::str::from_utf8(bytes.value(*at)).is_err())
        .collect();
    let strings = match mend {
        true => mended(bytes),
        false => without(bytes, &broken)?,
    };
    Ok(Strings {
        strings: Arc::new(strings),
        broken,
    })
}

/// The strings with empty ones in the places of the broken; all other views stay as they are.
fn without(bytes: &BinaryViewArray, broken: &[usize]) -> Result<StringViewArray, ArrowError> {
    let mut views = bytes.views().to_vec();
    for at in broken {
        views[*at] = 0;
    }
    let (buffers, nulls) = (bytes.data_buffers().to_vec(), bytes.nulls().cloned());
    BinaryViewArray::try_new(views.into(), buffers, nulls)?.to_string_view()
}

fn mended(bytes: &BinaryViewArray) -> StringViewArray {
    let strings = bytes.iter().map(|bytes| bytes.map(String::from_utf8_lossy));
    strings.collect()
}
