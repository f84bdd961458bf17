//! Texts inside structs and lists of Parquet: found, edited in their places, and nothing else touched.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::*;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::*;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::super::*;
use super::{options, provenance, shard};
use crate::config::TextPaths;

/// A message: its role, and its content, which a tool call lacks.
type Message = Option<(String, Option<String>)>;
/// A record: its messages, and a title.
type Record = (Option<Vec<Message>>, Option<String>);

/// The lists in the type that is asked for; a fixed size holds 2.
fn messages(records: &[Record], list: &str, text: &DataType) -> ArrayRef {
    let all: Vec<Message> = records
        .iter()
        .flat_map(|record| {
            let mut messages = record.0.clone().unwrap_or_default();
            if list == "fixed" {
                messages.resize(2, None);
            }
            messages
        })
        .collect();
    let role = all.iter().map(|m| m.as_ref().map(|m| m.0.as_str()));
    let content = all.iter().map(|m| m.as_ref().and_then(|m| m.1.as_deref()));
    let content: ArrayRef = Arc::new(content.collect::<StringArray>());
    let fields: Fields = vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", text.clone(), true),
    ]
    .into();
    let members: Vec<ArrayRef> = vec![
        Arc::new(role.collect::<StringArray>()),
        cast(&content, text).unwrap(),
    ];
    let nulls = all.iter().map(Option::is_some).collect::<Vec<_>>();
    let items = StructArray::try_new_with_length(fields, members, Some(nulls.into()), all.len());
    let items: ArrayRef = Arc::new(items.unwrap());
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let valid: Vec<bool> = records.iter().map(|record| record.0.is_some()).collect();
    let lengths = records.iter().map(|r| r.0.as_ref().map_or(0, Vec::len));
    let nulls = Some(valid.into());
    match list {
        "list" => {
            let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::try_new(field, offsets, items, nulls).unwrap())
        }
        "large" => {
            let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths);
            Arc::new(LargeListArray::try_new(field, offsets, items, nulls).unwrap())
        }
        _ => Arc::new(FixedSizeListArray::try_new(field, 2, items, nulls).unwrap()),
    }
}

fn table(records: &[Record], list: &str, text: &DataType) -> RecordBatch {
    let titles: ArrayRef = Arc::new(records.iter().map(|r| r.1.clone()).collect::<StringArray>());
    let titles = cast(&titles, text).unwrap();
    let head = Field::new("title", titles.data_type().clone(), true);
    let head = StructArray::from(vec![(Arc::new(head), titles)]);
    let ids = Int64Array::from_iter_values(0..records.len() as i64);
    RecordBatch::try_from_iter_with_nullable(vec![
        ("id", Arc::new(ids) as ArrayRef, true),
        ("messages", messages(records, list, text), true),
        ("head", Arc::new(head), true),
    ])
    .unwrap()
}

