//! Decodes raw lines into rows: one pass over each line, which finds the members that are asked for and
//! leaves everything else as it is.

use std::ops::Range;

use super::block::{BadRow, Columns, PROVENANCE};
use super::lines::{RawLine, RawLines};
use super::members::{Member, members, too_deep};
use crate::document::Value;

/// The rows of a block of lines. Spans are positions in `bytes`.
#[derive(Debug)]
pub(crate) struct JsonlBlock {
    pub(crate) bytes: String,
    pub(crate) rows: Vec<Result<JsonRow, BadRow>>,
}

/// One good line.
#[derive(Debug)]
pub(crate) struct JsonRow {
    /// The line without its end.
    pub(crate) line: Range<usize>,
    /// The text's literal, quotes included.
    pub(crate) literal: Range<usize>,
    /// End of the last member's value, where one more member can stand.
    pub(crate) tail: usize,
    /// What to leave out so that no `tamis` member remains; in order, apart from each other.
    pub(crate) cuts: Vec<Range<usize>>,
    /// The text where its literal holds escapes; else it is the literal's inside.
    decoded: Option<String>,
    id: Option<String>,
    extra: Vec<Option<Value>>,
    provenance: Option<Range<usize>>,
}

impl JsonlBlock {
    pub(crate) fn text(&self, row: usize) -> Result<&str, &BadRow> {
        self.rows[row].as_ref().map(|row| match &row.decoded {
            Some(text) => text.as_str(),
            None => &self.bytes[row.literal.start + 1..row.literal.end - 1],
        })
    }

    pub(crate) fn id(&self, row: usize) -> Option<&str> {
        self.rows[row].as_ref().ok()?.id.as_deref()
    }

    pub(crate) fn extra(&self, column: usize, row: usize) -> Option<Value> {
        self.rows[row].as_ref().ok()?.extra.get(column)?.clone()
    }

    pub(crate) fn provenance(&self, row: usize) -> Option<String> {
        let span = self.rows[row].as_ref().ok()?.provenance.clone()?;
        Some(self.bytes[span].to_owned())
    }
}

impl JsonlBlock {
    /// The line without its text's literal and without a `tamis` member.
    pub(crate) fn rest(&self, row: usize) -> Option<String> {
        let row = self.rows.get(row)?.as_ref().ok()?;
        let mut left_out: Vec<&Range<usize>> = row.cuts.iter().chain([&row.literal]).collect();
        left_out.sort_by_key(|span| span.start);
        let mut rest = String::with_capacity(row.line.len());
        let mut at = row.line.start;
        for span in left_out {
            rest.push_str(&self.bytes[at..span.start]);
            at = span.end;
        }
        rest.push_str(&self.bytes[at..row.line.end]);
        Some(rest)
    }
}

/// Decodes all lines of a block.
pub(crate) fn decode(raw: RawLines, columns: &Columns, max_document: usize) -> JsonlBlock {
    let RawLines {
        mut bytes, rows, ..
    } = raw;
    let not_utf8 = blank_invalid(&mut bytes, &rows);
    let bytes = String::from_utf8(bytes).expect("lines that are not UTF-8 were blanked");
    let rows = rows
        .iter()
        .zip(not_utf8)
        .map(|(row, bad)| match (row, bad) {
            (_, Some(bad)) => Err(bad),
            (RawLine::TooLarge { offset, length }, None) => {
                Err(too_large(*length, max_document, Some(*offset)))
            }
            (RawLine::Kept { start, end, offset }, None) => {
                decode_line(&bytes, *start..*end, columns).map_err(|(code, cause)| BadRow {
                    code,
                    cause,
                    offset: Some(*offset),
                    raw: bytes.as_bytes()[*start..*end].to_vec(),
                })
            }
        })
        .collect();
    JsonlBlock { bytes, rows }
}

/// The bad row that stands for a document above the cap.
pub(crate) fn too_large(length: u64, max_document: usize, offset: Option<u64>) -> BadRow {
    BadRow {
        code: "E-DOC-TOO-LARGE",
        cause: format!("the document has {length} bytes, more than {max_document}"),
        offset,
        raw: Vec::new(),
    }
}

/// Finds lines that are not UTF-8 and overwrites them with spaces, so that the block as a whole is text.
fn blank_invalid(bytes: &mut [u8], rows: &[RawLine]) -> Vec<Option<BadRow>> {
    if std::str::from_utf8(bytes).is_ok() {
        return rows.iter().map(|_| None).collect();
    }
    rows.iter()
        .map(|row| {
            let RawLine::Kept { start, end, offset } = row else {
                return None;
            };
            let error = std::str::from_utf8(&bytes[*start..*end]).err()?;
            let raw = bytes[*start..*end].to_vec();
            bytes[*start..*end].fill(b' ');
            Some(BadRow {
                code: "E-UTF8",
                cause: format!("invalid UTF-8 at byte {} of the line", error.valid_up_to()),
                offset: Some(*offset),
                raw,
            })
        })
        .collect()
}

