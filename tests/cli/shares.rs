//! Anchors of sources and strata, and the share of machine text: in plan, report and audit.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use serde_json::Value;

use crate::place::Place;
use crate::run::read_table;
use crate::texts::{Draw, Lang, text};

/// Documents of two genres: of the first many are labelled `person`, of the second few.
fn genres(place: &Place) {
    let mut draw = Draw::new(5);
    let mut lines = String::new();
    for i in 0..200 {
        let genre = ["letter", "sign"][usize::from(i % 4 == 3)];
        let label = match (i % 4, i % 20) {
            (0, _) => "person",
            (3, 3) => "person",
            _ => "?",
        };
        let reviewed = ["human", "machine", "-", "-", "-"][i % 5];
        let text = serde_json::to_string(&text(&mut draw, Lang::En, 2 + i % 3)).unwrap();
        lines.push_str(&format!(
            "{{\"text\":{text},\"genre\":\"{genre}\",\"label\":\"{label}\",\"reviewed\":\"{reviewed}\"}}\n"
        ));
    }
    place.file("in/all.jsonl", lines);
}

fn config(place: &Place, more: &str) {
    place.file(
        "mix.toml",
        format!(
            "out = \"mix\"\n[mix]\nhuman = 1\nstrata = [\"input.genre\"]\n\
             [assign]\nmin_anchors = 30\nfpr = 0.05\nuncertain = \"human\"\n\
             [[source]]\nname = \"all\"\npaths = [\"in\"]\nlang = \"en\"\n\
             label = {{ column = \"label\", human = [\"person\"] }}\n{more}"
        ),
    );
}

/// Logits of the score rows for which `wanted` holds of genre and label, in order of size.
fn logits(place: &Place, wanted: impl Fn(usize) -> bool) -> Vec<f64> {
    let table = read_table(&place.run("mix").path("scores/all/all.jsonl.parquet"));
    let column = table.column_by_name("logit").unwrap();
    let column = column.as_primitive::<Float64Type>();
    let mut logits: Vec<f64> = (0..table.num_rows())
        .filter(|&i| wanted(i) && !column.is_null(i))
        .map(|i| column.value(i))
        .collect();
    logits.sort_by(f64::total_cmp);
    logits
}

/// The logit between the order statistics around (n + 1)(1 - 0.05).
fn conformal(sorted: &[f64]) -> f64 {
    let rank = (sorted.len() + 1) as f64 * 0.95;
    let at = |rank: f64| sorted[(rank as usize).min(sorted.len()) - 1];
    at(rank.floor()) + (at(rank.floor() + 1.0) - at(rank.floor())) * rank.fract()
}

