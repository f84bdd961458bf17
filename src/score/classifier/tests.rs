//! The classifier's file, its abstentions, and its arithmetic against a plain twin.

use std::collections::BTreeSet;

use super::*;
use crate::text::normalise::Unmasked;
use crate::text::tokens;
use proptest::prelude::*;

/// The hashes of these words, as the tokeniser gives them.
fn hashes(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    tokens(
        (&Unmasked::new(text), None),
        &mut Scan::default(),
        &mut hashes,
    );
    hashes
}

fn region(languages: &[&str], slots_log2: u32, step: i32) -> Region {
    let space = FeatureSpace::new(slots_log2, &hashes("a b c d , ."));
    let weights: Vec<f32> = (0..space.slots_len() as i32)
        .map(|i| ((i * step % 101) as f32 - 50.0) / 50.0)
        .collect();
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
    let mut judge =
        |text: &str, lang| model.logit((&Unmasked::new(text), None), lang, &mut scratch);
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
    assert!(EMBEDDED.len() <= 4 << 20);
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
            .logit((&Unmasked::new(text), None), Some("en"), &mut scratch)
            .unwrap()
    };
    assert!(judge(machine) > 1.0);
    assert!(judge(human) < -1.0);
}

/// The logit of tokens by its definition: n-grams in order, each slot of a first key counted.
fn plain_logit(region: &Region, words: &[u64], common: &[u64]) -> Option<f64> {
    let kept: Vec<u64> = words
        .iter()
        .map(|hash| {
            if common.contains(hash) {
                *hash
            } else {
                0x082E_FA98_EC4E_6C89
            }
        })
        .collect();
    let join = |a: u64, b: u64| (a.rotate_left(21) ^ b).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let log2 = region.space.slots_log2();
    let (skeletons, singles) = (1 << log2, (1 << log2) + (1 << (log2 - 2)));
    let (mut keys, mut sum, mut count) = (BTreeSet::new(), 0.0, 0u32);
    let mut take = |hash: u64, first: u64, log2: u32| {
        if keys.insert(hash >> 12 & 0xFFFF) {
            let slot = first + (hash >> (64 - log2));
            sum += f64::from(region.weights[slot as usize]);
            count += 1;
        }
    };
    for i in 0..words.len() {
        take(words[i], singles, log2 - 4);
        if i >= 1 {
            take(join(words[i - 1], words[i]), 0, log2);
        }
        if i >= 3 {
            let start = kept[i] ^ 0xA409_3822_299F_31D0;
            let gram = (1..4).fold(start, |hash, back| join(kept[i - back], hash));
            take(gram, skeletons, log2 - 2);
        }
    }
    (count > 0).then(|| region.bias + sum * region.scale / f64::from(count).sqrt())
}

proptest! {
    #[test]
    fn a_logit_is_the_plain_sum_over_distinct_grams(text in "([a-h ,.]|[a-zé]{3,9} |[0-9 ]){200,400}") {
        let model = small();
        let region = &model.regions()[1];
        let plain = plain_logit(region, &hashes(&text), &hashes("a b c d , ."));
        let mut scratch = Scratch::default();
        let mut scan = Scan::default();
        scan.read(&text);
        // Twice with one scratch, nothing of the first document may be left in the second; then with
        // the words that others have found.
        for scan in [None, None, Some(&scan)] {
            match model.logit((&Unmasked::new(&text), scan), Some("en"), &mut scratch) {
                Ok(logit) => {
                    prop_assert!((logit - plain.unwrap()).abs() < 1e-6);
                    prop_assert_eq!(quantise(logit), logit);
                }
                Err(why) => prop_assert!(plain.is_none() && why == Abstain::TooShort),
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
fn most_text_is_of_the_size_that_has_a_loop_of_its_own() {
    let model = Classifier::embedded();
    let english = model.regions().iter().find(|r| r.answers_for("en"));
    assert_eq!(english.unwrap().space().slots_log2(), features::USUAL_LOG2);
}

#[test]
fn padding_makes_no_short_text_long_and_masks_change_no_logit() {
    let model = small();
    let mut scratch = Scratch::default();
    let mut judge =
        |text: &str| model.logit((&Unmasked::new(text), None), Some("en"), &mut scratch);
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
                (&Unmasked::new(&piece.repeat(times)), None),
                Some("en"),
                &mut scratch,
            );
            assert!(logit.is_ok_and(f64::is_finite) || logit == Err(Abstain::TooShort));
        }
    }
}
