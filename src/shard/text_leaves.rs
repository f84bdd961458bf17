//! Where texts are in Arrow columns: a path through structs and lists down to strings.
//!
//! Along `[]` what is null is passed over; a path without it leads to one text or to none.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;

use super::nested::{parts, with_parts};
use crate::config::{Step, TextPath};

/// Why a path leads to no text in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clash {
    /// A column or member is not there; these are.
    Missing(Vec<String>),
    /// A step leads into something of another type, or the end is no text.
    Type(DataType),
}

/// Where a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The column that the path begins in.
    pub(crate) column: usize,
    /// The column of Parquet that holds the texts.
    pub(crate) leaf: usize,
}

/// Follows a path through a schema.
pub(crate) fn leaf_of(schema: &Schema, path: &TextPath) -> Result<Leaf, Clash> {
    let fields = schema.fields();
    let Some((column, field)) = schema.column_with_name(&path.column) else {
        let found = fields.iter().map(|field| field.name().clone());
        return Err(Clash::Missing(found.collect()));
    };
    let mut leaf = leaves_before(fields, column);
    let mut kind = field.data_type();
    let mut walked = TextPath::of_column(&path.column);
    for step in &path.steps {
        kind = match (step, kind) {
            (Step::Member(name), DataType::Struct(fields)) => {
                let Some((at, field)) = fields.find(name) else {
                    let member = |name: &String| {
                        let mut path = walked.clone();
                        path.steps.push(Step::Member(name.clone()));
                        path.to_string()
                    };
                    let found = fields.iter().map(|field| member(field.name()));
                    return Err(Clash::Missing(found.collect()));
                };
                leaf += leaves_before(fields, at);
                field.data_type()
            }
            (
                Step::Each,
                DataType::List(field)
                | DataType::LargeList(field)
                | DataType::FixedSizeList(field, _),
            ) => field.data_type(),
            (_, other) => return Err(Clash::Type(other.clone())),
        };
        walked.steps.push(step.clone());
    }
    if !is_text(kind) {
        return Err(Clash::Type(kind.clone()));
    }
    Ok(Leaf { column, leaf })
}

/// True for strings of every kind. A column of nulls only has no other type in some writers; its rows are
/// bad one by one.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_text(value),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => true,
        _ => false,
    }
}

/// The columns of Parquet that stand before a field.
pub(crate) fn leaves_before(fields: &[arrow::datatypes::FieldRef], at: usize) -> usize {
    fields[..at]
        .iter()
        .map(|field| leaves(field.data_type()))
        .sum()
}

/// The columns of Parquet that a type takes.
pub(crate) fn leaves(kind: &DataType) -> usize {
    match kind {
        DataType::Struct(fields) => leaves_before(fields, fields.len()),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => leaves(field.data_type()),
        _ => 1,
    }
}

/// The fields with other types for some leaves: `change` gets the number of each among the columns of Parquet.
pub(crate) fn with_leaves(
    fields: &Fields,
    change: &mut impl FnMut(usize, &DataType) -> Option<DataType>,
) -> Fields {
    let mut next = 0;
    let changed = fields.iter().map(|field| changed(field, &mut next, change));
    changed.collect()
}

fn changed(
    field: &FieldRef,
    next: &mut usize,
    change: &mut impl FnMut(usize, &DataType) -> Option<DataType>,
) -> FieldRef {
    let mut inside = |field: &FieldRef| changed(field, next, change);
    let kind = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inside).collect()),
        DataType::List(item) => DataType::List(inside(item)),
        DataType::LargeList(item) => DataType::LargeList(inside(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inside(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        leaf => {
            let first = *next;
            *next += leaves(leaf);
            match change(first, leaf) {
                Some(kind) => kind,
                None => return field.clone(),
            }
        }
    };
    Arc::new(Field::clone(field).with_data_type(kind))
}

/// The texts of a column, row by row.
pub(crate) struct Positions {
    /// The strings at the end of the path.
    pub(crate) leaf: ArrayRef,
    /// Where in the strings the texts are.
    at: Vec<usize>,
    /// Where a row's texts begin in `at`; one more than there are rows.
    starts: Vec<usize>,
}

impl Positions {
    /// Where in the strings the texts of a row are.
    pub(crate) fn of(&self, row: usize) -> &[usize] {
        &self.at[self.starts[row]..self.starts[row + 1]]
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &[usize] {
        &self.at
    }
}

/// Follows the steps through a column; nothing if they do not fit its type.
pub(crate) fn follow(column: &ArrayRef, steps: &[Step]) -> Option<Positions> {
    let rows = column.len();
    let mut found = Positions {
        leaf: column.clone(),
        at: (0..rows).collect(),
        starts: (0..=rows).collect(),
    };
    for step in steps {
        let array = found.leaf.clone();
        match step {
            Step::Member(name) => {
                found.expand(|at| at..at + usize::from(array.is_valid(at)));
                found.leaf = array.as_struct_opt()?.column_by_name(name)?.clone();
            }
            Step::Each => {
                let range = elements(&array)?;
                found.expand(|at| {
                    if array.is_valid(at) {
                        range(at)
                    } else {
                        at..at
                    }
                });
                found.leaf = parts(&array).pop()?;
            }
        }
    }
    let leaf = found.leaf.clone();
    let nulls = *leaf.data_type() == DataType::Null;
    found.expand(|at| at..at + usize::from(!nulls && leaf.is_valid(at)));
    Some(found)
}

impl Positions {
    /// Puts in the place of each position those that it leads to.
    fn expand(&mut self, to: impl Fn(usize) -> std::ops::Range<usize>) {
        let mut at = Vec::with_capacity(self.at.len());
        let mut starts = Vec::with_capacity(self.starts.len());
        for row in 0..self.starts.len() - 1 {
            starts.push(at.len());
            self.of(row).iter().for_each(|place| at.extend(to(*place)));
        }
        starts.push(at.len());
        (self.at, self.starts) = (at, starts);
    }
}

type Elements<'a> = Box<dyn Fn(usize) -> std::ops::Range<usize> + 'a>;

/// Where the elements of a list's rows are.
fn elements(array: &ArrayRef) -> Option<Elements<'_>> {
    match array.data_type() {
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            Some(Box::new(|at| {
                offsets[at] as usize..offsets[at + 1] as usize
            }))
        }
        DataType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            Some(Box::new(|at| {
                offsets[at] as usize..offsets[at + 1] as usize
            }))
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).ok()?;
            Some(Box::new(move |at| at * size..(at + 1) * size))
        }
        _ => None,
    }
}

/// The column with other strings at the end of the path.
pub(crate) fn with_leaf(
    column: &ArrayRef,
    steps: &[Step],
    leaf: ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(leaf);
    };
    let mut parts = parts(column);
    let place = match step {
        Step::Each => 0,
        Step::Member(name) => column
            .as_struct_opt()
            .and_then(|members| members.fields().find(name))
            .map_or(usize::MAX, |(place, _)| place),
    };
    let Some(part) = parts.get_mut(place) else {
        let cause = "the path does not fit the column".to_owned();
        return Err(ArrowError::SchemaError(cause));
    };
    *part = with_leaf(part, rest, leaf)?;
    with_parts(column, parts)
}
