//! Cuts a JSONL stream into blocks of whole lines, in bounded memory.
//!
//! A line ends with `\n` or `\r\n`, the last one with nothing if it likes. Lines of white space only are no
//! rows. A line longer than the cap is passed over, whatever its length, and remains as a row that says so.

use super::decompress::Decompressed;
use super::digest::Digest;
use super::error::ShardError;
use super::find::Shard;
use super::reader::ReadOptions;

/// Least number of bytes decoded at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Most rows of a block: what is made of a row weighs the same however short its line is.
const MAX_BLOCK_ROWS: usize = 4096;
/// Smallest block, so that the first read always shows a byte-order mark.
const MIN_BLOCK_BYTES: usize = 16;
/// Bytes of a line above the cap that are passed over before the caller is asked.
const PASS_BYTES: u64 = 64 << 20;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One row of a raw block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawLine {
    /// A line at `start..end` of the block's bytes (without its end), `offset` bytes into the stream.
    Kept {
        start: usize,
        end: usize,
        offset: u64,
    },
    /// A line above the cap, of which only place and length are known.
    TooLarge { offset: u64, length: u64 },
}

/// Whole lines as they stand in the stream.
#[derive(Debug)]
pub(crate) struct RawLines {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: Vec<RawLine>,
    pub(crate) first_row: u64,
}

/// The reader of lines.
pub(crate) struct LineReader {
    source: Decompressed,
    /// Bytes read but not given out yet, and where in the stream they begin.
    rest: Vec<u8>,
    offset: u64,
    next_row: u64,
    at_end: bool,
    started: bool,
    /// Why there is no more text; told after the whole lines before it are given out.
    failed: Option<ShardError>,
    /// The line above the cap that is being passed over.
    passing: Option<Passing>,
    shard: Shard,
    options: ReadOptions,
    /// Only lines with an end count: what stands before damage may be cut off in a line.
    whole_only: bool,
}

/// A line above the cap, of which this much was passed over.
struct Passing {
    offset: u64,
    passed: u64,
    /// The last byte that was passed over.
    last: u8,
}

impl LineReader {
    pub(crate) fn open(shard: &Shard, options: &ReadOptions) -> Result<LineReader, ShardError> {
        Ok(LineReader {
            source: Decompressed::open(shard, options)?,
            rest: Vec::new(),
            offset: 0,
            next_row: 0,
            at_end: false,
            started: false,
            failed: None,
            passing: None,
            shard: shard.clone(),
            options: ReadOptions {
                block_bytes: options.block_bytes.max(MIN_BLOCK_BYTES),
                ..*options
            },
            whole_only: false,
        })
    }

