//! Cuts a JSONL stream into blocks of whole lines, in bounded memory.
//!
//! A line ends with `\n` or `\r\n`, the last one with nothing if it likes. Lines of white space only are no
//! rows. A line longer than the cap is passed over, whatever its length, and remains as a row that says so.

use std::io::BufRead;

use super::decompress::Decompressed;
use super::digest::Digest;
use super::error::ShardError;
use super::find::Shard;

/// Least number of bytes decoded at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Smallest block, so that the first read always shows a byte-order mark.
const MIN_BLOCK_BYTES: usize = 16;
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
    block_bytes: usize,
    max_document: usize,
    /// What ended the stream; told once the whole lines before it are given out.
    fault: Option<ShardError>,
}

impl LineReader {
    pub(crate) fn open(
        shard: &Shard,
        block_bytes: usize,
        max_document: usize,
    ) -> Result<LineReader, ShardError> {
        Ok(LineReader {
            source: Decompressed::open(shard)?,
            rest: Vec::new(),
            offset: 0,
            next_row: 0,
            at_end: false,
            started: false,
            block_bytes: block_bytes.max(MIN_BLOCK_BYTES),
            max_document,
            fault: None,
        })
    }

    /// The next block that holds at least one row; none at the end of the stream.
    pub(crate) fn next_block(&mut self) -> Result<Option<RawLines>, ShardError> {
        loop {
            let Some(block) = self.next_lines()? else {
                return Ok(None);
            };
            if !block.rows.is_empty() {
                return Ok(Some(block));
            }
        }
    }

    pub(crate) fn finish(self) -> Result<Digest, ShardError> {
        self.source.finish()
    }

    fn next_lines(&mut self) -> Result<Option<RawLines>, ShardError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut searched = 0;
        loop {
            if let Err(fault) = self.fill() {
                return self.before(fault);
            }
            if self.at_end && self.rest.is_empty() {
                return Ok(None);
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
            if self.rest.len() > self.max_document.saturating_add(1) {
                return self.pass_over().map(Some);
            }
            searched = self.rest.len();
        }
    }

    /// The whole lines that stand before damage; then the fault, with their number.
    fn before(&mut self, fault: ShardError) -> Result<Option<RawLines>, ShardError> {
        let cut = last_line_end(&self.rest, 0);
        let lines = (cut > 0).then(|| self.take(cut));
        let fault = match fault {
            ShardError::Damaged {
                code,
                path,
                place,
                cause,
                ..
            } => ShardError::Damaged {
                code,
                path,
                place,
                cause,
                rows: Some(self.next_row),
            },
            other => other,
        };
        match lines {
            None => Err(fault),
            lines => {
                self.fault = Some(fault);
                Ok(lines)
            }
        }
    }

    /// Reads until a block is full, or one chunk more where a block holds no whole line yet.
    fn fill(&mut self) -> Result<(), ShardError> {
        let wanted = self
            .block_bytes
            .saturating_sub(self.rest.len())
            .max(CHUNK_BYTES.min(self.block_bytes));
        if !self.at_end {
            self.at_end = self.source.append(&mut self.rest, wanted)? < wanted;
        }
        if !self.started && (self.at_end || self.rest.len() >= BOM.len()) {
            self.started = true;
            if self.rest.starts_with(BOM) {
                self.rest.drain(..BOM.len());
                self.offset = BOM.len() as u64;
            }
        }
        Ok(())
    }

    /// Gives out the first `cut` bytes, which are whole lines.
    fn take(&mut self, cut: usize) -> RawLines {
        let rest = self.rest.split_off(cut);
        let bytes = std::mem::replace(&mut self.rest, rest);
        let mut rows = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let next = start + line_length(&bytes[start..]);
            let end = start + without_end(&bytes[start..next]).len();
            let offset = self.offset + start as u64;
            if end - start > self.max_document {
                let length = (end - start) as u64;
                rows.push(RawLine::TooLarge { offset, length });
            } else if !bytes[start..end].trim_ascii_start().is_empty() {
                rows.push(RawLine::Kept { start, end, offset });
            }
            start = next;
        }
        let first_row = self.next_row;
        self.next_row += rows.len() as u64;
        self.offset += cut as u64;
        RawLines {
            bytes,
            rows,
            first_row,
        }
    }

    /// Throws away a line that is too long, and remembers where it was.
    fn pass_over(&mut self) -> Result<RawLines, ShardError> {
        let offset = self.offset;
        let mut passed = 0;
        let mut last = 0;
        loop {
            let found = line_length(&self.rest);
            let ended = self.rest[..found].last() == Some(&b'\n');
            if ended {
                let before = found.checked_sub(2).map_or(last, |at| self.rest[at]);
                let content = passed + found as u64 - 1 - u64::from(before == b'\r');
                self.rest.drain(..found);
                return Ok(self.too_large(offset, content, passed + found as u64));
            }
            passed += found as u64;
            last = self.rest.last().copied().unwrap_or(last);
            self.rest.clear();
            if self.at_end {
                return Ok(self.too_large(offset, passed, passed));
            }
            self.at_end = self.source.append(&mut self.rest, CHUNK_BYTES)? < CHUNK_BYTES;
        }
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

/// Length of the first line with its `\n`, or of everything if there is none.
fn line_length(mut bytes: &[u8]) -> usize {
    // The standard library's search for one byte is fast, and this is the door to it.
    bytes
        .skip_until(b'\n')
        .expect("reading from a slice cannot fail")
}

/// The end of the last whole line; bytes before `searched` hold none.
fn last_line_end(bytes: &[u8], searched: usize) -> usize {
    bytes[searched..]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| searched + at + 1)
}

fn without_end(line: &[u8]) -> &[u8] {
    // A `\r` ends a line only together with `\n`; alone at the end of a file it is white space of the line.
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}
