//! Parquet pages and footers that lie, that are larger than what may be held, or that are damaged half-way.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::PageReader;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::serialized_reader::SerializedPageReader;
use proptest::prelude::*;

use super::super::delta_lengths::{Lengths, delta_lengths};
use super::super::*;
use super::{columns, copy, file, options, shard, texts};
use crate::config::Repair;

fn strings(count: usize, of: impl Fn(usize) -> String) -> ArrayRef {
    Arc::new((0..count).map(|n| Some(of(n))).collect::<StringArray>())
}

fn table(texts: ArrayRef) -> RecordBatch {
    let ids = strings(texts.len(), |n| format!("id-{n}"));
    let numbers = Int64Array::from_iter_values((0..texts.len() as i64).map(|n| n * n));
    RecordBatch::try_from_iter(vec![
        ("id", ids),
        ("text", texts),
        ("number", Arc::new(numbers) as ArrayRef),
    ])
    .unwrap()
}

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED)
}

fn write(path: &Path, batch: &RecordBatch, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let file = File::create(path).unwrap();
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(file, batch.schema(), properties).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    fs::read(path).unwrap()
}

fn metadata(path: &Path) -> ParquetMetaData {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .parse_and_finish(&File::open(path).unwrap())
        .unwrap()
}

fn find_bytes(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .position(|at| at == wanted)
        .unwrap()
}

#[test]
fn a_row_that_is_no_utf8_is_a_bad_row_and_its_neighbours_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let text = |n: usize| match n {
        7 => "a longer text with a MARK in it".to_owned(),
        8 => "MARK2".to_owned(),
        n => format!("text {n}"),
    };
    let mut bytes = write(&path, &table(strings(20, text)), plain());
    for mark in [&b"MARK in"[..], b"MARK2", b"id-11"] {
        let at = find_bytes(&bytes, mark);
        bytes[at] = 0xff;
    }
    fs::write(&path, &bytes).unwrap();
    for block in [10, 1 << 20] {
        let rows = texts(&path, &options(block)).unwrap();
        for (n, row) in rows.iter().enumerate() {
            let expected = match n {
                7 | 8 | 11 => Err("E-UTF8".to_owned()),
                n => Ok(text(n)),
            };
            assert_eq!(*row, expected, "row {n}");
        }
    }
    let columns = columns(&[]);
    let mut reader = open(&shard(&path), &columns, &options(1 << 20)).unwrap();
    let block = reader.next_block().unwrap().unwrap().decode(&columns);
    let bad = block.text(7).unwrap_err();
    assert_eq!(bad.raw, b"a longer text with a \xffARK in it");
    assert_eq!(bad.cause, "invalid UTF-8 at byte 21 of the text");
    assert_eq!(block.text(8).unwrap_err().raw, b"\xffARK2");
    assert_eq!(block.text(11).unwrap_err().raw, b"\xffd-11");
    let out = folder.path().join("out.parquet");
    assert_eq!(copy(&path, &out, &options(100)).unwrap().rows, 17);
    let mending = ReadOptions {
        invalid_utf8: Repair::Replace,
        ..options(100)
    };
    assert_eq!(copy(&path, &out, &mending).unwrap().rows, 20);
    let mut reader = open(&shard(&path), &columns, &mending).unwrap();
    let mut mended = Vec::new();
    while let Some(raw) = reader.next_block().unwrap() {
        let block = raw.decode(&columns);
        for i in (0..block.len()).filter(|&i| !block.replaced(i).is_empty()) {
            assert_eq!(block.replaced(i), ["E-UTF8"]);
            mended.push((
                block.text(i).unwrap().to_owned(),
                block.id(i).map(str::to_owned),
            ));
        }
    }
    let of = |text: &str, id: &str| (text.to_owned(), Some(id.to_owned()));
    let expected = [
        of("a longer text with a \u{fffd}ARK in it", "id-7"),
        of("\u{fffd}ARK2", "id-8"),
        of("text 11", "\u{fffd}d-11"),
    ];
    assert_eq!(mended, expected);
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

