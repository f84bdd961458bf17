//! Digests of files: whole ones for the record, sampled ones for cheap resume.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::ShardError;

/// Bytes taken from the start, the middle and the end by [`sampled_digest`].
const SAMPLE_BYTES: u64 = 64 * 1024;

/// What a file held when it was read: its BLAKE3 digest and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// BLAKE3 of all bytes, 64 hexadecimal digits.
    pub hex: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// A reader that hashes and counts what passes through it.
///
/// Interrupted calls are tried again here, since not every decoder above does.
pub(crate) struct Tap<R> {
    inner: R,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<R: Read> Tap<R> {
    pub(crate) fn new(inner: R) -> Self {
        Tap {
            inner,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    /// Bytes that passed so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads what is left, and gives the digest of everything.
    pub(crate) fn finish(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(Digest {
            hex: self.hasher.finalize().to_hex().to_string(),
            bytes: self.bytes,
        })
    }
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// The digest of a whole file.
pub fn digest_file(path: &Path) -> Result<Digest, ShardError> {
    let file = File::open(path).map_err(ShardError::io(path, "open"))?;
    digest_open(&file).map_err(ShardError::io(path, "read"))
}

/// The digest of an open file, from its start.
pub(crate) fn digest_open(mut file: &File) -> io::Result<Digest> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Digest {
        hex: hasher.finalize().to_hex().to_string(),
        bytes,
    })
}

/// A cheap fingerprint: BLAKE3 over the length and the first, middle and last 64 KiB.
///
/// It notices another file, a truncated and an appended one; not a byte changed between the samples.
pub fn sampled_digest(path: &Path) -> Result<String, ShardError> {
    let sample = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&length.to_le_bytes());
        let last = length.saturating_sub(SAMPLE_BYTES);
        for start in [0, last / 2, last] {
            file.seek(SeekFrom::Start(start))?;
            hasher.update_reader((&file).take(SAMPLE_BYTES))?;
        }
        Ok(hasher.finalize().to_hex().to_string())
    };
    sample().map_err(ShardError::io(path, "read"))
}
