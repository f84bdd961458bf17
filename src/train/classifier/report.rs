//! The figures of a model on text that it had not seen, as tables for a card.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::folds::Grouping;
use super::held_out::HeldOut;
use super::rows::Rows;
use crate::score::classifier::measure::{
    auroc, expected_calibration_error, sorted, true_positive_rate,
};

/// Documents of each label below which a cell has no AUROC, and is not listed.
const MIN_ROWS: usize = 30;
const FALSE_POSITIVES: f64 = 0.01;

/// One language on domains that the model had not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageFigures {
    /// ISO 639-1 code.
    pub lang: String,
    /// Human documents.
    pub human: usize,
    /// Machine documents.
    pub machine: usize,
    /// Domains of at least 30 human, and of at least 30 machine documents.
    pub domains: [usize; 2],
    /// AUROC over all documents, with whole sources left out; none where that leaves one label.
    pub unseen_sources: Option<f64>,
    /// AUROC over all documents, with whole domains left out.
    pub pooled: f64,
    /// Mean AUROC over domains.
    pub mean: f64,
    /// Mean AUROC inside domains that have enough rows of both labels.
    pub paired: Option<f64>,
    /// AUROC of the worst domain.
    pub lowest: f64,
    /// Whether the model answers for the language.
    pub answered: bool,
}

/// One domain or family of generators, one language and one machine subset. Human documents of the
/// domain, or of the language where generators are told apart, serve all its subsets.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The domain or family of generators.
    pub name: String,
    /// ISO 639-1 code.
    pub lang: String,
    /// Subset of the machine documents; empty where the cell has none.
    pub subset: String,
    /// Human documents.
    pub human: usize,
    /// Machine documents.
    pub machine: usize,
    /// Inside the cell.
    pub auroc: Option<f64>,
    /// Share of machine documents found at 1% false positives inside the cell.
    pub found: Option<f64>,
    /// Share of human documents above the threshold of the whole report.
    pub human_flagged: Option<f64>,
    /// Share of machine documents above the threshold of the whole report.
    pub machine_flagged: Option<f64>,
}

/// Figures by cell and over all.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What cells are cut by.
    pub grouping: Grouping,
    /// Cells, by name.
    pub cells: Vec<Cell>,
    /// Over all documents.
    pub auroc: f64,
    /// Share of machine documents found at 1% false positives over all.
    pub found: f64,
    /// The logit that 1% of all human documents exceed.
    pub threshold: f64,
    /// Expected calibration error with labels weighted to equal sums.
    pub calibration: f64,
}

impl Report {
    /// Figures of what was judged, at [`super::REPORT_CHARS`]; where generators are told apart, machine text stands against the
    /// human text of the same fold and language.
    pub(super) fn new(rows: &Rows<'_>, held_out: &[HeldOut], grouping: Grouping) -> Report {
        let mut human: Human<'_> = BTreeMap::new();
        let mut machine: Machine<'_> = BTreeMap::new();
        let mut judged = Vec::new();
        for &HeldOut {
            row,
            fold,
            short: logit,
            ..
        } in held_out
        {
            let example = rows.example(row);
            judged.push((logit, example.machine, rows.weight(row)));
            let (unit, lang) = (grouping.unit(example), example.lang.as_str());
            let human_of = match grouping {
                Grouping::Generator => format!("human text of fold {fold}"),
                Grouping::Domain | Grouping::Source => unit.clone(),
            };
            if example.machine {
                let cells = machine.entry((unit, lang)).or_default();
                cells.against = human_of;
                cells
                    .subsets
                    .entry(&example.subset)
                    .or_default()
                    .push(logit);
            } else {
                human.entry((human_of, lang)).or_default().push(logit);
            }
        }
        let all = |label: bool| -> Vec<f64> {
            let of = judged.iter().filter(|(_, machine, _)| *machine == label);
            of.map(|(logit, ..)| *logit).collect()
        };
        let (all_human, all_machine) = (all(false), all(true));
        let threshold = match all_human.len() {
            0 => 0.0,
            n => sorted(&all_human)[n - 1 - (n as f64 * FALSE_POSITIVES) as usize],
        };
        Report {
            grouping,
            cells: cells(&human, &machine, threshold),
            auroc: auroc(&all_human, &all_machine).unwrap_or(0.5),
            found: true_positive_rate(&all_human, &all_machine, FALSE_POSITIVES).unwrap_or(0.0),
            threshold,
            calibration: expected_calibration_error(&judged),
        }
    }

