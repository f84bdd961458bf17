//! `inputs.json`: every input shard, and whose scores are used.

use serde::{Deserialize, Serialize};

use super::run_dir::RunDir;

/// `inputs.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputList {
    /// Every input shard, by source and name.
    pub inputs: Vec<InputLine>,
    /// The run whose scores are used instead of new ones, and their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoresOf>,
}

/// The scores of another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoresOf {
    /// Its run directory.
    pub run: String,
    /// Digest of the digests of all score files, in order.
    pub digest: String,
}

/// One line of `inputs.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLine {
    /// Name of the source.
    pub source: String,
    /// Name of the shard.
    pub shard: String,
    /// Where it is.
    pub path: String,
    /// `parquet`, `jsonl`, `jsonl.gz` or `jsonl.zst`.
    pub format: String,
    /// Size in bytes.
    pub size: u64,
    /// blake3 of the whole file; null until `score` has read it.
    pub digest: Option<String>,
}

/// The scores that a run directory refers to, if they are another run's.
pub fn scores_of(run: &RunDir) -> Option<ScoresOf> {
    let bytes = std::fs::read(run.inputs()).ok()?;
    serde_json::from_slice::<InputList>(&bytes).ok()?.scores
}
