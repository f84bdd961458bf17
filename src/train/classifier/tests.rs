//! Training on generated text whose signal is known.

use super::*;
use crate::text::normalise::mix;

/// Rows of eight domains with words of their own. Where `telling`, machine text has words that
/// human text has not, in every domain; else each domain has one label, and only its own words.
fn corpus(telling: bool) -> Vec<Example> {
    let mut state = 1u64;
    let mut draw = move |below: u64| {
        state = mix(state + 1);
        state % below
    };
    let mut examples = Vec::new();
    for domain in 0..8 {
        for row in 0..80 {
            let machine = if telling {
                row % 2 == 1
            } else {
                domain % 2 == 1
            };
            let words: Vec<String> = (0..90)
                .map(|_| match draw(10) {
                    0 if telling => {
                        format!("{}{}", ["plain", "grand"][usize::from(machine)], draw(5))
                    }
                    1..=4 => format!("topic{domain}x{}", draw(20)),
                    _ => format!("word{}", draw(50)),
                })
                .collect();
            examples.push(Example {
                text: words.join(" "),
                machine,
                domain: format!("domain-{domain}"),
                generator: if machine {
                    "model".to_owned()
                } else {
                    String::new()
                },
                group: format!("{domain}-{row}"),
                lang: "en".to_owned(),
                subset: "pure".to_owned(),
            });
        }
    }
    examples
}

fn options() -> TrainOptions {
    TrainOptions {
        slots_log2: 14,
        ..TrainOptions::default()
    }
}

#[test]
fn a_signal_that_crosses_domains_is_found_in_unseen_ones() {
    let trained = train(&corpus(true), &options()).unwrap();
    assert_eq!(trained.classifier.languages(), ["en"]);
    assert!(trained.report.auroc > 0.99, "{}", trained.report);
    assert_eq!(trained.report.cells.len(), 8);
    let reference = trained.classifier.reference();
    assert!((reference.human.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!((reference.machine.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    for rates in &reference.rates {
        assert!(rates.human.0 <= rates.human.1 && rates.machine.0 <= rates.machine.1);
    }
    let again = evaluate(&trained.classifier, &corpus(true));
    assert!(again.auroc > 0.99);
}

#[test]
fn topic_alone_makes_no_language_answered_for() {
    let error = train(&corpus(false), &options()).unwrap_err();
    assert!(matches!(error, TrainError::NoLanguage { .. }));
}

#[test]
fn the_model_depends_on_the_set_of_rows_alone() {
    let mut examples = corpus(true);
    let first = train(&examples, &options()).unwrap().classifier.to_bytes();
    examples.reverse();
    examples.extend_from_within(..40);
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let second = one.install(|| train(&examples, &options()).unwrap().classifier.to_bytes());
    assert!(first == second);
    let other = TrainOptions {
        seed: 1,
        ..options()
    };
    assert!(first != train(&examples, &other).unwrap().classifier.to_bytes());
}

#[test]
fn domains_that_share_a_group_are_left_out_together() {
    let mut examples = corpus(true);
    for example in &mut examples {
        if example.domain == "domain-3" || example.domain == "domain-6" {
            example.group = "shared".to_owned();
        }
    }
    let rows = Rows::select(&examples, &options());
    let folds = folds::assign(&rows, 5).unwrap();
    let mut of = std::collections::BTreeMap::new();
    for (row, fold) in folds.iter().enumerate() {
        let known = *of.entry(rows.example(row).domain.clone()).or_insert(*fold);
        assert_eq!(known, *fold);
    }
    assert_eq!(of["domain-3"], of["domain-6"]);
}

#[test]
fn left_out_subsets_duplicates_and_rows_above_the_limit_are_not_trained_on() {
    let mut examples = corpus(true);
    examples.extend_from_within(..);
    examples[0].subset = "base".to_owned();
    examples[2].text = "too short".to_owned();
    let limited = TrainOptions {
        max_machine_rows: 10,
        ..options()
    };
    let rows = Rows::select(&examples, &limited);
    let machine = (0..rows.len()).filter(|&row| rows.machine(row)).count();
    assert_eq!(machine, 80);
    // The twins of the two rows above are still there.
    assert_eq!(rows.len() - machine, 320);
    let weights = |label| -> f64 {
        let of = (0..rows.len()).filter(|&row| rows.machine(row) == label);
        of.map(|row| rows.weight(row)).sum()
    };
    assert!((weights(true) - 200.0).abs() < 1e-9 && (weights(false) - 200.0).abs() < 1e-9);
}

#[test]
fn what_cannot_be_trained_is_refused_with_its_reason() {
    let human: Vec<Example> = corpus(true).into_iter().filter(|e| !e.machine).collect();
    assert_eq!(
        train(&human, &options()).unwrap_err(),
        TrainError::OneLabel { label: "machine" }
    );
    let mut one = corpus(true);
    one.iter_mut().for_each(|e| e.domain = "all".to_owned());
    assert!(matches!(
        train(&one, &options()),
        Err(TrainError::FewDomains { found: 1, .. })
    ));
    let bad = TrainOptions {
        rate: f32::NAN,
        ..options()
    };
    assert!(matches!(
        train(&[], &bad),
        Err(TrainError::Option { option: "rate", .. })
    ));
}
