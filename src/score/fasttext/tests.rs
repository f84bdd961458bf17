//! fastText scores against the reference implementation, and damaged files.
//!
//! The models and the expected probabilities are made by `tests/reference/fasttext_models.py`.

use super::dictionary::Divisor;
use super::*;
use proptest::prelude::*;

const MODELS: [(&str, &[u8]); 3] = [
    (
        "words.bin",
        include_bytes!("../../../tests/reference/fasttext-words.bin"),
    ),
    (
        "chars.bin",
        include_bytes!("../../../tests/reference/fasttext-chars.bin"),
    ),
    (
        "words.ftz",
        include_bytes!("../../../tests/reference/fasttext-words.ftz"),
    ),
];
const EXPECTED: &str = include_str!("../../../tests/reference/fasttext.json");

#[test]
fn probabilities_equal_the_reference_implementation() {
    let rows: Vec<serde_json::Value> = serde_json::from_str(EXPECTED).unwrap();
    let mut scratch = LineScratch::default();
    for (name, bytes) in MODELS {
        let model = FastTextModel::from_bytes(bytes, "machine").unwrap();
        let own: Vec<_> = rows.iter().filter(|row| row["model"] == *name).collect();
        assert!(own.len() >= 20);
        for row in own {
            let text = row["text"].as_str().unwrap();
            let score = model.score(text, &mut scratch);
            match row["machine"].as_f64() {
                Some(expected) => {
                    let score = score.unwrap();
                    assert!(
                        (score - expected.clamp(0.0, 1.0)).abs() < 1e-6,
                        "{name} {text:?}: {score} for {expected}"
                    );
                }
                None => assert_eq!(score, None, "{name} {text:?}"),
            }
        }
    }
}

#[test]
fn a_label_is_found_with_or_without_its_prefix() {
    let bytes = MODELS[0].1;
    let plain = FastTextModel::from_bytes(bytes, "human").unwrap();
    let prefixed = FastTextModel::from_bytes(bytes, "__label__human").unwrap();
    assert_eq!(plain.label(), prefixed.label());
    let error = FastTextModel::from_bytes(bytes, "robot")
        .unwrap_err()
        .to_string();
    assert!(error.contains("__label__human") && error.contains("__label__machine"));
}

#[test]
fn every_truncation_is_refused() {
    for (name, bytes) in MODELS {
        for end in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
            assert!(
                FastTextModel::from_bytes(&bytes[..end], "machine").is_err(),
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_never_panics_nor_allocates_without_bound() {
    let mut scratch = LineScratch::default();
    for (_, bytes) in MODELS {
        for at in (0..600).chain((600..bytes.len()).step_by(bytes.len() / 300 + 1)) {
            let mut bad = bytes.to_vec();
            bad[at] ^= 1 << (at % 8);
            if let Ok(model) = FastTextModel::from_bytes(&bad, "machine")
                && let Some(score) = model.score("the dog of delve", &mut scratch)
            {
                assert!((0.0..=1.0).contains(&score));
            }
        }
    }
}

#[test]
fn a_weight_that_is_no_number_is_refused() {
    for (name, bytes) in MODELS {
        let mut bad = bytes.to_vec();
        let last = bad.len() - 4;
        for weight in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            bad[last..].copy_from_slice(&weight.to_le_bytes());
            let error = FastTextModel::from_bytes(&bad, "machine").unwrap_err();
            assert!(error.to_string().contains("no finite number"), "{name}");
        }
    }
}

#[test]
fn a_bucket_kept_twice_never_leads_outside_the_table() {
    let (_, bytes) = MODELS[2];
    // Each pair of the pruning index in turn gets the bucket of the pair before it; the index ends
    // where the flag of the quantised table and its norms begin.
    let model = FastTextModel::from_bytes(bytes, "machine").unwrap();
    let end = bytes
        .windows(10)
        .position(|w| w[..2] == [1, 1] && w[2..] == model.input.rows().to_le_bytes())
        .unwrap();
    let mut scratch = LineScratch::default();
    for pair in 1..8 {
        let mut bad = bytes.to_vec();
        let at = end - 8 * pair;
        bad.copy_within(at - 8..at - 4, at);
        let twice = FastTextModel::from_bytes(&bad, "machine").unwrap();
        let score = twice.score("dog rain crucial tapestry of the über 你好", &mut scratch);
        assert!(score.is_some_and(|p| (0.0..=1.0).contains(&p)));
    }
}

proptest! {
    #[test]
    fn a_remainder_is_that_of_a_division(hash in any::<u64>(), buckets in 1u64..1 << 31) {
        for hash in [hash, u64::MAX - hash % 3, hash / buckets * buckets, hash % 7] {
            prop_assert_eq!(Divisor::new(buckets).remainder(hash), hash % buckets);
        }
        prop_assert_eq!(Divisor::new(1).remainder(hash), 0);
    }
}
