//! One run: its configuration, inputs, models and engine, checked before any work begins.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::columns::{SourceColumns, input_names};
use super::engine::{Engine, caught};
use super::error::StageError;
use super::inputs::{Input, format_name, resolve};
use super::models::Models;
use super::preflight::{known_columns, lock_of, refuse_foreign, refuse_other_plan, written_config};
use super::progress::Progress;
use super::tasks::Task;
use crate::config::{self, Config, Source};
use crate::provenance::inputs::{InputLine, InputList, scores_of};
use crate::provenance::run_dir::Stage;
use crate::provenance::{Failure, Fingerprint, RunDir, ShardRecord};
use crate::score::language::Language;
use crate::shard::write_atomic;

/// What a call may set, and a configuration may not: none of it changes a byte of the result.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// Worker threads.
    pub threads: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Failed shards that are tolerated.
    pub allow_failed: u64,
    /// Counters and stop flag.
    pub progress: Arc<Progress>,
}

/// How much of a run a call does, and so what it must not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// All stages: no other such call may work on the run directory.
    Run,
    /// One stage over all shards.
    Stage,
    /// One stage over the shards of one task: any number at once, and no locks.
    Task(Task),
}

/// One run.
pub struct Job {
    /// The configuration, paths expanded and sorted.
    pub config: Config,
    /// The run directory.
    pub run: RunDir,
    /// Where the profiles and scores lie: the same, unless they are another run's.
    pub measured: RunDir,
    /// The input shards, by source and name: all, or those of the task.
    pub inputs: Vec<Input>,
    /// The task, if this call is one.
    pub task: Option<Task>,
    /// The models.
    pub models: Models,
    /// Threads, memory, progress.
    pub engine: Engine,
    /// Failed shards that are tolerated.
    pub allow_failed: u64,
    /// Names of the `input.` columns of the scores.
    pub input_names: Vec<String>,
    /// Keeps a second run out of a live run directory; none in a task, or where another call has it.
    pub(super) lock: Option<File>,
}

