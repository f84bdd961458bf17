//! Bad rows: recorded with their bytes, brought out, mended, and run again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, LargeStringArray, RecordBatch};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::place::Place;
use crate::run::{read_lines, read_table};
use crate::shards::{Doc, docs, line, table};
use crate::texts::Lang::En;

/// Records of a quarantine file, the bytes decoded.
fn records(place: &Place, name: &str) -> Vec<(Value, Vec<u8>)> {
    let lines = read_lines(&place.path(&format!("mix/quarantine/{name}.jsonl")));
    let parsed = lines.iter().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let raw = STANDARD.decode(record["raw"].as_str().unwrap()).unwrap();
        (record, raw)
    });
    parsed.collect()
}

fn config(place: &Place, quarantine: f64, paths: &str) {
    place.file(
        "mix.toml",
        format!(
            "[limits]\nquarantine = {quarantine}\nmax_document = \"100KiB\"\n[mix]\nhuman = 1\n\
             [[source]]\nname = \"web\"\npaths = [{paths}]\norigin = \"human\"\n"
        ),
    );
}

/// 60 lines of which four are bad, one of them too large to keep; and a table with two nulls.
fn place() -> Place {
    let place = Place::new();
    let mut rows: Vec<Vec<u8>> = docs("a", 60, &[En])
        .iter()
        .enumerate()
        .map(|(i, doc)| line(doc, i).into_bytes())
        .collect();
    rows[7] = b"{\"id\":\"a-7\",\"text\":\"half a li".to_vec();
    rows[11] = b" {\"id\":\"a-11\",\"text\":\"caf\xe9\"}\t".to_vec();
    rows[12] = b"{\"id\":\"a-12\",\"text\":null,\"keep\":1.50}".to_vec();
    rows[40] = format!("{{\"text\":\"{}\"}}", "long ".repeat(30_000)).into_bytes();
    let mut bytes = rows.join(&b"\r\n"[..]);
    bytes.push(b'\n');
    place.file("in/deep/a.jsonl", bytes);
    let batch = table(&docs("n", 30, &[En]));
    let at = batch.schema().index_of("text").unwrap();
    let texts = batch.column(at).as_string::<i64>();
    let texts: LargeStringArray = (0..30)
        .map(|i| (i != 3 && i != 29).then(|| texts.value(i)))
        .collect();
    let mut columns = batch.columns().to_vec();
    columns[at] = Arc::new(texts);
    let batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
    place.table("in/n.parquet", &batch);
    config(&place, 0.1, "\"in\"");
    place
}

