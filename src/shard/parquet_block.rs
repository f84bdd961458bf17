//! Decodes a Parquet batch into rows: texts, id, extra columns and older provenance.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;

use super::block::{BETWEEN_TEXTS, BadRow, Columns, PROVENANCE};
use super::jsonl::{TOO_LARGE, too_large};
use super::parquet_texts::{Texts, blanked, texts_of};
use super::reader::ReadOptions;
use super::utf8_column::strings_of;
use super::values::{column_values, json_text};
use crate::config::{Repair, Step, TextPath};
use crate::document::Value;

/// A batch as it was read: its texts and its id are bytes still.
pub(crate) struct RawBatch {
    pub(crate) batch: RecordBatch,
    pub(crate) first_row: u64,
}

impl RawBatch {
    /// Numbers the rows of a batch on from `row`.
    pub(crate) fn counted(batch: RecordBatch, row: &mut u64) -> RawBatch {
        let first_row = *row;
        *row += batch.num_rows() as u64;
        RawBatch { batch, first_row }
    }
}

/// The rows of a batch.
pub(crate) struct ParquetBlock {
    pub(crate) batch: RecordBatch,
    /// The paths to the texts, each with the column that it begins in.
    pub(crate) paths: Vec<(usize, TextPath)>,
    text: Text,
    /// How many texts of a row the paths before each path have.
    firsts: Vec<Vec<usize>>,
    bad: Vec<Option<BadRow>>,
    replaced: Vec<bool>,
    id: Option<Vec<Option<String>>>,
    extra: Vec<Option<Vec<Option<Value>>>>,
    /// The columns that were asked for; others may or may not have been read.
    wanted: Vec<usize>,
}

/// The text of each row.
enum Text {
    /// A column of its own.
    Plain(StringViewArray),
    /// Several in a record, put together; nothing for a bad row.
    Joined(Vec<(String, Vec<Range<usize>>)>),
}

impl ParquetBlock {
    pub(crate) fn decode(raw: RawBatch, columns: &Columns, options: &ReadOptions) -> ParquetBlock {
        let rows = raw.batch.num_rows();
        let mut decoding = Decoding {
            batch: raw.batch,
            bad: vec![None; rows],
            replaced: vec![false; rows],
            mend: options.invalid_utf8 == Repair::Replace,
        };
        // The paths were looked up in the schema when the shard was opened, so they fit its batches.
        let texts = decoding.texts(columns).unwrap_or_else(|_| {
            let none = || decoding_failed();
            decoding.bad = (0..rows).map(|_| Some(none())).collect();
            Vec::new()
        });
        let text = decoding.text(&texts, options.max_document);
        let firsts = firsts(&texts, rows);
        let id = decoding.id(columns);
        let Decoding {
            batch,
            bad,
            replaced,
            ..
        } = decoding;
        let values = |name: &String| batch.column_by_name(name).map(column_values);
        let extra = columns.extra.iter().map(values).collect();
        let schema = batch.schema();
        let paths = columns.text.paths().iter().filter_map(|path| {
            let column = schema.index_of(&path.column).ok()?;
            Some((column, path.clone()))
        });
        let asked = |name: &str| {
            columns.text.begins_in(name)
                || columns.id.as_deref() == Some(name)
                || columns.extra.iter().any(|extra| extra == name)
        };
        let fields = schema.fields().iter().enumerate();
        let wanted = fields.filter_map(|(at, field)| asked(field.name()).then_some(at));
        let block = ParquetBlock {
            paths: paths.collect(),
            text,
            firsts,
            bad,
            replaced,
            id,
            extra,
            wanted: wanted.collect(),
            batch,
        };
        block.with_raw()
    }

    /// Gives each bad row its raw bytes, but for those above the cap.
    fn with_raw(mut self) -> ParquetBlock {
        for row in 0..self.batch.num_rows() {
            let bare = |bad: &BadRow| bad.raw.is_empty() && bad.code != TOO_LARGE;
            if self.bad[row].as_ref().is_some_and(bare) {
                let raw = self.raw(row);
                if let Some(bad) = &mut self.bad[row] {
                    bad.raw = raw;
                }
            }
        }
        self
    }

