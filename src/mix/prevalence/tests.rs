//! Shares recovered from simulated pools; intervals against published examples, other people's
//! packages and brute force.

use super::family::BINS;
use super::local::likeliest_share;
use super::*;
use crate::text::normalise::mix;
use proptest::prelude::*;

/// Uniform draws in (0, 1) that depend on the seed only.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        ((mix(self.0) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A bell, as a sum of twelve uniforms.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }

    fn logits(&mut self, count: usize, (mean, sd): (f64, f64)) -> Vec<f64> {
        (0..count).map(|_| mean + sd * self.bell()).collect()
    }
}

fn counts(parts: &[Vec<f64>]) -> LogitCounts {
    let mut counts = LogitCounts::default();
    parts.iter().flatten().for_each(|logit| counts.add(*logit));
    counts
}

/// Where the human and machine logits of a domain lie.
type Domain = [(f64, f64); 2];

/// A domain as the training has seen them: places and spreads wander.
fn domain(draws: &mut Draws) -> Domain {
    [
        (-3.0 + 1.0 * draws.bell(), (0.4 + 0.12 * draws.bell()).exp()),
        (3.0 + 1.4 * draws.bell(), (0.8 + 0.15 * draws.bell()).exp()),
    ]
}

/// Evidence of thirty domains.
fn evidence(draws: &mut Draws) -> Evidence {
    let domains: Vec<Domain> = (0..30).map(|_| domain(draws)).collect();
    let mut side = |label: usize| {
        let logits: Vec<Vec<f64>> = domains
            .iter()
            .map(|domain| draws.logits(300, domain[label]))
            .collect();
        Side::of(&logits)
    };
    Evidence {
        human: side(0),
        machine: side(1),
        misfit: 0.05,
    }
}

/// A pool of 400 documents of a domain with this share.
fn pool(draws: &mut Draws, domain: &Domain, share: f64) -> LogitCounts {
    let machine = (400.0 * share) as usize;
    counts(&[
        draws.logits(400 - machine, domain[0]),
        draws.logits(machine, domain[1]),
    ])
}

fn of(pool: &LogitCounts, anchors: Anchors<'_>, evidence: &Evidence) -> Estimate {
    prevalence(pool, anchors, &SampleSums::default(), evidence).unwrap()
}

/// How often intervals hold the truth, and the mean error of points, over pools of new domains.
fn tried(anchored: (bool, bool), share: f64) -> (f64, f64) {
    let mut draws = Draws(7);
    let evidence = evidence(&mut draws);
    let (mut covered, mut error) = (0, 0.0);
    const TRIALS: usize = 40;
    for _ in 0..TRIALS {
        let domain = domain(&mut draws);
        let pool = pool(&mut draws, &domain, share);
        let human = counts(&[draws.logits(150, domain[0])]);
        let machine = counts(&[draws.logits(150, domain[1])]);
        let anchors = Anchors {
            human: anchored.0.then_some(&human),
            machine: anchored.1.then_some(&machine),
        };
        let found = of(&pool, anchors, &evidence);
        covered += usize::from(found.low <= share && share <= found.high);
        error += (found.share - share).abs();
    }
    (covered as f64 / TRIALS as f64, error / TRIALS as f64)
}

#[test]
fn shares_of_domains_that_nobody_has_seen_are_found() {
    for (share, most) in [(0.0, 0.02), (0.05, 0.05), (0.3, 0.12)] {
        let (covered, error) = tried((false, false), share);
        assert!(
            covered >= 0.9 && error <= most,
            "{share}: {covered} {error}"
        );
    }
}

#[test]
fn anchors_lower_the_error_and_the_interval_holds() {
    let (_, global) = tried((false, false), 0.3);
    let (covered, anchored) = tried((true, false), 0.3);
    assert!(covered >= 0.9, "{covered}");
    let (covered, both) = tried((true, true), 0.3);
    assert!(covered >= 0.9, "{covered}");
    assert!(
        anchored < global && both < anchored,
        "{global} {anchored} {both}"
    );
    assert!(both < 0.03, "{both}");
}

