//! Frames and row groups encoded on threads: the bytes are those of one thread, and of the plain encoders;
//! what goes wrong in a job is told, and nothing hangs (a test would not end).

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use super::super::atomic::AtomicFile;
use super::super::block::Body;
use super::super::frame_codec::{FrameCodec, FrameSize};
use super::super::in_order::Pool;
use super::super::parquet_block::ParquetBlock;
use super::super::parquet_columns::{GroupEncoder, Meter};
use super::super::parquet_encode::{self, EncodedBatch};
use super::super::parquet_write::properties;
use super::super::recut::Recut;
use super::super::*;
use super::parquet::{read, uneven, write};
use super::{columns, file, options, provenance, shard};
use crate::document::Provenance;

const PART_BYTES: usize = 200_000;

fn pool(threads: usize) -> Pool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    Some(Arc::new(pool.unwrap()))
}

/// Every way of encoding: threads and bytes that may be held.
fn ways() -> Vec<WriteOptions> {
    let buffers = [0, 300_000, 1_000_000, usize::MAX];
    let pools = [None, pool(1), pool(4)];
    let way = |pool: &Pool, buffer_bytes| WriteOptions {
        buffer_bytes,
        pool: pool.clone(),
        ..WriteOptions::default()
    };
    let all = |pool| buffers.map(|bytes| way(pool, bytes));
    pools.iter().flat_map(all).collect()
}

/// Marks for all rows of a block, and the rows as they are.
fn all_rows<'a>(block: &Block, mark: &'a Provenance) -> Vec<OutputRow<'a>> {
    let row = |index| OutputRow {
        index,
        texts: None,
        provenance: mark,
    };
    (0..block.len()).map(row).collect()
}

/// Copies a shard in small frames or row groups.
fn copied(path: &Path, way: &WriteOptions) -> Vec<u8> {
    let out = path.with_file_name(format!("out-{}", path.file_name().unwrap().display()));
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, &options(50_000)).unwrap();
    let writer = Writer::create(&out, &reader.template(), way).unwrap();
    let mut writer = writer.with_part_bytes(PART_BYTES);
    while let Some(raw) = reader.next_block().unwrap() {
        let block = raw.decode(&columns);
        let mark = provenance(block.first_row());
        writer
            .write(block.encode(&all_rows(&block, &mark)).unwrap())
            .unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!(written.digest, digest_file(&out).unwrap().hex);
    fs::read(out).unwrap()
}

#[test]
fn bytes_do_not_depend_on_threads_or_buffers() {
    let lines: String = (0..4000)
        .map(|n| format!("{{\"text\":\"{}\"}}\n", "wörd ".repeat(n % 90)))
        .collect();
    let gzipped = {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(lines.as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    let zst = zstd::bulk::compress(lines.as_bytes(), 1).unwrap();
    let inputs = [
        ("a.jsonl", lines.into_bytes()),
        ("a.jsonl.gz", gzipped),
        ("a.jsonl.zst", zst),
        ("a.parquet", Vec::new()),
    ];
    for (name, bytes) in inputs {
        let (_folder, path) = file(name, &bytes);
        if bytes.is_empty() {
            write(&path, &uneven(3000), 1000, Vec::new());
        }
        let files: Vec<Vec<u8>> = ways().iter().map(|way| copied(&path, way)).collect();
        assert!(files.iter().all(|file| *file == files[0]), "{name}");
        assert!(files[0].len() > 1000, "{name}");
    }
}

/// The batches of a Parquet shard, encoded with provenance.
fn encoded(path: &Path) -> Vec<EncodedBatch> {
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, &options(50_000)).unwrap();
    let mut batches = Vec::new();
    while let Some(raw) = reader.next_block().unwrap() {
        let block = raw.decode(&columns);
        let mark = provenance(block.first_row());
        let Body::Parquet(parquet) = &block.body else {
            unreachable!()
        };
        batches.extend(parquet_encode::encode(parquet, &all_rows(&block, &mark)).unwrap());
    }
    batches
}

#[test]
fn row_groups_are_those_of_the_plain_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, &uneven(3000), 1000, Vec::new());
    let out = copied(&path, &ways()[9]);

    let pairs = read(&path.with_file_name("out-a.parquet")).1;
    let batches = encoded(&path);
    let schema = batches[0].rows.schema();
    let options = ArrowWriterOptions::new()
        .with_properties(properties(3, Some(pairs)).unwrap())
        .with_skip_arrow_metadata(true);
    let mut plain = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options).unwrap();
    let mut recut = Recut::new(schema, 1024, 8 << 20);
    let (mut open_bytes, mut groups) = (0, 1);
    let mut cuts = Vec::new();
    for batch in &batches {
        cuts.extend(recut.push(&batch.rows, |row| batch.row_bytes[row]).unwrap());
    }
    cuts.extend(recut.rest().unwrap());
    for cut in cuts {
        plain.write(&cut.batch).unwrap();
        open_bytes += cut.bytes;
        if open_bytes >= PART_BYTES as u64 {
            open_bytes = 0;
            groups += 1;
            plain.flush().unwrap();
        }
    }
    assert!(groups > 2, "{groups}");
    assert!(plain.into_inner().unwrap() == out);
}

