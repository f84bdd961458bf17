//! Every file in and out: shards in their formats and compressions, blocks of rows, atomic writing.
//!
//! Reading: [`find`] names the shards, [`open`] gives a [`Reader`], which cuts a shard into [`RawBlock`]s; a
//! worker decodes one into a [`Block`] of rows. A row that cannot be used stays a row and says why.
//!
//! Writing: [`Block::encode`] (a worker again) makes [`Encoded`] rows with provenance, and one [`Writer`] puts
//! them in order into a shard like the input, which is there whole or not at all. [`TableWriter`] and
//! [`TableReader`] are for tables of our own. Nothing here knows what a score is.

mod atomic;
mod block;
mod checked_pages;
mod decompress;
mod delta_lengths;
mod digest;
mod error;
mod extract;
mod find;
mod frame_codec;
mod frames;
mod gz;
mod in_order;
mod json_scan;
mod jsonl;
mod lines;
mod literal;
mod members;
mod nested;
mod output;
mod owner;
mod page_header;
mod page_meter;
mod parquet_ahead;
mod parquet_block;
mod parquet_columns;
mod parquet_encode;
mod parquet_file;
mod parquet_group;
mod parquet_read;
mod parquet_schema;
mod parquet_texts;
mod parquet_write;
mod preflight;
mod provenance_column;
mod provenance_json;
mod reader;
mod recut;
mod row_bytes;
mod splice;
mod stored_types;
mod table;
mod text_leaves;
mod text_spans;
mod thrift;
mod utf8;
mod utf8_column;
mod values;
mod zst;
mod zst_ahead;
mod zst_walk;

pub use atomic::{AtomicFile, Written, write_atomic};
pub use block::{BETWEEN_TEXTS, BadRow, Block, Columns, PROVENANCE, RawBlock};
pub use digest::{Digest, digest_file, sampled_digest};
pub use error::ShardError;
pub use extract::extract_rows;
pub use find::{Format, Shard, find};
pub use output::{Encoded, OutputRow, WriteOptions, Writer};
pub use owner::{Owner, is_temporary, owner};
pub use preflight::{SchemaSummary, ValueKind, schema_of};
pub use reader::{ReadOptions, Reader, Template, open};
pub use table::{TableReader, TableWriter};

#[cfg(test)]
mod tests;
