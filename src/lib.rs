//! tamis: a sieve for training text.
//!
//! The modules, in the order of the data's way; each may use only those below it
//! (`cli` -> `stage` -> `train`, `study`, `report`, `provenance` -> `score`, `edit`, `mix`, `shard` -> `text`,
//! `config` -> `document`).

pub mod cli;
pub mod config;
pub mod document;
pub mod edit;
pub mod mix;
pub mod provenance;
pub mod report;
pub mod score;
pub mod shard;
pub mod stage;
pub mod study;
pub mod text;
pub mod train;
