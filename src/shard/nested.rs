//! Arrays that hold arrays: their parts, and the same array around other parts.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, FixedSizeListArray, GenericListArray, MapArray,
    OffsetSizeTrait, StringViewArray, StructArray,
};
use arrow::datatypes::{DataType, FieldRef, Fields};
use arrow::error::ArrowError;

/// The arrays that an array is made of: members of structs, elements of lists; none for a plain one.
pub(crate) fn parts(array: &ArrayRef) -> Vec<ArrayRef> {
    match array.data_type() {
        DataType::Struct(_) => array.as_struct().columns().to_vec(),
        DataType::List(_) => vec![array.as_list::<i32>().values().clone()],
        DataType::LargeList(_) => vec![array.as_list::<i64>().values().clone()],
        DataType::FixedSizeList(_, _) => vec![array.as_fixed_size_list().values().clone()],
        DataType::Map(_, _) => vec![Arc::new(array.as_map().entries().clone())],
        _ => Vec::new(),
    }
}

/// The array with other parts in the place of its own, as long as those; types of fields follow.
pub(crate) fn with_parts(array: &ArrayRef, parts: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let typed = |field: &FieldRef, part: &ArrayRef| -> FieldRef {
        if field.data_type() == part.data_type() {
            return field.clone();
        }
        Arc::new(
            field
                .as_ref()
                .clone()
                .with_data_type(part.data_type().clone()),
        )
    };
    let nulls = array.nulls().cloned();
    let first = || {
        let first = parts.first().cloned();
        first.ok_or_else(|| ArrowError::InvalidArgumentError("a list without elements".to_owned()))
    };
    Ok(match array.data_type() {
        DataType::Struct(fields) => {
            let fields: Fields = fields
                .iter()
                .zip(&parts)
                .map(|(f, p)| typed(f, p))
                .collect();
            Arc::new(StructArray::try_new_with_length(
                fields,
                parts,
                nulls,
                array.len(),
            )?)
        }
        DataType::List(field) => list(array.as_list::<i32>(), typed(field, &first()?), first()?)?,
        DataType::LargeList(field) => {
            list(array.as_list::<i64>(), typed(field, &first()?), first()?)?
        }
        DataType::FixedSizeList(field, size) => {
            let values = first()?;
            let field = typed(field, &values);
            let length = array.len();
            Arc::new(FixedSizeListArray::try_new_with_length(
                field, *size, values, nulls, length,
            )?)
        }
        DataType::Map(field, sorted) => {
            let entries = first()?;
            let field = typed(field, &entries);
            let offsets = array.as_map().offsets().clone();
            let entries = entries.as_struct().clone();
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, *sorted)?)
        }
        _ => array.clone(),
    })
}

fn list<O: OffsetSizeTrait>(
    list: &GenericListArray<O>,
    field: FieldRef,
    values: ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    let list = GenericListArray::<O>::try_new(field, offsets, values, nulls)?;
    Ok(Arc::new(list))
}

/// The array without what its views keep alive and do not show: a few rows of a large page should not hold it.
pub(crate) fn compacted(array: ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let Some(strings) = array.as_any().downcast_ref::<StringViewArray>() {
        return Ok(Arc::new(strings.gc()));
    }
    if let Some(binary) = array.as_any().downcast_ref::<BinaryViewArray>() {
        return Ok(Arc::new(binary.gc()));
    }
    if !holds_views(array.data_type()) {
        return Ok(array);
    }
    let parts = parts(&array).into_iter().map(compacted);
    with_parts(&array, parts.collect::<Result<_, _>>()?)
}

fn holds_views(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8View | DataType::BinaryView => true,
        DataType::Struct(fields) => fields.iter().any(|field| holds_views(field.data_type())),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => holds_views(field.data_type()),
        _ => false,
    }
}

/// Bytes that the array's strings show, each in full however many share it.
pub(crate) fn shown_bytes(array: &ArrayRef) -> u64 {
    let lengths = |views: &[u128]| views.iter().map(|view| u64::from(*view as u32)).sum();
    match array.data_type() {
        DataType::Utf8View => lengths(array.as_string_view().views()),
        DataType::BinaryView => lengths(array.as_binary_view().views()),
        _ => parts(array).iter().map(shown_bytes).sum(),
    }
}

/// Bytes of a row of this type where nothing varies: fixed widths, a view for each string, and fixed-size
/// lists in full, as a null row takes them too.
pub(crate) fn fixed_bytes(kind: &DataType) -> u64 {
    match kind {
        DataType::Struct(fields) => fields
            .iter()
            .map(|field| fixed_bytes(field.data_type()))
            .fold(0, u64::saturating_add),
        DataType::FixedSizeList(field, size) => {
            let size = u64::try_from(*size).unwrap_or(0);
            fixed_bytes(field.data_type()).saturating_mul(size)
        }
        DataType::FixedSizeBinary(width) => u64::try_from(*width).unwrap_or(0),
        _ => 16,
    }
}
