//! Rows of a stream: line ends, blank lines, byte-order marks, caps, and that the cut of blocks is invisible.

use std::io::Write;

use proptest::prelude::*;

use super::super::*;
use super::{columns, file, options, shard, texts};

/// Offset, code or text of each row: what reading is meant to find out.
fn rows(path: &std::path::Path, options: &ReadOptions) -> Vec<(Option<u64>, String)> {
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, options).unwrap();
    let mut rows = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        let block = block.decode(&columns);
        rows.extend((0..block.len()).map(|i| match block.text(i) {
            Ok(text) => (None, text.to_owned()),
            Err(bad) => (bad.offset, bad.cause.clone()),
        }));
    }
    rows
}

#[test]
fn line_ends_blank_lines_and_a_byte_order_mark() {
    let bytes = b"\xEF\xBB\xBF{\"text\":\"a\"}\r\n\n \t\r\n  {\"text\":\"b\"} \n{\"text\":\"\"}";
    let (_folder, path) = file("a.jsonl", bytes);
    for block in [1, 7, 1 << 20] {
        let texts = texts(&path, &options(block)).unwrap();
        assert_eq!(
            texts,
            [Ok("a".to_owned()), Ok("b".to_owned()), Ok(String::new())]
        );
    }
}

#[test]
fn empty_streams_have_no_rows() {
    let empty_frame = zstd::bulk::compress(b"", 3).unwrap();
    for (name, bytes) in [
        ("a.jsonl", &b""[..]),
        ("a.jsonl.zst", b""),
        ("a.jsonl.gz", b""),
        ("a.jsonl", b"\n\n"),
        ("a.jsonl", b"\xEF\xBB\xBF"),
        ("a.jsonl.zst", &empty_frame),
    ] {
        let (_folder, path) = file(name, bytes);
        assert_eq!(texts(&path, &options(64)).unwrap(), []);
    }
}

#[test]
fn a_line_above_the_cap_is_one_bad_row_whatever_its_length() {
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(300_000));
    let bytes = format!("{{\"text\":\"a\"}}\n{long}\r\n{{\"text\":\"b\"}}\n{long}");
    let (_folder, path) = file("a.jsonl", bytes.as_bytes());
    for (block, cap) in [
        (1, 100),
        (1000, 100),
        (1 << 20, 100),
        (1000, 299_000),
        (1 << 20, 300_010),
    ] {
        let options = ReadOptions {
            block_bytes: block,
            max_document: cap,
            ..ReadOptions::default()
        };
        let found = rows(&path, &options);
        let too_large = format!("the document has {} bytes, more than {cap}", long.len());
        let second = 13 + long.len() as u64 + 2;
        assert_eq!(
            found,
            [
                (None, "a".to_owned()),
                (Some(13), too_large.clone()),
                (None, "b".to_owned()),
                (Some(second + 13), too_large),
            ]
        );
    }
    let exactly = ReadOptions {
        block_bytes: 10,
        max_document: long.len(),
        ..ReadOptions::default()
    };
    assert!(
        rows(&path, &exactly)
            .iter()
            .all(|(offset, _)| offset.is_none())
    );
}

#[test]
fn all_frames_and_members_are_read_and_skippable_frames_skipped() {
    let line = |n: usize| format!("{{\"text\":\"{n}\"}}\n");
    let mut zst = Vec::new();
    let mut gz = Vec::new();
    for n in 0..5 {
        zst.extend(zstd::bulk::compress(line(n).as_bytes(), 3).unwrap());
        // A skippable frame: its magic number, its length, its content.
        zst.extend(0x184D_2A50_u32.to_le_bytes());
        zst.extend(3_u32.to_le_bytes());
        zst.extend(b"xyz");
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        member.write_all(line(n).as_bytes()).unwrap();
        gz.extend(member.finish().unwrap());
    }
    for (name, bytes) in [("a.jsonl.zst", zst), ("a.jsonl.gz", gz)] {
        let (_folder, path) = file(name, &bytes);
        let expected: Vec<_> = (0..5).map(|n| Ok(n.to_string())).collect();
        assert_eq!(texts(&path, &options(20)).unwrap(), expected, "{name}");
    }
}

/// The twin: splits the whole stream at once, as the rules say.
fn naive(bytes: &[u8], cap: usize) -> Vec<(u64, usize)> {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut offset = (bytes.len() - body.len()) as u64;
    let mut rows = Vec::new();
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let ends = [&b"\r\n"[..], b"\n"];
        let content = ends
            .iter()
            .find_map(|end| line.strip_suffix(*end))
            .unwrap_or(line);
        if content.len() > cap || !content.iter().all(u8::is_ascii_whitespace) {
            rows.push((offset, content.len()));
        }
        offset += line.len() as u64;
    }
    rows
}

proptest! {
    #[test]
    fn blocks_give_the_lines_of_the_whole_stream(
        pieces in prop::collection::vec(
            prop_oneof!["[ab {}]{0,40}", Just("\n".to_owned()), Just("\r\n".to_owned()), Just("\r".to_owned())],
            0..60,
        ),
        block in 1_usize..300,
        cap in 1_usize..60,
        bom in any::<bool>(),
    ) {
        let mut bytes = if bom { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        bytes.extend(pieces.concat().bytes());
        let (_folder, path) = file("a.jsonl", &bytes);
        let options = ReadOptions { block_bytes: block, max_document: cap, ..ReadOptions::default() };
        let mut reader = super::super::lines::LineReader::open(&shard(&path), &options).unwrap();
        let mut found = Vec::new();
        while let Some(lines) = reader.next_block().unwrap() {
            prop_assert_eq!(lines.first_row, found.len() as u64);
            for row in &lines.rows {
                found.push(match *row {
                    super::super::lines::RawLine::Kept { start, end, offset } => {
                        let at = usize::try_from(offset).unwrap();
                        prop_assert_eq!(&lines.bytes[start..end], &bytes[at..at + end - start]);
                        (offset, end - start)
                    }
                    super::super::lines::RawLine::TooLarge { offset, length } => {
                        (offset, usize::try_from(length).unwrap())
                    }
                });
            }
        }
        prop_assert_eq!(found, naive(&bytes, cap));
    }
}
