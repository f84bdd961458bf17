//! Opens a shard for reading, block after block.

use std::sync::Arc;

use super::block::{Columns, RawBlock, RawBody};
use super::digest::Digest;
use super::error::ShardError;
use super::find::{Format, Shard};
use super::lines::LineReader;
use super::parquet_read::ParquetReader;
use super::parquet_schema::ParquetTemplate;
use crate::config::Repair;

/// How a shard is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Bytes of a block, about: lines stay whole, and Parquet rows are estimated.
    pub block_bytes: usize,
    /// Bytes of the longest document (of a JSONL line, or of a Parquet text); longer ones are bad rows.
    pub max_document: usize,
    /// Rows after which the shard counts as ended, whatever follows; all of it is digested all the same.
    pub stop_after: Option<u64>,
    /// Find out how many whole rows stand before damage, and say so in the error ([`ShardError::rows_before`]).
    pub salvage: bool,
    /// Threads that may decode ahead of the reader, where frames or row groups can be decoded apart.
    pub ahead_threads: usize,
    /// Bytes that may be decoded ahead of the reader.
    pub ahead_bytes: usize,
    /// Bytes that the pages of a Parquet shard may take at once; rows that need more are an error that says so.
    pub page_bytes: u64,
    /// Base-2 logarithm of the largest zstd window that is allowed.
    pub zstd_window_log: u32,
    /// Decoded bytes for each encoded one above which a stream of more than 256 MiB is no text.
    pub max_ratio: u64,
    /// What becomes of a line, or a text or id of Parquet, that is not UTF-8.
    pub invalid_utf8: Repair,
    /// What becomes of a JSON text with half a surrogate pair.
    pub lone_surrogates: Repair,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            block_bytes: 1 << 20,
            max_document: 64 << 20,
            stop_after: None,
            salvage: false,
            ahead_threads: 1,
            ahead_bytes: 32 << 20,
            page_bytes: 256 << 20,
            zstd_window_log: 27,
            max_ratio: 1000,
            invalid_utf8: Repair::Quarantine,
            lone_surrogates: Repair::Quarantine,
        }
    }
}

/// What an output shard must have in common with its input: format, and for Parquet schema and metadata.
#[derive(Debug, Clone)]
pub struct Template(pub(crate) TemplateKind);

#[derive(Debug, Clone)]
pub(crate) enum TemplateKind {
    Lines(Format),
    Parquet(Arc<ParquetTemplate>),
}

/// A shard being read from its start to its end.
pub struct Reader {
    source: Source,
    format: Format,
    columns: Columns,
    options: ReadOptions,
    /// Rows that may still be given out.
    left: Option<u64>,
}

enum Source {
    Lines(Box<LineReader>),
    Parquet(Box<ParquetReader>),
}

/// Opens a shard. A Parquet shard without the text column is an error here and now.
pub fn open(shard: &Shard, columns: &Columns, options: &ReadOptions) -> Result<Reader, ShardError> {
    let source = match shard.format {
        Format::Parquet => Source::Parquet(Box::new(ParquetReader::open(shard, columns, options)?)),
        _ => Source::Lines(Box::new(LineReader::open(shard, options)?)),
    };
    Ok(Reader {
        source,
        format: shard.format,
        columns: columns.clone(),
        options: *options,
        left: options.stop_after,
    })
}

impl Reader {
    /// Reads the columns that are decoded and no others, where the format allows it.
    ///
    /// For those who only look: blocks of a narrowed reader cannot be encoded.
    pub fn narrow(mut self) -> Reader {
        if let Source::Parquet(reader) = &mut self.source {
            reader.narrow(&self.columns);
        }
        self
    }

    /// What an output of this shard must be like.
    pub fn template(&self) -> Template {
        Template(match &self.source {
            Source::Lines(_) => TemplateKind::Lines(self.format),
            Source::Parquet(reader) => TemplateKind::Parquet(reader.template().clone()),
        })
    }

    /// The next block; none at the end. After an error the shard is done for.
    pub fn next_block(&mut self) -> Result<Option<RawBlock>, ShardError> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let body = match &mut self.source {
            Source::Lines(reader) => reader.next_block()?.map(RawBody::Lines),
            Source::Parquet(reader) => reader.next_batch()?.map(RawBody::Batch),
        };
        let options = self.options;
        let mut block = body.map(|body| RawBlock { body, options });
        if let (Some(left), Some(block)) = (&mut self.left, &mut block) {
            block.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= block.len() as u64;
        }
        Ok(block)
    }

    /// The digest of the input file as it was read, to its last byte.
    pub fn finish(self) -> Result<Digest, ShardError> {
        match self.source {
            Source::Lines(reader) => reader.finish(),
            Source::Parquet(reader) => reader.finish(),
        }
    }
}