type Fault = (&'static str, String);

fn decode_line(bytes: &str, line: Range<usize>, columns: &Columns) -> Result<JsonRow, Fault> {
    let object = &bytes[line.clone()];
    if !object.trim_start().starts_with('{') {
        return Err(("E-JSON", "the line is no JSON object".to_owned()));
    }
    let members = members(object).map_err(|error| ("E-JSON", error.to_string()))?;
    let value = |member: &Member<'_>| &object[member.value.clone()];
    for member in &members {
        if value(member).starts_with(['[', '{']) && too_deep(value(member)) {
            return Err((
                "E-JSON-DEPTH",
                "arrays and objects nest deeper than 128".to_owned(),
            ));
        }
    }
    let text = the_text(&members, &columns.text)?;
    let literal = value(text);
    let decoded = decode_text(literal)?;
    let last = |name: &str| members.iter().rev().find(|member| member.key == *name);
    let id = columns.id.as_deref().and_then(last);
    let extra = columns
        .extra
        .iter()
        .map(|name| last(name).and_then(|member| scalar(value(member))));
    let provenance = last(PROVENANCE).filter(|member| value(member) != "null");
    let shifted = |span: &Range<usize>| span.start + line.start..span.end + line.start;
    let tail = members.last().map_or(0, |member| member.value.end);
    Ok(JsonRow {
        literal: shifted(&text.value),
        tail: tail + line.start,
        cuts: cuts(&members).iter().map(shifted).collect(),
        decoded,
        id: id.and_then(|member| id_text(value(member))),
        extra: extra.collect(),
        provenance: provenance.map(|member| shifted(&member.value)),
        line,
    })
}

/// The one member that holds the text.
fn the_text<'a, 'b>(members: &'b [Member<'a>], name: &str) -> Result<&'b Member<'a>, Fault> {
    let mut named = members.iter().filter(|member| member.key == *name);
    match (named.next(), named.next()) {
        (None, _) => Err(("E-TEXT-MISSING", format!("the object has no `{name}`"))),
        (Some(_), Some(_)) => Err(("E-JSON-DUPLICATE", format!("`{name}` is there twice"))),
        (Some(member), None) => Ok(member),
    }
}

/// The text behind a literal, or nothing where it is the literal's inside as it stands.
fn decode_text(literal: &str) -> Result<Option<String>, Fault> {
    if literal == "null" {
        return Err(("E-TEXT-NULL", "the text is null".to_owned()));
    }
    if !literal.starts_with('"') {
        return Err(("E-TEXT-TYPE", "the text is no string".to_owned()));
    }
    if !literal.contains('\\') {
        return Ok(None);
    }
    // The literal's syntax was checked before; what can still be wrong is half a surrogate pair.
    serde_json::from_str(literal).map(Some).map_err(|_| {
        (
            "E-SURROGATE",
            "the text has a lone surrogate escape".to_owned(),
        )
    })
}

/// An id as text; a number stays as it is written, whatever its length.
fn id_text(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'n' | b'[' | b'{' => None,
        _ => Some(raw.to_owned()),
    }
}

/// A string, number or boolean; arrays, objects and null are no value, and so is a number beyond f64.
fn scalar(raw: &str) -> Option<Value> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok().map(Value::Text),
        b't' => Some(Value::Bool(true)),
        b'f' => Some(Value::Bool(false)),
        b'n' | b'[' | b'{' => None,
        _ => raw.parse().map(Value::Int).ok().or_else(|| {
            let number: f64 = raw.parse().ok()?;
            number.is_finite().then_some(Value::Float(number))
        }),
    }
}

/// The spans whose removal leaves the object without `tamis` members and valid.
///
/// A run of them goes with the comma before it, or, at the start, with the comma behind it.
fn cuts(members: &[Member<'_>]) -> Vec<Range<usize>> {
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut kept_end = None;
    let mut open: Option<usize> = None;
    for (at, member) in members.iter().enumerate() {
        if member.key == PROVENANCE {
            let start = open.unwrap_or(kept_end.unwrap_or(member.start));
            let next_start = members.get(at + 1).map(|next| next.start);
            let end = match (kept_end, next_start) {
                (None, Some(next)) => next,
                _ => member.value.end,
            };
            if open.is_some() {
                cuts.pop();
            }
            cuts.push(start..end);
            open = Some(start);
        } else {
            kept_end = Some(member.value.end);
            open = None;
        }
    }
    cuts
}
