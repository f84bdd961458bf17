//! What is kept of the documents: names as numbers, and verdicts.

use std::collections::BTreeMap;

use super::Document;
use super::judge::Verdicts;

/// Names of one column, each with its number.
#[derive(Default)]
pub(super) struct Names {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
}

/// One document.
pub(super) struct Row {
    pub(super) machine: bool,
    pub(super) domain: u32,
    pub(super) generator: u32,
    pub(super) lang: u32,
    pub(super) subset: u32,
    /// Values of the further columns.
    pub(super) by: Vec<u32>,
    /// The group, or the document itself where it has none.
    pub(super) cluster: u32,
    pub(super) verdicts: Verdicts,
}

/// All documents, in the order that they came.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) domains: Names,
    pub(super) generators: Names,
    pub(super) langs: Names,
    pub(super) subsets: Names,
    pub(super) by: Vec<Names>,
    clusters: Names,
}

impl Names {
    fn number(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    /// The name of a number that [`Names::number`] gave.
    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}

impl Rows {
    pub(super) fn new(by: usize) -> Rows {
        Rows {
            rows: Vec::new(),
            domains: Names::default(),
            generators: Names::default(),
            langs: Names::default(),
            subsets: Names::default(),
            by: (0..by).map(|_| Names::default()).collect(),
            clusters: Names::default(),
        }
    }

    pub(super) fn push(&mut self, document: Document, verdicts: Verdicts) {
        let lang = match document.lang {
            lang if lang.is_empty() => verdicts.lang.unwrap_or_default().to_owned(),
            lang => lang,
        };
        let cluster = match document.group {
            // No group has a name with a zero byte and the number of a row.
            group if group.is_empty() => format!("\0{}", self.rows.len()),
            group => group,
        };
        let by = self.by.iter_mut().zip(document.by);
        self.rows.push(Row {
            machine: document.machine,
            domain: self.domains.number(document.domain),
            generator: self.generators.number(document.generator),
            lang: self.langs.number(lang),
            subset: self.subsets.number(document.subset),
            by: by.map(|(names, value)| names.number(value)).collect(),
            cluster: self.clusters.number(cluster),
            verdicts,
        });
    }
}
