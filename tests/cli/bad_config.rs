//! Configurations and targets that cannot be: every fault is told at once, with what would be valid.

use crate::place::{Outcome, Place};
use crate::shards::{MIXED, THREE};

fn run(config: &str) -> (Place, Outcome) {
    let place = Place::new();
    place.mixed();
    place.file("mix.toml", config);
    let outcome = place.tamis("run mix.toml --out mix");
    assert!(!place.path("mix").exists(), "nothing is begun");
    (place, outcome)
}

const SOURCE: &str = "[[source]]\nname = \"web\"\npaths = [\"human\"]\norigin = \"human\"\n";

#[test]
fn an_unknown_key_is_told_with_the_nearest() {
    let config = format!("[mix]\nhuman = 1\nsyntetic = 2\n[gates]\nmax_sinthetic = 0.3\n{SOURCE}");
    let outcome = run(&config).1.code(2);
    outcome
        .says("unknown key `mix.syntetic`: did you mean `mix.synthetic`?")
        .says("unknown key `gates.max_sinthetic`: did you mean `gates.max_synthetic`?");
}

#[test]
fn all_faults_are_told_at_once() {
    let config = format!(
        "[mix]\nhuman = -1\nmax_copies = 0\n[edit]\nprior = \"magic\"\n[limits]\nquarantine = 2\n{SOURCE}{SOURCE}"
    );
    run(&config)
        .1
        .code(2)
        .says("`mix.human` is -1")
        .says("`mix.max_copies` is 0")
        .says("`edit.prior` is `magic`")
        .says("`limits.quarantine` is 2: use 0 to 1")
        .says("`source[1].name` is `web`");
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    run("[mix\nhuman = 1\n").1.code(2).says("line 1");
    run("[mix]\nhuman = \"much\"\n").1.code(2).says("human");
    let place = Place::new();
    place.tamis("run nowhere.toml").code(2).says("nowhere.toml");
}

#[test]
fn a_column_that_no_score_has_is_told_with_the_nearest() {
    let place = Place::new();
    place.mixed();
    let rule = "[[filters.rule]]\ncolumn = \"wrds\"\nmin = 5\n";
    place.file("mix.toml", format!("[mix]\nhuman = 1\n{rule}{SOURCE}"));
    let refused = place.tamis("run mix.toml --out mix").code(2);
    refused.says("`wrds`").says("did you mean `words`?");
}

#[test]
fn a_mix_that_cannot_be_is_refused_with_the_nearest() {
    let place = Place::new();
    place.mixed();
    let refused = place
        .tamis("run --human human --mix human=50,synthetic=50 --out mix")
        .code(4);
    refused
        .says("asked human=50.00 semi_synthetic=0.00 synthetic=50.00")
        .says("nothing to draw for synthetic")
        .says("nearest target that works: human=100.00");
    assert!(!place.path("mix/plan.json").exists() && !place.path("mix/data").exists());
    let nothing = place
        .tamis("run --synthetic synthetic --mix human=1 --out other")
        .code(4);
    nothing.says("no mix can be made of these pools");
}

const DECLARED: &str = "--human human --synthetic synthetic";

#[test]
fn the_nearest_target_works() {
    let place = Place::new();
    place.mixed();
    // Declared sources alone: which unknown documents the classifier assigns is not the matter here.
    let args = format!("run {DECLARED} {THREE} --total 1000000");
    let refused = place.tamis(&format!("{args} --out mix")).code(4);
    let (_, total) = refused.stderr.rsplit_once("with a total of ").unwrap();
    let total = total.trim();
    let works = format!("run {DECLARED} {THREE} --out works --total {total}");
    place.tamis(&works).code(0);
    place.tamis("verify works").code(0);
}

#[test]
fn too_much_synthetic_text_does_not_pass_the_gate() {
    let place = Place::new();
    place.mixed();
    let args = format!("run {MIXED} --mix human=40,synthetic=60");
    let refused = place.tamis(&format!("{args} --out mix")).code(4);
    refused
        .says("gate `max_synthetic` does not hold in `plan`")
        .says("limit of 0.5");
    assert!(!place.path("mix/data").exists());
    let half = args.replace("human=40,synthetic=60", "human=50,synthetic=50");
    place.tamis(&format!("{half} --out half")).code(0);
}

