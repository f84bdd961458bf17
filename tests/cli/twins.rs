//! Several processes on one run directory: whatever they do, nothing is lost and the bytes are the same.

use std::path::PathBuf;
use std::process::{Child, Command};

use crate::place::{Place, files};
use crate::run::{Tree, assert_same};
use crate::same_bytes::{large, until_files};

/// Shards with enough work to meet in the middle of it, and what an undisturbed run makes of them.
fn prepared() -> (Place, String, Tree) {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    std::fs::create_dir(place.path("kept")).unwrap();
    std::fs::copy(
        place.path("mix/config.toml"),
        place.path("kept/config.toml"),
    )
    .unwrap();
    let config = std::fs::read_to_string(place.path("mix/config.toml")).unwrap();
    place.file("mix.toml", config.replace("out = \".\"", "out = \"mix\""));
    std::fs::remove_dir_all(place.path("mix")).unwrap();
    (place, args, whole)
}

fn send(child: &Child, signal: &str) {
    let kill = format!("kill -{signal} {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.unwrap().success());
}

/// The unfinished files of a run directory.
fn temporaries(place: &Place) -> Vec<PathBuf> {
    let mut found = files(&place.path("mix"));
    found.retain(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(".tmp-")
    });
    found
}

#[test]
fn of_two_runs_at_once_one_works_and_the_other_says_so() {
    let (place, args, whole) = prepared();
    let mut first = place.start(&args);
    assert!(until_files(&mut first, &place.path("mix"), 4));
    place.tamis(&args).code(5).says("another tamis works on");
    place.tamis("score mix.toml --quiet").code(0);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_same(&whole, &place.run("mix").tree());
}

#[test]
fn no_other_configuration_is_put_under_a_live_run() {
    let (place, args, whole) = prepared();
    let config = std::fs::read_to_string(place.path("mix.toml")).unwrap();
    place.file("other.toml", config.replace("seed = 0", "seed = 1"));
    let mut first = place.start(&args);
    assert!(until_files(&mut first, &place.path("mix"), 4));
    place
        .tamis("profile other.toml")
        .code(5)
        .says("another tamis works on");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_same(&whole, &place.run("mix").tree());
}

#[test]
fn the_same_tasks_at_the_same_time_do_no_harm() {
    let (place, _, whole) = prepared();
    place.tamis("profile mix.toml").code(0);
    for stage in ["score", "write"] {
        let task = format!("{stage} mix.toml --task 0 --of 1");
        let mut twins =
            [1, 2, 1].map(|threads| place.start(&format!("{task} --threads {threads}")));
        for twin in &mut twins {
            assert_eq!(twin.wait().unwrap().code(), Some(0));
        }
        if stage == "score" {
            let mut plans = [0; 2].map(|_| place.start("plan mix.toml"));
            for plan in &mut plans {
                assert_eq!(plan.wait().unwrap().code(), Some(0));
            }
        }
    }
    place.tamis("report mix.toml").code(0);
    assert_same(&whole, &place.run("mix").tree());
}

#[test]
fn tasks_beside_a_run_do_no_harm() {
    let (place, args, whole) = prepared();
    place.tamis("profile mix.toml").code(0);
    let mut all = vec![place.start(&args)];
    all.extend([0, 1].map(|task| place.start(&format!("score mix.toml --task {task} --of 2"))));
    for child in &mut all {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert_same(&whole, &place.run("mix").tree());
}

/// Waits until there is an unfinished file of a process that is at work.
fn until_it_writes(place: &Place, child: &mut Child) {
    while temporaries(place).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended too soon");
        std::thread::yield_now();
    }
}

/// As a task on a node that its scheduler lost sight of: the run is done without it, then it goes on.
#[test]
fn a_task_that_wakes_up_when_the_run_is_sealed_does_no_harm() {
    let (place, args, whole) = prepared();
    place.tamis("profile mix.toml").code(0);
    let mut sleeper = place.start("score mix.toml --task 0 --of 1 --threads 1");
    until_it_writes(&place, &mut sleeper);
    send(&sleeper, "STOP");
    let left = temporaries(&place);
    place.tamis(&args).code(0);
    assert_eq!(temporaries(&place), left, "files of the living stay");
    place.tamis("verify mix --inputs").code(0);
    send(&sleeper, "CONT");
    assert_eq!(sleeper.wait().unwrap().code(), Some(0));
    assert_same(&whole, &place.run("mix").tree());
}

#[test]
fn unfinished_files_of_the_dead_go_at_once_and_those_of_strangers_at_the_end() {
    let (place, args, whole) = prepared();
    place.tamis("profile mix.toml").code(0);
    let mut killed = place.start("score mix.toml --threads 2");
    until_it_writes(&place, &mut killed);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = temporaries(&place);
    let stranger = place.file("mix/scores/.tmp-0000000000000000-1-1-00-x", "half a shard");
    place.tamis("score mix.toml --task 0 --of 1").code(0);
    assert_eq!(
        temporaries(&place).len(),
        left.len() + 1,
        "a task removes nothing"
    );
    place.tamis("plan mix.toml").code(0);
    assert_eq!(temporaries(&place), [stranger]);
    place.tamis(&args).code(0);
    assert_same(&whole, &place.run("mix").tree());
}