/// The file of one column with other numbers in its first page's header: uncompressed, compressed, values.
/// Nothing keeps one of them; the compressed size shrinks by what the header grows unless it is given.
fn with_header(bytes: &[u8], numbers: [Option<u64>; 3]) -> Vec<u8> {
    // Type, sizes and, in the data page's own header, the number of values: all zigzag after one byte each.
    let mut at = 6;
    let start = at;
    let mut found = Vec::new();
    for _ in 0..2 {
        assert_eq!(bytes[at], 0x15);
        at += 1;
        found.push(read_varint(bytes, &mut at) / 2);
    }
    let between = at;
    while bytes[at] != 0x2c {
        at += 1;
    }
    let (crc, mark) = (between..at, at + 2);
    at = mark;
    found.push(read_varint(bytes, &mut at) / 2);
    let header = |values: [u64; 3]| {
        let mut header = Vec::new();
        for value in &values[..2] {
            header.push(0x15);
            header.extend(varint(value * 2));
        }
        header.extend_from_slice(&bytes[crc.clone()]);
        header.extend_from_slice(&bytes[crc.end..mark]);
        header.extend(varint(values[2] * 2));
        header
    };
    let mut values = [0, 1, 2].map(|n| numbers[n].unwrap_or(found[n]));
    let growth = header(values).len() - (at - start);
    if numbers[1].is_none() {
        values[1] -= growth as u64;
    }
    [&bytes[..start], &header(values), &bytes[at..]].concat()
}

#[test]
fn a_page_that_lies_about_its_size_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let text = strings(100, |n| format!("text {n}"));
    let batch = RecordBatch::try_from_iter(vec![("text", text)]).unwrap();
    let zstd = plain().set_compression(Compression::ZSTD(Default::default()));
    let bytes = write(&path, &batch, zstd);
    fs::write(&path, with_header(&bytes, [None; 3])).unwrap();
    assert_eq!(texts(&path, &options(1000)).unwrap().len(), 100);
    let huge = i32::MAX as u64;
    for (numbers, code, cause) in [
        (
            [Some(huge), None, None],
            "E-PARQUET-PAGE-SIZE",
            "--memory 9 times",
        ),
        (
            [None, Some(huge), None],
            "E-PARQUET-CORRUPT",
            "it shall have 2147483647 bytes where",
        ),
        (
            [None, None, Some(huge)],
            "E-PARQUET-CORRUPT",
            "2147483647 values where",
        ),
        (
            [None, None, Some(101)],
            "E-PARQUET-CORRUPT",
            "101 values where",
        ),
    ] {
        fs::write(&path, with_header(&bytes, numbers)).unwrap();
        for threads in [1, 4] {
            let options = ReadOptions {
                ahead_threads: threads,
                ..options(1000)
            };
            let error = texts(&path, &options).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            let told = error.to_string();
            for part in [cause, "row group 0", "column `text`", "byte 4"] {
                assert!(told.contains(part), "{told}");
            }
        }
    }
}

#[test]
fn an_honest_page_above_what_may_be_held_says_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let text = strings(3, |n| "x".repeat(1 + n * 1_500_000));
    write(&path, &table(text), plain().set_write_batch_size(1));
    let with = |page_bytes| ReadOptions {
        page_bytes,
        max_document: 4 << 20,
        salvage: true,
        ..options(1000)
    };
    let error = texts(&path, &with(1 << 20)).unwrap_err();
    assert_eq!(error.code(), "E-PARQUET-PAGE-SIZE");
    // More memory reads them: no row is to be lost by salvage.
    assert_eq!(error.rows_before(), None);
    let told = error.to_string();
    assert!(told.contains("column `text`"), "{told}");
    let times = told.split("--memory ").nth(1).unwrap();
    let times: u64 = times.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(texts(&path, &with(times << 20)).unwrap().len(), 3);
}

#[test]
fn huge_rows_among_small_ones_are_read_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let length = |n: usize| if n % 700 < 8 { 700_000 + n } else { n % 90 };
    let text = strings(7000, |n| "y".repeat(length(n)));
    let pages = plain()
        .set_write_batch_size(1)
        .set_data_page_size_limit(1 << 16);
    write(&path, &table(text), pages);
    for threads in [1, 2] {
        let options = ReadOptions {
            page_bytes: 4 << 20,
            ahead_threads: threads,
            ..options(1 << 16)
        };
        let columns = columns(&[]);
        let mut reader = open(&shard(&path), &columns, &options).unwrap();
        let (mut rows, mut blocks) = (0, 0);
        while let Some(block) = reader.next_block().unwrap() {
            let block = block.decode(&columns);
            let lengths = (0..block.len()).map(|i| block.text(i).unwrap().len());
            let lengths: Vec<usize> = lengths.collect();
            let expected: Vec<usize> = (rows..rows + block.len()).map(length).collect();
            assert_eq!(lengths, expected);
            assert!(lengths.iter().sum::<usize>() < 1_000_000);
            rows += block.len();
            blocks += 1;
        }
        assert_eq!(rows, 7000);
        assert!(blocks < 1500, "batches grow again: {blocks}");
    }
}

