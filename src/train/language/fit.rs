//! Softmax regression by AdaGrad (Duchi, Hazan and Singer, JMLR 2011) on crops of text.
//!
//! One thread an alphabet, one order: floating-point sums are the same on every machine.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::rows::{Row, Rows};
use super::{LanguageOptions, LanguageTrainError, NO_LANGUAGE, OTHER};
use crate::score::language::letters::{Alphabet, SPACE};
use crate::score::language::model;
use crate::score::language::model::{
    BIAS, LOOKS, LanguageModel, MOST_COLUMNS, MOST_WEIGHT, Part, START, Table, letters_row, width,
    word_hash, word_row,
};
use crate::text::normalise::mix;

/// Keeps the first step of a weight finite.
const EPSILON: f32 = 1e-6;
/// How many languages the other ones count as: they are many.
const OTHERS: u32 = 4;
/// Lengths of crops in units: from the shortest, doubling with each of so many bits of a draw.
const SHORTEST: f64 = 32.0;
const DOUBLINGS: f64 = 4.0;
/// Of a million weights, so many may be cut off by their six bits.
const CUT_OFF: f64 = 300.0;

/// What a model is made of: for each alphabet its columns and their text.
pub(super) struct Plan<'r, 'e> {
    pub(super) codes: Vec<String>,
    pub(super) parts: Vec<PartPlan<'r, 'e>>,
}

/// The languages of one alphabet and their text.
pub(super) struct PartPlan<'r, 'e> {
    alphabet: Alphabet,
    columns: Vec<Column<'r, 'e>>,
}

/// A language, or what is of none that is answered.
struct Column<'r, 'e> {
    lang: &'e str,
    place: Option<u16>,
    /// Rows by group, with the group's part of the draws.
    groups: Vec<(f64, Vec<&'r Row<'e>>)>,
}

fn is_answered(lang: &str) -> bool {
    lang != OTHER && lang != NO_LANGUAGE
}

impl<'r, 'e> Plan<'r, 'e> {
    pub(super) fn new(
        rows: &'r Rows<'e>,
        held: Option<usize>,
    ) -> Result<Plan<'r, 'e>, LanguageTrainError> {
        let found = rows.by_alphabet(held);
        let codes: BTreeSet<&str> = found
            .values()
            .flat_map(|languages| languages.keys().copied())
            .collect();
        let codes: Vec<&str> = codes.into_iter().filter(|lang| is_answered(lang)).collect();
        let place = |lang: &str| codes.binary_search(&lang).ok().map(|place| place as u16);
        let mut parts = Vec::new();
        for (alphabet, languages) in found {
            if languages.len() > MOST_COLUMNS {
                return Err(LanguageTrainError::Columns {
                    alphabet: format!("{alphabet:?}"),
                    found: languages.len(),
                });
            }
            let columns = languages.into_iter().map(|(lang, groups)| Column {
                lang,
                place: place(lang),
                groups: (groups.into_values())
                    .map(|rows| ((rows.len() as f64).sqrt(), rows))
                    .collect(),
            });
            parts.push(PartPlan {
                alphabet,
                columns: columns.collect(),
            });
        }
        Ok(Plan {
            codes: codes.iter().map(|&code| code.to_owned()).collect(),
            parts,
        })
    }
}

