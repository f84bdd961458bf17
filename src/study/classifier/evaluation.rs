//! From verdicts to figures: the sets of documents, and whom each stands against.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::judge::{Model, Verdict, Verdicts};
use super::rows::{Names, Row, Rows};
use super::{
    Abstained, Against, CellName, Counts, Evaluation, Grouping, MIN_DOCUMENTS, Mean, Options, Set,
    Small, Threshold, lengths,
};
use crate::score::classifier::Abstain;
use crate::score::classifier::bootstrap::{Estimate, Figures, Judged, RESAMPLES, Ranked, interval};
use crate::score::classifier::measure::exceeded_by;
use crate::text::normalise::mix;

/// Seed of all bootstraps.
const SEED: u64 = 0x0074_616D_6973;

/// What the figures of every set need.
pub(super) struct Context<'r> {
    rows: &'r [Row],
    threshold: f64,
    /// Human rows by domain and language.
    human_by_domain: BTreeMap<(u32, u32), Vec<usize>>,
    /// Human rows by language.
    human_by_lang: BTreeMap<u32, Vec<usize>>,
}

/// Rows that have something in common.
pub(super) struct Members {
    pub(super) name: String,
    pub(super) rows: Vec<usize>,
    /// Which verdict of a row counts.
    pub(super) verdict: fn(&Verdicts) -> Option<Verdict>,
    /// Whether machine documents may stand against human ones from outside the set.
    pub(super) paired: bool,
}

/// All figures of the rows.
pub(super) fn evaluate(model: &Model, options: &Options, rows: &Rows) -> Evaluation {
    let threshold = threshold(model, options, rows);
    let context = Context::new(&rows.rows, threshold.logit);
    let overall = context.set(&Members {
        name: "all".to_owned(),
        rows: (0..rows.rows.len()).collect(),
        verdict: asked,
        paired: false,
    });
    let mut groups = vec![
        context.grouping("domain", &rows.domains, |row| row.domain, false),
        context.grouping("generator", &rows.generators, |row| row.generator, true),
        context.grouping("lang", &rows.langs, |row| row.lang, false),
        context.grouping("subset", &rows.subsets, |row| row.subset, true),
    ];
    for (at, (column, names)) in options.by.iter().zip(&rows.by).enumerate() {
        groups.push(context.grouping(column, names, |row| row.by[at], true));
    }
    let cells = cells(&context, rows);
    let sets = |members: Vec<Members>| members.iter().map(|set| context.set(set)).collect();
    Evaluation {
        model: model.name(),
        chars: options.chars,
        threshold,
        overall,
        means: means(&cells),
        groups,
        cells,
        lengths: sets(lengths::bands(&rows.rows)),
        cuts: sets(lengths::cuts(&rows.rows)),
    }
}

fn asked(verdicts: &Verdicts) -> Option<Verdict> {
    Some(verdicts.asked)
}

fn threshold(model: &Model, options: &Options, rows: &Rows) -> Threshold {
    let (logit, from) = match model {
        Model::Classifier(classifier) => {
            (classifier.reference().threshold_at(options.fpr), "model")
        }
        Model::FastText(_) => {
            let human = rows.rows.iter().filter(|row| !row.machine);
            let logits: Vec<f64> = human.filter_map(|row| row.verdicts.asked.ok()).collect();
            // Flagged is what is at the threshold too.
            let logit = exceeded_by(&logits, options.fpr).map_or(0.0, f64::next_up);
            (logit, "documents")
        }
    };
    Threshold {
        logit,
        fpr: options.fpr,
        from,
    }
}

impl<'r> Context<'r> {
    fn new(rows: &'r [Row], threshold: f64) -> Context<'r> {
        let mut human_by_domain: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        let mut human_by_lang: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.machine) {
            let domain = (row.domain, row.lang);
            human_by_domain.entry(domain).or_default().push(at);
            human_by_lang.entry(row.lang).or_default().push(at);
        }
        Context {
            rows,
            threshold,
            human_by_domain,
            human_by_lang,
        }
    }

