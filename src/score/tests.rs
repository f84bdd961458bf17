//! Every measure against a plain twin written from its definition, on random texts.
//!
//! The twins take words and lines as strings and know neither hashes nor scratch. The texts hold
//! only words that any reader would part alike, so that the word rule (which has its own twin) is
//! not tested here; on any Unicode the twins are given the program's words (`unicode_tests`).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::measure::Measure as M;
use super::*;

pub(super) fn measured(text: &str) -> Scored {
    let scorer = Scorer::new(&Reference::default(), None, Language::default());
    scorer.measure(&Unmasked::new(text), &mut Scan::default())
}

pub(super) fn check(found: &Measures, measure: M, expected: Option<f64>) {
    match (found.get(measure), expected) {
        (Some(found), Some(expected)) => {
            let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            assert!(near, "{measure}: {found} is not {expected}");
        }
        (found, expected) => assert_eq!(found, expected, "{measure}"),
    }
}

/// Texts of few words, with lines and paragraphs that repeat.
fn texts() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "the",
        "Of",
        "été",
        "cats",
        "漢",
        "12",
        "don't",
        "x1",
        "дом",
        "漢字かな",
        "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜",
        "한국어",
        "ΣΟΦΟΣ",
        "naïve",
        "١٢",
        "Ünïcödé",
        "internationally",
        "نص",
    ]);
    let gap = prop::sample::select(vec![
        " ", " ", " ", "\n", "\n\n", ". ", "! ", "... ", "…\n", " #",
    ]);
    let part = (word, gap).prop_map(|(word, gap)| format!("{word}{gap}"));
    let line = prop::sample::select(vec!["- the cats\n", "the cats\n\n", "  • été ...\n", " \n"]);
    let part = prop_oneof![9 => part, 1 => line.prop_map(str::to_string)];
    prop::collection::vec(part, 0..220).prop_map(|parts| parts.concat())
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    parts
        .flat_map(cut)
        .filter(|word| !word.is_empty())
        .collect()
}

/// A run of letters and digits as words: each Han or kana character is one. All sigmas are alike.
fn cut(run: &str) -> Vec<String> {
    let alone = |c: &char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}');
    let mut words = vec![String::new()];
    for c in run.chars() {
        let lower = c.to_lowercase().to_string().replace('ς', "σ");
        match alone(&c) {
            true => words.extend([lower, String::new()]),
            false => words.last_mut().expect("there is one").push_str(&lower),
        }
    }
    words
}

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn frac(part: usize, whole: usize) -> Option<f64> {
    Some(if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    })
}

fn duplicates(pieces: &[&str]) -> (usize, usize) {
    let mut seen = BTreeSet::new();
    let again: Vec<&&str> = pieces
        .iter()
        .filter(|piece| !seen.insert(**piece))
        .collect();
    (again.len(), again.iter().map(|piece| chars(piece)).sum())
}

fn top_ngram(words: &[String], n: usize) -> usize {
    let ngrams: Vec<String> = words.windows(n).map(|ngram| ngram.join(" ")).collect();
    let count = |ngram: &String| ngrams.iter().filter(|other| *other == ngram).count();
    let most = ngrams.iter().map(count).max().unwrap_or(0);
    let top = ngrams.iter().find(|ngram| count(ngram) == most);
    top.map_or(0, |ngram| chars(ngram) * most)
}

fn dup_ngrams(words: &[String], n: usize) -> usize {
    let (mut seen, mut at, mut covered) = (BTreeSet::new(), 0, 0);
    while at + n <= words.len() {
        if seen.insert(&words[at..at + n]) {
            at += 1;
        } else {
            covered += words[at..at + n]
                .iter()
                .map(|word| chars(word))
                .sum::<usize>();
            at += n;
        }
    }
    covered
}

pub(super) fn check_repetition(text: &str, words: &[String], found: &Measures) {
    let whole = chars(text);
    let lines: Vec<&str> = text.split('\n').filter(|line| !line.is_empty()).collect();
    let (count, covered) = duplicates(&lines);
    check(found, M::DupLineFrac, frac(count, lines.len()));
    check(found, M::DupLineCharFrac, frac(covered, whole));
    let without_ends = whole - text.matches('\n').count();
    check(found, M::CharDupRatio, frac(covered, without_ends));
    let paragraphs: Vec<&str> = text
        .split("\n\n")
        .map(|paragraph| paragraph.trim_matches('\n'))
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    let (count, covered) = duplicates(&paragraphs);
    check(found, M::DupParaFrac, frac(count, paragraphs.len()));
    check(found, M::DupParaCharFrac, frac(covered, whole));
    for (n, measure) in [
        (2, M::Top2GramCharFrac),
        (3, M::Top3GramCharFrac),
        (4, M::Top4GramCharFrac),
    ] {
        check(found, measure, frac(top_ngram(words, n), whole));
    }
    for (n, measure) in [
        (5, M::Dup5GramCharFrac),
        (6, M::Dup6GramCharFrac),
        (7, M::Dup7GramCharFrac),
        (8, M::Dup8GramCharFrac),
        (9, M::Dup9GramCharFrac),
        (10, M::Dup10GramCharFrac),
    ] {
        check(found, measure, frac(dup_ngrams(words, n), whole));
    }
}

