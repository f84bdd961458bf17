//! Values that no score, weight or count can be: their rows are quarantined by name, never sorted, never null.

use std::fs;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
};
use base64::Engine;
use serde_json::Value;

use crate::place::Place;
use crate::run::{read_lines, read_table, value};
use crate::shards::{Doc, docs};
use crate::texts::Lang::En;

/// Lines with `fields` of their own.
fn shard(place: &Place, name: &str, fields: &[&str]) {
    let documents = docs(name, fields.len(), &[En]);
    let line = |(doc, field): (&Doc, &&str)| {
        let text = serde_json::to_string(&doc.text).unwrap();
        format!("{{\"text\":{text},{field}}}\n")
    };
    let lines: String = documents.iter().zip(fields).map(line).collect();
    place.file(&format!("in/{name}"), lines);
}

fn run(place: &Place, more: &str) -> Value {
    place.file(
        "mix.toml",
        format!(
            "out = \"mix\"\n[limits]\nquarantine = 1\n{more}\
             [[source]]\nname = \"web\"\npaths = [\"in\"]\norigin = \"human\"\n"
        ),
    );
    place.tamis("run mix.toml").code(0);
    place.tamis("verify mix --inputs").code(0);
    place.run("mix").report()
}

/// Row, code and cause of the bad rows of a shard, whose raw bytes must be its lines.
fn bad(place: &Place, name: &str) -> Vec<(u64, String, String)> {
    let lines = read_lines(&place.path(&format!("mix/quarantine/web/{name}.jsonl")));
    let input = fs::read(place.path(&format!("in/{name}"))).unwrap();
    let parsed = lines.iter().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let row = record["row"].as_u64().unwrap();
        let raw = base64::engine::general_purpose::STANDARD
            .decode(record["raw"].as_str().unwrap())
            .unwrap();
        if name.ends_with("jsonl") {
            let offset = record["offset"].as_u64().unwrap() as usize;
            assert!(input[offset..].starts_with(&raw) && input[offset + raw.len()] == b'\n');
        } else {
            assert!(serde_json::from_slice::<Value>(&raw).unwrap().is_object());
        }
        let text = |key: &str| record[key].as_str().unwrap().to_owned();
        (row, text("code"), text("cause"))
    });
    parsed.collect()
}

fn codes(bad: &[(u64, String, String)]) -> Vec<(u64, &str)> {
    bad.iter()
        .map(|(row, code, _)| (*row, code.as_str()))
        .collect()
}

#[test]
fn numbers_that_are_not_finite_are_told_and_never_null() {
    let place = Place::new();
    let fields = [
        "\"q\":0.5",
        "\"q\":1e400",
        "\"q\":-1e999",
        "\"q\":null",
        "\"x\":1e400",
    ];
    shard(&place, "a.jsonl", &fields);
    let texts: Vec<String> = docs("t", 4, &[En])
        .into_iter()
        .map(|doc| doc.text)
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(texts))),
        (
            "q",
            Arc::new(Float32Array::from(vec![
                0.25,
                f32::NAN,
                f32::INFINITY,
                -f32::INFINITY,
            ])),
        ),
    ];
    place.table(
        "in/b.parquet",
        &RecordBatch::try_from_iter(columns).unwrap(),
    );
    let rule =
        "[[filters.rule]]\nname = \"low\"\ncolumn = \"input.q\"\nmin = 0.1\n[mix]\nhuman = 1\n";
    let report = run(&place, rule);
    let lines = bad(&place, "a.jsonl");
    assert_eq!(codes(&lines), [(1, "E-SCORE-NAN"), (2, "E-SCORE-NAN")]);
    assert!(lines[0].2.contains("`input.q`"));
    let rows = bad(&place, "b.parquet");
    assert_eq!(codes(&rows), [1, 2, 3].map(|row| (row, "E-SCORE-NAN")));
    assert_eq!(report["reasons"]["E-SCORE-NAN"], 5);
    assert_eq!(report["rows"]["kept"], 4);
    for name in ["a.jsonl", "b.parquet"] {
        let scores = read_table(&place.path(&format!("mix/scores/web/{name}.parquet")));
        let status = scores.column_by_name("status").unwrap();
        let column = scores.column_by_name("input.q").unwrap();
        for i in 0..scores.num_rows() {
            let is_null = value(column, i).is_null();
            let empty = name == "a.jsonl" && i >= 3;
            assert_eq!(
                is_null,
                empty || value(status, i) == "quarantined",
                "{name} {i}"
            );
        }
    }
}

