//! An evaluation as tables for a terminal.

use std::fmt::{self, Display, Formatter};

use super::{Abstained, Against, Evaluation, Set, Small};
use crate::score::classifier::bootstrap::Estimate;

/// Most rows of a table; the JSON has all.
const MOST_ROWS: usize = 40;
/// Most characters of a name.
const NAME: usize = 30;

const LEGEND: &str = "\
T1, T5: share of machine documents found where 1% and 5% of the human ones beside them are flagged
FPR, TPR: share of human and of machine documents at or above the threshold in use
+-: half the width of the 95% interval (bootstrap over groups); both ends are in the JSON
d, l behind a figure: against the human documents of the same domains, or of the languages
s, l behind a number of abstained: too short, a language that the model does not answer for";

impl Display for Evaluation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let documents = self.overall.documents;
        writeln!(
            f,
            "{} {}.., first {} characters of {} human and {} machine documents",
            self.model.kind,
            self.model.digest.get(..12).unwrap_or_default(),
            self.chars,
            documents.human,
            documents.machine
        )?;
        let threshold = self.threshold;
        let origin = match threshold.from {
            "model" => "as the model's file has it, not anchored",
            _ => "set by the human documents here",
        };
        writeln!(
            f,
            "threshold in use: logit {:.3}, meant for {}% false positives, {origin}\n",
            threshold.logit,
            threshold.fpr * 100.0
        )?;
        heading(f, "")?;
        row(f, &self.overall)?;
        for grouping in &self.groups {
            table(f, &grouping.column, &grouping.sets, grouping.small)?;
        }
        table(
            f,
            "cell (domain, lang, subset)",
            &self.cells,
            Small::default(),
        )?;
        means(f, self)?;
        table(
            f,
            "characters, judged whole",
            &self.lengths,
            Small::default(),
        )?;
        table(
            f,
            "characters, long enough ones",
            &self.cuts,
            Small::default(),
        )?;
        writeln!(f, "\n{LEGEND}")
    }
}

fn heading(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    writeln!(
        f,
        "{name:<NAME$} {:>6} {:>7} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "human", "machine", "AUROC", "T1", "T5", "ECE", "Brier", "FPR", "TPR", "abstained"
    )
}

fn table(f: &mut Formatter<'_>, name: &str, sets: &[Set], small: Small) -> fmt::Result {
    if sets.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    heading(f, name)?;
    for set in sets.iter().take(MOST_ROWS) {
        row(f, set)?;
    }
    if sets.len() > MOST_ROWS {
        writeln!(f, "and {} smaller ones", sets.len() - MOST_ROWS)?;
    }
    if small.values > 0 {
        let documents = small.documents.human + small.documents.machine;
        writeln!(
            f,
            "and {} of {documents} documents, too few each",
            small.values
        )?;
    }
    Ok(())
}

fn row(f: &mut Formatter<'_>, set: &Set) -> fmt::Result {
    let figures = &set.figures;
    let mark = match set.against {
        Against::Domain if set.cell.is_none() => "d",
        Against::Language => "l",
        _ => "",
    };
    writeln!(
        f,
        "{:<NAME$} {:>6} {:>7} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        shown(&set.name),
        set.documents.human,
        set.documents.machine,
        format!("{}{mark}", value(figures.auroc)),
        format!("{}{mark}", value(figures.tpr_at_1)),
        value(figures.tpr_at_5),
        value(figures.ece),
        value(figures.brier),
        value(figures.fpr),
        value(figures.tpr),
        abstained(set.abstained)
    )
}

fn means(f: &mut Formatter<'_>, evaluation: &Evaluation) -> fmt::Result {
    if evaluation.means.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    writeln!(
        f,
        "{:<NAME$} {:>6} {:>18} {:>10}",
        "mean over cells", "cells", "AUROC", "T1"
    )?;
    for mean in &evaluation.means {
        writeln!(
            f,
            "{:<NAME$} {:>6} {:>18} {:>10}",
            shown(&mean.cells),
            mean.count,
            value(Some(mean.auroc)),
            value(Some(mean.tpr_at_1))
        )?;
    }
    Ok(())
}

/// Without the zero before the point, so that a row fits.
fn value(estimate: Option<Estimate>) -> String {
    let short = |x: f64| {
        let text = format!("{x:.3}");
        text.strip_prefix('0').map_or(text.clone(), str::to_owned)
    };
    estimate.map_or(String::new(), |e| {
        format!("{}+-{}", short(e.value), short((e.high - e.low) / 2.0))
    })
}

/// How many for each reason: `s` too short, `l` the language.
fn abstained(abstained: Abstained) -> String {
    match (abstained.too_short, abstained.unknown_language) {
        (0, 0) => String::new(),
        (short, 0) => format!("{short}s"),
        (0, lang) => format!("{lang}l"),
        (short, lang) => format!("{short}s+{lang}l"),
    }
}

/// A name as it may go to a terminal: it comes from the data.
fn shown(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    match clean.char_indices().nth(NAME) {
        None => clean,
        Some(_) => clean.chars().take(NAME - 2).chain("..".chars()).collect(),
    }
}
