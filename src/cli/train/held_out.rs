//! The file of held-out logits: what a model that never saw a row's unit said of the row.
//!
//! One row a labelled document and grouping, for comparisons with other classifiers on the same
//! folds, and for checking estimators of the share of machine text.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};

use crate::shard::TableWriter;
use crate::stage::StageError;
use crate::train::classifier::{Example, Grouping, HeldOut};

/// Rows encoded at once.
const ROWS: usize = 8_192;

/// Writes the judgements of `examples` to `path`; `text_blake3` tells which document a row is of.
///
/// # Errors
/// A file that cannot be written.
pub fn write(
    path: &Path,
    examples: &[Example],
    rows: &[(Grouping, HeldOut)],
) -> Result<(), StageError> {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let number = |name| Field::new(name, DataType::Float64, false);
    let schema = Arc::new(Schema::new(vec![
        text("text_blake3"),
        text("label"),
        text("lang"),
        text("domain"),
        text("source"),
        text("generator"),
        text("subset"),
        text("group"),
        text("grouping"),
        Field::new("fold", DataType::UInt32, false),
        number("logit_1000"),
        number("logit_full"),
    ]));
    let mut table = TableWriter::create(path, Arc::clone(&schema), &["text_blake3"])?;
    for rows in rows.chunks(ROWS) {
        let column = |of: &dyn Fn(&Example) -> String| -> ArrayRef {
            let values = rows
                .iter()
                .map(|(_, held_out)| Some(of(&examples[held_out.row])));
            Arc::new(values.collect::<StringArray>())
        };
        let numbers = |of: &dyn Fn(&HeldOut) -> f64| -> ArrayRef {
            let values = rows.iter().map(|(_, held_out)| of(held_out));
            Arc::new(Float64Array::from_iter_values(values))
        };
        let label = |e: &Example| if e.machine { "machine" } else { "human" }.to_owned();
        let groupings = rows.iter().map(|(grouping, _)| Some(grouping.name()));
        let folds = rows.iter().map(|(_, held_out)| held_out.fold as u32);
        let columns: Vec<ArrayRef> = vec![
            column(&|e| blake3::hash(e.text.as_bytes()).to_hex().to_string()),
            column(&label),
            column(&|e| e.lang.clone()),
            column(&|e| e.domain.clone()),
            column(&|e| e.source.clone()),
            column(&|e| e.generator.clone()),
            column(&|e| e.subset.clone()),
            column(&|e| e.group.clone()),
            Arc::new(groupings.collect::<StringArray>()),
            Arc::new(UInt32Array::from_iter_values(folds)),
            numbers(&|held_out| held_out.short),
            numbers(&|held_out| held_out.full),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .expect("every column has its field's type and as many values as there are rows");
        table.write(&batch)?;
    }
    table.finish()?;
    Ok(())
}