#[test]
fn a_column_of_nothing_but_nan_is_seen() {
    let place = Place::new();
    let texts: Vec<String> = docs("t", 3, &[En])
        .into_iter()
        .map(|doc| doc.text)
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(LargeStringArray::from(texts))),
        ("q", Arc::new(Float32Array::from(vec![f32::NAN; 3]))),
    ];
    place.table(
        "in/b.parquet",
        &RecordBatch::try_from_iter(columns).unwrap(),
    );
    shard(&place, "a.jsonl", &["\"x\":1"]);
    let strata = "[mix]\nhuman = 1\nstrata = [\"input.q\"]\n";
    let report = run(&place, strata);
    assert_eq!(report["reasons"]["E-SCORE-NAN"], 3);
    assert_eq!(report["rows"]["kept"], 1);
}

#[test]
fn what_is_no_weight_is_told() {
    let place = Place::new();
    let fields = [
        "\"q\":0.5",
        "\"q\":-0.1",
        "\"q\":1.5",
        "\"q\":0",
        "\"q\":true",
        "\"q\":null",
    ];
    shard(&place, "a.jsonl", &fields);
    let weight =
        |more: &str| format!("[mix]\nhuman = 1\nweight = {{ column = \"input.q\"{more} }}\n");
    let report = run(&place, &weight(""));
    let rows = bad(&place, "a.jsonl");
    assert_eq!(codes(&rows), [(1, "E-SCORE-RANGE")]);
    assert!(rows[0].2.contains("`input.q` is negative"));
    assert_eq!(report["reasons"]["zero_weight"], 1);
    fs::remove_dir_all(place.path("mix")).unwrap();
    run(&place, &weight(", complement = true"));
    let rows = bad(&place, "a.jsonl");
    assert_eq!(codes(&rows), [(1, "E-SCORE-RANGE"), (2, "E-SCORE-RANGE")]);
    assert!(rows[1].2.contains("not between 0 and 1"));
    fs::remove_dir_all(place.path("mix")).unwrap();
    // Human documents are not weighted here, whatever their column holds.
    let report = run(&place, &weight(", origins = [\"synthetic\"]"));
    assert_eq!(report["rows"]["quarantined"], 0);
}

#[test]
fn token_counts_that_are_no_counts_are_told() {
    let place = Place::new();
    let fields = [
        "\"n\":5",
        "\"n\":-5",
        "\"n\":2.5",
        "\"n\":\"5\"",
        "\"n\":1e400",
        "\"n\":7.0",
        "\"m\":1",
    ];
    shard(&place, "a.jsonl", &fields);
    let texts: Vec<String> = docs("t", 2, &[En])
        .into_iter()
        .map(|doc| doc.text)
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(texts))),
        ("n", Arc::new(Int64Array::from(vec![-1, 9]))),
    ];
    place.table(
        "in/b.parquet",
        &RecordBatch::try_from_iter(columns).unwrap(),
    );
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 0.9\n[mix]\nhuman = 1\nunit = \"tokens\"\n[[source]]\n\
         name = \"web\"\npaths = [\"in\"]\norigin = \"human\"\ntokens_column = \"n\"\n",
    );
    place.tamis("run mix.toml").code(0);
    let rows = bad(&place, "a.jsonl");
    assert_eq!(codes(&rows), [1, 2, 3, 4, 6].map(|row| (row, "E-TOKENS")));
    assert!(rows[0].2.contains("`n`"));
    assert_eq!(codes(&bad(&place, "b.parquet")), [(0, "E-TOKENS")]);
    assert_eq!(
        place.run("mix").report()["mix"][0]["planned_count"],
        5 + 7 + 9
    );
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_model_whose_weights_are_no_numbers_is_refused() {
    let place = Place::new();
    // Words that the model knows: of others it would say nothing.
    let text = "crucial tapestry delve leverage foster holistic vibrant realm";
    place.file("in/a.jsonl", format!("{{\"text\":\"{text}\"}}\n").repeat(2));
    let mut model = include_bytes!("../reference/fasttext-words.bin").to_vec();
    // The last value of the file is a weight of the output matrix.
    let at = model.len() - 4;
    model[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    place.file("m.bin", model);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 1\n[mix]\nhuman = 1\n\
         [[model]]\nname = \"quality\"\npath = \"m.bin\"\nlabel = \"machine\"\n\
         [[source]]\nname = \"web\"\npaths = [\"in\"]\norigin = \"human\"\n",
    );
    let refused = place.tamis("run mix.toml").code(2);
    refused.says("m.bin").says("a weight is no finite number");
    assert!(!place.path("mix/scores").exists());
}