impl Job {
    /// Checks everything that can be checked before work begins, then opens the run directory.
    ///
    /// # Errors
    /// Configuration, models, inputs, permissions, a live run in the same directory, a plan for
    /// another mix; for a task, a run directory of another configuration.
    pub fn open(
        mut config: Config,
        out: &Path,
        options: &CallOptions,
        call: Call,
    ) -> Result<Job, StageError> {
        let run = RunDir::new(absolute(out)?);
        let measured = scores_of(&run).map_or_else(|| run.clone(), |s| RunDir::new(s.run));
        let input_names = input_names(&config);
        known_columns(&config)?;
        let engine = engine(options)?;
        let task = match call {
            Call::Task(task) => Some(task),
            Call::Run | Call::Stage => None,
        };
        let models = Models::load(&config);
        let inputs = resolve(&mut config, run.root(), &engine, task);
        let (models, inputs) = match (models, inputs) {
            (Ok(models), Ok(inputs)) => (models, inputs),
            (Err(StageError::Usage(a)), Err(StageError::Usage(b))) => {
                return Err(StageError::Usage(format!("{a}\n{b}")));
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        refuse_foreign(&run)?;
        config.out = Some(".".to_owned());
        let lock = lock_of(&config, &run, call)?;
        let job = Job {
            input_names,
            engine,
            allow_failed: options.allow_failed,
            config,
            run,
            measured,
            inputs,
            task,
            models,
            lock,
        };
        refuse_other_plan(&job.config, &job.run)?;
        if task.is_none() {
            job.write_config()?;
        }
        Ok(job)
    }

    /// What a run would do, in words, after every check but without writing anything.
    ///
    /// # Errors
    /// As [`Job::open`].
    pub fn preview(
        mut config: Config,
        out: &Path,
        options: &CallOptions,
    ) -> Result<String, StageError> {
        known_columns(&config)?;
        Models::load(&config)?;
        let inputs = resolve(&mut config, out, &engine(options)?, None)?;
        refuse_foreign(&RunDir::new(absolute(out)?))?;
        let mut text = String::from("would run profile, score, plan, write, report\n");
        for (index, source) in config.source.iter().enumerate() {
            let of = inputs.iter().filter(|input| input.source == index);
            let (count, bytes) = of.fold((0u64, 0), |(n, b), i| (n + 1, b + i.shard.bytes));
            text.push_str(&format!(
                "  source {}: origin {}, {count} shards, {:.1} MB\n",
                source.name,
                source.origin,
                bytes as f64 / 1e6
            ));
        }
        text.push_str(&format!(
            "  into {} with {} threads; nothing was written",
            out.display(),
            options.threads
        ));
        Ok(text)
    }

    /// Writes `config.toml` and `inputs.json` where they are not there as they should be.
    fn write_config(&self) -> Result<(), StageError> {
        if written_config(&self.run).as_deref() != Some(&*config::to_toml(&self.config)?) {
            let text = config::to_toml(&self.config)?;
            write_atomic(&self.run.config(), text.as_bytes())?;
        }
        let known = read_json::<InputList>(&self.run.inputs()).ok();
        let blank = |mut list: InputList| {
            list.inputs.iter_mut().for_each(|line| line.digest = None);
            list
        };
        let list = self.input_list(false)?;
        if known.map(blank).as_ref() != Some(&list) {
            write_json(&self.run.inputs(), &list)?;
        }
        Ok(())
    }

    /// Writes `inputs.json`, with the digests that `score` has seen.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_inputs(&self) -> Result<(), StageError> {
        write_json(&self.run.inputs(), &self.input_list(true)?)
    }

    /// `inputs.json`, with the digests that `score` has seen or without any.
    ///
    /// # Errors
    /// A stop.
    pub(super) fn input_list(&self, digests: bool) -> Result<InputList, StageError> {
        let line = |input: &Input| -> Result<InputLine, StageError> {
            self.go_on()?;
            let record = digests.then(|| self.record(&self.measured, Stage::Score, input));
            Ok(InputLine {
                source: self.source(input).name.clone(),
                shard: input.shard.name.clone(),
                path: input.shard.path.to_string_lossy().into_owned(),
                format: format_name(input.shard.format).to_owned(),
                size: input.shard.bytes,
                digest: record
                    .flatten()
                    .filter(|record| record.input.sampled == input.sampled)
                    .map(|record| record.input.digest),
            })
        };
        Ok(InputList {
            inputs: self.inputs.iter().map(line).collect::<Result<_, _>>()?,
            scores: scores_of(&self.run),
        })
    }

    /// Asked wherever many small steps follow each other.
    ///
    /// # Errors
    /// If the work was asked to stop.
    pub fn go_on(&self) -> Result<(), StageError> {
        self.engine.progress.go_on()
    }

    /// The source of an input.
    pub fn source(&self, input: &Input) -> &Source {
        &self.config.source[input.source]
    }

    /// Who says which language a source's documents are in.
    pub fn language(&self, source: &Source) -> Language {
        match &source.lang {
            Some(lang) => Language::Declared(lang.clone()),
            None if self.config.score.language => Language::Identified,
            None => Language::Unknown,
        }
    }

    /// The columns that are wanted of a source.
    pub fn columns(&self, source: &Source) -> SourceColumns {
        SourceColumns::new(source, &self.input_names)
    }

    /// `SOURCE/SHARD`, as failures name it.
    pub fn name(&self, input: &Input) -> String {
        format!("{}/{}", self.source(input).name, input.shard.name)
    }

    /// The resume record of an input in a stage.
    pub fn record(&self, run: &RunDir, stage: Stage, input: &Input) -> Option<ShardRecord> {
        let source = &self.source(input).name;
        ShardRecord::read(&run.record(stage, source, &input.shard.name))
    }

    /// Writes the resume record of a shard.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_record(&self, stage: Stage, record: &ShardRecord) -> Result<(), StageError> {
        let path = self.run.record(stage, &record.source, &record.shard);
        write_json(&path, record)
    }

