//! Every file in and out: shards in their formats and compressions, blocks of rows, atomic writing.
//!
//! Reading: [`find`] names the shards, [`open`] gives a [`Reader`], which cuts a shard into [`RawBlock`]s; a
//! worker decodes one into a [`Block`] of rows. A row that cannot be used stays a row and says why.
//! Nothing here knows what a score is.

mod atomic;
mod block;
mod decompress;
mod digest;
mod error;
mod find;
mod jsonl;
mod lines;
mod members;
mod mmap;
mod parquet_block;
mod parquet_read;
mod preflight;
mod reader;
mod values;

pub use atomic::{AtomicFile, Written, write_atomic};
pub use block::{BadRow, Block, Columns, PROVENANCE, RawBlock};
pub use digest::{Digest, digest_file, sampled_digest};
pub use error::ShardError;
pub use find::{Format, Shard, find};
pub use mmap::Mapped;
pub use preflight::{SchemaSummary, schema_of};
pub use reader::{ReadOptions, Reader, Template, open};
