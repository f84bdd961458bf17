//! Damaged streams and bad lines: each is named, and none is taken for the end of the file.

use std::fs;
use std::io::Write;

use proptest::prelude::*;

use super::super::*;
use super::{columns, copy, file, options, shard, texts};
use crate::document::Value;

fn lines(rows: usize) -> Vec<u8> {
    (0..rows)
        .flat_map(|n| format!("{{\"text\":\"row {n} {}\"}}\n", n * 7919 % 104_729).into_bytes())
        .collect()
}

/// As we write them ourselves: with checksum and content size.
fn checked_zst(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = zstd::bulk::Compressor::new(3).unwrap();
    compressor
        .set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))
        .unwrap();
    compressor.compress(bytes).unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn code_of(name: &str, bytes: &[u8]) -> Option<&'static str> {
    let (_folder, path) = file(name, bytes);
    let error = texts(&path, &options(1000)).err()?;
    assert!(error.is_data() && !error.is_environment());
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    Some(error.code())
}

#[test]
fn a_truncation_is_an_error_wherever_it_is() {
    for (name, whole, code) in [
        ("a.jsonl.zst", checked_zst(&lines(2000)), "E-ZST-TRUNC"),
        ("a.jsonl.gz", gz(&lines(2000)), "E-GZ-TRUNC"),
    ] {
        assert_eq!(code_of(name, &whole), None);
        for part in 1..50 {
            let cut = whole.len() * part / 50;
            assert_eq!(
                code_of(name, &whole[..cut]),
                Some(code),
                "{name} cut at {cut}"
            );
        }
        assert_eq!(code_of(name, &whole[..3]), Some(code));
        assert_eq!(code_of(name, &whole[..whole.len() - 1]), Some(code));
    }
}

