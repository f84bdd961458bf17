//! Puts an edited text and provenance into a line, and leaves every other byte as it is.

use std::ops::Range;

use super::error::ShardError;
use super::jsonl::{JsonRow, JsonlBlock};
use super::members::members;
use super::output::OutputRow;
use crate::document::Provenance;

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

fn push_line(
    out: &mut Vec<u8>,
    block: &JsonlBlock,
    row: &JsonRow,
    output: &OutputRow<'_>,
) -> Result<(), ShardError> {
    let provenance = provenance_json(output.provenance)?;
    let cuts = row.cuts.iter().map(|cut| (cut.clone(), String::new()));
    let mut replaced: Vec<(Range<usize>, String)> = cuts.collect();
    if let Some(texts) = output.texts {
        replaced.extend(new_literals(block, row, texts)?);
        replaced.sort_unstable_by_key(|(span, _)| span.start);
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
    out.extend_from_slice(provenance.as_bytes());
    out.extend_from_slice(&source.as_bytes()[row.tail..row.line.end]);
    let end = if source[row.line.end..].starts_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    out.extend_from_slice(end.as_bytes());
    Ok(())
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

/// The `tamis` object: every key, in the order of the struct, numbers finite.
fn provenance_json(provenance: &Provenance) -> Result<String, ShardError> {
    check_finite(provenance)?;
    serde_json::to_string(provenance).map_err(|_| ShardError::Row {
        cause: "its provenance cannot be written as JSON",
    })
}

/// JSON would show a number that is not finite as null, and nobody would notice.
pub(crate) fn check_finite(provenance: &Provenance) -> Result<(), ShardError> {
    let edit = &provenance.edit;
    let finite = provenance.p_synthetic.is_none_or(f64::is_finite)
        && [provenance.weight, edit.threshold, edit.temperature]
            .iter()
            .all(|number| number.is_finite());
    if finite {
        Ok(())
    } else {
        Err(ShardError::Row {
            cause: "its provenance holds a number that is not finite",
        })
    }
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
