//! Shards that are damaged, empty or not what they should be: what is said, and what comes of it.

use std::fs;
use std::io::Write;

use arrow::array::RecordBatch;

use crate::place::{Outcome, Place};
use crate::run::read_table;
use crate::shards::{docs, lines, packed, table};
use crate::texts::Lang::{De, En};

const MIX: &str = "--mix human=80,synthetic=20 --out mix";

/// Good shards, beside which a bad one is put as `human/bad..`.
pub fn good() -> Place {
    let place = Place::new();
    place.shard("human/a.jsonl.zst", &docs("a", 40, &[En, De]));
    place.shard("human/b.parquet", &docs("b", 40, &[En]));
    place.shard("synthetic/s.jsonl", &docs("s", 20, &[En]));
    place
}

pub fn run(place: &Place, more: &str) -> Outcome {
    place.tamis(&format!(
        "run --human human --synthetic synthetic {MIX} {more}"
    ))
}

/// A bad shard fails alone, by name, code and place; with `--allow-failed 1` the others go on.
#[track_caller]
pub fn fails_alone(name: &str, bytes: &[u8], code: &str, cause: &str) {
    let place = good();
    place.file(name, bytes);
    let failed = run(&place, "").code(3);
    failed
        .says(&format!("{name}: "))
        .says(code)
        .says(cause)
        .says("--allow-failed");
    assert!(
        !place.path("mix/plan.json").exists(),
        "it stops before `plan`"
    );
    assert!(!place.path("mix/data").exists());
    run(&place, "--allow-failed 1").code(0).says(code);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["complete"], &report["rows"]["read"]),
        (&false.into(), &100.into())
    );
    assert_eq!(report["failures"][0]["shard"], name);
    assert_eq!(report["failures"][0]["code"], code);
    assert!(!place.path("mix/data").join(name).exists());
    place.tamis("verify mix --inputs").code(0);
}

fn good_lines() -> Vec<u8> {
    lines(&docs("bad", 200, &[En, De]))
}

#[test]
fn a_truncated_zst_fails_alone() {
    let bytes = packed("x.zst", &good_lines());
    let cut = &bytes[..bytes.len() * 2 / 3];
    fails_alone("human/bad.jsonl.zst", cut, "E-ZST-TRUNC", "ends too early");
}