#[test]
fn a_stratum_with_enough_anchors_has_its_own_threshold_and_the_others_have_the_source_s() {
    let place = Place::new();
    genres(&place);
    config(&place, "");
    place.tamis("run mix.toml").code(0).says("anchored by");
    let plan = place.run("mix").json("plan.json");
    let source = &plan["sources"][0];
    let strata = source["strata"].as_array().unwrap();
    let of = |name: &str| {
        let found = strata
            .iter()
            .find(|s| s["stratum"] == format!("input.genre={name}"));
        found.unwrap().clone()
    };
    let (letters, signs) = (of("letter"), of("sign"));
    let letter = |i: usize| i.is_multiple_of(4);
    let person = |i: usize| i.is_multiple_of(4) || i % 20 == 3;
    let near = |plan: &Value, sorted: &[f64]| {
        let found = plan["synthetic_at"].as_f64().unwrap();
        let exact = conformal(sorted);
        assert!(
            (0.0..=1.0 / 64.0 + 1e-9).contains(&(found - exact)),
            "{found} {exact}"
        );
    };
    assert_eq!(letters["anchored_by"], "stratum");
    near(&letters, &logits(&place, letter));
    assert_eq!(
        (&source["anchored_by"], &source["anchored"]),
        (&"source".into(), &true.into())
    );
    near(source, &logits(&place, person));
    assert_eq!(signs["anchored_by"], "source");
    assert_eq!(signs["synthetic_at"], source["synthetic_at"]);
    assert!(signs["anchors"].as_u64().unwrap() < 30);
    let all = logits(&place, |_| true);
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert_eq!(source["judged"], all.len());
    assert!((source["mean_logit"].as_f64().unwrap() - mean).abs() < 1e-9);
    let report = place.run("mix").report();
    let lines = report["prevalence"].as_array().unwrap();
    let methods: BTreeMap<String, &Value> = lines
        .iter()
        .map(|line| (line["stratum"].to_string(), &line["method"]))
        .collect();
    assert_eq!(methods.len(), 3);
    assert!(methods.values().all(|method| *method == "mixture_anchored"));
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_labelled_random_sample_decides_the_share() {
    let place = Place::new();
    genres(&place);
    config(
        &place,
        "sample = { column = \"reviewed\", human = [\"human\"], synthetic = [\"machine\"] }\n",
    );
    place.tamis("run mix.toml").code(0).says("ppi_plus_plus");
    let plan = place.run("mix").json("plan.json");
    let share = &plan["sources"][0]["prevalence"];
    assert_eq!(share["method"], "ppi_plus_plus");
    assert!(
        share["assumption"]
            .as_str()
            .unwrap()
            .contains("random sample")
    );
    let [share, low, high] = ["share", "low", "high"].map(|name| share[name].as_f64().unwrap());
    // Every second labelled document says machine, whatever it is like.
    assert!(
        low < 0.5 && 0.5 < high && high - low < 0.35,
        "{low} {share} {high}"
    );
    // The labels declare nothing.
    assert_eq!(
        place.run("mix").report()["origins"]["declared"]["synthetic"],
        Value::Null
    );
}

#[test]
fn without_anchors_everything_says_so() {
    let place = Place::new();
    genres(&place);
    config(&place, "");
    let text = std::fs::read_to_string(place.path("mix.toml")).unwrap();
    place.file(
        "mix.toml",
        text.replace("min_anchors = 30", "min_anchors = 300"),
    );
    place.tamis("run mix.toml").code(0).says("not anchored");
    let plan = place.run("mix").json("plan.json");
    let source = &plan["sources"][0];
    assert_eq!(
        (&source["anchored"], &source["anchored_by"]),
        (&false.into(), &Value::Null)
    );
    assert_eq!(
        (&source["shift"], &source["scale"]),
        (&0.0.into(), &1.0.into())
    );
    assert_eq!(source["prevalence"]["method"], "mixture_global");
}

#[test]
fn an_audit_tells_of_a_corpus_and_leaves_nothing() {
    let place = Place::new();
    genres(&place);
    let before = crate::place::files(&place.path("."));
    let outcome = place.tamis("audit in --json").code(0).says("machine text");
    let audit: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(audit["documents"], 200);
    assert_eq!(audit["by_source"]["unknown"]["documents"], 200);
    assert_eq!(audit["prevalence"][0]["source"], "unknown");
    assert_eq!(audit["prevalence"][0]["anchored"], false);
    assert!(audit["diversity"]["mattr"].as_f64().unwrap() > 0.0);
    assert_eq!(crate::place::files(&place.path(".")), before);
}

#[test]
fn an_audit_of_a_configuration_keeps_its_scores_for_a_mix() {
    let place = Place::new();
    genres(&place);
    config(&place, "");
    place
        .tamis("audit mix.toml --out audit")
        .code(0)
        .says("anchored by");
    assert!(!place.path("audit/plan.json").exists());
    place
        .tamis("rebalance audit --mix human=1 --out mix")
        .code(0);
    assert!(place.run("mix").report()["rows"]["read"] == 200);
}

#[test]
fn a_sample_is_the_same_documents_however_they_are_read() {
    let place = Place::new();
    genres(&place);
    let drawn = |threads: usize, out: &str| {
        let args = format!("audit in --sample 50 --threads {threads} --out {out} --json");
        let outcome = place.tamis(&args).code(0);
        let audit: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(
            (&audit["documents"], &audit["sample"]),
            (&50.into(), &50.into())
        );
        std::fs::read_to_string(place.path(&format!("{out}.sample/unknown.jsonl"))).unwrap()
    };
    let one = drawn(1, "one");
    assert_eq!(one, drawn(4, "two"));
    let whole = std::fs::read_to_string(place.path("in/all.jsonl")).unwrap();
    let texts = |lines: &str| -> Vec<String> {
        let text = |line: &str| serde_json::from_str::<Value>(line).unwrap()["text"].to_string();
        lines.lines().map(text).collect()
    };
    let all = texts(&whole);
    assert!(texts(&one).iter().all(|text| all.contains(text)));
    // Not the first ones.
    assert!(texts(&one).iter().any(|text| all[100..].contains(text)));
    place
        .tamis("audit in --sample 500")
        .code(0)
        .says("200 documents");
}

#[test]
fn a_sample_leaves_out_as_many_bad_shards_as_are_allowed() {
    let place = Place::new();
    genres(&place);
    place.file("in/cut.jsonl.zst", b"\x28\xb5\x2f\xfd\x04");
    place
        .tamis("audit in --sample 50")
        .code(3)
        .says("unknown/cut.jsonl.zst");
    let allowed = "audit in --sample 50 --allow-failed 1";
    place.tamis(allowed).code(0).says("50 documents");
}

#[test]
fn a_sample_has_the_columns_that_its_rows_have_no_value_of() {
    let place = Place::new();
    genres(&place);
    // Of many rows one has the label: it is hardly among those that are drawn.
    let whole = std::fs::read_to_string(place.path("in/all.jsonl")).unwrap();
    let labelled = whole.replacen('{', "{\"reviewed\":\"human\",", 1);
    place.file("in/all.jsonl", labelled);
    place.file(
        "audit.toml",
        "[mix]\nhuman = 1\n[[source]]\nname = \"a\"\npaths = [\"in\"]\n\
         label = { column = \"reviewed\", human = [\"human\"] }\n",
    );
    place.tamis("audit audit.toml --sample 3").code(0);
}

#[test]
fn fewer_anchors_than_a_rate_needs_are_no_anchors() {
    let place = Place::new();
    genres(&place);
    config(&place, "");
    let text = std::fs::read_to_string(place.path("mix.toml")).unwrap();
    // 60 anchors tell no rate of 1 in 100.
    place.file("mix.toml", text.replace("fpr = 0.05", "fpr = 0.01"));
    place.tamis("run mix.toml").code(0).says("not anchored");
    let plan = place.run("mix").json("plan.json");
    let source = &plan["sources"][0];
    assert_eq!(source["anchors"], 60);
    assert_eq!(source["anchored"], false);
    assert!(source["synthetic_at"].as_f64().unwrap() < 10.0);
}

#[test]
fn a_sample_corrects_the_share_of_what_nobody_declared_by_that_alone() {
    let place = Place::new();
    let mut draw = Draw::new(9);
    let mut lines = String::new();
    for i in 0..200 {
        // A hundred people's texts, declared and labelled so; the others are labelled as machines'.
        let (label, reviewed) = [("person", "human"), ("?", "machine")][usize::from(i % 2 == 1)];
        let text = serde_json::to_string(&text(&mut draw, Lang::En, 3)).unwrap();
        lines.push_str(&format!(
            "{{\"text\":{text},\"genre\":\"letter\",\"label\":\"{label}\",\"reviewed\":\"{reviewed}\"}}\n"
        ));
    }
    place.file("in/all.jsonl", lines);
    config(
        &place,
        "sample = { column = \"reviewed\", human = [\"human\"], synthetic = [\"machine\"] }\n",
    );
    place.tamis("run mix.toml").code(0);
    let share = &place.run("mix").json("plan.json")["sources"][0]["prevalence"];
    assert_eq!(share["method"], "ppi_plus_plus");
    assert!(share["share"].as_f64().unwrap() > 0.9, "{share}");
}

#[test]
fn an_audit_of_a_sample_takes_the_place_of_no_run() {
    let place = Place::new();
    genres(&place);
    config(&place, "");
    place.tamis("run mix.toml").code(0);
    let refused = place.tamis("audit mix --sample 20 --out mix").code(2);
    refused.says("mix").says("exists");
    place.tamis("verify mix --inputs").code(0);
}
