//! Score rows as Arrow record batches, there and back.
//!
//! A measure of a row that was not scored (quarantined) is null where the measure may be null, and
//! 0 where it may not.

use std::borrow::Cow;
use std::sync::Arc;

use ::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array,
};
use ::arrow::buffer::BooleanBuffer;
use ::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use thiserror::Error;

use super::{ColumnRef, ColumnType, FIXED, ScoreRow, Status};
use crate::document::Value;
use crate::score::measure::{Measure, SPECS};

const MODEL_PREFIX: &str = "model_";
const INPUT_PREFIX: &str = "input.";

/// What a wanted input column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputType {
    /// Text.
    Text,
    /// Numbers, as doubles.
    Number,
    /// True or false.
    Bool,
}

impl InputType {
    fn column_type(self) -> ColumnType {
        match self {
            InputType::Text => ColumnType::Text,
            InputType::Number => ColumnType::Number,
            InputType::Bool => ColumnType::Bool,
        }
    }
}

/// The columns of one score file: the fixed ones, the measures, and those that this run adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSchema {
    /// Names of the named models: columns `model_NAME`, numbers.
    pub models: Vec<String>,
    /// Names and types of the wanted input columns: columns `input.NAME`.
    pub inputs: Vec<(String, InputType)>,
}

/// Why a file is no score file.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RowError {
    /// A column is not there.
    #[error("column `{name}` is missing: score again with this version")]
    Missing {
        /// Name of the column.
        name: String,
    },
    /// A column has another type.
    #[error("column `{name}` holds {found}, not {expected}: score again with this version")]
    Type {
        /// Name of the column.
        name: String,
        /// The Arrow type found.
        found: String,
        /// The Arrow type wanted.
        expected: String,
    },
    /// A value that no score row can have.
    #[error("column `{name}` has an impossible value at row {row}: score again")]
    Value {
        /// Name of the column.
        name: String,
        /// Place in the batch, from 0.
        row: usize,
    },
}

fn data_type(holds: ColumnType) -> DataType {
    match holds {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Count => DataType::UInt64,
        ColumnType::Number => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
    }
}

