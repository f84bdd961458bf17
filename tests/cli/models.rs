//! Models that a configuration names: their scores, their pins, and what is said of a bad one.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use crate::place::Place;
use crate::run::read_table;
use crate::shards::{Doc, docs};
use crate::texts::Lang::En;

const MODEL: &[u8] = include_bytes!("../reference/fasttext-words.bin");
const MIX: &str = "out = \"mix\"\n[mix]\nhuman = 1\n\
    [[source]]\nname = \"web\"\npaths = [\"in\"]\norigin = \"human\"\n";

/// Documents with the words that the model takes for a machine's, among others.
fn place() -> Place {
    let place = Place::new();
    let mut all = docs("h", 20, &[En]);
    for i in 0..5 {
        all.push(Doc {
            id: format!("m{i}"),
            text: "crucial tapestry delve leverage foster holistic vibrant realm ".repeat(i + 1),
        });
    }
    place.shard("in/a.jsonl", &all);
    place.file("words.bin", MODEL);
    place
}

fn model(digest: &str) -> String {
    format!("[[model]]\nname = \"quality\"\npath = \"words.bin\"\nlabel = \"machine\"\n{digest}")
}

#[test]
fn a_fasttext_model_is_a_column_and_a_filter() {
    let place = place();
    let digest = format!("digest = \"{}\"\n", blake3::hash(MODEL).to_hex());
    let rule = "[[filters.rule]]\nname = \"machine_like\"\ncolumn = \"model_quality\"\nmax = 0.9\n";
    place.file("mix.toml", format!("{MIX}{}{rule}", model(&digest)));
    place.tamis("run mix.toml").code(0);
    let run = place.run("mix");
    let scores = read_table(&run.path("scores/web/a.jsonl.parquet"));
    let column = scores.column_by_name("model_quality").unwrap();
    let column = column.as_primitive::<Float64Type>();
    let machine = |i: usize| column.value(i) > 0.9;
    assert!((20..25).all(machine));
    let dropped = (0..25).filter(|&i| machine(i)).count();
    assert_eq!(run.report()["reasons"]["machine_like"], dropped);
    assert!(
        run.rows()
            .iter()
            .all(|row| !machine(row.int("row") as usize))
    );
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_new_model_means_new_scores() {
    let place = place();
    place.file("mix.toml", format!("{MIX}{}", model("")));
    place.tamis("score mix.toml").code(3);
    place.tamis("profile mix.toml").code(0);
    place.tamis("score mix.toml").code(0);
    place.file(
        "words.bin",
        include_bytes!("../reference/fasttext-chars.bin"),
    );
    place
        .tamis("score mix.toml")
        .code(0)
        .says("model.quality changed");
}

#[test]
fn bad_models_are_refused_before_any_data_is_read() {
    let place = place();
    place.file("cut.bin", &MODEL[..MODEL.len() / 2]);
    place.file("text.bin", "hello, this is no model");
    place.file("empty.bin", "");
    for (path, label, says) in [
        ("nowhere.bin", "machine", "cannot read the model"),
        ("cut.bin", "machine", "cut.bin"),
        ("text.bin", "machine", "text.bin"),
        ("empty.bin", "machine", "empty.bin"),
        ("words.bin", "robot", "robot"),
    ] {
        let model = format!("[[model]]\nname = \"m\"\npath = \"{path}\"\nlabel = \"{label}\"\n");
        place.file("mix.toml", format!("{MIX}{model}"));
        place.tamis("run mix.toml").code(2).says(says);
    }
    place.file("mix.toml", format!("{MIX}{}", model("digest = \"00\"\n")));
    place
        .tamis("run mix.toml")
        .code(2)
        .says("not the pinned 00");
    for (key, says) in [
        ("[classifier]\npath = \"text.bin\"\n", "classifier"),
        ("[profile]\nreference = \"text.bin\"\n", "reference"),
        ("[edit]\nprior = \"ngram:text.bin\"\n", "prior"),
        ("[edit]\nprior = \"ngram:empty.bin\"\n", "empty.bin"),
        ("[edit]\nprior = \"ngram:nowhere.bin\"\n", "nowhere.bin"),
    ] {
        place.file("mix.toml", format!("{MIX}{key}"));
        place.tamis("run mix.toml").code(2).says(says);
    }
    assert!(!place.path("mix").exists());
}

#[test]
fn all_bad_models_and_inputs_are_told_at_once() {
    let place = place();
    let bad = "[classifier]\npath = \"none.bin\"\n[[model]]\nname = \"m\"\npath = \"gone.bin\"\nlabel = \"x\"\n";
    place.file(
        "mix.toml",
        format!("{}{bad}", MIX.replace("\"in\"", "\"out/*\"")),
    );
    let refused = place.tamis("run mix.toml").code(2);
    refused
        .says("none.bin")
        .says("gone.bin")
        .says("matches no shard");
}

#[test]
fn a_trained_prior_and_reference_can_be_used() {
    let place = place();
    let mut lines = String::new();
    for doc in docs("t", 2600, &[En]) {
        let text = serde_json::to_string(&doc.text).unwrap();
        lines.push_str(&format!("{{\"text\":{text},\"lang\":\"en\"}}\n"));
    }
    place.file("train/t.jsonl", lines);
    place
        .tamis("train prior train --out prior.bin")
        .code(0)
        .says("en");
    place
        .tamis("train profile train --out reference.bin")
        .code(0)
        .says("reference.bin");
    let keys = "[edit]\nprior = \"ngram:prior.bin\"\n[profile]\nreference = \"reference.bin\"\n";
    let mix = MIX.replace("human = 1\n", "human = 60\nsemi_synthetic = 40\n");
    place.file("mix.toml", format!("{mix}{keys}"));
    place.tamis("run mix.toml").code(0);
    let rows = place.run("mix").rows();
    let variants: Vec<_> = rows.iter().filter(|row| row.changed() > 0).collect();
    assert!(!variants.is_empty());
    let prior = variants[0].tamis["edit"]["prior"].as_str().unwrap();
    assert!(prior.starts_with("ngram:"), "{prior}");
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn the_config_of_a_run_finds_its_models_from_anywhere() {
    let place = place();
    place.file("project/words.bin", MODEL);
    place.shard("project/in/a.jsonl", &docs("h", 20, &[En]));
    place.file("project/mix.toml", format!("{MIX}{}", model("")));
    place.tamis("run project/mix.toml").code(0);
    place.tamis("run project/mix").code(0).never_says("again");
    place
        .tamis("rebalance project/mix --mix human=1 --total 100 --out other")
        .code(0);
    place.tamis("verify other --inputs").code(0);
}