fn check_quality(text: &str, found: &Measures) {
    let words = words(text);
    let n = words.len();
    check(
        found,
        M::MeanWordLength,
        frac(words.iter().map(|word| chars(word)).sum(), n),
    );
    let ellipses = text.matches("...").count() + text.matches('…').count();
    check(
        found,
        M::SymbolWordRatio,
        frac(text.matches('#').count().max(ellipses), n),
    );
    let alpha = words
        .iter()
        .filter(|word| word.chars().any(char::is_alphabetic))
        .count();
    check(found, M::AlphaWordFrac, frac(alpha, n));
    let stop = ["the", "be", "to", "of", "and", "that", "have", "with"];
    let stop = stop
        .iter()
        .filter(|stop| words.iter().any(|word| word == *stop))
        .count();
    check(found, M::StopWords, Some(stop as f64));
    check(
        found,
        M::NewlineWordRatio,
        frac(text.matches('\n').count(), n),
    );
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let share = |holds: &dyn Fn(&str) -> bool| {
        frac(lines.iter().filter(|line| holds(line)).count(), lines.len())
    };
    check(
        found,
        M::BulletLineFrac,
        share(&|line| line.trim().starts_with(['-', '•'])),
    );
    check(
        found,
        M::EllipsisLineFrac,
        share(&|line| line.trim().ends_with("...") || line.trim().ends_with('…')),
    );
    check(
        found,
        M::LineEndPunctFrac,
        share(&|line| line.trim().ends_with(['.', '!', '…'])),
    );
    check(found, M::ShortLineFrac, share(&|line| chars(line) <= 30));
    check_sentences(text, found);
}

fn check_sentences(text: &str, found: &Measures) {
    let marked = text
        .replace("... ", "\u{1}")
        .replace("...\n", "\u{1}")
        .replace(". ", "\u{1}")
        .replace("! ", "\u{1}")
        .replace("…\n", "\u{1}\n")
        .replace("\n \n", "\u{1}")
        .replace("\n\n", "\u{1}");
    let lengths: Vec<f64> = marked
        .split('\u{1}')
        .map(|sentence| words(sentence).len() as f64)
        .filter(|&length| length > 0.0)
        .collect();
    if lengths.is_empty() {
        check(found, M::MeanSentenceLength, None);
        check(found, M::SdSentenceLength, None);
        return;
    }
    let count = lengths.len() as f64;
    let mean = lengths.iter().sum::<f64>() / count;
    let variance = lengths
        .iter()
        .map(|length| (length - mean).powi(2))
        .sum::<f64>()
        / count;
    check(found, M::MeanSentenceLength, Some(mean));
    check(found, M::SdSentenceLength, Some(variance.sqrt()));
}

fn mtld_one_way<'a>(words: impl Iterator<Item = &'a String>) -> f64 {
    let (mut factors, mut string) = (0.0, Vec::new());
    let ratio = |string: &[&String]| {
        string.iter().collect::<BTreeSet<_>>().len() as f64 / string.len() as f64
    };
    let mut total = 0.0;
    for word in words {
        total += 1.0;
        string.push(word);
        if ratio(&string) <= 0.72 {
            factors += 1.0;
            string.clear();
        }
    }
    if !string.is_empty() {
        factors += (1.0 - ratio(&string)) / (1.0 - 0.72);
    }
    if factors == 0.0 {
        total
    } else {
        total / factors
    }
}

/// C(n - f, 42) / C(n, 42) by the definition of the binomial.
fn missed(n: usize, f: usize) -> f64 {
    if n - f < 42 {
        return 0.0;
    }
    (0..42)
        .map(|draw| (n - f - draw) as f64 / (n - draw) as f64)
        .product()
}

