//! Which languages share weights, and each such part of a model in the making.

use super::folds::{self, Grouping};
use super::held_out::{self, HeldOut};
use super::platt::Platt;
use super::rows::Rows;
use super::{LanguageFigures, TrainOptions, logistic};
use crate::score::classifier::{AnsweredLanguage, FeatureSpace, Region, SLOTS_LOG2};

/// Rows of each label from which a language has weights of its own.
const OWN_REGION: usize = 10_000;
/// Tokens that skeletons keep.
const COMMON_TOKENS: usize = 300;

/// A region before it is trained: its languages, their rows, how it reads them.
pub(super) struct Part<'e> {
    pub(super) languages: Vec<String>,
    pub(super) rows: Rows<'e>,
    space: FeatureSpace,
}

/// The parts of a model of `languages`: one for each with much text, one for all others together,
/// which learn from each other what little there is to learn.
pub(super) fn parts<'e>(
    all: &Rows<'e>,
    languages: &[String],
    options: &TrainOptions,
) -> Vec<Part<'e>> {
    let counts = all.languages();
    let (own, shared): (Vec<&String>, Vec<&String>) = languages
        .iter()
        .filter(|lang| counts.contains_key(lang.as_str()))
        .partition(|lang| {
            counts[lang.as_str()]
                .iter()
                .all(|&count| count >= OWN_REGION)
        });
    let mut groups: Vec<Vec<String>> = own.into_iter().map(|lang| vec![lang.clone()]).collect();
    if !shared.is_empty() {
        groups.push(shared.into_iter().cloned().collect());
    }
    let rows: Vec<Rows<'_>> = groups.iter().map(|group| all.of(group)).collect();
    let most = rows.iter().map(Rows::len).max().unwrap_or(0);
    groups
        .into_iter()
        .zip(rows)
        .map(|(languages, mut rows)| {
            let slots_log2 = slots_log2(options.slots_log2, most, rows.len());
            let space = FeatureSpace::new(slots_log2, &rows.common_tokens(COMMON_TOKENS));
            rows.crop(&space);
            Part {
                languages,
                rows,
                space,
            }
        })
        .collect()
}

/// The number of distinct n-grams grows about as the square root of the text (Heaps' law), and so
/// does a region's table: half as large where there is a quarter of the `most` rows.
fn slots_log2(largest: u32, most: usize, rows: usize) -> u32 {
    let ratio = most / rows.max(1);
    let halvings = ratio.max(1).ilog2() / 2;
    largest.saturating_sub(halvings).max(*SLOTS_LOG2.start())
}

impl Part<'_> {
    /// Whether another part has the same languages, and so the same rows, and reads them alike.
    pub(super) fn reads_the_same(&self, other: &Part<'_>) -> bool {
        self.languages == other.languages && self.space == other.space
    }

    /// Judges every row by a model that had not seen its unit.
    pub(super) fn judge(&self, grouping: Grouping, options: &TrainOptions) -> Vec<HeldOut> {
        let folds = folds::deal(&self.rows, grouping, options.folds);
        held_out::judge(&self.rows, &folds, &self.space, options)
    }

    /// Trains on every row; `figures` say how well each language is known, `platt` calibrates.
    pub(super) fn fit(
        &self,
        figures: &[LanguageFigures],
        platt: Platt,
        options: &TrainOptions,
    ) -> Region {
        let every: Vec<usize> = (0..self.rows.len()).collect();
        let (mut weights, bias) = logistic::fit(&self.rows, &every, &self.space, options);
        for weight in &mut weights {
            *weight *= platt.scale as f32;
        }
        let bias = platt.shift + platt.scale * bias;
        let languages = figures
            .iter()
            .filter(|figures| self.languages.contains(&figures.lang))
            .map(|figures| AnsweredLanguage {
                lang: figures.lang.clone(),
                auroc: figures.unseen_sources.unwrap_or(0.5),
            })
            .collect();
        Region::new(languages, self.space.clone(), &weights, bias)
    }
}
