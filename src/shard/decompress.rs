//! The bytes of a JSONL shard, whatever it is compressed with, and the digest of the file as it was read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;

use super::digest::{Digest, Tap};
use super::error::{ShardError, system_error};
use super::find::{Format, Shard};

/// Compressed bytes read from the disk at a time.
const READ_BYTES: usize = 256 * 1024;
/// Largest zstd window that is accepted: 2^27 bytes, what `zstd --long` makes by default.
const WINDOW_LOG_MAX: u32 = 27;
/// More decoded bytes than this for each encoded one, and more than [`BOMB_BYTES`], is no text.
const BOMB_RATIO: u64 = 1000;
const BOMB_BYTES: u64 = 256 << 20;

type Input = BufReader<Tap<File>>;

enum Decoder {
    Plain(Box<Input>),
    Gz(Box<MultiGzDecoder<Input>>),
    Zst(Box<zstd::Decoder<'static, Input>>),
}

/// A stream of decoded bytes with a place for every error.
pub(crate) struct Decompressed {
    decoder: Decoder,
    path: PathBuf,
    decoded: u64,
}

impl Decompressed {
    pub(crate) fn open(shard: &Shard) -> Result<Decompressed, ShardError> {
        let path = &shard.path;
        let file = File::open(path).map_err(ShardError::io(path, "open"))?;
        let length = file.metadata().map_err(ShardError::io(path, "look at"))?;
        let input = BufReader::with_capacity(READ_BYTES, Tap::new(file));
        // An empty file is an empty shard in every format, though no decoder takes it for one.
        let format = if length.len() == 0 {
            Format::Jsonl
        } else {
            shard.format
        };
        let decoder = match format {
            Format::JsonlGz => Decoder::Gz(Box::new(MultiGzDecoder::new(input))),
            Format::JsonlZst => {
                let mut decoder = zstd::Decoder::with_buffer(input)
                    .map_err(ShardError::io(path, "decompress"))?;
                decoder
                    .window_log_max(WINDOW_LOG_MAX)
                    .map_err(ShardError::io(path, "decompress"))?;
                Decoder::Zst(Box::new(decoder))
            }
            Format::Jsonl | Format::Parquet => Decoder::Plain(Box::new(input)),
        };
        Ok(Decompressed {
            decoder,
            path: path.clone(),
            decoded: 0,
        })
    }

    /// Appends up to `wanted` bytes; fewer only at the end of the stream.
    pub(crate) fn append(
        &mut self,
        into: &mut Vec<u8>,
        wanted: usize,
    ) -> Result<usize, ShardError> {
        let limit = wanted as u64;
        let read = match &mut self.decoder {
            Decoder::Plain(reader) => reader.take(limit).read_to_end(into),
            Decoder::Gz(reader) => reader.take(limit).read_to_end(into),
            Decoder::Zst(reader) => reader.take(limit).read_to_end(into),
        };
        let read = read.map_err(|error| self.fault(&error))?;
        self.decoded += read as u64;
        let encoded = self.encoded();
        if self.decoded > BOMB_BYTES && self.decoded / BOMB_RATIO > encoded {
            return Err(self.damaged(
                "E-BOMB",
                format!("{} bytes came out of {encoded}", self.decoded),
            ));
        }
        Ok(read)
    }

    /// Reads the rest of the file and gives the digest of it all.
    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        let tap = match self.decoder {
            Decoder::Plain(reader) => *reader,
            Decoder::Gz(reader) => reader.into_inner(),
            Decoder::Zst(reader) => reader.finish(),
        };
        tap.into_inner()
            .finish()
            .map_err(ShardError::io(&self.path, "read"))
    }

    fn encoded(&self) -> u64 {
        match &self.decoder {
            Decoder::Plain(reader) => reader.get_ref().bytes(),
            Decoder::Gz(reader) => reader.get_ref().get_ref().bytes(),
            Decoder::Zst(reader) => reader.get_ref().get_ref().bytes(),
        }
    }

    fn damaged(&self, code: &'static str, cause: String) -> ShardError {
        ShardError::Damaged {
            code,
            path: self.path.clone(),
            place: format!(" near byte {} of the file", self.encoded()),
            cause,
            rows: None,
        }
    }

    /// Tells a failing disk from damaged bytes, and a truncation from other damage.
    fn fault(&self, error: &io::Error) -> ShardError {
        if let Some(source) = system_error(error) {
            return ShardError::io(&self.path, "read")(source);
        }
        let truncated = error.kind() == io::ErrorKind::UnexpectedEof;
        let message = error.to_string();
        let (code, cause) = match (&self.decoder, truncated) {
            (Decoder::Gz(_), true) => ("E-GZ-TRUNC", "the gzip stream ends too early".to_owned()),
            (Decoder::Gz(_), false) => ("E-GZ-CORRUPT", message),
            (_, true) => ("E-ZST-TRUNC", "the zstd frame ends too early".to_owned()),
            (_, false) if message.contains("too much memory") => (
                "E-ZST-WINDOW",
                format!("its window is larger than 2^{WINDOW_LOG_MAX} bytes: compress it anew"),
            ),
            (_, false) => ("E-ZST-CORRUPT", message),
        };
        self.damaged(code, cause)
    }
}
