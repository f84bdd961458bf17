//! Manifest, lineage, checks of a finished run.
//!
//! - [`run_dir`]: where everything lies inside a run directory.
//! - [`fingerprint`]: what a stage's result was made from, part by part, so that a change can be
//!   named.
//! - [`prior`]: the prior that a configuration names.
//! - [`quarantine`], [`failures`]: rows that cannot be used, and what a report lists of them and of failed shards.
//! - [`record`]: one shard through one stage: counts, reasons, digests; the resume record.
//! - [`inputs`]: the input shards.
//! - [`lineage`]: from a score row and the plan to a fate and to the `tamis` column.
//! - [`manifest`]: totals and the digest of every file, its own digest last.
//! - [`verify`]: the checks of a finished run.

pub mod failures;
pub mod fingerprint;
pub mod inputs;
pub mod lineage;
pub mod manifest;
pub mod prior;
pub mod quarantine;
pub mod record;
pub mod run_dir;
pub mod verify;

pub use fingerprint::Fingerprint;
pub use lineage::Lineage;
pub use manifest::Manifest;
pub use record::{Failure, FileRecord, InputRecord, RowCounts, ShardRecord, Tally};
pub use run_dir::RunDir;
