//! `verify` against changes that no row shows: lists, records, plan, report and quarantine, with every digest made anew.

use std::fs;
use std::sync::Arc;

use arrow::array::{LargeStringArray, RecordBatch};
use serde_json::Value;
use tamis::provenance::ShardRecord;

use crate::place::Place;
use crate::shards::{docs, lines, packed, table};
use crate::tampering::{LINES, Victim, write_json};
use crate::texts::Lang::En;

/// A run with bad rows in lines and in a table.
fn with_bad_rows() -> Victim {
    let place = Place::new();
    let mut bytes = lines(&docs("a", 40, &[En]));
    bytes.extend_from_slice(b"{\"text\":null}\n");
    place.file("human/a.jsonl.zst", packed("a.zst", &bytes));
    let docs = docs("b", 40, &[En]);
    let batch = table(&docs);
    let texts = docs.iter().enumerate();
    let texts = texts.map(|(i, doc)| (i % 20 != 3).then_some(&doc.text));
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of("text").unwrap()] =
        Arc::new(LargeStringArray::from_iter(texts));
    let batch = RecordBatch::try_new(batch.schema(), columns).unwrap();
    place.table("human/b.parquet", &batch);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 0.1\n[mix]\nhuman = 1\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    Victim::of(place, "run mix.toml")
}

#[test]
fn a_file_that_no_input_asks_for_is_found() {
    let victim = Victim::new();
    let more = [
        "data/human/more.jsonl.zst",
        "scores/human/x.parquet",
        "quarantine/human/b.parquet.jsonl",
        "edits/x",
    ];
    for name in more {
        victim.place.file(&format!("mix/{name}"), "");
        victim.finds("", name);
        fs::remove_file(victim.place.path("mix").join(name)).unwrap();
    }
    victim.place.tamis("verify mix").code(0);
}

#[test]
fn a_changed_quarantine_is_found() {
    let victim = with_bad_rows();
    let (of_lines, of_table) = (
        "quarantine/human/a.jsonl.zst.jsonl",
        "quarantine/human/b.parquet.jsonl",
    );
    victim.write_lines(of_table, &victim.lines(of_table)[1..]);
    victim.finds("", "a bad row less");
    let twice = [victim.lines(of_lines), victim.lines(of_lines)].concat();
    victim.write_lines(of_lines, &twice);
    victim.finds("", "a bad row twice");
    let change = |name: &str, flags: &str, field: &str, value: Value| {
        let mut lines = victim.lines(name);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        let told = |value: &Value| format!("\"{field}\":{value}");
        let other = lines[0].replacen(&told(&line[field]), &told(&value), 1);
        assert_ne!(other, lines[0]);
        lines[0] = other;
        victim.write_lines(name, &lines);
        victim.finds(flags, field);
    };
    change(of_table, "", "row", 4.into());
    change(of_lines, "", "code", "E-OTHER".into());
    change(of_lines, "", "cause", "another".into());
    change(of_lines, "--inputs", "offset", 1.into());
    change(of_lines, "--inputs", "raw", "eA==".into());
    change(of_table, "--inputs", "raw", "eA==".into());
    victim.place.tamis("verify mix --inputs").code(0);
}

#[test]
fn an_earlier_provenance_that_the_input_does_not_have_is_found() {
    let victim = Victim::new();
    let mut lines = victim.lines(LINES);
    lines[3] = lines[3].replace("\"previous\":null", "\"previous\":\"{}\"");
    assert_ne!(lines, victim.lines(LINES));
    victim.write_lines(LINES, &lines);
    victim.finds("--inputs", "previous");
}

#[test]
fn a_changed_record_is_found() {
    let victim = Victim::new();
    let change = |stage: &str, what: &str, change: &dyn Fn(&mut ShardRecord)| {
        let name = format!("mix/manifest/{stage}/human/b.parquet.json");
        let path = victim.place.path(&name);
        let mut record = ShardRecord::read(&path).unwrap();
        change(&mut record);
        write_json(&path, &record);
        victim.finds("", &format!("{what} of {stage}"));
    };
    for stage in ["score", "write"] {
        change(stage, "the stage", &|record| record.stage.push('x'));
        change(stage, "the source", &|record| record.source.push('x'));
        change(stage, "the shard", &|record| record.shard.push('x'));
        change(stage, "the files", &|record| record.files.clear());
        change(stage, "a file's rows", &|record| record.files[0].rows += 1);
        change(stage, "the input", &|record| record.input.sampled.push('0'));
        change(stage, "the version", &|record| {
            record.fingerprint = record.fingerprint.clone().digest("version", "0");
        });
        change(stage, "what it was made from", &|record| {
            record.fingerprint = record.fingerprint.clone().digest("more", "0");
        });
    }
    change("write", "the input's size", &|record| {
        record.input.bytes += 1;
    });
    change("score", "rows kept", &|record| record.rows.kept -= 1);
    change("score", "rows written", &|record| record.rows.written += 1);
}

#[test]
fn what_no_row_shows_is_found_when_it_is_decided_again() {
    let victim = Victim::new();
    let change = |name: &str, what: &str, change: &dyn Fn(&mut Value)| {
        victim.change_json(name, change);
        victim.finds("", &format!("{what} of {name}"));
    };
    let one_more = |place: &'static str| {
        move |value: &mut Value| {
            let field = value.pointer_mut(place).unwrap();
            *field = (field.as_f64().unwrap() as u64 + 1).into();
        }
    };
    for place in [
        "/sources/0/anchors",
        "/cells/0/pool_count",
        "/cells/0/target",
        "/total",
    ] {
        change("plan.json", place, &one_more(place));
    }
    for place in [
        "/by_source/human/documents_after",
        "/origins/declared/human",
        "/diversity/before/mattr",
        "/mix/0/planned",
    ] {
        change("report.json", place, &one_more(place));
    }
    change("report.json", "a gate", &|value| {
        value["gates"][0]["ok"] = false.into();
    });
    change("report.json", "a part of the mix", &|value| {
        value["mix"].as_array_mut().unwrap().pop();
    });
    change("manifest.json", "a model", &|value| {
        value["models"]["prior"] = "0".into();
    });
    change("manifest.json", "the version", &|value| {
        value["tamis"] = "0.0.1".into();
    });
    change("inputs.json", "a format", &|value| {
        value["inputs"][0]["format"] = "x".into();
    });
    let path = victim.place.path("mix/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("language = true", "language = false"),
        ("zstd_level = 3", "zstd_level = 4"),
        ("key_from_id = false", "key_from_id = true"),
        ("b.parquet\"", "x.parquet\""),
        ("sample = ", "sample =  "),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        victim.finds("", to);
    }
}

#[test]
fn a_profile_that_the_inputs_do_not_give_is_found() {
    let victim = Victim::new();
    victim.change_json("profile/human.json", |profile| {
        profile["documents"] = 1.into();
    });
    // Not by hand: the program itself plans, writes and seals by the changed profile.
    for stage in ["plan", "write", "report"] {
        victim.place.tamis(&format!("{stage} mix")).code(0);
    }
    victim.place.tamis("verify mix").code(0);
    let found = victim.place.tamis("verify mix --inputs").code(3);
    assert!(found.stdout.contains("profile/human.json"), "{found:?}");
}
