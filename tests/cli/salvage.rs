//! Damaged shards of which the rows before the damage are kept, where that is asked for.

use std::fs::File;

use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::place::{Outcome, Place};
use crate::run::{assert_same, read_lines};
use crate::shards::{docs, lines, packed, table};
use crate::texts::Lang::{De, En};

const BAD: &str = "human/bad.jsonl.zst";
const MIX: &str = "--mix human=70,semi_synthetic=10,synthetic=20 --out mix";

/// Good shards and one that is cut inside its second frame; the first holds 150 rows.
fn place() -> Place {
    let place = Place::new();
    place.shard("human/a.jsonl.zst", &docs("a", 40, &[En, De]));
    place.shard("human/b.parquet", &docs("b", 40, &[En]));
    place.shard("synthetic/s.jsonl", &docs("s", 60, &[En]));
    let frames = ["c", "d"].map(|name| packed(BAD, &lines(&docs(name, 150, &[En, De]))));
    let whole = frames.concat();
    place.file(BAD, &whole[..frames[0].len() + frames[1].len() / 4]);
    place
}

fn run(place: &Place, more: &str) -> Outcome {
    place.tamis(&format!(
        "run --human human --synthetic synthetic {MIX} {more}"
    ))
}

/// Rows of the damaged shard that the run kept.
fn kept(place: &Place) -> u64 {
    let record = place
        .run("mix")
        .json("manifest/score/human/bad.jsonl.zst.json");
    assert_eq!(record["salvaged"]["code"], "E-ZST-TRUNC");
    assert_eq!(record["rows"]["read"], record["salvaged"]["rows"]);
    record["salvaged"]["rows"].as_u64().unwrap()
}

#[test]
fn rows_before_the_damage_are_kept_and_told() {
    let place = place();
    run(&place, "")
        .code(3)
        .says("1 shard failed")
        .says("limits.salvage = true");
    let told = run(&place, "--salvage").code(0);
    let rows = kept(&place);
    assert!((150..300).contains(&rows), "{rows}");
    told.says(&format!("salvaged the first {rows} rows of {BAD}"))
        .says("E-ZST-TRUNC");
    let report = place.run("mix").report();
    assert_eq!(report["complete"], false);
    assert_eq!(report["rows"]["read"], 140 + rows);
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1);
    let told = &failures[0];
    assert_eq!((&told["shard"], &told["row"]), (&BAD.into(), &rows.into()));
    assert_eq!(
        (&told["code"], &told["action"]),
        (&"E-ZST-TRUNC".into(), &"salvaged".into())
    );
    assert!(told["cause"].as_str().unwrap().contains("ends too early"));
    let manifest = place.run("mix").json("manifest.json");
    assert_eq!(
        (&manifest["salvaged"], &manifest["failed"]),
        (&1.into(), &0.into())
    );
    let written = read_lines(&place.path("mix/data").join(BAD));
    let last: Value = written
        .iter()
        .map(|line| {
            let tail = &line[line.rfind(",\"tamis\":").unwrap() + 9..line.rfind('}').unwrap()];
            serde_json::from_str::<Value>(tail.trim_end()).unwrap()
        })
        .next_back()
        .unwrap();
    assert!(last["row"].as_u64().unwrap() < rows);
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn salvaging_changes_nothing_for_whole_shards() {
    let place = place();
    run(&place, "").code(3);
    let told = run(&place, "--salvage").code(0).stderr;
    let again: Vec<&str> = told.lines().filter(|line| line.contains("again")).collect();
    assert_eq!(
        again.len(),
        1,
        "only the damaged shard is scored again: {told}"
    );
    assert!(again[0].contains(BAD));
    let tree = place.run("mix").tree();
    run(&place, "--salvage")
        .code(0)
        .never_says("again")
        .says("shards=4 of=4");
    place.tamis("run mix").code(0).never_says("again");
    assert_same(&tree, &place.run("mix").tree());
    run(&place, "").code(3).says("limits.salvage changed");
}

#[test]
fn what_is_kept_does_not_depend_on_threads_or_memory() {
    let place = place();
    run(&place, "--salvage").code(0);
    let first = place.run("mix").tree();
    for calls in ["--threads 1 --memory 64MiB", "--threads 7 --memory 4GiB"] {
        std::fs::remove_dir_all(place.path("mix")).unwrap();
        run(&place, &format!("--salvage {calls}")).code(0);
        assert_same(&first, &place.run("mix").tree());
    }
}

#[test]
fn a_salvaged_run_can_be_rebalanced_and_mended() {
    let place = place();
    run(&place, "--salvage").code(0);
    let rows = kept(&place);
    place
        .tamis("rebalance mix --mix human=1 --out other")
        .code(0)
        .says("salvaged the first");
    assert_eq!(place.run("other").report()["rows"]["read"], 140 + rows);
    place.tamis("verify other --inputs").code(0);
    let frames = ["c", "d"].map(|name| packed(BAD, &lines(&docs(name, 150, &[En, De]))));
    place.file(BAD, frames.concat());
    run(&place, "--salvage").code(0);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["complete"], &report["rows"]["read"]),
        (&true.into(), &440.into())
    );
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_source_of_one_damaged_shard_is_profiled_as_far_as_it_goes() {
    let place = place();
    let args = format!("run --human {BAD} --synthetic synthetic {MIX} --salvage");
    place.tamis(&args).code(0);
    let profile = place.run("mix").json("profile/human.json");
    assert_eq!(profile["documents"], kept_of_name(&place, "bad.jsonl.zst"));
    place.tamis("verify mix --inputs").code(0);
}

fn kept_of_name(place: &Place, shard: &str) -> Value {
    let record = place
        .run("mix")
        .json(&format!("manifest/score/human/{shard}.json"));
    record["salvaged"]["rows"].clone()
}

#[test]
fn a_shard_without_a_whole_row_fails_all_the_same() {
    let place = place();
    let frame = packed(BAD, &lines(&docs("c", 150, &[En, De])));
    place.file(BAD, &frame[..40]);
    run(&place, "--salvage").code(3).says("E-ZST-TRUNC");
    run(&place, "--salvage --allow-failed 1").code(0);
    let report = place.run("mix").report();
    assert_eq!(report["failures"][0]["action"], "the shard is left out");
    place.tamis("verify mix --inputs").code(0);
}

/// A table of three row groups of 20 rows, with the last group's chunk of a column overwritten.
fn damaged_table(place: &Place, column: &str) {
    let batch = table(&docs("t", 60, &[En]));
    let path = place.file("human/t.parquet", "");
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(20))
        .build();
    let file = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.close().unwrap();
    let group = metadata.row_group(2);
    let chunk = group
        .columns()
        .iter()
        .find(|chunk| chunk.column_path().string() == column)
        .unwrap();
    let (start, length) = chunk.byte_range();
    let mut bytes = std::fs::read(&path).unwrap();
    let start = start as usize;
    bytes[start..start + length as usize].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn row_groups_before_the_damage_are_kept_whichever_column_it_is_in() {
    for column in ["text", "count"] {
        let place = place();
        std::fs::remove_file(place.path(BAD)).unwrap();
        damaged_table(&place, column);
        run(&place, "")
            .code(3)
            .says("human/t.parquet")
            .says("E-PARQUET");
        assert!(!place.path("mix/report.json").exists());
        std::fs::remove_dir_all(place.path("mix")).unwrap();
        run(&place, "--salvage")
            .code(0)
            .says("salvaged the first 40 rows of human/t.parquet");
        assert_eq!(place.run("mix").report()["rows"]["read"], 140 + 40);
        place.tamis("verify mix --inputs").code(0);
    }
}
