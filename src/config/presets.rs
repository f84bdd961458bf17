//! The published rule sets, as rules over score columns.
//!
//! Gopher: Rae et al., arXiv 2112.11446, section A1.1 and Table A1. FineWeb: Penedo et al.,
//! arXiv 2406.17557, section 3.6. The figures are theirs; the word rule and the greedy counting of
//! duplicate n-grams are this program's own, so kept shares differ between tools (they always do).
//! Under `compat` columns and figures are those of the other package.

use super::rules::{Preset, Rule, When};
use super::score::Compat;

/// (column, least, largest) of Gopher's quality rules that hold in every language.
const GOPHER_QUALITY: [(&str, Option<f64>, Option<f64>); 6] = [
    ("words", Some(50.0), Some(100_000.0)),
    ("mean_word_length", Some(3.0), Some(10.0)),
    ("symbol_word_ratio", None, Some(0.1)),
    ("bullet_line_frac", None, Some(0.9)),
    ("ellipsis_line_frac", None, Some(0.3)),
    ("alpha_word_frac", Some(0.8), None),
];

/// (column, largest) of Gopher's repetition rules, Table A1.
const GOPHER_REPETITION: [(&str, f64); 13] = [
    ("dup_line_frac", 0.30),
    ("dup_para_frac", 0.30),
    ("dup_line_char_frac", 0.20),
    ("dup_para_char_frac", 0.20),
    ("top_2_gram_char_frac", 0.20),
    ("top_3_gram_char_frac", 0.18),
    ("top_4_gram_char_frac", 0.16),
    ("dup_5_gram_char_frac", 0.15),
    ("dup_6_gram_char_frac", 0.14),
    ("dup_7_gram_char_frac", 0.13),
    ("dup_8_gram_char_frac", 0.12),
    ("dup_9_gram_char_frac", 0.11),
    ("dup_10_gram_char_frac", 0.10),
];

/// (column, least, largest) of FineWeb's own rules.
const FINEWEB: [(&str, Option<f64>, Option<f64>); 4] = [
    ("line_end_punct_frac", Some(0.12), None),
    ("char_dup_ratio", None, Some(0.1)),
    ("short_line_frac", None, Some(0.67)),
    ("newline_word_ratio", None, Some(0.3)),
];

/// The rules of a preset, in the order in which their reasons count.
pub fn preset_rules(preset: Preset, compat: Option<Compat>) -> Vec<Rule> {
    let mut rules = published(preset);
    if compat == Some(Compat::Datatrove) {
        rules.iter_mut().for_each(as_datatrove);
    }
    rules
}

/// datatrove counts words that are more than signs, and allows a tenth of the repeated characters
/// that FineWeb's paper does. It asks every rule in every language.
fn as_datatrove(rule: &mut Rule) {
    match rule.column.as_str() {
        "words" => rule.column = "non_symbol_words".to_owned(),
        "char_dup_ratio" => rule.max = Some(0.01),
        _ => {}
    }
    rule.when = When::default();
}

fn published(preset: Preset) -> Vec<Rule> {
    match preset {
        Preset::None => Vec::new(),
        Preset::Gopher => gopher(),
        Preset::Fineweb => {
            let mut rules = gopher();
            rules.extend(
                FINEWEB
                    .iter()
                    .map(|(column, min, max)| rule("fineweb", column, *min, *max)),
            );
            rules
        }
    }
}

/// Languages in which a word is one character or one cluster, so that Gopher's bounds on the mean
/// length of words would drop nearly every text.
const SHORT_WORDS: [&str; 6] = ["zh", "ja", "th", "lo", "km", "my"];

fn gopher() -> Vec<Rule> {
    let mut rules: Vec<Rule> = GOPHER_QUALITY
        .iter()
        .map(|(column, min, max)| rule("gopher", column, *min, *max))
        .collect();
    for rule in rules.iter_mut().filter(|r| r.column == "mean_word_length") {
        rule.when.not_lang = SHORT_WORDS.map(str::to_owned).to_vec();
    }
    rules.push(Rule {
        when: When {
            lang: vec!["en".to_owned()],
            ..When::default()
        },
        ..rule("gopher", "stop_words", Some(2.0), None)
    });
    rules.extend(
        GOPHER_REPETITION
            .iter()
            .map(|(column, max)| rule("gopher", column, None, Some(*max))),
    );
    rules
}

fn rule(preset: &str, column: &str, min: Option<f64>, max: Option<f64>) -> Rule {
    Rule {
        name: format!("{preset}_{column}"),
        column: column.to_owned(),
        min,
        max,
        ..Rule::default()
    }
}
