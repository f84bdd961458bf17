//! Which shards a configuration means, checked before any work begins.

use std::path::Path;

use super::columns::{SourceColumns, input_names};
use super::error::StageError;
use super::schemas::Schemas;
use crate::config::Config;
use crate::shard::{self, Format, Shard, ShardError};

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

/// Finds the shards of every source, sorted, and puts their paths into the configuration.
///
/// # Errors
/// Everything that can be known before work begins, all at once: nothing found, unreadable files,
/// text columns that are missing or of another type, columns of two types, collisions, an output inside an input.
pub fn resolve(config: &mut Config, out: &Path) -> Result<Vec<Input>, StageError> {
    let mut inputs = Vec::new();
    let mut faults = Faults::default();
    for (index, source) in config.source.iter_mut().enumerate() {
        for pattern in &source.paths {
            inside_folder(pattern, out, &mut faults);
        }
        match shard::find(&source.paths) {
            Ok(shards) => {
                source.paths = shards.iter().map(expanded).collect();
                source.paths.sort();
                for shard in shards {
                    match shard::sampled_digest(&shard.path) {
                        Ok(sampled) => inputs.push(Input {
                            source: index,
                            shard,
                            sampled,
                        }),
                        Err(error) => faults.add(error),
                    }
                }
            }
            Err(error) => faults.add(error),
        }
    }
    let names = input_names(config);
    let wanted = config.source.iter();
    let wanted: Vec<SourceColumns> = wanted.map(|s| SourceColumns::new(s, &names)).collect();
    let mut schemas: Vec<Schemas> = wanted.iter().map(|_| Schemas::default()).collect();
    for input in &inputs {
        match shard::schema_of(&input.shard, &wanted[input.source].columns) {
            Ok(summary) => schemas[input.source].add(&input.shard, summary),
            // A shard that is damaged fails by itself later, in its turn.
            Err(error) if error.is_data() => {}
            Err(error) => faults.add(error),
        }
        overlap(&input.shard, out, &mut faults);
    }
    for (source, schemas) in config.source.iter().zip(&schemas) {
        faults.usage.extend(schemas.clashes(&source.name));
        schemas.tell(&source.name);
    }
    twice(config, &inputs, &mut faults);
    faults.end()?;
    Ok(inputs)
}

/// The path with a `/./` where its name begins, so that the shard keeps its name.
fn expanded(shard: &Shard) -> String {
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

/// Refuses a file that two sources read: its rows would be in the mix twice.
fn twice(config: &Config, inputs: &[Input], faults: &mut Faults) {
    let mut seen = std::collections::BTreeMap::new();
    for input in inputs {
        let Ok(path) = std::fs::canonicalize(&input.shard.path) else {
            continue;
        };
        if let Some(other) = seen.insert(path, input.source) {
            faults.usage.push(format!(
                "{} is in the sources `{}` and `{}`: a shard belongs to one source",
                input.shard.path.display(),
                config.source[other].name,
                config.source[input.source].name
            ));
        }
    }
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