pub(super) fn check_diversity(words: &[String], found: &Measures) {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let n = words.len();
    let if_any = |value: Option<f64>| if n == 0 { None } else { value };
    check(found, M::Ttr, if_any(frac(counts.len(), n)));
    let once = counts.values().filter(|&&count| count == 1).count();
    check(found, M::HapaxRatio, if_any(frac(once, counts.len())));
    let entropy = counts
        .values()
        .map(|&count| count as f64 / n as f64)
        .map(|p| -p * p.log2());
    check(
        found,
        M::WordEntropy,
        if_any(Some(entropy.sum::<f64>().abs())),
    );
    let windows = words
        .windows(50)
        .map(|window| window.iter().collect::<BTreeSet<_>>().len() as f64 / 50.0);
    let mean = windows.sum::<f64>() / (n as f64 - 49.0);
    check(found, M::Mattr, (n >= 50).then_some(mean));
    let mtld = 0.5 * (mtld_one_way(words.iter()) + mtld_one_way(words.iter().rev()));
    check(found, M::Mtld, (n >= 100).then_some(mtld));
    let hdd = counts.values().map(|&f| {
        if n < 42 {
            0.0
        } else {
            (1.0 - missed(n, f)) / 42.0
        }
    });
    check(found, M::Hdd, (n >= 42).then_some(hdd.sum()));
}

proptest! {
    #[test]
    fn repetition_is_its_twin(text in texts()) {
        check_repetition(&text, &words(&text), &measured(&text).measures);
    }

    #[test]
    fn quality_is_its_twin(text in texts()) {
        check_quality(&text, &measured(&text).measures);
    }

    #[test]
    fn diversity_is_its_twin(text in texts()) {
        check_diversity(&words(&text), &measured(&text).measures);
    }

    #[test]
    fn any_text_has_finite_measures_and_only_nullable_ones_are_null(text in any::<String>()) {
        let scored = measured(&text);
        for measure in M::all() {
            match scored.measures.get(measure) {
                Some(value) => prop_assert!(value.is_finite()),
                None => prop_assert!(measure.spec().nullable, "{}", measure),
            }
        }
        prop_assert_eq!(scored.bytes, text.len() as u64);
        prop_assert_eq!(scored.chars, chars(&text) as u64);
        prop_assert_eq!(scored.words, crate::text::count_words(&text));
    }

    #[test]
    fn scratch_leaves_no_trace(texts in prop::collection::vec(texts(), 1..6)) {
        let scorer = Scorer::new(&Reference::default(), None, Language::default());
        let mut scan = Scan::default();
        for text in &texts {
            prop_assert_eq!(scorer.measure(&Unmasked::new(text), &mut scan), measured(text));
        }
    }
}

#[test]
fn a_long_text_of_distinct_words_has_the_length_as_mtld() {
    let text: String = (0..150).map(|n| format!("w{n} ")).collect();
    assert_eq!(measured(&text).measures.get(M::Mtld), Some(150.0));
}

#[test]
fn log_importance_is_there_where_both_profiles_know_the_language() {
    let text = "It is a truth universally acknowledged, that a single man in possession of a good \
                fortune, must be in want of a wife.";
    let mut scan = Scan::default();
    scan.read(text);
    let (mut english, mut french) = (Profile::default(), Profile::default());
    english.add(Some("en"), &scan);
    french.add(Some("fr"), &scan);
    let options = Language::default();
    let value = |profile: Option<&Profile>, options| {
        let scorer = Scorer::new(Reference::embedded(), profile, options);
        scorer
            .measure(&Unmasked::new(text), &mut Scan::default())
            .measures
            .get(M::LogImportance)
    };
    assert!(value(Some(&english), options.clone()).is_some());
    assert_eq!(value(Some(&french), options.clone()), None);
    assert_eq!(value(None, options), None);
    assert_eq!(value(Some(&english), Language::Unknown), None);
}

#[test]
fn a_ratio_of_exactly_72_hundredths_ends_a_factor() {
    // 18 types in 25 words, above .72 until the last word in either direction; four times.
    let block: String = (0..18).chain(0..7).map(|n| format!("w{n} ")).collect();
    assert_eq!(measured(&block.repeat(4)).measures.get(M::Mtld), Some(25.0));
}

#[test]
fn a_giant_is_measured_by_its_beginning_and_counted_whole() {
    let line = "one line, and another\n";
    let short = line.repeat(MEASURED_BYTES / line.len());
    // What follows is longer than the slack of the cut, and would change every share.
    let long = format!("{short}{}", "字 ünique\n".repeat(9));
    let giant = format!("{long}{}", "x1 x2 x3\n".repeat(1 << 16));
    let (a, b) = (
        measured(beginning(&giant, MEASURED_BYTES)),
        measured(&giant),
    );
    assert!(giant.len() > MEASURED_BYTES);
    assert_eq!(a.measures, b.measures);
    assert_eq!(b.bytes, giant.len() as u64);
    assert_eq!(b.chars, giant.chars().count() as u64);
    assert_eq!(b.words, count_words(&giant));
}