#[test]
fn a_column_that_cannot_be_encoded_fails_its_group_alone() {
    let field = |kind| Arc::new(Schema::new(vec![Field::new("a", kind, true)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let good = RecordBatch::try_new(field(DataType::Utf8), vec![texts]).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let bad = RecordBatch::try_new(field(DataType::Int64), vec![numbers]).unwrap();
    for pool in [None, pool(1), pool(2)] {
        let writer = ArrowWriter::try_new(Vec::new(), good.schema(), None).unwrap();
        let (_file, factory) = writer.into_serialized_writer().unwrap();
        let meter: Arc<Meter> = Arc::default();
        let group = |batches: &[&RecordBatch]| {
            let columns = factory.create_column_writers(0).unwrap();
            let group = GroupEncoder::new(columns, Path::new("a.parquet"), &pool);
            for batch in batches {
                // No more may be held than one batch, so a batch that were kept would stop the next.
                group.write(batch, &meter.take(1, 1)).unwrap();
            }
            group.close();
            group.chunks()
        };
        assert_eq!(group(&[&good, &good]).unwrap().len(), 1);
        let error = group(&[&good, &bad, &good, &good]).err().unwrap();
        assert_eq!(error.code(), "E-PARQUET-CORRUPT");
        assert!(group(&[&good]).is_ok(), "the pool still works");
    }
}

#[test]
fn a_file_that_reads_back_otherwise_is_never_shown() {
    // The first byte is another one, or there is one more at the end.
    for place in [None, Some(0), Some(2 << 20)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(&vec![b'a'; 2 << 20]).unwrap();
        let hidden = fs::read_dir(folder.path()).unwrap().next().unwrap();
        if let Some(place) = place {
            let hidden = fs::OpenOptions::new()
                .write(true)
                .open(hidden.unwrap().path())
                .unwrap();
            hidden.write_all_at(b"X", place).unwrap();
        }
        let finished = file.finish();
        assert_eq!(finished.is_ok(), place.is_none());
        assert_eq!(path.exists(), place.is_none());
        if let Err(error) = finished {
            assert!(error.is_environment());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let file = AtomicFile::create(&path).unwrap();
    let refused = file.finish_checked(|_| Err(std::io::Error::other("other rows")));
    assert!(refused.is_err() && !path.exists());
}

#[test]
fn a_frame_must_hold_what_was_written_into_it() {
    let raw = "line\n".repeat(1000);
    for (format, codes) in [
        (Format::JsonlZst, true),
        (Format::JsonlGz, true),
        (Format::Jsonl, false),
    ] {
        let codec = FrameCodec::of(format, 3);
        let encoded = codec.encode(raw.as_bytes(), Vec::new()).unwrap();
        assert_eq!(encoded.len() < raw.len(), codes);
        let (_folder, path) = file("a", &[encoded.clone(), encoded.clone()].concat());
        let open = fs::File::open(path).unwrap();
        let size = FrameSize {
            encoded: encoded.len() as u64,
            raw: raw.len() as u64,
        };
        codec.check(&open, &[size, size]).unwrap();
        let other = FrameSize {
            raw: size.raw + 1,
            ..size
        };
        assert!(codec.check(&open, &[size, other]).is_err());
        let shifted = FrameSize {
            encoded: size.encoded - 1,
            ..size
        };
        assert!(codec.check(&open, &[shifted, size]).is_err());
    }
}

/// Rows of which each has the same large text, as a dictionary gives them.
fn shared(rows: usize, bytes: usize) -> ParquetBlock {
    let value = StringViewArray::from_iter_values(["x".repeat(bytes)]);
    let views = vec![value.views()[0]; rows];
    let texts = StringViewArray::try_new(views.into(), value.data_buffers().to_vec(), None);
    let texts: ArrayRef = Arc::new(texts.unwrap());
    let other = texts.clone();
    let batch = RecordBatch::try_from_iter([("text", texts), ("other", other)]).unwrap();
    let raw = super::super::parquet_block::RawBatch {
        batch,
        first_row: 0,
    };
    ParquetBlock::decode(raw, &columns(&[]), &ReadOptions::default())
}

/// Bytes behind the views of a column, each buffer counted once.
fn behind(column: &ArrayRef) -> usize {
    let mut buffers: Vec<(usize, usize)> = column
        .as_string_view()
        .data_buffers()
        .iter()
        .map(|buffer| (buffer.as_ptr() as usize, buffer.len()))
        .collect();
    buffers.sort_unstable();
    buffers.dedup();
    buffers.iter().map(|(_, bytes)| bytes).sum()
}

#[test]
fn rows_that_share_a_value_share_it_in_the_output() {
    let mark = provenance(0);
    let block = shared(4096, 1 << 20);
    let row = |index: usize, texts| OutputRow {
        index,
        texts,
        provenance: &mark,
    };
    let whole: Vec<_> = (0..4096).map(|i| row(i, None)).collect();
    let turned: Vec<_> = (0..4096).rev().map(|i| row(i, None)).collect();
    let edited: Vec<_> = (0..4096)
        .map(|i| row(i, (i % 2 == 0).then_some(&["an edited text"][..])))
        .collect();
    for rows in [whole, turned, edited] {
        let pieces = parquet_encode::encode(&block, &rows).unwrap();
        let rows: usize = pieces.iter().map(|piece| piece.rows.num_rows()).sum();
        assert_eq!(rows, 4096);
        for piece in &pieces {
            let bytes: u64 = piece.row_bytes.iter().sum();
            assert!(bytes < 300 << 20, "a piece has {bytes} raw bytes");
            for column in &piece.rows.columns()[..2] {
                assert!(behind(column) <= 3 << 20);
            }
        }
    }
}

#[test]
fn a_few_rows_do_not_keep_a_block_alive() {
    let mark = provenance(0);
    let texts = (0..4000).map(|n| format!("{n:050}"));
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(texts));
    let batch = RecordBatch::try_from_iter([("text", texts.clone()), ("other", texts)]).unwrap();
    let raw = super::super::parquet_block::RawBatch {
        batch,
        first_row: 0,
    };
    let block = ParquetBlock::decode(raw, &columns(&[]), &ReadOptions::default());
    for edited in [None, Some(&["an edited text of some length"][..])] {
        let rows: Vec<_> = (0..40)
            .map(|n| OutputRow {
                index: n * 100,
                texts: edited.filter(|_| n % 2 == 0),
                provenance: &mark,
            })
            .collect();
        let pieces = parquet_encode::encode(&block, &rows).unwrap();
        for column in &pieces[0].rows.columns()[..2] {
            assert!(behind(column) <= 2 * 40 * 50, "{}", behind(column));
        }
    }
}