#[test]
fn a_gate_of_write_is_judged_when_all_is_written() {
    let place = Place::new();
    place.mixed();
    let gates = "[gates]\nmax_error_pp = 0.0\n";
    let machine = "[[source]]\nname = \"gen\"\npaths = [\"synthetic\"]\norigin = \"synthetic\"\n";
    place.file(
        "mix.toml",
        format!("[mix]\nhuman = 70\nsynthetic = 30\n{gates}{SOURCE}{machine}"),
    );
    place
        .tamis("run mix.toml --out mix")
        .code(4)
        .says("gate `max_error_pp` does not hold in `write`");
    let gate = &place.run("mix").report()["gates"][2];
    assert_eq!(
        (&gate["name"], &gate["ok"]),
        (&"max_error_pp".into(), &false.into())
    );
}

#[test]
fn parts_on_the_command_line_that_are_no_parts_are_told() {
    let place = Place::new();
    place.mixed();
    for mix in ["human", "human=x", "humans=1", "human=1,,"] {
        let refused = place
            .tamis(&format!("run --human human --mix {mix} --out mix"))
            .code(2);
        refused
            .says("is no part")
            .says("use human=70,semi_synthetic=15,synthetic=15");
    }
    let huge = "run --human human --mix human=1e308,semi_synthetic=1e308 --out mix";
    place.tamis(huge).code(2).says("use smaller ones");
    place
        .tamis("run --human human --mix human=0 --out mix")
        .code(2)
        .says("asks for nothing");
    place
        .tamis("run --mix human=1 --out mix")
        .code(2)
        .says("no source");
    place
        .tamis("run --human human --mix human=1")
        .code(2)
        .says("--out");
    place
        .tamis("run --human human --mix human=1 --out mix --unit lines")
        .code(2)
        .says("words");
    place
        .tamis("run --human human --mix human=1 --out mix --memory much")
        .code(2);
    assert!(!place.path("mix").exists());
}

#[test]
fn columns_that_no_row_has_are_refused_before_scoring() {
    let rule = |column: &str, bound: &str| {
        format!("[mix]\nhuman = 1\n[[filters.rule]]\ncolumn = \"{column}\"\n{bound}\n{SOURCE}")
    };
    run(&rule("wrods", "min = 1"))
        .1
        .code(2)
        .says("did you mean `words`?");
    for (column, bound, says) in [
        (
            "input.qualty",
            "min = 1",
            "no sampled row has the column `qualty`",
        ),
        ("lang", "min = 1", "the column holds text: use `one_of`"),
    ] {
        let place = Place::new();
        place.mixed();
        place.file("mix.toml", rule(column, bound));
        place.tamis("run mix.toml --out mix").code(2).says(says);
        assert!(!place.path("mix/scores").exists(), "{column}");
    }
}

#[test]
fn a_folder_of_other_things_is_refused_and_stays_as_it_is() {
    let place = Place::new();
    place.mixed();
    place.file("project/data/notes.txt", "mine");
    place.file("project/config.toml", "mine");
    place
        .tamis(&format!("run {MIXED} {THREE} --out project"))
        .code(2)
        .says("is no run directory");
    for name in ["project/data/notes.txt", "project/config.toml"] {
        assert_eq!(std::fs::read(place.path(name)).unwrap(), b"mine", "{name}");
    }
    assert!(!place.path("project/log").exists());
}

/// Lines of JSON with a text of ten words and one more field.
fn lines(count: usize, text: &str, field: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|i| format!("{{\"text\":\"{text} {i}\",\"f\":{}}}\n", field(i)))
        .collect()
}

const WORDS: &str = "the old man and the sea were very quiet that morning";

