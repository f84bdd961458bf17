//! Gates on means of score columns, and rules for a band of lengths.

use serde_json::json;

use crate::place::Place;

/// Human documents of the ranks 0 to 39, even ones of 40 words and odd ones of 400.
fn place() -> Place {
    let place = Place::new();
    let line = |rank: usize| {
        let words = if rank.is_multiple_of(2) { 40 } else { 400 };
        let text: Vec<String> = (0..words).map(|n| format!("w{rank}x{n}")).collect();
        format!("{}\n", json!({ "text": text.join(" "), "rank": rank }))
    };
    place.file("human/a.jsonl", (0..40).map(line).collect::<String>());
    place
}

fn config(rules: &str) -> String {
    format!(
        "[mix]\nhuman = 1\nunit = \"documents\"\n{rules}\n[[source]]\nname = \"a\"\npaths = [\"human\"]\norigin = \"human\"\n"
    )
}

const LOW_RANKS: &str = "[[filters.rule]]\nname = \"high\"\ncolumn = \"input.rank\"\nmax = 9\n";

#[test]
fn a_mean_that_falls_too_far_ends_the_run() {
    let place = place();
    // All ranks have the mean 19.5, those up to 9 have 4.5.
    let of = |limit: &str| {
        config(&format!(
            "{LOW_RANKS}[[gates.mean]]\ncolumn = \"input.rank\"\n{limit}"
        ))
    };
    for (limit, name) in [
        ("max_loss = 0.75", "mean.input.rank.max_loss"),
        ("min = 5", "mean.input.rank.min"),
        ("max = 4", "mean.input.rank.max"),
    ] {
        place.file("mix.toml", of(limit));
        place
            .tamis("run mix.toml --out refused")
            .code(4)
            .says(&format!("gate `{name}` does not hold in `plan`"));
        std::fs::remove_dir_all(place.path("refused")).unwrap();
    }
    place.file(
        "mix.toml",
        of("max_loss = 0.8\nmin = 4\nmax = 5\nmax_rise = 0"),
    );
    place.tamis("run mix.toml --out mix").code(0);
    let gates = place.run("mix").report()["gates"].clone();
    let gate = |name: &str| {
        let name = json!(format!("mean.input.rank.{name}"));
        let gates = gates.as_array().unwrap().iter();
        gates.clone().find(|gate| gate["name"] == name).unwrap()["value"]
            .as_f64()
            .unwrap()
    };
    assert!((gate("max_loss") - 15.0 / 19.5).abs() < 1e-9);
    assert!((gate("max_rise") + 15.0 / 19.5).abs() < 1e-9);
    assert_eq!((gate("min"), gate("max")), (4.5, 4.5));
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn a_mix_of_shorter_documents_is_no_loss_of_words_a_document() {
    let place = place();
    let short = "[[filters.rule]]\ncolumn = \"words\"\nmax = 100\n";
    let gate = "[[gates.mean]]\ncolumn = \"words\"\nmax_loss = 0.0\n";
    place.file("mix.toml", config(&format!("{short}{gate}")));
    place.tamis("run mix.toml --out mix").code(0);
    assert_eq!(place.run("mix").rows().len(), 20);
}

#[test]
fn a_rule_for_a_band_of_lengths_spares_the_others() {
    let place = place();
    let band = format!("{LOW_RANKS}[filters.rule.when]\nwords = [100, 400]\n");
    place.file("mix.toml", config(&band));
    place.tamis("run mix.toml --out mix").code(0);
    // All 20 short ones, and the long ones of the ranks 1, 3, 5, 7 and 9.
    assert_eq!(place.run("mix").rows().len(), 25);
    place.file(
        "mix.toml",
        config(&band.replace("[100, 400]", "[400, 100]")),
    );
    place
        .tamis("run mix.toml --out other")
        .code(2)
        .says("`filters.rule[0].when.words` holds for nothing");
}

#[test]
fn a_gate_on_nothing_or_without_a_limit_is_refused() {
    let place = place();
    place.file(
        "mix.toml",
        config("[[gates.mean]]\ncolumn = \"matrr\"\nmin = 0.5\n"),
    );
    place.tamis("run mix.toml --out mix").code(2).says("matrr");
    place.file("mix.toml", config("[[gates.mean]]\ncolumn = \"mattr\"\n"));
    place
        .tamis("run mix.toml --out mix")
        .code(2)
        .says("`gates.mean[0]` has no limit");
    place.file(
        "mix.toml",
        config("[[gates.mean]]\ncolumn = \"tokens\"\nmin = 0.5\n"),
    );
    place
        .tamis("run mix.toml --out null")
        .code(2)
        .says("no document that is taken has a value");
    for (column, needed) in [
        ("nll", "score.nll"),
        ("novelty", "score.nll"),
        ("non_symbol_words", "score.compat"),
    ] {
        let rule = format!("[[filters.rule]]\ncolumn = \"{column}\"\nmin = 0.5\n");
        place.file("mix.toml", config(&rule));
        place.tamis("run mix.toml --out mix").code(2).says(needed);
    }
}