/// A draw from 0 to 1.
fn unit_interval(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

impl Column<'_, '_> {
    /// What draws the column's crops in an epoch.
    fn draws(&self, salt: u64, crops: u32) -> impl Iterator<Item = u64> {
        let times = if self.lang == OTHER { OTHERS } else { 1 };
        let lang = xxh3_64(self.lang.as_bytes());
        (0..crops * times).map(move |crop| mix(salt ^ lang ^ mix(u64::from(crop))))
    }

    /// The letters of a piece of the column's text.
    fn crop(&self, draw: u64) -> &[u16] {
        let whole: f64 = self.groups.iter().map(|group| group.0).sum();
        let mut left = unit_interval(mix(draw ^ 1)) * whole;
        let group = self.groups.iter().find(|group| {
            left -= group.0;
            left < 0.0
        });
        let Some((_, rows)) = group.or(self.groups.last()) else {
            return &[];
        };
        let units = &rows[(mix(draw ^ 2) % rows.len() as u64) as usize].units;
        let length = SHORTEST * libm::exp2(unit_interval(mix(draw ^ 3)) * DOUBLINGS);
        let length = (length as usize).min(units.len());
        let start = (mix(draw ^ 4) % (units.len() - length + 1) as u64) as usize;
        &units[start..start + length]
    }
}

/// Puts the rows of the n-grams of `units` into `out`.
pub(super) fn ngram_rows(units: &[u16], rows_log2: u32, out: &mut Vec<u32>) {
    out.clear();
    let (mut window, mut word) = (START, 0);
    for &unit in units {
        window = (window << 16) | u64::from(unit);
        out.push(letters_row(window, rows_log2) as u32);
        if unit != SPACE {
            word = word_hash(word, unit);
        } else if word != 0 {
            out.push(word_row(word, rows_log2) as u32);
            word = 0;
        }
    }
}

/// Float weights of an alphabet, row by row; empty where it has one column.
pub(super) struct Fitted {
    weights: Vec<f32>,
}

impl PartPlan<'_, '_> {
    pub(super) fn fit(&self, _rows: &Rows<'_>, options: &LanguageOptions) -> Fitted {
        if self.columns.len() == 1 {
            return Fitted {
                weights: Vec::new(),
            };
        }
        match width(self.columns.len()) {
            8 => self.descend::<8>(options),
            16 => self.descend::<16>(options),
            32 => self.descend::<32>(options),
            _ => self.descend::<64>(options),
        }
    }

    fn descend<const W: usize>(&self, options: &LanguageOptions) -> Fitted {
        let mut state = vec![Weights::<W>::ZERO; 1 << options.rows_log2];
        let mut ngrams = Vec::new();
        for epoch in 0..options.epochs {
            let salt = mix(options.seed ^ mix(u64::from(epoch) + 1));
            let mut order: Vec<(u64, usize)> = (self.columns.iter().enumerate())
                .flat_map(|(place, column)| {
                    column
                        .draws(salt, options.crops)
                        .map(move |draw| (draw, place))
                })
                .collect();
            order.sort_unstable();
            let rate = options.rate * (1.0 - 0.9 * epoch as f32 / options.epochs as f32);
            for (draw, column) in order {
                ngram_rows(
                    self.columns[column].crop(draw),
                    options.rows_log2,
                    &mut ngrams,
                );
                step(
                    &mut state,
                    &ngrams,
                    (column, self.columns.len()),
                    (rate, options.l2),
                );
            }
        }
        Fitted {
            weights: state.iter().flat_map(|row| row.values).collect(),
        }
    }
}

/// The weights of an n-gram beside the sums of their squared gradients.
#[derive(Clone, Copy)]
struct Weights<const W: usize> {
    values: [f32; W],
    squares: [f32; W],
}

impl<const W: usize> Weights<W> {
    const ZERO: Weights<W> = Weights {
        values: [0.0; W],
        squares: [0.0; W],
    };
}

/// One step on a text of `column` among `columns`, which is made of `ngrams`.
fn step<const W: usize>(
    state: &mut [Weights<W>],
    ngrams: &[u32],
    (column, columns): (usize, usize),
    (rate, l2): (f32, f32),
) {
    if ngrams.is_empty() {
        return;
    }
    let value = 1.0 / (ngrams.len() as f32).sqrt();
    let mut sums = [0.0f32; W];
    for &row in ngrams {
        for (sum, weight) in sums.iter_mut().zip(&state[row as usize].values) {
            *sum += weight;
        }
    }
    let logits = sums.map(|sum| sum * value);
    let mut errors = softmax(&logits, columns);
    errors[column] -= 1.0;
    let slopes = errors.map(|error| error * value);
    for &row in ngrams {
        let Weights { values, squares } = &mut state[row as usize];
        for c in 0..W {
            let gradient = slopes[c] + l2 * values[c];
            squares[c] += gradient * gradient;
            values[c] -= rate * gradient / (squares[c].sqrt() + EPSILON);
        }
    }
}

/// Probabilities of the first `columns` logits, 0 for the rest.
fn softmax<const W: usize>(logits: &[f32; W], columns: usize) -> [f32; W] {
    let most = logits[..columns]
        .iter()
        .fold(f32::MIN, |most, &logit| most.max(logit));
    let mut shares = [0.0; W];
    for (share, &logit) in shares.iter_mut().zip(&logits[..columns]) {
        *share = libm::expf(logit - most);
    }
    let whole: f32 = shares.iter().sum();
    shares.map(|share| share / whole)
}

/// A model in six bits that is not calibrated yet.
pub(super) struct Draft {
    codes: Vec<String>,
    /// With the size of a step of its weights.
    parts: Vec<(Part, f64)>,
}

/// Scores of a text's columns before they are scaled.
type Logits = Vec<f64>;
/// The column that is right, and the scores of all.
pub(super) type Labelled = (usize, Logits);

/// Scales of each alphabet that has weights.
pub(super) type Scales = BTreeMap<Alphabet, [f64; LOOKS.len()]>;

impl Draft {
    pub(super) fn new(plan: &Plan<'_, '_>, fitted: Vec<Fitted>) -> Draft {
        let parts = plan.parts.iter().zip(fitted).map(|(part, fitted)| {
            let (weights, step) = quantised(&fitted.weights);
            let rows = weights.len() / width(part.columns.len());
            let table = (part.columns.len() > 1).then(|| Table {
                rows_log2: rows.ilog2(),
                scales: [step; LOOKS.len()],
                weights: model::Weights::new(&weights),
            });
            let part = Part {
                alphabet: part.alphabet,
                columns: part.columns.iter().map(|column| column.place).collect(),
                table,
            };
            (part, step)
        });
        Draft {
            codes: plan.codes.clone(),
            parts: parts.collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The model with these scales; an alphabet without one keeps its own.
    pub(super) fn model(&self, scales: &Scales) -> LanguageModel {
        let parts = self.parts.iter().map(|(part, step)| {
            let mut part = part.clone();
            if let (Some(table), Some(scales)) = (&mut part.table, scales.get(&part.alphabet)) {
                table.scales = scales.map(|scale| scale * step);
            }
            part
        });
        LanguageModel::new(self.codes.clone(), parts.collect())
    }

    /// The logits of a row at each length that it has, and the column that is right; `None` where
    /// the alphabet or the language is not known.
    fn logits(&self, row: &Row<'_>) -> Option<(usize, Vec<(usize, Logits)>)> {
        let (part, step) = self
            .parts
            .iter()
            .find(|(part, _)| part.alphabet == row.alphabet)?;
        let table = part.table.as_ref()?;
        let place = self.codes.iter().position(|code| code == row.lang)? as u16;
        let right = part
            .columns
            .iter()
            .position(|&column| column == Some(place))?;
        let mut ngrams = Vec::new();
        let lengths =
            (LOOKS.into_iter().enumerate()).filter(|&(_, length)| row.units.len() >= length);
        let logits = lengths.map(|(look, length)| {
            ngram_rows(&row.units[..length], table.rows_log2, &mut ngrams);
            let width = width(part.columns.len());
            let mut sums = vec![0i32; part.columns.len()];
            for &row in &ngrams {
                for (sum, &weight) in sums
                    .iter_mut()
                    .zip(table.weights.of_row(row as usize, width))
                {
                    *sum += i32::from(weight);
                }
            }
            let value = step / (ngrams.len() as f64).sqrt();
            (
                look,
                sums.iter().map(|&sum| f64::from(sum) * value).collect(),
            )
        });
        Some((right, logits.collect()))
    }
}

/// Weights as six bits with their bias, and the size of a step.
fn quantised(weights: &[f32]) -> (Vec<u8>, f64) {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let cut = (sizes.len() as f64 * (1.0 - CUT_OFF / 1e6)) as usize;
    let most = sizes
        .get(cut.min(sizes.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0);
    let bias = f64::from(BIAS);
    let largest = f64::from(MOST_WEIGHT) - bias;
    let step = f64::from(most.max(1e-6)) / largest;
    let six = |&weight: &f32| {
        let steps = (f64::from(weight) / step).round();
        (steps.clamp(-largest, largest) + bias) as u8
    };
    (weights.iter().map(six).collect(), step)
}

/// Share of rows whose label is taken to say nothing, such as what a translation left in English.
const MISLABELLED: f64 = 0.02;
/// Rows of a language, alphabet and fold that calibrate.
const CALIBRATING: usize = 60;

/// The scales at which held-out rows are likeliest, at each length of each alphabet.
pub(super) fn calibrate(rows: &Rows<'_>, folds: &[Draft], whole: &Draft) -> Scales {
    let mut taken: BTreeMap<(&str, Alphabet, usize), usize> = BTreeMap::new();
    let mut logits: BTreeMap<Alphabet, [Vec<Labelled>; LOOKS.len()]> = BTreeMap::new();
    for row in rows.iter() {
        let count = taken.entry((row.lang, row.alphabet, row.fold)).or_default();
        if *count >= CALIBRATING {
            continue;
        }
        if let Some((right, found)) = folds[row.fold].logits(row) {
            *count += 1;
            for (look, of) in found {
                logits.entry(row.alphabet).or_default()[look].push((right, of));
            }
        }
    }
    let scales = whole.parts.iter().map(|(part, _)| {
        let found = logits.remove(&part.alphabet).unwrap_or_default();
        (part.alphabet, found.map(|logits| best_scale(&logits)))
    });
    scales.collect()
}

/// The scale from 1/8 to 8 at which the right columns are likeliest; 1 where nothing tells.
pub(super) fn best_scale(logits: &[Labelled]) -> f64 {
    if logits.is_empty() {
        return 1.0;
    }
    let (mut low, mut high) = (-3.0, 3.0);
    for _ in 0..12 {
        let third = (high - low) / 3.0;
        match surprise(logits, low + third) < surprise(logits, high - third) {
            true => high -= third,
            false => low += third,
        }
    }
    libm::exp2((low + high) / 2.0)
}

/// Minus the log likelihood of the right columns at the scale `2^log2`.
pub(super) fn surprise(logits: &[Labelled], log2: f64) -> f64 {
    let scale = libm::exp2(log2);
    let of = |(right, logits): &Labelled| {
        let behind = logits.iter().map(|logit| (logit - logits[*right]) * scale);
        let p = 1.0 / behind.map(libm::exp).sum::<f64>();
        -libm::log((1.0 - MISLABELLED) * p + MISLABELLED / logits.len() as f64)
    };
    logits.iter().map(of).sum()
}
