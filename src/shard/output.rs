//! Writing a shard: rows are encoded by workers and written in order by one owner.

use std::path::Path;

use super::atomic::{AtomicFile, Written};
use super::block::{Block, Body};
use super::error::ShardError;
use super::frames::FrameWriter;
use super::parquet_encode::{self, EncodedBatch};
use super::parquet_write::ParquetWriter;
use super::reader::{Template, TemplateKind};
use super::splice::{self, EncodedLines};
use crate::document::Provenance;

/// One row to write.
#[derive(Debug, Clone, Copy)]
pub struct OutputRow<'a> {
    /// Which row of the block; one may be written several times.
    pub index: usize,
    /// The edited texts, one for each of [`Block::parts`]; the row's own if nothing.
    pub texts: Option<&'a [&'a str]>,
    /// The `tamis` value of the row.
    pub provenance: &'a Provenance,
}

/// Rows ready to be written.
pub struct Encoded(EncodedKind);

enum EncodedKind {
    Lines(EncodedLines),
    Batch(EncodedBatch),
}

impl Encoded {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.0 {
            EncodedKind::Lines(lines) => lines.ends.len(),
            EncodedKind::Batch(batch) => batch.rows.num_rows(),
        }
    }
}

impl Block {
    /// Encodes the chosen rows in the shard's own format; a worker's task.
    ///
    /// All that the input says of a row is kept as it is, but for the edited text and `tamis`.
    pub fn encode(&self, rows: &[OutputRow<'_>]) -> Result<Encoded, ShardError> {
        Ok(Encoded(match &self.body {
            Body::Jsonl(block) => EncodedKind::Lines(splice::encode(block, rows)?),
            Body::Parquet(block) => EncodedKind::Batch(parquet_encode::encode(block, rows)?),
        }))
    }
}

/// How outputs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// zstd level of frames and Parquet pages. 1 is twice as fast as 3 and some 6% larger.
    pub zstd_level: i32,
}

impl Default for WriteOptions {
    fn default() -> Self {
        WriteOptions { zstd_level: 3 }
    }
}

/// The writer of one output shard; nothing is visible before [`Writer::finish`].
pub struct Writer(WriterKind);

enum WriterKind {
    Lines(Box<FrameWriter>),
    Parquet(Box<ParquetWriter>),
}

impl Writer {
    /// Opens an output at `path` that is like the shard of `template`.
    pub fn create(
        path: &Path,
        template: &Template,
        options: &WriteOptions,
    ) -> Result<Writer, ShardError> {
        let file = AtomicFile::create(path)?;
        let level = options.zstd_level;
        Ok(Writer(match &template.0 {
            TemplateKind::Lines(format) => {
                WriterKind::Lines(Box::new(FrameWriter::new(file, *format, level)?))
            }
            TemplateKind::Parquet(template) => {
                WriterKind::Parquet(Box::new(ParquetWriter::create(file, template, level)?))
            }
        }))
    }

    /// Appends rows. They must come in the order in which they shall stand, and from shards of one template.
    pub fn write(&mut self, encoded: Encoded) -> Result<(), ShardError> {
        match (&mut self.0, encoded.0) {
            (WriterKind::Lines(writer), EncodedKind::Lines(lines)) => writer.write(&lines),
            (WriterKind::Parquet(writer), EncodedKind::Batch(batch)) => writer.write(batch),
            _ => Err(ShardError::Row {
                cause: "its format is not that of the output",
            }),
        }
    }

    /// Closes the shard and makes it visible.
    pub fn finish(self) -> Result<Written, ShardError> {
        match self.0 {
            WriterKind::Lines(writer) => writer.finish(),
            WriterKind::Parquet(writer) => writer.finish(),
        }
    }
}
