//! How the program ends when it is asked to, and when nobody listens to it any more.

use std::process::{Command, Stdio};

use crate::place::{Place, files};
use crate::run::assert_same;
use crate::same_bytes::{large, until_files};

#[test]
fn batch_signals_end_with_75_and_leave_nothing_half_done() {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    for (signal, moment) in [("TERM", 2), ("USR1", 5), ("HUP", 9)] {
        std::fs::remove_dir_all(place.path("mix")).unwrap();
        let mut child = place.start(&args);
        assert!(until_files(&mut child, &place.path("mix"), moment));
        let kill = format!("kill -{signal} {}", child.id());
        Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(75), "{signal}");
        for path in files(&place.path("mix")) {
            let name = path.strip_prefix(place.path("mix")).unwrap();
            let name = name.to_str().unwrap();
            assert!(!name.contains(".tmp-"), "{name}");
            let final_one = !name.starts_with("log/") && name != "inputs.json";
            assert!(
                !final_one || whole[name] == std::fs::read(&path).unwrap(),
                "{name}"
            );
        }
        place.tamis(&args).code(0);
        assert_same(&whole, &place.run("mix").tree());
    }
}

#[test]
fn a_task_that_is_stopped_ends_with_75_and_is_run_again() {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    for stage in ["scores", "data"] {
        std::fs::remove_dir_all(place.path(&format!("mix/{stage}"))).unwrap();
    }
    let count = files(&place.path("mix")).len();
    let mut child = place.start("score mix --task 0 --of 1");
    assert!(until_files(&mut child, &place.path("mix"), count + 2));
    let kill = format!("kill -TERM {}", child.id());
    Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(75));
    place.tamis("score mix --task 0 --of 1").code(0);
    place.tamis("write mix --task 0 --of 1").code(0);
    assert_same(&whole, &place.run("mix").tree());
}

/// The writing end of a pipe that nobody reads.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn work_goes_on_when_nobody_listens() {
    let place = Place::new();
    let args = large(&place);
    place.tamis(&args).code(0);
    let whole = place.run("mix").tree();
    std::fs::remove_dir_all(place.path("mix")).unwrap();
    // A failed shard makes it speak from inside the work, too.
    place.file("human/bad.jsonl.zst", "no frame");
    let mut command = place.command(&format!("{args} --json"));
    command.stdout(nobody()).stderr(nobody());
    assert_eq!(command.status().unwrap().code(), Some(3));
    std::fs::remove_file(place.path("human/bad.jsonl.zst")).unwrap();
    for more in ["--log json", "--json", "--json --quiet"] {
        let mut command = place.command(&format!("{args} {more}"));
        command.stdout(nobody()).stderr(nobody());
        assert_eq!(command.status().unwrap().code(), Some(0), "{more}");
        assert_same(&whole, &place.run("mix").tree());
    }
    let mut command = place.command("verify mix");
    command.stdout(nobody()).stderr(nobody());
    assert_eq!(command.status().unwrap().code(), Some(0));
    place.file("mix/data/human/h0.jsonl.zst", "spoiled");
    for (args, code) in [("verify mix", 3), ("run --nonsense", 2), ("--help", 0)] {
        let mut command = place.command(args);
        command.stdout(nobody()).stderr(nobody());
        assert_eq!(command.status().unwrap().code(), Some(code), "{args}");
    }
}
