//! Domains of a known family: what must hold of pools, evidence, thresholds and calibration.

use proptest::prelude::*;

use super::*;
use crate::score::classifier::measure::sorted;
use crate::study::draws::Draws;
use crate::text::normalise::mix;

/// A bell of twelve uniforms, its mean and standard deviation as given.
fn bell(state: &mut u64, (mean, sd): (f64, f64)) -> f64 {
    let mut uniform = || {
        *state += 1;
        ((mix(*state) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    mean + sd * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)
}

fn options(lang: Option<&str>, documents: usize, draws: usize) -> Options {
    Options {
        lang: lang.map(str::to_owned),
        documents,
        draws,
        anchors: 100,
    }
}

/// Adds documents of a label with these logits.
fn add(study: &mut Study, name: (&str, &str), machine: bool, logits: impl Iterator<Item = f64>) {
    for logit in logits {
        study.add(Row {
            domain: name.0.to_owned(),
            lang: name.1.to_owned(),
            machine,
            logit,
        });
    }
}

/// A study of `count` domains whose places wander, `paired` of them with enough documents for pools.
fn wandering(count: usize, paired: usize, options: Options) -> Study {
    let mut study = Study::new(options);
    let mut state = 7;
    for domain in 0..count {
        let rows = if domain < paired { 240 } else { 99 };
        let human = bell(&mut state, (-3.0, 1.0));
        let machine = bell(&mut state, (3.0, 1.2));
        for (label, place) in [(false, (human, 1.5)), (true, (machine, 2.0))] {
            let logits: Vec<f64> = (0..rows).map(|_| bell(&mut state, place)).collect();
            let name = format!("d{domain}");
            add(&mut study, (&name, "en"), label, logits.into_iter());
        }
    }
    study
}

fn of(evaluation: &Evaluation, method: Method, share: f64) -> Figures {
    let figures = evaluation.shares.iter();
    let mut found = figures.filter(|f| f.method == method && f.share == share);
    *found.next().unwrap()
}

#[test]
fn intervals_of_domains_of_one_family_hold_and_knowledge_lowers_the_error() {
    let evaluation = wandering(20, 3, options(Some("en"), 300, 3))
        .finish()
        .unwrap();
    assert_eq!(evaluation.domains.len(), 3);
    for figures in &evaluation.methods {
        assert!(figures.coverage > 0.85, "{figures:?}");
    }
    let at = |method| of(&evaluation, method, 0.3);
    let (global, both) = (at(Method::MixtureGlobal), at(Method::LangReiczigel));
    assert_eq!(global.pools, 9);
    assert!(
        both.width < global.width && both.error < 0.06,
        "{both:?} {global:?}"
    );
    for figures in &evaluation.shares {
        assert!(figures.bias.abs() <= figures.error + 1e-12 && figures.error < 0.4);
    }
}

#[test]
fn a_domain_is_no_evidence_for_itself_in_any_language() {
    let mut study = wandering(6, 6, options(None, 50, 1));
    let name = ("d2".to_owned(), "en".to_owned());
    let others: Vec<Domain> = (0..6)
        .filter(|domain| *domain != 2)
        .map(|domain| study.domains[&(format!("d{domain}"), "en".to_owned())].clone())
        .collect();
    add(&mut study, ("d2", "xx"), false, (0..200).map(|_| 9.0));
    let left_out = study.left_out(&name);
    assert_eq!(left_out.evidence, Evidence::of(&others));
    assert_eq!(Some(left_out.place), anchored_place(&others));
}

#[test]
fn threads_change_no_figure() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let study = wandering(4, 2, options(Some("en"), 60, 1));
        pool.unwrap().install(|| study.finish()).unwrap()
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_study_without_enough_of_both_labels_has_no_figures() {
    let mut study = Study::new(options(None, 50, 1));
    add(&mut study, ("a", "en"), false, (0..500).map(f64::from));
    add(&mut study, ("a", "en"), true, (0..99).map(f64::from));
    add(&mut study, ("b", "en"), true, (0..500).map(f64::from));
    assert_eq!(study.finish(), None);
}

#[test]
fn thresholds_realise_their_rate_with_the_spread_that_order_statistics_have() {
    let mut state = 3;
    let human: Vec<Vec<f64>> = [4_000, 5_000, 250, 60]
        .map(|rows| (0..rows).map(|_| bell(&mut state, (0.0, 2.0))).collect())
        .to_vec();
    let human: Vec<&[f64]> = human.iter().map(Vec::as_slice).collect();
    let found = thresholds::measure(&human, 400);
    let anchors: Vec<(usize, usize)> = found.iter().map(|f| (f.anchors, f.domains)).collect();
    assert_eq!(anchors, [(100, 3), (200, 2), (300, 2)]);
    for figures in &found {
        assert!((0.0085..0.0115).contains(&figures.mean), "{figures:?}");
    }
    // The rate above the highest of n exchangeable documents exceeds 1 - 0.025^(1/n) in 2.5% of draws:
    // 3.6% of 100; above one of the highest four of 300, 2.4%.
    assert!((0.028..0.042).contains(&found[0].high), "{:?}", found[0]);
    assert!((0.018..0.028).contains(&found[2].high), "{:?}", found[2]);
}

#[test]
fn anchors_mend_the_calibration_of_domains_that_are_shifted() {
    // Bells of means -2 and 2 and variance 4 have a logit of exactly their value.
    let mut state = 11;
    let domain = |shift: f64, state: &mut u64| -> Domain {
        [-2.0, 2.0].map(|mean| {
            (0..1_500)
                .map(|_| shift + bell(state, (mean, 2.0)))
                .collect()
        })
    };
    let shifts = [-1.5, -1.0, 0.0, 1.0, 1.5];
    let domains = shifts.map(|shift| domain(shift, &mut state));
    let name = ("d".to_owned(), "en".to_owned());
    let left_out: Vec<LeftOut<'_>> = domains
        .iter()
        .map(|logits| LeftOut {
            name: &name,
            logits,
            evidence: Evidence::of(&domains),
            place: anchored_place(&domains).unwrap(),
        })
        .collect();
    let found = calibration::measure(&left_out, &options(None, 50, 8));
    let [shifted, straight] = [found.domains[0], found.domains[2]];
    assert!(straight.raw < 0.03, "{straight:?}");
    assert!(shifted.raw > 0.08, "{shifted:?}");
    assert!(shifted.anchored < 0.06 && shifted.anchored < shifted.raw / 1.5);
    assert!(
        found.pooled.anchored < found.pooled.raw,
        "{:?}",
        found.pooled
    );
    let all: Vec<&Domain> = vec![&domains[2]];
    assert!(calibration::of_all(&all) < 0.03);
}

proptest! {
    #[test]
    fn a_split_loses_nothing_and_draws_at_most_half(
        values in prop::collection::vec(-9.0f64..9.0, 0..80), count in 0usize..60, seed in 0usize..99,
    ) {
        let (drawn, others) = Draws::new(&[seed]).split(&values, count);
        prop_assert_eq!(drawn.len(), count.min(values.len() / 2));
        prop_assert_eq!(sorted(&[drawn, others].concat()), sorted(&values));
    }
}

#[test]
fn every_order_is_as_likely() {
    let mut counts = [0u32; 6];
    let mut draws = Draws::new(&[1, 2]);
    for _ in 0..6_000 {
        let mut values = [0, 1, 2];
        draws.shuffle(&mut values);
        counts[values[0] * 2 + usize::from(values[1] > values[2])] += 1;
    }
    // Six standard deviations of a count.
    assert!(
        counts.iter().all(|&n| n.abs_diff(1_000) < 175),
        "{counts:?}"
    );
}