    /// Mean AUROC and share found at 1% over the cells of one machine subset that have both.
    pub fn mean_of(&self, subset: &str) -> Option<(f64, f64)> {
        let pairs: Vec<(f64, f64)> = self
            .cells
            .iter()
            .filter(|cell| cell.subset == subset)
            .filter_map(|cell| cell.auroc.zip(cell.found))
            .collect();
        let count = pairs.len() as f64;
        let sum = pairs.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        (count > 0.0).then(|| (sum.0 / count, sum.1 / count))
    }

    /// The machine subsets, sorted.
    pub fn subsets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.cells.iter().map(|cell| cell.subset.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }
}

/// Logits of human text by what machine text stands against, and by language.
type Human<'r> = BTreeMap<(String, &'r str), Vec<f64>>;
/// Machine text by unit and language.
type Machine<'r> = BTreeMap<(String, &'r str), MachineCells<'r>>;

/// Machine text of one unit and language.
#[derive(Default)]
struct MachineCells<'r> {
    /// The human text that it stands against.
    against: String,
    /// Logits by subset.
    subsets: BTreeMap<&'r str, Vec<f64>>,
}

fn cells(human: &Human<'_>, machine: &Machine<'_>, threshold: f64) -> Vec<Cell> {
    let none = Vec::new();
    let flagged = |logits: &[f64]| {
        let above = logits.iter().filter(|&&logit| logit > threshold).count();
        (logits.len() >= MIN_ROWS).then(|| above as f64 / logits.len() as f64)
    };
    let cell = |(name, lang): &(String, &str), subset: &str, human: &[f64], machine: &[f64]| {
        let both = human.len().min(machine.len()) >= MIN_ROWS;
        Cell {
            name: name.clone(),
            lang: (*lang).to_owned(),
            subset: subset.to_owned(),
            human: human.len(),
            machine: machine.len(),
            auroc: auroc(human, machine).filter(|_| both),
            found: true_positive_rate(human, machine, FALSE_POSITIVES).filter(|_| both),
            human_flagged: flagged(human),
            machine_flagged: flagged(machine),
        }
    };
    let mut cells = Vec::new();
    for (unit, of_unit) in machine {
        let own = human.get(&(of_unit.against.clone(), unit.1));
        for (subset, logits) in &of_unit.subsets {
            cells.push(cell(unit, subset, own.unwrap_or(&none), logits));
        }
    }
    let stood_against: BTreeSet<(&str, &str)> = machine
        .iter()
        .map(|((_, lang), cells)| (cells.against.as_str(), *lang))
        .collect();
    for (unit, logits) in human {
        if !stood_against.contains(&(unit.0.as_str(), unit.1)) {
            cells.push(cell(unit, "", logits, &none));
        }
    }
    cells.retain(|cell| cell.human.max(cell.machine) >= MIN_ROWS);
    cells.sort_by(|a, b| (&a.name, &a.lang, &a.subset).cmp(&(&b.name, &b.lang, &b.subset)));
    cells
}

impl fmt::Display for Report {
    /// A Markdown table, and the figures over all above it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "All documents: AUROC {:.3}, {:.3} found at 1% false positives (logit {:.2}), calibration error {:.3}.\n",
            self.auroc, self.found, self.threshold, self.calibration
        )?;
        for subset in self.subsets() {
            if let Some((auroc, found)) = self.mean_of(subset) {
                writeln!(
                    f,
                    "Mean over cells of `{subset}`: AUROC {auroc:.3}, found {found:.3}.\n"
                )?;
            }
        }
        writeln!(
            f,
            "| {} | lang | subset | human | machine | AUROC | found at 1% | human flagged | machine flagged |",
            self.grouping.name()
        )?;
        writeln!(
            f,
            "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        )?;
        let show = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.3}"));
        for cell in &self.cells {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                cell.name,
                cell.lang,
                cell.subset,
                cell.human,
                cell.machine,
                show(cell.auroc),
                show(cell.found),
                show(cell.human_flagged),
                show(cell.machine_flagged)
            )?;
        }
        Ok(())
    }
}

/// The figures of languages, as a Markdown table.
#[derive(Debug, Clone, Copy)]
pub struct LanguageTable<'f>(pub &'f [LanguageFigures]);

impl fmt::Display for LanguageTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| lang | human | machine | domains | AUROC, unseen sources | AUROC, unseen domains | mean of domains | mean of paired domains | lowest | answered |"
        )?;
        writeln!(
            f,
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
        )?;
        for l in self.0 {
            let answered = if l.answered { "yes" } else { "no" };
            let show = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.3}"));
            let (paired, sources) = (show(l.paired), show(l.unseen_sources));
            let [human, machine] = l.domains;
            writeln!(
                f,
                "| {} | {} | {} | {human} / {machine} | {sources} | {:.3} | {:.3} | {paired} | {:.3} | {answered} |",
                l.lang, l.human, l.machine, l.pooled, l.mean, l.lowest
            )?;
        }
        Ok(())
    }
}
