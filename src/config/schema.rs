//! The schema: every key that a configuration may hold, its type and its default.
//!
//! A key that is added here is added to [`super::KEYS`] and to `config/reference.toml` as well;
//! tests hold the three together.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::size;
use super::text_path::TextPaths;
use crate::document::Origin;

/// A whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The run directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<String>,
    /// Seed of every draw.
    pub seed: u64,
    /// The mix that is asked for.
    pub mix: Mix,
    /// How documents of unknown origin are assigned one.
    pub assign: Assign,
    /// Which documents are dropped, and why.
    pub filters: Filters,
    /// Token editing.
    pub edit: Edit,
    /// What must hold before anything is written.
    pub gates: Gates,
    /// The embedded classifier, or another of its kind.
    pub classifier: ClassifierModel,
    /// The sample that profiles are made from.
    pub profile: Profile,
    /// What the score stage measures.
    pub score: Score,
    /// Bounds on bad input.
    pub limits: Limits,
    /// How output shards are written.
    pub output: Output,
    /// fastText models whose scores become columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<FastTextModel>,
    /// Named sets of shards.
    pub source: Vec<Source>,
}

impl Config {
    /// Every filter, those of the preset first.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = super::preset_rules(self.filters.preset);
        rules.extend(self.filters.rule.iter().cloned());
        rules
    }

    /// Every column that filters, weight, strata and samples name, each with the key that names it.
    pub fn named_columns(&self) -> Vec<(&'static str, String)> {
        let rules = self.rules().into_iter();
        let weight = self.mix.weight.iter().map(|weight| weight.column.clone());
        let strata = self.mix.strata.iter().cloned();
        rules
            .map(|rule| ("filters.rule.column", rule.column))
            .chain(weight.map(|column| ("mix.weight.column", column)))
            .chain(strata.map(|column| ("mix.strata", column)))
            .chain(self.source.iter().filter_map(|source| {
                let sample = source.sample.as_ref()?;
                Some(("source.sample.column", sample.score_column()))
            }))
            .collect()
    }
}

/// A named set of shards, with what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name in scores, data, manifest and report: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Files, folders or globs.
    pub paths: Vec<String>,
    /// Where the text is: a column or field, a path into the record, or several, which are one document.
    #[serde(default)]
    pub text: TextPaths,
    /// Column or field that holds the id, if documents have one.
    #[serde(default = "id_column")]
    pub id: String,
    /// Keys from the id instead of shard and row.
    #[serde(default)]
    pub key_from_id: bool,
    /// Declared origin of every document of the source.
    #[serde(default = "unknown_origin")]
    pub origin: Origin,
    /// Origin declared by a label column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelRule>,
    /// Origin declared by a date column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<DateRule>,
    /// A labelled random sample of the source, for its share of machine text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleRule>,
    /// Declared language of every document, ISO 639-1: it is not identified then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// Declared generation of the source's synthetic documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// What sort of synthetic text the source holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Column that holds the kind; wins over `kind`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_column: Option<String>,
    /// Which model wrote the source's synthetic documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// Column that holds the generator; wins over `generator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_column: Option<String>,
    /// Column that holds the token count, for `unit = "tokens"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_column: Option<String>,
}

impl Source {
    /// A source of these paths with everything else at its default.
    pub fn new(name: &str, paths: Vec<String>, origin: Origin) -> Source {
        Source {
            name: name.to_owned(),
            paths,
            text: TextPaths::default(),
            id: id_column(),
            key_from_id: false,
            origin,
            label: None,
            date: None,
            sample: None,
            lang: None,
            generation: None,
            kind: None,
            kind_column: None,
            generator: None,
            generator_column: None,
            tokens_column: None,
        }
    }
}

fn id_column() -> String {
    "id".to_owned()
}

fn unknown_origin() -> Origin {
    Origin::Unknown
}

/// Which values of a column declare which origin; other values declare nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// The column.
    pub column: String,
    /// Values that declare `human`.
    #[serde(default)]
    pub human: Vec<String>,
    /// Values that declare `synthetic`.
    #[serde(default)]
    pub synthetic: Vec<String>,
    /// Values that declare `semi_synthetic`.
    #[serde(default)]
    pub semi_synthetic: Vec<String>,
}