impl RowSchema {
    /// The columns of which nearly every row has its own text.
    pub const DISTINCT: [&'static str; 1] = ["id"];

    /// The Arrow schema: fixed columns, measures, models, inputs.
    pub fn arrow(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns()
            .map(|(name, _, holds, nullable)| Field::new(name, data_type(holds), nullable))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// All columns in order: name, reference, type, whether it may be null.
    fn columns(&self) -> impl Iterator<Item = (Cow<'_, str>, ColumnRef, ColumnType, bool)> {
        let fixed = FIXED
            .iter()
            .map(|f| (Cow::Borrowed(f.name), f.column, f.holds, f.nullable));
        let measures = SPECS.iter().map(|s| {
            let column = ColumnRef::Measure(s.measure);
            (
                Cow::Borrowed(s.name),
                column,
                ColumnType::Number,
                s.nullable,
            )
        });
        let models = self.models.iter().enumerate().map(|(place, name)| {
            let name = Cow::Owned(format!("{MODEL_PREFIX}{name}"));
            (name, ColumnRef::Model(place), ColumnType::Number, true)
        });
        let inputs = self
            .inputs
            .iter()
            .enumerate()
            .map(|(place, (name, holds))| {
                let name = Cow::Owned(format!("{INPUT_PREFIX}{name}"));
                (name, ColumnRef::Input(place), holds.column_type(), true)
            });
        fixed.chain(measures).chain(models).chain(inputs)
    }

    /// The column of this name, if the schema has it.
    pub fn column(&self, name: &str) -> Option<ColumnRef> {
        self.columns()
            .find(|column| column.0 == name)
            .map(|column| column.1)
    }

    /// What a column holds.
    pub fn holds(&self, column: ColumnRef) -> Option<ColumnType> {
        self.columns()
            .find(|other| other.1 == column)
            .map(|found| found.2)
    }

    /// The schema that a file's Arrow schema speaks of; every fixed column must be there.
    ///
    /// # Errors
    /// A column is missing or has another type.
    pub fn from_arrow(schema: &Schema) -> Result<RowSchema, RowError> {
        let mut found = RowSchema::default();
        for field in schema.fields() {
            if let Some(name) = field.name().strip_prefix(MODEL_PREFIX) {
                found.models.push(name.to_string());
            } else if let Some(name) = field.name().strip_prefix(INPUT_PREFIX) {
                let holds = match field.data_type() {
                    DataType::Float64 => InputType::Number,
                    DataType::Boolean => InputType::Bool,
                    _ => InputType::Text,
                };
                found.inputs.push((name.to_string(), holds));
            }
        }
        for (name, _, holds, _) in found.columns() {
            let expected = data_type(holds);
            match schema.field_with_name(&name) {
                Err(_) => {
                    return Err(RowError::Missing {
                        name: name.into_owned(),
                    });
                }
                Ok(field) if *field.data_type() != expected => {
                    return Err(type_error(&name, field.data_type(), &expected));
                }
                Ok(_) => {}
            }
        }
        Ok(found)
    }

    /// The rows as one record batch of [`RowSchema::arrow`].
    pub fn batch(&self, rows: &[ScoreRow]) -> RecordBatch {
        let arrays = self
            .columns()
            .map(|(_, column, holds, nullable)| array_of(rows, column, holds, nullable))
            .collect();
        RecordBatch::try_new(self.arrow(), arrays)
            .expect("arrays and schema are made from the same list of columns")
    }

    /// The rows of a batch read from a score file; its columns may stand in any order.
    ///
    /// # Errors
    /// A column is missing, has another type, or holds a value that no score row can have.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Vec<ScoreRow>, RowError> {
        self.rows_of(batch, |_| true)
    }

    /// Names of the fixed columns and of those in `named`: what a plan needs of a score file.
    pub fn fixed_and(&self, named: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut names: Vec<String> = FIXED.iter().map(|fixed| fixed.name.to_owned()).collect();
        names.extend(named.into_iter().filter(|name| self.column(name).is_some()));
        names.sort();
        names.dedup();
        names
    }

    /// The rows of a batch of which only some columns were read; what is in the others is as in
    /// [`ScoreRow::new`].
    ///
    /// # Errors
    /// As [`RowSchema::rows`], for the columns that were read.
    pub fn rows_of(
        &self,
        batch: &RecordBatch,
        read: impl Fn(&str) -> bool,
    ) -> Result<Vec<ScoreRow>, RowError> {
        let mut rows = vec![ScoreRow::new(0, Status::Ok); batch.num_rows()];
        for row in &mut rows {
            row.models.resize(self.models.len(), None);
            row.inputs.resize(self.inputs.len(), None);
        }
        let wanted = self.columns().filter(|(name, ..)| read(name));
        for (name, column, holds, nullable) in wanted {
            let array = batch
                .column_by_name(&name)
                .ok_or_else(|| RowError::Missing {
                    name: name.to_string(),
                })?;
            if *array.data_type() != data_type(holds) {
                return Err(type_error(&name, array.data_type(), &data_type(holds)));
            }
            for (place, row) in rows.iter_mut().enumerate() {
                let read = match cell(array, holds, place) {
                    None => nullable.then_some(()),
                    Some(value) => set(row, column, value),
                };
                read.ok_or_else(|| RowError::Value {
                    name: name.to_string(),
                    row: place,
                })?;
            }
        }
        Ok(rows)
    }
}

fn type_error(name: &str, found: &DataType, expected: &DataType) -> RowError {
    RowError::Type {
        name: name.to_string(),
        found: found.to_string(),
        expected: expected.to_string(),
    }
}

/// The values of a column; which field they come from is settled once, not for each row.
fn array_of(rows: &[ScoreRow], column: ColumnRef, holds: ColumnType, nullable: bool) -> ArrayRef {
    match holds {
        ColumnType::Text => Arc::new(texts(rows, column)),
        ColumnType::Count => Arc::new(counts(rows, column)),
        ColumnType::Number => Arc::new(numbers(rows, column, nullable)),
        ColumnType::Bool => {
            let bools = rows.iter().map(|row| match column {
                ColumnRef::Edited => Some(row.edited),
                ColumnRef::Editable => Some(row.editable),
                ColumnRef::Input(place) => match row.inputs.get(place)?.as_ref()? {
                    Value::Bool(value) => Some(*value),
                    _ => None,
                },
                _ => None,
            });
            Arc::new(bools.collect::<BooleanArray>())
        }
    }
}

fn texts(rows: &[ScoreRow], column: ColumnRef) -> StringArray {
    if let ColumnRef::Input(place) = column {
        let text = |row: &ScoreRow| Some(row.inputs.get(place)?.as_ref()?.to_string());
        return rows.iter().map(text).collect();
    }
    rows.iter().map(|row| row.text(column)).collect()
}

/// A whole-number column, without the way over a double.
fn counts(rows: &[ScoreRow], column: ColumnRef) -> UInt64Array {
    let always = |count: fn(&ScoreRow) -> u64| rows.iter().map(count).collect::<Vec<u64>>().into();
    match column {
        ColumnRef::Row => always(|row| row.row),
        ColumnRef::Bytes => always(|row| row.bytes),
        ColumnRef::Chars => always(|row| row.chars),
        ColumnRef::Words => always(|row| row.words),
        ColumnRef::Generation => rows
            .iter()
            .map(|row| row.generation.map(u64::from))
            .collect(),
        ColumnRef::Tokens => rows.iter().map(|row| row.tokens).collect(),
        _ => UInt64Array::new_null(rows.len()),
    }
}

/// A column of finite numbers; what has none is null, or 0 where the column may not be null.
fn numbers(rows: &[ScoreRow], column: ColumnRef, nullable: bool) -> Float64Array {
    match column {
        ColumnRef::Measure(measure) => collected(rows, nullable, |row| row.measures.get(measure)),
        ColumnRef::LangP => collected(rows, nullable, |row| row.lang_p),
        ColumnRef::Logit => collected(rows, nullable, |row| row.logit),
        ColumnRef::PSynthetic => collected(rows, nullable, |row| row.p_synthetic),
        _ => collected(rows, nullable, |row| row.number(column)),
    }
}

fn collected(
    rows: &[ScoreRow],
    nullable: bool,
    number: impl Fn(&ScoreRow) -> Option<f64>,
) -> Float64Array {
    let finite = |row| number(row).filter(|number| number.is_finite());
    if !nullable {
        let numbers = rows.iter().map(|row| finite(row).unwrap_or(0.0));
        return numbers.collect::<Vec<f64>>().into();
    }
    let mut nulls = 0;
    let numbers = rows.iter().map(|row| {
        let number = finite(row);
        nulls += usize::from(number.is_none());
        number.unwrap_or(f64::NAN)
    });
    let mut numbers: Vec<f64> = numbers.collect();
    if nulls == 0 {
        return numbers.into();
    }
    if nulls == numbers.len() {
        return Float64Array::new_null(nulls);
    }
    let valid = BooleanBuffer::collect_bool(numbers.len(), |at| !numbers[at].is_nan());
    for number in &mut numbers {
        *number = if number.is_nan() { 0.0 } else { *number };
    }
    Float64Array::new(numbers.into(), Some(valid.into()))
}

/// One cell of a score file.
enum Cell<'a> {
    Text(&'a str),
    Count(u64),
    Number(f64),
    Bool(bool),
}

fn cell(array: &ArrayRef, holds: ColumnType, place: usize) -> Option<Cell<'_>> {
    if array.is_null(place) {
        return None;
    }
    let any = array.as_any();
    match holds {
        ColumnType::Text => any
            .downcast_ref::<StringArray>()
            .map(|a| Cell::Text(a.value(place))),
        ColumnType::Count => any
            .downcast_ref::<UInt64Array>()
            .map(|a| Cell::Count(a.value(place))),
        ColumnType::Number => any
            .downcast_ref::<Float64Array>()
            .map(|a| Cell::Number(a.value(place))),
        ColumnType::Bool => any
            .downcast_ref::<BooleanArray>()
            .map(|a| Cell::Bool(a.value(place))),
    }
}