#[test]
fn each_method_says_what_it_rests_on() {
    let mut draws = Draws(3);
    let (evidence, domain) = (evidence(&mut draws), domain(&mut draws));
    let pool = pool(&mut draws, &domain, 0.2);
    let (human, machine) = (counts(&[draws.logits(100, domain[0])]), pool.clone());
    let with = |human, machine| of(&pool, Anchors { human, machine }, &evidence).method;
    assert_eq!(with(None, None), Method::MixtureGlobal);
    assert_eq!(with(None, Some(&machine)), Method::MixtureGlobal);
    assert_eq!(with(Some(&human), None), Method::MixtureAnchored);
    assert_eq!(with(Some(&human), Some(&machine)), Method::LangReiczigel);
    let mut sample = SampleSums::default();
    (0..MIN_SAMPLE).for_each(|i| sample.add(0.5, Some(i % 3 == 0)));
    let found = prevalence(&pool, Anchors::default(), &sample, &evidence).unwrap();
    assert_eq!(found.method, Method::PpiPlusPlus);
    assert_eq!(found.assumption, Method::PpiPlusPlus.assumption());
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["method"], found.method.name());
    assert_eq!(serde_json::from_value::<Estimate>(json).unwrap(), found);
}

#[test]
fn a_pool_unlike_anything_seen_has_a_wider_interval_and_says_so() {
    let mut draws = Draws(11);
    let evidence = evidence(&mut draws);
    let odd = counts(&[
        draws.logits(200, (-6.5, 0.2)),
        draws.logits(200, (-1.0, 0.2)),
        draws.logits(200, (1.0, 0.2)),
    ]);
    assert!(misfit(&odd, &evidence) > 2.0 * evidence.misfit);
    let found = of(&odd, Anchors::default(), &evidence);
    assert!(found.unlike_training && found.assumption.contains("widened"));
    let tolerant = Evidence {
        misfit: 1e3,
        ..evidence.clone()
    };
    let unaware = of(&odd, Anchors::default(), &tolerant);
    assert!(!unaware.unlike_training);
    assert!(found.high - found.low > unaware.high - unaware.low + 0.05);
    let domain = domain(&mut draws);
    let usual = pool(&mut draws, &domain, 0.2);
    assert!(!of(&usual, Anchors::default(), &evidence).unlike_training);
}

#[test]
fn a_classifier_that_tells_nothing_apart_gives_a_wide_interval_and_no_nonsense() {
    let mut evidence = evidence(&mut Draws(4));
    evidence.human.mean = (6.0, 0.1);
    evidence.machine.mean = (-6.0, 0.1);
    let pool = counts(&[Draws(5).logits(100, (0.0, 1.0))]);
    let found = of(&pool, Anchors::default(), &evidence);
    assert!(found.low <= found.share && found.share <= found.high);
    assert!(found.high - found.low > 0.3, "{found:?}");
}

#[test]
fn an_empty_pool_has_no_share() {
    let evidence = evidence(&mut Draws(4));
    let (pool, sample) = (LogitCounts::default(), SampleSums::default());
    assert_eq!(
        prevalence(&pool, Anchors::default(), &sample, &evidence),
        None
    );
}

#[test]
fn lang_and_reiczigel_s_own_examples_are_met() {
    // The worked examples of their paper, as the manual of Fay's R package asht gives them: pool
    // positive and tested, sensitivity and specificity positive and tested, limits.
    let rate = |hits: f64, count: f64| Rate { hits, count };
    let examples = [
        (
            (4060.0, 11284.0),
            (178.0, 179.0),
            (358.0, 359.0),
            (0.349, 0.372),
        ),
        ((51.0, 2971.0), (32.0, 33.0), (20.0, 20.0), (0.0, 0.053)),
        ((711.72, 11862.0), (8.0, 10.0), (12.0, 12.0), (0.0, 0.147)),
        ((259.0, 509.0), (84.0, 127.0), (96.0, 109.0), (0.58, 0.87)),
        ((51.0, 509.0), (23.0, 41.0), (187.0, 195.0), (0.037, 0.195)),
    ];
    for (flagged, se, sp, (low, high)) in examples {
        let (l, h) = lang_reiczigel(
            rate(flagged.0, flagged.1),
            rate(se.0, se.1),
            rate(sp.0, sp.1),
        );
        let near = |a: f64, b: f64| (a - b).abs() < if b >= 0.5 { 0.0051 } else { 0.00051 };
        assert!(near(l, low) && near(h, high), "{flagged:?}: {l} {h}");
    }
}

