//! Cuts against brute force, nesting, and allocation against what it promises.

use proptest::prelude::*;

use super::allocate::{Capacity, Copies, Shares, allocate};
use super::cut::Cut;
use super::fate::{CUT_ONE, copies_at, steps, weight_to_fixed};
use super::select::Histogram;
use crate::document::Key;

#[derive(Debug, Clone)]
struct Doc {
    key: Key,
    count: u64,
    weight: u64,
    u: u64,
}

fn docs() -> impl Strategy<Value = Vec<Doc>> {
    let doc = (any::<u128>(), 0u64..500, 0.0f64..3.0, any::<u64>()).prop_map(
        |(key, count, weight, u)| Doc {
            key: Key(key),
            count,
            weight: weight_to_fixed(weight),
            u,
        },
    );
    prop::collection::vec(doc, 1..200)
}

fn cut_for(docs: &[Doc], target: u64, max_copies: u32) -> Cut {
    let each = |f: &mut dyn FnMut(u64, &Doc)| {
        for doc in docs {
            for step in steps(doc.weight, doc.u, max_copies) {
                f(step, doc);
            }
        }
    };
    let mut histogram = Histogram::default();
    each(&mut |step, doc| histogram.add(step, doc.count));
    let mut select = histogram.select(target);
    each(&mut |step, doc| select.add(step, doc.key.0, doc.count));
    select.cut()
}

fn sum(docs: &[Doc], cut: &Cut, max_copies: u32) -> u64 {
    docs.iter()
        .map(|d| d.count * u64::from(copies_at(cut, d.weight, d.u, d.key, max_copies)))
        .sum()
}

proptest! {
    #[test]
    fn a_cut_meets_its_target_to_half_a_document(docs in docs(), share in 0.0f64..1.2, max in 1u32..5) {
        let all: u64 = docs.iter().filter(|d| d.weight > 0).map(|d| d.count * u64::from(max)).sum();
        let target = (all as f64 * share) as u64;
        let planned = sum(&docs, &cut_for(&docs, target, max), max);
        let largest = docs.iter().map(|d| d.count).max().unwrap_or(0);
        if target >= all {
            prop_assert_eq!(planned, all);
        } else {
            prop_assert!(planned.abs_diff(target) <= largest.div_ceil(2), "{planned} for {target}");
        }
    }

    #[test]
    fn the_cut_is_the_one_of_a_sort(docs in docs(), share in 0.0f64..1.0) {
        let mut order: Vec<(u64, u128, u64)> = docs.iter()
            .flat_map(|d| steps(d.weight, d.u, 3).map(|step| (step, d.key.0, d.count)))
            .collect();
        order.sort_unstable();
        let all: u64 = order.iter().map(|o| o.2).sum();
        let target = (all as f64 * share) as u64;
        let cut = cut_for(&docs, target, 3);
        let taken: u64 = order.iter().filter(|o| cut.takes(o.0, Key(o.1))).map(|o| o.2).sum();
        prop_assert_eq!(taken, sum(&docs, &cut, 3));
    }

    #[test]
    fn mixes_nest(docs in docs(), a in 0u64..20_000, b in 0u64..20_000) {
        let (small, large) = (cut_for(&docs, a.min(b), 4), cut_for(&docs, a.max(b), 4));
        for d in &docs {
            let copies = |cut: &Cut| copies_at(cut, d.weight, d.u, d.key, 4);
            prop_assert!(copies(&small) <= copies(&large));
        }
    }

    #[test]
    fn copies_follow_the_formula(weight in 0.01f64..100.0, t in 0.0f64..50.0, u in any::<u64>(), max in 1u32..9) {
        let fixed = weight_to_fixed(weight);
        let cut = Cut { t: (t * CUT_ONE as f64) as u64, key: u128::MAX };
        let exact = t * weight + u as f64 / 2f64.powi(64);
        let copies = f64::from(copies_at(&cut, fixed, u, Key(1), max));
        let near = (exact - exact.round()).abs() < 1e-4;
        prop_assert!(near || copies == exact.floor().min(f64::from(max)), "{copies} for {exact}");
    }

    #[test]
    fn an_allocation_fits_the_pools(
        parts in prop::array::uniform4(0u32..10),
        human in 0u64..10_000, editable in 0.0f64..1.0, given_semi in 0u64..2_000,
        synthetic in 0u64..10_000, unverified in 0u64..1_000,
        total in prop::option::of(1u64..50_000), disjoint in any::<bool>(),
    ) {
        let Some(shares) = Shares::of_parts(parts.map(f64::from)) else { return Ok(()) };
        let pools = Capacity { human, editable: (human as f64 * editable) as u64, given_semi, synthetic, unverified };
        let copies = Copies { plain: 4, variant: 4, disjoint };
        let most = if total.is_some() { 4 } else { 1 };
        match allocate(shares, total, pools, copies) {
            Ok(a) => {
                prop_assert_eq!(a.human + a.variant + a.given_semi + a.synthetic + a.unverified, a.total);
                prop_assert!(a.synthetic <= most * synthetic + 1);
                prop_assert!(a.given_semi <= most * given_semi, "{a:?}");
                prop_assert!(a.variant <= most * pools.editable + 1);
                if disjoint {
                    prop_assert!(a.bases <= pools.editable);
                    prop_assert!(a.variant <= most * (a.bases + 1) + 1, "{a:?}");
                    prop_assert!(a.human <= most * (human - a.bases) + 1, "{a:?}");
                }
            }
            Err(refusal) => if let Some(nearest) = refusal.nearest && refusal.nearest_total > 0 {
                prop_assert!(allocate(nearest, Some(refusal.nearest_total), pools, copies).is_ok(), "{refusal}");
            },
        }
    }
}

#[test]
fn a_part_without_documents_is_refused_with_the_nearest() {
    let shares = Shares::of_parts([70.0, 15.0, 15.0, 0.0]).unwrap();
    let pools = Capacity {
        human: 1000,
        editable: 1000,
        ..Capacity::default()
    };
    let copies = Copies {
        plain: 4,
        variant: 4,
        disjoint: true,
    };
    let refusal = allocate(shares, None, pools, copies).unwrap_err();
    assert_eq!(refusal.empty, ["synthetic"]);
    let text = refusal.to_string();
    assert!(text.contains("human=82.35 semi_synthetic=17.65"), "{text}");
    assert!(text.contains("a total of 1000"), "{text}");
}

#[test]
fn cuts_survive_json() {
    for cut in [Cut::NONE, Cut::ALL, Cut { t: 7, key: 1 << 90 }] {
        let text = serde_json::to_string(&cut).unwrap();
        assert_eq!(serde_json::from_str::<Cut>(&text).unwrap(), cut);
    }
    assert!(serde_json::from_str::<Cut>("\"+123\"").is_err());
}
