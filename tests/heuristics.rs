//! The text measures against values of datatrove, lexicalrichness and lexical-diversity, which
//! `tests/reference/heuristics.py` computed on generated texts and `tests/reference/differential.py`
//! on corners of Unicode.

use serde_json::Value;
use tamis::config::Compat;
use tamis::score::measure::Measure;
use tamis::score::reference::Reference;
use tamis::score::{Scorer, language::Language};
use tamis::text::normalise::Unmasked;

fn check(part: &str) {
    let reference: Value =
        serde_json::from_str(include_str!("reference/heuristics.json")).expect("the file is JSON");
    let scorer = Scorer::new(&Reference::default(), None, Language::Unknown);
    let mut scan = Default::default();
    let cases = reference[part].as_array().expect("a part is a list");
    assert!(cases.len() >= 10);
    for (place, case) in cases.iter().enumerate() {
        let text = case["text"].as_str().expect("a case has a text");
        let values = case["values"].as_object().expect("a case has values");
        let measures = scorer.measure(&Unmasked::new(text), &mut scan).measures;
        for (name, expected) in values {
            let found = measures.get(Measure::named(name).expect("values are named as measures"));
            match (found, expected.as_f64()) {
                (Some(found), Some(expected)) => {
                    let apart = (found - expected).abs();
                    assert!(
                        apart <= 1e-9 * expected.max(1.0),
                        "{part} {place} {name}: {found} {expected}"
                    );
                }
                (found, expected) => assert_eq!(found, expected, "{part} {place} {name}"),
            }
        }
    }
}

#[test]
fn repetition_and_diversity_are_those_of_the_packages() {
    check("plain");
}

#[test]
fn line_shares_are_those_of_the_packages() {
    check("marked");
}

#[test]
fn compatible_measures_are_those_of_datatrove_on_corners_of_unicode() {
    let reference: Value =
        serde_json::from_str(include_str!("reference/corners.json")).expect("the file is JSON");
    let scorer = Scorer::new(&Reference::default(), None, Language::Unknown)
        .compatible(Some(Compat::Datatrove));
    let cases = reference["cases"].as_array().expect("cases are a list");
    assert!(cases.len() >= 50);
    for (place, case) in cases.iter().enumerate() {
        let text = case["text"].as_str().expect("a case has a text");
        let measures = scorer
            .measure(&Unmasked::new(text), &mut Default::default())
            .measures;
        let values = case["values"].as_object().expect("a case has values");
        let mut compared = 0;
        for (name, expected) in values {
            let Some(name) = name.strip_prefix("compat.") else {
                continue;
            };
            let found = measures.get(Measure::named(name).expect("values are named as measures"));
            let (found, expected) = (found.unwrap(), expected.as_f64().unwrap());
            let near = (found - expected).abs() <= 1e-9 * expected.max(1.0);
            assert!(near, "{place} {name}: {found} {expected}");
            compared += 1;
        }
        assert_eq!(compared, 24);
    }
}
