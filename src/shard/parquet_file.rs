//! A Parquet file as the decoder sees it: positioned reads, and a footer that is looked at before it is believed.
//!
//! The parquet crate walks the schema by recursion and makes room for whatever the footer declares; neither
//! can be caught when it goes wrong. So nesting and sizes are checked first.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
};
use parquet::file::reader::{ChunkReader, Length};

use super::error::{ShardError, guarded};
use super::thrift::{Compact, Fault, I32, LIST, STRUCT};

/// Deepest nesting of columns.
const MAX_SCHEMA_DEPTH: usize = 64;
/// Bytes that the decoded footer takes for each of its own, about.
const FOOTER_GROWTH: u64 = 8;
/// What a file ends with, after the length of the footer.
const MAGIC: &[u8; 4] = b"PAR1";
const TAIL: u64 = 8;
/// Where a fault of the footer is.
pub(crate) const IN_FOOTER: &str = " in its footer";

/// An open file that many readers read from at once, each at its own place.
#[derive(Clone)]
pub(crate) struct ParquetFile {
    file: Arc<File>,
    path: PathBuf,
    length: u64,
    /// What the system last refused; the parquet crate keeps no more than a text of it.
    refused: Arc<Mutex<Option<io::Error>>>,
}

impl ParquetFile {
    pub(crate) fn open(path: &Path) -> Result<ParquetFile, ShardError> {
        let file = File::open(path).map_err(ShardError::io(path, "open"))?;
        let length = file.metadata().map_err(ShardError::io(path, "open"))?.len();
        Ok(ParquetFile {
            file: Arc::new(file),
            path: path.to_path_buf(),
            length,
            refused: Arc::default(),
        })
    }

    /// True if there is nothing in the file, which is a shard without rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads until `buffer` is full or the file ends; gives the number of bytes.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .file
                .read_at(&mut buffer[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let again = error.raw_os_error().map(io::Error::from_raw_os_error);
                    *self.refused() = again;
                    return Err(error);
                }
            }
        }
        Ok(filled)
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.refused
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What the disk said, if it was the disk; else the error as it is.
    pub(crate) fn or_disk(&self, error: ShardError) -> ShardError {
        match self.refused().take() {
            Some(source) => ShardError::io(&self.path, "read")(source),
            None => error,
        }
    }

    /// The metadata, without statistics; `most` is how many bytes it may take in memory.
    pub(crate) fn metadata(&self, most: u64) -> Result<ParquetMetaData, ShardError> {
        let footer = self.footer(most).map_err(|error| self.or_disk(error))?;
        check_footer(&footer).map_err(|cause| self.corrupt(cause))?;
        guarded(&self.path, IN_FOOTER, || {
            let options = ParquetMetaDataOptions::new()
                .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
                .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
                .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
            ParquetMetaDataReader::decode_metadata_with_options(&footer, Some(&options))
        })
    }

    fn footer(&self, most: u64) -> Result<Vec<u8>, ShardError> {
        let corrupt = |cause: String| self.corrupt(cause);
        let read = |offset: u64, length: u64| {
            let mut bytes = vec![0; length as usize];
            match self.read_at(&mut bytes, offset) {
                Ok(read) if read as u64 == length => Ok(bytes),
                Ok(_) => Err(corrupt("the file became shorter".to_owned())),
                Err(source) => Err(ShardError::io(&self.path, "read")(source)),
            }
        };
        if self.length < TAIL + MAGIC.len() as u64 {
            let cause = format!("{} bytes are no Parquet file", self.length);
            return Err(corrupt(cause));
        }
        let tail = read(self.length - TAIL, TAIL)?;
        let (length, magic) = tail.split_at(4);
        match magic {
            b"PAR1" => {}
            b"PARE" => return Err(corrupt("the footer is encrypted".to_owned())),
            _ => return Err(corrupt("the file does not end as Parquet does".to_owned())),
        }
        let length = length
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let room = self.length - TAIL - MAGIC.len() as u64;
        if length > room {
            let cause = format!("the footer shall have {length} bytes where {room} are");
            return Err(corrupt(cause));
        }
        if length.saturating_mul(FOOTER_GROWTH) > most {
            let cause = format!(
                "a footer of {length} bytes needs {} bytes of memory, more than {most}: give --memory {} times what it is, or write larger row groups",
                length * FOOTER_GROWTH,
                (length * FOOTER_GROWTH).div_ceil(most.max(1)),
            );
            return Err(ShardError::Limit {
                code: "E-PARQUET-FOOTER-SIZE",
                path: self.path.clone(),
                place: IN_FOOTER.to_owned(),
                cause,
            });
        }
        read(self.length - TAIL - length, length)
    }

    fn corrupt(&self, cause: String) -> ShardError {
        ShardError::Damaged {
            code: "E-PARQUET-CORRUPT",
            path: self.path.clone(),
            place: IN_FOOTER.to_owned(),
            cause,
            rows: None,
        }
    }
}

impl Length for ParquetFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for ParquetFile {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<BufReader<From>, ParquetError> {
        let from = From {
            file: self.clone(),
            at: start,
        };
        // Only page headers are read like this.
        Ok(BufReader::with_capacity(512, from))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut buffer = vec![0; length];
        let read = self.read_at(&mut buffer, start)?;
        if read < length {
            let cause = format!("expected {length} bytes at byte {start}, found {read}");
            return Err(ParquetError::EOF(cause));
        }
        Ok(buffer.into())
    }
}

/// Reads on from a place.
pub(crate) struct From {
    file: ParquetFile,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Looks whether a footer is whole, and its schema no deeper than recursion bears.
fn check_footer(bytes: &[u8]) -> Result<(), String> {
    let mut depth = SchemaDepth::default();
    let mut walk = Compact::new(bytes);
    let walked = walk.fields(|walk, id, kind| {
        if (id, kind) != (2, LIST) {
            return Ok(false);
        }
        let (kind, size) = walk.list()?;
        if kind != STRUCT {
            return Err(Fault::Malformed);
        }
        for _ in 0..size {
            let mut children = 0;
            walk.fields(|walk, id, kind| {
                if (id, kind) == (5, I32) {
                    children = walk.whole()?;
                    return Ok(true);
                }
                Ok(false)
            })?;
            depth.element(children);
        }
        Ok(true)
    });
    match walked {
        Err(Fault::Short) => Err("the footer ends inside a value".to_owned()),
        Err(Fault::Malformed) => Err("the footer cannot be understood".to_owned()),
        Ok(()) if depth.most > MAX_SCHEMA_DEPTH => Err(format!(
            "columns nest deeper than {MAX_SCHEMA_DEPTH} levels"
        )),
        Ok(()) => Ok(()),
    }
}

/// How deep a schema goes, element after element in their order.
#[derive(Default)]
struct SchemaDepth {
    /// Children that are still to come, level by level.
    open: Vec<i64>,
    most: usize,
}

impl SchemaDepth {
    fn element(&mut self, children: i64) {
        if let Some(left) = self.open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            self.open.push(children);
            self.most = self.most.max(self.open.len());
        }
        // A lie about the number of children must not make the list of levels grow.
        while self.open.last() == Some(&0) {
            self.open.pop();
        }
    }
}
