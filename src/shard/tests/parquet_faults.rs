//! Parquet shards that cannot be read: named, and never a panic that gets out.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::super::*;
use super::{columns, copy, file, options, shard, texts};

fn write(path: &Path, named: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(
        named.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn strings(rows: usize) -> ArrayRef {
    Arc::new(
        (0..rows)
            .map(|n| Some(format!("row {n} {}", n * 7919)))
            .collect::<StringArray>(),
    )
}

fn good(folder: &Path) -> Vec<u8> {
    let path = folder.join("good.parquet");
    write(&path, vec![("id", strings(300)), ("text", strings(300))]);
    fs::read(path).unwrap()
}

#[test]
fn a_missing_or_wrong_text_column_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("id", strings(3)), ("content", strings(3))]);
    let error = schema_of(&shard(&path), &columns(&[])).unwrap_err();
    assert_eq!(error.code(), "E-TEXT-MISSING");
    assert!(error.to_string().contains("it has id, content"), "{error}");
    assert_eq!(
        texts(&path, &options(100)).unwrap_err().code(),
        "E-TEXT-MISSING"
    );
    write(&path, vec![("text", Arc::new(Int32Array::from(vec![1])))]);
    let error = schema_of(&shard(&path), &columns(&[])).unwrap_err();
    assert_eq!(error.code(), "E-TEXT-TYPE");
    assert!(error.to_string().contains("Int32"), "{error}");
}

#[test]
fn null_and_oversized_texts_are_bad_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let long = "x".repeat(2000);
    let text = StringArray::from(vec![Some(""), None, Some(long.as_str()), Some("t")]);
    write(&path, vec![("text", Arc::new(text))]);
    let options = ReadOptions {
        block_bytes: 100,
        max_document: 1000,
        ..ReadOptions::default()
    };
    let (ok, bad) = (
        |text: &str| Ok(text.to_owned()),
        |code: &str| Err(code.to_owned()),
    );
    let expected = [ok(""), bad("E-TEXT-NULL"), bad("E-DOC-TOO-LARGE"), ok("t")];
    assert_eq!(texts(&path, &options).unwrap(), expected);
    let out = folder.path().join("b.parquet");
    assert_eq!(copy(&path, &out, &options).unwrap().rows, 2);
}

#[test]
fn a_truncation_is_an_error_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = good(folder.path());
    for part in 1..50 {
        let (_folder, path) = file("a.parquet", &bytes[..bytes.len() * part / 50]);
        let error = texts(&path, &options(1000)).unwrap_err();
        assert_eq!(error.code(), "E-PARQUET-CORRUPT", "{part}");
    }
    let (_folder, path) = file("a.parquet", b"PAR1, but nothing more PAR1");
    assert!(texts(&path, &options(1000)).unwrap_err().is_data());
}

#[test]
fn rows_that_share_a_long_text_are_read_without_a_copy_each() {
    // 130 texts of 20 MB are 2.6 GB, more than 32-bit offsets reach; the file has some 90 kB.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let long = "0123456789abcdef".repeat(1_250_000);
    let text = arrow::array::StringArray::from(vec![long.as_str()]);
    let keys = Int32Array::from(vec![0; 130]);
    let shared = arrow::array::DictionaryArray::try_new(keys, Arc::new(text)).unwrap();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(parquet::basic::Compression::ZSTD(Default::default()))
        .set_dictionary_page_size_limit(1 << 30)
        .build();
    let batch = RecordBatch::try_from_iter(vec![("text", Arc::new(shared) as ArrayRef)]).unwrap();
    let file = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let columns = columns(&[]);
    let options = ReadOptions {
        block_bytes: 1 << 20,
        max_document: 64 << 20,
        ..ReadOptions::default()
    };
    let mut reader = open(&shard(&path), &columns, &options).unwrap();
    let mut rows = 0;
    while let Some(block) = reader.next_block().unwrap() {
        let block = block.decode(&columns);
        rows += (0..block.len())
            .filter(|&i| block.text(i).unwrap().len() == long.len())
            .count();
    }
    assert_eq!(rows, 130);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the format cannot notice may read as other rows; it must not get out as a panic.
    #[test]
    fn a_flipped_bit_gives_rows_or_an_error(
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
        in_footer in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = good(folder.path());
        let from = if in_footer { bytes.len() - 900 } else { 0 };
        let at = from + at.index(bytes.len() - from);
        bytes[at] ^= 1_u8 << bit;
        let (_folder, path) = file("a.parquet", &bytes);
        let out = folder.path().join("out.parquet");
        if let Err(error) = copy(&path, &out, &options(1000)) {
            prop_assert!(!error.is_environment(), "{error}");
            prop_assert!(!out.exists());
        }
    }
}
