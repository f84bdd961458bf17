//! `verify` on a finished run: damage of every kind in every file.

use std::fs;

use crate::place::Place;

fn done() -> Place {
    let place = Place::new();
    place.mixed();
    // A bad row makes a quarantine file as well.
    let mut lines = fs::read(place.path("human/deep/c.jsonl")).unwrap();
    lines.extend_from_slice(b"{\"text\":null}\n");
    place.file("human/deep/c.jsonl", lines);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 0.01\n[mix]\nhuman = 70\nsemi_synthetic = 15\nsynthetic = 15\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n\
         [[source]]\nname = \"gen\"\npaths = [\"synthetic\"]\norigin = \"synthetic\"\n",
    );
    place.tamis("run mix.toml").code(0);
    place
}

#[test]
fn a_finished_run_passes() {
    let place = done();
    let told = place.tamis("verify mix").code(0).says("231 rows in");
    assert_eq!(told.stdout, "");
    place.tamis("verify mix --inputs --threads 1").code(0);
    place.tamis("verify human").code(3);
    place
        .tamis("verify nowhere")
        .code(2)
        .says("no run directory");
}

#[test]
fn a_flipped_byte_in_any_file_is_found() {
    let place = done();
    let tree = place.run("mix").tree();
    for folder in [
        "config",
        "data",
        "inputs",
        "manifest",
        "plan",
        "profile",
        "quarantine",
        "report",
        "scores",
    ] {
        assert!(tree.keys().any(|name| name.starts_with(folder)), "{folder}");
    }
    for (name, bytes) in tree {
        let path = place.path("mix").join(&name);
        let mut flipped = bytes.clone();
        let middle = bytes.len() / 2;
        flipped[middle] ^= 1;
        fs::write(&path, &flipped).unwrap();
        let found = place.tamis("verify mix").code(3);
        assert!(found.stdout.contains(&name), "{name}: {}", found.stdout);
        fs::write(&path, &bytes).unwrap();
    }
    place.tamis("verify mix").code(0);
}

#[test]
fn a_missing_or_shorter_file_and_one_too_many_are_found() {
    let place = done();
    for (name, bytes) in place.run("mix").tree() {
        let path = place.path("mix").join(&name);
        fs::remove_file(&path).unwrap();
        let found = place.tamis("verify mix").code(3);
        assert!(found.stdout.contains(&name), "{name}: {}", found.stdout);
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        place.tamis("verify mix").code(3);
        fs::write(&path, &bytes).unwrap();
    }
    for name in [
        "data/human/more.jsonl",
        "more",
        "manifest/write/human/more.json",
    ] {
        let path = place.file(&format!("mix/{name}"), "{}\n");
        let found = place.tamis("verify mix").code(3);
        assert_eq!(found.stdout, format!("{name}: not in the manifest\n"));
        fs::remove_file(path).unwrap();
    }
    place.file("mix/log/anything", "");
    place.tamis("verify mix").code(0);
}

#[test]
fn a_changed_input_is_found_where_inputs_are_read() {
    let place = done();
    let path = place.path("human/deep/c.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("The ", "the ", 1)).unwrap();
    place.tamis("verify mix").code(0);
    let found = place.tamis("verify mix --inputs").code(3);
    assert!(
        found
            .stdout
            .contains("human/deep/c.jsonl: the input is not the one that was scored")
    );
    fs::remove_file(&path).unwrap();
    place.tamis("verify mix --inputs").code(3);
}

#[test]
fn an_unfinished_run_is_not_passed() {
    let place = done();
    fs::remove_file(place.path("mix/manifest.json")).unwrap();
    let found = place.tamis("verify mix").code(3);
    assert!(found.stdout.contains("not finished"), "{}", found.stdout);
}