#[test]
fn a_mended_shard_is_taken_in() {
    let place = good();
    let bytes = packed("x.zst", &good_lines());
    place.file("human/bad.jsonl.zst", &bytes[..bytes.len() / 2]);
    run(&place, "--allow-failed 1").code(0);
    place.file("human/bad.jsonl.zst", &bytes);
    run(&place, "").code(0).says("it failed before");
    let report = place.run("mix").report();
    let whole = (&report["complete"], &report["rows"]["read"]);
    assert_eq!(whole, (&true.into(), &300.into()));
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_truncated_gz_fails_alone() {
    let bytes = packed("x.gz", &good_lines());
    let cut = &bytes[..bytes.len() * 2 / 3];
    fails_alone("human/bad.jsonl.gz", cut, "E-GZ-TRUNC", "ends too early");
}

#[test]
fn a_file_of_another_format_than_its_name_says_fails_alone() {
    let plain = good_lines();
    let (code, zst) = ("E-FORMAT-OTHER", packed("x.zst", &plain));
    let name = "human/bad.jsonl.zst";
    fails_alone(name, b"this is no frame", code, "begins as plain text");
    fails_alone(name, &packed("x.gz", &plain), code, "begins as gzip");
    fails_alone("human/bad.jsonl.gz", &plain, code, "begins as plain text");
    fails_alone("human/bad.jsonl", &zst, code, "begins as zstd");
}

#[test]
fn a_changed_byte_fails_alone_by_frame_and_byte() {
    let mut bytes = [packed("x.zst", &good_lines()), checked(&good_lines())].concat();
    // Of the checksum, the last four bytes.
    let at = bytes.len() - 2;
    bytes[at] ^= 1;
    let name = "human/bad.jsonl.zst";
    let place = "in frame 1, near byte";
    fails_alone(name, &bytes, "E-ZST-CHECKSUM", place);
    let mut bytes = packed("x.gz", &good_lines());
    let at = bytes.len() - 6;
    bytes[at] ^= 1;
    let place = "in member 0, near byte";
    fails_alone("human/bad.jsonl.gz", &bytes, "E-GZ-CHECKSUM", place);
}

/// A frame with a checksum.
fn checked(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn trailing_bytes_fail_alone() {
    for (end, code) in [("zst", "E-ZST-TRAILING"), ("gz", "E-GZ-TRAILING")] {
        let mut bytes = packed(&format!("x.{end}"), &good_lines());
        let at = format!("at byte {} of the file", bytes.len());
        bytes.extend(b"trailing");
        fails_alone(&format!("human/bad.jsonl.{end}"), &bytes, code, &at);
    }
}

/// A shard that fails for a limit passes once the key that the message names is set.
#[track_caller]
fn fails_until_allowed(bytes: &[u8], code: &str, key: &str, cause: &str) {
    let place = good();
    place.file("human/bad.jsonl.zst", bytes);
    let failed = run(&place, "").code(3);
    failed.says("human/bad.jsonl.zst: ").says(code).says(cause);
    let config = fs::read_to_string(place.path("mix/config.toml")).unwrap();
    let (name, _) = key.split_once(" = ").unwrap();
    let line = config.lines().find(|line| line.starts_with(name)).unwrap();
    place.file("mix.toml", config.replace(line, key));
    place.tamis("run mix.toml --out mix").code(0);
    assert_eq!(place.run("mix").report()["rows"]["read"], 102);
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_long_window_is_allowed_by_the_key_that_the_message_names() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(&lines(&docs("bad", 2, &[En]))).unwrap();
    let bytes = encoder.finish().unwrap();
    let cause = "`limits.zstd_window_log = 28` allows it, and costs 256 MiB";
    fails_until_allowed(&bytes, "E-ZST-WINDOW", "zstd_window_log = 28", cause);
}

#[test]
fn a_shard_that_swells_is_allowed_by_the_key_that_the_message_names() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(&lines(&docs("bad", 2, &[En]))).unwrap();
    for _ in 0..257 {
        encoder.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    }
    let bytes = encoder.finish().unwrap();
    let cause = "raise `limits.max_ratio`";
    fails_until_allowed(&bytes, "E-BOMB", "max_ratio = 1000000", cause);
}

#[test]
fn a_corrupt_parquet_footer_fails_alone() {
    let place = good();
    let mut bytes = fs::read(place.path("human/b.parquet")).unwrap();
    let footer = bytes.len() - 200;
    bytes[footer..footer + 150].fill(0xff);
    fails_alone(
        "human/bad.parquet",
        &bytes,
        "E-PARQUET-CORRUPT",
        "is damaged",
    );
    bytes.truncate(footer);
    fails_alone(
        "human/bad.parquet",
        &bytes,
        "E-PARQUET-CORRUPT",
        "is damaged",
    );
}

#[test]
fn a_zst_without_its_last_frame_is_noticed_against_the_run_before() {
    let place = good();
    let frames = [good_lines(), good_lines()].map(|lines| packed("x.zst", &lines));
    place.file("human/frames.jsonl.zst", frames.concat());
    run(&place, "").code(0);
    assert_eq!(place.run("mix").report()["rows"]["read"], 500);
    place.file("human/frames.jsonl.zst", &frames[0]);
    run(&place, "").code(0).says("again");
    assert_eq!(place.run("mix").report()["rows"]["read"], 300);
}

/// One bad row among 100 good ones: above the budget the run ends with 3, below it with 0, and the
/// row is in quarantine with its cause either way.
#[track_caller]
fn quarantines(line: &[u8], code: &str) {
    let place = good();
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    place.file("human/bad.jsonl", &bytes);
    run(&place, "")
        .code(3)
        .says("1 of 101 rows are quarantined")
        .says("limits.quarantine");
    assert!(!place.path("mix/plan.json").exists());
    check_quarantine(&place, line, code);
    let config = fs::read_to_string(place.path("mix/config.toml")).unwrap();
    place.file(
        "mix.toml",
        config.replace("quarantine = 0.001", "quarantine = 0.02"),
    );
    place.tamis("run mix.toml --out mix").code(0);
    check_quarantine(&place, line, code);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["rows"]["quarantined"], &report["reasons"][code]),
        (&1.into(), &1.into())
    );
    assert!(
        !place
            .run("mix")
            .rows()
            .iter()
            .any(|row| row.file == "human/bad.jsonl")
    );
    place.tamis("verify mix --inputs").code(0);
}

#[track_caller]
fn check_quarantine(place: &Place, line: &[u8], code: &str) {
    use base64::Engine;
    let record = place.run("mix").json("quarantine/human/bad.jsonl.jsonl");
    assert_eq!((&record["row"], &record["offset"]), (&0.into(), &0.into()));
    assert_eq!(record["code"], code);
    let raw = base64::engine::general_purpose::STANDARD.decode(record["raw"].as_str().unwrap());
    assert_eq!(raw.unwrap(), line);
}

