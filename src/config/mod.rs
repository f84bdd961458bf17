//! The TOML configuration: its schema, its checks, and messages that name the key.
//!
//! [`load`] reads a file, refuses unknown keys with the nearest known one, checks every value and
//! reports all faults at once. The result is a [`Config`] with every default filled in; written
//! out again by [`to_toml`] it is itself a configuration that gives the same run.

mod check;
mod keys;
mod limits;
mod presets;
mod rules;
mod schema;
mod score;
mod size;
mod text_path;

use std::path::{Path, PathBuf};

pub use check::check;
pub use keys::{KEYS, nearest};
pub use limits::{Limits, Repair};
pub use presets::preset_rules;
pub use rules::{Filters, Gates, MeanGate, Preset, Rule, When};
pub use schema::{
    Assign, BaseMode, ClassifierModel, Config, DateRule, Edit, EditPreset, FastTextModel,
    LabelRule, Mix, Output, Profile, Source, Uncertain, Unit, Unverified, Weight,
};
pub use score::{Compat, Score};
pub use size::{format_size, parse_size};
pub use text_path::{Step, TextPath, TextPathError, TextPaths};

/// What is wrong with a configuration: every fault that was found, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .faults.join("\n"))]
pub struct ConfigError {
    /// One message a fault; each names the key, the value and what would be valid.
    pub faults: Vec<String>,
}

impl ConfigError {
    /// A configuration error of a single fault.
    pub fn one(fault: impl Into<String>) -> Self {
        ConfigError {
            faults: vec![fault.into()],
        }
    }
}

/// Reads, resolves and checks a configuration file.
///
/// Relative paths (inputs, models, `out`) are taken from the folder that holds the file, so that a
/// configuration can be moved together with its data.
///
/// # Errors
/// Every fault at once: unreadable file, TOML syntax, unknown keys, values out of range.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let name = path.display();
    let meta = std::fs::metadata(path)
        .map_err(|e| ConfigError::one(format!("cannot read the configuration {name}: {e}")))?;
    if meta.is_file() && meta.len() > 16 << 20 {
        return Err(ConfigError::one(format!(
            "{name} has {} bytes: a configuration has at most 16 MiB",
            meta.len()
        )));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::one(format!("cannot read the configuration {name}: {e}")))?;
    // Absolute, so that what is written out again means the same from anywhere.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let base = whole.parent().unwrap_or(Path::new(""));
    parse(&text, base).map_err(|e| ConfigError {
        faults: e
            .faults
            .into_iter()
            .map(|fault| format!("{name}: {fault}"))
            .collect(),
    })
}

/// Parses and checks a configuration given as text; relative paths are taken from `base`.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, base: &Path) -> Result<Config, ConfigError> {
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| ConfigError::one(e.to_string().trim_end().to_owned()))?;
    let mut faults = keys::unknown(&table);
    if !faults.is_empty() {
        return Err(ConfigError { faults });
    }
    let mut config: Config =
        toml::from_str(text).map_err(|e| ConfigError::one(e.to_string().trim_end().to_owned()))?;
    resolve_paths(&mut config, base);
    faults.extend(check(&config));
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError { faults })
    }
}

/// The configuration as TOML, every default written out.
///
/// # Errors
/// Only if a value has no TOML form (a path that is not UTF-8).
pub fn to_toml(config: &Config) -> Result<String, ConfigError> {
    toml::to_string(config)
        .map_err(|e| ConfigError::one(format!("cannot write the configuration: {e}")))
}

/// `path` below `base` unless it is absolute.
///
/// Text, not components: a `/./` inside a path means something (see [`crate::shard::find`]).
pub fn join(base: &Path, path: &str) -> PathBuf {
    base.join(path.trim_start_matches("./"))
}

fn resolve_paths(config: &mut Config, base: &Path) {
    let fix = |path: &mut String| *path = join(base, path).to_string_lossy().into_owned();
    for source in &mut config.source {
        source.paths.iter_mut().for_each(fix);
    }
    if let Some(out) = &mut config.out {
        fix(out);
        if out.is_empty() {
            *out = ".".to_owned();
        }
    }
    for model in &mut config.model {
        fix(&mut model.path);
    }
    for path in [&mut config.classifier.path, &mut config.profile.reference]
        .into_iter()
        .flatten()
    {
        fix(path);
    }
    if let Some(path) = config.edit.prior.strip_prefix("ngram:").map(str::to_owned) {
        config.edit.prior = format!("ngram:{}", join(base, &path).to_string_lossy());
    }
}

#[cfg(test)]
mod tests;
