//! What a report tells of pools and generations, against the rows that the run read and wrote.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use serde_json::Value;
use tamis::text::count_words;

use crate::place::Place;
use crate::run::read_table;
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::En;

fn sum(lines: &Value, field: &str) -> u64 {
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| line[field].as_u64().unwrap()).sum()
}

#[test]
fn every_row_is_of_a_language_and_a_generation() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0)
        .says("said more than people do");
    let run = place.run("mix");
    let report = run.report();
    let cells = &report["languages_by_generation"];
    assert_eq!(sum(cells, "documents_before"), report["rows"]["read"]);
    assert_eq!(sum(cells, "documents_after"), report["rows"]["written"]);
    let written = run.rows();
    // A variant has as many words as its original.
    let words: u64 = written.iter().map(|row| count_words(&row.text)).sum();
    assert_eq!(sum(cells, "words_after"), words);
    let after = |generation: u64| -> u64 {
        let cells = cells.as_array().unwrap().iter();
        cells
            .filter(|cell| cell["generation"] == generation)
            .map(|cell| cell["documents_after"].as_u64().unwrap())
            .sum()
    };
    let first = written.iter().filter(|row| row.int("generation") == 1);
    assert_eq!(after(1), first.count() as u64);

    let pools = report["pools"].as_array().unwrap();
    assert_eq!(sum(&report["pools"], "documents"), report["rows"]["read"]);
    for pool in pools {
        let (tail, plan) = (&pool["tail"], &pool["plan"]);
        assert!(tail["kept"].as_u64() <= tail["rare"].as_u64());
        if let (Some(before), Some(after)) = (
            plan["before"]["ngrams"].as_u64(),
            plan["after"]["ngrams"].as_u64(),
        ) {
            // One document more or less.
            assert!(before.abs_diff(after) <= 512, "{pool}");
        }
    }
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn the_tail_of_a_mix_that_takes_all_is_kept() {
    let place = Place::new();
    place.shard("in/a.jsonl", &docs("h", 30, &[En]));
    place
        .tamis("run --human in --mix human=1 --out all")
        .code(0);
    let report = place.run("all").report();
    let pool = &report["pools"][0];
    assert_eq!(pool["tail"]["retention"], 1.0);
    assert_eq!(pool["plan"]["before"], pool["plan"]["after"]);
    assert_eq!(pool["sampled"], false);
}

#[test]
fn surprise_is_measured_where_it_is_asked_for() {
    let place = Place::new();
    place.shard("in/a.jsonl", &docs("h", 10, &[En]));
    let nll = |out: &str, more: &str| {
        let source =
            "[[source]]\nname = \"web\"\npaths = [\"in\"]\norigin = \"human\"\nlang = \"en\"\n";
        place.file("mix.toml", format!("[mix]\nhuman = 1\n{more}{source}"));
        place.tamis(&format!("run mix.toml --out {out}")).code(0);
        place.tamis(&format!("verify {out} --inputs")).code(0);
        let scores = read_table(&place.run(out).path("scores/web/a.jsonl.parquet"));
        ["nll", "novelty"].map(|name| {
            let column = scores.column_by_name(name).unwrap().clone();
            column.as_primitive::<Float64Type>().clone()
        })
    };
    let [bits, novelty] = nll("plain", "");
    assert_eq!((bits.null_count(), novelty.null_count()), (10, 10));
    let [bits, novelty] = nll("asked", "[score]\nnll = true\n");
    assert_eq!((bits.null_count(), novelty.null_count()), (0, 0));
    assert!(bits.values().iter().all(|&bits| bits > 0.0 && bits < 40.0));
    assert!(
        novelty
            .values()
            .iter()
            .all(|share| (0.0..=1.0).contains(share))
    );
}
