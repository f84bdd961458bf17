//! The same input gives the same bytes: for any number of threads, any order of arguments, and after
//! any number of deaths. Only `log/` may differ.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use crate::place::{Place, files};
use crate::run::assert_same;
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::{De, En};

#[test]
fn threads_change_nothing() {
    let place = Place::new();
    place.mixed();
    let tree = |threads: usize| {
        let out = format!("mix{threads}");
        place
            .tamis(&format!(
                "run {MIXED} {THREE} --threads {threads} --out {out}"
            ))
            .code(0);
        place.run(&out).tree()
    };
    let one = tree(1);
    assert!(one.len() > 20);
    assert_same(&one, &tree(2));
    assert_same(&one, &tree(8));
}

#[test]
fn the_order_of_arguments_changes_nothing() {
    let place = Place::new();
    place.mixed();
    let [a, b, c] = ["human/a.jsonl.zst", "human/b.parquet", "human/deep"];
    let rest = "--synthetic synthetic --unknown unknown";
    place
        .tamis(&format!("run --human {a} {b} {c} {rest} {THREE} --out one"))
        .code(0);
    place
        .tamis(&format!(
            "run {rest} --human {c} {b} {a} {b} {THREE} --out two"
        ))
        .code(0);
    assert_same(&place.run("one").tree(), &place.run("two").tree());
}

#[test]
fn another_seed_gives_another_mix() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out one"))
        .code(0);
    place
        .tamis(&format!("run {MIXED} {THREE} --seed 1 --out two"))
        .code(0);
    let taken = |name: &str| {
        let rows = place.run(name).rows();
        rows.iter()
            .map(|row| (row.place(), row.changed()))
            .collect::<Vec<_>>()
    };
    assert_ne!(taken("one"), taken("two"));
}

#[test]
fn clocks_and_time_zones_change_nothing() {
    let place = Place::new();
    place.mixed();
    let args = format!("run {MIXED} {THREE} --out");
    place.tamis(&format!("{args} one")).code(0);
    let whole = place.run("one").tree();
    for (name, zone, since_1970) in [
        ("two", "Pacific/Kiritimati", 4_102_444_800),
        ("three", "XXX24", 1),
    ] {
        for shard in files(&place.path("human")) {
            let file = File::options().append(true).open(shard).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970);
            file.set_modified(time).unwrap();
        }
        let mut command = place.command(&format!("{args} {name}"));
        assert_eq!(
            command.env("TZ", zone).output().unwrap().status.code(),
            Some(0)
        );
        assert_same(&whole, &place.run(name).tree());
    }
}

/// Enough work to be caught in the middle of it.
pub fn large(place: &Place) -> String {
    for i in 0..6 {
        let name = format!("h{i}");
        place.shard(
            &format!("human/{name}.jsonl.zst"),
            &docs(&name, 400, &[En, De]),
        );
    }
    place.shard("synthetic/s.parquet", &docs("s", 600, &[En]));
    format!("run --human human --synthetic synthetic {THREE} --threads 2 --out mix")
}

/// Waits until the run directory holds so many files; false if the program ended before.
pub fn until_files(child: &mut Child, run: &Path, count: usize) -> bool {
    while files(run).len() < count {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn a_kill_at_any_moment_leaves_nothing_that_a_second_call_does_not_mend() {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    let mut killed = 0;
    for moment in (1..whole.len()).step_by(4) {
        std::fs::remove_dir_all(place.path("mix")).unwrap();
        let mut child = place.start(&args);
        killed += usize::from(until_files(&mut child, &place.path("mix"), moment));
        child.kill().unwrap();
        child.wait().unwrap();
        place.tamis(&args).code(0);
        assert_same(&whole, &place.run("mix").tree());
    }
    assert!(killed >= 4, "killed {killed} times");
}

#[test]
fn sigterm_ends_with_75_and_the_next_call_goes_on() {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    let mut stopped = 0;
    for moment in [1, 4, 8, 12] {
        std::fs::remove_dir_all(place.path("mix")).unwrap();
        let mut child = place.start(&args);
        until_files(&mut child, &place.path("mix"), moment);
        let kill = format!("kill -TERM {}", child.id());
        Command::new("sh").args(["-c", &kill]).status().unwrap();
        let code = child.wait().unwrap().code();
        assert!(code == Some(75) || code == Some(0), "{code:?}");
        stopped += usize::from(code == Some(75));
        place.tamis(&args).code(0);
        assert_same(&whole, &place.run("mix").tree());
    }
    assert!(stopped >= 1);
}

#[test]
fn sigint_ends_as_the_shell_expects_it() {
    use std::os::unix::process::ExitStatusExt;
    let place = Place::new();
    let args = large(&place);
    let mut child = place.start(&args);
    assert!(until_files(&mut child, &place.path("mix"), 2));
    let kill = format!("kill -INT {}", child.id());
    Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}
