//! Which examples are trained on, in which order, with which weight, and their hashed crops.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use super::{Example, TrainError, TrainOptions};
use crate::score::classifier::{FeatureSpace, MIN_CHARS, Scratch};
use crate::text::normalise::{Unmasked, head, mix};
use crate::text::{Scan, tokens};

/// Shortest and longest crop, in characters.
const CROP: (u64, u64) = (300, 2_000);
/// Crops of each document.
const CROPS: u64 = 8;

/// The rows of a training, in an order that their own content decides.
#[derive(Clone)]
pub(super) struct Rows<'e> {
    rows: Vec<Row<'e>>,
}

#[derive(Clone)]
struct Row<'e> {
    example: &'e Example,
    /// Place among the examples.
    index: usize,
    /// Of the text, with the seed of the training.
    hash: u64,
    /// Distinct slots of each crop.
    crops: Vec<Vec<u32>>,
    weight: f64,
}

impl<'e> Rows<'e> {
    /// Drops duplicates, short texts, left-out subsets and machine rows above the limit of their
    /// cell.
    pub(super) fn select(examples: &'e [Example], options: &TrainOptions) -> Rows<'e> {
        let mut order: Vec<(u128, &Example, usize)> = examples
            .par_iter()
            .enumerate()
            .filter(|(_, e)| !options.left_out.contains(&e.subset))
            .filter(|(_, e)| !Unmasked::new(&e.text).is_shorter(MIN_CHARS))
            .map(|(i, e)| (xxh3_128_with_seed(e.text.as_bytes(), options.seed), e, i))
            .collect();
        // Fields behind the hash, so that of twins the same one is kept whatever the order.
        order.sort_by_key(|(hash, e, _)| {
            (
                *hash,
                e.machine,
                &e.domain,
                &e.generator,
                &e.lang,
                &e.subset,
                &e.group,
                &e.source,
            )
        });
        order.dedup_by_key(|(hash, ..)| *hash);
        let mut taken = BTreeMap::new();
        let rows = order
            .into_iter()
            .filter(|(_, e, _)| {
                if !e.machine {
                    return true;
                }
                let cell = (&e.domain, &e.generator, &e.lang);
                let count = taken.entry(cell).or_insert(0usize);
                *count += 1;
                *count <= options.max_machine_rows
            })
            .map(|(hash, example, index)| Row {
                example,
                index,
                hash: hash as u64,
                crops: Vec::new(),
                weight: 0.0,
            })
            .collect();
        Rows { rows }.weighted()
    }

    /// The rows of these languages only, weighted anew.
    pub(super) fn of(&self, languages: &[String]) -> Rows<'e> {
        let of = |row: &&Row<'_>| languages.contains(&row.example.lang);
        Rows {
            rows: self.rows.iter().filter(of).cloned().collect(),
        }
        .weighted()
    }

