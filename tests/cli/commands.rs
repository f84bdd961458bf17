//! What a person meets at the command line.

use std::path::Path;

use serde_json::Value;

use crate::place::Place;
use crate::run::{assert_same, read_table, value};
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::{De, En};

#[test]
fn every_help_has_an_example() {
    let place = Place::new();
    let commands = [
        "",
        "run",
        "profile",
        "score",
        "plan",
        "write",
        "report",
        "rebalance",
        "verify",
        "quarantine",
        "inspect",
        "config check",
        "config show",
        "train classifier",
        "train prior",
        "train profile",
        "train language",
        "completions",
    ];
    for command in commands {
        let help = place.tamis(&format!("{command} --help")).code(0).stdout;
        let example = help.contains("Example:\n  tamis ") || help.contains("Examples:\n  tamis ");
        assert!(example, "{command}: {help}");
        let of = format!("tamis {}", command.split(' ').next().unwrap());
        let (_, example) = help.rsplit_once("Example").unwrap();
        assert!(example.contains(&of), "{command} is in its own example");
    }
    let top = place.tamis("--help").code(0).stdout;
    for code in ["0", "2", "3", "4", "5", "70", "75"] {
        assert!(
            top.lines()
                .any(|line| line.trim_start().starts_with(&format!("{code} ")))
        );
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let place = Place::new();
    for args in [
        "",
        "rum",
        "run --nonsense",
        "rebalance",
        "verify",
        "score",
        "score --loose x",
    ] {
        place.tamis(args).code(2);
    }
    place.tamis("rum").says("run");
}

#[test]
fn completions_name_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.tamis(&format!("completions {shell}")).code(0).stdout;
        for command in ["rebalance", "verify", "dry-run", "max-size"] {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
    }
}

#[test]
fn a_shown_config_reads_back() {
    let place = Place::new();
    place.mixed();
    place.file(
        "mix.toml",
        "out = \"mix\"\nseed = 3\n[mix]\nhuman = 70\nsynthetic = 30\nweight = { column = \"ttr\", power = 2 }\n\
         [filters]\npreset = \"gopher\"\n[[filters.rule]]\ncolumn = \"words\"\nmin = 10\nwhen = { lang = [\"en\"] }\n\
         [[source]]\nname = \"web\"\npaths = [\"human\"]\norigin = \"human\"\n\
         [[source]]\nname = \"gen\"\npaths = [\"synthetic\"]\norigin = \"synthetic\"\nkind = \"textbook\"\n",
    );
    place
        .tamis("config check mix.toml")
        .code(0)
        .says("is valid");
    let shown = place.tamis("config show mix.toml").code(0).stdout;
    assert!(shown.contains("max_copies = 4") && shown.contains("power = 2"));
    place.file("shown.toml", &shown);
    assert_eq!(place.tamis("config show shown.toml").code(0).stdout, shown);
    let keys = place.tamis("config show").code(0).stdout;
    assert!(keys.lines().any(|key| key == "source[].key_from_id"));
    let wrong = place.file("wrong.toml", "sed = 1\n");
    place
        .tamis("config check wrong.toml")
        .code(2)
        .says("did you mean `seed`?");
    drop(wrong);
}

#[test]
fn the_config_of_a_run_gives_the_same_run() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --seed 5 --out mix"))
        .code(0);
    place.tamis("run mix/config.toml --out again").code(0);
    assert_same(&place.run("mix").tree(), &place.run("again").tree());
    place.tamis("run mix").code(0).says("done before");
}

#[test]
fn loose_scores_are_in_order_and_of_all_documents() {
    let place = Place::new();
    place.mixed();
    let told = place
        .tamis("score --loose human synthetic/t.parquet --out scores.parquet")
        .code(0);
    told.says("190 score rows");
    let scores = read_table(&place.path("scores.parquet"));
    let ids = scores.column_by_name("id").unwrap();
    let expected: Vec<String> = [("a", 60), ("b", 60), ("c", 30), ("t", 40)]
        .iter()
        .flat_map(|(name, count)| (0..*count).map(move |i| format!("{name}-{i}")))
        .collect();
    let found: Vec<Value> = (0..scores.num_rows()).map(|i| value(ids, i)).collect();
    assert_eq!(found, expected);
    let langs = scores.column_by_name("lang").unwrap();
    assert_eq!(
        (value(langs, 0), value(langs, 1)),
        ("en".into(), "de".into())
    );
    place
        .tamis("score --loose human --out none.parquet --no-language")
        .code(0);
    let langs = read_table(&place.path("none.parquet"))
        .column_by_name("lang")
        .unwrap()
        .clone();
    assert_eq!(langs.null_count(), 150);
    place
        .tamis("score --loose nowhere/* --out x.parquet")
        .code(2);
    place.file("bad.jsonl.zst", "no frame");
    place
        .tamis("score --loose bad.jsonl.zst --out x.parquet")
        .code(3);
    assert!(!place.path("x.parquet").exists());
}

