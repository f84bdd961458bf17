//! The prior that a configuration names: what `write` edits with, and `verify` makes variants again with.

use crate::config::Config;
use crate::edit::prior::{NgramPrior, Prior};

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
    // A copy of our own: a file that is mapped may be cut by somebody else, and its digest would say nothing then.
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the prior {path}: {e}"))?;
    let prior = NgramPrior::from_bytes(bytes).map_err(|e| format!("prior {path}: {e}"))?;
    let digest = prior.digest().to_owned();
    Ok((Box::new(prior), digest))
}