    /// The columns of a row that were asked for, as a JSON object.
    pub(crate) fn raw(&self, row: usize) -> Vec<u8> {
        let schema = self.batch.schema();
        let mut raw = String::from("{");
        for (place, &at) in self.wanted.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let name = serde_json::Value::from(schema.field(at).name().as_str());
            raw.push_str(&format!("{comma}{name}:"));
            raw.push_str(&json_text(self.batch.column(at), row));
        }
        raw.push('}');
        raw.into_bytes()
    }

    pub(crate) fn bad_mut(&mut self, row: usize) -> Option<&mut BadRow> {
        self.bad[row].as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    pub(crate) fn text(&self, row: usize) -> Result<&str, &BadRow> {
        match (&self.bad[row], &self.text) {
            (Some(bad), _) => Err(bad),
            (None, Text::Plain(text)) => Ok(text.value(row)),
            (None, Text::Joined(texts)) => Ok(&texts[row].0),
        }
    }

    /// Where each text of a good row is in the joined text.
    pub(crate) fn parts(&self, row: usize) -> Vec<Range<usize>> {
        match (self.text(row), &self.text) {
            (Err(_), _) => Vec::new(),
            (Ok(text), Text::Plain(_)) => std::iter::once(0..text.len()).collect(),
            (Ok(_), Text::Joined(texts)) => texts[row].1.clone(),
        }
    }

    /// Which of a row's texts is the first of a path.
    pub(crate) fn first_part(&self, path: usize, row: usize) -> usize {
        self.firsts[path][row]
    }

    /// The codes of faults for which U+FFFD was put into a row.
    pub(crate) fn replaced(&self, row: usize) -> Vec<&'static str> {
        let replaced = self.replaced[row] && self.bad[row].is_none();
        replaced.then_some("E-UTF8").into_iter().collect()
    }

    pub(crate) fn id(&self, row: usize) -> Option<&str> {
        self.id.as_ref()?[row].as_deref()
    }

    pub(crate) fn extra(&self, column: usize, row: usize) -> Option<Value> {
        self.extra.get(column)?.as_ref()?[row].clone()
    }

    /// Whether a row equals one of `other` in every column but its texts and provenance.
    pub(crate) fn same_otherwise(&self, row: usize, other: &ParquetBlock, its: usize) -> bool {
        let (mine, theirs) = (self.others(row), other.others(its));
        mine.len() == theirs.len()
            && mine
                .iter()
                .zip(&theirs)
                .all(|((name, a), (same, b))| name == same && a == b)
    }

    /// Names and values of every column of a row but provenance; texts are left out, and blank inside others.
    fn others(&self, row: usize) -> Vec<(String, Option<ArrayRef>)> {
        let schema = self.batch.schema();
        let columns = schema.fields().iter().zip(self.batch.columns()).enumerate();
        columns
            .filter(|(_, (field, _))| field.name() != PROVENANCE)
            .map(|(place, (field, column))| {
                let steps = self.steps_in(place);
                let value = match steps.iter().any(|steps| steps.is_empty()) {
                    true => None,
                    false => Some(blanked(column.slice(row, 1), &steps)),
                };
                (field.name().clone(), value)
            })
            .collect()
    }

    /// The steps of the paths that begin in a column.
    fn steps_in(&self, column: usize) -> Vec<&[Step]> {
        let paths = self.paths.iter().filter(|(begins, _)| *begins == column);
        paths.map(|(_, path)| path.steps.as_slice()).collect()
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

/// A batch on its way to rows.
struct Decoding {
    batch: RecordBatch,
    bad: Vec<Option<BadRow>>,
    /// Rows in which U+FFFD stands for what was no UTF-8.
    replaced: Vec<bool>,
    mend: bool,
}

impl Decoding {
    /// The texts of all paths; their columns become columns of strings.
    fn texts(&mut self, columns: &Columns) -> Result<Vec<Texts>, ArrowError> {
        let mut all = Vec::new();
        for path in columns.text.paths() {
            let at = self.batch.schema().index_of(&path.column)?;
            let (texts, column) = texts_of(self.batch.column(at), path, self.mend)?;
            self.replace(at, column)?;
            all.push(texts);
        }
        Ok(all)
    }

    fn replace(&mut self, at: usize, column: ArrayRef) -> Result<(), ArrowError> {
        let schema = self.batch.schema();
        let mut columns = self.batch.columns().to_vec();
        let mut fields = schema.fields().to_vec();
        if fields[at].data_type() != column.data_type() {
            let field = fields[at].as_ref().clone();
            fields[at] = field.with_data_type(column.data_type().clone()).into();
        }
        columns[at] = column;
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        self.batch = RecordBatch::try_new(schema.into(), columns)?;
        Ok(())
    }

    /// The text of each row; rows that have none are bad.
    fn text(&mut self, texts: &[Texts], max_document: usize) -> Text {
        for row in 0..self.batch.num_rows() {
            if self.bad[row].is_none() {
                self.bad[row] = bad_row(texts, row, max_document, self.mend);
            }
            self.replaced[row] = self.mend && texts.iter().any(|texts| texts.is_broken(row));
        }
        if let [texts] = texts
            && let Some(plain) = texts.plain()
        {
            return Text::Plain(plain);
        }
        let joined = (0..self.batch.num_rows()).map(|row| match self.bad[row] {
            Some(_) => (String::new(), Vec::new()),
            None => joined(texts, row),
        });
        Text::Joined(joined.collect())
    }

    fn id(&mut self, columns: &Columns) -> Option<Vec<Option<String>>> {
        let name = columns.id.as_ref()?;
        let at = self.batch.schema().index_of(name).ok()?;
        let column = self.batch.column(at).clone();
        if *column.data_type() == DataType::BinaryView
            && let Ok(found) = strings_of(&column, self.mend)
        {
            for row in found.broken {
                self.replaced[row] = self.mend;
                if self.mend {
                    continue;
                }
                let raw = column.as_binary_view().value(row);
                self.bad[row].get_or_insert_with(|| not_utf8("the id", raw.to_vec()));
            }
            self.replace(at, found.strings).ok()?;
        }
        let values = column_values(self.batch.column(at)).into_iter();
        Some(values.map(id_text).collect())
    }
}

fn id_text(id: Option<Value>) -> Option<String> {
    match id? {
        Value::Float(number) if !number.is_finite() => None,
        id => Some(id.to_string()),
    }
}

/// For each path, how many texts of each row the paths before it have.
fn firsts(texts: &[Texts], rows: usize) -> Vec<Vec<usize>> {
    let mut sums = vec![0; rows];
    let mut firsts = Vec::with_capacity(texts.len());
    for texts in texts {
        firsts.push(sums.clone());
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += texts.lengths(row).0;
        }
    }
    firsts
}

