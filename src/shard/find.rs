//! Which shards a pattern means, and what they are called.
//!
//! A pattern is a file, a folder (read recursively) or a glob. A shard's name is its path below the
//! pattern's fixed part - the folder, or a glob up to its first wildcard - so that one more shard renames no
//! other. Names become paths of outputs, so they are plain: UTF-8, no `..`, no control characters.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::ShardError;

/// Ends the fixed part of a file's path: `web/./x/a.jsonl` is the shard `x/a.jsonl`. So a list of files can
/// say what a folder or glob would have said.
const MARK: &str = "/./";

/// How a shard is written, told by its file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Jsonl,
    /// The same, gzip-compressed.
    JsonlGz,
    /// The same, zstd-compressed.
    JsonlZst,
}

impl Format {
    /// The format that a file name promises: `.parquet`, or `.jsonl`, `.ndjson` or `.json` with or without
    /// `.gz`, `.zst`.
    pub fn of_name(name: &str) -> Option<Format> {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".parquet") {
            return Some(Format::Parquet);
        }
        let (stem, format) = if let Some(stem) = name.strip_suffix(".gz") {
            (stem, Format::JsonlGz)
        } else if let Some(stem) = name.strip_suffix(".zst") {
            (stem, Format::JsonlZst)
        } else {
            (name.as_str(), Format::Jsonl)
        };
        [".jsonl", ".ndjson", ".json"]
            .iter()
            .any(|end| stem.ends_with(end))
            .then_some(format)
    }
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Path below the pattern's fixed part, parts separated by `/`.
    pub name: String,
    /// Where the file is.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Its length in bytes.
    pub bytes: u64,
}

/// All shards that `patterns` mean, sorted by name.
///
/// A file that two patterns give the same name counts once. Hidden files are skipped, and in folders plain
/// `.json` files too, since most of them describe a data set instead of holding one.
pub fn find(patterns: &[String]) -> Result<Vec<Shard>, ShardError> {
    let mut found = Found::default();
    for pattern in patterns {
        let before = found.matched;
        found.pattern(pattern)?;
        if found.matched == before {
            return Err(ShardError::NothingFound {
                pattern: pattern.clone(),
            });
        }
    }
    Ok(found.by_name.into_values().collect())
}

#[derive(Default)]
struct Found {
    by_name: BTreeMap<String, Shard>,
    /// Canonical path to name: one file must not be two shards.
    by_file: BTreeMap<PathBuf, String>,
    matched: usize,
}

