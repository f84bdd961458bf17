//! The bytes of a JSONL shard, whatever it is compressed with, and the digest of the file as it was read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use super::digest::{Digest, Tap};
use super::error::{ShardError, system_error};
use super::find::{Format, Shard};
use super::gz::GzStream;
use super::reader::ReadOptions;
use super::zst::{PIECE_BYTES, ZstStream};
use super::zst_walk;

/// Compressed bytes read from the disk at a time.
const READ_BYTES: usize = 256 * 1024;
/// A stream that is no larger is no bomb, however little it was made from.
const BOMB_BYTES: u64 = 256 << 20;

/// A shard's file, hashed as it is read.
pub(crate) type Input = BufReader<Tap<File>>;

/// Why there is no more text.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The bytes are not what the format promises.
    Damaged {
        /// As in [`ShardError::Damaged`].
        code: &'static str,
        /// As in [`ShardError::Damaged`].
        place: String,
        /// As in [`ShardError::Damaged`].
        cause: String,
        /// Bytes of text before anything that may be damaged.
        sound: u64,
    },
    /// A limit forbids to read on.
    Limit {
        /// As in [`ShardError::Limit`].
        code: &'static str,
        /// As in [`ShardError::Limit`].
        place: String,
        /// As in [`ShardError::Limit`].
        cause: String,
    },
}

/// Tells a stream that swells beyond all text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bomb {
    ratio: u64,
}

impl Bomb {
    /// True if so many bytes of text came out of so many.
    pub(crate) fn is_one(self, decoded: u64, encoded: u64) -> bool {
        decoded > BOMB_BYTES && decoded / self.ratio > encoded
    }

    pub(crate) fn fault(self, decoded: u64, place: String) -> Fault {
        Fault::Limit {
            code: "E-BOMB",
            place,
            cause: format!(
                "{decoded} bytes of text so far are more than {} for each of its own: raise `limits.max_ratio` if they are meant",
                self.ratio
            ),
        }
    }
}

enum Decoder {
    Plain(Box<Input>),
    Gz(Box<GzStream>),
    Zst(Box<ZstStream>),
}

/// A stream of decoded bytes with a place for every error.
pub(crate) struct Decompressed {
    decoder: Decoder,
    path: PathBuf,
    /// Decoded bytes, and how many of them were given out.
    piece: Vec<u8>,
    given: usize,
    /// Bytes that may still be given out.
    left: u64,
    sound: u64,
}

impl Decompressed {
    pub(crate) fn open(shard: &Shard, options: &ReadOptions) -> Result<Decompressed, ShardError> {
        let path = &shard.path;
        let file = File::open(path).map_err(ShardError::io(path, "open"))?;
        let mut input = BufReader::with_capacity(READ_BYTES, Tap::new(file));
        let first = input.fill_buf().map_err(ShardError::io(path, "read"))?;
        refuse_other_format(shard, first)?;
        // An empty file is an empty shard in every format, though no decoder takes it for one.
        let format = if first.is_empty() {
            Format::Jsonl
        } else {
            shard.format
        };
        let bomb = Bomb {
            ratio: options.max_ratio.max(1),
        };
        let decoder = match format {
            Format::JsonlGz => Decoder::Gz(Box::new(GzStream::new(input, bomb))),
            Format::JsonlZst => Decoder::Zst(Box::new(ZstStream::new(input, bomb, options))),
            Format::Jsonl | Format::Parquet => Decoder::Plain(Box::new(input)),
        };
        Ok(Decompressed {
            decoder,
            path: path.clone(),
            piece: Vec::new(),
            given: 0,
            left: u64::MAX,
            sound: 0,
        })
    }

    /// Ends the stream after its first `bytes`.
    pub(crate) fn until(mut self, bytes: u64) -> Decompressed {
        self.left = bytes;
        self
    }