#[test]
fn every_bad_row_keeps_place_cause_and_bytes() {
    let place = place();
    place.tamis("run mix.toml --out mix").code(0);
    let found = records(&place, "web/deep/a.jsonl");
    let input = std::fs::read(place.path("in/deep/a.jsonl")).unwrap();
    let codes: Vec<(&str, u64)> = found
        .iter()
        .map(|(record, _)| {
            let code = record["code"].as_str().unwrap();
            (code, record["row"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        codes,
        [
            ("E-JSON", 7),
            ("E-UTF8", 11),
            ("E-TEXT-NULL", 12),
            ("E-DOC-TOO-LARGE", 40)
        ]
    );
    for (record, raw) in &found {
        let offset = record["offset"].as_u64().unwrap() as usize;
        let line = input[offset..].split(|&byte| byte == b'\n').next().unwrap();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if record["code"] == "E-DOC-TOO-LARGE" {
            assert!(raw.is_empty());
            let cause = record["cause"].as_str().unwrap();
            assert!(cause.contains(&line.len().to_string()), "{cause}");
        } else {
            assert_eq!(raw, line);
        }
    }
    let table = records(&place, "web/n.parquet");
    assert_eq!(table.len(), 2);
    for ((record, raw), row) in table.iter().zip([3, 29]) {
        assert_eq!(
            (&record["row"], &record["offset"]),
            (&row.into(), &Value::Null)
        );
        let columns: BTreeMap<String, Value> = serde_json::from_slice(raw).unwrap();
        assert_eq!(columns["id"], format!("n-{row}"));
        assert_eq!(columns["text"], Value::Null);
    }
    let report = place.run("mix").report();
    let listed: Vec<(&str, u64)> = report["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            assert_eq!(failure["action"], "quarantined");
            let shard = failure["shard"].as_str().unwrap();
            (shard, failure["row"].as_u64().unwrap())
        })
        .collect();
    let (lines, table) = ("web/deep/a.jsonl", "web/n.parquet");
    let rows = [
        (lines, 7),
        (lines, 11),
        (lines, 12),
        (lines, 40),
        (table, 3),
        (table, 29),
    ];
    assert_eq!(listed, rows);
    assert_eq!(report["failures_left_out"], 0);
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn mended_rows_are_taken_in() {
    let place = place();
    place.tamis("run mix.toml --out mix").code(0);
    place
        .tamis("quarantine mix --out mended")
        .code(0)
        .says("mended/web: bad rows of `web`: 5")
        .says("only listed, with offset and length: 1")
        .says("limits.quarantine = 0.066667");
    let list = std::fs::read_to_string(place.path("mended/rows.tsv")).unwrap();
    let list: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(list.len(), 7);
    let (lines, rows) = ("web/deep/a.jsonl.rows.jsonl", "web/n.parquet.rows.parquet");
    assert_eq!(
        list[3][..6],
        [lines, "2", "web", "deep/a.jsonl", "12", list[3][5]]
    );
    assert_eq!(list[4][..5], ["", "", "web", "deep/a.jsonl", "40"]);
    assert_eq!(list[6][..5], [rows, "1", "web", "n.parquet", "29"]);

    let found = std::fs::read(place.path("mended").join(lines)).unwrap();
    let raw: Vec<Vec<u8>> = records(&place, "web/deep/a.jsonl")
        .into_iter()
        .map(|(_, raw)| raw)
        .filter(|raw| !raw.is_empty())
        .collect();
    assert_eq!(found, [raw.join(&b'\n'), b"\n".to_vec()].concat());
    let mended = "{\"id\":\"a-7\",\"text\":\"half a line\"}\n{\"id\":\"a-11\",\"text\":\"caf\u{e9}\"}\n\
                  {\"id\":\"a-12\",\"text\":\"Here it is.\",\"keep\":1.50}\n";
    place.file(&format!("mended/{lines}"), mended);
    mend_table(&place, &format!("mended/{rows}"));

    config(&place, 0.066667, "\"in\", \"mended/web\"");
    place.tamis("run mix.toml --out again").code(0);
    let run = place.run("again");
    let report = run.report();
    let counted = |key: &str| report["rows"][key].as_u64().unwrap();
    assert_eq!(
        (counted("read"), counted("quarantined"), counted("kept")),
        (95, 6, 89)
    );
    let texts: Vec<String> = run.rows().into_iter().map(|row| row.text).collect();
    for text in [
        "half a line",
        "caf\u{e9}",
        "Here it is.",
        "A text for n-3.",
        "A text for n-29.",
    ] {
        assert_eq!(texts.iter().filter(|t| *t == text).count(), 1, "{text}");
    }
    place.tamis("verify again --inputs").code(0);
}

/// Fills in the texts of the two rows; all else must have come along.
fn mend_table(place: &Place, name: &str) {
    let taken = read_table(&place.path(name));
    let input = read_table(&place.path("in/n.parquet"));
    assert_eq!(taken.schema().fields(), input.schema().fields());
    let at = taken.schema().index_of("text").unwrap();
    for (place, row) in [(0, 3), (1, 29)] {
        for (taken, whole) in taken.columns().iter().zip(input.columns()) {
            assert_eq!(&taken.slice(place, 1), &whole.slice(row, 1));
        }
    }
    let mut columns = taken.columns().to_vec();
    let texts = LargeStringArray::from(vec!["A text for n-3.", "A text for n-29."]);
    columns[at] = Arc::new(texts);
    place.table(
        name,
        &RecordBatch::try_new(taken.schema(), columns).unwrap(),
    );
}

#[test]
fn what_was_mended_is_not_overwritten() {
    let place = place();
    place.tamis("run mix.toml --out mix").code(0);
    place
        .tamis("quarantine mix --source book --out mended")
        .code(2)
        .says("no source `book`");
    place
        .tamis("quarantine mix --source web --out mended")
        .code(0);
    place
        .tamis("quarantine mix --out mended")
        .code(2)
        .says("holds something already");
    place
        .tamis("quarantine in --out other")
        .code(2)
        .says("no run directory");
    place
        .tamis("quarantine mix --out mix/data/mended")
        .code(2)
        .says("inside the run directory");
}

#[test]
fn rows_of_a_table_that_is_gone_are_listed() {
    let place = place();
    place.tamis("run mix.toml --out mix").code(0);
    std::fs::remove_file(place.path("in/n.parquet")).unwrap();
    place
        .tamis("quarantine mix --out mended")
        .code(0)
        .says("bad rows of `web`: 3")
        .says("only listed, with offset and length: 3");
    assert!(!place.path("mended/web/n.parquet.rows.parquet").exists());
}

#[test]
fn a_report_stays_small_however_many_rows_are_bad() {
    let place = Place::new();
    let mut lines = String::new();
    for (i, Doc { text, .. }) in docs("a", 40, &[En]).iter().enumerate() {
        let text = serde_json::to_string(text).unwrap();
        lines.push_str(&format!("{{\"text\":{text}}}\n"));
        for j in 0..30 {
            lines.push_str(&format!("{{\"text\":{i}{j}}}\n"));
        }
    }
    place.file("in/a.jsonl", &lines);
    place.file("in/b.jsonl", &lines);
    config(&place, 1.0, "\"in\"");
    place.tamis("run mix.toml --out mix").code(0);
    let report = place.run("mix").report();
    assert_eq!(report["rows"]["quarantined"], 2400);
    let listed = report["failures"].as_array().unwrap();
    assert_eq!(
        listed.len() as u64 + report["failures_left_out"].as_u64().unwrap(),
        2400
    );
    assert_eq!(listed.len(), 100);
    assert_eq!(records(&place, "web/b.jsonl").len(), 1200);
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_bad_row_of_a_megabyte_is_verified_whole() {
    let place = Place::new();
    place.shard("human/a.jsonl", &docs("a", 40, &[En]));
    let long = format!("{{\"text\":12,\"more\":\"{}\"}}\n", "x".repeat(1 << 20));
    place.file("human/b.jsonl", long);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 1.0\n[mix]\nhuman = 1\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place.tamis("run mix.toml").code(0);
    place.tamis("verify mix --inputs").code(0);
}
