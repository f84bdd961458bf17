//! Puts an edited text and provenance into a line, and leaves every other byte as it is.

use std::ops::Range;

use super::error::ShardError;
use super::jsonl::{JsonRow, JsonlBlock};
use super::members::members;
use super::output::OutputRow;
use super::provenance_json::{USUAL_BYTES, push_provenance};

/// Output lines, each with its end, and where each ends.
#[derive(Debug, Default)]
pub(crate) struct EncodedLines {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<usize>,
}

/// Writes the lines of `rows`; the same row may come several times.
pub(crate) fn encode(
    block: &JsonlBlock,
    rows: &[OutputRow<'_>],
) -> Result<EncodedLines, ShardError> {
    let mut out = EncodedLines::default();
    out.ends.reserve_exact(rows.len());
    out.bytes.reserve_exact(usual_bytes(block, rows));
    for output in rows {
        let Some(Ok(row)) = block.rows.get(output.index) else {
            return Err(ShardError::Row {
                cause: "it was not read, or is a bad row",
            });
        };
        push_line(&mut out.bytes, block, row, output)?;
        out.ends.push(out.bytes.len());
    }
    Ok(out)
}

/// Bytes of the lines where provenance is short, so that the buffer need not grow.
fn usual_bytes(block: &JsonlBlock, rows: &[OutputRow<'_>]) -> usize {
    let line = |output: &OutputRow<'_>| match block.rows.get(output.index) {
        Some(Ok(row)) => row.line.len() + output.text.map_or(0, str::len) + USUAL_BYTES,
        _ => 0,
    };
    rows.iter().map(line).sum()
}

fn push_line(
    out: &mut Vec<u8>,
    block: &JsonlBlock,
    row: &JsonRow,
    output: &OutputRow<'_>,
) -> Result<(), ShardError> {
    let literal = output.text.map(json_literal).transpose()?;
    let mut replaced: Vec<(Range<usize>, &str)> =
        row.cuts.iter().map(|cut| (cut.clone(), "")).collect();
    if let Some(literal) = &literal {
        let at = replaced.partition_point(|(cut, _)| cut.start < row.literal.start);
        replaced.insert(at, (row.literal.clone(), literal));
    }
    let source = &block.bytes;
    let mut at = row.line.start;
    for (span, by) in replaced {
        out.extend_from_slice(&source.as_bytes()[at..span.start]);
        out.extend_from_slice(by.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(&source.as_bytes()[at..row.tail]);
    out.extend_from_slice(b",\"tamis\":");
    push_provenance(out, output.provenance)?;
    out.extend_from_slice(&source.as_bytes()[row.tail..row.line.end]);
    let end = if source[row.line.end..].starts_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    out.extend_from_slice(end.as_bytes());
    Ok(())
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
