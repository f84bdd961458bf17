//! Languages that are made up: words over few letters, drawn with a fixed seed.

use super::fit::{Labelled, best_scale, surprise};
use super::*;
use crate::text::normalise::mix;

/// Some words of a language that likes its own endings.
fn text(language: u64, draw: u64) -> String {
    const LETTERS: [&str; 4] = ["aeiostnr", "uoaylkmh", "eyiwbdgf", "xqzvjcpu"];
    let letters = LETTERS[(language % 4) as usize].as_bytes();
    // The number is no letter: it only makes the text another one.
    let mut text = format!("{draw} ");
    for word in 0..60 {
        let mut state = mix((mix(draw) % 40) ^ (mix(word + 1) % 90) ^ (language << 32));
        for _ in 0..3 + state % 5 {
            state = mix(state);
            text.push(char::from(letters[(state % 8) as usize]));
        }
        text.push(' ');
    }
    text
}

fn examples() -> Vec<LanguageExample> {
    let mut examples = Vec::new();
    for (language, lang) in ["aa", "bb", "cc", OTHER].into_iter().enumerate() {
        for draw in 0..60 {
            examples.push(LanguageExample {
                text: text(language as u64, draw),
                lang: lang.to_owned(),
                group: format!("source {}", draw % 6),
            });
        }
    }
    examples
}

fn options() -> LanguageOptions {
    LanguageOptions {
        rows_log2: 10,
        crops: 60,
        epochs: 2,
        folds: 3,
        ..LanguageOptions::default()
    }
}

#[test]
fn order_doubles_and_threads_change_no_byte() {
    let forward = examples();
    let mut backward: Vec<_> = forward.iter().rev().cloned().collect();
    backward.extend_from_slice(&forward[..9]);
    let alone = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let one = alone.install(|| train(&forward, &options())).unwrap();
    let other = train(&backward, &options()).unwrap();
    assert_eq!(one.model.to_bytes(), other.model.to_bytes());
    assert_eq!(one.report, other.report);
}

#[test]
fn held_out_groups_are_told_apart_and_other_languages_are_null() {
    let trained = train(&examples(), &options()).unwrap();
    let report = &trained.report;
    assert_eq!(trained.model.codes(), ["aa", "bb", "cc"]);
    assert_eq!(report.languages.len(), 3);
    for of in &report.languages {
        assert_eq!((of.texts, of.groups), (60, 6), "{}", of.lang);
        assert!(of.f1 > 0.9, "{} {}", of.lang, of.f1);
    }
    assert_eq!(report.lengths[1].others, 60);
    assert!(report.lengths[1].others_null > 0.9);
    assert_eq!(
        trained.model.identify(&text(0, 99)).map(|found| found.0),
        Some("aa")
    );
    assert_eq!(trained.model.identify(&text(3, 99)), None);
}

#[test]
fn an_alphabet_of_one_language_needs_no_weights() {
    let mut examples = examples();
    examples.extend((0..9).map(|draw| LanguageExample {
        text: "ελληνικα γραμματα και αλλα ".repeat(30 + draw),
        lang: "el".to_owned(),
        group: String::new(),
    }));
    let model = train(&examples, &options()).unwrap().model;
    assert_eq!(model.parts().len(), 2);
    assert_eq!(model.parts()[1].table, None);
    assert_eq!(
        model
            .identify("μονο μια γλωσσα γραφεται ετσι")
            .map(|found| found.0),
        Some("el")
    );
}

#[test]
fn quotations_make_no_alphabet() {
    let mut examples = examples();
    examples.extend((0..40).map(|draw| LanguageExample {
        text: "русские буквы и слова ".repeat(40 + draw),
        lang: if draw < 3 { "aa" } else { "ru" }.to_owned(),
        group: String::new(),
    }));
    let model = train(&examples, &options()).unwrap().model;
    assert_eq!(model.parts()[1].columns, [Some(3)]);
}

#[test]
fn what_cannot_be_trained_is_said() {
    let refused = |examples: &[LanguageExample], options: &LanguageOptions| {
        train(examples, options)
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(
        refused(&examples()[..2], &options()).as_deref(),
        Some("no language has 5000 bytes of text in letters of one alphabet")
    );
    let mut wrong = examples();
    wrong[0].lang = "x-Y".to_owned();
    assert_eq!(
        refused(&wrong, &options()).as_deref(),
        Some("a language is a code of 2 to 8 small letters (ISO 639), not `x-Y`")
    );
    let mut many = Vec::new();
    for language in 0..70u8 {
        many.extend((0..20).map(|draw| {
            LanguageExample {
                text: text(0, draw),
                lang: [b'a' + language / 26, b'a' + language % 26]
                    .map(char::from)
                    .iter()
                    .collect(),
                group: String::new(),
            }
        }));
    }
    let single = LanguageOptions {
        folds: 1,
        ..options()
    };
    assert_eq!(
        refused(&many, &single).as_deref(),
        Some("`folds` is out of its range: 2 to 50")
    );
    assert_eq!(
        refused(&many, &options()).as_deref(),
        Some("70 languages are written in Latin letters, the most are 64")
    );
}

#[test]
fn the_scale_is_the_likeliest_of_a_grid() {
    let logits: Vec<Labelled> = (0..200u64)
        .map(|row| {
            let draw = |place: u64| (mix(row * 8 + place) % 1000) as f64 / 500.0;
            (0, vec![draw(0) + 0.7, draw(1), draw(2)])
        })
        .collect();
    let found = surprise(&logits, libm::log2(best_scale(&logits)));
    for step in -60..=60 {
        assert!(found <= surprise(&logits, f64::from(step) / 20.0) + 1e-3);
    }
}