    /// The rows of several, with their weights and without their crops.
    pub(super) fn join<'r>(parts: impl Iterator<Item = &'r Rows<'e>>) -> Rows<'e>
    where
        'e: 'r,
    {
        let bare = |row: &Row<'e>| Row {
            crops: Vec::new(),
            ..*row
        };
        Rows {
            rows: parts.flat_map(|part| part.rows.iter().map(bare)).collect(),
        }
    }

    /// Reads random crops of each row into `space`.
    pub(super) fn crop(&mut self, space: &FeatureSpace) {
        self.rows
            .par_iter_mut()
            .for_each_init(Scratch::default, |scratch, row| {
                row.crops = (1..=CROPS)
                    .map(|i| {
                        let crop = crop(&row.example.text, mix(row.hash.wrapping_add(i)));
                        let crop = Unmasked::first(crop, CROP.1 as usize);
                        space.slots((&crop, None), scratch).to_vec()
                    })
                    .filter(|slots| !slots.is_empty())
                    .collect();
            });
    }

    /// The `count` tokens of most documents, every document at its weight: hashes.
    pub(super) fn common_tokens(&self, count: usize) -> Vec<u64> {
        // Whole numbers, whose sum does not depend on the order of addition.
        const UNIT: f64 = 65_536.0;
        let room = || (HashMap::new(), Scan::default(), Vec::new());
        let documents = self
            .rows
            .par_iter()
            .fold(room, |(mut sums, mut scan, mut found), row| {
                let mut seen = HashSet::new();
                let text = Unmasked::first(&row.example.text, CROP.1 as usize);
                tokens((&text, None), &mut scan, &mut found);
                for &token in &found {
                    if seen.insert(token) {
                        *sums.entry(token).or_insert(0u64) += (row.weight * UNIT) as u64;
                    }
                }
                (sums, scan, found)
            });
        let documents = documents.map(|(sums, ..)| sums);
        let sums = documents.reduce(HashMap::new, |mut a, b| {
            for (token, sum) in b {
                *a.entry(token).or_insert(0) += sum;
            }
            a
        });
        let mut order: Vec<(u64, u64)> =
            sums.into_iter().map(|(token, sum)| (sum, token)).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        order.truncate(count);
        order.into_iter().map(|(_, token)| token).collect()
    }

    /// Weighs each domain, language and label by count^-0.5, and each label to the same sum; the
    /// mean weight is 1.
    fn weighted(mut self) -> Rows<'e> {
        let mut counts = BTreeMap::new();
        for Row { example: e, .. } in &self.rows {
            *counts
                .entry((&e.domain, &e.lang, e.machine))
                .or_insert(0u32) += 1;
        }
        let mut sums = [0.0f64; 2];
        for row in &mut self.rows {
            let e = row.example;
            let count = counts[&(&e.domain, &e.lang, e.machine)];
            row.weight = 1.0 / libm::sqrt(f64::from(count));
            sums[usize::from(e.machine)] += row.weight;
        }
        let half = self.rows.len() as f64 / 2.0;
        for row in &mut self.rows {
            row.weight *= half / sums[usize::from(row.example.machine)];
        }
        self
    }

    /// The languages, sorted, each with its rows of either label.
    pub(super) fn languages(&self) -> BTreeMap<&'e str, [usize; 2]> {
        let mut languages: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        for row in &self.rows {
            let counts = languages.entry(&row.example.lang).or_default();
            counts[usize::from(row.example.machine)] += 1;
        }
        languages
    }

    /// Refuses a training set with one label only.
    pub(super) fn check_labels(&self) -> Result<(), TrainError> {
        for (machine, label) in [(false, "human"), (true, "machine")] {
            if self.rows.iter().all(|row| row.example.machine != machine) {
                return Err(TrainError::OneLabel { label });
            }
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn example(&self, row: usize) -> &'e Example {
        self.rows[row].example
    }

    /// The row's place among the examples that were given.
    pub(super) fn index(&self, row: usize) -> usize {
        self.rows[row].index
    }

    /// What may not be split between learning and judging; empty where nothing is known of it.
    pub(super) fn group(&self, row: usize) -> &'e str {
        &self.rows[row].example.group
    }

    /// A number that rows of one group share, and rows without a group have each their own.
    pub(super) fn group_hash(&self, row: usize) -> u64 {
        match self.group(row) {
            "" => self.rows[row].hash,
            group => xxh3_64(group.as_bytes()),
        }
    }

    pub(super) fn text(&self, row: usize) -> &'e str {
        &self.rows[row].example.text
    }

    pub(super) fn machine(&self, row: usize) -> bool {
        self.rows[row].example.machine
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.rows[row].weight
    }

    /// The register of each row, which is its domain in its language: its place among those of all rows.
    pub(super) fn registers(&self) -> Vec<usize> {
        let of = |row: &Row<'e>| (&row.example.domain, &row.example.lang);
        let mut known: Vec<_> = self.rows.iter().map(of).collect();
        known.sort_unstable();
        known.dedup();
        let places: BTreeMap<_, _> = known.into_iter().zip(0..).collect();
        self.rows.iter().map(|row| places[&of(row)]).collect()
    }

    pub(super) fn crops(&self, row: usize) -> &[Vec<u32>] {
        &self.rows[row].crops
    }
}

/// A random part of `text` that begins after a space where there is one near.
fn crop(text: &str, seed: u64) -> &str {
    let chars = text.chars().count() as u64;
    let wished = CROP.0 + mix(seed) % (CROP.1 - CROP.0 + 1);
    if chars <= wished {
        return text;
    }
    let start = mix(seed ^ 0x5DEE_CE66) % (chars - wished + 1);
    let from = &text[head(text, start as usize).len()..];
    let from = match from
        .char_indices()
        .take(40)
        .find(|(_, c)| c.is_whitespace())
    {
        Some((space, _)) if start > 0 => &from[space..],
        _ => from,
    };
    head(from, wished as usize)
}