#[test]
fn a_labelled_sample_gives_what_the_authors_package_gives() {
    let stored = include_str!("../../../tests/reference/prevalence.json");
    let stored: serde_json::Value = serde_json::from_str(stored).unwrap();
    let cases = stored["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let whole = |name: &str| case[name].as_u64().unwrap();
        let (labelled, seed) = (whole("labelled"), whole("seed"));
        let mut sums = SampleSums::default();
        for i in 0..labelled + whole("rest") {
            let p = (((i * 7919 + seed * 104_729) % 1000) as f64 + 0.5) / 1000.0;
            let p = (p * 1_048_576.0).round_ties_even() / 1_048_576.0;
            let machine = (((i * 6151 + seed * 31) % 997) as f64 / 997.0) < 0.7 * p;
            sums.add(p, (i < labelled).then_some(machine));
        }
        let (share, low, high) = sums.estimate().unwrap();
        for (found, name) in [(share, "share"), (low, "low"), (high, "high")] {
            let expected = case[name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-9, "{name} of {case}: {found}");
        }
    }
}

#[test]
fn a_sample_of_one_label_has_an_interval_with_width() {
    let mut sums = SampleSums::default();
    (0..40).for_each(|i| sums.add(f64::from(i) / 80.0, Some(false)));
    (0..400).for_each(|i| sums.add(f64::from(i) / 800.0, None));
    let (share, low, high) = sums.estimate().unwrap();
    assert!(share == 0.0 && low == 0.0 && (high - wilson(0, 40).1).abs() < 1e-12 && high > 0.05);
    let mut few = SampleSums::default();
    (1..MIN_SAMPLE).for_each(|_| few.add(0.5, Some(true)));
    assert_eq!(few.estimate(), None);
}

#[test]
fn wilson_equals_published_values() {
    // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    for (hits, count, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let (l, h) = wilson(hits, count);
        assert!(
            (l - low).abs() < 5e-5 && (h - high).abs() < 5e-5,
            "{hits} of {count}: {l} {h}"
        );
    }
}

proptest! {
    #[test]
    fn the_share_is_the_best_of_a_grid(
        pool in prop::array::uniform32(0u64..50),
        human in prop::array::uniform32(0.001f64..1.0),
        machine in prop::array::uniform32(0.001f64..1.0),
    ) {
        let shares = |of: [f64; BINS]| of.map(|x| x / of.iter().sum::<f64>());
        let (pool, human, machine) = (pool.map(|x| x as f64), shares(human), shares(machine));
        let likelihood = |share: f64| -> f64 {
            (0..BINS)
                .map(|b| pool[b] * (machine[b] * share + human[b] * (1.0 - share)).ln())
                .sum()
        };
        let found = likeliest_share(&pool, &human, &machine);
        let best = (0..=200).map(|i| likelihood(f64::from(i) / 200.0)).fold(f64::MIN, f64::max);
        prop_assert!(likelihood(found) >= best - 1e-9);
    }
}

#[test]
fn a_side_like_documents_is_their_histogram_in_the_long_run() {
    let side = evidence(&mut Draws(1)).human;
    for few in [vec![], vec![9.0], vec![-3.0; 50]] {
        let bins = side.like(&counts(&[few]));
        assert!((bins.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(bins.iter().all(|&share| share > 0.0));
    }
    let usual = side.like(&counts(&[vec![]]));
    assert_eq!(usual, side.like(&counts(&[vec![9.0]])));
    // Documents of the side's own shape, elsewhere and half as spread.
    let many = counts(&[Draws(2).logits(20_000, (1.0, 0.5))]);
    let (found, told) = (binned(&many), side.like(&many));
    let off: f64 = found
        .iter()
        .zip(told)
        .map(|(n, share)| (n / 20_000.0 - share).abs())
        .sum();
    assert!(off < 0.1, "{off}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_estimate_is_a_share_inside_its_bounds(
        logits in prop::collection::vec(-60.0f64..60.0, 1..300),
        human in prop::collection::vec(-60.0f64..60.0, 0..40),
        machine in prop::collection::vec(-60.0f64..60.0, 0..40),
    ) {
        let evidence = evidence(&mut Draws(1));
        let (human, machine) = (counts(&[human]), counts(&[machine]));
        let anchors = Anchors {
            human: (human.total() > 0).then_some(&human),
            machine: (machine.total() > 0).then_some(&machine),
        };
        let found = of(&counts(&[logits]), anchors, &evidence);
        prop_assert!(0.0 <= found.low && found.low <= found.share);
        prop_assert!(found.share <= found.high && found.high <= 1.0);
    }
}
