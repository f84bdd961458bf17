//! Every measure of [`super`] against a plain twin written from the filters' definitions, on random
//! Unicode: lists of characters, quadratic searches, no hashes and no spans.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::measure;
use super::python::{is_alpha, is_space};
use super::signs::{is_symbol, is_terminal};
use crate::score::measure::{Measure as M, Measures};

type Text = Vec<char>;

/// Texts of pieces that repeat: words, signs, sorts of white space and line ends, any characters.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "the",
        "of",
        "The",
        "a",
        "aa",
        "b",
        "ab",
        "été",
        "字",
        "ไทย",
        "नमस्ते",
        "e\u{301}",
        "12",
        "Ⅳ",
        "—",
        "...",
        "…",
        "#",
        ".",
        "。",
        "?!",
        "\"",
        "-",
        "• ",
        "- x",
        "\u{200D}",
        "👩\u{200D}👧",
        "１",
        "\u{FEFF}",
    ]);
    let gap = prop::sample::select(vec![
        " ", " ", " ", " ", "", "\n", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\t", "\u{A0}",
        "\u{85}", "\u{B}", "\u{C}", "\u{1C}", "\u{1F}", "\u{2028}", "\u{2029}", "\u{3000}",
        "\u{200B}", " \n",
    ]);
    let line = prop::sample::select(vec![
        "the same line of the text.\n",
        "a b c d e f g h i j k l\n",
        " \n",
        "• one…  \n",
        "\n\nthe paragraph\n\n",
    ]);
    let part = prop_oneof![
        12 => (piece, gap).prop_map(|(piece, gap)| format!("{piece}{gap}")),
        2 => line.prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..120).prop_map(|parts| parts.concat())
}

fn split_at(text: &[char], ends: impl Fn(char) -> bool) -> Vec<Text> {
    text.split(|&c| ends(c)).map(<[char]>::to_vec).collect()
}

fn stripped(text: &[char]) -> Text {
    let mut text = text.to_vec();
    while text.last().is_some_and(|&c| is_space(c)) {
        text.pop();
    }
    while text.first().is_some_and(|&c| is_space(c)) {
        text.remove(0);
    }
    text
}

/// Pieces between runs of `least` or more line feeds.
fn between_runs(text: &[char], least: usize) -> Vec<Text> {
    let mut pieces = vec![Vec::new()];
    let mut at = 0;
    while at < text.len() {
        let mut run = 0;
        while text.get(at + run) == Some(&'\n') {
            run += 1;
        }
        if run >= least {
            pieces.push(Vec::new());
        } else {
            let shown = run.max(1);
            let open = pieces.last_mut().expect("there is always an open piece");
            open.extend_from_slice(&text[at..at + shown]);
        }
        at += run.max(1);
    }
    pieces
}

fn lines_of_python(text: &[char]) -> Vec<Text> {
    let one_end: String = text.iter().collect::<String>().replace("\r\n", "\n");
    let ends = "\n\r\u{B}\u{C}\u{1C}\u{1D}\u{1E}\u{85}\u{2028}\u{2029}";
    let text: Text = one_end.chars().collect();
    let mut lines = split_at(&text, |c| ends.contains(c));
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

fn again(pieces: &[Text]) -> (usize, usize) {
    let repeats = |&place: &usize| pieces[..place].contains(&pieces[place]);
    let places: Vec<usize> = (0..pieces.len()).filter(repeats).collect();
    (
        places.len(),
        places.iter().map(|&place| pieces[place].len()).sum(),
    )
}

fn top(words: &[Text], n: usize) -> usize {
    let joined: Vec<Text> = words.windows(n).map(|words| words.join(&' ')).collect();
    let count = |ngram: &Text| joined.iter().filter(|other| *other == ngram).count();
    let most = joined.iter().map(count).max().unwrap_or(0);
    let first = joined.iter().find(|ngram| count(ngram) == most);
    first.map_or(0, |ngram| ngram.len() * most)
}

fn repeated(words: &[Text], n: usize) -> usize {
    let (mut unique, mut at, mut covered) = (Vec::new(), 0, 0);
    while at + n <= words.len() {
        let ngram = words[at..at + n].concat();
        if unique.contains(&ngram) {
            covered += ngram.len();
            at += n;
        } else {
            unique.push(ngram);
            at += 1;
        }
    }
    covered
}

fn over(part: usize, whole: usize) -> Option<f64> {
    Some(if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    })
}

fn holding(pieces: &[Text], holds: impl Fn(&Text) -> bool) -> usize {
    pieces.iter().filter(|piece| holds(piece)).count()
}