impl Found {
    fn pattern(&mut self, pattern: &str) -> Result<(), ShardError> {
        let path = Path::new(pattern);
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path, path, &mut Vec::new()),
            Ok(_) => {
                let folder = match pattern.rsplit_once(MARK) {
                    Some((folder, _)) => Path::new(folder),
                    None => path.parent().unwrap_or(Path::new("")),
                };
                let format = format_of(path).ok_or_else(|| ShardError::UnknownFormat {
                    path: path.to_path_buf(),
                })?;
                self.file(path, folder, format)
            }
            Err(_) if is_glob(pattern) => self.glob(pattern),
            Err(source) => Err(ShardError::io(path, "find")(source)),
        }
    }

    fn glob(&mut self, pattern: &str) -> Result<(), ShardError> {
        let base = fixed_part(pattern);
        let entries = glob::glob(pattern).map_err(|error| ShardError::Pattern {
            pattern: pattern.to_owned(),
            cause: error.msg.to_owned(),
        })?;
        for entry in entries {
            let path = entry.map_err(|error| {
                let path = error.path().to_path_buf();
                ShardError::io(&path, "read")(error.into())
            })?;
            let meta = fs::metadata(&path).map_err(ShardError::io(&path, "look at"))?;
            if meta.is_dir() {
                self.folder(&path, &base, &mut Vec::new())?;
            } else if let Some(format) = format_of(&path).filter(|_| !is_hidden(&path)) {
                self.file(&path, &base, format)?;
            }
        }
        Ok(())
    }

    /// `above` holds the real paths of the folders around this one, against circular links.
    fn folder(
        &mut self,
        folder: &Path,
        base: &Path,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), ShardError> {
        let real = fs::canonicalize(folder).map_err(ShardError::io(folder, "look at"))?;
        if above.contains(&real) {
            return Ok(());
        }
        above.push(real);
        let entries = fs::read_dir(folder).map_err(ShardError::io(folder, "list"))?;
        for entry in entries {
            let path = entry.map_err(ShardError::io(folder, "list"))?.path();
            if is_hidden(&path) {
                continue;
            }
            let meta = fs::metadata(&path).map_err(ShardError::io(&path, "look at"))?;
            if meta.is_dir() {
                self.folder(&path, base, above)?;
            } else if let Some(format) = format_of(&path).filter(|_| !is_plain_json(&path)) {
                self.file(&path, base, format)?;
            }
        }
        above.pop();
        Ok(())
    }

    fn file(&mut self, path: &Path, base: &Path, format: Format) -> Result<(), ShardError> {
        self.matched += 1;
        let name = shard_name(path, base)?;
        let real = fs::canonicalize(path).map_err(ShardError::io(path, "look at"))?;
        let collision = |name: &str, first: &Path| ShardError::Collision {
            name: name.to_owned(),
            first: first.to_path_buf(),
            second: path.to_path_buf(),
        };
        if let Some(other) = self.by_file.get(&real) {
            return match self.by_name.get(other) {
                Some(shard) if *other != name => Err(collision(other, &shard.path)),
                _ => Ok(()),
            };
        }
        if let Some(shard) = self.by_name.get(&name) {
            return Err(collision(&name, &shard.path));
        }
        let meta = fs::metadata(path).map_err(ShardError::io(path, "look at"))?;
        if !meta.is_file() {
            // A pipe would be waited on for ever, and could be read only once.
            return Err(ShardError::Name {
                path: path.to_path_buf(),
                cause: "it is no regular file",
            });
        }
        self.by_file.insert(real, name.clone());
        self.by_name.insert(
            name.clone(),
            Shard {
                name,
                path: path.to_path_buf(),
                format,
                bytes: meta.len(),
            },
        );
        Ok(())
    }
}

fn format_of(path: &Path) -> Option<Format> {
    // A name that is not UTF-8 is refused later, by name, instead of being passed over here.
    Format::of_name(&path.file_name()?.to_string_lossy())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_plain_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// The folder above the first part of a glob that holds a wildcard.
fn fixed_part(pattern: &str) -> PathBuf {
    Path::new(pattern)
        .components()
        .take_while(|part| !is_glob(&part.as_os_str().to_string_lossy()))
        .collect()
}

fn shard_name(path: &Path, base: &Path) -> Result<String, ShardError> {
    let bad = |cause| ShardError::Name {
        path: path.to_path_buf(),
        cause,
    };
    // The glob crate drops a leading `./`; so do both sides here.
    let plain = |path: &Path| -> PathBuf {
        path.components()
            .filter(|part| *part != Component::CurDir)
            .collect()
    };
    let (path_parts, base_parts) = (plain(path), plain(base));
    let below = path_parts.strip_prefix(&base_parts).unwrap_or(&path_parts);
    let mut parts = Vec::new();
    for part in below.components() {
        let Component::Normal(part) = part else {
            return Err(bad("it leads outside of the pattern's fixed part"));
        };
        let part = part.to_str().ok_or_else(|| bad("it is not UTF-8"))?;
        if part.chars().any(char::is_control) {
            return Err(bad("it holds a control character"));
        }
        if part.starts_with(".tmp-") {
            return Err(bad("names that begin with `.tmp-` are unfinished files"));
        }
        parts.push(part);
    }
    Ok(parts.join("/"))
}
