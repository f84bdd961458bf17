//! The twins of all measures on any Unicode, given the words that the word rule finds.

use proptest::prelude::*;

use super::measure::Measure as M;
use super::measure::Measures;
use super::tests::{chars, check, check_diversity, check_repetition, frac, measured};
use crate::text::{count_words, words_at};

/// Any characters, and many of those that some rule names. Line ends are plain: `\r` has tests of its own.
fn texts() -> impl Strategy<Value = String> {
    let named = prop::sample::select(vec![
        " ",
        " ",
        "\n",
        "\n\n",
        ". ",
        ".\n",
        "...",
        "…",
        "!",
        "?\u{201d} ",
        "。",
        "؟ ",
        "। ",
        "#",
        "•",
        "- ",
        "·",
        "a",
        "the",
        "of",
        "'",
        "’",
        "é",
        "e\u{301}",
        "ไทย",
        "語",
        "ッ",
        "क्ष",
        "\u{200d}",
        "\u{feff}",
        "\u{2028}",
        "\u{85}",
        "\u{a0}",
        "\u{3000}",
        "👩\u{200d}💻",
        "İ",
        "ß",
        "１２",
        "x1",
    ]);
    let part = prop_oneof![
        6 => named.prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{1,12}",
    ];
    let parts = prop::collection::vec(part, 0..120);
    let twice = (parts, any::<bool>()).prop_map(|(parts, again)| {
        let text = parts.concat();
        if again { format!("{text}{text}") } else { text }
    });
    twice.prop_map(|text| text.replace('\r', " "))
}

fn words(text: &str) -> Vec<String> {
    let places: Vec<u32> = (0..count_words(text) as u32).collect();
    let mut words = Vec::new();
    words_at(text, &places, |_, word| words.push(word.to_owned()));
    words
}

/// The parts of a text between the ends of sentences, by the rule of `text::sentences`.
fn sentences(text: &str) -> Vec<&str> {
    const CLOSING: &str = "\"')]}”’»›“«」』";
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let after = &text[at + c.len_utf8()..];
        let blank = after.trim_start_matches(|c| CLOSING.contains(c));
        let ends = match c {
            '。' | '！' | '？' | '｡' => true,
            '\n' => after.trim_start_matches([' ', '\t']).starts_with('\n'),
            c if ".!?…؟۔।॥։។៕။።".contains(c) => {
                blank.chars().next().is_none_or(char::is_whitespace)
            }
            _ => false,
        };
        if ends {
            parts.push(&text[from..at]);
            from = at;
        }
    }
    parts.push(&text[from..]);
    parts
}

fn check_lines(text: &str, found: &Measures) {
    let lines: Vec<&str> = text
        .split('\n')
        .filter(|line| !line.trim().is_empty())
        .collect();
    let share = |holds: &dyn Fn(&str) -> bool| {
        frac(lines.iter().filter(|line| holds(line)).count(), lines.len())
    };
    let ends = |line: &str, signs: &str| line.trim().ends_with(|c| signs.contains(c));
    check(
        found,
        M::BulletLineFrac,
        share(&|line| line.trim().starts_with(|c| "•-*‣▪◦●–·".contains(c))),
    );
    check(
        found,
        M::EllipsisLineFrac,
        share(&|line| line.trim().ends_with("...") || ends(line, "…")),
    );
    check(
        found,
        M::LineEndPunctFrac,
        share(&|line| ends(line, ".!?…\"'”’»。！？｡」』؟۔।॥։")),
    );
    check(found, M::ShortLineFrac, share(&|line| chars(line) <= 30));
}

fn check_words(text: &str, words: &[String], found: &Measures) {
    let n = words.len();
    let length = words.iter().map(|word| chars(word)).sum();
    check(found, M::MeanWordLength, frac(length, n));
    let ellipses = text.matches("...").count() + text.matches('…').count();
    let signs = text.matches('#').count().max(ellipses);
    check(found, M::SymbolWordRatio, frac(signs, n));
    let stop = ["the", "be", "to", "of", "and", "that", "have", "with"];
    let stop = stop
        .iter()
        .filter(|stop| words.iter().any(|word| word == *stop));
    check(found, M::StopWords, Some(stop.count() as f64));
    check(
        found,
        M::NewlineWordRatio,
        frac(text.matches('\n').count(), n),
    );
    let lengths: Vec<f64> = sentences(text)
        .iter()
        .map(|sentence| count_words(sentence) as f64)
        .filter(|&length| length > 0.0)
        .collect();
    let count = lengths.len() as f64;
    let mean = lengths.iter().sum::<f64>() / count;
    let squares = lengths.iter().map(|length| (length - mean).powi(2));
    let sd = (squares.sum::<f64>() / count).sqrt();
    let any = |value: f64| (count > 0.0).then_some(value);
    check(found, M::MeanSentenceLength, any(mean));
    check(found, M::SdSentenceLength, any(sd));
}

proptest! {
    #[test]
    fn every_measure_is_its_twin_on_any_unicode(text in texts()) {
        let (words, found) = (words(&text), measured(&text).measures);
        prop_assert_eq!(words.len() as u64, measured(&text).words);
        check_repetition(&text, &words, &found);
        check_diversity(&words, &found);
        check_words(&text, &words, &found);
        check_lines(&text, &found);
    }
}