#[test]
fn a_long_value_that_many_rows_share_is_not_given_out_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let long = "z".repeat(3 << 20);
    let shared = strings(60, |_| long.clone());
    let texts = strings(60, |n| format!("text {n}"));
    let batch = RecordBatch::try_from_iter(vec![("text", texts), ("page", shared)]).unwrap();
    let properties = WriterProperties::builder().set_dictionary_page_size_limit(1 << 30);
    write(&path, &batch, properties);
    let columns = columns(&[]);
    let mut reader = open(&shard(&path), &columns, &options(1 << 20)).unwrap();
    let mut rows = 0;
    while let Some(block) = reader.next_block().unwrap() {
        assert_eq!(block.len(), 1);
        rows += 1;
    }
    assert_eq!(rows, 60);
}

/// A footer whose schema nests a struct in a struct, and so on.
fn nested_footer(depth: usize) -> Vec<u8> {
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc];
    footer.extend(varint(depth as u64));
    for _ in 0..depth {
        footer.extend_from_slice(&[0x48, 1, b'a', 0x15, 0x02, 0]);
    }
    footer.push(0);
    footer
}

fn with_footer(footer: &[u8], length: u32) -> Vec<u8> {
    [b"PAR1", footer, &length.to_le_bytes(), b"PAR1"].concat()
}

#[test]
fn a_footer_that_lies_is_refused_before_it_is_believed() {
    let deep = nested_footer(200_000);
    let shallow = nested_footer(3);
    let endless = [0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
    for (footer, length, cause) in [
        (&deep[..], deep.len() as u32, "nest deeper than 64"),
        (&shallow, shallow.len() as u32 + 1, "where"),
        (&shallow, u32::MAX, "4294967295 bytes where"),
        (&endless, endless.len() as u32, "ends inside a value"),
        (&[0xff; 40], 40, "in its footer"),
    ] {
        let (_folder, path) = file("a.parquet", &with_footer(footer, length));
        let error = texts(&path, &options(1000)).unwrap_err();
        assert_eq!(error.code(), "E-PARQUET-CORRUPT", "{error}");
        assert!(error.to_string().contains(cause), "{error}");
        assert!(
            schema_of(&shard(&path), &columns(&[]))
                .unwrap_err()
                .is_data()
        );
    }
    let long = with_footer(&vec![0; 1 << 20], 1 << 20);
    let (_folder, path) = file("a.parquet", &long);
    let options = ReadOptions {
        page_bytes: 1 << 20,
        ..options(1000)
    };
    assert_eq!(
        texts(&path, &options).unwrap_err().code(),
        "E-PARQUET-FOOTER-SIZE"
    );
}

#[test]
fn a_file_of_no_bytes_is_a_shard_of_no_rows() {
    let (folder, path) = file("a.parquet", b"");
    let out = folder.path().join("out/b.parquet");
    assert_eq!(texts(&path, &options(1000)).unwrap().len(), 0);
    assert_eq!(copy(&path, &out, &options(1000)).unwrap().rows, 0);
    let columns = columns(&[]);
    let (mine, theirs) = (
        schema_of(&shard(&path), &columns),
        schema_of(&shard(&out), &columns),
    );
    let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
    assert_eq!(mine.columns, theirs.columns);
    assert_eq!((mine.rows, theirs.rows), (Some(0), Some(0)));
    assert!(theirs.has_provenance);
}

/// Three row groups of 100 rows, each of several pages.
fn paged(path: &Path) -> Vec<u8> {
    let text = strings(300, |n| format!("{n} {}", "wörd ".repeat(n % 50)));
    let properties = plain()
        .set_compression(Compression::ZSTD(Default::default()))
        .set_max_row_group_row_count(Some(100))
        .set_data_page_row_count_limit(20)
        .set_write_batch_size(5);
    write(path, &table(text), properties)
}

#[test]
fn rows_before_a_damaged_page_are_counted_whatever_the_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let bytes = paged(&path);
    let metadata = metadata(&path);
    for (group, column, page) in [(0, 1, 0), (0, 1, 3), (1, 0, 2), (2, 2, 4), (1, 1, 1)] {
        let location = {
            let index = metadata.page_index().unwrap();
            index.offset_index(group, column).unwrap().page_locations()[page].clone()
        };
        let mut bytes = bytes.clone();
        let end = location.offset as usize + location.compressed_page_size as usize;
        // The end of a zstd frame without a checksum is its last block.
        bytes[end - 20..end].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        let whole = group as u64 * 100 + location.first_row_index as u64;
        for block_bytes in [1, 1000, 1 << 20] {
            for ahead_threads in [1, 4] {
                let with = ReadOptions {
                    ahead_threads,
                    salvage: true,
                    ..options(block_bytes)
                };
                let error = texts(&path, &with).unwrap_err();
                assert_eq!(error.code(), "E-PARQUET-CORRUPT");
                assert!(error.to_string().contains(&format!("row group {group}")));
                assert_eq!(error.rows_before(), Some(whole), "{group} {column} {page}");
                let with = ReadOptions {
                    stop_after: Some(whole),
                    ..with
                };
                assert_eq!(texts(&path, &with).unwrap().len() as u64, whole);
                let with = ReadOptions {
                    salvage: false,
                    stop_after: None,
                    ..with
                };
                assert_eq!(texts(&path, &with).unwrap_err().rows_before(), None);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Several threads give the rows and the errors that one gives, whatever is damaged.
    #[test]
    fn threads_change_nothing(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..8), 0..3),
        block in prop::sample::select(vec![1_usize, 500, 1 << 20]),
        threads in 2_usize..6,
        ahead_bytes in prop::sample::select(vec![10_usize, 1 << 20, 64 << 20]),
        stop_after in prop::option::of(0_u64..350),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let mut bytes = paged(&path);
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
        }
        fs::write(&path, &bytes).unwrap();
        let read = |ahead_threads, ahead_bytes| {
            let with = ReadOptions {
                ahead_threads,
                ahead_bytes,
                stop_after,
                salvage: true,
                ..options(block)
            };
            texts(&path, &with).map_err(|error| (error.to_string(), error.rows_before()))
        };
        prop_assert_eq!(read(1, 0), read(threads, ahead_bytes));
    }
}

