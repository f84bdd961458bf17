//! The main job: shards of both formats in, a mix at the wished ratio out, every row accounted for.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::UInt32Array;
use arrow::compute::take;
use serde_json::Value;
use tamis::text::count_words;

use crate::place::Place;
use crate::run::{Row, Run, read_lines, read_table};
use crate::shards::{MIXED, THREE};

const KEYS: [&str; 16] = [
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
const EDIT_KEYS: [&str; 7] = [
    "prior",
    "threshold",
    "top_k",
    "temperature",
    "eligible",
    "resampled",
    "changed",
];
const INPUT_ROWS: u64 = 260;

fn done() -> (Place, Run) {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    let run = place.run("mix");
    (place, run)
}

/// The texts of all input rows by file and row, read without the program.
fn originals(place: &Place) -> BTreeMap<(String, u64), String> {
    let mut texts = BTreeMap::new();
    for name in [
        "human/a.jsonl.zst",
        "human/b.parquet",
        "human/deep/c.jsonl",
        "synthetic/s.jsonl.gz",
        "synthetic/t.parquet",
        "unknown/u.jsonl",
    ] {
        let path = place.path(name);
        let rows: Vec<String> = if name.ends_with(".parquet") {
            let column = read_table(&path).column_by_name("text").unwrap().clone();
            let column = arrow::array::AsArray::as_string::<i64>(&column).clone();
            column.iter().map(|text| text.unwrap().to_owned()).collect()
        } else {
            read_lines(&path).iter().map(|line| text_of(line)).collect()
        };
        for (row, text) in rows.into_iter().enumerate() {
            texts.insert((name.to_owned(), row as u64), text);
        }
    }
    assert_eq!(texts.len() as u64, INPUT_ROWS);
    texts
}

fn text_of(line: &str) -> String {
    let fields: BTreeMap<&str, &serde_json::value::RawValue> = serde_json::from_str(line).unwrap();
    serde_json::from_str(fields["text"].get()).unwrap()
}

#[test]
fn shares_are_exact_to_one_document() {
    let (place, run) = done();
    let originals = originals(&place);
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut recounted: BTreeMap<String, u64> = BTreeMap::new();
    for row in run.rows() {
        let origin = row.str("origin").to_owned();
        *sums.entry(origin.clone()).or_default() += count_words(&originals[&row.place()]);
        *recounted.entry(origin).or_default() += count_words(&row.text);
    }
    let largest = originals
        .values()
        .map(|text| count_words(text))
        .max()
        .unwrap() as f64;
    let total = run.json("plan.json")["total"].as_u64().unwrap() as f64;
    for (origin, share) in [
        ("human", 0.7),
        ("semi_synthetic", 0.15),
        ("synthetic", 0.15),
    ] {
        let apart = (sums[origin] as f64 - share * total).abs();
        assert!(apart <= largest, "{origin}: {} of {total}", sums[origin]);
    }
    let whole: u64 = recounted.values().sum();
    for line in run.report()["mix"].as_array().unwrap() {
        let origin = line["origin"].as_str().unwrap();
        let share = recounted[origin] as f64 / whole as f64;
        assert!((line["written"].as_f64().unwrap() - share).abs() < 1e-12);
        assert_eq!(line["written_count"], recounted[origin]);
    }
}

#[test]
fn every_row_is_accounted_for() {
    let (_place, run) = done();
    let report = run.report();
    let count = |of: &Value, key: &str| of[key].as_u64().unwrap();
    let mut read = 0;
    for name in run.names("manifest/write") {
        let record = run.json(&format!("manifest/write/{name}"));
        let rows = &record["rows"];
        let parts = ["kept", "dropped", "quarantined"].map(|key| count(rows, key));
        assert_eq!(count(rows, "read"), parts.iter().sum::<u64>(), "{name}");
        let reasons = record["reasons"].as_object().unwrap().values();
        assert_eq!(parts[1], reasons.map(|n| n.as_u64().unwrap()).sum::<u64>());
        read += count(rows, "read");
    }
    assert_eq!(read, INPUT_ROWS);
    assert_eq!(count(&report["rows"], "read"), INPUT_ROWS);
    let rows = run.rows();
    assert_eq!(count(&report["rows"], "written"), rows.len() as u64);
    let kept: BTreeSet<_> = rows.iter().map(Row::place).collect();
    assert_eq!(count(&report["rows"], "kept"), kept.len() as u64);
    assert_eq!(
        kept.len(),
        rows.len(),
        "no document is there twice without a total"
    );
    assert!(!run.tree().keys().any(|name| name.contains(".tmp-")));
}

#[test]
fn variants_differ_and_all_else_is_the_original() {
    let (place, run) = done();
    let originals = originals(&place);
    let mut variants = 0;
    for row in run.rows() {
        let original = &originals[&row.place()];
        let origin = row.str("origin");
        assert_eq!(origin == "semi_synthetic", row.changed() >= 1);
        if origin != "semi_synthetic" {
            assert_eq!(&row.text, original);
            continue;
        }
        variants += 1;
        assert_ne!(row.str("source"), "synthetic");
        assert_eq!(row.int("generation"), 1);
        assert_ne!(row.str("origin_by"), "default", "nobody spoke for it");
        let pairs = || row.text.split(' ').zip(original.split(' '));
        assert_eq!(row.text.split(' ').count(), original.split(' ').count());
        let changed = pairs().filter(|(new, old)| new != old).count() as u64;
        assert!(
            (1..=row.changed()).contains(&changed),
            "{changed} of {}",
            row.changed()
        );
        let marks = |text: &str| text.replace(char::is_alphabetic, "");
        assert_eq!(marks(&row.text), marks(original), "only words change");
    }
    assert!(variants >= 10, "{variants}");
    assert_eq!(run.report()["edits"]["drawn"], variants);
}

#[test]
fn provenance_is_complete() {
    let (_place, run) = done();
    let id = run.json("plan.json")["run"].clone();
    for row in run.rows() {
        let object = row.tamis.as_object().unwrap();
        let keys = |of: &Value| {
            of.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(keys(&row.tamis), KEYS.map(str::to_owned).into());
        assert_eq!(keys(&object["edit"]), EDIT_KEYS.map(str::to_owned).into());
        assert_eq!(
            row.place().0,
            row.file,
            "a row names the file that it stands in"
        );
        assert_eq!(row.tamis["run"], id);
        let key = tamis::document::Key::of_row(row.str("source"), row.str("shard"), row.int("row"));
        assert_eq!(row.str("key"), key.to_string());
        assert_eq!((row.int("copy"), &row.tamis["previous"]), (0, &Value::Null));
        let declared = row.tamis["declared_origin"].as_str();
        assert_eq!(declared.is_some(), row.str("source") != "unknown");
        if row.str("source") == "unknown" {
            assert!(["classifier", "default"].contains(&row.str("origin_by")));
        }
    }
}

#[test]
fn a_line_keeps_every_byte_but_the_edited_text() {
    let (place, run) = done();
    let mut seen = 0;
    for row in run.rows().iter().filter(|row| row.line.is_some()) {
        let input = read_lines(&place.path(&row.file));
        let original = &input[row.int("row") as usize];
        let literal = |text: &str| serde_json::to_string(text).unwrap();
        let expected = original.replace(&literal(&text_of(original)), &literal(&row.text));
        let line = row.line.as_ref().unwrap();
        let (head, tail) = line.split_once(r#","tamis":{"#).unwrap();
        assert!(tail.ends_with("}"));
        assert_eq!(head, expected.trim_end_matches('}').trim_end());
        seen += 1;
    }
    assert!(seen > 50);
}

#[test]
fn a_table_keeps_its_columns_types_and_values() {
    let (place, run) = done();
    for name in ["human/b.parquet", "synthetic/t.parquet"] {
        let before = read_table(&place.path(name));
        let after = read_table(&run.path(&format!("data/{name}")));
        let fields = after.schema().fields().clone();
        assert_eq!(fields[..fields.len() - 1], before.schema().fields()[..]);
        assert_eq!(fields[fields.len() - 1].name(), "tamis");
        let rows: Vec<Row> = run
            .rows()
            .into_iter()
            .filter(|row| row.file == name)
            .collect();
        let places = UInt32Array::from_iter_values(rows.iter().map(|row| row.int("row") as u32));
        assert_eq!(places.len(), after.num_rows());
        for (at, field) in before.schema().fields().iter().enumerate() {
            if field.name() != "text" {
                let expected = take(before.column(at), &places, None).unwrap();
                assert_eq!(after.column(at), &expected, "{name}: {}", field.name());
            }
        }
    }
}

#[test]
fn a_total_is_met_with_copies_up_to_the_most() {
    let place = Place::new();
    place.mixed();
    let args = format!("{MIXED} {THREE}");
    place.tamis(&format!("run {args} --out once")).code(0);
    let most = place.run("once").json("plan.json")["total"]
        .as_u64()
        .unwrap();
    place
        .tamis(&format!("run {args} --out twice --total {}", most * 2))
        .code(0);
    let rows = place.run("twice").rows();
    let mut copies: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for row in &rows {
        copies.entry(row.place()).or_default().push(row.int("copy"));
    }
    for copies in copies.values() {
        assert_eq!(*copies, (0..copies.len() as u64).collect::<Vec<_>>());
        assert!(copies.len() <= 4);
    }
    assert!(copies.values().any(|copies| copies.len() > 1));
    place.tamis("verify twice --inputs").code(0);
    let refused = place.tamis(&format!("run {args} --out many --total {}", most * 20));
    refused
        .code(4)
        .says("the nearest target that works: human=70.00 semi_synthetic=15.00");
    assert!(!place.path("many/data").exists());
}

#[test]
fn filters_strata_and_weights_do_what_they_say() {
    let place = Place::new();
    place.mixed();
    let sources = "[[source]]\nname = \"web\"\npaths = [\"human/a.jsonl.zst\", \"human/deep/c.jsonl\"]\norigin = \"human\"\n\
        [[source]]\nname = \"gen\"\npaths = [\"synthetic/s.jsonl.gz\"]\norigin = \"synthetic\"\n";
    let rest = "[mix]\nhuman = 60\nsynthetic = 40\nunit = \"documents\"\nstrata = [\"lang\"]\n\
        weight = { column = \"input.score\", origins = [\"synthetic\"] }\n\
        [[filters.rule]]\nname = \"too_long\"\ncolumn = \"words\"\nmax = 120\n";
    place.file("mix.toml", format!("out = \"mix\"\n{sources}{rest}"));
    place.tamis("run mix.toml").code(0);
    let run = place.run("mix");
    let report = run.report();
    let long = report["reasons"]["too_long"].as_u64().unwrap();
    assert!(long > 0);
    assert_eq!(report["filters"]["too_long"], long);
    let rows = run.rows();
    assert!(rows.iter().all(|row| count_words(&row.text) <= 120));
    let german = |row: &&Row| row.text.contains("Der ");
    let human = rows.iter().filter(|row| row.str("origin") == "human");
    assert!(human.clone().any(|row| german(&row)) && human.clone().any(|row| !german(&row)));
    let lines = report["mix"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["stratum"] == "lang=de"));
    for row in rows.iter().filter(|row| row.str("origin") == "synthetic") {
        let score = 0.1 * (1 + row.int("row") % 9) as f64;
        assert!((row.tamis["weight"].as_f64().unwrap() - score).abs() < 1e-6);
    }
    place.tamis("verify mix --inputs").code(0);
}
