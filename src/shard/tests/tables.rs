//! Tables of our own: what goes in comes out, and the bytes follow from the rows.

use std::fs;
use std::sync::Arc;

use arrow::array::{Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaDataReader;

use super::super::*;

fn table(rows: usize) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        Field::new("id", DataType::Utf8, true),
        Field::new("logit", DataType::Float64, true),
    ]);
    let id = |n: usize| (!n.is_multiple_of(3)).then(|| format!("doc-{n}"));
    let logit = |n: usize| (!n.is_multiple_of(5)).then_some(n as f64 * 0.37);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(UInt64Array::from_iter_values(0..rows as u64)),
            Arc::new((0..rows).map(id).collect::<StringArray>()),
            Arc::new((0..rows).map(logit).collect::<Float64Array>()),
        ],
    )
    .unwrap()
}

#[test]
fn the_cut_of_batches_is_invisible() {
    let folder = tempfile::tempdir().unwrap();
    let whole = table(70_001);
    let mut digests = Vec::new();
    for step in [70_001, 8192, 999] {
        let path = folder.path().join(format!("scores/{step}.parquet"));
        let mut writer = TableWriter::create(&path, whole.schema(), &["id"]).unwrap();
        for start in (0..whole.num_rows()).step_by(step) {
            let length = step.min(whole.num_rows() - start);
            writer.write(&whole.slice(start, length)).unwrap();
        }
        let written = writer.finish().unwrap();
        assert_eq!(written.rows, 70_001);
        digests.push(written.digest);
        let reader = TableReader::open(&path).unwrap();
        assert_eq!(reader.rows(), 70_001);
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(concat_batches(&whole.schema(), &batches).unwrap(), whole);
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn chosen_columns_and_empty_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer = TableWriter::create(&path, table(0).schema(), &[]).unwrap();
    writer.write(&table(5)).unwrap();
    writer.finish().unwrap();
    let mut reader = TableReader::open_columns(&path, Some(&["logit", "gone"])).unwrap();
    assert_eq!(reader.schema().fields().len(), 1);
    assert_eq!(reader.next().unwrap().unwrap().num_columns(), 1);
    let empty = folder.path().join("empty.parquet");
    TableWriter::create(&empty, table(0).schema(), &[])
        .unwrap()
        .finish()
        .unwrap();
    let reader = TableReader::open(&empty).unwrap();
    assert_eq!(reader.schema().fields().len(), 3);
    assert_eq!(reader.count(), 0);
}

#[test]
fn fractional_numbers_alone_are_in_lz4_and_without_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer = TableWriter::create(&path, table(0).schema(), &["id"]).unwrap();
    writer.write(&table(100)).unwrap();
    writer.finish().unwrap();
    let file = fs::File::open(&path).unwrap();
    let footer = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .unwrap();
    for column in footer.row_group(0).columns() {
        let fractional = column.column_path().string() == "logit";
        let lz4 = column.compression() == Compression::LZ4_RAW;
        let zstd = matches!(column.compression(), Compression::ZSTD(_));
        assert_eq!((lz4, zstd), (fractional, !fractional), "{column:?}");
        assert_eq!(column.statistics().is_none(), fractional, "{column:?}");
    }
}

#[test]
fn a_damaged_table_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut writer = TableWriter::create(&path, table(0).schema(), &[]).unwrap();
    writer.write(&table(500)).unwrap();
    writer.finish().unwrap();
    let bytes = fs::read(&path).unwrap();
    for cut in (0..bytes.len()).step_by(bytes.len() / 40) {
        fs::write(&path, &bytes[..cut]).unwrap();
        let error = TableReader::open(&path).err().unwrap();
        assert_eq!(error.code(), "E-PARQUET-CORRUPT");
    }
}
