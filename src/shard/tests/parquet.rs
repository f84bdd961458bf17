//! Parquet: types come back as they were, metadata is kept, and the cut of blocks is invisible.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::*;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::*;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::super::*;
use super::{columns, copy, edited, options, provenance, shard};
use crate::document::Value;

const ROWS: usize = 40;

/// A column for each type that a data set may have, the text in the type that is asked for.
fn zoo(text_type: &DataType) -> RecordBatch {
    let text = (0..ROWS).map(|n| (n % 13 != 12).then(|| format!("téxt {n} {}", "x".repeat(n * 7))));
    let text: ArrayRef = Arc::new(text.collect::<StringArray>());
    let words: ArrayRef = Arc::new(
        (0..ROWS)
            .map(|n| (n % 4 != 0).then(|| format!("w{}", n % 3)))
            .collect::<StringArray>(),
    );
    let ints: ArrayRef = Arc::new(
        (0..ROWS)
            .map(|n| (n % 5 != 0).then_some(n as i64 * 1_000_003 - 9))
            .collect::<Int64Array>(),
    );
    let binary: ArrayRef = Arc::new(BinaryArray::from_iter(
        (0..ROWS).map(|n| Some(vec![n as u8, 255])),
    ));
    let list = |n: usize| {
        (!n.is_multiple_of(3)).then(|| (0..n % 4).map(|i| Some(i as i32)).collect::<Vec<_>>())
    };
    let strings_of_list: ArrayRef = {
        let mut builder = ListBuilder::new(StringBuilder::new());
        (0..ROWS).for_each(|n| {
            builder.values().append_value(format!("s{n}"));
            builder.append(n % 7 != 0);
        });
        Arc::new(builder.finish())
    };
    let map: ArrayRef = {
        let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
        (0..ROWS).for_each(|n| {
            builder.keys().append_value("k");
            builder.values().append_value(n as i32);
            builder.append(true).unwrap();
        });
        Arc::new(builder.finish())
    };
    let to = |array: &ArrayRef, kind: DataType| cast(array, &kind).unwrap();
    let dictionary =
        |key: DataType, value: DataType| DataType::Dictionary(Box::new(key), Box::new(value));
    let timestamp = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(Into::into));
    let structs: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(Field::new("a", DataType::Int64, true)),
            ints.clone(),
        ),
        (
            Arc::new(Field::new("b", DataType::Utf8, true)),
            words.clone(),
        ),
    ]));
    let named: Vec<(&str, ArrayRef)> = vec![
        ("id", to(&words, DataType::LargeUtf8)),
        (
            "bool",
            Arc::new(
                (0..ROWS)
                    .map(|n| Some(n % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
        ),
        ("text", to(&text, text_type.clone())),
        ("view", to(&words, DataType::Utf8View)),
        (
            "dict",
            to(&words, dictionary(DataType::Int8, DataType::Utf8)),
        ),
        ("i8", to(&to(&ints, DataType::Float64), DataType::Float32)),
        (
            "u64",
            Arc::new(UInt64Array::from_iter_values(
                (0..ROWS).map(|n| u64::MAX - n as u64),
            )),
        ),
        (
            "f64",
            Arc::new(
                (0..ROWS)
                    .map(|n| Some(if n == 1 { f64::NAN } else { n as f64 / 3.0 }))
                    .collect::<Float64Array>(),
            ),
        ),
        ("decimal", to(&ints, DataType::Decimal128(20, 2))),
        (
            "date",
            Arc::new(Date32Array::from_iter_values(
                (0..ROWS).map(|n| n as i32 * 400),
            )),
        ),
        (
            "date64",
            Arc::new(Date64Array::from_iter_values(
                (0..ROWS).map(|n| n as i64 * 86_400_000),
            )),
        ),
        ("ns", to(&ints, timestamp(TimeUnit::Nanosecond, None))),
        (
            "paris",
            to(
                &ints,
                timestamp(TimeUnit::Millisecond, Some("Europe/Paris")),
            ),
        ),
        (
            "seconds",
            to(&ints, timestamp(TimeUnit::Second, Some("UTC"))),
        ),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from_iter_values(0..ROWS as i64)),
        ),
        ("binary", binary.clone()),
        ("large_binary", to(&binary, DataType::LargeBinary)),
        ("fixed", to(&binary, DataType::FixedSizeBinary(2))),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                (0..ROWS).map(list),
            )),
        ),
        (
            "large_list",
            Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(
                (0..ROWS).map(list),
            )),
        ),
        ("strings", strings_of_list),
        ("map", map),
        ("struct", structs),
        ("null", Arc::new(NullArray::new(ROWS))),
    ];
    let fields: Vec<Field> = named
        .iter()
        .map(|(name, array)| {
            let field = Field::new(*name, array.data_type().clone(), true);
            field.with_metadata(HashMap::from([("of".to_owned(), (*name).to_owned())]))
        })
        .collect();
    let metadata = HashMap::from([("owner".to_owned(), "us".to_owned())]);
    let schema = Schema::new_with_metadata(fields, metadata);
    RecordBatch::try_new(
        Arc::new(schema),
        named.into_iter().map(|(_, array)| array).collect(),
    )
    .unwrap()
}