/// The texts of a row as one, and where each of them is in it.
fn joined(texts: &[Texts], row: usize) -> (String, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut parts = Vec::new();
    for part in texts.iter().flat_map(|texts| texts.of(row)) {
        if !parts.is_empty() {
            text.push_str(BETWEEN_TEXTS);
        }
        let start = text.len();
        text.push_str(part);
        parts.push(start..text.len());
    }
    (text, parts)
}

fn bad_row(texts: &[Texts], row: usize, max_document: usize, mend: bool) -> Option<BadRow> {
    let bad = |code, cause: &str| {
        Some(BadRow {
            code,
            cause: cause.to_owned(),
            offset: None,
            raw: Vec::new(),
        })
    };
    if texts.iter().any(|texts| texts.is_null(row)) {
        return bad("E-TEXT-NULL", "the text is null");
    }
    let lengths = texts.iter().map(|texts| texts.lengths(row));
    let (count, bytes) = lengths.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
    if count == 0 {
        return bad("E-TEXT-MISSING", "the record has no text");
    }
    let bytes = bytes + (count - 1) * BETWEEN_TEXTS.len();
    if bytes > max_document {
        return Some(too_large(bytes as u64, max_document, None));
    }
    let broken = !mend && texts.iter().any(|texts| texts.is_broken(row));
    broken.then(|| {
        let raw: Vec<&[u8]> = texts.iter().flat_map(|texts| texts.raw(row)).collect();
        not_utf8("the text", raw.join(BETWEEN_TEXTS.as_bytes()))
    })
}

fn not_utf8(what: &str, raw: Vec<u8>) -> BadRow {
    let valid = std::str::from_utf8(&raw).map_or_else(|error| error.valid_up_to(), str::len);
    BadRow {
        code: "E-UTF8",
        cause: format!("invalid UTF-8 at byte {valid} of {what}"),
        offset: None,
        raw,
    }
}

fn decoding_failed() -> BadRow {
    BadRow {
        code: "E-TEXT-TYPE",
        cause: "the column holds other values than its schema says".to_owned(),
        offset: None,
        raw: Vec::new(),
    }
}
