//! How a frame of lines is encoded, and how a finished file is asked what its frames hold.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use flate2::{Compression, GzBuilder};
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound, get_frame_content_size};

use super::find::Format;

/// Longest header of a zstd frame.
const ZSTD_HEADER: u64 = 18;
/// What a gzip member ends with: the low 32 bits of its raw size.
const GZIP_SIZE: usize = 4;

/// An encoder of frames that several threads share.
pub(crate) enum FrameCodec {
    /// Frames are not compressed.
    Plain,
    /// gzip members of level 6.
    Gz,
    /// zstd frames of this level, with the contexts that nobody uses at the moment.
    Zst(i32, Mutex<Vec<Compressor<'static>>>),
}

/// Bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameSize {
    /// In the file.
    pub(crate) encoded: u64,
    /// Of its lines.
    pub(crate) raw: u64,
}

impl FrameCodec {
    pub(crate) fn of(format: Format, zstd_level: i32) -> FrameCodec {
        match format {
            Format::JsonlGz => FrameCodec::Gz,
            Format::JsonlZst => FrameCodec::Zst(zstd_level, Mutex::new(Vec::new())),
            Format::Jsonl | Format::Parquet => FrameCodec::Plain,
        }
    }

    /// Encodes a frame into an empty buffer; the same bytes whoever did it.
    pub(crate) fn encode(&self, raw: &[u8], mut into: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            FrameCodec::Plain => into.extend_from_slice(raw),
            FrameCodec::Gz => {
                let mut encoder = GzBuilder::new().mtime(0).write(into, Compression::new(6));
                encoder.write_all(raw)?;
                into = encoder.finish()?;
            }
            FrameCodec::Zst(level, idle) => {
                let found = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut compressor = found.map_or_else(|| compressor(*level), Ok)?;
                into.reserve(compress_bound(raw.len()));
                compressor.compress_to_buffer(raw, &mut into)?;
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.push(compressor);
            }
        }
        Ok(into)
    }

    /// Whether every frame of a file says that it holds what was put into it.
    ///
    /// # Errors
    /// The file cannot be read, or a frame says otherwise.
    pub(crate) fn check(&self, file: &File, frames: &[FrameSize]) -> io::Result<()> {
        let mut start = 0;
        for frame in frames {
            let end = start + frame.encoded;
            let agrees = match self {
                FrameCodec::Plain => frame.encoded == frame.raw,
                FrameCodec::Gz => gzip_size(file, end)? == frame.raw as u32,
                FrameCodec::Zst(..) => zstd_size(file, start, end)? == Some(frame.raw),
            };
            if !agrees {
                let cause = format!("the frame at byte {start} does not hold what was written");
                return Err(io::Error::other(cause));
            }
            start = end;
        }
        Ok(())
    }
}

/// Frames carry their content size (the library's default in one go) and a checksum (which is not).
fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    Ok(compressor)
}

fn gzip_size(file: &File, end: u64) -> io::Result<u32> {
    let mut low = [0; GZIP_SIZE];
    file.read_exact_at(&mut low, end.saturating_sub(GZIP_SIZE as u64))?;
    Ok(u32::from_le_bytes(low))
}

fn zstd_size(file: &File, start: u64, end: u64) -> io::Result<Option<u64>> {
    let mut header = vec![0; ZSTD_HEADER.min(end - start) as usize];
    file.read_exact_at(&mut header, start)?;
    get_frame_content_size(&header).map_err(|_| io::Error::other("it is no zstd frame"))
}