#[test]
fn a_declared_language_is_believed_and_not_identified() {
    let place = Place::new();
    place.shard("human/a.jsonl", &docs("a", 30, &[En, De]));
    place.shard("synthetic/s.jsonl", &docs("s", 30, &[En]));
    place.file(
        "mix.toml",
        "[mix]\nhuman = 1\n[score]\nlanguage = false\n\
         [[source]]\nname = \"h\"\npaths = [\"human\"]\norigin = \"human\"\nlang = \"en\"\n\
         [[source]]\nname = \"s\"\npaths = [\"synthetic\"]\norigin = \"synthetic\"\n",
    );
    place.tamis("run mix.toml --out mix").code(0);
    let columns = |name: &str| {
        let table = read_table(&place.path(name));
        ["lang", "lang_p", "logit"].map(|name| table.column_by_name(name).unwrap().clone())
    };
    let [lang, lang_p, logit] = columns("mix/scores/h/a.jsonl.parquet");
    assert!((0..30).all(|i| value(&lang, i) == "en"));
    assert_eq!(lang_p.null_count(), 30);
    assert!(logit.null_count() < 30);
    let [lang, _, logit] = columns("mix/scores/s/s.jsonl.parquet");
    assert_eq!((lang.null_count(), logit.null_count()), (30, 30));
    place
        .tamis("score --loose human --lang de --out scores.parquet")
        .code(0);
    let [lang, ..] = columns("scores.parquet");
    assert!((0..30).all(|i| value(&lang, i) == "de"));
    place
        .tamis("score --loose human --lang de --no-language --out x.parquet")
        .code(2);
}

#[test]
fn inspect_shows_formats_rows_and_columns() {
    let place = Place::new();
    place.mixed();
    let shown = place
        .tamis("inspect human synthetic/s.jsonl.gz")
        .code(0)
        .stdout;
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines[0], ["shard", "format", "bytes", "rows", "columns"]);
    let names: Vec<_> = lines[1..]
        .iter()
        .map(|line| (line[0], line[1], line[3]))
        .collect();
    let expected = [
        ("a.jsonl.zst", "jsonl.zst", "?"),
        ("b.parquet", "parquet", "60"),
        ("deep/c.jsonl", "jsonl", "?"),
        ("s.jsonl.gz", "jsonl.gz", "?"),
    ];
    assert_eq!(names, expected);
    let bytes = std::fs::metadata(place.path("human/b.parquet"))
        .unwrap()
        .len();
    assert_eq!(lines[2][2], bytes.to_string());
    assert!(
        lines[2][4].starts_with("id: Utf8, when: Timestamp"),
        "{}",
        lines[2][4]
    );
    place.tamis("inspect nowhere").code(5);
}

#[test]
fn a_dry_run_checks_and_writes_nothing() {
    let place = Place::new();
    place.mixed();
    let told = place
        .tamis(&format!("run {MIXED} {THREE} --out mix --dry-run"))
        .code(0);
    told.says("source human: origin human, 3 shards")
        .says("nothing was written");
    assert!(!place.path("mix").exists());
    place
        .tamis("run --human human --mix human=1 --out human/mix --dry-run")
        .code(2);
}

#[test]
fn results_for_machines_are_on_stdout_only_where_asked() {
    let place = Place::new();
    place.mixed();
    let args = format!("run {MIXED} {THREE} --out mix");
    let told = place.tamis(&args).code(0).says("written to ");
    assert_eq!(told.stdout, "");
    let again = place.tamis(&format!("{args} --json --quiet")).code(0);
    assert_eq!(again.stderr, "");
    let report = std::fs::read_to_string(place.path("mix/report.json")).unwrap();
    assert_eq!(again.stdout, report);
    let other = "rebalance mix --mix human=1 --out other --json";
    let told: Value = serde_json::from_str(&place.tamis(other).code(0).stdout).unwrap();
    assert_eq!(told["mix"].as_array().unwrap().len(), 1);
}

#[test]
fn log_lines_are_json_where_asked() {
    let place = Place::new();
    place.shard("human/a.jsonl", &docs("a", 30, &[En]));
    let args = "run --human human --mix human=1 --out mix --log json";
    place.tamis(args).code(0);
    let again = place.tamis(args).code(0).stderr;
    let logged = again.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Value> = logged
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let scored = |line: &&Value| line["stage"] == "score" && line["message"] == "done before";
    assert_eq!(lines.iter().find(scored).unwrap()["shards"], 1);
    let quiet = place.tamis(&format!("{args} --quiet")).code(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn paths_are_taken_from_the_folder_of_the_config() {
    let place = Place::new();
    place.shard("project/web/a.jsonl", &docs("a", 30, &[En]));
    place.file(
        "project/mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 1\n[[source]]\nname = \"web\"\npaths = [\"web\"]\norigin = \"human\"\n",
    );
    place.tamis("run project/mix.toml").code(0);
    assert!(Path::new(&place.path("project/mix/manifest.json")).exists());
}
