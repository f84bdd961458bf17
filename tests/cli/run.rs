//! What a run left behind, read with the format crates themselves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::place::files;

/// A run directory.
pub struct Run {
    pub root: PathBuf,
}

/// One row of the mix.
#[derive(Debug, Clone)]
pub struct Row {
    /// `SOURCE/SHARD` of the file that it stands in.
    pub file: String,
    pub text: String,
    pub tamis: Value,
    /// The whole line, of a JSONL shard.
    pub line: Option<String>,
}

impl Row {
    pub fn str(&self, key: &str) -> &str {
        self.tamis[key].as_str().unwrap()
    }

    pub fn int(&self, key: &str) -> u64 {
        self.tamis[key].as_u64().unwrap()
    }

    pub fn changed(&self) -> u64 {
        self.tamis["edit"]["changed"].as_u64().unwrap()
    }

    /// The document: file and row of the input.
    pub fn place(&self) -> (String, u64) {
        let name = format!("{}/{}", self.str("source"), self.str("shard"));
        (name, self.int("row"))
    }
}

impl Run {
    pub fn new(root: PathBuf) -> Run {
        Run { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A JSON file of the run.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub fn report(&self) -> Value {
        self.json("report.json")
    }

    /// Every file but those of `log/`, by its path inside the run directory.
    pub fn tree(&self) -> Tree {
        let relative = |path: &Path| {
            path.strip_prefix(&self.root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        files(&self.root)
            .iter()
            .map(|path| (relative(path), fs::read(path).unwrap()))
            .filter(|(name, _)| !name.starts_with("log/"))
            .collect()
    }

    /// Names of the files below a folder, as `SOURCE/SHARD..`.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let of = format!("{folder}/");
        let tree = self.tree();
        let names = tree.keys().filter_map(|name| name.strip_prefix(&of));
        names.map(str::to_owned).collect()
    }

    /// Every row of the mix, in order.
    pub fn rows(&self) -> Vec<Row> {
        let names = self.names("data");
        names.iter().flat_map(|name| self.rows_of(name)).collect()
    }

    fn rows_of(&self, name: &str) -> Vec<Row> {
        let path = self.path(&format!("data/{name}"));
        let row = |text: String, tamis: Value, line: Option<String>| Row {
            file: name.to_owned(),
            text,
            tamis,
            line,
        };
        if name.ends_with(".parquet") {
            let batch = read_table(&path);
            let texts = batch.column_by_name("text").unwrap().as_string::<i64>();
            let tamis = batch.column_by_name("tamis").unwrap();
            return (0..batch.num_rows())
                .map(|i| row(texts.value(i).to_owned(), value(tamis, i), None))
                .collect();
        }
        let lines = read_lines(&path);
        let parsed = lines.into_iter().map(|line| {
            // The line as a whole holds numbers that no float can.
            let (text, tamis) = members(&line);
            row(text, tamis, Some(line))
        });
        parsed.collect()
    }
}

/// Text and provenance of a line; whatever else is in it may be beyond what a parser takes.
fn members(line: &str) -> (String, Value) {
    let fields: BTreeMap<&str, &serde_json::value::RawValue> = serde_json::from_str(line).unwrap();
    let parse = |name: &str| serde_json::from_str::<Value>(fields[name].get()).unwrap();
    (parse("text").as_str().unwrap().to_owned(), parse("tamis"))
}

/// The lines of a JSONL shard in any compression.
pub fn read_lines(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let mut text = String::new();
    match path.extension().and_then(|end| end.to_str()) {
        Some("zst") => text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap(),
        Some("gz") => {
            flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_string(&mut text)
                .unwrap();
        }
        _ => text = String::from_utf8(bytes).unwrap(),
    }
    text.lines().map(str::to_owned).collect()
}

/// A Parquet file as one batch.
pub fn read_table(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// One value of a column as JSON: as far as the columns of this program need it.
pub fn value(array: &dyn Array, i: usize) -> Value {
    if array.is_null(i) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => json!(array.as_string::<i32>().value(i)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(i)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(i)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            let members = fields.iter().zip(columns);
            members
                .map(|(field, column)| (field.name().clone(), value(column, i)))
                .collect()
        }
        other => panic!("a column of type {other}"),
    }
}

/// Every file of a run but those of `log/`, by its path.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// Asserts that two runs hold the same files with the same bytes.
#[track_caller]
pub fn assert_same(one: &Tree, two: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(one), names(two));
    for (name, bytes) in one {
        assert!(two[name] == *bytes, "{name} differs");
    }
}
