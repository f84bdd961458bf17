//! Which examples are trained on, in which order, with which weight, and their hashed crops.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{Example, TrainError, TrainOptions};
use crate::score::classifier::{MIN_CHARS, Scratch, features};
use crate::text::normalise::{head, is_shorter, mix};

/// Shortest and longest crop, in characters.
const CROP: (u64, u64) = (300, 2_000);
/// Crops of each document.
const CROPS: u64 = 2;

/// The rows of a training, in an order that their own content decides.
pub(super) struct Rows<'e> {
    rows: Vec<Row<'e>>,
}

struct Row<'e> {
    example: &'e Example,
    /// Distinct slots of each crop.
    crops: Vec<Vec<u32>>,
    weight: f64,
}

impl<'e> Rows<'e> {
    /// Drops duplicates, short texts, left-out subsets and machine rows above the limit of their
    /// cell; hashes two crops of each row that is left.
    pub(super) fn select(examples: &'e [Example], options: &TrainOptions) -> Rows<'e> {
        let mut rows = Rows::select_uncropped(examples, options);
        let seeds: Vec<u64> = (0..rows.len() as u64)
            .map(|row| mix(options.seed ^ mix(row + 1)))
            .collect();
        rows.rows.par_iter_mut().zip(seeds).for_each_init(
            Scratch::default,
            |scratch, (row, seed)| {
                row.crops = (0..CROPS)
                    .map(|i| {
                        let crop = crop(&row.example.text, mix(seed.wrapping_add(i)));
                        features(crop, CROP.1 as usize, options.slots_log2, scratch).to_vec()
                    })
                    .filter(|slots| !slots.is_empty())
                    .collect();
            },
        );
        rows
    }

    /// The same choice without crops: for judging by a model that exists.
    pub(super) fn select_uncropped(examples: &'e [Example], options: &TrainOptions) -> Rows<'e> {
        let mut order: Vec<(u128, &Example)> = examples
            .par_iter()
            .filter(|e| !options.left_out.contains(&e.subset))
            .filter(|e| !is_shorter(&e.text, MIN_CHARS))
            .map(|e| (xxh3_128_with_seed(e.text.as_bytes(), options.seed), e))
            .collect();
        // Fields behind the hash, so that of twins the same one is kept whatever the order.
        order.sort_by_key(|(hash, e)| {
            (
                *hash,
                e.machine,
                &e.domain,
                &e.generator,
                &e.lang,
                &e.subset,
                &e.group,
            )
        });
        order.dedup_by_key(|(hash, _)| *hash);
        let mut taken = BTreeMap::new();
        let rows = order
            .into_iter()
            .filter(|(_, e)| {
                if !e.machine {
                    return true;
                }
                let cell = (&e.domain, &e.generator, &e.lang);
                let count = taken.entry(cell).or_insert(0usize);
                *count += 1;
                *count <= options.max_machine_rows
            })
            .map(|(_, example)| Row {
                example,
                crops: Vec::new(),
                weight: 0.0,
            })
            .collect();
        Rows { rows }.weighted()
    }

    /// The rows of these languages only, weighted anew.
    pub(super) fn only(mut self, languages: &[String]) -> Rows<'e> {
        self.rows
            .retain(|row| languages.contains(&row.example.lang));
        self.weighted()
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

    /// Refuses a training set with one label only.
    pub(super) fn check_labels(&self) -> Result<(), TrainError> {
        let labels: BTreeSet<bool> = self.rows.iter().map(|row| row.example.machine).collect();
        for (machine, label) in [(false, "human"), (true, "machine")] {
            if !labels.contains(&machine) {
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

    pub(super) fn text(&self, row: usize) -> &'e str {
        &self.rows[row].example.text
    }

    pub(super) fn machine(&self, row: usize) -> bool {
        self.rows[row].example.machine
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.rows[row].weight
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
