//! Stages in tasks: any number, any order, some twice, and each with its own shards only.

use std::fs;

use crate::place::Place;
use crate::run::{Tree, assert_same};
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::En;

/// Sources of both formats, what a run makes of them, and a configuration for `staged`.
fn prepared() -> (Place, Tree) {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out mix"))
        .code(0);
    let whole = place.run("mix").tree();
    configure(&place, "staged", |config| config);
    (place, whole)
}

/// Writes the configuration of `mix` for another run directory, changed by `change`.
fn configure(place: &Place, out: &str, change: impl Fn(String) -> String) {
    let config = fs::read_to_string(place.path("mix/config.toml")).unwrap();
    let config = config.replace("out = \".\"", &format!("out = \"{out}\""));
    place.file(&format!("{out}.toml"), change(config));
}

/// All tasks of a stage in this order, each ending well.
fn tasks(place: &Place, stage: &str, of: usize, order: impl IntoIterator<Item = usize>) {
    for task in order {
        place
            .tamis(&format!("{stage} staged.toml --task {task} --of {of}"))
            .code(0);
    }
}

#[test]
fn tasks_in_any_order_and_some_twice_give_what_a_run_gives() {
    let (place, whole) = prepared();
    for of in [1, 3, 8] {
        let _ = fs::remove_dir_all(place.path("staged"));
        place.tamis("profile staged.toml").code(0);
        tasks(&place, "score", of, (0..of).rev().chain([0]));
        place.tamis("plan staged.toml").code(0);
        // Shares of another number of tasks do as well: what is done is skipped.
        tasks(&place, "write", of + 1, [of, 0]);
        tasks(&place, "write", of, 0..of);
        place.tamis("report staged.toml").code(0);
        assert_same(&whole, &place.run("staged").tree());
        place.tamis("verify staged --inputs").code(0);
    }
}

#[test]
fn every_shard_is_of_one_task_and_the_largest_has_one_of_its_own() {
    let (place, _) = prepared();
    let size = |name: &str| fs::metadata(place.path(name)).unwrap().len();
    let names = [
        "human/a.jsonl.zst",
        "human/b.parquet",
        "human/deep/c.jsonl",
        "synthetic/s.jsonl.gz",
        "synthetic/t.parquet",
        "unknown/u.jsonl",
    ];
    let largest = names.into_iter().max_by_key(|name| size(name)).unwrap();
    place.tamis("profile staged.toml").code(0);
    let mut scored = Vec::new();
    let mut shares = Vec::new();
    for task in 0..3 {
        tasks(&place, "score", 3, [task]);
        let mut now = place.run("staged").names("scores");
        now.retain(|name| !scored.contains(name));
        shares.push(now.clone());
        scored.extend(now);
    }
    assert_eq!(scored.len(), names.len());
    assert_eq!(shares[0], [format!("{largest}.parquet")]);
}

#[test]
fn a_run_resumes_what_tasks_left() {
    let (place, whole) = prepared();
    place.tamis("profile staged.toml").code(0);
    tasks(&place, "score", 3, [1]);
    let told = place
        .tamis("plan staged.toml")
        .code(3)
        .says("of 6 shards are not scored, or changed since:")
        .says("run `tamis score");
    for name in place.run("staged").names("scores") {
        assert!(!told.stderr.contains(name.trim_end_matches(".parquet")));
    }
    assert!(!place.path("staged/plan.json").exists());
    place.tamis("run staged.toml").code(0).says("done before");
    assert_same(&whole, &place.run("staged").tree());
}

#[test]
fn a_task_before_its_time_is_told_what_to_run() {
    let (place, _) = prepared();
    place
        .tamis("score staged.toml --task 0 --of 2")
        .code(2)
        .says("no run directory yet")
        .says("`tamis profile`");
    assert!(!place.path("staged").exists());
    place.tamis("profile staged.toml").code(0);
    place
        .tamis("write staged --task 0 --of 2")
        .code(2)
        .says("plan.json")
        .says("`tamis plan ");
    fs::remove_file(place.path("staged/profile/unknown.json")).unwrap();
    place
        .tamis("score staged --task 0 --of 2")
        .code(2)
        .says("profile/unknown.json")
        .says("before the tasks of `score`");
    assert!(place.run("staged").names("scores").is_empty());
}