#[test]
fn one_of_takes_booleans_by_their_names() {
    let place = Place::new();
    place.file(
        "human/a.jsonl",
        lines(40, WORDS, |i| (i % 4 == 0).to_string()),
    );
    let rule = "[[filters.rule]]\nname = \"f\"\ncolumn = \"input.f\"\none_of = [\"true\"]\n";
    place.file("mix.toml", format!("[mix]\nhuman = 1\n{rule}{SOURCE}"));
    place.tamis("run mix.toml --out mix").code(0);
    let report = place.run("mix").report();
    assert_eq!(
        (&report["rows"]["kept"], &report["reasons"]["f"]),
        (&10.into(), &30.into())
    );
}

#[test]
fn texts_without_an_editable_token_are_never_planned_as_variants() {
    let place = Place::new();
    let odd = "xqzv wkjp qqzx vvkw zzqp xxkv pqzw kkvx wwzq jjxv";
    place.file("human/a.jsonl", lines(60, odd, |_| "0".to_owned()));
    let source = format!("{SOURCE}lang = \"en\"\n");
    place.file(
        "mix.toml",
        format!("[mix]\nhuman = 50\nsemi_synthetic = 50\n{source}"),
    );
    place
        .tamis("run mix.toml --out mix")
        .code(4)
        .says("nothing to draw for semi_synthetic");
}

#[test]
fn weights_hold_for_variants_as_for_originals() {
    let place = Place::new();
    let weight = |i: usize| if i.is_multiple_of(2) { "1.0" } else { "0.1" }.to_owned();
    place.file("human/a.jsonl", lines(2000, WORDS, weight));
    let weigh = "[mix.weight]\ncolumn = \"input.f\"\n";
    place.file(
        "mix.toml",
        format!("[mix]\nhuman = 50\nsemi_synthetic = 50\n{weigh}{SOURCE}lang = \"en\"\n"),
    );
    place.tamis("run mix.toml --out mix").code(0);
    let rows = place.run("mix").rows();
    for origin in ["human", "semi_synthetic"] {
        let of = |weight: u64| {
            let taken = rows.iter().filter(|row| row.str("origin") == origin);
            taken.filter(|row| row.place().1 % 2 == weight).count() as f64
        };
        // One in ten, within five standard deviations of some 50.
        let ratio = of(1) / of(0);
        assert!((0.05..0.16).contains(&ratio), "{origin}: {ratio}");
    }
}

#[test]
fn a_configuration_of_a_megabyte_is_read_or_refused_and_never_ends_in_a_crash() {
    let line = "# nothing to see here\n";
    let long = line.repeat((1 << 20) / line.len());
    let place = Place::new();
    place.mixed();
    place.file("mix.toml", format!("{long}[mix]\nhuman = 1\n{SOURCE}"));
    place.tamis("run mix.toml --out mix --dry-run").code(0);
    for (what, says) in [
        (
            (0..60_000).map(|i| format!("key_{i} = 1\n")).collect(),
            "unknown key `key_59999`",
        ),
        (format!("seed = {}", "[".repeat(1 << 20)), "mix.toml"),
        (format!("seed = {}", "{a=".repeat(1 << 18)), "mix.toml"),
        (format!("seed{} = 1\n", ".a".repeat(1 << 19)), "mix.toml"),
        (format!("[seed{}]\n", ".a".repeat(1 << 19)), "mix.toml"),
        (format!("seed = {}", "9".repeat(1 << 20)), "mix.toml"),
    ] {
        place.file("mix.toml", format!("{what}\n[mix]\nhuman = 1\n{SOURCE}"));
        place
            .tamis("run mix.toml --out mix --dry-run")
            .code(2)
            .says(says);
    }
    assert!(!place.path("mix").exists());
}

#[test]
fn keys_in_conflict_are_told() {
    let rule = "[[filters.rule]]\ncolumn = \"words\"\nmin = 1\none_of = [\"x\"]\n";
    for (config, says) in [
        ("[mix]\nhuman = 1\nhuman = 2\n".to_owned(), "duplicate key"),
        (format!("[mix]\nhuman = 1\n{rule}"), "filters.rule[0]"),
        (
            "[mix]\nhuman = 1\nunit = \"tokens\"\n".to_owned(),
            "tokens_column",
        ),
        ("[mix]\nunverified = 1\n".to_owned(), "assign.unverified"),
    ] {
        run(&format!("{config}{SOURCE}")).1.code(2).says(says);
    }
}
