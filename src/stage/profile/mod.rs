//! The profile stage: a sample of each source, and what later stages need from one.
//!
//! Shards are taken in the order of a hash of their names, each from its start, until there is
//! enough text; so the sample does not depend on how many threads look at it, and one more shard
//! changes little.

mod sample;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use self::sample::{Sample, sample_shard, widen};
use super::error::StageError;
use super::inputs::Input;
use super::job::{Job, read_json, write_json};
use crate::config::Source;
use crate::edit::ProbabilitySketch;
use crate::provenance::Fingerprint;
use crate::report::pools::PoolMeasures;
use crate::score::concentration::{self, Counts, Profile};
use crate::score::generations::CollapseMetrics;
use crate::score::language::model::LanguageModel;
use crate::score::row::InputType;
use crate::shard::{self, write_atomic};

/// N-grams of a pool that are told as said too often.
const OVER_REPRESENTED: usize = 20;

/// What `profile/SOURCE.json` tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// What the profile was made from.
    pub fingerprint: Fingerprint,
    /// blake3 of the n-gram profile beside it.
    pub profile: String,
    /// Name of the source.
    pub source: String,
    /// Shards that the sample draws from.
    pub shards: u64,
    /// Documents in the sample.
    pub documents: u64,
    /// Bytes of text in the sample.
    pub bytes: u64,
    /// True if the sample is the whole source.
    pub whole: bool,
    /// Documents by language; `null` where none was found.
    pub languages: BTreeMap<String, u64>,
    /// Types of the input columns that filters, weight or strata use.
    pub inputs: BTreeMap<String, String>,
    /// Wanted columns that at least one row has.
    pub seen: BTreeSet<String>,
    /// Concentration of the source's n-grams, by language, against the human reference.
    pub concentration: BTreeMap<String, PoolMeasures>,
    /// Collapse metrics of the sample, by declared generation.
    pub generations: Vec<GenerationLine>,
    /// Token probabilities of declared-human documents by language, for the editor's thresholds.
    pub human_tokens: Sketches,
    /// Token probabilities of documents that nobody declared, by language.
    pub undeclared_tokens: Sketches,
}

/// Collapse metrics of one generation of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationLine {
    /// The declared generation; null where nothing is declared.
    pub generation: Option<u32>,
    /// The metrics.
    #[serde(flatten)]
    pub metrics: CollapseMetrics,
}

/// Token probabilities by language: what is likely differs between languages and their models.
pub type Sketches = BTreeMap<String, ProbabilitySketch>;

/// Adds sketches, language by language.
pub fn merge_sketches(into: &mut Sketches, more: &Sketches) {
    for (lang, sketch) in more {
        into.entry(lang.clone()).or_default().merge(sketch);
    }
}

/// Profiles every source whose profile does not stand.
///
/// # Errors
/// As the engine; a shard that cannot be read is left to `score`, which names it.
pub fn run(job: &Job) -> Result<(), StageError> {
    job.engine.progress.begin("profile", job.inputs.len());
    for (index, source) in job.config.source.iter().enumerate() {
        let inputs: Vec<&Input> = job.inputs.iter().filter(|i| i.source == index).collect();
        let fingerprint = fingerprint(job, source, &inputs);
        let path = job.run.profile(&source.name, "json");
        if let Ok(summary) = read_json::<Summary>(&path) {
            let mut changed = summary.fingerprint.changed(&fingerprint);
            let profile = shard::digest_file(&job.run.profile(&source.name, "bin"));
            if !profile.is_ok_and(|digest| digest.hex == summary.profile) {
                changed.push("its profile".to_owned());
            }
            if changed.is_empty() {
                tracing::info!(stage = "profile", source = source.name, "done before");
                continue;
            }
            let why = changed.join(", ");
            tracing::info!(
                stage = "profile",
                source = source.name,
                changed = why,
                "again"
            );
        }
        let (counts, summary) = make(job, source, inputs, fingerprint)?;
        write_atomic(&job.run.profile(&source.name, "bin"), &counts)?;
        write_json(&path, &summary)?;
    }
    Ok(())
}

/// Samples a source; gives its n-gram profile as it is written, and what is told of it.
///
/// # Errors
/// As [`run`].
pub(super) fn make(
    job: &Job,
    source: &Source,
    inputs: Vec<&Input>,
    fingerprint: Fingerprint,
) -> Result<(Vec<u8>, Summary), StageError> {
    let (sample, whole) = sample(job, source, inputs)?;
    let counts = sample.profile.to_bytes();
    let made = (fingerprint, blake3::hash(&counts).to_hex().to_string());
    Ok((counts, summary(job, source, &sample, whole, made)))
}

/// What the profile of a source is made from; its part `inputs` are the shards.
pub(super) fn fingerprint(job: &Job, source: &Source, inputs: &[&Input]) -> Fingerprint {
    let shards: Vec<(&str, &str)> = inputs
        .iter()
        .map(|i| (i.shard.name.as_str(), i.sampled.as_str()))
        .collect();
    let declared = Source {
        paths: Vec::new(),
        ..source.clone()
    };
    Fingerprint::new()
        .value("version", &env!("CARGO_PKG_VERSION"))
        .value("format", &concentration::VERSION)
        .value("config.source", &declared)
        .value("inputs", &shards)
        .value("config.profile", &job.config.profile)
        .value("config.score", &job.config.score)
        .value("config.limits", &job.config.limits.of_reading())
        .value("config.columns", &job.input_names)
        .digest("model.reference", &job.models.reference_digest)
        .digest("model.language", LanguageModel::embedded().digest())
        .digest("model.prior", &job.models.prior_digest)
}