fn write(path: &Path, batch: &RecordBatch, group_rows: usize, pairs: Vec<KeyValue>) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .set_key_value_metadata(Some(pairs))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Reads a file as any user of the parquet crate would.
fn read(path: &Path) -> (RecordBatch, Vec<KeyValue>, usize) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let pairs = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned();
    let groups = builder.metadata().num_row_groups();
    let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
    (
        concat_batches(&schema, &batches).unwrap(),
        pairs.unwrap_or_default(),
        groups,
    )
}

fn text_types() -> Vec<DataType> {
    let dictionary = |value| DataType::Dictionary(Box::new(DataType::Int32), Box::new(value));
    vec![
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Utf8),
        dictionary(DataType::LargeUtf8),
    ]
}

#[test]
fn every_type_comes_back_as_it_was() {
    for text_type in text_types() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (
            folder.path().join("a.parquet"),
            folder.path().join("out/a.parquet"),
        );
        let batch = zoo(&text_type);
        write(
            &path,
            &batch,
            16,
            vec![KeyValue::new("mine".to_owned(), "kept".to_owned())],
        );
        let input = read(&path).0;
        let written = copy(&path, &out, &options(1000)).unwrap();
        let (output, pairs, _) = read(&out);
        assert!(
            pairs
                .iter()
                .any(|pair| pair.key == "mine" && pair.value.as_deref() == Some("kept"))
        );
        let good: Vec<u64> = (0..ROWS as u64).filter(|n| n % 13 != 12).collect();
        assert_eq!(written.rows, good.len() as u64);
        let fields = output.schema().fields().len();
        assert_eq!(
            output.schema().fields()[..fields - 1],
            input.schema().fields()[..]
        );
        assert_eq!(output.schema().metadata()["owner"], "us");
        assert_eq!(output.schema().field(fields - 1).name(), PROVENANCE);
        let indices = UInt64Array::from(good.clone());
        let expected = arrow::compute::take_record_batch(&input, &indices).unwrap();
        for (at, column) in expected.columns().iter().enumerate() {
            let name = expected.schema().field(at).name().clone();
            if name == "text" {
                let (old, new) = (texts(column), texts(output.column(at)));
                for (at, row) in good.iter().enumerate() {
                    let wanted = if row % 3 == 0 {
                        edited(&old[at])
                    } else {
                        old[at].clone()
                    };
                    assert_eq!(new[at], wanted);
                }
            } else {
                assert_eq!(output.column(at).to_data(), column.to_data(), "{name}");
            }
        }
    }
}

fn texts(column: &ArrayRef) -> Vec<String> {
    let plain = cast(column, &DataType::Utf8).unwrap();
    plain
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap().to_owned())
        .collect()
}

#[test]
fn rows_ids_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, &zoo(&DataType::Utf8), 16, Vec::new());
    let columns = columns(&[
        "dict", "u64", "f64", "decimal", "date", "date64", "paris", "bool", "list", "gone",
    ]);
    let mut reader = open(&shard(&path), &columns, &options(100))
        .unwrap()
        .narrow();
    let mut row = 0;
    while let Some(block) = reader.next_block().unwrap() {
        let block = block.decode(&columns);
        assert_eq!(block.first_row(), row);
        for i in 0..block.len() {
            let expected = if row % 13 == 12 {
                Some("E-TEXT-NULL")
            } else {
                None
            };
            assert_eq!(block.text(i).err().map(|bad| bad.code), expected);
            assert_eq!(block.id(i).is_none(), row % 4 == 0);
            if row == 1 {
                let text = |text: &str| Some(Value::Text(text.to_owned()));
                let values: Vec<_> = (0..10).map(|column| block.extra(column, i)).collect();
                assert_eq!(
                    values,
                    [
                        text("w1"),
                        Some(Value::Float(u64::MAX as f64)),
                        None,
                        Some(Value::Float(999_994.0)),
                        text("1971-02-05"),
                        text("1970-01-02T00:00:00"),
                        text("1970-01-01T00:16:39.994Z"),
                        Some(Value::Bool(false)),
                        None,
                        None,
                    ]
                );
            }
            row += 1;
        }
    }
    assert_eq!(row, ROWS as u64);
    assert_eq!(reader.finish().unwrap(), digest_file(&path).unwrap());
}

