//! Which shards a configuration means, checked before any work begins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::columns::{SourceColumns, input_names};
use super::engine::Engine;
use super::error::StageError;
use super::schemas::Schemas;
use super::tasks::Task;
use crate::config::Config;
use crate::shard::{self, Format, SchemaSummary, Shard, ShardError};

/// One input shard of a run.
#[derive(Debug, Clone)]
pub struct Input {
    /// Place of its source in the configuration.
    pub source: usize,
    /// The shard.
    pub shard: Shard,
    /// Digest of size, start, middle and end.
    pub sampled: String,
}

/// Finds the shards of every source, sorted, and puts their paths into the configuration; gives
/// those of the task, or all.
///
/// # Errors
/// Everything that can be known before work begins, all at once: nothing found, unreadable files,
/// text columns that are missing or of another type, columns of two types, collisions, an output inside an input. A stop.
pub fn resolve(
    config: &mut Config,
    out: &Path,
    engine: &Engine,
    task: Option<Task>,
) -> Result<Vec<Input>, StageError> {
    let mut found: Vec<(usize, Shard)> = Vec::new();
    let mut faults = Faults::default();
    for (index, source) in config.source.iter_mut().enumerate() {
        for pattern in &source.paths {
            inside_folder(pattern, out, &mut faults);
        }
        match shard::find(&source.paths) {
            Ok(shards) => {
                source.paths = shards.iter().map(expanded).collect();
                source.paths.sort();
                found.extend(shards.into_iter().map(|shard| (index, absolute(shard))));
            }
            Err(error) => faults.add(error),
        }
    }
    twice(config, &found, engine, &mut faults)?;
    names(config, &found, &mut faults);
    if let Some(task) = task {
        found = task.share(found, |(_, shard)| shard.bytes);
    }
    let names = input_names(config);
    let wanted = config.source.iter();
    let wanted: Vec<SourceColumns> = wanted.map(|s| SourceColumns::new(s, &names)).collect();
    let mut schemas: Vec<Schemas> = wanted.iter().map(|_| Schemas::default()).collect();
    let looks = engine.each(&found, |(source, shard)| {
        engine.progress.go_on()?;
        Ok(look(&wanted[*source], shard))
    });
    let mut inputs = Vec::new();
    for ((source, shard), look) in found.into_iter().zip(looks) {
        match look.unwrap_or(Err(StageError::Stopped))? {
            Ok((sampled, summary)) => {
                if let Some(summary) = summary {
                    schemas[source].add(&shard, summary);
                }
                overlap(&shard, out, &mut faults);
                inputs.push(Input {
                    source,
                    shard,
                    sampled,
                });
            }
            Err(error) => faults.add(error),
        }
    }
    for (source, schemas) in config.source.iter().zip(&schemas) {
        faults.usage.extend(schemas.clashes(&source.name));
        schemas.tell(&source.name);
    }
    faults.end()?;
    Ok(inputs)
}

/// Opens a shard; gives its sampled digest and what is known of its columns.
fn look(
    wanted: &SourceColumns,
    shard: &Shard,
) -> Result<(String, Option<SchemaSummary>), ShardError> {
    let sampled = shard::sampled_digest(&shard.path)?;
    match shard::schema_of(shard, &wanted.columns) {
        Ok(summary) => Ok((sampled, Some(summary))),
        // A shard that is damaged fails by itself later, in its turn.
        Err(error) if error.is_data() => Ok((sampled, None)),
        Err(error) => Err(error),
    }
}

/// Found from anywhere, and named alike in records however the shard was asked for.
fn absolute(mut shard: Shard) -> Shard {
    if let Ok(path) = std::path::absolute(&shard.path) {
        shard.path = path;
    }
    shard
}

/// The path with a `/./` where its name begins, so that the shard keeps its name.
pub fn expanded(shard: &Shard) -> String {
    let path = std::path::absolute(&shard.path).unwrap_or_else(|_| shard.path.clone());
    let path = path.to_string_lossy();
    match path.strip_suffix(&shard.name) {
        Some(base) if base.ends_with('/') => format!("{base}./{}", shard.name),
        _ => path.into_owned(),
    }
}

#[derive(Default)]
struct Faults {
    usage: Vec<String>,
    environment: Vec<String>,
}

impl Faults {
    fn add(&mut self, error: ShardError) {
        let text = super::error::chain(&error);
        let list = if error.is_environment() {
            &mut self.environment
        } else {
            &mut self.usage
        };
        if !list.contains(&text) {
            list.push(text);
        }
    }

