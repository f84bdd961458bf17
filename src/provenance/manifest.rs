//! Totals and the digest of every file, its own digest last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::RowCounts;
use super::run_dir::RunDir;
use crate::shard::{self, ShardError, digest_file};

/// Version of `manifest.json`.
pub const MANIFEST_VERSION: u32 = 1;

/// A file of the run directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Path inside the run directory.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// blake3 of the whole file.
    pub digest: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub version: u32,
    /// Version of the program.
    pub tamis: String,
    /// Digest of config, models and seed.
    pub run: String,
    /// True if every shard was read and written to its end.
    pub complete: bool,
    /// Shards that failed and were left out.
    pub failed: u64,
    /// Shards of which only the rows before their damage are kept.
    pub salvaged: u64,
    /// The row law over all shards.
    pub rows: RowCounts,
    /// Rows dropped or quarantined, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Digests of the models.
    pub models: BTreeMap<String, String>,
    /// Every file but this one and those of `log/`, sorted by path.
    pub files: Vec<FileLine>,
    /// blake3 of this file as it is with this field empty. Last, so that it covers all the rest.
    pub digest: String,
}

impl Manifest {
    /// The manifest as it is written, sealed with its own digest.
    pub fn sealed(mut self) -> Vec<u8> {
        self.digest = self.own_digest();
        self.text()
    }

    /// True if a run directory was sealed.
    pub fn exists(run: &RunDir) -> bool {
        run.manifest().exists()
    }

    /// True if the manifest's own digest is right.
    pub fn is_sealed(&self) -> bool {
        self.digest == self.own_digest()
    }

    fn own_digest(&self) -> String {
        let open = Manifest {
            digest: String::new(),
            ..self.clone()
        };
        blake3::hash(&open.text()).to_hex().to_string()
    }

    fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a manifest has a JSON form");
        text.push(b'\n');
        text
    }
}

/// Every final file of a run directory but `manifest.json` and `log/`, sorted by path.
///
/// # Errors
/// If a folder cannot be listed.
pub fn files_of(run: &RunDir) -> std::io::Result<Vec<PathBuf>> {
    let mut found = with_temporaries(run)?;
    found.retain(|path| !is_temporary(path));
    Ok(found)
}

/// The same, and what was never finished.
///
/// # Errors
/// If a folder cannot be listed.
pub fn with_temporaries(run: &RunDir) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(run.root(), &mut found)?;
    let (log, manifest) = (run.log(), run.manifest());
    found.retain(|path| !path.starts_with(&log) && *path != manifest);
    found.sort();
    Ok(found)
}

/// True for names that begin with `.tmp-`, which are never final.
pub fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    shard::is_temporary(&name.to_string_lossy())
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = match entry.file_type() {
            // Some file systems are asked for the kind, and a task may have renamed its temporary.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            kind => kind?,
        };
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The line of a file.
///
/// # Errors
/// If it cannot be read.
pub fn line(run: &RunDir, path: &Path) -> Result<FileLine, ShardError> {
    let digest = digest_file(path)?;
    Ok(FileLine {
        path: run.relative(path),
        bytes: digest.bytes,
        digest: digest.hex,
    })
}
