//! Sketches and samples against plain counting, in any order of parts, and through their bytes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::drawn::{BUDGET, Drawn, FIXED, FROM_ONE};
use super::heavy::Heavy;
use super::phrases::{LEAST_DOCUMENTS, Phrases};
use super::tail::{RARE, SAMPLED, Tails};
use super::*;
use crate::score::concentration::{BUCKETS, Counts, PARTS, WIDE, bucket, shape_of, wide_buckets};
use crate::score::reference::ReferenceLanguage;
use crate::text::{Scan, pair_hash, word_hash};

fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    scan.read(text);
    scan
}

fn place(row: u64) -> Place {
    Place {
        shard: row % 3,
        row,
    }
}

/// The distinct words and pairs of a text, by hash.
fn ngrams(text: &str) -> Vec<u64> {
    let words: Vec<u64> = text
        .split_whitespace()
        .map(|w| word_hash(w.as_bytes()))
        .collect();
    let pairs = words.windows(2).map(|two| pair_hash(two[0], two[1]));
    pairs.chain(words.iter().copied()).collect()
}

/// A stream of n-grams that are the rarer the larger they are.
fn stream() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec((0u64..60, 0u64..60).prop_map(|(a, b)| a * b / 8), 0..600)
}

fn counted(stream: &[u64], room: usize, parts: usize) -> Heavy {
    let mut whole = Heavy::new(room);
    for part in stream.chunks(stream.len().div_ceil(parts).max(1)) {
        let mut heavy = Heavy::new(room);
        for (document, ngrams) in (1..).zip(part.chunks(7)) {
            for &ngram in ngrams {
                heavy.add(ngram, [ngram; 2], document, 1);
            }
        }
        whole.merge(&heavy);
    }
    whole
}

