//! The schema against the list of keys and the shipped reference, and messages that people see.

use std::path::Path;

use super::*;

const SMALL: &str = "[mix]\nhuman = 1\n[[source]]\nname = \"a\"\npaths = [\"x.jsonl\"]\n";

fn faults(text: &str) -> Vec<String> {
    parse(text, Path::new("/base")).unwrap_err().faults
}

#[test]
fn resolved_configuration_reads_back_as_itself() {
    let config = parse(SMALL, Path::new("/base")).unwrap();
    assert_eq!(config.source[0].paths, ["/base/x.jsonl"]);
    let text = to_toml(&config).unwrap();
    assert_eq!(parse(&text, Path::new("/elsewhere")).unwrap(), config);
}

#[test]
fn every_unknown_key_is_named_with_the_nearest() {
    let text = format!("sede = 1\n{SMALL}txet = \"body\"\n[edit]\ntopk = 3\n");
    let faults = faults(&text);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults
            .iter()
            .any(|f| f.contains("`sede`") && f.contains("`seed`"))
    );
    assert!(
        faults
            .iter()
            .any(|f| f.contains("source[].txet") && f.contains("source[].text"))
    );
    assert!(
        faults
            .iter()
            .any(|f| f.contains("edit.topk") && f.contains("edit.top_k"))
    );
}

#[test]
fn all_faults_of_values_are_told_at_once() {
    let text = "[mix]\nhuman = -1\nmax_copies = 0\n[edit]\nprior = \"magic\"\n[[source]]\nname = \"../x\"\npaths = []\n";
    let faults = faults(text);
    for key in [
        "mix.human",
        "mix.max_copies",
        "edit.prior",
        "source[0].name",
        "source[0].paths",
    ] {
        assert!(faults.iter().any(|f| f.contains(key)), "{key}: {faults:?}");
    }
}

#[test]
fn a_wrong_type_names_the_place() {
    let faults = faults("seed = \"seven\"\n[mix]\nhuman = 1\n");
    assert!(faults[0].contains("seed"), "{faults:?}");
}

#[test]
fn conflicting_keys_are_refused() {
    let text = format!("{SMALL}[edit]\nbase = \"both\"\n")
        .replace("human = 1", "human = 1\nmax_copies = 1");
    assert!(faults(&text)[0].contains("edit.base"));
    let text = SMALL.replace("human = 1", "human = 1\nunit = \"tokens\"");
    assert!(faults(&text)[0].contains("tokens_column"));
}

#[test]
fn the_reference_names_every_key_and_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/reference.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for key in KEYS {
        let last = key.rsplit('.').next().unwrap();
        assert!(
            text.lines().any(|line| line
                .trim_start_matches(['#', ' '])
                .strip_prefix(last)
                .is_some_and(|rest| rest.trim_start().starts_with('='))),
            "config/reference.toml does not show `{key}`"
        );
    }
    load(&path).unwrap();
}

#[test]
fn every_key_that_a_full_configuration_writes_is_known() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/reference.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let live: String = text
        .lines()
        .map(|line| line.strip_prefix("#= ").unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    parse(&live, Path::new("/base")).unwrap();
}

#[test]
fn sizes_round_trip() {
    for (text, bytes) in [
        ("64MiB", 64 << 20),
        ("1.5 kB", 1500),
        ("4096", 4096),
        ("2GiB", 2 << 30),
    ] {
        assert_eq!(parse_size(text), Ok(bytes));
        assert_eq!(parse_size(&format_size(bytes)), Ok(bytes));
    }
    assert!(parse_size("much").is_err());
}

#[test]
fn presets_hold_the_published_figures() {
    let rules = preset_rules(Preset::Fineweb, None);
    let find = |name: &str| rules.iter().find(|r| r.name == name).unwrap();
    assert_eq!(find("gopher_words").min, Some(50.0));
    assert_eq!(find("gopher_dup_10_gram_char_frac").max, Some(0.10));
    assert_eq!(find("gopher_stop_words").when.lang, ["en"]);
    assert_eq!(find("fineweb_line_end_punct_frac").min, Some(0.12));
    assert_eq!(find("fineweb_char_dup_ratio").max, Some(0.1));
    assert!(preset_rules(Preset::None, None).is_empty());
    let rules = preset_rules(Preset::Fineweb, Some(Compat::Datatrove));
    let find = |name: &str| rules.iter().find(|r| r.name == name).unwrap();
    assert_eq!(find("gopher_words").column, "non_symbol_words");
    assert_eq!(find("fineweb_char_dup_ratio").max, Some(0.01));
    assert!(rules.iter().all(|rule| rule.when.is_empty()));
}
