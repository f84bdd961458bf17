//! The classifier's file, its abstentions, and its arithmetic against a plain twin.

use std::collections::BTreeSet;

use super::*;
use crate::text::normalise::{Unmasked, tokens};
use proptest::prelude::*;

/// The hashes of these words, as the tokeniser gives them.
fn hashes(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    tokens(&Unmasked::new(text), |hash| hashes.push(hash));
    hashes
}

fn region(languages: &[&str], slots_log2: u32, step: i32) -> Region {
    let weights: Vec<f32> = (0..1 << slots_log2)
        .map(|i| ((i * step % 101) as f32 - 50.0) / 50.0)
        .collect();
    let space = FeatureSpace::new(slots_log2, &hashes("a b c d , ."));
    let answered = |&lang: &&str| AnsweredLanguage {
        lang: lang.to_owned(),
        auroc: 0.9,
    };
    let languages = languages.iter().map(answered).collect();
    Region::new(languages, space, &weights, -0.25)
}

fn small() -> Classifier {
    let regions = vec![region(&["ja", "da"], 10, 53), region(&["en"], 11, 37)];
    Classifier::new(regions, Reference::default())
}

#[test]
fn a_file_gives_back_its_model() {
    let model = small();
    let read = Classifier::from_bytes(&model.to_bytes()).unwrap();
    assert_eq!(read, model);
    assert_eq!(
        read.digest(),
        blake3::hash(&model.to_bytes()).to_hex().as_str()
    );
}

#[test]
fn every_truncation_and_every_flipped_byte_is_refused() {
    let bytes = small().to_bytes();
    for end in 0..bytes.len() {
        assert!(
            Classifier::from_bytes(&bytes[..end]).is_err(),
            "cut at {end}"
        );
    }
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(Classifier::from_bytes(&bad).is_err(), "flipped at {at}");
    }
    let mut long = bytes;
    long.push(0);
    assert_eq!(Classifier::from_bytes(&long), Err(ModelError::Digest));
}

#[test]
fn sealed_nonsense_is_refused_before_it_is_allocated() {
    let with_slots = |slots_log2: u32| {
        let mut model = small();
        model.regions[1].space = FeatureSpace::new(slots_log2, &[]);
        Classifier::from_bytes(&model.to_bytes())
    };
    assert!(matches!(
        with_slots(22),
        Err(ModelError::Length {
            part: "weights",
            ..
        })
    ));
    assert_eq!(with_slots(60), Err(ModelError::Field { field: "slots" }));
    let mut twice = small();
    twice.regions[0].languages[0].lang = "en".to_owned();
    assert_eq!(
        Classifier::from_bytes(&twice.to_bytes()),
        Err(ModelError::Field { field: "languages" })
    );
    let mut model = small();
    model.regions[0].bias = f64::NAN;
    assert_eq!(
        Classifier::from_bytes(&model.to_bytes()),
        Err(ModelError::Field { field: "bias" })
    );
}

#[test]
fn short_texts_and_unknown_languages_are_not_judged() {
    let model = small();
    let mut scratch = Scratch::default();
    let mut judge = |text: &str, lang| model.logit(&Unmasked::new(text), lang, &mut scratch);
    let long = "word ".repeat(40);
    assert_eq!(long.len(), 200);
    assert!(judge(&long, Some("en")).is_ok());
    assert_eq!(judge(&long[..199], Some("en")), Err(Abstain::TooShort));
    assert_eq!(judge(&long, Some("fr")), Err(Abstain::UnknownLanguage));
    assert!(judge(&long, Some("da")).is_ok() && judge(&long, Some("ja")).is_ok());
    assert_ne!(judge(&long, Some("en")), judge(&long, Some("ja")));
    assert_eq!(judge(&long, None), Err(Abstain::UnknownLanguage));
    assert_eq!(judge(&" ".repeat(300), Some("en")), Err(Abstain::TooShort));
    assert_eq!(judge(&"ä".repeat(199), Some("en")), Err(Abstain::TooShort));
    assert!(judge(&"ä".repeat(200), Some("en")).is_ok());
}

#[test]
fn bins_are_half_open_and_without_end() {
    assert_eq!(bin(f64::MIN), 0);
    assert_eq!(bin(-7.76), 0);
    assert_eq!(bin(-7.75), 1);
    assert_eq!(bin(f64::MAX), BINS - 1);
    for edge in [-1.0, 0.0, 0.25, 3.0] {
        assert_eq!(bin(edge), bin(edge - 1e-9) + 1);
    }
}

#[test]
fn the_embedded_model_is_whole_and_tells_stock_phrases_from_a_letter() {
    let model = Classifier::embedded();
    assert!(EMBEDDED.len() <= 6 << 20);
    assert!(model.languages().iter().any(|known| known.lang == "en"));
    let machine = "In conclusion, effective communication plays a crucial role in fostering a \
        positive and inclusive work environment. By embracing diverse perspectives and leveraging \
        innovative strategies, organizations can unlock their full potential. It is important to \
        note that success requires a holistic approach that balances various factors.";
    let human = "so i got home about nine and the dog had been at the bin again, bits of it all \
        down the hall, and mum said well he was bored wasn't he. Dave rang, wants his drill back. \
        told him it's in the van, which it isn't, I think Steve has still got it from when he did \
        them shelves last year";
    let mut scratch = Scratch::default();
    let mut judge = |text| {
        model
            .logit(&Unmasked::new(text), Some("en"), &mut scratch)
            .unwrap()
    };
    assert!(judge(machine) > 1.0);
    assert!(judge(human) < -1.0);
}

