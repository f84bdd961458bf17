//! What is refused before work begins: folders that are not ours, columns that no row has, another
//! mix, a live run.

use std::fs::File;

use super::columns::input_names;
use super::error::StageError;
use super::job::Call;
use super::tasks::same_config;
use crate::config::{self, Config};
use crate::mix::Plan;
use crate::provenance::fingerprint::decisions;
use crate::provenance::{Fingerprint, RunDir, lineage};
use crate::score::row::{InputType, RowSchema};

/// The lock file, in `log/`.
const LOCK: &str = "run.lock";

/// Refuses a folder that is not ours: its files would be removed, replaced or sealed as ours.
///
/// # Errors
/// Names something that the folder holds.
pub fn refuse_foreign(run: &RunDir) -> Result<(), StageError> {
    let ours = run.inputs().exists() || run.log().join(LOCK).exists();
    match run.foreign(ours) {
        Some(path) => Err(StageError::Usage(format!(
            "{} is no run directory: it holds {}; choose another --out",
            run.root().display(),
            path.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses columns that no score row will have, before anything is scored.
///
/// # Errors
/// The columns, each with the key that names it and the nearest that there is.
pub fn known_columns(config: &Config) -> Result<(), StageError> {
    let schema = RowSchema {
        models: config.model.iter().map(|m| m.name.clone()).collect(),
        inputs: input_names(config)
            .iter()
            .map(|name| (name.clone(), InputType::Text))
            .collect(),
    };
    let assign = (config.assign.uncertain, config.assign.unverified);
    let rules = config.rules();
    let mut unknown = Vec::new();
    unknown.extend(lineage::judge(&rules, &config.mix, assign, &[], &schema).err());
    unknown.extend(lineage::gated(&config.gates, &schema).err());
    match unknown.concat() {
        unknown if unknown.is_empty() => Ok(()),
        unknown => Err(StageError::from(unknown)),
    }
}

/// Refuses to open a run directory whose finished plan is for another mix.
///
/// # Errors
/// Names the keys that differ.
pub fn refuse_other_plan(config: &Config, run: &RunDir) -> Result<(), StageError> {
    let Ok(plan) = read_plan(run) else {
        return Ok(());
    };
    let now = decisions(config);
    let changed: Vec<String> = Fingerprint::from(plan.fingerprint)
        .changed(&now)
        .into_iter()
        .filter(|name| name.starts_with("config."))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(StageError::Usage(format!(
        "{} holds a finished plan with other {}: a finished plan is never changed. Use `tamis rebalance {} --mix .. --out OTHER`, or another --out",
        run.root().display(),
        changed.join(", "),
        run.root().display()
    )))
}

fn read_plan(run: &RunDir) -> Result<Plan, ()> {
    let bytes = std::fs::read(run.plan()).map_err(drop)?;
    serde_json::from_slice(&bytes).map_err(drop)
}

/// `config.toml` as it lies in the run directory, if it does.
pub fn written_config(run: &RunDir) -> Option<String> {
    std::fs::read_to_string(run.config()).ok()
}

/// Takes the lock of the run directory as a call needs it.
///
/// A run insists on it; a stage works without it beside a run of the same configuration, whose
/// results are its own, but puts no other configuration under a live run; a task asks for none.
///
/// # Errors
/// If another process holds it, or a task's configuration is not the run's.
pub fn lock_of(config: &Config, run: &RunDir, call: Call) -> Result<Option<File>, StageError> {
    if matches!(call, Call::Task(_)) {
        return same_config(config, run).map(|()| None);
    }
    std::fs::create_dir_all(run.log()).map_err(|e| StageError::io(&run.log(), &e))?;
    match take_lock(run)? {
        Some(lock) => Ok(Some(lock)),
        None if call == Call::Stage && written_config(run) == Some(config::to_toml(config)?) => {
            Ok(None)
        }
        None => Err(StageError::Environment(format!(
            "another tamis works on {}: wait for it or choose another --out",
            run.root().display()
        ))),
    }
}

/// The lock of a run directory; none if another process holds it. The lock is the operating
/// system's, so it ends with the process, however that dies; where a file system has no locks,
/// everyone gets it.
fn take_lock(run: &RunDir) -> Result<Option<File>, StageError> {
    let path = run.log().join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| StageError::io(&path, &e))?;
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(Some(file)),
    }
}