/// Which values of a column say what a document of a random sample is; it declares nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRule {
    /// The column.
    pub column: String,
    /// Values that say that a person wrote the document.
    #[serde(default)]
    pub human: Vec<String>,
    /// Values that say that a machine did.
    #[serde(default)]
    pub synthetic: Vec<String>,
}

impl SampleRule {
    /// The column's name in score rows.
    pub fn score_column(&self) -> String {
        format!("input.{}", self.column)
    }
}

/// Documents dated before a day have an origin; later and undated ones are not declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateRule {
    /// The column: a date, a timestamp, or ISO 8601 text.
    pub column: String,
    /// The first day that no longer counts, `YYYY-MM-DD`.
    pub before: String,
    /// The origin of documents before that day.
    pub origin: Origin,
}

/// What a share is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Words by the word rule of this program.
    Words,
    /// Tokens as counted by a column of the input.
    Tokens,
    /// Bytes of UTF-8 text.
    Bytes,
    /// Documents.
    Documents,
}

impl Unit {
    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Words => "words",
            Unit::Tokens => "tokens",
            Unit::Bytes => "bytes",
            Unit::Documents => "documents",
        }
    }
}

/// The mix that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Part of human documents; parts are shares of their sum.
    pub human: f64,
    /// Part of edited variants of human documents.
    pub semi_synthetic: f64,
    /// Part of machine-written documents.
    pub synthetic: f64,
    /// Part of unverified documents; needs `assign.unverified = "own"`.
    pub unverified: f64,
    /// What parts and `total` are counted in.
    pub unit: Unit,
    /// Size of the mix in `unit`; without it the largest that needs no copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Most copies of one document.
    pub max_copies: u32,
    /// Columns whose values are strata inside each part.
    pub strata: Vec<String>,
    /// Weights from a score column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
}

impl Default for Mix {
    fn default() -> Self {
        Mix {
            human: 0.0,
            semi_synthetic: 0.0,
            synthetic: 0.0,
            unverified: 0.0,
            unit: Unit::Words,
            total: None,
            max_copies: 4,
            strata: Vec::new(),
            weight: None,
        }
    }
}

/// A document's weight: `value^power`, or `(1 - value)^power` with `complement`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The score column, or `input.COLUMN`.
    pub column: String,
    /// Exponent.
    #[serde(default = "one")]
    pub power: f64,
    /// Weigh by one minus the value.
    #[serde(default)]
    pub complement: bool,
    /// Weight of a document whose column is null.
    #[serde(default = "one")]
    pub missing: f64,
    /// The parts that are weighted; the others have weight 1. Empty: all.
    #[serde(default)]
    pub origins: Vec<Origin>,
}

fn one() -> f64 {
    1.0
}

/// What becomes of documents between the two thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncertain {
    /// Left out of the mix.
    Drop,
    /// Counted as human.
    Human,
    /// Counted as synthetic.
    Synthetic,
}

/// What becomes of documents that nothing speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    /// Counted as human, and shown apart.
    Human,
    /// A part of the mix of their own.
    Own,
    /// Left out of the mix.
    Drop,
}

/// How documents of unknown origin are assigned one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Assign {
    /// Share of human documents that may be called synthetic.
    pub fpr: f64,
    /// Probability below which a document is called human; uncertain from there to the threshold.
    pub human_below: f64,
    /// Fewest declared-human documents of a source that calibrate its threshold.
    pub min_anchors: u64,
    /// What becomes of uncertain documents.
    pub uncertain: Uncertain,
    /// What becomes of unverified documents.
    pub unverified: Unverified,
}

impl Default for Assign {
    fn default() -> Self {
        Assign {
            fpr: 0.01,
            human_below: 0.5,
            min_anchors: 100,
            uncertain: Uncertain::Drop,
            unverified: Unverified::Human,
        }
    }
}

/// A published set of rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// No rules.
    #[default]
    None,
    /// Gopher's quality and repetition rules.
    Gopher,
    /// FineWeb's rules: Gopher's and its own.
    Fineweb,
}

