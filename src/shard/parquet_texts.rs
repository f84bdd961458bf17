//! The texts of one path through a Parquet column: found, looked at, and put back when they were edited.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, StringViewArray};
use arrow::compute::interleave;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::text_leaves::{Positions, follow, with_leaf};
use super::utf8_column::{Strings, strings_of};
use crate::config::{Step, TextPath};

/// The texts of one path, row by row.
pub(crate) struct Texts {
    /// Where they are; nothing where each row of the column is a text itself.
    positions: Option<Positions>,
    strings: StringViewArray,
    /// The bytes that were read, and which of them are no UTF-8.
    bytes: Option<BinaryViewArray>,
    broken: Vec<usize>,
    single: bool,
    mended: bool,
}

/// Finds the texts of a path, and gives the column with strings where they were bytes; `mend` puts U+FFFD
/// into those that are no UTF-8.
pub(crate) fn texts_of(
    column: &ArrayRef,
    path: &TextPath,
    mend: bool,
) -> Result<(Texts, ArrayRef), ArrowError> {
    let positions = match path.steps.is_empty() {
        true => None,
        false => Some(follow(column, &path.steps).ok_or_else(misfit)?),
    };
    let leaf = positions.as_ref().map_or(column, |found| &found.leaf);
    let bytes = leaf.as_binary_view_opt().cloned();
    let Strings { strings, broken } = strings_of(leaf, mend)?;
    let column = with_leaf(column, &path.steps, strings.clone())?;
    let strings = match strings.as_string_view_opt() {
        Some(strings) => strings.clone(),
        None => StringViewArray::new_null(strings.len()),
    };
    let texts = Texts {
        positions,
        strings,
        bytes,
        broken,
        single: path.is_single(),
        mended: mend,
    };
    Ok((texts, column))
}

fn misfit() -> ArrowError {
    ArrowError::SchemaError("the path does not fit the column".to_owned())
}

impl Texts {
    /// The strings, where each row of the column is one.
    pub(crate) fn plain(&self) -> Option<StringViewArray> {
        self.positions.is_none().then(|| self.strings.clone())
    }

    fn places(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        let plain = self.positions.is_none() && self.strings.is_valid(row);
        let found = self.positions.as_ref().map(|found| found.of(row));
        let found = found.unwrap_or_default().iter().copied();
        found.chain(plain.then_some(row))
    }

    /// The texts of a row, in order.
    pub(crate) fn of(&self, row: usize) -> impl Iterator<Item = &str> + '_ {
        self.places(row).map(|place| self.strings.value(place))
    }

    /// True if the path leads to one text, and that is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.single && self.places(row).next().is_none()
    }

    /// How many texts a row has, and how many bytes they have: as they were read where a row may be bad for them.
    pub(crate) fn lengths(&self, row: usize) -> (usize, usize) {
        let views = match &self.bytes {
            Some(bytes) if !self.mended => bytes.views(),
            _ => self.strings.views(),
        };
        self.places(row).fold((0, 0), |(count, bytes), place| {
            (count + 1, bytes + views[place] as u32 as usize)
        })
    }

    /// True if a text of the row is no UTF-8.
    pub(crate) fn is_broken(&self, row: usize) -> bool {
        !self.broken.is_empty()
            && self
                .places(row)
                .any(|place| self.broken.binary_search(&place).is_ok())
    }

    /// The bytes of a row's texts as they were read.
    pub(crate) fn raw(&self, row: usize) -> impl Iterator<Item = &[u8]> + '_ {
        self.places(row).map(|place| match &self.bytes {
            Some(bytes) => bytes.value(place),
            None => self.strings.value(place).as_bytes(),
        })
    }
}

/// A column with other texts in the places of its own.
///
/// `texts` gives those of a row, all paths through all columns counted; `skip` says how many of them belong
/// to the paths before this one.
pub(crate) fn with_texts<'a>(
    column: &ArrayRef,
    steps: &[Step],
    skip: impl Fn(usize) -> usize,
    texts: impl Fn(usize) -> Option<&'a [&'a str]>,
) -> Result<ArrayRef, ArrowError> {
    let found = follow(column, steps).ok_or_else(misfit)?;
    let Some(own) = found.leaf.as_string_view_opt() else {
        return Ok(column.clone());
    };
    let mut edited: Vec<Option<&str>> = vec![None; own.len()];
    for row in 0..column.len() {
        let Some(texts) = texts(row) else {
            continue;
        };
        let texts = texts.get(skip(row)..).unwrap_or_default();
        for (place, text) in found.of(row).iter().zip(texts) {
            edited[*place] = Some(text);
        }
    }
    // Own texts stay views: rows that share a long one go on sharing it.
    let new: StringViewArray = edited.iter().flatten().map(|text| Some(*text)).collect();
    let mut news = 0;
    let places: Vec<(usize, usize)> = edited
        .iter()
        .enumerate()
        .map(|(place, edited)| match edited {
            None => (0, place),
            Some(_) => {
                news += 1;
                (1, news - 1)
            }
        })
        .collect();
    with_leaf(column, steps, interleave(&[own, &new], &places)?)
}

/// The column with empty strings for the texts that the paths lead to.
pub(crate) fn blanked(column: ArrayRef, paths: &[&[Step]]) -> ArrayRef {
    paths.iter().fold(column, |column, steps| {
        blank(&column, steps).unwrap_or(column)
    })
}

fn blank(column: &ArrayRef, steps: &[Step]) -> Option<ArrayRef> {
    let found = follow(column, steps)?;
    if *found.leaf.data_type() != DataType::Utf8View {
        return None;
    }
    let own = found.leaf.as_string_view();
    let mut views = own.views().to_vec();
    found.all().iter().for_each(|place| views[*place] = 0);
    let (buffers, nulls) = (own.data_buffers().to_vec(), own.nulls().cloned());
    let strings = StringViewArray::try_new(views.into(), buffers, nulls).ok()?;
    with_leaf(column, steps, Arc::new(strings)).ok()
}