#[test]
fn a_reader_that_is_dropped_early_ends_its_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    paged(&path);
    for taken in 0..5 {
        let with = ReadOptions {
            ahead_threads: 4,
            ahead_bytes: 20 << 20,
            ..options(100)
        };
        let mut reader = open(&shard(&path), &columns(&[]), &with).unwrap();
        for _ in 0..taken {
            reader.next_block().unwrap();
        }
        drop(reader);
    }
}

/// A file of strings that are written as what differs from the one before.
fn by_differences(path: &Path, texts: ArrayRef) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable([("text", texts, true)]).unwrap();
    write(
        path,
        &batch,
        plain().set_encoding(Encoding::DELTA_BYTE_ARRAY),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn strings_of_differences_are_counted(
        texts in prop::collection::vec(prop::option::weighted(0.9, "[ab]{0,40}"), 1..400),
        version in prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
    ) {
        let texts: StringArray = texts.into_iter().collect();
        let present: Vec<u64> = texts.iter().flatten().map(|text| text.len() as u64).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        let batch = RecordBatch::try_from_iter_with_nullable([("text", Arc::new(texts) as ArrayRef, true)]);
        let properties = plain().set_encoding(Encoding::DELTA_BYTE_ARRAY).set_writer_version(version);
        write(&path, &batch.unwrap(), properties);
        let metadata = metadata(&path);
        let file = Arc::new(File::open(&path).unwrap());
        let chunk = metadata.row_group(0).column(0);
        let mut pages = SerializedPageReader::new(file, chunk, 0, None).unwrap();
        let page = pages.get_next_page().unwrap().unwrap();
        prop_assert_eq!(page.encoding(), Encoding::DELTA_BYTE_ARRAY);
        let values = super::super::checked_pages::values_of(&page, &[0, 1]).unwrap();
        let expected = Lengths {
            sum: present.iter().sum(),
            longest: present.iter().max().copied().unwrap_or(0),
        };
        prop_assert_eq!(delta_lengths(values), Some(expected));
        for cut in 0..values.len() {
            delta_lengths(&values[..cut]);
        }
    }
}

#[test]
fn strings_that_swell_are_decoded_few_at_a_time_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let long = "w".repeat(1 << 20);
    let bytes = by_differences(&path, strings(200, |_| long.clone()));
    assert!(bytes.len() < 4 << 20);
    let with = |page_bytes| ReadOptions {
        page_bytes,
        max_document: 4 << 20,
        ..options(1 << 20)
    };
    let rows = texts(&path, &with(16 << 20)).unwrap();
    assert!(
        rows.iter()
            .all(|row| row.as_ref().is_ok_and(|text| *text == long))
    );
    assert_eq!(rows.len(), 200);
    let error = texts(&path, &with(2 << 20)).unwrap_err();
    assert_eq!(error.code(), "E-PARQUET-PAGE-SIZE", "{error}");
}

#[test]
fn bytes_columns_are_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(["a", "b"]));
    let batch = RecordBatch::try_from_iter(vec![("text", bytes)]).unwrap();
    write(&path, &batch, plain());
    let error = texts(&path, &options(100)).unwrap_err();
    assert_eq!(error.code(), "E-TEXT-TYPE");
}
