//! Measures by the definitions of another package, and filters on them.

use serde_json::json;

use crate::place::Place;
use crate::run::{read_table, value};

fn lines(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| format!("{}\n", json!({ "text": text })))
        .collect()
}

/// The first value of a column of score rows.
fn first(place: &Place, file: &str, column: &str) -> Option<f64> {
    let table = read_table(&place.path(file));
    value(table.column_by_name(column).unwrap(), 0).as_f64()
}

#[test]
fn compat_parts_words_at_white_space_and_leaves_counts_and_diversity_alone() {
    let place = Place::new();
    let text = "The cat, the CAT, the cat.......";
    place.file("in/a.jsonl", lines(&[text]));
    place.tamis("score --loose in --out own.parquet").code(0);
    let score = "score --loose in --out theirs.parquet --compat datatrove";
    place.tamis(score).code(0);
    let value = |file: &str, column: &str| first(&place, file, column);
    // `the cat` three times in the program's own words, no pair twice in the others.
    assert_eq!(value("own.parquet", "top_2_gram_char_frac"), Some(0.65625));
    assert_eq!(value("theirs.parquet", "top_2_gram_char_frac"), Some(0.25));
    assert_eq!(value("own.parquet", "non_symbol_words"), None);
    assert_eq!(value("theirs.parquet", "non_symbol_words"), Some(6.0));
    for column in ["ttr", "hapax_ratio", "word_entropy"] {
        assert_eq!(
            value("own.parquet", column),
            value("theirs.parquet", column)
        );
    }
    place
        .tamis("score --loose in --out no.parquet --compat dolma")
        .code(2)
        .says("use datatrove");
}

#[test]
fn scores_by_other_definitions_are_made_anew() {
    let place = Place::new();
    place.file("in/a.jsonl", lines(&["The cat, the CAT, the cat......."]));
    let source =
        "[mix]\nhuman = 1\n[[source]]\nname = \"a\"\npaths = [\"in\"]\norigin = \"human\"\n";
    place.file("own.toml", source);
    place.file(
        "theirs.toml",
        format!("[score]\ncompat = \"datatrove\"\n{source}"),
    );
    let value = |config: &str| {
        place.tamis(&format!("profile {config} --out run")).code(0);
        place.tamis(&format!("score {config} --out run")).code(0);
        first(
            &place,
            "run/scores/a/a.jsonl.parquet",
            "top_2_gram_char_frac",
        )
    };
    assert_eq!(value("own.toml"), Some(0.65625));
    assert_eq!(value("theirs.toml"), Some(0.25));
    let kept = std::fs::read_to_string(place.path("run/config.toml")).unwrap();
    assert!(kept.contains("compat = \"datatrove\""), "{kept}");
}

#[test]
fn a_share_that_is_exactly_the_bound_is_kept() {
    let place = Place::new();
    // 3 of 10 lines repeat an earlier one; 4 of 11 do.
    let three = "a\nb\nc\nd\ne\nf\ng\na\nb\nc";
    let four = "a\nb\nc\nd\ne\nf\ng\na\nb\nc\nd";
    place.file("in/a.jsonl", lines(&[three, four]));
    let rule = "[[filters.rule]]\nname = \"f\"\ncolumn = \"dup_line_frac\"\nmax = 0.3\n";
    let source = "[[source]]\nname = \"a\"\npaths = [\"in\"]\norigin = \"human\"\n";
    place.file("mix.toml", format!("[mix]\nhuman = 1\n{rule}{source}"));
    place.tamis("run mix.toml --out run").code(0);
    let report = place.run("run").report();
    assert_eq!(
        (&report["rows"]["kept"], &report["reasons"]["f"]),
        (&1.into(), &1.into())
    );
}
