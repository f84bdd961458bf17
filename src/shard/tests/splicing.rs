//! Output lines: every byte is the input's but for the edited text and the `tamis` member.

use std::fs;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::super::*;
use super::{columns, copy, edited, file, options, provenance, shard, texts};

fn copied(name: &str, bytes: &[u8], block: usize) -> Vec<u8> {
    let (folder, path) = file(name, bytes);
    let out = folder.path().join("out").join(name);
    let written = copy(&path, &out, &options(block)).unwrap();
    let digest = digest_file(&out).unwrap();
    assert_eq!((written.digest, written.bytes), (digest.hex, digest.bytes));
    fs::read(out).unwrap()
}

fn tamis(row: u64) -> String {
    format!(
        ",\"tamis\":{}",
        serde_json::to_string(&provenance(row)).unwrap()
    )
}

#[test]
fn a_line_keeps_its_bytes_and_its_end() {
    // Row 0 is edited; row 1 is not.
    let input = "{ \"n\" : 12345678901234567890123456789012345678901, \"text\":\"a\\u00e9\" ,\"x\":1e400 }\r\n\
                 \t{\"te\\u0078t\": \"b\\/c\", \"y\": [\"\\ud800\", {}]} \n";
    let expected = format!(
        "{{ \"n\" : 12345678901234567890123456789012345678901, \"text\":\"aé \\\"edited\\\"\\n\" ,\"x\":1e400{} }}\r\n\
         \t{{\"te\\u0078t\": \"b\\/c\", \"y\": [\"\\ud800\", {{}}]{}}} \n",
        tamis(0),
        tamis(1)
    );
    let output = copied("a.jsonl", input.as_bytes(), 1000);
    assert_eq!(String::from_utf8(output).unwrap(), expected);
}