    fn end(self) -> Result<(), StageError> {
        let all = |more: Vec<String>, first: Vec<String>| {
            first.into_iter().chain(more).collect::<Vec<_>>().join("\n")
        };
        if !self.environment.is_empty() {
            return Err(StageError::Environment(all(self.usage, self.environment)));
        }
        if !self.usage.is_empty() {
            return Err(StageError::Usage(all(Vec::new(), self.usage)));
        }
        Ok(())
    }
}

/// Refuses an output that would lie where the input is: by real path, so that links do not hide it.
fn overlap(shard: &Shard, out: &Path, faults: &mut Faults) {
    if std::fs::canonicalize(&shard.path).is_ok_and(|path| path.starts_with(real(out))) {
        faults.usage.push(format!(
            "the input {} lies inside the run directory {}: choose another --out",
            shard.path.display(),
            out.display()
        ));
    }
}

/// Refuses an output inside a folder that is an input: the next run would read it.
fn inside_folder(pattern: &str, out: &Path, faults: &mut Faults) {
    // A folder, or what a recursive glob walks.
    let folder = pattern.split("**").next().unwrap_or(pattern);
    let folder = Path::new(folder);
    if folder.is_dir() && real(out).starts_with(real(folder)) {
        faults.usage.push(format!(
            "the run directory {} lies inside the input folder {pattern}: choose another --out",
            out.display(),
        ));
    }
}

/// True if two paths name one file, hard links included.
pub fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// The real path of something that may not exist yet: of its nearest ancestor that does.
pub fn real(path: &Path) -> std::path::PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for ancestor in absolute.ancestors() {
        if let Ok(found) = std::fs::canonicalize(ancestor) {
            let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return found.join(rest);
        }
    }
    absolute
}

/// Longest name of a file that common file systems take, in bytes.
const NAME_LIMIT: usize = 255;

/// What is added to the name of a shard for the files of a run, or nothing.
const ENDINGS: [&str; 4] = ["", ".parquet", ".jsonl", ".json"];

/// Refuses shards for whose files there would be no place: names too long, or a file where the shards
/// of a folder need that folder.
fn names(config: &Config, found: &[(usize, Shard)], faults: &mut Faults) {
    let files: BTreeSet<(usize, String)> = found
        .iter()
        .flat_map(|(source, shard)| ENDINGS.map(|end| (*source, format!("{}{end}", shard.name))))
        .collect();
    let longest = ENDINGS.map(str::len).into_iter().max().unwrap_or(0);
    for (source, shard) in found {
        let name = &shard.name;
        let last = name.rsplit('/').next().unwrap_or(name);
        if last.len() + longest > NAME_LIMIT {
            faults.environment.push(format!(
                "{} has too long a name: files of the run add up to {longest} bytes to it, and file systems take {NAME_LIMIT}",
                shard.path.display()
            ));
        }
        for (at, _) in name.match_indices('/') {
            if files.contains(&(*source, name[..at].to_owned())) {
                faults.usage.push(format!(
                    "{} of source `{}` lies in a folder whose name the run needs for a file of another shard: put it into a source of its own",
                    shard.path.display(),
                    config.source[*source].name
                ));
            }
        }
    }
}

/// Refuses a file that two sources read, under whatever names: its rows would be in the mix twice.
fn twice(
    config: &Config,
    found: &[(usize, Shard)],
    engine: &Engine,
    faults: &mut Faults,
) -> Result<(), StageError> {
    use std::os::unix::fs::MetadataExt;
    let mut seen = BTreeMap::new();
    for (source, shard) in found {
        engine.progress.go_on()?;
        let Ok(file) = std::fs::metadata(&shard.path) else {
            continue;
        };
        let Some((other, path)) = seen.insert((file.dev(), file.ino()), (*source, &shard.path))
        else {
            continue;
        };
        let also = if *path == shard.path {
            String::new()
        } else {
            format!(", which is {} as well,", path.display())
        };
        faults.usage.push(format!(
            "{}{also} is in the sources `{}` and `{}`: a shard belongs to one source",
            shard.path.display(),
            config.source[other].name,
            config.source[*source].name
        ));
    }
    Ok(())
}

/// The public name of a format.
pub fn format_name(format: Format) -> &'static str {
    match format {
        Format::Parquet => "parquet",
        Format::Jsonl => "jsonl",
        Format::JsonlGz => "jsonl.gz",
        Format::JsonlZst => "jsonl.zst",
    }
}