    /// The next block; none at the end of the stream.
    ///
    /// It holds at least one row, but while a very long line is passed over: then a block without rows comes now
    /// and then, so that the caller can stop.
    pub(crate) fn next_block(&mut self) -> Result<Option<RawLines>, ShardError> {
        loop {
            let Some(block) = self.next_lines()? else {
                return Ok(None);
            };
            if !block.rows.is_empty() || self.passing.is_some() {
                return Ok(Some(block));
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        self.source.finish()
    }

    fn next_lines(&mut self) -> Result<Option<RawLines>, ShardError> {
        if let Some(passing) = self.passing.take() {
            return self.pass_over(passing).map(Some);
        }
        let mut searched = 0;
        loop {
            // What is left over may be a block by itself: more is read only for want of a whole line.
            if searched > 0 || self.rest.len() < self.options.block_bytes {
                self.fill();
            }
            if self.at_end && (self.whole_only || self.failed.is_some()) {
                self.rest.truncate(last_line_end(&self.rest, searched));
            }
            if self.at_end && self.rest.is_empty() {
                return self.end().map(|()| None);
            }
            let cut = if self.at_end {
                self.rest.len()
            } else {
                last_line_end(&self.rest, searched)
            };
            if cut > 0 {
                return Ok(Some(self.take(cut)));
            }
            // One byte more than the cap may be the `\r` of a line that is just short enough.
            if self.rest.len() > self.options.max_document.saturating_add(1) {
                let passing = Passing {
                    offset: self.offset,
                    passed: self.rest.len() as u64,
                    last: self.rest.last().copied().unwrap_or_default(),
                };
                self.rest = Vec::new();
                return self.pass_over(passing).map(Some);
            }
            searched = self.rest.len();
        }
    }

    /// Reads until a block is full, or one chunk more where a block holds no whole line yet.
    fn fill(&mut self) {
        let block_bytes = self.options.block_bytes;
        let wanted = block_bytes
            .saturating_sub(self.rest.len())
            .max(CHUNK_BYTES.min(block_bytes));
        self.read(wanted);
        if !self.started && (self.at_end || self.rest.len() >= BOM.len()) {
            self.started = true;
            if self.rest.starts_with(BOM) {
                self.rest.drain(..BOM.len());
                self.offset = BOM.len() as u64;
            }
        }
    }

    /// Reads `wanted` bytes more; fewer, if that is all that there is or can be read.
    fn read(&mut self, wanted: usize) {
        if self.at_end {
            return;
        }
        if self.rest.capacity() - self.rest.len() < wanted {
            // A long line grows by an eighth: few copies, and little room that is not needed.
            self.rest.reserve_exact(wanted.max(self.rest.len() / 8));
        }
        match self.source.append(&mut self.rest, wanted) {
            Ok(read) => self.at_end = read < wanted,
            Err(error) => {
                self.failed = Some(error);
                self.at_end = true;
            }
        }
    }

    /// The end of the stream: an error, if it came too early.
    ///
    /// In salvage mode the error tells how many whole rows stand before the damage. They are counted by reading
    /// once more what is sound, so the count depends on nothing but the file.
    fn end(&mut self) -> Result<(), ShardError> {
        let Some(mut error) = self.failed.take() else {
            return Ok(());
        };
        if let ShardError::Damaged { rows, .. } = &mut error
            && self.options.salvage
        {
            *rows = rows_within(&self.shard, &self.options, self.source.sound());
        }
        Err(error)
    }

    /// Gives out the first `cut` bytes, which are whole lines, or as many of the lines as a block may hold.
    fn take(&mut self, cut: usize) -> RawLines {
        let mut rows = Vec::new();
        let mut start = 0;
        while start < cut && rows.len() < MAX_BLOCK_ROWS {
            let next = start + line_length(&self.rest[start..cut]);
            let end = start + without_end(&self.rest[start..next]).len();
            let offset = self.offset + start as u64;
            if end - start > self.options.max_document {
                let length = (end - start) as u64;
                rows.push(RawLine::TooLarge { offset, length });
            } else if !self.rest[start..end].trim_ascii_start().is_empty() {
                rows.push(RawLine::Kept { start, end, offset });
            }
            start = next;
        }
        let rest = self.rest.split_off(start);
        let bytes = std::mem::replace(&mut self.rest, rest);
        let first_row = self.next_row;
        self.next_row += rows.len() as u64;
        self.offset += start as u64;
        RawLines {
            bytes,
            rows,
            first_row,
        }
    }

    /// Throws away the rest of a line that is too long, and remembers where it was.
    fn pass_over(&mut self, mut line: Passing) -> Result<RawLines, ShardError> {
        let until = line.passed.saturating_add(PASS_BYTES);
        while line.passed < until {
            self.read(CHUNK_BYTES);
            let found = line_length(&self.rest);
            if self.rest[..found].last() == Some(&b'\n') {
                let before = found.checked_sub(2).map_or(line.last, |at| self.rest[at]);
                let passed = line.passed + found as u64;
                let content = passed - 1 - u64::from(before == b'\r');
                self.rest.drain(..found);
                return Ok(self.too_large(line.offset, content, passed));
            }
            line.passed += found as u64;
            line.last = self.rest.last().copied().unwrap_or(line.last);
            self.rest.clear();
            if self.at_end {
                self.end()?;
                let mut last = self.too_large(line.offset, line.passed, line.passed);
                if self.whole_only {
                    last.rows.clear();
                }
                return Ok(last);
            }
        }
        self.passing = Some(line);
        Ok(RawLines {
            bytes: Vec::new(),
            rows: Vec::new(),
            first_row: self.next_row,
        })
    }

    fn too_large(&mut self, offset: u64, length: u64, passed: u64) -> RawLines {
        self.offset += passed;
        let first_row = self.next_row;
        self.next_row += 1;
        RawLines {
            bytes: Vec::new(),
            rows: vec![RawLine::TooLarge { offset, length }],
            first_row,
        }
    }
}

/// Counts the rows whose lines end within the first `sound` bytes of a stream.
fn rows_within(shard: &Shard, options: &ReadOptions, sound: u64) -> Option<u64> {
    let options = ReadOptions {
        salvage: false,
        ahead_threads: 1,
        ..*options
    };
    let mut reader = LineReader::open(shard, &options).ok()?;
    reader.source = reader.source.until(sound);
    reader.whole_only = true;
    let mut rows = 0;
    while let Some(block) = reader.next_block().ok()? {
        rows += block.rows.len() as u64;
    }
    Some(rows)
}

/// Length of the first line with its `\n`, or of everything if there is none.
fn line_length(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
}

/// The end of the last whole line; bytes before `searched` hold none.
fn last_line_end(bytes: &[u8], searched: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[searched..]).map_or(0, |at| searched + at + 1)
}

fn without_end(line: &[u8]) -> &[u8] {
    // A `\r` ends a line only together with `\n`; alone at the end of a file it is white space of the line.
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Format;

    /// Several frames with a line of 24 MiB between short ones.
    fn long_line() -> Vec<u8> {
        let long = vec![b'x'; 24 << 20];
        let parts = [
            &b"{\"text\":1}\n{"[..],
            &long[..9 << 20],
            &long[9 << 20..],
            b"\r\n{\"text\":2}\n",
        ];
        let frames = parts.map(|part| zstd::bulk::compress(part, 1).unwrap());
        frames.concat()
    }

    #[test]
    fn a_line_above_the_cap_is_never_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.zst");
        std::fs::write(&path, long_line()).unwrap();
        let shard = Shard {
            name: "a.jsonl.zst".to_owned(),
            path,
            format: Format::JsonlZst,
            bytes: 0,
        };
        let options = ReadOptions {
            block_bytes: 100_000,
            max_document: 1 << 20,
            ..ReadOptions::default()
        };
        let mut reader = LineReader::open(&shard, &options).unwrap();
        let mut rows = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            assert!(block.bytes.capacity() <= 200_000);
            assert!(
                reader.rest.capacity() <= 200_000,
                "{}",
                reader.rest.capacity()
            );
            rows.extend(block.rows);
        }
        let long = RawLine::TooLarge {
            offset: 11,
            length: 1 + (24 << 20),
        };
        assert_eq!((rows.len(), &rows[1]), (3, &long));
    }

    #[test]
    fn a_long_line_below_the_cap_is_held_once_and_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(10 << 20));
        std::fs::write(&path, format!("{line}{}", "{\"text\":1}\n".repeat(5000))).unwrap();
        let shard = Shard {
            name: "a.jsonl".to_owned(),
            path,
            format: Format::Jsonl,
            bytes: 0,
        };
        let options = ReadOptions {
            block_bytes: 20_000,
            ..ReadOptions::default()
        };
        let mut reader = LineReader::open(&shard, &options).unwrap();
        let first = reader.next_block().unwrap().unwrap();
        assert!(first.bytes.capacity() < line.len() / 8 * 9 + 20_000);
        assert!(reader.rest.capacity() <= 20_000);
        let second = reader.next_block().unwrap().unwrap();
        assert!(second.bytes.capacity() <= 40_000 && reader.rest.capacity() <= 40_000);
    }
}
