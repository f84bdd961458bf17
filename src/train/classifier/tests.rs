//! Training on generated text whose signal is known.

use super::*;
use crate::score::classifier::{FeatureSpace, Scratch};
use crate::text::normalise::{Unmasked, mix};

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
                source: format!("source-{}", domain / 2),
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
    let languages = trained.classifier.languages();
    assert_eq!(languages.len(), 1);
    assert!(languages[0].lang == "en" && languages[0].auroc > 0.99);
    assert!(trained.domains.auroc > 0.99, "{}", trained.domains);
    assert_eq!(trained.domains.cells.len(), 8);
    let reference = trained.classifier.reference();
    assert!((reference.histogram.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(reference.human.mean.0 < reference.machine.mean.0);
    assert!(reference.anchored.1 > 0.0 && reference.misfit > 0.0);
    for side in [&reference.human, &reference.machine] {
        assert!(side.shape.is_sorted() && side.mean.1 > 0.0 && side.log_sd.1 > 0.0);
        assert_eq!((side.shape[0], side.shape[64]), (0.0, 1.0));
    }
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

/// Nine tenths of every other domain are machine text, and one tenth of the rest: its words alone
/// would tell a text's label well.
#[test]
fn words_of_a_register_weigh_less_than_words_of_machines() {
    let mut examples = corpus(true);
    let mut places = [0u32; 8];
    examples.retain(|example| {
        let domain: usize = example.domain["domain-".len()..].parse().unwrap();
        places[domain] += 1;
        example.machine == (domain % 2 == 1) || places[domain] < 10
    });
    let mut rows = Rows::select(&examples, &options());
    let space = FeatureSpace::new(14, &rows.common_tokens(300));
    rows.crop(&space);
    let chosen: Vec<usize> = (0..rows.len()).collect();
    let (weights, _) = logistic::fit(&rows, &chosen, &space, &options());
    let mut scratch = Scratch::default();
    let mut mean = |words: &dyn Fn(usize) -> String| {
        let text: Vec<String> = (0..60).map(words).collect();
        let text = text.join(" ");
        let slots = space.slots((&Unmasked::new(&text), None), &mut scratch);
        slots
            .iter()
            .map(|&slot| weights[slot as usize])
            .sum::<f32>()
            / slots.len() as f32
    };
    let mut register = |odd: usize| mean(&|i| format!("topic{}x{}", 2 * (i % 4) + odd, i % 20));
    let register = register(1) - register(0);
    let mut sign = |word: &str| mean(&|i| format!("{word}{}", i % 5));
    let sign = sign("grand") - sign("plain");
    // Without intercepts it is a sixth.
    assert!(sign > 0.0 && register < sign / 7.5, "{register} of {sign}");
}

/// What a model of a fold learnt from must share neither unit nor group with what it judges.
#[test]
fn a_fold_learns_nothing_of_what_it_judges() {
    let mut examples = corpus(true);
    for (row, example) in examples.iter_mut().enumerate() {
        example.group = format!("group-{}", row % 90);
        if example.machine {
            example.generator = format!("{}-{row}", ["gpt", "Llama", "org/GPT"][row % 3]);
        }
    }
    let rows = Rows::select(&examples, &options());
    for grouping in [Grouping::Domain, Grouping::Generator, Grouping::Source] {
        let folds = folds::deal(&rows, grouping, 3);
        assert!(folds.len() >= 2, "{grouping:?}");
        let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
        if grouping == Grouping::Generator {
            // Human text is no generator's: every fold leaves out a part of it.
            judged.retain(|&row| rows.machine(row));
            let human = |fold: &folds::Fold| fold.test.iter().any(|&row| !rows.machine(row));
            assert!(folds.iter().all(human));
            judged.extend((0..rows.len()).filter(|&row| !rows.machine(row)));
        }
        judged.sort_unstable();
        assert!(judged.into_iter().eq(0..rows.len()), "{grouping:?}");
        for fold in &folds {
            for &learnt in &fold.train {
                let learnt = rows.example(learnt);
                for &row in &fold.test {
                    let row = rows.example(row);
                    assert_ne!(learnt.group, row.group);
                    let unit = grouping.unit(row);
                    assert!(unit.is_empty() || unit != grouping.unit(learnt), "{unit}");
                }
            }
        }
    }
}

#[test]
fn units_of_few_rows_are_left_out_together() {
    let mut examples = corpus(true);
    for (row, example) in examples.iter_mut().enumerate() {
        example.domain = match row % 80 {
            0 => format!("small-{row}"),
            _ => format!("large-{}", row % 4),
        };
    }
    let rows = Rows::select(&examples, &options());
    let folds = folds::deal(&rows, Grouping::Domain, 20);
    assert_eq!(folds.len(), 5);
    let small = folds.iter().find(|fold| fold.test.len() == 8).unwrap();
    assert!(
        small
            .test
            .iter()
            .all(|&row| rows.example(row).domain.starts_with("small"))
    );
}

#[test]
fn families_of_generators() {
    for (name, expected) in [
        ("gpt-4o-2024-05-13", "gpt"),
        ("GPT-3.5-turbo", "gpt"),
        ("meta-llama/Llama-2-70b", "llama"),
        ("tokyotech-llm--Swallow-70b", "swallow"),
        ("ChatGPT", "chatgpt"),
        ("7B-chat", "7b-chat"),
        ("", ""),
    ] {
        assert_eq!(family(name), expected);
    }
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
