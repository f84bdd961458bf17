//! What can end a stage, and how bad it is.
//!
//! A user's mistake, bad data, a refusal, the environment and a bug are different kinds, never one:
//! each has its exit code, and where several happen the worst wins.

use crate::config::ConfigError;
use crate::mix::Refusal;
use crate::provenance::Failure;
use crate::provenance::lineage::UnknownColumn;
use crate::shard::ShardError;

/// What can end a stage.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Usage, configuration or models.
    #[error("{0}")]
    Usage(String),
    /// Faults of the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Shards failed.
    #[error("{}", failures(.0, *.1))]
    Shards(Vec<Failure>, u64),
    /// Too many rows were quarantined.
    #[error(
        "{quarantined} of {read} rows are quarantined, more than the budget of {budget}: see quarantine/ in the run directory, mend the rows (`tamis quarantine` brings them out), or raise `limits.quarantine`"
    )]
    Quarantine {
        /// Rows quarantined.
        quarantined: u64,
        /// Rows read.
        read: u64,
        /// The largest share.
        budget: f64,
    },
    /// The target cannot be met.
    #[error("{0}")]
    Refused(#[from] Box<Refusal>),
    /// A gate does not hold.
    #[error("gate `{name}` does not hold in `{stage}`: {value:.4} against a limit of {limit}")]
    Gate {
        /// Its name.
        name: String,
        /// The stage that judged it.
        stage: String,
        /// What was found.
        value: f64,
        /// What may be.
        limit: f64,
    },
    /// Data of the run itself is damaged or missing.
    #[error("{0}")]
    Damaged(String),
    /// An input shard is not the one that it was.
    #[error("{0}")]
    InputChanged(String),
    /// Disk, permission, lock.
    #[error("{0}")]
    Environment(String),
    /// One shard's error.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A caught panic.
    #[error("a bug: {0}; please report it with the version and the shard's name")]
    Bug(String),
    /// Stopped by a signal.
    #[error("stopped by a signal; run the same command again to go on")]
    Stopped,
}

impl From<Vec<UnknownColumn>> for StageError {
    fn from(unknown: Vec<UnknownColumn>) -> Self {
        let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        StageError::Usage(lines.join("\n"))
    }
}

/// The documented exit codes, from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, and all accounted for.
    Done,
    /// Data: shards failed, or quarantine above its budget.
    Data,
    /// The target cannot be met, or a gate does not hold.
    Refused,
    /// Usage, configuration or models.
    Usage,
    /// Disk, permission, lock, network.
    Environment,
    /// Stopped by a signal, safe to run again.
    Stopped,
    /// A bug.
    Bug,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::Data => 3,
            Exit::Refused => 4,
            Exit::Environment => 5,
            Exit::Bug => 70,
            Exit::Stopped => 75,
        }
    }

    /// How bad it is: the worst wins, in the order 70, 75, 5, 2, 4, 3.
    pub fn rank(self) -> u8 {
        self as u8
    }
}

impl StageError {
    /// The exit code of this error.
    pub fn exit(&self) -> Exit {
        match self {
            StageError::Usage(_) | StageError::Config(_) => Exit::Usage,
            StageError::Shards(failures, _) => {
                if failures.iter().any(|f| f.code == PANIC_CODE) {
                    Exit::Bug
                } else {
                    Exit::Data
                }
            }
            StageError::Quarantine { .. }
            | StageError::Damaged(_)
            | StageError::InputChanged(_) => Exit::Data,
            StageError::Refused(_) | StageError::Gate { .. } => Exit::Refused,
            StageError::Environment(_) => Exit::Environment,
            StageError::Shard(e) if e.is_environment() => Exit::Environment,
            StageError::Shard(e) if e.is_data() => Exit::Data,
            StageError::Shard(ShardError::Row { .. }) => Exit::Bug,
            // Patterns, names, columns: what was asked for, not what was found.
            StageError::Shard(_) => Exit::Usage,
            StageError::Bug(_) => Exit::Bug,
            StageError::Stopped => Exit::Stopped,
        }
    }

    /// True if no other shard should begin: the next one would fail alike, or nobody waits for it.
    /// A bug ends its shard alone, but not before the run knows of it.
    pub fn ends_everything(&self) -> bool {
        matches!(self.exit(), Exit::Stopped | Exit::Environment)
    }

    /// Rows that can be kept of a damaged shard: the whole rows before its damage, where there are any.
    pub fn rows_before(&self) -> Option<u64> {
        match self {
            StageError::Shard(error) => error.rows_before().filter(|rows| *rows > 0),
            _ => None,
        }
    }

    /// True if this is one shard's own failure, which goes on record; else it is the whole call's.
    pub fn fails_shard(&self) -> bool {
        !matches!(self, StageError::Usage(_)) && !self.ends_everything()
    }

    /// The error of one shard as it stands in its record.
    pub fn failure_of(&self, shard: &str) -> Failure {
        let code = match self {
            StageError::Shard(e) => e.code(),
            StageError::Bug(_) => PANIC_CODE,
            StageError::Damaged(_) => "E-RUN-DAMAGED",
            StageError::InputChanged(_) => "E-INPUT-CHANGED",
            _ => "E-OTHER",
        };
        Failure {
            shard: shard.to_owned(),
            row: None,
            code: code.to_owned(),
            cause: chain(self),
            action: "the shard is left out".to_owned(),
        }
    }

    /// An error of the file system at `path`.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> StageError {
        StageError::Environment(format!("{}: {error}", path.display()))
    }
}

/// Code of a shard whose worker panicked.
pub const PANIC_CODE: &str = "E-PANIC";

/// The first names of a list that may be long, and how many more there are.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The whole chain of causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

fn failures(failures: &[Failure], allowed: u64) -> String {
    let mut text = format!(
        "{} shard{} failed, {allowed} allowed",
        failures.len(),
        if failures.len() == 1 { "" } else { "s" },
    );
    for failure in failures.iter().take(20) {
        text.push_str(&format!(
            "\n  {}: {} [{}]",
            failure.shard, failure.cause, failure.code
        ));
    }
    if failures.len() > 20 {
        text.push_str(&format!("\n  and {} more", failures.len() - 20));
    }
    text.push_str(
        "\nmend or remove them, raise the limit that they name, go on without them (--allow-failed N), or keep the rows before their damage (limits.salvage = true)",
    );
    text
}
