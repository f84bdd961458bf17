//! Score rows survive the way through Arrow, and names resolve to what they name.

use std::borrow::Cow;
use std::sync::Arc;

use ::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use proptest::prelude::*;

use super::arrow::{InputType, RowError, RowSchema};
use super::*;

fn schema() -> RowSchema {
    RowSchema {
        models: vec!["edu".into()],
        inputs: vec![
            ("url".into(), InputType::Text),
            ("score".into(), InputType::Number),
            ("seen".into(), InputType::Bool),
        ],
    }
}

/// Every non-nullable measure has a value, as in each row that was scored.
fn scored(row: u64) -> ScoreRow {
    let mut made = ScoreRow::new(row, Status::Ok);
    for measure in Measure::all().filter(|measure| !measure.spec().nullable) {
        made.measures.set(measure, 0.25);
    }
    made.models = vec![None];
    made.inputs = vec![None; 3];
    made
}

fn full() -> ScoreRow {
    let mut row = scored(7);
    row.id = Some("doc-7".into());
    row.declared_origin = Some(Origin::SemiSynthetic);
    row.declared_by = Some(OriginBy::Date);
    row.generation = Some(2);
    row.kind = Some("textbook".into());
    row.generator = Some("m".into());
    row.edited = true;
    row.lang = Some(Cow::Borrowed("en"));
    row.lang_p = Some(0.5);
    (row.bytes, row.chars, row.words, row.tokens) = (u64::MAX, 11, 2, Some(3));
    row.logit = Some(-1.5);
    row.p_synthetic = Some(0.18);
    row.abstain = Some("too_short".into());
    row.measures.set(Measure::LogImportance, -0.5);
    row.models = vec![Some(0.75)];
    row.inputs = vec![
        Some(Value::Text("u".into())),
        Some(Value::Float(2.5)),
        Some(Value::Bool(true)),
    ];
    row
}

#[test]
fn rows_come_back_from_arrow_as_they_were() {
    let mut bad = ScoreRow::new(9, Status::Quarantined);
    (bad.models, bad.inputs) = (vec![None], vec![None; 3]);
    let rows = vec![full(), scored(8), bad];
    let batch = schema().batch(&rows);
    assert_eq!(RowSchema::from_arrow(&batch.schema()).unwrap(), schema());
    assert_eq!(schema().rows(&batch).unwrap(), rows);
}

#[test]
fn names_resolve_to_the_field_they_name() {
    let (schema, row) = (schema(), full());
    let number = |name: &str| row.number(schema.column(name).unwrap());
    let text = |name: &str| row.text(schema.column(name).unwrap());
    assert_eq!(number("log_importance"), Some(-0.5));
    assert_eq!(number("words"), Some(2.0));
    assert_eq!(number("input.seen"), Some(1.0));
    assert_eq!(number("model_edu"), Some(0.75));
    assert_eq!(number("lang"), None);
    assert_eq!(text("declared_by").as_deref(), Some("date"));
    assert_eq!(text("input.url").as_deref(), Some("u"));
    assert_eq!(text("ttr"), None);
    assert_eq!(schema.column("wrods"), None);
    assert_eq!(schema.holds(ColumnRef::Edited), Some(ColumnType::Bool));
}

#[test]
fn each_name_stands_once_and_in_the_order_of_the_file() {
    let fields = RowSchema::default().arrow();
    let names: Vec<&str> = fields.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, column_names().collect::<Vec<_>>());
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
}

fn with_column(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, old)| {
            let new = if field.name() == name {
                array.clone()
            } else {
                old.clone()
            };
            (field.name().clone(), new)
        });
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn a_foreign_or_damaged_file_is_named_by_its_column() {
    let batch = schema().batch(&[full()]);
    let missing = batch.project(&[0, 1]).unwrap();
    let error = RowSchema::from_arrow(&missing.schema()).unwrap_err();
    assert_eq!(
        error,
        RowError::Missing {
            name: "status".into()
        }
    );

    let typed = with_column(&batch, "words", Arc::new(Float64Array::from(vec![1.0])));
    let error = RowSchema::from_arrow(&typed.schema()).unwrap_err();
    assert!(matches!(error, RowError::Type { name, .. } if name == "words"));

    let valued = with_column(&batch, "status", Arc::new(StringArray::from(vec!["fine"])));
    let error = schema().rows(&valued).unwrap_err();
    assert_eq!(
        error,
        RowError::Value {
            name: "status".into(),
            row: 0
        }
    );

    let nan = with_column(&batch, "ttr", Arc::new(Float64Array::from(vec![f64::NAN])));
    let error = schema().rows(&nan).unwrap_err();
    assert_eq!(
        error,
        RowError::Value {
            name: "ttr".into(),
            row: 0
        }
    );
}

proptest! {
    #[test]
    fn any_number_comes_back(logit in proptest::option::of(-1e3f64..1e3), words in any::<u64>()) {
        let mut row = scored(0);
        (row.logit, row.words) = (logit, words);
        let batch = schema().batch(std::slice::from_ref(&row));
        prop_assert_eq!(schema().rows(&batch).unwrap(), vec![row]);
    }
}