    /// The sets that a column makes; rows without a value make none.
    fn grouping(
        &self,
        column: &str,
        names: &Names,
        of: impl Fn(&Row) -> u32,
        paired: bool,
    ) -> Grouping {
        let mut values: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            let value = names.name(of(row));
            if !value.is_empty() {
                values.entry(value).or_default().push(at);
            }
        }
        let mut small = Small::default();
        let mut large = Vec::new();
        for (name, rows) in values {
            let documents = self.counts(&rows);
            if documents.human.max(documents.machine) < MIN_DOCUMENTS {
                small.values += 1;
                small.documents.human += documents.human;
                small.documents.machine += documents.machine;
                continue;
            }
            large.push(Members {
                name: name.to_owned(),
                rows,
                verdict: asked,
                paired,
            });
        }
        let mut sets: Vec<Set> = large.par_iter().map(|set| self.set(set)).collect();
        largest_first(&mut sets);
        Grouping {
            column: column.to_owned(),
            sets,
            small,
        }
    }

    fn counts(&self, rows: &[usize]) -> Counts {
        let machine = rows.iter().filter(|&&at| self.rows[at].machine).count();
        Counts {
            human: rows.len() - machine,
            machine,
        }
    }

    /// The figures of a set.
    pub(super) fn set(&self, members: &Members) -> Set {
        let mut abstained = Abstained::default();
        for &at in &members.rows {
            match (members.verdict)(&self.rows[at].verdicts) {
                Some(Err(Abstain::TooShort)) => abstained.too_short += 1,
                Some(Err(Abstain::UnknownLanguage)) => abstained.unknown_language += 1,
                Some(Ok(_)) | None => {}
            }
        }
        let own = |machine: bool| {
            let of = members.rows.iter().copied();
            self.judged(
                of.filter(|&at| self.rows[at].machine == machine),
                members.verdict,
            )
        };
        let machine = own(true);
        let (against, mut judged) = self.against(members, own(false), machine.len());
        let against_documents = judged.len();
        let enough = [
            against_documents >= MIN_DOCUMENTS,
            machine.len() >= MIN_DOCUMENTS,
        ];
        judged.extend(machine);
        let mut figures = Figures::default();
        if enough.contains(&true) {
            figures = Ranked::new(&judged, self.threshold).figures(SEED);
        }
        if enough.contains(&false) {
            figures = Figures {
                fpr: figures.fpr.filter(|_| enough[0]),
                tpr: figures.tpr.filter(|_| enough[1]),
                ..Figures::default()
            };
        }
        Set {
            name: members.name.clone(),
            cell: None,
            documents: self.counts(&members.rows),
            abstained,
            against,
            against_documents,
            figures: Figures {
                fpr: figures.fpr.filter(|_| against == Against::Own),
                ..figures
            },
        }
    }

    /// Whose human documents a set's machine ones stand against, and those documents.
    fn against(
        &self,
        members: &Members,
        own: Vec<Judged>,
        machine: usize,
    ) -> (Against, Vec<Judged>) {
        if own.len() >= MIN_DOCUMENTS || !members.paired || machine < MIN_DOCUMENTS {
            let against = match own.len() {
                0..MIN_DOCUMENTS => Against::Nobody,
                _ => Against::Own,
            };
            return (against, own);
        }
        let machine = members.rows.iter().map(|&at| &self.rows[at]);
        let machine = machine.filter(|row| row.machine);
        let domains: BTreeSet<(u32, u32)> =
            machine.clone().map(|row| (row.domain, row.lang)).collect();
        let langs: BTreeSet<u32> = machine.map(|row| row.lang).collect();
        let of_domains = domains.iter().filter_map(|d| self.human_by_domain.get(d));
        let of_langs = langs.iter().filter_map(|l| self.human_by_lang.get(l));
        let judged = self.judged(of_domains.flatten().copied(), members.verdict);
        if judged.len() >= MIN_DOCUMENTS {
            return (Against::Domain, judged);
        }
        let judged = self.judged(of_langs.flatten().copied(), members.verdict);
        match judged.len() {
            0..MIN_DOCUMENTS => (Against::Nobody, Vec::new()),
            _ => (Against::Language, judged),
        }
    }

    fn judged(
        &self,
        rows: impl Iterator<Item = usize>,
        verdict: fn(&Verdicts) -> Option<Verdict>,
    ) -> Vec<Judged> {
        rows.filter_map(|at| {
            let row = &self.rows[at];
            let logit = verdict(&row.verdicts)?.ok()?;
            Some(Judged {
                logit,
                machine: row.machine,
                cluster: row.cluster,
            })
        })
        .collect()
    }
}