/// Writes a cell into its field; `None` if the field cannot have that value.
fn set(row: &mut ScoreRow, column: ColumnRef, cell: Cell<'_>) -> Option<()> {
    match cell {
        Cell::Text(text) => set_text(row, column, text)?,
        Cell::Count(n) => match column {
            ColumnRef::Row => row.row = n,
            ColumnRef::Generation => row.generation = Some(u32::try_from(n).ok()?),
            ColumnRef::Bytes => row.bytes = n,
            ColumnRef::Chars => row.chars = n,
            ColumnRef::Words => row.words = n,
            ColumnRef::Tokens => row.tokens = Some(n),
            _ => return None,
        },
        Cell::Number(x) if !x.is_finite() => return None,
        Cell::Number(x) => match column {
            ColumnRef::LangP => row.lang_p = Some(x),
            ColumnRef::Logit => row.logit = Some(x),
            ColumnRef::PSynthetic => row.p_synthetic = Some(x),
            ColumnRef::Measure(measure) => set_measure(row, measure, x),
            ColumnRef::Model(place) => row.models[place] = Some(x),
            ColumnRef::Input(place) => row.inputs[place] = Some(Value::Float(x)),
            _ => return None,
        },
        Cell::Bool(value) => match column {
            ColumnRef::Edited => row.edited = value,
            ColumnRef::Editable => row.editable = value,
            ColumnRef::Input(place) => row.inputs[place] = Some(Value::Bool(value)),
            _ => return None,
        },
    }
    Some(())
}

/// A quarantined row has no measures: its zeros stand where the column allows no null.
fn set_measure(row: &mut ScoreRow, measure: Measure, value: f64) {
    if row.status == Status::Ok {
        row.measures.set(measure, value);
    }
}

fn set_text(row: &mut ScoreRow, column: ColumnRef, text: &str) -> Option<()> {
    match column {
        ColumnRef::Id => row.id = Some(text.to_string()),
        ColumnRef::Status => row.status = Status::named(text)?,
        ColumnRef::DeclaredOrigin => row.declared_origin = Some(text.parse().ok()?),
        ColumnRef::DeclaredBy => row.declared_by = Some(text.parse().ok()?),
        ColumnRef::Kind => row.kind = Some(text.to_string()),
        ColumnRef::Generator => row.generator = Some(text.to_string()),
        ColumnRef::Lang => row.lang = Some(Cow::Owned(text.to_string())),
        ColumnRef::Abstain => row.abstain = Some(Cow::Owned(text.to_string())),
        ColumnRef::Input(place) => row.inputs[place] = Some(Value::Text(text.to_string())),
        _ => return None,
    }
    Some(())
}
