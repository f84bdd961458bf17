//! The classifier's file, its abstentions, and its arithmetic against a plain twin.

use std::collections::BTreeSet;

use super::*;
use proptest::prelude::*;

fn small() -> Classifier {
    let weights: Vec<f32> = (0..1 << 10)
        .map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0)
        .collect();
    let languages = vec!["en".to_owned(), "ja".to_owned()];
    Classifier::from_weights(&weights, -0.25, languages, Reference::default())
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
    let mut model = small();
    model.slots_log2 = 30;
    assert!(matches!(
        Classifier::from_bytes(&model.to_bytes()),
        Err(ModelError::Length {
            part: "weights",
            ..
        })
    ));
    model.slots_log2 = 60;
    assert_eq!(
        Classifier::from_bytes(&model.to_bytes()),
        Err(ModelError::Field { field: "slots" })
    );
    let mut model = small();
    model.bias = f64::NAN;
    assert_eq!(
        Classifier::from_bytes(&model.to_bytes()),
        Err(ModelError::Field { field: "bias" })
    );
}

#[test]
fn short_texts_and_unknown_languages_are_not_judged() {
    let model = small();
    let mut scratch = Scratch::default();
    let mut judge = |text: &str, lang| model.logit(text, lang, &mut scratch);
    let long = "word ".repeat(40);
    assert_eq!(long.len(), 200);
    assert!(judge(&long, Some("en")).is_ok());
    assert_eq!(judge(&long[..199], Some("en")), Err(Abstain::TooShort));
    assert_eq!(judge(&long, Some("fr")), Err(Abstain::UnknownLanguage));
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
    assert!(model.languages().iter().any(|l| l == "en"));
    let machine = "In conclusion, effective communication plays a crucial role in fostering a \
        positive and inclusive work environment. By embracing diverse perspectives and leveraging \
        innovative strategies, organizations can unlock their full potential. It is important to \
        note that success requires a holistic approach that balances various factors.";
    let human = "so i got home about nine and the dog had been at the bin again, bits of it all \
        down the hall, and mum said well he was bored wasn't he. Dave rang, wants his drill back. \
        told him it's in the van, which it isn't, I think Steve has still got it from when he did \
        them shelves last year";
    let mut scratch = Scratch::default();
    let mut judge = |text| model.logit(text, Some("en"), &mut scratch).unwrap();
    assert!(judge(machine) > 1.0);
    assert!(judge(human) < -1.0);
}

proptest! {
    #[test]
    fn a_logit_is_the_plain_sum_over_distinct_grams(text in "[a-z ,.]{200,400}") {
        let model = small();
        let mut hashes = Vec::new();
        tokens(&text, MAX_CHARS, |t| hashes.push(t));
        let mut slots = BTreeSet::new();
        for (i, &hash) in hashes.iter().enumerate() {
            slots.insert(hash >> 54);
            if i > 0 {
                slots.insert(mix(hashes[i - 1].rotate_left(21) ^ hash) >> 54);
            }
        }
        let sum: f64 = slots.iter().map(|&s| f64::from(model.weights[s as usize])).sum();
        let plain = model.bias + sum * model.scale / (slots.len() as f64).sqrt();
        let mut scratch = Scratch::default();
        // Twice with one scratch: nothing of the first document may be left in the second.
        for _ in 0..2 {
            match model.logit(&text, Some("en"), &mut scratch) {
                Ok(logit) => {
                    prop_assert!((logit - plain).abs() < 1e-6);
                    prop_assert_eq!(quantise(logit), logit);
                }
                Err(why) => prop_assert!(slots.is_empty() && why == Abstain::TooShort),
            }
        }
    }
}
