//! Names and places: what is refused before any work begins, since two things would share a place.

use std::fs;

use crate::place::{Outcome, Place};
use crate::run::assert_same;
use crate::shards::{docs, lines};
use crate::texts::Lang::{De, En};

fn good() -> Place {
    let place = Place::new();
    place.shard("human/a.jsonl.zst", &docs("a", 40, &[En, De]));
    place.shard("synthetic/s.jsonl", &docs("s", 20, &[En]));
    place
}

fn run(place: &Place) -> Outcome {
    place.tamis("run --human human --synthetic synthetic --mix human=80,synthetic=20 --out mix")
}

fn good_lines() -> Vec<u8> {
    lines(&docs("c", 30, &[En, De]))
}

#[test]
fn every_environment_fault_is_told_at_once() {
    let place = good();
    let long = format!("{}.jsonl", "n".repeat(245));
    place.file(&format!("human/{long}"), "{\"text\":\"x\"}\n");
    place
        .tamis("run --human human --synthetic nowhere --unknown elsewhere --mix human=1 --out mix")
        .code(5)
        .says(&long)
        .says("has too long a name")
        .says("nowhere")
        .says("elsewhere");
    assert!(!place.path("mix").exists());
    fs::remove_file(place.path(&format!("human/{long}"))).unwrap();
    for out in ["/proc/mix", &format!("deep/{}", "o".repeat(256))] {
        let args = format!("run --human human --mix human=1 --out {out}");
        place.tamis(&args).code(5).says(out);
    }
}

#[test]
fn a_file_under_two_names_is_one_file() {
    let place = good();
    fs::hard_link(place.path("human/a.jsonl.zst"), place.path("b.jsonl.zst")).unwrap();
    let refused = place.tamis("run --human human --unknown b.jsonl.zst --mix human=1 --out mix");
    refused
        .code(2)
        .says("human/a.jsonl.zst as well, is in the sources `human` and `unknown`");
    assert!(!place.path("mix").exists());
}

#[test]
fn a_shard_that_is_a_link_into_an_earlier_run_leaves_that_run_whole() {
    let place = good();
    run(&place).code(0);
    let earlier = place.run("mix").tree();
    fs::create_dir(place.path("again")).unwrap();
    let data = place.path("mix/data/human/a.jsonl.zst");
    std::os::unix::fs::symlink(&data, place.path("again/soft.jsonl.zst")).unwrap();
    fs::hard_link(
        place.path("mix/data/synthetic/s.jsonl"),
        place.path("again/hard.jsonl"),
    )
    .unwrap();
    place
        .tamis("run --unknown again --mix human=1 --out next")
        .code(0);
    assert!(place.path("next/data/unknown/soft.jsonl.zst").exists());
    assert_same(&earlier, &place.run("mix").tree());
    place
        .tamis("run --unknown again --mix human=1 --out mix")
        .code(2)
        .says("lies inside the run directory");
    assert_same(&earlier, &place.run("mix").tree());
}

#[test]
fn two_shards_never_share_a_place() {
    let place = good();
    for name in [
        "one/a.jsonl",
        "two/a.jsonl",
        "three/a.jsonl/b.jsonl",
        "four/a.jsonl.parquet/b.jsonl",
    ] {
        place.file(name, good_lines());
    }
    let with = |paths: &str| place.tamis(&format!("run --human {paths} --mix human=1 --out mix"));
    with("one two").code(2).says("`a.jsonl` is both");
    for folder in ["three", "four"] {
        with(&format!("one {folder}"))
            .code(2)
            .says("lies in a folder whose name the run needs for a file of another shard");
    }
    assert!(!place.path("mix").exists());
    with("three four").code(0);
    let run = place.run("mix");
    assert_eq!(
        run.names("data/human"),
        ["a.jsonl.parquet/b.jsonl", "a.jsonl/b.jsonl"]
    );
}

#[test]
fn odd_names_stay_below_the_run_directory() {
    let place = good();
    let odd = [
        "-a.jsonl",
        "--out.jsonl",
        "with space.jsonl",
        "~.jsonl",
        "é$(x)`;.jsonl",
    ];
    for name in odd {
        place.file(&format!("odd/{name}"), good_lines());
    }
    place
        .tamis("run --human odd/../odd/ --mix human=1 --out mix")
        .code(0);
    let mut expected = odd.map(str::to_owned);
    expected.sort();
    assert_eq!(place.run("mix").names("data/human"), expected);
    place.tamis("verify mix --inputs").code(0);
    use std::os::unix::ffi::OsStrExt;
    let latin = std::ffi::OsStr::from_bytes(b"odd/\xe9.jsonl");
    fs::write(place.path("").join(latin), good_lines()).unwrap();
    place
        .tamis("run --human odd --mix human=1 --out other")
        .code(2)
        .says("it is not UTF-8");
}