    /// Appends `wanted` bytes; fewer only at the end of the stream.
    pub(crate) fn append(
        &mut self,
        into: &mut Vec<u8>,
        wanted: usize,
    ) -> Result<usize, ShardError> {
        let wanted = usize::try_from(self.left).unwrap_or(wanted).min(wanted);
        let read = match &mut self.decoder {
            Decoder::Plain(reader) => {
                let read = reader.take(wanted as u64).read_to_end(into);
                read.map_err(ShardError::io(&self.path, "read"))?
            }
            Decoder::Gz(_) | Decoder::Zst(_) => self.append_decoded(into, wanted)?,
        };
        self.left -= read as u64;
        Ok(read)
    }

    fn append_decoded(&mut self, into: &mut Vec<u8>, wanted: usize) -> Result<usize, ShardError> {
        let mut read = 0;
        while read < wanted {
            if self.given == self.piece.len() {
                // A block that fits is decoded where it is wanted.
                if let Decoder::Zst(stream) = &mut self.decoder
                    && (into.capacity() - into.len()).min(wanted - read) >= PIECE_BYTES
                    && let Some(block) = stream.append_block(into)
                {
                    read += block.map_err(|fault| self.error(fault))?;
                    continue;
                }
                if !self.next_piece()? {
                    break;
                }
            }
            let some = &self.piece[self.given..];
            let some = &some[..some.len().min(wanted - read)];
            into.extend_from_slice(some);
            self.given += some.len();
            read += some.len();
        }
        Ok(read)
    }

    fn next_piece(&mut self) -> Result<bool, ShardError> {
        self.given = 0;
        let more = match &mut self.decoder {
            Decoder::Plain(_) => return Ok(false),
            Decoder::Gz(stream) => stream.next_piece(&mut self.piece),
            Decoder::Zst(stream) => stream.next_piece(&mut self.piece),
        };
        more.map_err(|fault| {
            self.piece.clear();
            self.error(fault)
        })
    }

    /// Bytes of text that stand before the damage that [`Decompressed::append`] has told of.
    pub(crate) fn sound(&self) -> u64 {
        self.sound
    }

    /// Reads the rest of the file and gives the digest of it all.
    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        let input = match self.decoder {
            Decoder::Plain(reader) => *reader,
            Decoder::Gz(stream) => stream.into_inner(),
            Decoder::Zst(stream) => stream.into_inner(),
        };
        input
            .into_inner()
            .finish()
            .map_err(ShardError::io(&self.path, "read"))
    }

    fn error(&mut self, fault: Fault) -> ShardError {
        match fault {
            Fault::Io(error) => {
                let source = system_error(&error).unwrap_or(error);
                ShardError::io(&self.path, "read")(source)
            }
            Fault::Damaged {
                code,
                place,
                cause,
                sound,
            } => {
                self.sound = sound;
                ShardError::Damaged {
                    code,
                    path: self.path.clone(),
                    place,
                    cause,
                    rows: None,
                }
            }
            Fault::Limit { code, place, cause } => ShardError::Limit {
                code,
                path: self.path.clone(),
                place,
                cause,
            },
        }
    }
}

/// What files begin with that are no text, and what to call them.
const BEGINNINGS: [(&[u8], &str); 5] = [
    (b"\x1F\x8B", "gzip"),
    (b"PAR1", "Parquet"),
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ\0", "xz"),
    (b"PK\x03\x04", "zip"),
];

/// Refuses a file that begins as one of another format than its name says.
fn refuse_other_format(shard: &Shard, first: &[u8]) -> Result<(), ShardError> {
    let seems = match BEGINNINGS
        .iter()
        .find(|(start, _)| first.starts_with(start))
    {
        Some((_, format)) => format,
        None if first.len() >= 4 && zst_walk::begins(first) => "zstd",
        None => "plain text",
    };
    let (named, fits) = match shard.format {
        _ if first.is_empty() => return Ok(()),
        // A few bytes may be the start of a member that is cut off, which the decoder tells.
        Format::JsonlGz => ("gzip", seems == "gzip" || first == b"\x1F"),
        Format::JsonlZst => ("zstd", zst_walk::begins(first)),
        Format::Jsonl | Format::Parquet => ("plain text", seems == "plain text"),
    };
    if fits {
        return Ok(());
    }
    Err(ShardError::OtherFormat {
        path: shard.path.clone(),
        named,
        seems,
    })
}
