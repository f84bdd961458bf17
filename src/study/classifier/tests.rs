//! Figures of generated documents against the definitions taken one document at a time.

use super::judge::Verdict;
use super::*;
use crate::score::classifier::measure::{auroc, share_at, true_positive_rate};
use crate::score::classifier::{
    Abstain, AnsweredLanguage, Classifier, FeatureSpace, Reference, Region,
};
use crate::text::normalise::mix;
use proptest::prelude::*;

const THRESHOLD: f64 = 0.5;

fn model() -> Model {
    let reference = Reference {
        threshold: THRESHOLD,
        ..Reference::default()
    };
    let english = AnsweredLanguage {
        lang: "en".to_owned(),
        auroc: 0.9,
    };
    let space = FeatureSpace::new(10, &[]);
    let region = Region::new(vec![english], space, &[0.0; 1024], 0.0);
    let classifier = Classifier::new(vec![region], reference);
    Model::Classifier(Box::new(classifier))
}

fn options() -> Options {
    Options {
        chars: 1_000,
        fpr: 0.01,
        by: vec!["licence".to_owned()],
    }
}

/// A document and its verdict at every length.
#[derive(Debug, Clone)]
struct Given {
    machine: bool,
    domain: usize,
    lang: usize,
    subset: usize,
    generator: usize,
    chars: usize,
    verdict: Verdict,
}

const DOMAINS: [&str; 3] = ["news", "essays", ""];
const LANGS: [&str; 2] = ["en", "de"];
const SUBSETS: [&str; 2] = ["pure", "edited"];

fn given(seed: u64, count: u64, human_essays: bool) -> Vec<Given> {
    (0..count)
        .map(|i| {
            let mut state = mix(seed ^ mix(i + 1));
            let mut draw = |below: u64| {
                state = mix(state.wrapping_add(0x9E37_79B9));
                (state % below) as usize
            };
            let machine = draw(2) == 1;
            let domain = match draw(3) {
                1 if !machine && !human_essays => 0,
                domain => domain,
            };
            Given {
                machine,
                domain,
                lang: usize::from(draw(4) == 0),
                subset: draw(2),
                generator: draw(3),
                chars: [199, 200, 499, 500, 999, 1_000, 2_000, 3_999, 4_000][draw(9)],
                verdict: match draw(12) {
                    0 => Err(Abstain::TooShort),
                    1 => Err(Abstain::UnknownLanguage),
                    _ => Ok(draw(40) as f64 / 8.0 - 2.5 + f64::from(u8::from(machine))),
                },
            }
        })
        .collect()
}

fn evaluated(documents: &[Given]) -> Evaluation {
    let mut rows = Rows::new(1);
    for d in documents {
        let document = Document {
            text: String::new(),
            machine: d.machine,
            domain: DOMAINS[d.domain].to_owned(),
            generator: match d.machine {
                true => format!("model-{}", d.generator),
                false => String::new(),
            },
            group: String::new(),
            lang: LANGS[d.lang].to_owned(),
            subset: match d.machine {
                true => SUBSETS[d.subset].to_owned(),
                false => String::new(),
            },
            by: vec!["CC0".to_owned()],
        };
        let cut = |cut: usize| (d.chars >= cut).then_some(d.verdict);
        let verdicts = Verdicts {
            chars: d.chars,
            lang: None,
            asked: d.verdict,
            whole: d.verdict,
            cuts: CUTS.map(cut),
        };
        rows.push(document, verdicts);
    }
    evaluation::evaluate(&model(), &options(), &rows)
}

/// The logits of the documents of a label that a rule takes.
fn logits(documents: &[Given], machine: bool, takes: impl Fn(&Given) -> bool) -> Vec<f64> {
    documents
        .iter()
        .filter(|d| d.machine == machine && takes(d))
        .filter_map(|d| d.verdict.ok())
        .collect()
}

/// A figure of two labels, where both have enough documents.
fn of_both(
    human: &[f64],
    machine: &[f64],
    figure: impl Fn(&[f64], &[f64]) -> Option<f64>,
) -> Option<f64> {
    let enough = human.len().min(machine.len()) >= MIN_DOCUMENTS;
    figure(human, machine).filter(|_| enough)
}

