//! The figures of one weighted pass against the definitions taken literally, and both against
//! values of scikit-learn and SciPy.

use super::super::measure::{
    auroc, brier, exceeded_by, expected_calibration_error, share_at, true_positive_rate,
};
use super::*;
use proptest::prelude::*;
use serde::Deserialize;

/// The figures by their definitions, of documents that are there as often as they count.
fn literally(documents: &[Judged], threshold: f64) -> [Option<f64>; FIGURES] {
    let side = |machine: bool| -> Vec<f64> {
        let of = documents.iter().filter(|d| d.machine == machine);
        of.map(|d| d.logit).collect()
    };
    let (human, machine) = (side(false), side(true));
    let both = !human.is_empty() && !machine.is_empty();
    let weighted: Vec<(f64, bool, f64)> = documents
        .iter()
        .map(|d| {
            let side = if d.machine { &machine } else { &human };
            (d.logit, d.machine, 1.0 / side.len() as f64)
        })
        .collect();
    [
        auroc(&human, &machine),
        true_positive_rate(&human, &machine, RATES[0]),
        true_positive_rate(&human, &machine, RATES[1]),
        both.then(|| expected_calibration_error(&weighted)),
        brier(&weighted).filter(|_| both),
        share_at(&human, threshold),
        share_at(&machine, threshold),
    ]
}

fn same(a: [Option<f64>; FIGURES], b: [Option<f64>; FIGURES]) -> bool {
    a.iter().zip(b).all(|pair| match pair {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    })
}

fn documents() -> impl Strategy<Value = Vec<Judged>> {
    let one = (-24i32..24, any::<bool>(), 0u32..12).prop_map(|(step, machine, cluster)| Judged {
        logit: f64::from(step) / 4.0,
        machine,
        cluster,
    });
    prop::collection::vec(one, 1..120)
}

proptest! {
    #[test]
    fn a_weighted_pass_equals_documents_written_out(
        documents in documents(),
        counts in prop::collection::vec(0u32..4, 12),
        threshold in -5.0..5.0,
    ) {
        let ranked = Ranked::new(&documents, threshold);
        let mut order: Vec<u32> = documents.iter().map(|d| d.cluster).collect();
        let mut seen = std::collections::BTreeSet::new();
        order.retain(|&cluster| seen.insert(cluster));
        let written: Vec<Judged> = documents
            .iter()
            .flat_map(|d| {
                let place = order.iter().position(|&c| c == d.cluster).unwrap();
                std::iter::repeat_n(*d, counts[place] as usize)
            })
            .collect();
        let pass = ranked.measure(&counts[..order.len()]);
        prop_assert!(same(pass, literally(&written, threshold)), "{pass:?}");
    }

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
        let exceed = |of: &[f64], t: f64| of.iter().filter(|&&x| x > t).count();
        let allowed = |t: f64| exceed(&human, t) * 100 <= usize::from(percent) * human.len();
        let lowest = human.iter().copied().filter(|&t| allowed(t)).fold(f64::MAX, f64::min);
        prop_assert_eq!(exceeded_by(&human, fpr), Some(lowest));
        let found = exceed(&machine, lowest) as f64 / machine.len() as f64;
        prop_assert_eq!(true_positive_rate(&human, &machine, fpr), Some(found));
    }
}

#[test]
fn calibration_error_of_known_judgements() {
    // 0.75 said twice, right once: |0.75 - 0.5|.
    let logit = 3f64.ln();
    let error = expected_calibration_error(&[(logit, true, 1.0), (logit, false, 1.0)]);
    assert!((error - 0.25).abs() < 1e-12);
    assert_eq!(expected_calibration_error(&[]), 0.0);
}

/// One set of documents and what other packages say of it.
#[derive(Deserialize)]
struct Case {
    human: Vec<f64>,
    machine: Vec<f64>,
    threshold: f64,
    auroc: f64,
    tpr_at_1: f64,
    tpr_at_5: f64,
    ece: f64,
    brier: f64,
    fpr: f64,
    tpr: f64,
    auroc_interval: [f64; 2],
    fpr_interval: [f64; 2],
}

#[test]
fn figures_and_intervals_equal_those_of_other_packages() {
    let text = include_str!("../../../tests/reference/detection.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases: Vec<Case> = serde_json::from_value(file["cases"].clone()).unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let judged: Vec<Judged> = [(&case.human, false), (&case.machine, true)]
            .into_iter()
            .flat_map(|(logits, machine)| logits.iter().map(move |&logit| (logit, machine)))
            .enumerate()
            .map(|(i, (logit, machine))| Judged {
                logit,
                machine,
                cluster: i as u32,
            })
            .collect();
        let figures = Ranked::new(&judged, case.threshold).figures(1);
        for (ours, theirs) in [
            (figures.auroc, case.auroc),
            (figures.tpr_at_1, case.tpr_at_1),
            (figures.tpr_at_5, case.tpr_at_5),
            (figures.ece, case.ece),
            (figures.brier, case.brier),
            (figures.fpr, case.fpr),
            (figures.tpr, case.tpr),
        ] {
            let ours = ours.unwrap();
            assert!((ours.value - theirs).abs() < 1e-9, "{ours:?} {theirs}");
            assert!(ours.low <= ours.high);
        }
        for (ours, [low, high]) in [
            (figures.auroc, case.auroc_interval),
            (figures.fpr, case.fpr_interval),
        ] {
            // Two bootstraps of a thousand and more draws agree to a tenth of their width.
            let (ours, most) = (ours.unwrap(), 0.1 * (high - low) + 1e-9);
            assert!((ours.low - low).abs() <= most, "{ours:?} {low} {high}");
            assert!((ours.high - high).abs() <= most, "{ours:?} {low} {high}");
        }
    }
}

#[test]
fn documents_of_one_cluster_make_the_interval_wider() {
    let logit = |i: u32| f64::from(mix(u64::from(i / 10)) as u32) / f64::from(u32::MAX) - 0.5;
    let judged = |size: u32| -> Vec<Judged> {
        (0..600)
            .map(|i| Judged {
                logit: logit(i) + f64::from(u8::from(i >= 300)) * 0.3,
                machine: i >= 300,
                cluster: i / size,
            })
            .collect()
    };
    let width = |size| {
        let auroc = Ranked::new(&judged(size), 0.0).figures(7).auroc.unwrap();
        auroc.high - auroc.low
    };
    // Ten equal documents are one: the width grows by the root of ten.
    let ratio = width(10) / width(1);
    assert!((2.4..4.2).contains(&ratio), "{ratio}");
}

#[test]
fn sets_of_one_label_or_none_have_no_figures_of_two() {
    let human = Judged {
        logit: 1.0,
        machine: false,
        cluster: 0,
    };
    let figures = Ranked::new(&[human, human], 0.5).figures(0);
    assert_eq!(figures.fpr.unwrap().value, 1.0);
    assert_eq!(
        (figures.auroc, figures.ece, figures.tpr),
        (None, None, None)
    );
    assert_eq!(Ranked::new(&[], 0.5).figures(0), Figures::default());
}
