//! The prior against twins made without it: a naive decoder, textbook recursion, brute force and damage.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::edit::prior::layout::{self, SECTION_HEAD};
use crate::edit::prior::{NgramPrior, Prior};
use crate::edit::{Settings, edit};

const WORDS: [&str; 12] = [
    "ash", "birch", "cedar", "Dogwood", "elm", "fir", "gum", "holly", "ivy,", "juniper.", "kauri",
    "42",
];

fn tiny() -> PriorOptions {
    PriorOptions {
        max_bytes: 1 << 16,
        min_count: 1,
        min_text: 0,
        ..PriorOptions::default()
    }
}

fn build(options: PriorOptions, texts: &[String]) -> BuiltPrior {
    let mut builder = PriorBuilder::new(options);
    for text in texts {
        builder.push("xx", text).unwrap();
    }
    builder.finish().unwrap()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    // Squaring makes low numbers common, so that pairs and triples repeat.
    let word = (0.0..1.0f64).prop_map(|x| WORDS[(x * x * WORDS.len() as f64) as usize]);
    prop::collection::vec(
        prop::collection::vec(word, 0..150).prop_map(|w| w.join(" ")),
        1..8,
    )
}

/// The model as plain maps, decoded step by step from the file.
struct Naive {
    words: Vec<String>,
    flags: Vec<u8>,
    single: Vec<f64>,
    word_weight: Vec<f64>,
    pairs: BTreeMap<(u16, u16), (f64, f64)>,
    triples: BTreeMap<(u16, u16, u16), f64>,
    contexts: BTreeSet<(u16, u16)>,
}

