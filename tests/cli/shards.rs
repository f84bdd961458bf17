//! Makers of shards: JSONL with fields that are easily spoiled, Parquet with many types.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float32Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema};
use parquet::arrow::ArrowWriter;

use crate::place::Place;
use crate::texts::{Draw, Lang, text};

/// One generated document.
#[derive(Debug, Clone)]
pub struct Doc {
    pub id: String,
    pub text: String,
}

/// `count` documents of these languages in turn, of 2 to 6 sentences.
pub fn docs(name: &str, count: usize, langs: &[Lang]) -> Vec<Doc> {
    let seed = name.bytes().fold(7, |sum: u64, b| sum * 31 + u64::from(b));
    let mut draw = Draw::new(seed);
    (0..count)
        .map(|i| {
            let sentences = 2 + draw.below(5);
            Doc {
                id: format!("{name}-{i}"),
                text: text(&mut draw, langs[i % langs.len()], sentences),
            }
        })
        .collect()
}

/// What stands in a JSONL line before the text and after it.
pub const BEFORE: &str =
    r#"{"id" : "ID","meta":{"a" : [1, 2.50,1e400 ],"u":"\u00e9\/"} ,  "text": "#;
pub const AFTER: &str = r#" ,"big":123456789012345678901234567890.10, "twice":1,"twice":2,"nothing":null,"score":NUMBER }"#;

/// A line with a document in it; `score` depends on the place only.
pub fn line(doc: &Doc, i: usize) -> String {
    let literal = serde_json::to_string(&doc.text).unwrap();
    let before = BEFORE.replace("ID", &doc.id);
    let after = AFTER.replace("NUMBER", &format!("0.{}", 1 + i % 9));
    format!("{before}{literal}{after}")
}

/// Lines as JSONL, each with its end.
pub fn lines(docs: &[Doc]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, doc) in docs.iter().enumerate() {
        bytes.extend_from_slice(line(doc, i).as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Bytes compressed as a file of that name would be.
pub fn packed(name: &str, bytes: &[u8]) -> Vec<u8> {
    if name.ends_with(".gz") {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(bytes).unwrap();
        gz.finish().unwrap()
    } else if name.ends_with(".zst") {
        zstd::encode_all(bytes, 3).unwrap()
    } else {
        bytes.to_vec()
    }
}

/// A table with the text between columns of many types.
pub fn table(docs: &[Doc]) -> RecordBatch {
    let n = docs.len();
    let numbers = || 0..n as i32;
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(
        numbers().map(|i| (i % 3 > 0).then(|| vec![Some(i), None])),
    );
    let inner: Fields = vec![
        Field::new("lang", DataType::Utf8, true),
        Field::new("p", DataType::Float32, false),
    ]
    .into();
    let pair: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter(
            numbers().map(|i| (i % 4 > 0).then_some("xx")),
        )),
        Arc::new(Float32Array::from_iter_values(
            numbers().map(|i| i as f32 / 8.0),
        )),
    ];
    let kinds: DictionaryArray<Int32Type> = numbers()
        .map(|i| ["web", "book", "forum"][i as usize % 3])
        .collect();
    let time = TimestampMicrosecondArray::from_iter_values(
        (0..n as i64).map(|i| 1_500_000_000_000_000 + i * 86_400_000_000),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            Arc::new(StringArray::from_iter_values(docs.iter().map(|d| &d.id))),
        ),
        ("when", Arc::new(time.with_timezone("UTC"))),
        ("tags", Arc::new(list)),
        (
            "text",
            Arc::new(LargeStringArray::from_iter_values(
                docs.iter().map(|d| &d.text),
            )),
        ),
        ("guess", Arc::new(StructArray::new(inner, pair, None))),
        ("kind", Arc::new(kinds)),
        (
            "raw",
            Arc::new(BinaryArray::from_iter_values(
                numbers().map(|i| [0xff, i as u8]),
            )),
        ),
        (
            "ok",
            Arc::new(BooleanArray::from_iter(
                numbers().map(|i| (i % 5 > 0).then_some(i % 2 == 0)),
            )),
        ),
        (
            "count",
            Arc::new(Int64Array::from_iter_values((0..n as i64).map(|i| i << 40))),
        ),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), *name != "id"))
        .collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

impl Place {
    /// Writes a shard of these documents in the format that its name says.
    pub fn shard(&self, name: &str, docs: &[Doc]) {
        if name.ends_with(".parquet") {
            self.table(name, &table(docs));
        } else {
            self.file(name, packed(name, &lines(docs)));
        }
    }

    /// Writes a table as Parquet.
    pub fn table(&self, name: &str, batch: &RecordBatch) {
        let path = self.file(name, "");
        let file = File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }

    /// Both formats, all compressions, a shard in a folder below: human, synthetic and unknown text.
    pub fn mixed(&self) {
        use Lang::{De, En, Fi};
        self.shard("human/a.jsonl.zst", &docs("a", 60, &[En, De]));
        self.shard("human/b.parquet", &docs("b", 60, &[En, De, Fi]));
        self.shard("human/deep/c.jsonl", &docs("c", 30, &[En]));
        self.shard("synthetic/s.jsonl.gz", &docs("s", 40, &[En]));
        self.shard("synthetic/t.parquet", &docs("t", 40, &[De, En]));
        self.shard("unknown/u.jsonl", &docs("u", 30, &[En]));
    }
}

/// The sources of [`Place::mixed`] on a command line.
pub const MIXED: &str = "--human human --synthetic synthetic --unknown unknown";
/// The usual mix.
pub const THREE: &str = "--mix human=70,semi_synthetic=15,synthetic=15";