#[test]
fn bad_lines_are_quarantined() {
    for (line, code) in [
        (&b"{\"text\":null}"[..], "E-TEXT-NULL"),
        (b"{\"id\":\"x\"}", "E-TEXT-MISSING"),
        (b"{\"text\":12}", "E-TEXT-TYPE"),
        (b"{\"text\":\"a\xffb\"}", "E-UTF8"),
        (b"{\"text\":\"half a li", "E-JSON"),
        (b"{\"text\":\"a\"} {\"text\":\"b\"}", "E-JSON"),
        (b"[1]", "E-JSON"),
        (b"{\"text\":\"\\ud800\"}", "E-SURROGATE"),
        (b"{\"text\":\"a\",\"text\":\"b\"}", "E-JSON-DUPLICATE"),
    ] {
        quarantines(line, code);
    }
}

#[test]
fn a_null_in_a_table_is_quarantined() {
    let place = good();
    let batch = table(&docs("n", 3, &[En]));
    let at = batch.schema().index_of("text").unwrap();
    let mut columns = batch.columns().to_vec();
    let texts = arrow::array::LargeStringArray::from(vec![Some("one"), None, Some("three")]);
    columns[at] = std::sync::Arc::new(texts);
    place.table(
        "human/bad.parquet",
        &RecordBatch::try_new(batch.schema(), columns).unwrap(),
    );
    run(&place, "")
        .code(3)
        .says("1 of 103 rows are quarantined");
    let record = place.run("mix").json("quarantine/human/bad.parquet.jsonl");
    assert_eq!(
        (&record["row"], &record["code"]),
        (&1.into(), &"E-TEXT-NULL".into())
    );
}

#[test]
fn a_document_above_the_cap_is_quarantined_and_no_text_is_told() {
    let place = good();
    let huge = format!("{{\"text\":\"{}\"}}\n", "canary ".repeat(30_000));
    place.file("human/bad.jsonl", huge);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nmax_document = \"100KiB\"\nquarantine = 0.5\n[mix]\nhuman = 1\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place.tamis("run mix.toml").code(0).never_says("canary");
    let record = place.run("mix").json("quarantine/human/bad.jsonl.jsonl");
    assert_eq!(
        (&record["code"], &record["raw"]),
        (&"E-DOC-TOO-LARGE".into(), &"".into())
    );
}

#[test]
fn empty_shards_give_empty_shards() {
    let place = good();
    for name in [
        "zero.jsonl",
        "zero.jsonl.zst",
        "zero.jsonl.gz",
        "blank.jsonl",
    ] {
        let bytes = if name.starts_with("blank") {
            " \n\n\t\n"
        } else {
            ""
        };
        place.file(&format!("human/{name}"), packed(name, bytes.as_bytes()));
    }
    place.file("human/bare.jsonl.zst", "");
    place.file("human/bare.jsonl.gz", "");
    place.table("human/zero.parquet", &table(&[]));
    run(&place, "").code(0);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["rows"]["read"], &report["complete"]),
        (&100.into(), &true.into())
    );
    let out = read_table(&place.path("mix/data/human/zero.parquet"));
    assert_eq!((out.num_rows(), out.num_columns()), (0, 10));
    assert!(place.path("mix/data/human/zero.jsonl.zst").exists());
    place.tamis("verify mix --inputs").code(0);
    run(&place, "").code(0).never_says("again");
}

#[test]
fn schemas_may_differ_between_shards() {
    let place = good();
    let batch = table(&docs("d", 20, &[En]));
    let keep: Vec<usize> = [3, 0, 8].into();
    place.table("human/fewer.parquet", &batch.project(&keep).unwrap());
    run(&place, "").code(0);
    let schema = read_table(&place.path("mix/data/human/fewer.parquet")).schema();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["text", "id", "count", "tamis"]);
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_column_of_two_types_is_told_row_by_row() {
    let place = good();
    let rows = "{\"text\":\"A row.\",\"score\":\"high\"}\n{\"text\":\"A row.\"}\n";
    place.file("human/bad.jsonl", rows);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[limits]\nquarantine = 0.5\n[mix]\nhuman = 1\n\
         [[filters.rule]]\nname = \"low\"\ncolumn = \"input.score\"\nmin = 0.4\n\
         [[source]]\nname = \"human\"\npaths = [\"human/*.jsonl*\"]\norigin = \"human\"\n",
    );
    place.tamis("run mix.toml").code(0);
    let record = place.run("mix").json("quarantine/human/bad.jsonl.jsonl");
    assert_eq!(record["code"], "E-COLUMN-TYPE");
    assert!(
        place.run("mix").report()["reasons"]["low"]
            .as_u64()
            .unwrap()
            > 5
    );
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_text_column_that_is_missing_or_no_text_is_told_before_any_work() {
    let place = good();
    let batch = table(&docs("d", 5, &[En]));
    place.table("human/none.parquet", &batch.project(&[0, 8]).unwrap());
    let refused = run(&place, "").code(2);
    let refused = refused.says("none.parquet has no column `text`: it has id, count");
    refused.says("`--text`");
    assert!(!place.path("mix").exists());
    let refused = run(&place, "--text ok").code(2);
    refused
        .says("b.parquet is Boolean, not text")
        .says("has no column `ok`")
        .never_says("s.jsonl");
}