proptest! {
    #[test]
    fn true_counts_lie_within_the_bound_of_the_sketch(
        stream in stream(),
        room in 1usize..30,
        parts in 1usize..5,
    ) {
        let heavy = counted(&stream, room, parts);
        let mut plain: BTreeMap<u64, u64> = BTreeMap::new();
        for &ngram in &stream {
            *plain.entry(ngram).or_default() += 1;
        }
        prop_assert_eq!(heavy.counted(), stream.len() as u64);
        prop_assert!(heavy.missed() * room as u64 <= heavy.counted());
        for (ngram, count) in plain {
            match heavy.get(ngram) {
                Some(entry) => {
                    prop_assert!(entry.count <= count && count <= entry.count + entry.missed);
                    prop_assert!(entry.missed <= heavy.missed());
                    prop_assert!(u64::from(entry.documents) <= entry.count);
                }
                None => prop_assert!(count <= heavy.missed()),
            }
        }
        prop_assert!(heavy.entries().count() < 2 * room.max(1) + 1);
    }

    #[test]
    fn a_sketch_with_room_for_all_counts_all(stream in stream()) {
        let heavy = counted(&stream, 1000, 3);
        prop_assert_eq!(heavy.missed(), 0);
        let mut documents: BTreeMap<u64, BTreeSet<(usize, usize)>> = BTreeMap::new();
        let size = stream.len().div_ceil(3).max(1);
        for (at, ngram) in stream.iter().enumerate() {
            documents.entry(*ngram).or_default().insert((at / size, at % size / 7));
        }
        for (ngram, of) in documents {
            prop_assert_eq!(heavy.get(ngram).unwrap().documents as usize, of.len());
        }
    }

    #[test]
    fn samples_do_not_depend_on_the_order_of_parts_and_come_back(
        texts in prop::collection::vec("([a-e]{1,2} ){0,12}", 0..30),
        cut in 0usize..30,
    ) {
        let mut whole = (Drawn::default(), Tails::default());
        let mut parts = [whole.clone(), whole.clone()];
        for (row, text) in (0u64..).zip(&texts) {
            let scan = scan(text);
            let lang = if row % 4 == 0 { "fr" } else { "en" };
            let draw = word_hash(&row.to_le_bytes());
            let part = &mut parts[usize::from(row as usize >= cut)];
            for (drawn, tails) in [&mut whole, part] {
                drawn.add(draw, place(row), lang, &scan);
                tails.add(lang, place(row), &scan);
            }
        }
        let [first, mut second] = parts;
        second.0.merge(first.0);
        second.1.merge(first.1);
        prop_assert_eq!(&second.0, &whole.0);
        prop_assert_eq!(&second.1, &whole.1);
        let mut bytes = Vec::new();
        whole.0.put(&mut bytes);
        whole.1.put(&mut bytes);
        let mut rest = bytes.as_slice();
        prop_assert_eq!(Drawn::take(&mut rest), Some(whole.0));
        prop_assert_eq!(Tails::take(&mut rest), Some(whole.1));
        prop_assert!(rest.is_empty());
        for end in 0..bytes.len() {
            let mut rest = &bytes[..end];
            prop_assert!(Drawn::take(&mut rest).is_none() || Tails::take(&mut rest).is_none());
        }
    }

    #[test]
    fn retention_is_that_of_plain_counting(
        texts in prop::collection::vec("([a-e]{1,2} ){1,12}", 1..30),
        kept in prop::collection::vec(any::<bool>(), 30),
    ) {
        let mut tails = Tails::default();
        let mut documents: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
        for (row, text) in texts.iter().enumerate() {
            tails.add("en", place(row as u64), &scan(text));
            for ngram in ngrams(text) {
                documents.entry(ngram).or_default().insert(row);
            }
        }
        let rare: Vec<_> = documents.values().filter(|of| of.len() <= RARE).collect();
        let left = rare.iter().filter(|of| of.iter().any(|&row| kept[row])).count();
        let found = tails.retention("en", |place| kept[place.row as usize]);
        let told = found.map(|f| (f.ngrams, f.rare, f.kept));
        let expected = (documents.len() as u64, rare.len() as u64, left as u64);
        prop_assert_eq!(told, (!rare.is_empty()).then_some(expected));
        if let Some(found) = found {
            prop_assert_eq!((found.low, found.high), (found.retention, found.retention));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Drawn::take(&mut bytes.as_slice());
        let _ = Tails::take(&mut bytes.as_slice());
    }
}

#[test]
fn a_wide_bucket_is_a_part_of_a_bucket() {
    let text: String = (0..5000).map(|n| format!("w{n} ")).collect();
    let wide: Vec<u32> = wide_buckets(&scan(&text)).collect();
    assert_eq!(wide.len(), 9999);
    let mut counts = Counts::default();
    counts.add(&scan(&text));
    let narrow = Counts::of_buckets(wide.iter().map(|&wide| wide as usize / PARTS), 1);
    assert_eq!(narrow, counts);
    assert!(wide.iter().all(|&wide| (wide as usize) < WIDE));
    assert_eq!(bucket(u64::MAX), BUCKETS - 1);
}

#[test]
fn a_large_tail_is_sampled_and_its_interval_holds_the_truth() {
    let mut tails = Tails::default();
    let documents = 3000;
    for row in 0..documents {
        let text: String = (0..12).map(|n| format!("w{row}x{n} and ")).collect();
        tails.add("en", place(row), &scan(&text));
    }
    let found = tails.retention("en", |place| place.row % 5 < 2).unwrap();
    assert_eq!(found.ngrams, SAMPLED as u64);
    // `and` is in all documents, every other word and pair in one.
    assert!(found.rare >= found.ngrams - 1);
    assert!(found.low < 0.4 && 0.4 < found.high, "{found:?}");
    assert!(found.high - found.low < 0.035);
    assert_eq!(tails.retention("en", |_| true).unwrap().kept, found.rare);
    assert_eq!(tails.retention("de", |_| true), None);
}

#[test]
fn drawn_documents_stay_within_the_budget_and_a_giant_counts_in_part() {
    let mut drawn = Drawn::default();
    let text: String = (0..2000).map(|n| format!("w{n} ")).collect();
    let scan = scan(&text);
    let rows = 2 * BUDGET / FROM_ONE as u64;
    for row in 0..rows {
        drawn.add(word_hash(&row.to_le_bytes()), place(row), "en", &scan);
    }
    let mut kept = Rows::new();
    drawn.places(&mut kept);
    let kept: BTreeSet<u64> = kept.into_values().flatten().collect();
    let mut by_draw: Vec<u64> = (0..rows).collect();
    by_draw.sort_by_key(|row| word_hash(&row.to_le_bytes()));
    let expected: BTreeSet<u64> = by_draw.into_iter().take(rows as usize / 2).collect();
    assert_eq!(kept, expected);
    let fixed = drawn.fixed("en", None).unwrap();
    assert_eq!(
        (fixed.documents, fixed.ngrams),
        (FIXED / FROM_ONE as u64, FIXED)
    );
}

#[test]
fn before_and_after_are_of_one_size_and_shaped_as_plain_counting_has_it() {
    let mut drawn = Drawn::default();
    let texts = ["a b c d", "a a a a", "e f g h", "a b a b"];
    for (row, text) in (0..).zip(texts) {
        drawn.add(row, place(row), "en", &scan(text));
    }
    // Seven n-grams each; taken are the second twice and the fourth once, so both have 21.
    let copies = |place: Place| [0, 2, 0, 1][place.row as usize];
    let (before, after) = drawn.before_and_after("en", None, copies).unwrap();
    assert_eq!((before.documents, before.ngrams), (3, 21));
    assert_eq!((after.documents, after.ngrams), (3, 21));
    let plain = |texts: &[&str]| {
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for ngram in texts.iter().flat_map(|text| ngrams(text)) {
            *counts.entry(ngram).or_default() += 1;
        }
        let entropy = |counts: &BTreeMap<u64, u64>| -> f64 {
            counts
                .values()
                .map(|&c| c as f64 / 21.0)
                .map(|p| -p * p.log2())
                .sum()
        };
        (counts.len() as f64 / 21.0, entropy(&counts))
    };
    for (found, texts) in [
        (before, [texts[0], texts[1], texts[2]]),
        (after, [texts[1], texts[1], texts[3]]),
    ] {
        let (distinct, entropy) = plain(&texts);
        assert!((found.wide_filled - distinct).abs() < 1e-9);
        assert!((found.wide_entropy - entropy).abs() < 1e-9);
        assert!((found.entropy - entropy).abs() < 1e-9);
    }
    assert_eq!(drawn.before_and_after("en", None, |_| 0), None);
}

#[test]
fn shapes_of_many_and_of_few_buckets_agree() {
    let filled = vec![1u64, 4, 2, 9];
    let mut all = vec![0; 996];
    all.extend(&filled);
    assert_eq!(shape_of(filled, 1000), shape_of(all, 1000));
}

#[test]
fn what_is_said_too_often_is_told_with_its_counts() {
    // So much that smoothing does not count.
    let human = (0..20_000)
        .map(|n| format!("the cat w{n} sat on the mat. "))
        .collect::<String>();
    let mut counts = Counts::default();
    counts.add(&scan(&human));
    let human = ReferenceLanguage::of(&counts);
    let mut parts = [Phrases::default(), Phrases::default()];
    for row in 0..40u64 {
        let secret = if row < LEAST_DOCUMENTS as u64 - 1 {
            "xyzzy xyzzy "
        } else {
            ""
        };
        let text = format!("The cat sat. Rich TAPESTRY, w{row} {secret}{secret}");
        parts[(row % 2) as usize].add(&text, &scan(&text));
    }
    let [mut whole, second] = parts;
    whole.merge(second);
    let found = whole.over_represented(&human, 6);
    let told: BTreeMap<&str, u64> = found
        .iter()
        .map(|of| (of.ngram.as_str(), of.count))
        .collect();
    for ngram in ["rich", "tapestry", "rich tapestry", "sat rich"] {
        assert_eq!(told.get(ngram), Some(&40), "{found:?}");
    }
    assert!(found.windows(2).all(|two| two[0].bits >= two[1].bits));
    assert!(
        found
            .iter()
            .all(|of| of.ratio > 1.0 && of.missed == 0 && of.documents == 40)
    );
    // Of too few documents, however often.
    let all = whole.over_represented(&human, 1000);
    assert!(all.iter().all(|of| !of.ngram.contains("xyzzy")), "{all:?}");
    assert!(all.iter().all(|of| of.ngram != "the"));
}