fn sample(
    job: &Job,
    source: &Source,
    mut inputs: Vec<&Input>,
) -> Result<(Sample, bool), StageError> {
    inputs.sort_by_key(|i| (xxh3_64(i.shard.name.as_bytes()), i.shard.name.clone()));
    let columns = job.columns(source);
    let mut whole = Sample::default();
    let mut taken = 0;
    'enough: for some in inputs.chunks(job.engine.at_once()) {
        let parts = job.engine.each(some, |input| {
            let part = sample_shard(job, source, &columns, input);
            job.engine.progress.shard_done(input.shard.bytes);
            part
        });
        for part in parts {
            match part {
                Some(Ok(part)) => whole.merge(part),
                Some(Err(StageError::Stopped)) | None => return Err(StageError::Stopped),
                Some(Err(error))
                    if error.ends_everything() || matches!(error, StageError::Bug(_)) =>
                {
                    return Err(error);
                }
                // A damaged shard is named by `score`, which reads all of it.
                Some(Err(error)) => {
                    tracing::warn!(stage = "profile", "{}", super::error::chain(&error));
                }
            }
            taken += 1;
            if whole.bytes >= job.config.profile.sample {
                break 'enough;
            }
        }
    }
    let all = taken == inputs.len() && !whole.cut;
    Ok((whole, all))
}

fn summary(
    job: &Job,
    source: &Source,
    sample: &Sample,
    whole: bool,
    (fingerprint, profile): (Fingerprint, String),
) -> Summary {
    let concentration = sample
        .profile
        .languages()
        .filter_map(|(lang, counts)| {
            Some((lang.to_owned(), pool_measures(job, sample, lang, counts)?))
        })
        .collect();
    let inputs = sample
        .inputs
        .iter()
        .map(|(name, seen)| (name.clone(), type_name(*seen).to_owned()))
        .collect();
    let generations = sample
        .generations
        .iter()
        .map(|(generation, tally)| GenerationLine {
            generation: *generation,
            metrics: tally.metrics(),
        })
        .collect();
    Summary {
        fingerprint,
        profile,
        source: source.name.clone(),
        shards: sample.shards,
        documents: sample.documents,
        bytes: sample.bytes,
        whole,
        languages: sample.languages.clone(),
        inputs,
        seen: sample.seen.clone(),
        concentration,
        generations,
        human_tokens: sample.human_tokens.clone(),
        undeclared_tokens: sample.undeclared_tokens.clone(),
    }
}

fn pool_measures(job: &Job, sample: &Sample, lang: &str, counts: &Counts) -> Option<PoolMeasures> {
    let shape = counts.shape()?;
    let reference = job.models.reference.of(lang);
    let divergence = reference.and_then(|reference| counts.divergence(reference));
    Some(PoolMeasures {
        ngrams: counts.ngrams,
        documents: counts.documents,
        entropy: shape.entropy,
        gini: shape.gini,
        top_1_percent: shape.top_1_percent,
        kl: divergence.map(|d| d.kl),
        js: divergence.map(|d| d.js),
        fixed: sample.profile.drawn.fixed(lang, reference),
        over_represented: match (reference, sample.phrases.of(lang)) {
            (Some(human), Some(phrases)) => phrases.over_represented(human, OVER_REPRESENTED),
            _ => Vec::new(),
        },
    })
}

fn type_name(seen: InputType) -> &'static str {
    match seen {
        InputType::Text => "text",
        InputType::Number => "number",
        InputType::Bool => "bool",
    }
}

/// The profiles of all sources, in the order of the configuration.
///
/// # Errors
/// If one is missing or damaged.
pub fn summaries(job: &Job) -> Result<Vec<Summary>, StageError> {
    let sources = job.config.source.iter();
    sources
        .map(|source| {
            read_json(&job.measured.profile(&source.name, "json"))
                .map_err(|error| StageError::Damaged(format!("{error}; run `tamis profile` first")))
        })
        .collect()
}

/// The n-gram profile of a source, with what is kept of its documents.
///
/// # Errors
/// If it is missing or damaged.
pub fn profile_of(job: &Job, source: &str) -> Result<Profile, StageError> {
    let path = job.measured.profile(source, "bin");
    let bytes = std::fs::read(&path).map_err(|e| StageError::io(&path, &e))?;
    Profile::from_bytes(&bytes).map_err(|e| StageError::Damaged(format!("{}: {e}", path.display())))
}

/// The types of the `input.` columns over all sources; text where no row of a sample had a value.
pub fn input_types(job: &Job, summaries: &[Summary]) -> Vec<(String, InputType)> {
    let mut types = BTreeMap::new();
    for (name, seen) in summaries.iter().flat_map(|summary| &summary.inputs) {
        let seen = match seen.as_str() {
            "number" => InputType::Number,
            "bool" => InputType::Bool,
            _ => InputType::Text,
        };
        widen(&mut types, name, seen);
    }
    job.input_names
        .iter()
        .map(|name| {
            let seen = match types.get(name) {
                Some(InputType::Text) | None if used_as_number(job, name) => InputType::Number,
                seen => seen.copied().unwrap_or(InputType::Text),
            };
            (name.clone(), seen)
        })
        .collect()
}

/// True for a column that a bound or a weight needs as a number: a row that holds text there is a bad
/// row, and never a reason to take the whole column for text, on which no bound would hold.
fn used_as_number(job: &Job, name: &str) -> bool {
    let is = |column: &str| column.strip_prefix("input.") == Some(name);
    let rules = &job.config.filters.rule;
    rules
        .iter()
        .any(|rule| is(&rule.column) && (rule.min.is_some() || rule.max.is_some()))
        || job
            .config
            .mix
            .weight
            .iter()
            .any(|weight| is(&weight.column))
}
