//! One run: its configuration, inputs, models and engine, checked before any work begins.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::columns::{SourceColumns, input_names};
use super::engine::Engine;
use super::error::StageError;
use super::inputs::{Input, format_name, resolve};
use super::models::Models;
use super::preflight::{known_columns, refuse_foreign, refuse_other_plan, take_lock};
use super::progress::Progress;
use crate::config::{self, Config, Source};
use crate::provenance::inputs::{InputLine, InputList, scores_of};
use crate::provenance::manifest::{is_temporary, with_temporaries};
use crate::provenance::run_dir::Stage;
use crate::provenance::{Fingerprint, RunDir, ShardRecord};
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

/// One run.
pub struct Job {
    /// The configuration, paths expanded and sorted.
    pub config: Config,
    /// The run directory.
    pub run: RunDir,
    /// Where the profiles and scores lie: the same, unless they are another run's.
    pub measured: RunDir,
    /// Every input shard, by source and name.
    pub inputs: Vec<Input>,
    /// The models.
    pub models: Models,
    /// Threads, memory, progress.
    pub engine: Engine,
    /// Failed shards that are tolerated.
    pub allow_failed: u64,
    /// Names of the `input.` columns of the scores.
    pub input_names: Vec<String>,
    /// Keeps a second run out of a live run directory.
    _lock: Option<File>,
}

impl Job {
    /// Checks everything that can be checked before work begins, then opens the run directory.
    ///
    /// # Errors
    /// Configuration, models, inputs, permissions, a live run in the same directory, or a plan for
    /// another mix.
    pub fn open(
        mut config: Config,
        out: &Path,
        options: &CallOptions,
        lock: bool,
    ) -> Result<Job, StageError> {
        let run = RunDir::new(absolute(out)?);
        let measured = scores_of(&run).map_or_else(|| run.clone(), |s| RunDir::new(s.run));
        let input_names = input_names(&config);
        known_columns(&config)?;
        let models = Models::load(&config);
        let inputs = resolve(&mut config, run.root());
        let (models, inputs) = match (models, inputs) {
            (Ok(models), Ok(inputs)) => (models, inputs),
            (Err(StageError::Usage(a)), Err(StageError::Usage(b))) => {
                return Err(StageError::Usage(format!("{a}\n{b}")));
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        refuse_foreign(&run)?;
        config.out = Some(".".to_owned());
        std::fs::create_dir_all(run.log()).map_err(|e| StageError::io(&run.log(), &e))?;
        let lock = if lock { Some(take_lock(&run)?) } else { None };
        let job = Job {
            input_names,
            engine: Engine::new(
                options.threads,
                options.memory,
                Arc::clone(&options.progress),
            )?,
            allow_failed: options.allow_failed,
            config,
            run,
            measured,
            inputs,
            models,
            _lock: lock,
        };
        refuse_other_plan(&job.config, &job.run)?;
        job.write_config()?;
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
        let inputs = resolve(&mut config, out)?;
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

    /// Removes what an earlier call left behind: temporary files, and files of shards that are no
    /// inputs any more. Only for the holder of the lock.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn tidy(&self) -> Result<(), StageError> {
        let root = self.run.root();
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
        for source in &self.config.source {
            wanted.insert(self.run.profile(&source.name, "bin"));
            wanted.insert(self.run.profile(&source.name, "json"));
        }
        for input in &self.inputs {
            let (source, shard) = (&self.source(input).name, &input.shard.name);
            wanted.insert(self.run.scores(source, shard));
            wanted.insert(self.run.data(source, shard));
            wanted.insert(self.run.quarantine(source, shard));
            wanted.insert(self.run.record(Stage::Score, source, shard));
            wanted.insert(self.run.record(Stage::Write, source, shard));
        }
        let ours = ["profile", "scores", "data", "quarantine", "manifest"].map(|f| root.join(f));
        let found = with_temporaries(&self.run).map_err(|e| StageError::io(root, &e))?;
        for path in found {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let stale =
                ours.iter().any(|folder| path.starts_with(folder)) && !wanted.contains(&path);
            if stale && !is_temporary(&path) || abandoned(&name) {
                std::fs::remove_file(&path).map_err(|e| StageError::io(&path, &e))?;
            }
        }
        Ok(())
    }

    fn write_config(&self) -> Result<(), StageError> {
        let text = config::to_toml(&self.config)?;
        write_atomic(&self.run.config(), text.as_bytes())?;
        self.write_inputs()
    }

    /// Writes `inputs.json`, with the digests that `score` has seen.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_inputs(&self) -> Result<(), StageError> {
        let line = |input: &Input| -> Result<InputLine, StageError> {
            // Absolute, so that the inputs are found from wherever the run is checked.
            let path = std::path::absolute(&input.shard.path)
                .map_err(|e| StageError::io(&input.shard.path, &e))?;
            Ok(InputLine {
                source: self.source(input).name.clone(),
                shard: input.shard.name.clone(),
                path: path.to_string_lossy().into_owned(),
                format: format_name(input.shard.format).to_owned(),
                size: input.shard.bytes,
                digest: self
                    .record(&self.measured, Stage::Score, input)
                    .filter(|record| record.input.sampled == input.sampled)
                    .map(|record| record.input.digest),
            })
        };
        let list = InputList {
            inputs: self.inputs.iter().map(line).collect::<Result<_, _>>()?,
            scores: scores_of(&self.run),
        };
        write_json(&self.run.inputs(), &list)
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

    /// Removes what an earlier call made of a shard in a stage, where the shard failed now.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn remove_outputs(&self, stage: Stage, input: &Input) -> Result<(), StageError> {
        let (source, shard) = (&self.source(input).name, &input.shard.name);
        let outputs = match stage {
            Stage::Score => vec![
                self.run.scores(source, shard),
                self.run.quarantine(source, shard),
            ],
            Stage::Write => vec![
                self.run.data(source, shard),
                self.run.record(stage, source, shard),
            ],
            Stage::Profile | Stage::Plan | Stage::Report => Vec::new(),
        };
        for path in outputs {
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StageError::io(&path, &e));
                }
                _ => {}
            }
        }
        Ok(())
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
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|e| StageError::Bug(format!("{}: {e}", path.display())))?;
    text.push(b'\n');
    write_atomic(path, &text)?;
    Ok(())
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
fn absolute(path: &Path) -> Result<PathBuf, StageError> {
    let absolute = std::path::absolute(path).map_err(|e| StageError::io(path, &e))?;
    Ok(super::inputs::real(&absolute))
}

/// True for the temporary file of a process that is no more: `.tmp-PID-..`.
fn abandoned(name: &str) -> bool {
    let owner = name
        .strip_prefix(".tmp-")
        .and_then(|rest| rest.split('-').next());
    owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
}