fn write(path: &Path, batch: &RecordBatch) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(5))
        .set_data_page_row_count_limit(2)
        .set_write_batch_size(1)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn read(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn wanted(paths: &[&str]) -> Columns {
    let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
    Columns {
        text: TextPaths::new(paths).unwrap(),
        id: Some("id".to_owned()),
        extra: Vec::new(),
    }
}

/// The texts of a record, in the order of the paths `messages[].content` and `head.title`.
fn own_texts(record: &Record, titles: bool) -> Vec<String> {
    let messages = record.0.iter().flatten().flatten();
    let contents = messages.filter_map(|message| message.1.clone());
    contents
        .chain(record.1.clone().filter(|_| titles))
        .collect()
}

fn record() -> impl Strategy<Value = Record> {
    let text = prop::option::weighted(0.8, "[a-zé]{0,20}");
    let message = prop::option::weighted(0.9, ("[a-z]{1,4}", text.clone()));
    let messages = prop::collection::vec(message, 0..3);
    (prop::option::weighted(0.9, messages), text)
}

fn kinds() -> impl Strategy<Value = (&'static str, DataType)> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let texts = vec![
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary,
    ];
    (
        prop::sample::select(vec!["list", "large", "fixed"]),
        prop::sample::select(texts),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn texts_are_found_and_edited_in_their_places(
        records in prop::collection::vec(record(), 1..20),
        (list, text) in kinds(),
        titles in any::<bool>(),
        block in prop::sample::select(vec![1_usize, 100, 1 << 20]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
        write(&path, &table(&records, list, &text));
        let columns = match titles {
            true => wanted(&["messages[].content", "head.title"]),
            false => wanted(&["messages[].content"]),
        };
        let mut reader = open(&shard(&path), &columns, &options(block)).unwrap();
        let template = reader.template();
        let mut writer = Writer::create(&out, &template, &WriteOptions::default()).unwrap();
        let mut expected = Vec::new();
        while let Some(raw) = reader.next_block().unwrap() {
            let block = raw.decode(&columns);
            for i in 0..block.len() {
                let at = (block.first_row() as usize) + i;
                let own = own_texts(&records[at], titles);
                let id = at.to_string();
                prop_assert_eq!(block.id(i), Some(id.as_str()));
                match block.text(i) {
                    Ok(joined) => {
                        prop_assert_eq!(joined, own.join(BETWEEN_TEXTS));
                        let parts: Vec<&str> =
                            block.parts(i).into_iter().map(|part| &joined[part]).collect();
                        prop_assert_eq!(&parts, &own);
                    }
                    Err(bad) => {
                        let null = titles && records[at].1.is_none();
                        let code = if null { "E-TEXT-NULL" } else { "E-TEXT-MISSING" };
                        prop_assert_eq!(bad.code, code);
                        prop_assert!(null || own.is_empty());
                        continue;
                    }
                }
                let edited: Vec<String> = own.iter().map(|text| format!("{text}!{at}")).collect();
                let edited: Vec<&str> = edited.iter().map(String::as_str).collect();
                let mark = provenance(at as u64);
                let row = OutputRow { index: i, texts: None, provenance: &mark };
                let change = OutputRow { texts: Some(&edited), ..row };
                // The second is edited, the third is not, whatever stands beside it.
                writer.write(block.encode(&[row, change, row]).unwrap()).unwrap();
                expected.extend([(at, false), (at, true), (at, false)]);
            }
        }
        writer.finish().unwrap();
        check(&path, &out, &columns, (&records, titles), (list, &text), &expected);
    }
}

/// What was written is what a table of the edited records would be, and verification agrees.
fn check(
    path: &Path,
    out: &Path,
    columns: &Columns,
    (records, titles): (&[Record], bool),
    (list, text): (&str, &DataType),
    expected: &[(usize, bool)],
) {
    let changed = |record: &Record, at: usize| -> Record {
        let mark = |text: &Option<String>| text.as_ref().map(|text| format!("{text}!{at}"));
        let message = |message: &Message| message.as_ref().map(|m| (m.0.clone(), mark(&m.1)));
        let messages = record
            .0
            .as_ref()
            .map(|all| all.iter().map(message).collect());
        let title = if titles {
            mark(&record.1)
        } else {
            record.1.clone()
        };
        (messages, title)
    };
    let rows = expected.iter().map(|(at, edited)| match edited {
        true => changed(&records[*at], *at),
        false => records[*at].clone(),
    });
    let wished = table(&rows.collect::<Vec<_>>(), list, text);
    let written = read(out);
    for name in ["messages", "head"] {
        let column = written.column_by_name(name).unwrap();
        let wished = wished.column_by_name(name).unwrap();
        assert_eq!(column.data_type(), wished.data_type());
        assert_eq!(column.as_ref(), wished.as_ref(), "{name}");
    }
    let all = |path: &Path| {
        let mut reader = open(&shard(path), columns, &options(1 << 20)).unwrap();
        let mut blocks = Vec::new();
        while let Some(raw) = reader.next_block().unwrap() {
            blocks.push(raw.decode(columns));
        }
        blocks
    };
    let (mine, theirs) = (all(path), all(out));
    let find = |blocks: &[Block], row: usize| {
        let at = blocks
            .iter()
            .rposition(|b| b.first_row() <= row as u64)
            .unwrap();
        (at, row - blocks[at].first_row() as usize)
    };
    for (row, (at, _)) in expected.iter().enumerate() {
        let ((a, i), (b, j)) = (find(&mine, *at), find(&theirs, row));
        assert!(mine[a].same_otherwise(i, &theirs[b], j));
        let other = (at + 1) % records.len();
        if records.len() > 1 {
            let (a, i) = find(&mine, other);
            assert!(!mine[a].same_otherwise(i, &theirs[b], j), "ids differ");
        }
    }
}

#[test]
fn a_path_that_leads_nowhere_is_told_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let records = vec![(
        Some(vec![Some(("user".to_owned(), Some("t".to_owned())))]),
        None,
    )];
    write(&path, &table(&records, "list", &DataType::Utf8));
    let told = |text: &str| {
        let error = schema_of(&shard(&path), &wanted(&[text])).unwrap_err();
        let opened = open(&shard(&path), &wanted(&[text]), &options(100))
            .err()
            .unwrap();
        assert_eq!(opened.to_string(), error.to_string());
        (error.code(), error.to_string())
    };
    let (code, cause) = told("messages[].text");
    assert_eq!(code, "E-TEXT-MISSING");
    assert!(cause.contains("`messages[].text`"), "{cause}");
    assert!(
        cause.contains("it has messages[].role, messages[].content"),
        "{cause}"
    );
    for text in [
        "messages.content",
        "messages[]",
        "messages",
        "id",
        "head.title[]",
        "head",
    ] {
        let (code, cause) = told(text);
        assert_eq!(code, "E-TEXT-TYPE", "{text}");
        assert!(cause.contains(&format!("`{text}`")), "{cause}");
    }
    assert_eq!(told("nothing.at.all").0, "E-TEXT-MISSING");
}
