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

#[test]
fn the_nearest_target_works() {
    let place = Place::new();
    place.mixed();
    let args = format!("run {MIXED} {THREE} --total 1000000");
    let refused = place.tamis(&format!("{args} --out mix")).code(4);
    let (_, total) = refused.stderr.rsplit_once("with a total of ").unwrap();
    let total = total.trim();
    let works = format!("run {MIXED} {THREE} --out works --total {total}");
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