#[test]
fn paths_that_cannot_be_worked_on_are_told_before_any_work() {
    let place = good();
    let with = |args: &str| place.tamis(&format!("run {args} --mix human=1"));
    with("--human nowhere/* --out mix")
        .code(2)
        .says("`nowhere/*` matches no shard");
    with("--human nowhere --out mix").code(5).says("nowhere");
    place.file("human/readme.txt", "");
    with("--human human/readme.txt --out mix")
        .code(2)
        .says("the format of");
    with("--human human --out human/mix")
        .code(2)
        .says("lies inside the input folder");
    with("--human human --out .")
        .code(2)
        .says("lies inside the run directory");
    let twice = with("--human human --unknown human/a.jsonl.zst --out mix").code(2);
    twice.says("is in the sources `human` and `unknown`");
    with("--human human/a.jsonl.zst human --synthetic human/b.parquet --out mix").code(2);
    assert!(!place.path("mix").exists());
}

#[test]
fn what_is_no_regular_file_is_told_and_not_waited_for() {
    let place = good();
    let pipe = place.path("human/p.jsonl");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    run(&place, "")
        .code(2)
        .says("p.jsonl")
        .says("it is no regular file");
}

#[test]
fn names_that_cannot_be_shards_are_told() {
    let place = good();
    place.file("human/new\nline.jsonl", "{\"text\":\"x\"}\n");
    run(&place, "")
        .code(2)
        .says("new\\nline.jsonl")
        .says("control character");
}

#[test]
fn links_do_not_hide_an_output_inside_an_input() {
    let place = good();
    std::os::unix::fs::symlink(place.path("human"), place.path("door")).unwrap();
    let refused = place
        .tamis("run --human human --mix human=1 --out door/mix")
        .code(2);
    refused.says("lies inside the input folder");
    std::os::unix::fs::symlink(place.path("human/a.jsonl.zst"), place.path("c.jsonl.zst")).unwrap();
    let refused = place.tamis("run --human human --unknown c.jsonl.zst --mix human=1 --out mix");
    refused.code(2).says("a shard belongs to one source");
}

#[test]
fn an_output_that_cannot_be_made_ends_with_5() {
    let place = good();
    place.file("taken", "a file");
    let refused = place.tamis("run --human human --mix human=1 --out taken/mix");
    refused.code(5).says("taken/mix");
}

#[test]
fn a_second_run_on_a_live_run_directory_ends_with_5() {
    let place = good();
    let lock = fs::File::create(place.file("mix/log/run.lock", "")).unwrap();
    lock.try_lock().unwrap();
    run(&place, "")
        .code(5)
        .says("another tamis works on")
        .says("another --out");
    drop(lock);
    run(&place, "").code(0);
}

#[test]
fn no_bytes_of_a_bad_line_are_told() {
    let place = good();
    place.file(
        "human/bad.jsonl",
        "{\"text\":\"canary\", canary}\n{\"text\":[\"canary\"]}\n",
    );
    run(&place, "").code(3).never_says("canary");
    let record = fs::read_to_string(place.path("mix/quarantine/human/bad.jsonl.jsonl")).unwrap();
    assert!(!record.contains("canary"), "{record}");
}

#[test]
fn a_text_column_of_nothing_but_nulls_is_told_row_by_row() {
    let place = good();
    let batch = table(&docs("n", 30, &[En]));
    let at = batch.schema().index_of("text").unwrap();
    let mut columns = batch.columns().to_vec();
    columns[at] = std::sync::Arc::new(arrow::array::LargeStringArray::new_null(30));
    place.table(
        "human/bad.parquet",
        &RecordBatch::try_new(batch.schema(), columns).unwrap(),
    );
    run(&place, "")
        .code(3)
        .says("30 of 130 rows are quarantined");
    let record = place
        .run("mix")
        .json("manifest/score/human/bad.parquet.json");
    assert_eq!(record["reasons"]["E-TEXT-NULL"], 30);
    assert_eq!(
        (&record["rows"]["read"], &record["rows"]["kept"]),
        (&30.into(), &0.into())
    );
}

#[test]
fn an_empty_text_is_a_row() {
    let place = good();
    place.file("human/empty.jsonl", "{\"text\":\"\"}\n{\"text\":\" \"}\n");
    run(&place, "").code(0);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["rows"]["read"], &report["rows"]["quarantined"]),
        (&102.into(), &0.into())
    );
    let rows = place.run("mix").rows();
    let empty = rows.iter().filter(|row| row.file == "human/empty.jsonl");
    assert_eq!(empty.count(), 2);
    place.tamis("verify mix --inputs").code(0);
}