#[test]
fn a_task_of_another_configuration_is_refused() {
    let (place, _) = prepared();
    place.tamis("profile staged.toml").code(0);
    let before = place.run("staged").tree();
    let other = |config: String| config.replace("seed = 0", "seed = 1");
    configure(&place, "staged", other);
    place
        .tamis("score staged.toml --task 0 --of 2")
        .code(2)
        .says("another configuration, with other `seed`");
    configure(&place, "staged", |config| config);
    place.shard("human/new.jsonl", &docs("new", 5, &[En]));
    let listed = fs::read_to_string(place.path("mix/config.toml")).unwrap();
    assert!(listed.contains("human/./a.jsonl.zst"));
    place.file(
        "folders.toml",
        "out = \"staged\"\n[mix]\nhuman = 70\nsemi_synthetic = 15\nsynthetic = 15\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place
        .tamis("score folders.toml --task 0 --of 2")
        .code(2)
        .says("`source`");
    assert_same(&before, &place.run("staged").tree());
}

#[test]
fn a_task_fails_for_its_own_shards_and_leaves_the_judgement_to_plan() {
    let (place, _) = prepared();
    place.file("human/deep/c.jsonl.zst", "no frame");
    let run = format!("run {MIXED} {THREE} --allow-failed 1 --out failed");
    place.tamis(&run).code(0);
    let whole = place.run("failed").tree();
    let config = fs::read_to_string(place.path("failed/config.toml")).unwrap();
    place.file(
        "staged.toml",
        config.replace("out = \".\"", "out = \"staged\""),
    );
    place.tamis("profile staged.toml").code(0);
    let mut failed = 0;
    for task in 0..4 {
        let told = place.tamis(&format!("score staged.toml --task {task} --of 4"));
        if told.code == Some(3) {
            failed += 1;
            told.says("human/deep/c.jsonl.zst").says("E-FORMAT-OTHER");
        } else {
            told.code(0);
        }
    }
    assert_eq!(failed, 1);
    place
        .tamis("plan staged.toml")
        .code(3)
        .says("human/deep/c.jsonl.zst");
    place.tamis("plan staged.toml --allow-failed 1").code(0);
    tasks(&place, "write", 4, 0..4);
    place.tamis("report staged.toml").code(3);
    place.tamis("report staged.toml --allow-failed 1").code(0);
    assert_same(&whole, &place.run("staged").tree());
}

#[test]
fn the_budget_of_bad_rows_is_judged_by_plan() {
    let place = Place::new();
    place.shard("human/a.jsonl", &docs("a", 30, &[En]));
    place.file("human/b.jsonl", "{\"text\":1}\n{\"text\":\"x\"}\n");
    place.file(
        "staged.toml",
        "out = \"staged\"\n[mix]\nhuman = 1\n[[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place.tamis("profile staged.toml").code(0);
    tasks(&place, "score", 2, 0..2);
    place
        .tamis("plan staged.toml")
        .code(3)
        .says("1 of 32 rows are quarantined");
}

#[test]
fn a_report_names_what_is_not_written_or_by_another_plan() {
    let (place, _) = prepared();
    place.tamis("profile staged.toml").code(0);
    tasks(&place, "score", 1, [0]);
    place.tamis("plan staged.toml").code(0);
    tasks(&place, "write", 3, [1, 2]);
    place
        .tamis("report staged.toml")
        .code(3)
        .says("1 of 6 shards are not written")
        .says("run `tamis write");
    tasks(&place, "write", 3, [0]);
    place.shard("unknown/u.jsonl", &docs("other", 31, &[En]));
    for stage in ["profile", "score", "plan"] {
        place.tamis(&format!("{stage} staged.toml")).code(0);
    }
    place
        .tamis("report staged.toml")
        .code(3)
        .says("6 of 6 shards are not written, or by another plan");
    assert!(!place.path("staged/manifest.json").exists());
}

#[test]
fn tasks_that_cannot_be_are_refused() {
    let place = Place::new();
    place.mixed();
    place.file(
        "c.toml",
        "out = \"mix\"\n[[source]]\nname = \"h\"\npaths = [\"human\"]\n",
    );
    for args in [
        "--task 3 --of 3",
        "--task 0 --of 0",
        "--task 0",
        "--of 2",
        "--task -1 --of 2",
    ] {
        place.tamis(&format!("score c.toml {args}")).code(2);
        place.tamis(&format!("write c.toml {args}")).code(2);
    }
    place
        .tamis("score --loose human --out x.parquet --task 0 --of 1")
        .code(2);
    place.tamis("plan c.toml --task 0 --of 1").code(2);
}
