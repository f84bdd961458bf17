//! How a recipe did on groups of text that it had not seen.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;

use super::rows::{Row, Rows};
use crate::score::language::model::LanguageModel;

/// Lengths at which texts are judged, in characters.
const LENGTHS: [usize; 4] = [60, 200, 500, 1_000];
/// Place of the length that languages are compared at.
const MAIN: usize = 1;
/// Rows of a language and a group that are judged.
const JUDGED: usize = 100;
/// Confusions that are shown.
const SHOWN: usize = 30;

/// Figures at one length.
#[derive(Debug, Clone, PartialEq)]
pub struct LengthFigures {
    /// Characters.
    pub chars: usize,
    /// Texts of the model's languages.
    pub texts: u64,
    /// Mean F1 of the languages; null counts as missed.
    pub macro_f1: f64,
    /// Share of null answers among texts of the model's languages.
    pub unanswered: f64,
    /// Share of texts of its languages that were answered rightly.
    pub right: f64,
    /// Mean probability of the answers.
    pub mean_p: f64,
    /// Share of the answers that were right.
    pub precision: f64,
    /// Texts of other languages or of none.
    pub others: u64,
    /// Share of those that were answered null.
    pub others_null: f64,
}

/// Figures of one language at 200 characters.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageFigures {
    /// Code of the language.
    pub lang: String,
    /// Texts of it.
    pub texts: u64,
    /// Groups that they come from.
    pub groups: usize,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Share of its texts that were answered with it.
    pub recall: f64,
    /// Share of its texts that were answered null.
    pub unanswered: f64,
}

/// What was found on held-out groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LanguageReport {
    /// By length.
    pub lengths: Vec<LengthFigures>,
    /// By language, at 200 characters.
    pub languages: Vec<LanguageFigures>,
    /// Language, the one that was answered instead, and share of the language's texts; at 200
    /// characters, the worst first.
    pub confusions: Vec<(String, String, f64)>,
}

/// What was answered to a text.
struct Answer<'r> {
    lang: Option<&'r str>,
    group: &'r str,
    given: Option<(String, f64)>,
}

impl LanguageReport {
    pub(super) fn new(rows: &Rows<'_>, folds: &[LanguageModel]) -> LanguageReport {
        let judged = judged(rows, folds);
        let mut report = LanguageReport::default();
        for (place, chars) in LENGTHS.into_iter().enumerate() {
            let answers = answers(&judged, folds, chars);
            let languages = languages(&answers);
            report.lengths.push(length(&answers, &languages, chars));
            if place == MAIN {
                report.confusions = confusions(&answers, &languages);
                report.languages = languages;
            }
        }
        report
    }
}

/// The rows that are judged: of languages that their fold's model has learned, and of no language.
fn judged<'r, 'e>(rows: &'r Rows<'e>, folds: &[LanguageModel]) -> Vec<&'r Row<'e>> {
    let mut taken: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let knows = |row: &Row<'_>| {
        let codes = folds[row.fold].codes();
        row.answer().is_none_or(|lang| {
            codes
                .binary_search_by(|code| code.as_str().cmp(lang))
                .is_ok()
        })
    };
    let rows = rows.iter().filter(|row| knows(row));
    rows.filter(|row| {
        let count = taken.entry((row.lang, row.group)).or_default();
        *count += 1;
        *count <= JUDGED
    })
    .collect()
}