proptest! {
    #[test]
    fn a_logit_is_the_plain_sum_over_distinct_grams(text in "[a-h ,.]{200,400}") {
        let model = small();
        let region = &model.regions()[1];
        let words = hashes(&text);
        let common = hashes("a b c d , .");
        let kept: Vec<u64> = words
            .iter()
            .map(|hash| if common.contains(hash) { *hash } else { 0x082E_FA98_EC4E_6C89 })
            .collect();
        let join = |a: u64, b: u64| (a.rotate_left(21) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut slots = BTreeSet::new();
        for i in 0..words.len() {
            slots.insert(words[i] >> 53);
            if i >= 1 {
                slots.insert(join(words[i - 1], words[i]) >> 53);
            }
            if i >= 3 {
                let start = kept[i] ^ 0xA409_3822_299F_31D0;
                let gram = (1..4).fold(start, |hash, back| join(kept[i - back], hash));
                slots.insert(gram >> 53);
            }
        }
        let sum: f64 = slots.iter().map(|&s| f64::from(region.weights[s as usize])).sum();
        let plain = region.bias + sum * region.scale / (slots.len() as f64).sqrt();
        let mut scratch = Scratch::default();
        // Twice with one scratch: nothing of the first document may be left in the second.
        for _ in 0..2 {
            match model.logit(&Unmasked::new(&text), Some("en"), &mut scratch) {
                Ok(logit) => {
                    prop_assert!((logit - plain).abs() < 1e-6);
                    prop_assert_eq!(quantise(logit), logit);
                }
                Err(why) => prop_assert!(slots.is_empty() && why == Abstain::TooShort),
            }
        }
    }
}

proptest! {
    #[test]
    fn thresholds_of_other_rates_are_the_lowest_edges_that_hold_them(
        logits in prop::collection::vec(-9.0f64..9.0, 1..200),
        percent in 2u32..60,
    ) {
        let mut reference = Reference {
            histogram: [0.0; BINS],
            threshold: 12.5,
            ..Reference::default()
        };
        for &logit in &logits {
            reference.histogram[bin(logit)] += 1.0 / logits.len() as f64;
        }
        prop_assert_eq!(reference.threshold_at(0.01), 12.5);
        let fpr = f64::from(percent) / 100.0 + 1e-7;
        let threshold = reference.threshold_at(fpr);
        let reach = |t: f64| measure::share_at(&logits, t).unwrap();
        let unbounded = FIRST_EDGE + WIDTH * (BINS - 1) as f64;
        prop_assert!(reach(threshold) <= fpr || threshold == unbounded);
        prop_assert_eq!(threshold == unbounded, reach(unbounded - WIDTH) > fpr);
        prop_assert!(threshold == FIRST_EDGE || reach(threshold - WIDTH) > fpr);
        // The worst domain is held to five times the rate.
        reference.worst = std::array::from_fn(|edge| if edge < BINS / 2 { 1.0 } else { 0.0 });
        let strict = reference.threshold_at(fpr / 10.0);
        let middle = FIRST_EDGE + WIDTH * (BINS / 2 - 1) as f64;
        prop_assert!(strict >= middle);
        prop_assert!(strict > middle || reach(strict) <= fpr / 10.0);
    }
}

#[test]
fn padding_makes_no_short_text_long_and_masks_change_no_logit() {
    let model = small();
    let mut scratch = Scratch::default();
    let mut judge = |text: &str| model.logit(&Unmasked::new(text), Some("en"), &mut scratch);
    let short = "word and word ".repeat(14);
    let pad = |text: &str| text.replace('o', "o\u{200B}\u{2060}\u{AD}");
    assert!(short.len() < 200 && pad(&short).chars().count() > 200);
    assert_eq!(judge(&pad(&short)), Err(Abstain::TooShort));
    assert_eq!(judge(&"\u{200D}".repeat(9_000)), Err(Abstain::TooShort));
    let long = "A plain text, with words of many kinds in it. ".repeat(120);
    let masked = pad(&long)
        .replace('a', "а")
        .replace('t', "ｔ")
        .replace('x', "𝐱");
    assert_eq!(judge(&masked), judge(&long));
}

#[test]
fn bad_texts_have_a_finite_logit_or_none() {
    let model = small();
    let mut scratch = Scratch::default();
    for piece in [
        "\0",
        "\u{1b}[0m",
        "😀👍🏽",
        "\u{10FFFF}",
        "\u{301}",
        "a\u{301}",
        "مرحبا ",
        "שלום ",
        "…",
        "`",
        "*-",
        "aGVsbG8gd29ybGQ",
        "x = f(y); ",
        "。",
        "ﷺ",
        "\u{202E}",
        "１",
        "ⅷ",
        "ﬃ",
    ] {
        for times in [1, 199, 200, 5_000] {
            let logit = model.logit(
                &Unmasked::new(&piece.repeat(times)),
                Some("en"),
                &mut scratch,
            );
            assert!(logit.is_ok_and(f64::is_finite) || logit == Err(Abstain::TooShort));
        }
    }
}