#[test]
fn provenance_comes_back_and_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|n| folder.path().join(format!("{n}.parquet")))
        .collect();
    write(&paths[0], &zoo(&DataType::Utf8), 16, Vec::new());
    copy(&paths[0], &paths[1], &options(1000)).unwrap();
    copy(&paths[1], &paths[2], &options(1000)).unwrap();
    let columns = columns(&[]);
    let mut reader = open(&shard(&paths[2]), &columns, &options(1 << 20)).unwrap();
    let block = reader.next_block().unwrap().unwrap().decode(&columns);
    for i in 0..block.len() {
        let said: crate::document::Provenance =
            serde_json::from_str(&block.provenance(i).unwrap()).unwrap();
        assert_eq!(said, provenance(i as u64));
    }
    let schema = read(&paths[2]).0.schema();
    assert_eq!(
        schema
            .fields()
            .iter()
            .filter(|field| field.name() == PROVENANCE)
            .count(),
        1
    );
    let summary = schema_of(&shard(&paths[2]), &columns).unwrap();
    assert!(summary.has_provenance && summary.rows == Some(block.len() as u64));
    assert_eq!(
        summary.columns,
        schema_of(&shard(&paths[0]), &columns).unwrap().columns
    );
}

/// Rows of uneven length, in one row group.
fn uneven(rows: usize) -> RecordBatch {
    let text: StringArray = (0..rows)
        .map(|n| Some("wörd ".repeat(n * n % 997)))
        .collect();
    let id: Int64Array = (0..rows).map(|n| Some(n as i64)).collect();
    RecordBatch::try_from_iter(vec![
        ("id", Arc::new(id) as ArrayRef),
        ("text", Arc::new(text) as ArrayRef),
    ])
    .unwrap()
}

#[test]
fn bytes_do_not_depend_on_the_cut_of_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut files = Vec::new();
    for group_rows in [3000, 500] {
        write(&path, &uneven(3000), group_rows, Vec::new());
        for block in [1 << 10, 1 << 20] {
            let out = folder.path().join("out.parquet");
            copy(&path, &out, &options(block)).unwrap();
            files.push(fs::read(&out).unwrap());
        }
    }
    assert!(files.iter().all(|file| *file == files[0]));
}

#[test]
fn row_groups_close_by_raw_bytes() {
    use super::super::atomic::AtomicFile;
    use super::super::parquet_write::ParquetWriter;
    use super::super::reader::TemplateKind;
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (
        folder.path().join("a.parquet"),
        folder.path().join("out.parquet"),
    );
    write(&path, &uneven(5000), 5000, Vec::new());
    let columns = columns(&[]);
    let mut reader = open(&shard(&path), &columns, &options(50_000)).unwrap();
    let TemplateKind::Parquet(template) = reader.template().0 else {
        unreachable!()
    };
    let mut writer = ParquetWriter::create(AtomicFile::create(&out).unwrap(), &template, 3)
        .unwrap()
        .with_group_bytes(3_000_000);
    while let Some(raw) = reader.next_block().unwrap() {
        let block = raw.decode(&columns);
        let mark = provenance(0);
        let rows: Vec<_> = (0..block.len())
            .map(|index| OutputRow {
                index,
                texts: None,
                provenance: &mark,
            })
            .collect();
        let super::super::block::Body::Parquet(batch) = &block.body else {
            unreachable!()
        };
        writer
            .write(super::super::parquet_encode::encode(batch, &rows).unwrap())
            .unwrap();
    }
    writer.finish().unwrap();
    let (output, _, groups) = read(&out);
    assert_eq!(output.num_rows(), 5000);
    assert!(groups > 2, "{groups}");
}

#[test]
fn metadata_of_the_datasets_library_learns_of_the_new_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let known =
        r#"{"info": {"features": {"text": {"dtype": "string", "_type": "Value"}}, "x": 1}}"#;
    for (value, kept) in [(known, true), ("{\"info\":{}}", false), ("no json", false)] {
        let mut out = path.clone();
        write(
            &path,
            &uneven(3),
            10,
            vec![KeyValue::new("huggingface".to_owned(), value.to_owned())],
        );
        // The second time, `tamis` is there already.
        for next in ["b.parquet", "c.parquet"] {
            let input = std::mem::replace(&mut out, folder.path().join(next));
            copy(&input, &out, &options(1000)).unwrap();
        }
        let pairs = read(&out).1;
        let found = pairs.iter().find(|pair| pair.key == "huggingface");
        assert_eq!(found.is_some(), kept, "{value}");
        if let Some(pair) = found {
            let json: serde_json::Value =
                serde_json::from_str(pair.value.as_ref().unwrap()).unwrap();
            let features = json["info"]["features"].as_object().unwrap();
            assert_eq!(features.len(), 2);
            assert_eq!(features["tamis"]["edit"]["changed"]["dtype"], "int64");
            assert!(
                pair.value
                    .as_ref()
                    .unwrap()
                    .starts_with(known.split_at(known.find("}}").unwrap()).0)
            );
        }
    }
}

#[test]
fn shards_without_rows_keep_their_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (
        folder.path().join("a.parquet"),
        folder.path().join("b.parquet"),
    );
    write(&path, &uneven(0), 10, Vec::new());
    assert_eq!(copy(&path, &out, &options(1000)).unwrap().rows, 0);
    let (output, _, groups) = read(&out);
    assert_eq!((output.num_columns(), groups), (3, 0));
}
