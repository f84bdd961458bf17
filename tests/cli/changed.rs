//! Inputs and models that somebody replaces, cuts or writes to while a run is at work.

use std::fs;

use tamis::provenance::run_dir::Stage;
use tamis::stage::job::Call;
use tamis::stage::{self, CallOptions, Exit, Job, StageError};

use crate::place::Place;
use crate::run::assert_same;
use crate::shards::docs;
use crate::texts::Lang::{De, En};

const SHARDS: [&str; 4] = ["a.jsonl", "b.jsonl.zst", "c.parquet", "d.jsonl.gz"];

fn place() -> Place {
    let place = Place::new();
    for name in SHARDS {
        place.shard(&format!("in/{name}"), &docs(name, 30, &[En, De]));
    }
    fs::copy("models/prior.bin", place.path("prior.bin")).unwrap();
    place.file(
        "mix.toml",
        "[mix]\nhuman = 70\nsemi_synthetic = 30\n[edit]\nprior = \"ngram:prior.bin\"\n\
         [[source]]\nname = \"web\"\npaths = [\"in\"]\norigin = \"human\"\n",
    );
    place
}

/// A run that has looked at its inputs and loaded its models, and read nothing yet.
fn open(place: &Place, out: &str) -> Job {
    let config = tamis::config::load(&place.path("mix.toml")).unwrap();
    let options = CallOptions {
        threads: 2,
        memory: 1 << 28,
        allow_failed: 0,
        progress: Default::default(),
    };
    Job::open(config, &place.path(out), &options, Call::Run).unwrap()
}

#[test]
fn an_input_that_changes_while_it_is_read_fails_alone() {
    for name in SHARDS {
        let place = place();
        let path = place.path("in").join(name);
        let whole = fs::read(&path).unwrap();
        let job = open(&place, "mix");
        stage::run(&job, Stage::Profile).unwrap();
        // Another shard of the same name: sound by itself, so that no decoder finds fault with it.
        place.shard(&format!("in/{name}"), &docs("other", 29, &[En]));
        let error = stage::run(&job, Stage::Score).unwrap_err();
        assert_eq!(error.exit(), Exit::Data);
        let StageError::Shards(failures, _) = &error else {
            panic!("{error}");
        };
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].code, "E-INPUT-CHANGED");
        assert_eq!(failures[0].shard, format!("web/{name}"));
        let scores = place.path(&format!("mix/scores/web/{name}.parquet"));
        assert!(!scores.exists());
        drop(job);
        fs::write(&path, whole).unwrap();
        place.tamis("run mix.toml --out mix").code(0);
        assert_eq!(place.run("mix").report()["rows"]["read"], 120);
    }
}

#[test]
fn a_plain_shard_that_is_cut_at_a_line_end_is_noticed() {
    let place = place();
    let job = open(&place, "mix");
    stage::run(&job, Stage::Profile).unwrap();
    let path = place.path("in/a.jsonl");
    let whole = fs::read(&path).unwrap();
    let ends = whole.iter().enumerate().filter(|(_, b)| **b == b'\n');
    let cut = ends.map(|(at, _)| at + 1).nth(12).unwrap();
    fs::write(&path, &whole[..cut]).unwrap();
    let error = stage::run(&job, Stage::Score).unwrap_err().to_string();
    assert!(error.contains("web/a.jsonl") && error.contains("E-INPUT-CHANGED"));
}

#[test]
fn an_input_that_changes_between_score_and_write_is_not_written() {
    let place = place();
    // Large enough that a byte can change where no sample is taken.
    place.shard("in/a.jsonl", &docs("large", 1500, &[En]));
    for stage in ["profile", "score", "plan"] {
        place.tamis(&format!("{stage} mix.toml --out mix")).code(0);
    }
    let path = place.path("in/a.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 600_000);
    let at = bytes[150_000..].iter().position(|b| *b == b'e').unwrap() + 150_000;
    bytes[at] = b'a';
    fs::write(&path, &bytes).unwrap();
    place
        .tamis("write mix.toml --out mix")
        .code(3)
        .says("web/a.jsonl: the shard is not the one that was scored: its digest differs")
        .says("E-INPUT-CHANGED");
    assert!(!place.path("mix/data/web/a.jsonl").exists());
    assert!(place.path("mix/data/web/c.parquet").exists());
}

#[test]
fn models_that_are_replaced_while_a_run_is_at_work_do_not_touch_it() {
    let place = place();
    place.tamis("run mix.toml --out calm").code(0);
    let job = open(&place, "mix");
    fs::write(place.path("prior.bin"), b"").unwrap();
    for stage in Stage::ALL {
        stage::run(&job, stage).unwrap();
    }
    drop(job);
    let (calm, mix) = (place.run("calm").tree(), place.run("mix").tree());
    assert_same(&calm, &mix);
    let edited = place.run("mix").report()["edits"]["changed"].as_u64();
    assert!(edited.unwrap() > 0);
    place
        .tamis("run mix.toml --out third")
        .code(2)
        .says("prior");
}