/// The cells with enough machine documents, and the domains that have human text only.
fn cells(context: &Context<'_>, rows: &Rows) -> Vec<Set> {
    let mut members: BTreeMap<CellName, Vec<usize>> = BTreeMap::new();
    let mut human: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.rows.iter().enumerate() {
        let (domain, lang) = (rows.domains.name(row.domain), rows.langs.name(row.lang));
        if row.machine {
            let name = CellName {
                domain: domain.to_owned(),
                lang: lang.to_owned(),
                subset: rows.subsets.name(row.subset).to_owned(),
            };
            members.entry(name).or_default().push(at);
        } else {
            human.entry((domain, lang)).or_default().push(at);
        }
    }
    members.retain(|_, rows| rows.len() >= MIN_DOCUMENTS);
    let cells: Vec<(CellName, Vec<usize>)> = members.into_iter().collect();
    let mut sets: Vec<Set> = cells
        .into_par_iter()
        .map(|(cell, mut rows)| {
            let own = human.get(&(cell.domain.as_str(), cell.lang.as_str()));
            rows.extend(own.into_iter().flatten());
            let name = [&cell.domain, &cell.lang, &cell.subset]
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" ");
            let set = context.set(&Members {
                name,
                rows,
                verdict: asked,
                paired: true,
            });
            Set {
                cell: Some(cell),
                // A cell's human documents are those of its domain.
                against: match set.against {
                    Against::Own => Against::Domain,
                    other => other,
                },
                ..set
            }
        })
        .collect();
    largest_first(&mut sets);
    sets
}

fn largest_first(sets: &mut [Set]) {
    let size = |set: &Set| set.documents.human + set.documents.machine;
    sets.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
}

/// Means over all cells that have both figures, over those of each language, and of each subset.
fn means(cells: &[Set]) -> Vec<Mean> {
    let mut kinds: BTreeMap<(u8, String), Vec<[f64; 2]>> = BTreeMap::new();
    for set in cells {
        let figures = set.figures.auroc.zip(set.figures.tpr_at_1);
        let (Some((auroc, found)), Some(cell)) = (figures, &set.cell) else {
            continue;
        };
        let pair = [auroc.value, found.value];
        for kind in [
            (0, "all".to_owned()),
            (1, format!("lang={}", cell.lang)),
            (2, format!("subset={}", cell.subset)),
        ] {
            kinds.entry(kind).or_default().push(pair);
        }
    }
    kinds
        .into_iter()
        .map(|((_, cells), pairs)| Mean {
            cells,
            count: pairs.len(),
            auroc: mean(&pairs, 0),
            tpr_at_1: mean(&pairs, 1),
        })
        .collect()
}

/// The mean of one of the figures of cells, and its interval by drawing cells with replacement.
fn mean(cells: &[[f64; 2]], figure: usize) -> Estimate {
    let count = cells.len();
    let value = cells.iter().map(|cell| cell[figure]).sum::<f64>() / count as f64;
    let drawn = (0..RESAMPLES as u64).map(|resample| {
        let draw = |i: u64| {
            let random = u128::from(mix(SEED ^ mix(resample << 32 | (i + 1))));
            cells[((random * count as u128) >> 64) as usize][figure]
        };
        (0..count as u64).map(draw).sum::<f64>() / count as f64
    });
    let (low, high) = interval(drawn.collect()).unwrap_or((value, value));
    Estimate { value, low, high }
}
