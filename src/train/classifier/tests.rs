//! Training on generated text whose signal is known, and measures against brute force.

use super::*;
use crate::text::normalise::mix;
use proptest::prelude::*;

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
    assert!((reference.histogram.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(reference.human.mean.0 < reference.machine.mean.0);
    assert!(reference.anchored.1 > 0.0 && reference.misfit > 0.0);
    for side in [&reference.human, &reference.machine] {
        assert!(side.shape.is_sorted() && side.mean.1 > 0.0 && side.log_sd.1 > 0.0);
        assert_eq!((side.shape[0], side.shape[64]), (0.0, 1.0));
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

#[test]
fn calibration_error_of_known_judgements() {
    // 0.75 said twice, right once: |0.75 - 0.5|.
    let logit = 3f64.ln();
    let error = expected_calibration_error(&[(logit, true, 1.0), (logit, false, 1.0)]);
    assert!((error - 0.25).abs() < 1e-12);
    assert_eq!(expected_calibration_error(&[]), 0.0);
}

proptest! {
    #[test]
    fn measures_equal_brute_force(
        human in prop::collection::vec(-20i8..20, 1..80),
        machine in prop::collection::vec(-20i8..20, 1..80),
        percent in 0u8..100,
    ) {
        let human: Vec<f64> = human.into_iter().map(f64::from).collect();
        let machine: Vec<f64> = machine.into_iter().map(f64::from).collect();
        let mut wins = 0.0;
        for h in &human {
            for m in &machine {
                wins += if m > h { 1.0 } else if m == h { 0.5 } else { 0.0 };
            }
        }
        let pairs = (human.len() * machine.len()) as f64;
        prop_assert!((auroc(&human, &machine).unwrap() - wins / pairs).abs() < 1e-12);
        let fpr = f64::from(percent) / 100.0;
        let share = |of: &[f64], t: f64| of.iter().filter(|&&x| x > t).count() as f64 / of.len() as f64;
        let best = human
            .iter()
            .filter(|&&t| {
                let above = human.iter().filter(|&&x| x > t).count();
                above * 100 <= usize::from(percent) * human.len()
            })
            .map(|&t| share(&machine, t))
            .fold(0.0, f64::max);
        prop_assert_eq!(true_positive_rate(&human, &machine, fpr), Some(best));
    }
}
