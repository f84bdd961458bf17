//! Which files a pattern means, and what they are called.

use std::fs;
use std::path::Path;

use super::super::*;

fn tree(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
}

fn names(folder: &Path, patterns: &[&str]) -> Result<Vec<String>, ShardError> {
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| folder.join(pattern).to_str().unwrap().to_owned())
        .collect();
    Ok(find(&patterns)?.into_iter().map(|s| s.name).collect())
}

#[test]
fn a_name_is_the_path_below_the_fixed_part() {
    let tree = tree(&["x/b.jsonl", "x/y/a.parquet", "x/y/c.jsonl.zst", "x/z.txt"]);
    let all = ["b.jsonl", "y/a.parquet", "y/c.jsonl.zst"];
    assert_eq!(names(tree.path(), &["x"]).unwrap(), all);
    assert_eq!(names(tree.path(), &["x/**/*"]).unwrap(), all);
    assert_eq!(
        names(tree.path(), &["x/y/a.parquet"]).unwrap(),
        ["a.parquet"]
    );
    assert_eq!(
        names(tree.path(), &["*/y/*.zst"]).unwrap(),
        ["x/y/c.jsonl.zst"]
    );
    assert_eq!(names(tree.path(), &["x/y/[ab].*"]).unwrap(), ["a.parquet"]);
}

#[test]
fn the_same_file_under_the_same_name_counts_once() {
    let tree = tree(&["x/a.jsonl", "x/b.jsonl"]);
    assert_eq!(
        names(tree.path(), &["x/*.jsonl", "x/a.jsonl"]).unwrap(),
        ["a.jsonl", "b.jsonl"]
    );
}

#[test]
fn two_files_of_one_name_and_one_file_of_two_names_are_refused() {
    let tree = tree(&["x/a.jsonl", "y/a.jsonl"]);
    for patterns in [&["x", "y"][..], &["x", "*/a.jsonl"]] {
        let error = names(tree.path(), patterns).unwrap_err();
        assert_eq!(error.code(), "E-COLLISION", "{error}");
    }
}

#[test]
fn hidden_files_and_descriptions_of_data_sets_are_no_shards() {
    let tree = tree(&[
        "x/.tmp-1-a.jsonl",
        "x/info.json",
        "x/c4.json.gz",
        "x/.cache/b.jsonl",
    ]);
    assert_eq!(names(tree.path(), &["x"]).unwrap(), ["c4.json.gz"]);
    assert_eq!(names(tree.path(), &["x/info.json"]).unwrap(), ["info.json"]);
}

#[test]
fn a_pattern_without_a_shard_is_an_error_that_names_it() {
    let tree = tree(&["x/a.txt", "y/a.jsonl"]);
    let code = |pattern: &str| {
        let error = names(tree.path(), &[pattern]).unwrap_err();
        assert!(error.to_string().contains(pattern), "{error}");
        (error.code(), error.is_environment())
    };
    assert_eq!(code("x"), ("E-NOTHING-FOUND", false));
    assert_eq!(code("x/*.jsonl"), ("E-NOTHING-FOUND", false));
    assert_eq!(code("x/a.txt"), ("E-FORMAT", false));
    assert_eq!(code("nowhere"), ("E-IO", true));
    assert_eq!(code("y/[a"), ("E-PATTERN", false));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_end() {
    let tree = tree(&["x/a.jsonl"]);
    std::os::unix::fs::symlink(tree.path().join("x"), tree.path().join("x/again")).unwrap();
    assert_eq!(names(tree.path(), &["x"]).unwrap(), ["a.jsonl"]);
}

#[cfg(unix)]
#[test]
fn a_name_with_a_line_break_or_of_no_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    for name in [&b"a\nb.jsonl"[..], b"a\xFF.jsonl"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
        let error = names(folder.path(), &["."]).unwrap_err();
        assert_eq!(error.code(), "E-NAME");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn formats_follow_from_names() {
    let cases = [
        ("a.parquet", Some(Format::Parquet)),
        ("a.JSONL", Some(Format::Jsonl)),
        ("a.ndjson.zst", Some(Format::JsonlZst)),
        ("a.json.gz", Some(Format::JsonlGz)),
        ("a.csv", None),
        ("a.zst", None),
        ("jsonl", None),
    ];
    for (name, format) in cases {
        assert_eq!(Format::of_name(name), format, "{name}");
    }
}
