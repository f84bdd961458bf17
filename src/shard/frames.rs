//! Writes lines in frames that depend on the lines alone.
//!
//! A frame closes at the first line end past 16 MiB of raw text and is compressed in one go, so the bytes of
//! a file follow from its lines, never from how they arrived or on how many threads. Frames are independent:
//! any zstd or gzip reader reads them all as one stream, and a parallel one may read them apart.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

use super::atomic::{AtomicFile, Written};
use super::error::ShardError;
use super::find::Format;
use super::splice::EncodedLines;

/// Raw bytes after which a frame closes at the next line end.
const FRAME_BYTES: usize = 16 << 20;

/// The writer of a JSONL shard.
pub(crate) struct FrameWriter {
    file: AtomicFile,
    codec: Codec,
    frame: Vec<u8>,
    frame_bytes: usize,
    rows: u64,
}

enum Codec {
    Plain,
    Gz,
    Zst(Box<zstd::bulk::Compressor<'static>>),
}

impl FrameWriter {
    pub(crate) fn new(
        file: AtomicFile,
        format: Format,
        zstd_level: i32,
    ) -> Result<FrameWriter, ShardError> {
        let codec = match format {
            Format::JsonlGz => Codec::Gz,
            Format::JsonlZst => Codec::Zst(Box::new(
                compressor(zstd_level).map_err(ShardError::io(file.path(), "compress"))?,
            )),
            Format::Jsonl | Format::Parquet => Codec::Plain,
        };
        Ok(FrameWriter {
            file,
            codec,
            frame: Vec::new(),
            frame_bytes: FRAME_BYTES,
            rows: 0,
        })
    }

    /// Smaller frames, so that tests see many of them.
    #[cfg(test)]
    pub(crate) fn with_frame_bytes(mut self, bytes: usize) -> FrameWriter {
        self.frame_bytes = bytes;
        self
    }

    pub(crate) fn write(&mut self, lines: &EncodedLines) -> Result<(), ShardError> {
        let mut start = 0;
        for &end in &lines.ends {
            if self.frame.len() + (end - start) >= self.frame_bytes {
                self.frame.extend_from_slice(&lines.bytes[start..end]);
                start = end;
                self.close_frame()?;
            }
        }
        self.frame.extend_from_slice(&lines.bytes[start..]);
        self.rows += lines.ends.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Written, ShardError> {
        // A shard without rows still is a valid stream: one empty frame.
        if !self.frame.is_empty() || self.rows == 0 {
            self.close_frame()?;
        }
        let rows = self.rows;
        Ok(Written {
            rows,
            ..self.file.finish()?
        })
    }

    fn close_frame(&mut self) -> Result<(), ShardError> {
        let written = match &mut self.codec {
            Codec::Plain => self.file.write_all(&self.frame),
            Codec::Gz => gzip(&self.frame).and_then(|member| self.file.write_all(&member)),
            Codec::Zst(codec) => codec
                .compress(&self.frame)
                .and_then(|frame| self.file.write_all(&frame)),
        };
        written.map_err(ShardError::io(self.file.path(), "write"))?;
        self.frame.clear();
        Ok(())
    }
}

/// Frames carry their content size (the library's default in one go) and a checksum (which is not).
fn compressor(level: i32) -> io::Result<zstd::bulk::Compressor<'static>> {
    let mut compressor = zstd::bulk::Compressor::new(level)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    Ok(compressor)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::with_capacity(bytes.len() / 3), Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()
}
