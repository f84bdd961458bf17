//! Writes lines in frames that depend on the lines alone.
//!
//! A frame closes at the first line end past 16 MiB of raw text and is compressed in one go, so the bytes of
//! a file follow from its lines, never from how they arrived or on how many threads. Frames are independent:
//! several are compressed at once and stand in the file in order, any zstd or gzip reader reads them all as
//! one stream, and a parallel one may read them apart.

use std::io::{self, Write};
use std::sync::Arc;

use super::atomic::{AtomicFile, Written};
use super::error::ShardError;
use super::find::Format;
use super::frame_codec::{FrameCodec, FrameSize};
use super::in_order::InOrder;
use super::output::WriteOptions;
use super::splice::EncodedLines;

/// Raw bytes after which a frame closes at the next line end.
const FRAME_BYTES: usize = 16 << 20;

/// The writer of a JSONL shard.
pub(crate) struct FrameWriter {
    file: AtomicFile,
    codec: Arc<FrameCodec>,
    frame: Vec<u8>,
    frame_bytes: usize,
    rows: u64,
    jobs: InOrder<io::Result<Frame>>,
    /// Empty buffers to use again.
    spare: Vec<Vec<u8>>,
    /// Frames in the file.
    closed: Vec<FrameSize>,
}

/// A closed frame, encoded.
struct Frame {
    encoded: Vec<u8>,
    raw: Vec<u8>,
}

impl FrameWriter {
    pub(crate) fn new(file: AtomicFile, format: Format, options: &WriteOptions) -> FrameWriter {
        FrameWriter {
            file,
            codec: Arc::new(FrameCodec::of(format, options.zstd_level)),
            frame: Vec::new(),
            frame_bytes: FRAME_BYTES,
            rows: 0,
            jobs: InOrder::new(options.pool.clone(), options.buffer_bytes),
            spare: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// Smaller frames, so that tests see many of them.
    #[cfg(test)]
    pub(crate) fn with_frame_bytes(mut self, bytes: usize) -> FrameWriter {
        self.frame_bytes = bytes;
        self
    }

    pub(crate) fn write(&mut self, lines: &EncodedLines) -> Result<(), ShardError> {
        for (at, bytes) in lines.sizes().enumerate() {
            let full = self.frame.len() + bytes >= self.frame_bytes;
            lines.push_line(at, &mut self.frame);
            if full {
                self.close_frame()?;
            }
        }
        self.rows += lines.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Written, ShardError> {
        // A shard without rows still is a valid stream: one empty frame.
        if !self.frame.is_empty() || self.rows == 0 {
            self.close_frame()?;
        }
        while let Some(frame) = self.jobs.first() {
            self.append(frame)?;
        }
        let (rows, codec, closed) = (self.rows, self.codec, self.closed);
        let written = self
            .file
            .finish_checked(|file| codec.check(file, &closed))?;
        Ok(Written { rows, ..written })
    }

    fn close_frame(&mut self) -> Result<(), ShardError> {
        let raw = std::mem::take(&mut self.frame);
        // The frame, and at worst as many bytes encoded.
        let held = raw.len().saturating_mul(2);
        while !self.jobs.has_room(held) {
            if let Some(frame) = self.jobs.first() {
                self.append(frame)?;
            }
        }
        let codec = Arc::clone(&self.codec);
        let into = self.spare.pop().unwrap_or_default();
        self.jobs.begin(held, move || {
            let encoded = codec.encode(&raw, into)?;
            Ok(Frame { encoded, raw })
        });
        while let Some(frame) = self.jobs.first_if_done() {
            self.append(frame)?;
        }
        self.frame = self.spare.pop().unwrap_or_default();
        Ok(())
    }

    fn append(&mut self, frame: io::Result<Frame>) -> Result<(), ShardError> {
        let written = frame.and_then(|frame| {
            self.file.write_all(&frame.encoded)?;
            Ok(frame)
        });
        let frame = written.map_err(ShardError::io(self.file.path(), "write"))?;
        self.closed.push(FrameSize {
            encoded: frame.encoded.len() as u64,
            raw: frame.raw.len() as u64,
        });
        for mut buffer in [frame.encoded, frame.raw] {
            // What one endless line took is not kept.
            if buffer.capacity() <= 2 * self.frame_bytes {
                buffer.clear();
                self.spare.push(buffer);
            }
        }
        Ok(())
    }
}
