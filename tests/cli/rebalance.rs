//! Another mix from the scores of a finished run.

use crate::place::Place;
use crate::run::assert_same;
use crate::shards::{MIXED, THREE};

#[test]
fn a_new_ratio_needs_no_new_scores() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    let before = place.run("mix").tree();
    place
        .tamis("rebalance mix --mix human=85,synthetic=15 --out other")
        .code(0);
    assert_same(&before, &place.run("mix").tree());
    let other = place.run("other");
    assert!(!other.path("scores").exists() && !other.path("profile").exists());
    for line in other.report()["mix"].as_array().unwrap() {
        let apart = line["written"].as_f64().unwrap() - line["target"].as_f64().unwrap();
        assert!(apart.abs() < 0.02, "{line}");
    }
    assert!(other.rows().iter().all(|row| row.changed() == 0));
    place.tamis("verify other --inputs").code(0);
    place.tamis("verify mix --inputs").code(0);

    place
        .tamis(&format!(
            "run {MIXED} --mix human=85,synthetic=15 --out direct"
        ))
        .code(0);
    let data = |name: &str| {
        let tree = place.run(name).tree().into_iter();
        tree.filter(|(name, _)| name.starts_with("data/"))
            .collect::<Vec<_>>()
    };
    let (other, direct) = (data("other"), data("direct"));
    assert!(
        other == direct,
        "a mix does not depend on how one came to it"
    );
}

#[test]
fn a_rebalanced_run_can_be_rebalanced_and_resumed() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    let second = "rebalance mix --mix human=85,synthetic=15 --out second";
    place.tamis(second).code(0);
    let before = place.run("second").tree();
    place.tamis(second).code(0).says("done before");
    assert_same(&before, &place.run("second").tree());
    place
        .tamis(&format!("rebalance second {THREE} --out third"))
        .code(0);
    place.tamis("verify third --inputs").code(0);
    let data = |name: &str| {
        place
            .run(name)
            .rows()
            .iter()
            .map(|r| r.text.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(data("third"), data("mix"));
}

#[test]
fn what_cannot_be_rebalanced_is_refused() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    let before = place.run("mix").tree();
    place
        .tamis("rebalance mix --mix human=1 --out mix")
        .code(2)
        .says("one inside the other");
    place
        .tamis("rebalance mix --mix human=1 --out mix/inside")
        .code(2)
        .says("one inside the other");
    place
        .tamis("rebalance human --mix human=1 --out x")
        .code(2)
        .says("config.toml");
    let refused = place.tamis("rebalance mix --mix human=30,synthetic=70 --out x");
    refused.code(4).says("gate `max_synthetic`");
    place
        .tamis("rebalance mix --mix human=1,machine=2 --out y")
        .code(2)
        .says("`machine=2`");
    assert_same(&before, &place.run("mix").tree());
}

#[test]
fn scores_that_changed_under_a_mix_are_noticed() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    place
        .tamis("rebalance mix --mix human=85,synthetic=15 --out other")
        .code(0);
    let scores = place.path("mix/scores/unknown/u.jsonl.parquet");
    let mut bytes = std::fs::read(&scores).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&scores, bytes).unwrap();
    place.tamis("verify other").code(3);
}
