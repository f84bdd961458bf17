//! Puts edited texts and provenance into a line, and leaves every other byte as it is.

use std::ops::Range;
use std::sync::Arc;

use super::error::ShardError;
use super::jsonl::{JsonRow, JsonlBlock};
use super::members::members;
use super::output::OutputRow;
use super::provenance_json::{USUAL_BYTES, push_provenance};

/// Output lines as pieces of their block and of what is new in them, so that no byte is copied before it
/// stands in the output.
pub(crate) struct EncodedLines {
    block: Arc<JsonlBlock>,
    new: Vec<u8>,
    pieces: Vec<Piece>,
    lines: Vec<EncodedLine>,
}

/// Bytes of the block, or new ones.
enum Piece {
    Block(Range<usize>),
    New(Range<usize>),
}

/// A line with its end.
struct EncodedLine {
    /// Its last piece ends before this one.
    pieces_end: usize,
    bytes: usize,
}

impl EncodedLines {
    /// Number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of each line with its end, in order.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        self.lines.iter().map(|line| line.bytes)
    }

    /// Appends line `at`.
    pub(crate) fn push_line(&self, at: usize, out: &mut Vec<u8>) {
        let first = at
            .checked_sub(1)
            .map_or(0, |before| self.lines[before].pieces_end);
        for piece in &self.pieces[first..self.lines[at].pieces_end] {
            out.extend_from_slice(match piece {
                Piece::Block(span) => &self.block.bytes.as_bytes()[span.clone()],
                Piece::New(span) => &self.new[span.clone()],
            });
        }
    }

    fn push_block(&mut self, span: Range<usize>) {
        if !span.is_empty() {
            self.pieces.push(Piece::Block(span));
        }
    }

    /// What was appended to the new bytes since `start`.
    fn push_new(&mut self, start: usize) {
        self.pieces.push(Piece::New(start..self.new.len()));
    }
}

/// Makes the lines of `rows`; the same row may come several times.
pub(crate) fn encode(
    block: &Arc<JsonlBlock>,
    rows: &[OutputRow<'_>],
) -> Result<EncodedLines, ShardError> {
    let mut out = EncodedLines {
        block: Arc::clone(block),
        new: Vec::with_capacity(rows.len().saturating_mul(USUAL_BYTES)),
        pieces: Vec::with_capacity(rows.len().saturating_mul(3)),
        lines: Vec::with_capacity(rows.len()),
    };
    for output in rows {
        let Some(Ok(row)) = block.rows.get(output.index) else {
            return Err(ShardError::Row {
                cause: "it was not read, or is a bad row",
            });
        };
        let first = out.pieces.len();
        encode_line(&mut out, block, row, output)?;
        let bytes = out.pieces[first..].iter().map(Piece::bytes).sum();
        out.lines.push(EncodedLine {
            pieces_end: out.pieces.len(),
            bytes,
        });
    }
    Ok(out)
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Piece::Block(span) | Piece::New(span) => span.len(),
        }
    }
}

fn encode_line(
    out: &mut EncodedLines,
    block: &JsonlBlock,
    row: &JsonRow,
    output: &OutputRow<'_>,
) -> Result<(), ShardError> {
    let cuts = row.cuts.iter().map(|cut| (cut.clone(), String::new()));
    let mut replaced: Vec<(Range<usize>, String)> = cuts.collect();
    if let Some(texts) = output.texts {
        replaced.extend(new_literals(block, row, texts)?);
        replaced.sort_unstable_by_key(|(span, _)| span.start);
    }
    let mut at = row.line.start;
    for (span, by) in replaced {
        out.push_block(at..span.start);
        let start = out.new.len();
        out.new.extend_from_slice(by.as_bytes());
        out.push_new(start);
        at = span.end;
    }
    out.push_block(at..row.tail);
    let start = out.new.len();
    out.new.extend_from_slice(b",\"tamis\":");
    push_provenance(&mut out.new, output.provenance)?;
    out.push_new(start);
    match line_end(&block.bytes[row.line.end..]) {
        Some(end) => out.push_block(row.tail..row.line.end + end.len()),
        None => {
            out.push_block(row.tail..row.line.end);
            let start = out.new.len();
            out.new.push(b'\n');
            out.push_new(start);
        }
    }
    Ok(())
}

/// The line end that `rest` begins with.
fn line_end(rest: &str) -> Option<&'static str> {
    ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end))
}

/// The literals of a row that change, each with what it becomes; a text that stays keeps its literal's bytes.
fn new_literals(
    block: &JsonlBlock,
    row: &JsonRow,
    texts: &[&str],
) -> Result<Vec<(Range<usize>, String)>, ShardError> {
    let (whole, parts) = (block.text_of(row), block.parts_of(row));
    if texts.len() != parts.len() {
        return Err(ShardError::Row {
            cause: "it has another number of texts",
        });
    }
    let changed = row.literals().iter().zip(parts).zip(texts);
    changed
        .filter(|((_, part), text)| whole[part.clone()] != ***text)
        .map(|((literal, _), text)| Ok((literal.clone(), json_literal(text)?)))
        .collect()
}

/// A text as a JSON string, with no more escapes than JSON demands.
fn json_literal(text: &str) -> Result<String, ShardError> {
    serde_json::to_string(text).map_err(|_| ShardError::Row {
        cause: "its text cannot be written as JSON",
    })
}

/// The object with member `key` set to `value`, which is JSON: replaced where it is, else added at the end.
///
/// Nothing if `object` is no JSON object. Other members stay byte for byte and in order.
pub(crate) fn with_member(object: &str, key: &str, value: &str) -> Option<String> {
    let found = members(object).ok()?;
    let (span, text) = match found.iter().rev().find(|member| member.key == *key) {
        Some(member) => (member.value.clone(), value.to_owned()),
        None => {
            let name = serde_json::to_string(key).ok()?;
            match found.last() {
                Some(last) => (last.value.end..last.value.end, format!(",{name}:{value}")),
                None => {
                    let inside = object.find('{')? + 1;
                    (inside..inside, format!("{name}:{value}"))
                }
            }
        }
    };
    Some([&object[..span.start], &text, &object[span.end..]].concat())
}

/// The JSON text of member `key` (the last one of that name).
pub(crate) fn member_text<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let found = members(object).ok()?;
    let member = found.iter().rev().find(|member| member.key == *key)?;
    Some(&object[member.value.clone()])
}
