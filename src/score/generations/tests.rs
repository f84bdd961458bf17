//! Metrics by hand, in parts, and against brute force.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::rarefied::rarefied;
use super::similarity::{DOCUMENTS, PAIRS, WORDS};
use super::*;

fn tally(texts: &[&str]) -> TokenTally {
    let mut tally = TokenTally::default();
    let mut scan = Scan::default();
    for (place, text) in texts.iter().enumerate() {
        scan.read(text);
        tally.add(text, &scan, place as u64);
    }
    tally
}

#[test]
fn metrics_by_hand() {
    let metrics = tally(&["The cat and the dog", "a cat"]).metrics();
    // the 2, cat 2, and 1, dog 1, a 1: 5 types of 7 tokens, 3 of them once.
    assert_eq!((metrics.unique_tokens, metrics.tokens), (5, 7));
    assert!((metrics.type_token_ratio.unwrap() - 5.0 / 7.0).abs() < 1e-12);
    assert!((metrics.hapax_ratio.unwrap() - 0.6).abs() < 1e-12);
    let by_hand = 2.0 * (2.0 / 7.0) * (3.5f64).log2() + 3.0 / 7.0 * 7f64.log2();
    assert!((metrics.entropy.unwrap() - by_hand).abs() < 1e-12);
    assert_eq!(metrics.length_variance, Some(2.25));
    assert_eq!(TokenTally::default().metrics().entropy, None);
}

#[test]
fn similarity_by_hand() {
    let similar = |texts: &[&str]| tally(texts).metrics().self_similarity;
    assert_eq!(similar(&["a b c d e"]), None);
    assert_eq!(similar(&["a b c d e", "a b c d"]), None);
    // Two and two 5-grams, one of them shared: a third. The third document shares none with either.
    let found = similar(&["a b c d e f", "b c d e f g", "A! b? c d x y"]).unwrap();
    assert_eq!((found.pairs, found.documents), (3, 3));
    assert!((found.mean - 1.0 / 9.0).abs() < 1e-9);
    assert!((found.sharing - 1.0 / 3.0).abs() < 1e-9);
    // Only what follows the first words differs.
    let long = "one two three four five six ".repeat(WORDS / 6 + 1);
    let longer = format!("{long} and more that is new here");
    assert_eq!(similar(&[&long, &longer]).unwrap().mean, 1.0);
}

#[test]
fn many_documents_are_drawn_and_so_are_their_pairs() {
    let texts: Vec<String> = (0..2 * DOCUMENTS)
        .map(|n| format!("t{} a b c d e", n % 2))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = tally(&texts).metrics().self_similarity.unwrap();
    assert_eq!((found.pairs, found.documents), (PAIRS, DOCUMENTS as u64));
    // Half of the pairs have the same first word and are the same; the others share one of three 5-grams.
    assert!((found.mean - (0.5 + 0.5 / 3.0)).abs() < 0.02, "{found:?}");
    assert_eq!(found.sharing, 1.0);
}

/// All ways to draw, one by one.
fn by_all_draws(counts: &[u64], draws: usize) -> (f64, f64, f64) {
    let tokens: Vec<usize> = counts
        .iter()
        .enumerate()
        .flat_map(|(t, &count)| std::iter::repeat_n(t, count as usize))
        .collect();
    let (mut ways, mut unique, mut once, mut entropy) = (0.0, 0.0, 0.0, 0.0);
    for set in 0u32..1 << tokens.len() {
        if set.count_ones() as usize != draws {
            continue;
        }
        let mut drawn: BTreeMap<usize, u32> = BTreeMap::new();
        for (place, &token) in tokens.iter().enumerate() {
            if set >> place & 1 == 1 {
                *drawn.entry(token).or_default() += 1;
            }
        }
        ways += 1.0;
        unique += drawn.len() as f64;
        once += drawn.values().filter(|&&count| count == 1).count() as f64;
        let share = |count: &u32| f64::from(*count) / draws as f64;
        entropy -= drawn.values().map(share).map(|p| p * p.log2()).sum::<f64>();
    }
    (unique / ways, once / unique, entropy / ways)
}

proptest! {
    #[test]
    fn expected_metrics_are_the_means_over_all_draws(
        counts in prop::collection::vec(1u64..5, 1..5),
        draws in 1usize..12,
    ) {
        let mut spectrum: BTreeMap<u64, u64> = BTreeMap::new();
        for count in &counts {
            *spectrum.entry(*count).or_default() += 1;
        }
        let spectrum: Vec<(u64, u64)> = spectrum.into_iter().collect();
        let found = rarefied(&spectrum, draws as u64);
        if draws as u64 > counts.iter().sum() {
            prop_assert_eq!(found, None);
        } else {
            let found = found.unwrap();
            let (unique, hapax, entropy) = by_all_draws(&counts, draws);
            prop_assert!((found.unique_tokens - unique).abs() < 1e-9);
            prop_assert!((found.hapax_ratio - hapax).abs() < 1e-9);
            prop_assert!((found.entropy - entropy).abs() < 1e-9);
        }
    }

    #[test]
    fn metrics_are_those_of_plain_counting_in_any_parts(
        texts in prop::collection::vec("([a-cA-Cé]{1,2}[ \t\u{1f}\u{3000}]){0,9}", 0..12),
        cut in 0usize..12,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut whole = tally(&[]);
        let mut scan = Scan::default();
        let mut parts = [TokenTally::default(), TokenTally::default()];
        for (place, text) in texts.iter().enumerate() {
            scan.read(text);
            whole.add(text, &scan, place as u64);
            parts[usize::from(place >= cut)].add(text, &scan, place as u64);
        }
        let [first, mut second] = parts;
        second.merge(first);
        let metrics = whole.metrics();
        prop_assert_eq!(&second.metrics(), &metrics);

        let mut counts: HashMap<String, u64> = HashMap::new();
        for text in &texts {
            for token in text.split([' ', '\t', '\u{1f}', '\u{3000}']).filter(|t| !t.is_empty()) {
                *counts.entry(token.to_lowercase()).or_default() += 1;
            }
        }
        let tokens: u64 = counts.values().sum();
        prop_assert_eq!((metrics.tokens, metrics.unique_tokens), (tokens, counts.len() as u64));
        let entropy: f64 = counts
            .values()
            .map(|&count| count as f64 / tokens as f64)
            .map(|p| -p * p.log2())
            .sum();
        prop_assert!((metrics.entropy.unwrap_or(0.0) - entropy).abs() < 1e-9);

        let sets: Vec<BTreeSet<Vec<String>>> = texts
            .iter()
            .map(|text| {
                let words: Vec<String> = text
                    .split([' ', '\t', '\u{1f}', '\u{3000}'])
                    .filter(|t| !t.is_empty())
                    .map(str::to_lowercase)
                    .collect();
                words.windows(5).map(<[String]>::to_vec).collect()
            })
            .filter(|set: &BTreeSet<Vec<String>>| !set.is_empty())
            .collect();
        let mut mean = (0.0, 0.0);
        for (place, a) in sets.iter().enumerate() {
            for b in &sets[place + 1..] {
                mean.0 += a.intersection(b).count() as f64 / a.union(b).count() as f64;
                mean.1 += 1.0;
            }
        }
        match metrics.self_similarity {
            Some(found) => prop_assert!((found.mean - mean.0 / mean.1).abs() < 1e-9),
            None => prop_assert!(mean.1 == 0.0),
        }
    }
}