fn close(ours: Option<Estimate>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours.value - theirs).abs() < 1e-9,
        (ours, theirs) => ours.is_none() && theirs.is_none(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn cells_stand_against_their_domain_or_else_their_language(
        seed in any::<u64>(),
        count in 200u64..700,
        human_essays in any::<bool>(),
    ) {
        let documents = given(seed, count, human_essays);
        let evaluation = evaluated(&documents);
        for set in &evaluation.cells {
            let cell = set.cell.as_ref().unwrap();
            let in_domain = |d: &Given| {
                DOMAINS[d.domain] == cell.domain && LANGS[d.lang] == cell.lang
            };
            let machine = logits(&documents, true, |d| {
                in_domain(d) && SUBSETS[d.subset] == cell.subset
            });
            let own = logits(&documents, false, in_domain);
            let of_lang = logits(&documents, false, |d| LANGS[d.lang] == cell.lang);
            let (against, human) = if own.len() >= MIN_DOCUMENTS {
                (Against::Domain, &own)
            } else if of_lang.len() >= MIN_DOCUMENTS && machine.len() >= MIN_DOCUMENTS {
                (Against::Language, &of_lang)
            } else {
                (Against::Nobody, &own)
            };
            prop_assert_eq!(set.against, against);
            let found = |h: &[f64], m: &[f64]| true_positive_rate(h, m, 0.01);
            prop_assert!(close(set.figures.auroc, of_both(human, &machine, auroc)));
            prop_assert!(close(set.figures.tpr_at_1, of_both(human, &machine, found)));
            let own_rate = share_at(&own, THRESHOLD).filter(|_| own.len() >= MIN_DOCUMENTS);
            prop_assert!(close(set.figures.fpr, own_rate));
        }
        let wanted = documents.iter().filter(|d| d.machine && d.domain == 0 && d.lang == 0);
        let pure = wanted.filter(|d| d.subset == 0).count();
        let has = evaluation.cells.iter().any(|set| set.name == "news en pure");
        prop_assert_eq!(has, pure >= MIN_DOCUMENTS);
    }

    #[test]
    fn groups_and_lengths_hold_their_documents(seed in any::<u64>(), count in 100u64..500) {
        let documents = given(seed, count, true);
        let evaluation = evaluated(&documents);
        let domains = &evaluation.groups[0];
        prop_assert_eq!(domains.column.as_str(), "domain");
        for set in &domains.sets {
            let here = |d: &Given| DOMAINS[d.domain] == set.name;
            let (human, machine) = (logits(&documents, false, here), logits(&documents, true, here));
            prop_assert!(close(set.figures.auroc, of_both(&human, &machine, auroc)));
            let reasons =
                |reason| documents.iter().filter(move |d| here(d) && d.verdict == Err(reason));
            prop_assert_eq!(set.abstained.too_short, reasons(Abstain::TooShort).count());
            prop_assert_eq!(
                set.abstained.unknown_language,
                reasons(Abstain::UnknownLanguage).count()
            );
        }
        // Human documents have no generator; a model's stand against those of its domains.
        for set in &evaluation.groups[1].sets {
            prop_assert_eq!(set.documents.human, 0);
            prop_assert!(set.figures.fpr.is_none());
        }
        let named = |d: &&Given| !DOMAINS[d.domain].is_empty();
        let in_sets = |sets: &[Set]| -> usize {
            sets.iter().map(|set| set.documents.human + set.documents.machine).sum()
        };
        let small = domains.small.documents;
        prop_assert_eq!(
            in_sets(&domains.sets) + small.human + small.machine,
            documents.iter().filter(named).count()
        );
        prop_assert_eq!(evaluation.groups[4].column.as_str(), "licence");
        let whole = evaluation.overall.documents;
        prop_assert_eq!(whole.human + whole.machine, documents.len());
        let long = |least| documents.iter().filter(|d| d.chars >= least).count();
        prop_assert_eq!(in_sets(&evaluation.lengths), long(200));
        for (set, (from, to)) in evaluation.lengths.iter().zip(
            [(200, 500), (500, 1_000), (1_000, 2_000), (2_000, 4_000), (4_000, 9_000)]
        ) {
            prop_assert_eq!(set.documents.human + set.documents.machine, long(from) - long(to));
        }
        for (set, cut) in evaluation.cuts.iter().zip(CUTS) {
            prop_assert_eq!(set.documents.human + set.documents.machine, long(cut));
        }
    }
}

#[test]
fn the_mean_over_cells_counts_each_cell_once() {
    let evaluation = evaluated(&given(3, 900, true));
    let figures: Vec<f64> = evaluation
        .cells
        .iter()
        .filter_map(|set| set.figures.auroc)
        .map(|auroc| auroc.value)
        .collect();
    let all = &evaluation.means[0];
    assert_eq!((all.cells.as_str(), all.count), ("all", figures.len()));
    assert!(figures.len() > 4);
    let mean = figures.iter().sum::<f64>() / figures.len() as f64;
    assert!((all.auroc.value - mean).abs() < 1e-12);
    assert!(all.auroc.low < mean && mean < all.auroc.high);
    assert!(evaluation.means.iter().any(|mean| mean.cells == "lang=en"));
}

#[test]
fn a_table_names_every_domain_and_says_whom_a_set_is_against() {
    let shown = evaluated(&given(5, 1_500, false)).to_string();
    for part in ["news en pure", "essays", "model-1", "first 500", "4000+"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let essays = shown
        .lines()
        .find(|line| line.starts_with("essays en pure"));
    let columns: Vec<&str> = essays.unwrap().split_whitespace().collect();
    assert!(columns[5].ends_with('l'), "{columns:?}");
}