/// Which documents are dropped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// A published set of rules, before those of `rule`.
    pub preset: Preset,
    /// Rules of one's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Rule>,
}

/// Keeps documents whose column lies in [min, max]; a null is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The reason that reports give; the column's name if empty.
    #[serde(default)]
    pub name: String,
    /// The score column, or `input.COLUMN`.
    pub column: String,
    /// Least value that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Text values that are kept; any other is dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// Documents that the rule holds for; all without it.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
}

/// The documents that a rule holds for: each list that is not empty must have the value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Declared origins (`unknown` where nothing is declared).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<Origin>,
    /// Generations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub generation: Vec<u32>,
    /// Kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<String>,
    /// Languages, ISO 639-1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lang: Vec<String>,
    /// Languages that the rule does not hold for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_lang: Vec<String>,
}

impl When {
    /// True if the rule holds for every document.
    pub fn is_empty(&self) -> bool {
        self.origin.is_empty()
            && self.generation.is_empty()
            && self.kind.is_empty()
            && self.lang.is_empty()
            && self.not_lang.is_empty()
    }
}

/// Whether a human document may be used as itself and as a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseMode {
    /// Each human document is used as itself or as a variant, never both.
    Disjoint,
    /// Both, together within `max_copies`.
    Both,
}

/// The editor's settings as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditPreset {
    /// The threshold that changes `change` of the tokens; the original is never drawn.
    Share,
    /// The rule of the paper: P >= 0.99, top-8, temperature 1, the original allowed.
    Paper,
}

/// Token editing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edit {
    /// `embedded`, or `ngram:PATH`.
    pub prior: String,
    /// The rule.
    pub preset: EditPreset,
    /// Wished share of changed tokens, for the preset `share`.
    pub change: f64,
    /// A fixed threshold instead of the one that `profile` finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// How many of the prior's likeliest tokens a draw chooses among.
    pub top_k: u32,
    /// Temperature of the draw.
    pub temperature: f64,
    /// Whether a human document may be used as itself and as a variant.
    pub base: BaseMode,
}

impl Default for Edit {
    fn default() -> Self {
        Edit {
            prior: "embedded".to_owned(),
            preset: EditPreset::Share,
            change: 0.01,
            threshold: None,
            top_k: 8,
            temperature: 1.0,
            base: BaseMode::Disjoint,
        }
    }
}

/// What must hold before anything is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Largest share of `synthetic` in the mix, judged in `plan`.
    pub max_synthetic: f64,
    /// Least share of a stratum's pool that is kept, judged in `plan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_retention: Option<f64>,
    /// Largest distance in percentage points of a written share from its target, judged in `write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_error_pp: Option<f64>,
}

impl Default for Gates {
    fn default() -> Self {
        Gates {
            max_synthetic: 0.5,
            min_retention: None,
            max_error_pp: None,
        }
    }
}

/// The classifier: embedded, or a file made by `tamis train classifier`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifierModel {
    /// A model file; the embedded one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// blake3 that the file must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A fastText model; its score becomes the column `model_NAME`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FastTextModel {
    /// Name of the column after `model_`.
    pub name: String,
    /// A supervised `.bin` or `.ftz`.
    pub path: String,
    /// The label whose probability is the score.
    pub label: String,
    /// blake3 that the file must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The sample that profiles are made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Text sampled from each source.
    #[serde(with = "size")]
    pub sample: u64,
    /// Text sampled from each shard, from its start.
    #[serde(with = "size")]
    pub sample_per_shard: u64,
    /// Human reference profiles; the embedded ones if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Default for Profile {
    fn default() -> Self {
        Profile {
            sample: 256 << 20,
            sample_per_shard: 4 << 20,
            reference: None,
        }
    }
}

/// What the score stage measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// Identify languages. Without it `lang` is null, and so is whatever needs it.
    pub language: bool,
    /// Measure `nll` and `novelty` under the prior.
    pub nll: bool,
}

impl Default for Score {
    fn default() -> Self {
        Score {
            language: true,
            nll: false,
        }
    }
}

/// How output shards are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// zstd level of output shards, Parquet pages included.
    pub zstd_level: i32,
}

impl Default for Output {
    fn default() -> Self {
        Output { zstd_level: 3 }
    }
}