fn repetition(text: &[char], words: &[Text], twin: &mut BTreeMap<M, Option<f64>>) {
    let lines = between_runs(text, 1);
    let (count, covered) = again(&lines);
    twin.insert(M::DupLineFrac, over(count, lines.len()));
    twin.insert(M::DupLineCharFrac, over(covered, text.len()));
    let paragraphs = between_runs(&stripped(text), 2);
    let (count, covered) = again(&paragraphs);
    twin.insert(M::DupParaFrac, over(count, paragraphs.len()));
    twin.insert(M::DupParaCharFrac, over(covered, text.len()));
    for (n, measure) in super::TOP {
        twin.insert(measure, over(top(words, n), text.len()));
    }
    for (n, measure) in super::DUPLICATE {
        twin.insert(measure, over(repeated(words, n), text.len()));
    }
}

fn quality(text: &[char], words: &[Text], twin: &mut BTreeMap<M, Option<f64>>) {
    let n = words.len();
    let more: Vec<&Text> = words
        .iter()
        .filter(|word| word.iter().any(|&c| !is_symbol(c)))
        .collect();
    let lengths = more.iter().map(|word| word.len()).sum();
    twin.insert(M::NonSymbolWords, Some(more.len() as f64));
    twin.insert(M::MeanWordLength, over(lengths, more.len()));
    twin.insert(
        M::AlphaWordFrac,
        over(holding(words, |word| word.iter().any(|&c| is_alpha(c))), n),
    );
    let hashes = text.iter().filter(|&&c| c == '#').count();
    let (mut ellipses, mut at) = (0, 0);
    while at < text.len() {
        let dots = text[at..].starts_with(&['.'; 3]);
        ellipses += usize::from(dots || text[at] == '…');
        at += if dots { 3 } else { 1 };
    }
    twin.insert(M::SymbolWordRatio, over(hashes.max(ellipses), n));
    let stop = ["the", "be", "to", "of", "and", "that", "have", "with"];
    let stop = stop
        .iter()
        .filter(|stop| words.contains(&stop.chars().collect()));
    twin.insert(M::StopWords, Some(stop.count() as f64));
}

fn lines(text: &[char], words: &[Text], twin: &mut BTreeMap<M, Option<f64>>) {
    let python = lines_of_python(text);
    let bullets = holding(&python, |line| {
        stripped(line).starts_with(&['•']) || stripped(line).starts_with(&['-'])
    });
    twin.insert(M::BulletLineFrac, over(bullets, python.len()));
    let ellipses = holding(&python, |line| {
        stripped(line).ends_with(&['.'; 3]) || stripped(line).ends_with(&['…'])
    });
    twin.insert(M::EllipsisLineFrac, over(ellipses, python.len()));
    let mut fine = split_at(text, |c| c == '\n');
    let line_feeds = fine.len() - 1;
    fine.retain(|line| !stripped(line).is_empty());
    let ends = holding(&fine, |line| line.last().is_some_and(|&c| is_terminal(c)));
    twin.insert(M::LineEndPunctFrac, over(ends, fine.len()));
    twin.insert(
        M::ShortLineFrac,
        over(holding(&fine, |line| line.len() <= 30), fine.len()),
    );
    twin.insert(
        M::CharDupRatio,
        over(again(&fine).1, text.len() - line_feeds),
    );
    twin.insert(M::NewlineWordRatio, over(line_feeds, words.len()));
}

proptest! {
    #[test]
    fn every_measure_is_its_twin(text in texts()) {
        let mut found = Measures::default();
        measure(&text, &mut found);
        let text: Text = text.chars().collect();
        let mut words = split_at(&text, is_space);
        words.retain(|word| !word.is_empty());
        let mut twin = BTreeMap::new();
        repetition(&text, &words, &mut twin);
        quality(&text, &words, &mut twin);
        lines(&text, &words, &mut twin);
        // All from the first to the last but for sentences and diversity, which are the program's own.
        prop_assert_eq!(twin.len(), M::NewlineWordRatio as usize + 1);
        for (measure, expected) in twin {
            match (found.get(measure), expected) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-11, "{measure}: {found} {expected}"),
                other => prop_assert!(false, "{measure}: {other:?}"),
            }
        }
    }
}

#[test]
fn ngrams_are_compared_with_their_words_run_together() {
    let mut measures = Measures::default();
    measure("ab c d e f a bc d e f", &mut measures);
    assert_eq!(
        measures.get(M::Dup5GramCharFrac),
        Some(6.0 / 21.0).map(|x| (x * 2f64.powi(40)).round_ties_even() / 2f64.powi(40))
    );
}