#[test]
fn an_older_tamis_member_goes_wherever_it_is() {
    let objects = [
        (r#"{"tamis":{"a":1},"text":"t"}"#, r#"{"text":"t"@}"#),
        (r#"{"text":"t","tamis":1}"#, r#"{"text":"t"@}"#),
        (
            r#"{"text":"t" , "tamis":1 , "x":2 }"#,
            r#"{"text":"t" , "x":2@ }"#,
        ),
        (
            r#"{"tamis":1, "tamis":2, "text":"t", "tamis":3,"tamis":4}"#,
            r#"{"text":"t"@}"#,
        ),
        (
            r#"{"tamis":1,"x":0,"t\u0061mis":2,"text":"t"}"#,
            r#"{"x":0,"text":"t"@}"#,
        ),
    ];
    for (input, expected) in objects {
        // The first row is always edited, so a row that is not goes before.
        let lines = format!("{{\"text\":\"\"}}\n{input}\n");
        let output = String::from_utf8(copied("a.jsonl", lines.as_bytes(), 1000)).unwrap();
        let line = output.lines().nth(1).unwrap();
        assert_eq!(line, expected.replace('@', &tamis(1)), "{input}");
    }
}

#[test]
fn older_provenance_is_given_out_as_it_stands() {
    let (_folder, path) = file(
        "a.jsonl",
        b"{\"text\":\"t\",\"tamis\":{ \"origin\":\"human\"}}\n{\"text\":\"\",\"tamis\":null}",
    );
    let columns = columns(&[]);
    let mut reader = open(&shard(&path), &columns, &options(1000)).unwrap();
    let block = reader.next_block().unwrap().unwrap().decode(&columns);
    assert_eq!(
        block.provenance(0).as_deref(),
        Some("{ \"origin\":\"human\"}")
    );
    assert_eq!(block.provenance(1), None);
}

#[test]
fn every_key_of_the_provenance_is_written_in_order() {
    let output = copied("a.jsonl", b"{\"text\":\"t\"}\n", 1000);
    let text = String::from_utf8(output).unwrap();
    let keys = [
        "origin",
        "origin_by",
        "declared_origin",
        "p_synthetic",
        "generation",
        "kind",
        "generator",
        "key",
        "source",
        "shard",
        "row",
        "copy",
        "weight",
        "edit",
        "run",
        "previous",
    ];
    let places: Vec<usize> = keys
        .iter()
        .map(|key| text.find(&format!("\"{key}\":")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    let (_folder, path) = file("a.jsonl", b"{\"text\":\"t\"}");
    let columns = columns(&[]);
    let mut reader = open(&shard(&path), &columns, &options(1000)).unwrap();
    let block = reader.next_block().unwrap().unwrap().decode(&columns);
    let mark = Provenance {
        weight: f64::NAN,
        ..provenance(0)
    };
    let rows = [OutputRow {
        index: 0,
        texts: None,
        provenance: &mark,
    }];
    assert!(block.encode(&rows).is_err());
    let rows = [OutputRow {
        index: 1,
        texts: None,
        provenance: &provenance(0),
    }];
    assert!(block.encode(&rows).is_err());
}

use crate::document::Provenance;

/// A shard large enough for several frames of `bytes`, as lines.
fn many_lines(rows: usize) -> Vec<u8> {
    (0..rows)
        .flat_map(|n| {
            format!("{{\"id\":{n},\"text\":\"{}\"}}\n", "wörd ".repeat(n % 50)).into_bytes()
        })
        .collect()
}

#[test]
fn bytes_do_not_depend_on_the_cut_of_blocks() {
    let lines = many_lines(3000);
    for name in ["a.jsonl", "a.jsonl.zst", "a.jsonl.gz"] {
        let input = match name {
            "a.jsonl.zst" => zstd::bulk::compress(&lines, 1).unwrap(),
            "a.jsonl.gz" => {
                use std::io::Write;
                let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gz.write_all(&lines).unwrap();
                gz.finish().unwrap()
            }
            _ => lines.clone(),
        };
        let small = copied(name, &input, 1 << 10);
        assert!(small == copied(name, &input, 1 << 20), "{name}");
    }
}

#[test]
fn frames_close_at_line_ends_and_are_independent() {
    use super::super::atomic::AtomicFile;
    use super::super::frames::FrameWriter;
    let lines = many_lines(500);
    let (folder, path) = file("in.jsonl", &lines);
    let files: Vec<Vec<u8>> = [64, 1 << 20]
        .iter()
        .map(|&block| {
            let out = folder.path().join("out.jsonl.zst");
            let columns = columns(&[]);
            let mut reader = open(&shard(&path), &columns, &options(block)).unwrap();
            let file = AtomicFile::create(&out).unwrap();
            let mut writer = FrameWriter::new(file, Format::JsonlZst, 3)
                .unwrap()
                .with_frame_bytes(5000);
            while let Some(raw) = reader.next_block().unwrap() {
                let block = raw.decode(&columns);
                let marks: Vec<_> = (0..block.len()).map(|i| provenance(i as u64)).collect();
                let rows: Vec<_> = (0..block.len())
                    .map(|index| OutputRow {
                        index,
                        texts: None,
                        provenance: &marks[0],
                    })
                    .collect();
                let super::super::block::Body::Jsonl(lines) = &block.body else {
                    unreachable!()
                };
                writer
                    .write(&super::super::splice::encode(lines, &rows).unwrap())
                    .unwrap();
            }
            writer.finish().unwrap();
            fs::read(out).unwrap()
        })
        .collect();
    assert!(files[0] == files[1]);
    let mut rest = &files[0][..];
    let mut frames = 0;
    while !rest.is_empty() {
        let length = zstd::zstd_safe::find_frame_compressed_size(rest).unwrap();
        let size = zstd::zstd_safe::get_frame_content_size(rest)
            .unwrap()
            .unwrap();
        let raw = zstd::bulk::decompress(&rest[..length], 1 << 20).unwrap();
        assert_eq!(raw.len() as u64, size);
        assert_eq!(raw.last(), Some(&b'\n'));
        // The checksum flag of the frame header descriptor (RFC 8878, 3.1.1.1.1.5).
        assert_eq!(rest[4] & 0b100, 0b100);
        let before_last_line = raw[..raw.len() - 1]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        assert!(rest.len() == length || (raw.len() >= 5000 && before_last_line < 5000));
        rest = &rest[length..];
        frames += 1;
    }
    assert!(frames > 5);
}

#[test]
fn a_shard_without_good_rows_gives_a_valid_empty_output() {
    for name in ["a.jsonl", "a.jsonl.zst", "a.jsonl.gz"] {
        let (folder, path) = file(name, b"");
        let out = folder.path().join("out").join(name);
        let written = copy(&path, &out, &options(100)).unwrap();
        assert_eq!(written.rows, 0);
        assert_eq!(texts(&out, &options(100)).unwrap(), []);
        let plain = name == "a.jsonl";
        assert_eq!(written.bytes == 0, plain, "{name}");
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("\"\\u00e9\\ud83d\\ude00\\ud800\\n\"".to_owned()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(k, v)| format!("\"{k}\":{v}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Cutting our two insertions out of the output again gives the input's bytes.
    #[test]
    fn every_byte_but_ours_is_the_inputs(
        before in prop::collection::vec(("[a-e]{1,3}", json()), 0..4),
        text in any::<String>(),
        after in prop::collection::vec(("[a-e]{1,3}", json()), 0..4),
        space in "[ \t]{0,2}",
    ) {
        let member = |(key, value): &(String, String)| format!("{space}\"{key}\"{space}:{value}{space}");
        let literal = serde_json::to_string(&text).unwrap();
        let mut members: Vec<String> = before.iter().map(member).collect();
        members.push(format!("\"text\":{space}{literal}{space}"));
        members.extend(after.iter().map(member));
        let line = format!("{{{}}}", members.join(","));
        let input = format!("{line}\n{line}\n");
        let output = String::from_utf8(copied("a.jsonl", input.as_bytes(), 100)).unwrap();
        let lines: Vec<&str> = output.lines().collect();
        prop_assert_eq!(lines[1].replacen(&tamis(1), "", 1), line.clone());
        // The edited one, with the edit undone: only the text's own literal may be written otherwise.
        let edited_literal = serde_json::to_string(&edited(&text)).unwrap();
        let undone = lines[0].replacen(&tamis(0), "", 1);
        prop_assert_eq!(undone, line.replacen(
            &format!("\"text\":{space}{literal}"),
            &format!("\"text\":{space}{edited_literal}"),
            1,
        ));
    }
}

#[test]
fn output_is_json_with_tamis_last() {
    let output = copied("a.jsonl", &many_lines(20), 100);
    for line in String::from_utf8(output).unwrap().lines() {
        let parsed: Json = serde_json::from_str(line).unwrap();
        assert!(parsed["tamis"]["edit"]["changed"].is_u64());
        assert!(line.ends_with("\"previous\":null}}"));
    }
}
