//! A second call does only what is not done, and says which and why.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::place::{Outcome, Place};
use crate::run::assert_same;
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::En;

fn done() -> (Place, String) {
    let place = Place::new();
    place.mixed();
    let args = format!("run {MIXED} {THREE} --out mix");
    place.tamis(&args).code(0);
    (place, args)
}

/// The shards that a stage says this of, sorted.
fn told(outcome: &Outcome, stage: &str, what: &str) -> Vec<String> {
    let stage = format!("stage=\"{stage}\"");
    let lines = outcome.stderr.lines();
    let named = lines.filter(|line| line.contains(&stage) && line.contains(what));
    let shard = |line: &str| Some(line.split_once("shard=\"")?.1.split_once('"')?.0.to_owned());
    let mut shards: Vec<String> = named.filter_map(shard).collect();
    shards.sort();
    shards
}

#[test]
fn a_second_call_skips_everything() {
    let (place, args) = done();
    let before = place.run("mix").tree();
    let again = place.tamis(&args).code(0).never_says("again");
    for (stage, told) in [
        ("score", "shards=6 of=6"),
        ("plan", ""),
        ("write", "shards=6 of=6"),
        ("report", ""),
    ] {
        let stage = format!("stage=\"{stage}\"");
        let skipped = |line: &str| {
            line.contains("done before") && line.contains(&stage) && line.contains(told)
        };
        assert!(
            again.stderr.lines().any(skipped),
            "{stage}: {}",
            again.stderr
        );
    }
    assert_same(&before, &place.run("mix").tree());
}

#[test]
fn a_new_time_stamp_is_no_change() {
    let (place, args) = done();
    let file = File::options()
        .append(true)
        .open(place.path("human/deep/c.jsonl"))
        .unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
        .unwrap();
    place.tamis(&args).code(0).never_says("again");
}

#[test]
fn a_changed_input_is_scored_again_and_another_source_is_not() {
    let (place, args) = done();
    place.shard("synthetic/s.jsonl.gz", &docs("other", 41, &[En]));
    let again = place.tamis(&args).code(0);
    assert!(told(&again, "score", "again").contains(&"synthetic/s.jsonl.gz".to_owned()));
    for other in ["human/", "unknown/"] {
        let told = told(&again, "score", "again");
        assert!(
            !told.iter().any(|shard| shard.starts_with(other)),
            "{told:?}"
        );
    }
    place
        .tamis(&args.replace("--out mix", "--out fresh"))
        .code(0);
    assert_same(&place.run("mix").tree(), &place.run("fresh").tree());
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_lost_or_spoiled_output_alone_is_written_again() {
    let (place, args) = done();
    let before = place.run("mix").tree();
    std::fs::remove_file(place.path("mix/data/human/b.parquet")).unwrap();
    let cut = File::options()
        .write(true)
        .open(place.path("mix/data/unknown/u.jsonl"))
        .unwrap();
    cut.set_len(10).unwrap();
    let again = place
        .tamis(&args)
        .code(0)
        .says("is missing")
        .says("is not what was written");
    assert_eq!(
        told(&again, "write", "again"),
        ["human/b.parquet", "unknown/u.jsonl"]
    );
    assert!(told(&again, "score", "again").is_empty());
    assert_same(&before, &place.run("mix").tree());
}

#[test]
fn what_is_no_input_any_more_leaves_nothing_behind() {
    let (place, args) = done();
    std::fs::remove_file(place.path("human/deep/c.jsonl")).unwrap();
    place.file("mix/data/human/.tmp-999999999-x", "half a shard");
    place.tamis(&args).code(0);
    place.tamis("verify mix --inputs").code(0);
    assert!(!place.path("mix/scores/human/deep/c.jsonl.parquet").exists());
    assert!(!place.path("mix/data/human/.tmp-999999999-x").exists());
}

#[test]
fn another_mix_in_the_same_directory_is_refused() {
    let (place, args) = done();
    let before = place.run("mix").tree();
    let other = args.replace("human=70", "human=60");
    let refused = place.tamis(&other).code(2);
    refused.says("tamis rebalance").says("config.mix");
    place
        .tamis(&format!("{args} --seed 9"))
        .code(2)
        .says("config.seed");
    assert_same(&before, &place.run("mix").tree());
}

#[test]
fn stages_one_by_one_give_what_a_run_gives() {
    let (place, args) = done();
    let config = std::fs::read_to_string(place.path("mix/config.toml")).unwrap();
    place.file(
        "mix.toml",
        config.replace("out = \".\"", "out = \"staged\""),
    );
    for stage in ["profile", "score", "plan", "write", "report"] {
        place.tamis(&format!("{stage} mix.toml")).code(0);
    }
    assert_same(&place.run("mix").tree(), &place.run("staged").tree());
    drop(args);
}

#[test]
fn a_stage_before_its_time_says_what_is_missing() {
    let place = Place::new();
    place.mixed();
    place.file(
        "mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 1\n[[source]]\nname = \"web\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place
        .tamis("plan mix.toml")
        .code(3)
        .says("run `tamis profile` first");
    place
        .tamis("score mix.toml")
        .code(3)
        .says("run `tamis profile` first");
    place.tamis("profile mix.toml").code(0);
    place
        .tamis("plan mix.toml")
        .code(3)
        .says("3 of 3 shards are not scored")
        .says("web/a.jsonl.zst, web/b.parquet, web/deep/c.jsonl");
    place.tamis("write mix.toml").code(3).says("plan.json");
    assert!(!place.path("mix/plan.json").exists());
}

#[test]
fn a_spoiled_profile_is_made_again() {
    let (place, args) = done();
    let before = place.run("mix").tree();
    let path = place.path("mix/profile/human.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    std::fs::remove_file(place.path("mix/profile/synthetic.bin")).unwrap();
    let again = place.tamis(&args).code(0);
    assert!(told(&again, "score", "again").is_empty());
    assert_same(&before, &place.run("mix").tree());
}

#[test]
fn an_input_that_changed_since_it_was_scored_is_not_written() {
    let (place, _) = done();
    std::fs::remove_file(place.path("mix/data/human/deep/c.jsonl")).unwrap();
    place.shard("human/deep/c.jsonl", &docs("c2", 30, &[En]));
    place
        .tamis("write mix")
        .code(3)
        .says("human/deep/c.jsonl")
        .says("run `tamis score` first");
    assert!(!place.path("mix/data/human/deep/c.jsonl").exists());
}
