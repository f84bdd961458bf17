//! What can go wrong between a shard and the disk, each with a stable code.
//!
//! A fault is of one of three kinds, and callers choose their exit code by it: the *environment* failed
//! (disk, permission), the *data* is damaged (this shard fails, others go on), or the *request* cannot be
//! served (no such shard, no such column). No message ever contains text of a document.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use thiserror::Error;

/// Any failure of reading or writing a shard.
#[derive(Debug, Error)]
pub enum ShardError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was being done, as a verb.
        action: &'static str,
        /// The system's own words.
        source: io::Error,
    },
    /// The bytes of a shard are not what its format promises.
    #[error("{} is damaged{place}: {cause}", path.display())]
    Damaged {
        /// Stable code, such as `E-ZST-TRUNC`.
        code: &'static str,
        /// The shard.
        path: PathBuf,
        /// Where, as ` at byte N` or ` in row group N`; empty if unknown.
        place: String,
        /// What was found.
        cause: String,
        /// Whole rows before the damage, where that is known: the same for every block size.
        rows: Option<u64>,
    },
    /// The bytes may be sound, and need more than memory or configuration allow: no row of them is to be lost.
    #[error("{} is beyond a limit{place}: {cause}", path.display())]
    Limit {
        /// Stable code, such as `E-ZST-WINDOW`.
        code: &'static str,
        /// The shard.
        path: PathBuf,
        /// Where, as in [`ShardError::Damaged`].
        place: String,
        /// What is needed, and what would allow it.
        cause: String,
    },
    /// A file begins as one of another format than its name says.
    #[error("{} is {named} by its name, and begins as {seems}: name it as what it is", path.display())]
    OtherFormat {
        /// The shard.
        path: PathBuf,
        /// What its name says.
        named: &'static str,
        /// What its first bytes say.
        seems: &'static str,
    },
    /// A pattern matched no shard.
    #[error("`{pattern}` matches no shard: expected .parquet, .jsonl, .jsonl.gz or .jsonl.zst")]
    NothingFound {
        /// The pattern as given.
        pattern: String,
    },
    /// A pattern that cannot be understood.
    #[error("`{pattern}` is no valid pattern: {cause}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// Why.
        cause: String,
    },
    /// Two files would be the same shard, or one file two shards.
    #[error("`{name}` is both {} and {}: name one of them, or put them into sources of their own",
        first.display(), second.display())]
    Collision {
        /// The shard name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A file whose name cannot be a shard name.
    #[error("{path:?} cannot name a shard: {cause}")]
    Name {
        /// The file; shown escaped.
        path: PathBuf,
        /// Why not.
        cause: &'static str,
    },
    /// The format cannot be told from the file name.
    #[error("the format of {} is unknown: expected .parquet, .jsonl, .jsonl.gz or .jsonl.zst", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The schema lacks the text column.
    #[error("{} has no column `{column}`: it has {}; name the text column with `--text`",
        path.display(), found.join(", "))]
    TextMissing {
        /// The shard.
        path: PathBuf,
        /// The wished column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// The text column is there and holds no text.
    #[error("column `{column}` of {} is {found}, not text: name the text column with `--text`", path.display())]
    TextType {
        /// The shard.
        path: PathBuf,
        /// The wished column.
        column: String,
        /// Its Arrow type.
        found: String,
    },
    /// A caller asked for something that this block or writer cannot give; a bug of ours, never of the data.
    #[error("cannot write a row: {cause}")]
    Row {
        /// What is wrong with the request.
        cause: &'static str,
    },
}

impl ShardError {
    /// The stable code, for reports and machines.
    pub fn code(&self) -> &'static str {
        match self {
            ShardError::Io { .. } => "E-IO",
            ShardError::Damaged { code, .. } | ShardError::Limit { code, .. } => code,
            ShardError::OtherFormat { .. } => "E-FORMAT-OTHER",
            ShardError::NothingFound { .. } => "E-NOTHING-FOUND",
            ShardError::Pattern { .. } => "E-PATTERN",
            ShardError::Collision { .. } => "E-COLLISION",
            ShardError::Name { .. } => "E-NAME",
            ShardError::UnknownFormat { .. } => "E-FORMAT",
            ShardError::TextMissing { .. } => "E-TEXT-MISSING",
            ShardError::TextType { .. } => "E-TEXT-TYPE",
            ShardError::Row { .. } => "E-ROW",
        }
    }

    /// True if disk, permission or the like failed: nothing is wrong with the data.
    pub fn is_environment(&self) -> bool {
        matches!(self, ShardError::Io { .. })
    }

    /// True if it lies in the shard's own bytes; false for the environment and for what was asked.
    pub fn is_data(&self) -> bool {
        matches!(
            self,
            ShardError::Damaged { .. } | ShardError::Limit { .. } | ShardError::OtherFormat { .. }
        )
    }

    /// Says how many whole rows stand before the damage.
    pub(crate) fn set_rows(&mut self, count: u64) {
        if let ShardError::Damaged { rows, .. } = self {
            *rows = Some(count);
        }
    }

    /// Whole rows before the damage, where that is known: what `--salvage` keeps.
    pub fn rows_before(&self) -> Option<u64> {
        match self {
            ShardError::Damaged { rows, .. } => *rows,
            _ => None,
        }
    }

    /// Names the path and the act once, at the bottom.
    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> ShardError {
        let path = path.to_path_buf();
        move |source| ShardError::Io {
            path,
            action,
            source,
        }
    }
}

/// An error that hides an error of the operating system, if there is one.
///
/// Decoders pass on what the disk said; such a failure must not be taken for damaged data.
pub(crate) fn system_error(error: &(dyn std::error::Error + 'static)) -> Option<io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(os) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error)
        {
            return Some(io::Error::from_raw_os_error(os));
        }
        next = error.source();
    }
    None
}

/// Turns an error of the Parquet crate into one of ours.
///
/// Only the kind of its message is kept where the message may quote a value.
pub(crate) fn parquet_error(path: &Path, place: &str, error: ParquetError) -> ShardError {
    if let ParquetError::External(inner) = &error
        && let Some(source) = system_error(inner.as_ref())
    {
        return ShardError::Io {
            path: path.to_path_buf(),
            action: "read or write",
            source,
        };
    }
    ShardError::Damaged {
        code: "E-PARQUET-CORRUPT",
        path: path.to_path_buf(),
        place: place.to_owned(),
        cause: error.to_string(),
        rows: None,
    }
}

/// Runs code of the Parquet and Arrow crates, which may panic on damaged files.
pub(crate) fn guarded<T>(
    path: &Path,
    place: &str,
    work: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, ShardError> {
    // Whatever a panic leaves half-done is dropped with the shard, so nothing broken is seen later.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(parquet_error(path, place, error)),
        Err(_) => Err(ShardError::Damaged {
            code: "E-PARQUET-CORRUPT",
            path: path.to_path_buf(),
            place: place.to_owned(),
            cause: "the decoder gave up (a panic in the parquet crate)".to_owned(),
            rows: None,
        }),
    }
}