fn answers<'r>(rows: &[&'r Row<'_>], folds: &[LanguageModel], chars: usize) -> Vec<Answer<'r>> {
    let of = |row: &&'r Row<'_>| {
        let end = row.text.char_indices().nth(chars - 1)?.0;
        let given = folds[row.fold].identify(&row.text[..end]);
        Some(Answer {
            lang: row.answer(),
            group: row.group,
            given: given.map(|(lang, p)| (lang.to_owned(), p)),
        })
    };
    rows.par_iter().filter_map(of).collect()
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn languages(answers: &[Answer<'_>]) -> Vec<LanguageFigures> {
    let mut given: BTreeMap<&str, u64> = BTreeMap::new();
    let mut of: BTreeMap<&str, Vec<&Answer<'_>>> = BTreeMap::new();
    for answer in answers {
        let Some(lang) = answer.lang else { continue };
        of.entry(lang).or_default().push(answer);
        if let Some((found, _)) = &answer.given {
            *given.entry(found).or_default() += 1;
        }
    }
    let figures = of.into_iter().map(|(lang, answers)| {
        let is = |answer: &&&Answer<'_>| answer.given.as_ref().is_some_and(|given| given.0 == lang);
        let right = answers.iter().filter(is).count() as u64;
        let null = answers
            .iter()
            .filter(|answer| answer.given.is_none())
            .count() as u64;
        let texts = answers.len() as u64;
        let groups: std::collections::BTreeSet<&str> =
            answers.iter().map(|answer| answer.group).collect();
        LanguageFigures {
            lang: lang.to_owned(),
            texts,
            groups: groups.len(),
            f1: share(2 * right, texts + given.get(lang).copied().unwrap_or(0)),
            recall: share(right, texts),
            unanswered: share(null, texts),
        }
    });
    figures.collect()
}

fn length(answers: &[Answer<'_>], languages: &[LanguageFigures], chars: usize) -> LengthFigures {
    let (known, others): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.lang.is_some());
    let given: Vec<_> = known
        .iter()
        .filter_map(|answer| answer.given.as_ref().zip(answer.lang))
        .collect();
    let right = given
        .iter()
        .filter(|((found, _), lang)| found == lang)
        .count() as u64;
    let null = others
        .iter()
        .filter(|answer| answer.given.is_none())
        .count() as u64;
    let (texts, answered) = (known.len() as u64, given.len() as u64);
    LengthFigures {
        chars,
        texts,
        macro_f1: languages.iter().map(|of| of.f1).sum::<f64>() / languages.len().max(1) as f64,
        unanswered: share(texts - answered, texts),
        right: share(right, texts),
        mean_p: given.iter().map(|((_, p), _)| p).sum::<f64>() / answered.max(1) as f64,
        precision: share(right, answered),
        others: others.len() as u64,
        others_null: share(null, others.len() as u64),
    }
}

fn confusions(answers: &[Answer<'_>], languages: &[LanguageFigures]) -> Vec<(String, String, f64)> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for answer in answers {
        let (Some(lang), Some((found, _))) = (answer.lang, &answer.given) else {
            continue;
        };
        if found != lang {
            *counts.entry((lang, found)).or_default() += 1;
        }
    }
    let texts: BTreeMap<&str, u64> = languages
        .iter()
        .map(|of| (of.lang.as_str(), of.texts))
        .collect();
    let mut shares: Vec<(String, String, f64)> = (counts.into_iter())
        .map(|((lang, found), count)| {
            (lang.to_owned(), found.to_owned(), share(count, texts[lang]))
        })
        .collect();
    shares.sort_by(|a, b| b.2.total_cmp(&a.2));
    shares.truncate(SHOWN);
    shares
}

impl fmt::Display for LanguageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "on groups that were left out, {} languages:",
            self.languages.len()
        )?;
        writeln!(
            f,
            "chars    texts  macro-F1    right  unanswered  precision   mean p   others  null"
        )?;
        for l in &self.lengths {
            writeln!(
                f,
                "{:>5} {:>8} {:>9.4} {:>8.4} {:>11.4} {:>10.4} {:>8.4} {:>8} {:>5.3}",
                l.chars,
                l.texts,
                l.macro_f1,
                l.right,
                l.unanswered,
                l.precision,
                l.mean_p,
                l.others,
                l.others_null
            )?;
        }
        writeln!(
            f,
            "lang   texts  groups      F1  recall  unanswered (200 characters)"
        )?;
        for of in &self.languages {
            writeln!(
                f,
                "{:<4} {:>7} {:>7} {:>7.4} {:>7.4} {:>11.4}",
                of.lang, of.texts, of.groups, of.f1, of.recall, of.unanswered
            )?;
        }
        let confusions = self.confusions.iter();
        let lines = confusions
            .map(|(lang, found, share)| format!("{lang} as {found} {:.1}%", share * 100.0));
        write!(
            f,
            "taken for another: {}",
            lines.collect::<Vec<_>>().join(", ")
        )
    }
}