impl Naive {
    /// Decodes the only section of a file.
    fn read(file: &[u8]) -> Naive {
        let mut rest = &file[HEADER + ENTRY..];
        let mut take = |n: usize| {
            let (head, tail) = rest.split_at(n);
            rest = tail;
            head.to_vec()
        };
        let wide = |b: Vec<u8>| -> Vec<u32> {
            b.chunks(4)
                .map(|c| u32::from_le_bytes(c.try_into().unwrap()))
                .collect()
        };
        let narrow = |b: Vec<u8>| -> Vec<u16> {
            b.chunks(2)
                .map(|c| u16::from_le_bytes(c.try_into().unwrap()))
                .collect()
        };
        let head: Vec<usize> = wide(take(SECTION_HEAD))
            .into_iter()
            .map(|n| n as usize)
            .collect();
        let (v, letters, b, t) = (head[0], head[1], head[2], head[3]);
        let lengths = take(v);
        let flags = take(v);
        let single = narrow(take(2 * v))
            .into_iter()
            .map(layout::fine_probability)
            .collect();
        let word_weight = take(v).into_iter().map(layout::backoff).collect();
        let letters = String::from_utf8(take(letters)).unwrap();
        let first = wide(take(4 * (v + 1)));
        let (pair_word, pair_p, pair_weight, pair_triples) =
            (narrow(take(2 * b)), take(b), take(b), take(b));
        take(4 * b.div_ceil(layout::BLOCK));
        let (triple_word, triple_p) = (narrow(take(2 * t)), take(t));
        assert!(rest.is_empty());

        let mut words = Vec::new();
        let mut at = 0;
        for length in lengths {
            words.push(letters[at..at + usize::from(length)].to_owned());
            at += usize::from(length);
        }
        let (mut pairs, mut triples, mut contexts) =
            (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut triple = 0;
        for word in 0..v as u16 {
            for pair in first[usize::from(word)] as usize..first[usize::from(word) + 1] as usize {
                let key = (word, pair_word[pair]);
                pairs.insert(
                    key,
                    (
                        layout::probability(pair_p[pair]),
                        layout::backoff(pair_weight[pair]),
                    ),
                );
                for _ in 0..pair_triples[pair] {
                    contexts.insert(key);
                    let p = layout::probability(triple_p[triple]);
                    triples.insert((key.0, key.1, triple_word[triple]), p);
                    triple += 1;
                }
            }
        }
        assert_eq!((pairs.len(), triples.len(), triple), (b, t, t));
        Naive {
            words,
            flags,
            single,
            word_weight,
            pairs,
            triples,
            contexts,
        }
    }

    /// Katz's recursion, as in a textbook.
    fn p(&self, left: Option<u16>, v: u16, w: u16) -> f64 {
        if let Some(u) = left.filter(|&u| self.contexts.contains(&(u, v))) {
            return match self.triples.get(&(u, v, w)) {
                Some(&p) => p,
                None => self.pairs[&(u, v)].1 * self.p(None, v, w),
            };
        }
        match self.pairs.get(&(v, w)) {
            Some(&(p, _)) => p,
            None => self.word_weight[usize::from(v)] * self.single[usize::from(w)],
        }
    }

    fn id(&self, piece: &str) -> u16 {
        if piece.starts_with(char::is_numeric) {
            return layout::NUMBER;
        }
        let folded = piece.to_lowercase();
        self.words
            .iter()
            .position(|w| *w == folded)
            .map_or(layout::UNKNOWN, |i| i as u16)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn probabilities_and_continuations_equal_the_naive_twin(texts in texts(), max_bytes in 700..4000usize) {
        let built = build(PriorOptions { max_bytes, ..tiny() }, &texts);
        prop_assert!(built.bytes.len() <= max_bytes);
        let naive = Naive::read(&built.bytes);
        let prior = NgramPrior::from_bytes(&built.bytes).unwrap();
        for text in &texts {
            let (mut left, mut last) = (None, layout::START);
            prior.walk("xx", text, &mut |token, outlook| {
                let piece = &text[token.span.clone()];
                let id = naive.id(piece);
                let expected = if id >= layout::FIRST_WORD { naive.p(left, last, id) } else { 0.0 };
                assert!((token.probability - expected).abs() < 1e-12, "{piece}");
                if token.editable {
                    let next = text[token.span.end..].trim_start().split([' ', ',', '.']).next().unwrap();
                    let next = if text[token.span.end..].starts_with(' ') { naive.id(next) } else { 0 };
                    let mut expected: Vec<(f64, u16)> = (layout::FIRST_WORD..naive.words.len() as u16)
                        .filter(|&w| {
                            naive.pairs.contains_key(&(last, w))
                                || left.is_some_and(|u| naive.triples.contains_key(&(u, last, w)))
                        })
                        .filter(|&w| {
                            let (new, old) = (naive.flags[usize::from(w)], naive.flags[usize::from(id)]);
                            let fits = new & layout::DRAWABLE != 0 && (new ^ old) & layout::CAPITAL == 0;
                            w == id || fits && w != last && w != next
                        })
                        .map(|w| (naive.p(left, last, w), w))
                        .collect();
                    expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                    let top = outlook.top(3);
                    assert_eq!(top.len(), expected.len().min(3));
                    for (got, (p, w)) in top.iter().zip(&expected) {
                        assert_eq!(got.text.to_lowercase(), naive.words[usize::from(*w)]);
                        assert!((got.probability - p).abs() < 1e-12);
                    }
                    assert_eq!(outlook.has_alternative(), expected.iter().any(|&(_, w)| w != id));
                }
                (left, last) = (Some(last), id);
                ControlFlow::Continue(())
            }).unwrap();
        }
    }

    #[test]
    fn no_context_sums_to_more_than_one(texts in texts()) {
        let naive = Naive::read(&build(tiny(), &texts).bytes);
        let all = 0..naive.words.len() as u16;
        for v in all.clone() {
            for left in all.clone().map(Some).chain([None]) {
                let sum: f64 = all.clone().map(|w| naive.p(left, v, w)).sum();
                prop_assert!(sum <= 1.0 + 1e-9, "{sum}");
                // Rounding down costs less than 9% at each order.
                prop_assert!(sum >= 0.75 || texts.iter().all(|t| t.len() < 40), "{sum}");
            }
        }
    }

    #[test]
    fn the_same_texts_give_the_same_bytes(texts in texts(), max_ngrams in 4..200usize) {
        let options = PriorOptions { max_ngrams, ..tiny() };
        prop_assert_eq!(build(options.clone(), &texts), build(options, &texts));
    }

    /// Damage is an error; damage under a digest made to fit is an error or a worse model, never a panic.
    #[test]
    fn damage_never_panics(
        texts in texts(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(), reseal in any::<bool>(), near in any::<bool>(),
    ) {
        let mut file = build(tiny(), &texts).bytes;
        let whole = file.clone();
        prop_assert!(NgramPrior::from_bytes(&file[..cut.index(file.len())]).is_err());
        for (place, byte) in flips {
            let place = place.index(if near { HEADER + ENTRY + SECTION_HEAD } else { file.len() });
            file[place] = byte;
        }
        if reseal {
            let digest = blake3::hash(&file[HEADER..]);
            file[24..HEADER].copy_from_slice(digest.as_bytes());
        }
        match NgramPrior::from_bytes(&file) {
            Err(_) => {}
            Ok(prior) => {
                prop_assert!(reseal || file == whole);
                let lang = prior.languages().first().copied().unwrap_or_default().to_owned();
                for text in &texts {
                    let settings = Settings { threshold: 0.1, ..Settings::default() };
                    let edited = edit(text, &lang, &prior, &settings, 1).unwrap();
                    prop_assert_eq!(edited.text.split(' ').count(), text.split(' ').count());
                }
            }
        }
    }
}

/// P(z | y) by Chen & Goodman's formula with the fixed discounts of thin data, worked out by hand.
#[test]
fn estimates_are_interpolated_absolute_discounting() {
    let text = ["y z"; 8].join(" ") + " " + &["y q"; 2].join(" ");
    let naive = Naive::read(&build(tiny(), &[text]).bytes);
    // `y` comes 10 times, `z` 8 times among 20 tokens; after `y`: `z` 8 times (discount 1.3), `q` twice (1.0).
    let expected = (8.0 - 1.3) / 10.0 + (1.3 + 1.0) / 10.0 * (8.0 / 20.0);
    let (p, _) = naive.pairs[&(naive.id("y"), naive.id("z"))];
    assert!(p <= expected && p > 0.92 * expected, "{p} {expected}");
    assert!((naive.single[usize::from(naive.id("z"))] - 0.4).abs() < 1e-3);
}

#[test]
fn capitals_inside_sentences_are_remembered() {
    let text = "the Elm saw the ash. Elm and ash saw the Elm ".repeat(5);
    let naive = Naive::read(&build(tiny(), &[text]).bytes);
    let flags = |word| naive.flags[usize::from(naive.id(word))];
    assert_eq!(flags("elm"), layout::DRAWABLE | layout::CAPITAL);
    assert_eq!(flags("ash"), layout::DRAWABLE);
    assert_eq!(flags("."), 0);
}

#[test]
fn what_cannot_be_built_is_refused() {
    let code = "a".repeat(CODE + 1);
    let mut builder = PriorBuilder::new(PriorOptions::default());
    assert!(matches!(
        builder.push(&code, "x"),
        Err(TrainPriorError::Code { length: 17 })
    ));
    builder.push("xx", "too little").unwrap();
    assert!(matches!(
        builder.finish(),
        Err(TrainPriorError::TooLittle { .. })
    ));
    let mut builder = PriorBuilder::new(PriorOptions {
        max_bytes: 10,
        ..tiny()
    });
    builder.push("xx", "some words").unwrap();
    assert!(matches!(
        builder.finish(),
        Err(TrainPriorError::NoRoom { .. })
    ));
}
