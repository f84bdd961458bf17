//! What an edit promises, on arbitrary text under the embedded prior and on a prior made by hand.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::prior::NgramPrior;
use super::*;
use crate::text::count_words;

type Embedded = NgramPrior<&'static [u8]>;

fn embedded() -> &'static Embedded {
    static PRIOR: std::sync::OnceLock<Embedded> = std::sync::OnceLock::new();
    PRIOR.get_or_init(|| NgramPrior::embedded().unwrap())
}

/// Words of ASCII letters are editable; `P` and the continuations are the same at every word.
struct ByHand {
    probability: f64,
    continuations: Vec<(&'static str, f64)>,
}

impl Outlook for ByHand {
    fn top(&self, k: usize) -> Vec<Continuation> {
        let all = self.continuations.iter().take(k);
        all.map(|&(text, probability)| Continuation {
            text: text.into(),
            probability,
        })
        .collect()
    }

    fn has_alternative(&self) -> bool {
        self.continuations.len() > 1
    }
}

impl Prior for ByHand {
    fn name(&self) -> &str {
        "by hand"
    }

    fn languages(&self) -> Vec<&str> {
        vec!["xx"]
    }

    fn knows(&self, lang: &str) -> bool {
        lang == "xx"
    }

    fn walk(
        &self,
        lang: &str,
        text: &str,
        see: &mut dyn FnMut(&Token, &dyn Outlook) -> ControlFlow<()>,
    ) -> Result<(), PriorError> {
        let mut at = 0;
        for word in text.split(' ').filter(|_| self.knows(lang)) {
            let token = Token {
                listed: word.len() > 2,
                span: at..at + word.len(),
                probability: self.probability,
                editable: word.len() > 1,
            };
            at += word.len() + 1;
            if see(&token, self).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(vec![
            "the", "of", "The", "UNITED", "States", "one", "in", "order", "to", "be", "as", "well",
            "e-mail", "don't", "der", "Die", "nicht", "https://a.b/c", "3.14", "l'homme", "de", "la",
            "и", "не", "的", "```", "foo()", "naïve", "\u{1F600}", "i\u{307}", "ǅ", "ß",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    let space = prop::sample::select(vec![
        " ", " ", " ", ", ", ". ", "\n", "\n\n", "\u{a0}", "\t", "",
    ]);
    prop::collection::vec((word, space), 0..60).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(w, s)| [w, s.to_owned()])
            .collect()
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        0.0..1.0f64,
        1..12u32,
        0.0..3.0f64,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(threshold, top_k, temperature, exclude_original, at_least_one)| Settings {
                threshold,
                top_k,
                temperature,
                exclude_original,
                at_least_one,
            },
        )
}

/// Maximal runs of letters, beside the house's own word rule.
fn letter_runs(text: &str) -> usize {
    text.split(|c: char| !c.is_alphabetic())
        .filter(|run| !run.is_empty())
        .count()
}

proptest! {
    #[test]
    fn an_edit_keeps_its_promises(
        text in text(), settings in settings(), seed in any::<u64>(),
        lang in prop::sample::select(vec!["en", "de", "fr", "ru", "tlh"]),
    ) {
        let prior = embedded();
        let edited = edit(&text, lang, prior, &settings, seed).unwrap();

        let (mut at, mut new_at) = (0, 0);
        for (old, new) in &edited.spans {
            prop_assert_eq!(&text[at..old.start], &edited.text[new_at..new.start]);
            prop_assert_ne!(&text[old.clone()], &edited.text[new.clone()]);
            prop_assert!(text[old.clone()].chars().all(char::is_alphabetic));
            prop_assert!(edited.text[new.clone()].chars().all(char::is_alphabetic));
            (at, new_at) = (old.end, new.end);
        }
        prop_assert_eq!(&text[at..], &edited.text[new_at..]);
        prop_assert_eq!(letter_runs(&text), letter_runs(&edited.text));
        prop_assert_eq!(text.split_whitespace().count(), edited.text.split_whitespace().count());
        prop_assert_eq!(count_words(&text), count_words(&edited.text));
        prop_assert_eq!(edited.text.is_empty(), text.is_empty());

        prop_assert_eq!(edited.changed, edited.spans.len() as u64);
        prop_assert!(edited.changed <= edited.resampled);
        prop_assert!(edited.resampled <= edited.eligible + u64::from(edited.forced));
        prop_assert!(edited.eligible <= edited.tokens);
        prop_assert!(!edited.forced || edited.changed == 1);
        if settings.exclude_original {
            prop_assert_eq!(edited.changed, edited.resampled);
        }
        let editable = is_editable(&text, lang, prior).unwrap();
        prop_assert!(editable || edited.changed == 0);
        prop_assert!(!settings.at_least_one || editable == (edited.changed >= 1));
        prop_assert!(prior.knows(lang) || edited.tokens == 0);
        prop_assert_eq!(edit(&text, lang, prior, &settings, seed).unwrap(), edited);
    }

    #[test]
    fn parts_of_a_text_are_edited_in_their_place(
        texts in proptest::collection::vec(text(), 1..5), settings in settings(), seed in any::<u64>(),
    ) {
        let joined = texts.join("\n\n");
        let mut at = 0;
        let parts: Vec<_> = texts
            .iter()
            .map(|text| {
                let part = at..at + text.len();
                at = part.end + 2;
                part
            })
            .collect();
        let edited = edit(&joined, "en", embedded(), &settings, seed).unwrap();
        let placed = edited.parts(&parts).unwrap();
        let after: Vec<&str> = placed.iter().map(|part| &edited.text[part.clone()]).collect();
        prop_assert_eq!(after.join("\n\n"), edited.text.as_str());
        for (before, after) in texts.iter().zip(after) {
            prop_assert_eq!(letter_runs(before), letter_runs(after));
        }
        // A part that ends inside a changed token is none.
        if let Some((from, _)) = edited.spans.iter().find(|(from, _)| from.len() > 1) {
            let inside = from.start + joined[from.clone()].chars().next().map_or(1, char::len_utf8);
            if inside < from.end {
                let (before, behind) = (0..inside, inside..joined.len());
                prop_assert_eq!(edited.parts(std::slice::from_ref(&before)), None);
                prop_assert_eq!(edited.parts(std::slice::from_ref(&behind)), None);
            }
        }
    }

    #[test]
    fn a_lower_threshold_makes_more_eligible(text in text(), a in 0.0..1.0f64, b in 0.0..1.0f64) {
        let eligible = |threshold| {
            let settings = Settings { threshold, ..Settings::default() };
            edit(&text, "en", embedded(), &settings, 1).unwrap().eligible
        };
        prop_assert!(eligible(a.min(b)) >= eligible(a.max(b)));
    }

    #[test]
    fn sketches_merge_to_the_sketch_of_all(texts in prop::collection::vec(text(), 1..6), share in 0.0..0.2f64) {
        let mut all = ProbabilitySketch::default();
        let mut merged = ProbabilitySketch::default();
        for text in texts.iter().rev() {
            let mut one = ProbabilitySketch::default();
            one.add(text, "en", embedded()).unwrap();
            merged.merge(&one);
        }
        for text in &texts {
            all.add(text, "en", embedded()).unwrap();
        }
        prop_assert_eq!(&all, &merged);
        let stored = serde_json::to_string(&all).unwrap();
        prop_assert_eq!(&all, &serde_json::from_str::<ProbabilitySketch>(&stored).unwrap());
        let threshold = all.threshold(share);
        prop_assert!((0.0..=1.0).contains(&threshold));
        // What the sketch foresees is what the editor does, token for token.
        let settings = Settings { threshold, at_least_one: false, ..Settings::default() };
        let changed: u64 =
            texts.iter().map(|t| edit(t, "en", embedded(), &settings, 3).unwrap().changed).sum();
        prop_assert_eq!(changed as f64 / all.tokens().max(1) as f64, all.share_at(threshold));
    }
}

const LIKELY: [(&str, f64); 4] = [
    ("alpha", 0.5),
    ("beta", 0.3),
    ("gamma", 0.1),
    ("delta", 0.05),
];

fn by_hand(probability: f64) -> ByHand {
    ByHand {
        probability,
        continuations: LIKELY.to_vec(),
    }
}

/// Over many seeds the draws follow p^(1/temperature), renormalised over the top k without the original.
#[test]
fn draws_follow_the_renormalised_distribution() {
    let draws = 20_000u64;
    for (temperature, exclude_original) in [(1.0, true), (1.0, false), (2.0, true)] {
        let settings = Settings {
            threshold: 0.5,
            top_k: 3,
            temperature,
            exclude_original,
            at_least_one: false,
        };
        let allowed: Vec<(&str, f64)> = LIKELY
            .into_iter()
            .filter(|&(word, _)| !(exclude_original && word == "alpha"))
            .take(3)
            .collect();
        let total: f64 = allowed.iter().map(|(_, p)| p.powf(1.0 / temperature)).sum();
        for (word, p) in allowed {
            let hits = (0..draws)
                .filter(|&seed| {
                    edit("alpha", "xx", &by_hand(0.9), &settings, seed)
                        .unwrap()
                        .text
                        == word
                })
                .count();
            let expected = p.powf(1.0 / temperature) / total;
            // Five standard errors of a share at most one half are below 0.018.
            assert!(
                (hits as f64 / draws as f64 - expected).abs() < 0.018,
                "{word}"
            );
        }
    }
}

#[test]
fn a_text_below_the_threshold_has_one_token_drawn_anew() {
    let settings = Settings {
        threshold: 0.95,
        ..Settings::default()
    };
    let edited = edit("a alpha bb", "xx", &by_hand(0.4), &settings, 5).unwrap();
    assert_eq!(
        (
            edited.tokens,
            edited.eligible,
            edited.resampled,
            edited.changed
        ),
        (3, 0, 1, 1)
    );
    assert!(edited.forced);
    assert_eq!(edited.spans[0].0, 2..7, "the first of equals");
}

#[test]
fn the_papers_rule_may_draw_the_original_again() {
    let sure = ByHand {
        probability: 0.995,
        continuations: vec![("alpha", 0.995), ("beta", 1e-9)],
    };
    let edited = edit("alpha alpha", "xx", &sure, &Settings::paper(), 5).unwrap();
    assert_eq!(
        (edited.eligible, edited.resampled, edited.changed),
        (2, 2, 0)
    );
    assert_eq!(edited.text, "alpha alpha");
}

#[test]
fn without_an_alternative_the_token_stays() {
    let alone = ByHand {
        probability: 0.995,
        continuations: vec![("alpha", 0.995)],
    };
    let edited = edit("alpha", "xx", &alone, &Settings::default(), 5).unwrap();
    assert_eq!(
        (edited.eligible, edited.resampled, edited.changed),
        (1, 0, 0)
    );
    assert!(!is_editable("alpha", "xx", &alone).unwrap());
}

#[test]
fn the_threshold_is_the_one_nearest_to_the_wished_share() {
    let mut sketch = ProbabilitySketch::default();
    for (probability, words) in [(0.9, 1), (0.7, 2), (0.2, 7)] {
        sketch
            .add(&["word"; 7][..words].join(" "), "xx", &by_hand(probability))
            .unwrap();
    }
    assert_eq!((sketch.tokens(), sketch.changeable()), (10, 10));
    for (share, low, high) in [
        (0.0, 0.9, 1.1),
        (0.1, 0.7, 0.9),
        (0.25, 0.2, 0.7),
        (1.0, -0.1, 0.2),
    ] {
        let threshold = sketch.threshold(share);
        assert!(threshold > low && threshold <= high, "{share}: {threshold}");
    }
    assert_eq!(ProbabilitySketch::default().threshold(0.01), 1.0);
}

#[test]
fn a_stored_sketch_that_contradicts_itself_is_refused() {
    for stored in [
        r#"{"tokens":1,"filled":[[4096,1]]}"#,
        r#"{"tokens":1,"filled":[[0,2]]}"#,
        r#"{"tokens":9,"filled":[[0,18446744073709551615],[0,2]]}"#,
    ] {
        assert!(serde_json::from_str::<ProbabilitySketch>(stored).is_err());
    }
}

/// The embedded prior knows its languages and edits ordinary prose in each.
#[test]
fn the_embedded_prior_edits_prose() {
    let prior = embedded();
    assert!(prior.languages().is_sorted());
    for (lang, text) in [
        (
            "en",
            "It was one of the first of its kind in the United States.",
        ),
        (
            "de",
            "Das ist nicht der Fall, und es ist auch nicht zu erwarten.",
        ),
        (
            "fr",
            "Il y a dans le monde une foule de gens qui ne sont pas de cet avis.",
        ),
        ("ru", "Он не знал, что это было в первый раз."),
    ] {
        assert!(is_editable(text, lang, prior).unwrap(), "{lang}");
        let edited = edit(text, lang, prior, &Settings::default(), 1).unwrap();
        assert!(edited.changed >= 1, "{lang}");
    }
}

#[test]
fn surprise_is_the_mean_over_known_tokens() {
    let of = |probability, lang, text| surprise(text, lang, &by_hand(probability)).unwrap();
    let quarter = of(0.25, "xx", "one of two").unwrap();
    assert_eq!(quarter.nll, Some(2.0));
    assert!((quarter.novelty - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(of(0.0, "xx", "one of two").unwrap().nll, None);
    assert_eq!(of(0.25, "yy", "one of two"), None);
    assert_eq!(surprise("", "en", embedded()).unwrap(), None);
}

#[test]
fn odd_text_surprises_the_embedded_prior_more() {
    let of = |text| surprise(text, "en", embedded()).unwrap().unwrap();
    let plain = of("It was one of the first things that he said to me in the morning.");
    let odd = of("Morning the in me to said he that things first the of one was it xqzzv.");
    assert!(
        plain.nll < odd.nll && plain.novelty < odd.novelty,
        "{plain:?} {odd:?}"
    );
}
