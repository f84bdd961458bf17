//! The prior that a configuration names: what `write` edits with, and `verify` makes variants again with.

use std::path::Path;

use crate::config::Config;
use crate::edit::prior::{NgramPrior, Prior};
use crate::shard::Mapped;

/// Loads the prior of a configuration; gives it with its digest.
///
/// # Errors
/// If its file cannot be read or is no prior, as text that names the file.
pub fn load(config: &Config) -> Result<(Box<dyn Prior>, String), String> {
    let Some(path) = config.edit.prior.strip_prefix("ngram:") else {
        let prior = NgramPrior::embedded().map_err(|e| e.to_string())?;
        let digest = prior.digest().to_owned();
        return Ok((Box::new(prior), digest));
    };
    let mapped = Mapped::open(Path::new(path)).map_err(|e| e.to_string())?;
    let prior = NgramPrior::from_bytes(mapped).map_err(|e| format!("prior {path}: {e}"))?;
    let digest = prior.digest().to_owned();
    Ok((Box::new(prior), digest))
}