    /// True if an earlier call did this shard and its result stands; otherwise says why not.
    pub fn done_before(&self, stage: Stage, input: &Input, fingerprint: &Fingerprint) -> bool {
        let Some(record) = self.record(&self.run, stage, input) else {
            return false;
        };
        match self.stands(&record, fingerprint) {
            Ok(()) => {
                self.engine.progress.shard_done_before(input.shard.bytes);
                true
            }
            Err(why) => {
                tracing::info!(stage = stage.name(), shard = self.name(input), why, "again");
                false
            }
        }
    }

    /// Does a shard's work in a stage unless its result stands, and puts on record if it fails.
    ///
    /// A twin may be at the same shard. If it was done while this call failed, then the shard is done:
    /// what the twin wrote is neither removed nor called a failure.
    ///
    /// # Errors
    /// Those of `work`, unless a twin had better luck.
    pub fn attempt(
        &self,
        stage: Stage,
        input: &Input,
        fingerprint: &Fingerprint,
        work: impl FnOnce() -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        if self.done_before(stage, input, fingerprint) {
            return Ok(());
        }
        let Err(error) = caught(work) else {
            return Ok(());
        };
        if matches!(error, StageError::Stopped) {
            return Err(error);
        }
        let record = self.record(&self.run, stage, input);
        if record.is_some_and(|record| self.stands(&record, fingerprint).is_ok()) {
            let (shard, why) = (self.name(input), super::error::chain(&error));
            tracing::warn!(stage = stage.name(), shard, why, "done by another call");
            self.engine.progress.shard_done(input.shard.bytes);
            return Ok(());
        }
        if error.fails_shard() {
            let failure = error.failure_of(&self.name(input));
            self.write_record(stage, &self.failed(stage, input, failure))?;
        }
        Err(error)
    }

    /// The record of a shard that failed.
    pub(super) fn failed(&self, stage: Stage, input: &Input, failure: Failure) -> ShardRecord {
        let source = &self.source(input).name;
        let fingerprint = Fingerprint::new().digest("input", &input.sampled);
        let mut record = ShardRecord::new(stage.name(), source, &input.shard.name, fingerprint);
        record.input.sampled = input.sampled.clone();
        record.input.bytes = input.shard.bytes;
        record.failure = Some(failure);
        record
    }

    /// Whether a recorded result stands: same fingerprint, and its files are those that were written.
    fn stands(&self, record: &ShardRecord, fingerprint: &Fingerprint) -> Result<(), String> {
        if record.failure.is_some() {
            return Err("it failed before".to_owned());
        }
        let changed = record.fingerprint.changed(fingerprint);
        if !changed.is_empty() {
            return Err(format!("{} changed", changed.join(", ")));
        }
        match record.files.iter().find_map(|file| file.differs(&self.run)) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }
}

/// Writes a value as indented JSON with a last newline, atomically.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StageError> {
    write_atomic(path, &json(value)?)?;
    Ok(())
}

/// A value as [`write_json`] writes it.
///
/// # Errors
/// If it has no JSON form.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>, StageError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|e| StageError::Bug(format!("JSON: {e}")))?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a JSON file that this program wrote.
///
/// # Errors
/// If it is missing or damaged.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, StageError> {
    let bytes = std::fs::read(path)
        .map_err(|e| StageError::Damaged(format!("{} cannot be read: {e}", path.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| StageError::Damaged(format!("{} is damaged: {e}", path.display())))
}

/// Absolute, and without `..` where what they go through exists.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, StageError> {
    let absolute = std::path::absolute(path).map_err(|e| StageError::io(path, &e))?;
    Ok(super::inputs::real(&absolute))
}

pub(super) fn engine(options: &CallOptions) -> Result<Engine, StageError> {
    let progress = Arc::clone(&options.progress);
    Engine::new(options.threads, options.memory, progress)
}

#[cfg(test)]
mod tests;
