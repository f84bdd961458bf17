//! Shares recovered from simulated pools; bounds and thresholds against brute force.

use super::*;
use crate::text::normalise::mix;
use proptest::prelude::*;

const BINS: usize = 40;

/// Uniform draws in [0, 1) that depend on the seed only.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A bin of a bell around `centre`, as a sum of twelve uniforms.
    fn bin(&mut self, centre: f64) -> usize {
        let bell: f64 = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        (centre + 4.0 * bell).clamp(0.0, (BINS - 1) as f64) as usize
    }

    fn counts(&mut self, human: usize, machine: usize, centres: (f64, f64)) -> Vec<u64> {
        let mut counts = vec![0; BINS];
        for _ in 0..human {
            counts[self.bin(centres.0)] += 1;
        }
        for _ in 0..machine {
            counts[self.bin(centres.1)] += 1;
        }
        counts
    }
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let sum: u64 = counts.iter().sum();
    counts.iter().map(|&c| c as f64 / sum as f64).collect()
}

/// Rates at three thresholds over eleven domains whose human and machine centres wander.
fn evidence(draws: &mut Draws) -> Evidence {
    let human = shares(&draws.counts(50_000, 0, (14.0, 24.0)));
    let machine = shares(&draws.counts(0, 50_000, (14.0, 24.0)));
    let domains: Vec<(Vec<u64>, Vec<u64>)> = (-5..=5)
        .map(|i| {
            let centres = (14.0 + 0.4 * f64::from(i), 24.0 - 0.4 * f64::from(i));
            (
                draws.counts(2_000, 0, centres),
                draws.counts(0, 2_000, centres),
            )
        })
        .collect();
    let range = |counts: Vec<u64>| {
        let rates = counts.into_iter().map(|count| count as f64 / 2_000.0);
        rates.fold((1.0f64, 0.0f64), |r, x| (r.0.min(x), r.1.max(x)))
    };
    let rates = [16, 19, 22].map(|from_bin| Rates {
        from_bin,
        human: range(domains.iter().map(|d| above(&d.0, from_bin)).collect()),
        machine: range(domains.iter().map(|d| above(&d.1, from_bin)).collect()),
    });
    Evidence {
        human,
        machine,
        rates: rates.to_vec(),
        anchored: false,
    }
}

#[test]
fn a_mixture_of_the_references_is_recovered() {
    let mut draws = Draws(1);
    let evidence = evidence(&mut draws);
    for (human, machine) in [
        (4_000, 0),
        (3_800, 200),
        (3_200, 800),
        (2_000, 2_000),
        (0, 4_000),
    ] {
        let pool = draws.counts(human, machine, (14.0, 24.0));
        let truth = machine as f64 / 4_000.0;
        let found = prevalence(&pool, &evidence).unwrap();
        assert!((found.share - truth).abs() < 0.02, "{truth}: {found:?}");
        assert!(
            found.low <= truth && truth <= found.high,
            "{truth}: {found:?}"
        );
        assert_eq!(found.method, Method::Global);
    }
}

#[test]
fn the_interval_holds_where_the_domain_is_not_the_reference() {
    let mut draws = Draws(2);
    let evidence = evidence(&mut draws);
    let mut covered = 0;
    for trial in 0..200 {
        let shift = f64::from(trial % 9 - 4) * 0.4;
        let machine = [0, 100, 400, 1_000][trial as usize % 4];
        let pool = draws.counts(2_000 - machine, machine, (14.0 + shift, 24.0 - shift));
        let truth = machine as f64 / 2_000.0;
        let found = prevalence(&pool, &evidence).unwrap();
        covered += usize::from(found.low <= truth && truth <= found.high);
    }
    assert!(covered >= 190, "{covered} of 200");
}

#[test]
fn known_human_documents_of_the_source_mend_the_point() {
    let mut draws = Draws(3);
    let evidence = evidence(&mut draws);
    // A source whose people write more like machines than any reference.
    let pool = draws.counts(3_800, 200, (18.0, 24.0));
    let anchors = draws.counts(300, 0, (18.0, 24.0));
    let global = prevalence(&pool, &evidence).unwrap();
    let anchored = prevalence(&pool, &evidence.anchor(&anchors)).unwrap();
    assert!(global.share > 0.2, "{global:?}");
    assert!(
        (anchored.share - 0.05).abs() < (global.share - 0.05) / 2.0,
        "{anchored:?}"
    );
    assert!(
        anchored.low <= 0.05 && 0.05 <= anchored.high,
        "{anchored:?}"
    );
    assert_eq!(anchored.method, Method::Anchored);
}

#[test]
fn bounds_that_contradict_each_other_span_all_and_say_so() {
    let sure = |from_bin, rate: f64| Rates {
        from_bin,
        human: (0.0, 0.0),
        machine: (rate, rate),
    };
    let evidence = Evidence {
        human: vec![0.9, 0.05, 0.05],
        machine: vec![0.1, 0.1, 0.8],
        rates: vec![sure(1, 0.9), sure(2, 0.2)],
        anchored: false,
    };
    let found = prevalence(&[9_000, 0, 1_000], &evidence).unwrap();
    assert_eq!(found.method, Method::Contradictory);
    assert!(found.low < 0.12 && found.high > 0.49, "{found:?}");
}

#[test]
fn an_empty_pool_has_no_share() {
    let evidence = evidence(&mut Draws(4));
    assert_eq!(prevalence(&[0; BINS], &evidence), None);
    assert_eq!(prevalence(&[1, 2], &evidence), None);
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
        pool in prop::collection::vec(0u64..50, 6),
        human in prop::collection::vec(0.001f64..1.0, 6),
        machine in prop::collection::vec(0.001f64..1.0, 6),
    ) {
        let likelihood = |share: f64| -> f64 {
            let flat = FLAT / 6.0;
            let (h, m) = (human.iter().sum::<f64>(), machine.iter().sum::<f64>());
            (0..6)
                .map(|b| {
                    let own = (1.0 - FLAT) * (machine[b] / m * share + human[b] / h * (1.0 - share));
                    pool[b] as f64 * (own + flat).ln()
                })
                .sum()
        };
        let found = likeliest_share(&pool, &human, &machine);
        let best = (0..=200).map(|i| likelihood(f64::from(i) / 200.0)).fold(f64::MIN, f64::max);
        prop_assert!(likelihood(found) >= best - 1e-9);
    }

    #[test]
    fn an_estimate_is_a_share_inside_its_bounds(
        pool in prop::collection::vec(0u64..1_000, 8),
        ranges in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0), 4),
    ) {
        let order = |a: f64, b: f64| (a.min(b), a.max(b));
        let rates = ranges.iter().enumerate();
        let evidence = Evidence {
            human: vec![0.125; 8],
            machine: vec![0.125; 8],
            rates: rates
                .map(|(i, r)| Rates { from_bin: i * 2, human: order(r.0, r.1), machine: order(r.2, r.3) })
                .collect(),
            anchored: false,
        };
        if let Some(found) = prevalence(&pool, &evidence) {
            prop_assert!(0.0 <= found.low && found.low <= found.share);
            prop_assert!(found.share <= found.high && found.high <= 1.0);
        }
    }
}
