//! Collapse metrics against a few lines of Python, `tests/reference/generations.py`.

use serde_json::Value;
use tamis::score::generations::TokenTally;
use tamis::text::Scan;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/generations.json")).expect("the file is JSON")
}

/// The metrics of documents, tallied in two parts.
fn measured(texts: &[String]) -> Value {
    let mut parts = [TokenTally::default(), TokenTally::default()];
    let mut scan = Scan::default();
    for (place, text) in texts.iter().enumerate() {
        scan.read(text);
        parts[place % 2].add(text, &scan, place as u64);
    }
    let [mut whole, second] = parts;
    whole.merge(second);
    serde_json::to_value(whole.metrics()).expect("metrics are JSON")
}

fn compare(found: &Value, expected: &Value, what: &str) {
    let fields = expected.as_object().expect("metrics are an object");
    for (name, expected) in fields {
        let found = &found[name];
        match (found.as_f64(), expected.as_f64()) {
            (Some(a), Some(b)) => {
                let apart = (a - b).abs();
                assert!(apart <= 1e-9 * b.abs().max(1.0), "{what} {name}: {a} {b}");
            }
            _ if expected.is_object() => compare(found, expected, what),
            _ => assert_eq!(found, expected, "{what} {name}"),
        }
    }
}

#[test]
fn collapse_metrics_are_those_of_python() {
    let reference = reference();
    let sets = reference["sets"].as_array().expect("sets are a list");
    assert!(sets.len() > 10);
    for (place, set) in sets.iter().enumerate() {
        let texts: Vec<String> =
            serde_json::from_value(set["texts"].clone()).expect("texts are strings");
        compare(&measured(&texts), &set["metrics"], &format!("set {place}"));
    }
}

#[test]
fn metrics_at_a_fixed_size_are_those_of_exact_fractions() {
    let reference = reference();
    for set in reference["large"].as_array().expect("sets are a list") {
        let number = |name: &str| set[name].as_u64().expect("a whole number");
        let (length, modulus) = (number("length"), number("modulus"));
        let word = |i: u64| {
            if i.is_multiple_of(5) {
                i
            } else {
                i * i % modulus
            }
        };
        let words: Vec<String> = (0..length).map(|i| format!("w{}", word(i))).collect();
        let metrics = measured(&[words.join(" ")]);
        assert!(metrics["at_10000_tokens"].is_object());
        compare(&metrics, &set["metrics"], &format!("{length} of {modulus}"));
    }
}
