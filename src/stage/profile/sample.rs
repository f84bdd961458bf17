//! The sample of a source: counted shard by shard, merged in any order.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::{Sketches, merge_sketches};
use crate::config::Source;
use crate::document::{Key, Origin, Value};
use crate::provenance::lineage;
use crate::score::concentration::{Profile, UNDETERMINED};
use crate::score::generations::TokenTally;
use crate::score::pool::Place;
use crate::score::pool::phrases::PhrasesByLanguage;
use crate::score::row::InputType;
use crate::shard::{self, Block, ReadOptions};
use crate::stage::columns::SourceColumns;
use crate::stage::error::StageError;
use crate::stage::inputs::Input;
use crate::stage::job::Job;
use crate::text::normalise::Unmasked;
use crate::text::{Scan, beginning};

/// Sets the draw of documents for a pool's samples apart from all others of a key.
const PURPOSE: u64 = 0x706f_6f6c_7300;

/// A sample under way.
#[derive(Default)]
pub(super) struct Sample {
    pub(super) shards: u64,
    pub(super) documents: u64,
    pub(super) bytes: u64,
    pub(super) cut: bool,
    pub(super) languages: BTreeMap<String, u64>,
    pub(super) inputs: BTreeMap<String, InputType>,
    pub(super) seen: BTreeSet<String>,
    pub(super) profile: Profile,
    pub(super) phrases: PhrasesByLanguage,
    pub(super) generations: BTreeMap<Option<u32>, TokenTally>,
    pub(super) human_tokens: Sketches,
    pub(super) undeclared_tokens: Sketches,
}

/// The sample of one shard: from its start, until there is enough text or the shard is damaged.
///
/// The rows before damage count whether or not they are salvaged, so that the profile of a source, and with it
/// the scores of its other shards, do not depend on what becomes of one.
///
/// # Errors
/// If nothing of the shard can be read, or the work was stopped.
pub(super) fn sample_shard(
    job: &Job,
    source: &Source,
    columns: &SourceColumns,
    input: &Input,
) -> Result<Sample, StageError> {
    let sample = |stop_after| sample_rows(job, source, columns, (input, stop_after));
    sample(None).or_else(|error| match error.rows_before() {
        Some(rows) => sample(Some(rows)),
        None => Err(error),
    })
}

fn sample_rows(
    job: &Job,
    source: &Source,
    columns: &SourceColumns,
    (input, stop_after): (&Input, Option<u64>),
) -> Result<Sample, StageError> {
    let options = ReadOptions {
        stop_after,
        salvage: true,
        ..job.engine.reading(&job.config.limits)
    };
    let mut reader = shard::open(&input.shard, &columns.columns, &options)?.narrow();
    let mut sample = Sample {
        shards: 1,
        ..Sample::default()
    };
    let shard = xxh3_64(input.shard.name.as_bytes());
    let mut scan = Scan::default();
    while let Some(raw) = reader.next_block()? {
        if job.engine.progress.stopped() {
            return Err(StageError::Stopped);
        }
        let block = raw.decode(&columns.columns);
        for i in 0..block.len() {
            if sample.bytes >= job.config.profile.sample_per_shard {
                sample.cut = true;
                return Ok(sample);
            }
            let row = block.first_row() + i as u64;
            let draw = Key::of_row(&source.name, &input.shard.name, row).draw(0, PURPOSE);
            let at = (draw, Place { shard, row });
            sample.add(job, source, columns, (&block, i, at), &mut scan)?;
        }
    }
    Ok(sample)
}

impl Sample {
    fn add(
        &mut self,
        job: &Job,
        source: &Source,
        columns: &SourceColumns,
        (block, i, at): (&Block, usize, (u64, Place)),
        scan: &mut Scan,
    ) -> Result<(), StageError> {
        for (name, &place) in job.input_names.iter().zip(&columns.inputs) {
            if block.not_finite(place, i) {
                widen(&mut self.inputs, name, InputType::Number);
            }
            if let Some(value) = block.extra(place, i) {
                self.see_input(name, &value);
            }
        }
        for (place, name) in columns.columns.extra.iter().enumerate() {
            let there = || block.extra(place, i).is_some() || block.not_finite(place, i);
            if !self.seen.contains(name) && there() {
                self.seen.insert(name.clone());
            }
        }
        let Ok(text) = block.text(i) else {
            return Ok(());
        };
        // A document longer than a shard's sample is sampled by its beginning.
        let most = usize::try_from(job.config.profile.sample_per_shard).unwrap_or(usize::MAX);
        let text = beginning(text, most);
        let declared = columns.declared(
            source,
            |place| block.extra(place, i),
            block.provenance(i).as_deref(),
        );
        self.documents += 1;
        self.bytes += text.len() as u64;
        job.engine.progress.add(1, text.len() as u64);
        let (lang, _) = job.language(source).of(&Unmasked::new(text));
        let lang = lang.as_deref();
        let shown = lang.unwrap_or("null");
        *self.languages.entry(shown.to_owned()).or_default() += 1;
        scan.read(text);
        self.profile.add(lang, scan);
        self.profile.sample(lang, scan, at);
        self.phrases.add(lang.unwrap_or(UNDETERMINED), text, scan);
        if let Some(lang) = lang {
            let tokens = match declared.origin {
                Some((Origin::Human, _)) if !declared.edited => Some(&mut self.human_tokens),
                None => Some(&mut self.undeclared_tokens),
                Some(_) => None,
            };
            if let Some(tokens) = tokens.filter(|_| job.models.prior.knows(lang)) {
                tokens
                    .entry(lang.to_owned())
                    .or_default()
                    .add(text, lang, &*job.models.prior)
                    .map_err(|e| StageError::Usage(e.to_string()))?;
            }
        }
        let generation = declared
            .origin
            .map(|(origin, _)| lineage::generation(origin, declared.generation));
        self.generations
            .entry(generation)
            .or_default()
            .add(text, scan, at.0);
        Ok(())
    }

    /// Numbers and booleans mixed are numbers; anything else mixed is text.
    fn see_input(&mut self, name: &str, value: &Value) {
        let seen = match value {
            Value::Bool(_) => InputType::Bool,
            Value::Int(_) | Value::Float(_) => InputType::Number,
            Value::Text(_) => InputType::Text,
        };
        widen(&mut self.inputs, name, seen);
    }

    pub(super) fn merge(&mut self, other: Sample) {
        self.shards += other.shards;
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.cut |= other.cut;
        for (lang, count) in other.languages {
            *self.languages.entry(lang).or_default() += count;
        }
        for (name, seen) in &other.inputs {
            widen(&mut self.inputs, name, *seen);
        }
        self.seen.extend(other.seen);
        self.profile.merge(other.profile);
        self.phrases.merge(other.phrases);
        for (generation, tally) in other.generations {
            self.generations.entry(generation).or_default().merge(tally);
        }
        merge_sketches(&mut self.human_tokens, &other.human_tokens);
        merge_sketches(&mut self.undeclared_tokens, &other.undeclared_tokens);
    }
}

pub(super) fn widen(inputs: &mut BTreeMap<String, InputType>, name: &str, seen: InputType) {
    let wider = match (inputs.get(name), seen) {
        (None, seen) => seen,
        (Some(known), seen) if *known == seen => seen,
        (Some(InputType::Text), _) | (_, InputType::Text) => InputType::Text,
        _ => InputType::Number,
    };
    inputs.insert(name.to_owned(), wider);
}