#[test]
fn trailing_bytes_and_other_formats_are_named() {
    let mut zst = checked_zst(&lines(10));
    zst.extend(b"garbage");
    assert_eq!(code_of("a.jsonl.zst", &zst), Some("E-ZST-TRAILING"));
    for garbage in [&b"garbage, longer than a header"[..], b"g", b"\0\0\0"] {
        let mut member = gz(&lines(10));
        member.extend(garbage);
        assert_eq!(code_of("a.jsonl.gz", &member), Some("E-GZ-TRAILING"));
    }
    let plain = b"{\"text\":\"plain\"}\n";
    let zst = checked_zst(plain);
    let gz = gz(plain);
    let parquet = b"PAR1....PAR1";
    for (name, bytes, seems) in [
        ("a.jsonl.zst", &gz[..], "begins as gzip"),
        ("a.jsonl.zst", plain, "begins as plain text"),
        ("a.jsonl.zst", parquet, "begins as Parquet"),
        ("a.jsonl.gz", &zst, "begins as zstd"),
        ("a.jsonl.gz", plain, "begins as plain text"),
        ("a.jsonl", &zst, "begins as zstd"),
        ("a.jsonl", &gz, "begins as gzip"),
        ("a.jsonl", parquet, "begins as Parquet"),
    ] {
        let (_folder, path) = file(name, bytes);
        let error = texts(&path, &options(1000)).unwrap_err();
        assert_eq!(error.code(), "E-FORMAT-OTHER");
        assert!(
            error.is_data() && error.to_string().contains(seems),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_flipped_bit_in_a_checked_frame_is_an_error(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut bytes = checked_zst(&lines(300));
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let (_folder, path) = file("a.jsonl.zst", &bytes);
        let (_sound, sound) = file("b.jsonl", &lines(300));
        let expected = texts(&sound, &options(500)).unwrap();
        match texts(&path, &options(500)) {
            Err(error) => prop_assert!(error.is_data()),
            // A bit that the format ignores may flip, if nothing else changes.
            Ok(found) => prop_assert_eq!(found, expected),
        }
    }

    #[test]
    fn any_bytes_are_rows_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0_usize..3) {
        let name = ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"][kind];
        let (_folder, path) = file(name, &bytes);
        let _ = texts(&path, &options(50));
    }

    #[test]
    fn any_line_is_a_row_or_a_bad_row(line in "[\\[\\]{}\":,a-z0-9\\\\. \u{e9}]{0,60}") {
        let (_folder, path) = file("a.jsonl", format!("{{\"text\":\"x\"}}\n{line}").as_bytes());
        prop_assert!(texts(&path, &options(50)).is_ok());
    }
}

#[test]
fn the_catalogue_of_bad_lines() {
    let deep = |levels: usize| {
        format!(
            "{{\"text\":\"t\",\"x\":{}{}}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let (deep_ok, deep_bad, deepest) = (deep(127), deep(128), deep(200_000));
    let cases: [(&[u8], Option<&str>); 24] = [
        (b"{\"text\":\"t\"}", None),
        (b"{\"text\":\"\"}", None),
        (b"{\"text\":\"a\\u0000b\"}", None),
        (b"{\"text\":\"\\ud83d\\ude00\"}", None),
        (b"{\"text\":\"t\",\"x\":1,\"x\":2}", None),
        (b"{\"text\":\"t\",\"x\":\"\\ud800\"}", None),
        (deep_ok.as_bytes(), None),
        (deep_bad.as_bytes(), Some("E-JSON-DEPTH")),
        (deepest.as_bytes(), Some("E-JSON-DEPTH")),
        (b"{\"text\":\"\xFF\"}", Some("E-UTF8")),
        (b"{\"text\":\"\xED\xA0\x80\"}", Some("E-UTF8")),
        (b"{\"text\":\"\\ud800\"}", Some("E-SURROGATE")),
        (b"{\"text\":\"\\udc00 \\ud800\"}", Some("E-SURROGATE")),
        (b"{\"text\":null}", Some("E-TEXT-NULL")),
        (b"{\"text\":1}", Some("E-TEXT-TYPE")),
        (b"{\"text\":[\"a\"]}", Some("E-TEXT-TYPE")),
        (b"{\"Text\":\"a\"}", Some("E-TEXT-MISSING")),
        (b"{}", Some("E-TEXT-MISSING")),
        (b"{\"text\":\"a\",\"text\":\"b\"}", Some("E-JSON-DUPLICATE")),
        (b"[1]", Some("E-JSON")),
        (b"\"text\"", Some("E-JSON")),
        (b"{\"text\":\"a\"", Some("E-JSON")),
        (b"{\"text\":\"a\"}{\"text\":\"b\"}", Some("E-JSON")),
        (b"{\"text\":\"a\tb\"}", Some("E-JSON")),
    ];
    let mut bytes = Vec::new();
    for (line, _) in cases {
        bytes.extend(line);
        bytes.push(b'\n');
    }
    let (_folder, path) = file("a.jsonl", &bytes);
    let columns = columns(&[]);
    let mut at = 0;
    let mut reader = open(&shard(&path), &columns, &options(100)).unwrap();
    while let Some(block) = reader.next_block().unwrap() {
        let block = block.decode(&columns);
        for i in 0..block.len() {
            let (line, expected) = cases[at];
            let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
            assert_eq!(block.text(i).err().map(|bad| bad.code), expected, "{shown}");
            if let Err(bad) = block.text(i) {
                let offset = usize::try_from(bad.offset.unwrap()).unwrap();
                assert!(
                    bad.raw == line && bytes[offset..].starts_with(line),
                    "{shown}"
                );
            }
            at += 1;
        }
    }
    assert_eq!(at, cases.len());
}

#[test]
fn ids_and_extra_values() {
    let line = br#"{"text":"t","id":12345678901234567890123,"a":"x\n","b":-3,"c":1.5,"d":true,"e":null,"f":[1],"g":1e999}"#;
    let (_folder, path) = file("a.jsonl", line);
    let columns = columns(&["a", "b", "c", "d", "e", "f", "g", "h", "text"]);
    let mut reader = open(&shard(&path), &columns, &options(100)).unwrap();
    let block = reader.next_block().unwrap().unwrap().decode(&columns);
    assert_eq!(block.id(0), Some("12345678901234567890123"));
    let values: Vec<_> = (0..columns.extra.len())
        .map(|column| block.extra(column, 0))
        .collect();
    let expected = [
        Some(Value::Text("x\n".to_owned())),
        Some(Value::Int(-3)),
        Some(Value::Float(1.5)),
        Some(Value::Bool(true)),
        None,
        None,
        None,
        None,
        Some(Value::Text("t".to_owned())),
    ];
    assert_eq!(values, expected);
    assert_eq!(block.extra(99, 0), None);
}

#[test]
fn what_the_system_refuses_is_the_environments_fault() {
    let folder = tempfile::tempdir().unwrap();
    let gone = Shard {
        name: "a.jsonl".to_owned(),
        path: folder.path().join("a.jsonl"),
        format: Format::Jsonl,
        bytes: 0,
    };
    let error = open(&gone, &columns(&[]), &options(1)).err().unwrap();
    assert!(error.is_environment() && error.code() == "E-IO");
    // A file where a folder should be.
    fs::write(folder.path().join("file"), "").unwrap();
    let error = write_atomic(&folder.path().join("file/x"), b"").unwrap_err();
    assert!(error.is_environment());
}

#[test]
fn an_abandoned_output_leaves_nothing_behind() {
    let mut broken = checked_zst(&lines(3000));
    broken.truncate(broken.len() - 9);
    let (folder, path) = file("a.jsonl.zst", &broken);
    let out = folder.path().join("out/a.jsonl.zst");
    assert!(copy(&path, &out, &options(1000)).is_err());
    let left: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_output_is_hidden_until_it_is_finished_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/a.txt");
    write_atomic(&path, b"old").unwrap();
    let mut file = AtomicFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    let names = || -> Vec<String> {
        let entries = fs::read_dir(path.parent().unwrap()).unwrap();
        entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert!(
        names()
            .iter()
            .all(|name| name == "a.txt" || name.starts_with(".tmp-"))
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let written = file.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(written.digest, blake3::hash(b"new").to_hex().to_string());
    assert_eq!(names(), ["a.txt"]);
}

#[test]
fn the_sampled_digest_notices_length_and_ends() {
    let bytes = vec![7_u8; 500_000];
    let (_folder, path) = file("a.jsonl", &bytes);
    let first = sampled_digest(&path).unwrap();
    let mut other = bytes.clone();
    other.push(7);
    fs::write(&path, &other).unwrap();
    assert_ne!(sampled_digest(&path).unwrap(), first);
    for at in [0, 250_000, 499_999] {
        let mut other = bytes.clone();
        other[at] = 8;
        fs::write(&path, &other).unwrap();
        assert_ne!(sampled_digest(&path).unwrap(), first);
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(sampled_digest(&path).unwrap(), first);
}
