//! Which rows are left out together, and which may then be learnt from.
//!
//! A fold's model must know nothing of what it is judged on. So a fold leaves out whole domains,
//! whole families of generators or whole sources, and what it learns from shares no group (a
//! prompt, a human original) with what it leaves out either.

use std::collections::{BTreeMap, BTreeSet};

use super::Example;
use super::rows::Rows;
use crate::text::normalise::mix;

/// Rows of a unit below which it is pooled with others as small.
const MIN_ROWS: usize = 100;
/// Parts of the human text of which a fold of generators leaves one out.
const HUMAN_PARTS: u64 = 5;

/// What is left out whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Domains: topics or registers.
    Domain,
    /// Families of generators; human rows are dealt out by their groups.
    Generator,
    /// Sources: the collections that the rows come from.
    Source,
}

impl Grouping {
    /// What of an example is left out whole; empty for human text where generators are.
    pub(super) fn unit(self, example: &Example) -> String {
        match self {
            Grouping::Domain => example.domain.clone(),
            Grouping::Generator => family(&example.generator),
            Grouping::Source if example.source.is_empty() => example.domain.clone(),
            Grouping::Source => example.source.clone(),
        }
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Grouping::Domain => "domain",
            Grouping::Generator => "generator",
            Grouping::Source => "source",
        }
    }
}

/// Rows judged by a model that learnt from others.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    /// Left out and judged.
    pub(super) test: Vec<usize>,
    /// Learnt from.
    pub(super) train: Vec<usize>,
}

/// At most `count` folds of whole units. Units of fewer than 100 rows are one unit together, if
/// there are larger ones; all are dealt out by size, the largest first, each to the fold with the fewest rows of the unit's
/// larger label.
///
/// Every row is in one fold, but for human rows where generators are left out: a generator has no
/// human text, so each fold also leaves out a fifth of it, by group and in turn, and judges that.
pub(super) fn deal(rows: &Rows<'_>, grouping: Grouping, count: usize) -> Vec<Fold> {
    let units = units(rows, grouping);
    let mut sizes: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (row, unit) in units.iter().enumerate() {
        if grouping != Grouping::Generator || rows.machine(row) {
            sizes.entry(unit).or_default()[usize::from(rows.machine(row))] += 1;
        }
    }
    let mut order: Vec<(&str, [usize; 2])> = sizes.into_iter().collect();
    order.sort_by_key(|&(unit, size)| (usize::MAX - size[0].max(size[1]), unit));
    let folds = count.min(order.len());
    let mut loads = vec![[0usize; 2]; folds];
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (unit, size) in order {
        let label = usize::from(size[1] > size[0]);
        let fold = (0..folds)
            .min_by_key(|&fold| (loads[fold][label], fold))
            .unwrap_or(0);
        loads[fold][0] += size[0];
        loads[fold][1] += size[1];
        fold_of.insert(unit, fold);
    }
    let left_out = |row: usize, fold: usize| match grouping {
        Grouping::Generator if !rows.machine(row) => {
            mix(rows.group_hash(row)) % HUMAN_PARTS == fold as u64 % HUMAN_PARTS
        }
        _ => fold_of[units[row].as_str()] == fold,
    };
    (0..folds)
        .map(|fold| split(rows, |row| left_out(row, fold)))
        .collect()
}

fn split(rows: &Rows<'_>, left_out: impl Fn(usize) -> bool) -> Fold {
    let (test, other): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|&row| left_out(row));
    let groups: BTreeSet<&str> = test.iter().map(|&row| rows.group(row)).collect();
    let known = |row: &usize| rows.group(*row).is_empty() || !groups.contains(rows.group(*row));
    Fold {
        train: other.into_iter().filter(known).collect(),
        test,
    }
}

/// The unit of each row, small ones under one name.
fn units(rows: &Rows<'_>, grouping: Grouping) -> Vec<String> {
    let own: Vec<String> = (0..rows.len())
        .map(|row| grouping.unit(rows.example(row)))
        .collect();
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in &own {
        *sizes.entry(unit).or_default() += 1;
    }
    // Where all are small, each stays by itself: one unit alone could not be left out.
    let large = sizes.values().filter(|&&size| size >= MIN_ROWS).count();
    let small: Vec<bool> = own
        .iter()
        .map(|unit| large >= 2 && sizes[unit.as_str()] < MIN_ROWS)
        .collect();
    own.into_iter()
        .zip(small)
        .map(|(unit, small)| {
            if small {
                "small units".to_owned()
            } else {
                unit
            }
        })
        .collect()
}

/// The family of a generator: the letters that its name begins with, in lower case, after any
/// organisation before a slash or a double hyphen. `gpt-4o-2024-05-13` and `GPT-3.5` are `gpt`;
/// a name that begins otherwise is its own family.
pub fn family(generator: &str) -> String {
    let name = generator.rsplit(['/']).next().unwrap_or(generator);
    let name = name.rsplit("--").next().unwrap_or(name);
    let letters: String = name
        .chars()
        .take_while(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect();
    match letters.is_empty() {
        true => name.to_lowercase(),
        false => letters,
    }
}
