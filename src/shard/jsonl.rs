//! Decodes raw lines into rows: one pass over each line, which finds the members that are asked for and
//! leaves everything else as it is.

use std::iter::repeat_with;
use std::ops::Range;
use std::sync::OnceLock;

use super::block::{BETWEEN_TEXTS, BadRow, Columns, PROVENANCE};
use super::json_scan::Escapes;
use super::lines::{RawLine, RawLines};
use super::literal::{replace_lone_surrogates, unescaped};
use super::members::{Member, each_member};
use super::reader::ReadOptions;
use super::text_spans::literals;
use super::utf8::{Utf8, replace_invalid, set_invalid_apart};
use crate::config::{Repair, TextPath};
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
    /// Where the line begins in the decompressed stream.
    offset: u64,
    /// End of the last member's value, where one more member can stand.
    pub(crate) tail: usize,
    /// What to leave out so that no `tamis` member remains; in order, apart from each other.
    pub(crate) cuts: Vec<Range<usize>>,
    texts: Texts,
    id: Option<Id>,
    extra: Vec<Option<Value>>,
    provenance: Option<Range<usize>>,
    /// What was replaced in the line so that it is text.
    replaced: Replaced,
}

/// An id: where it stands as it is, or what stands there decoded.
#[derive(Debug)]
enum Id {
    Plain(Range<usize>),
    Decoded(String),
}

/// The texts of a row. Literals are spans with their quotes.
#[derive(Debug)]
enum Texts {
    One {
        literal: Range<usize>,
        /// The text where its literal holds escapes, decoded when it is asked for; else it is the literal's inside.
        decoded: Option<OnceLock<String>>,
    },
    Many(Box<ManyTexts>),
}

#[derive(Debug)]
struct ManyTexts {
    literals: Vec<Range<usize>>,
    /// All texts, [`BETWEEN_TEXTS`] between them, and where each is.
    joined: String,
    parts: Vec<Range<usize>>,
}

/// Faults of a line that were mended.
#[derive(Debug, Clone, Copy, Default)]
struct Replaced {
    utf8: bool,
    surrogates: bool,
}

impl JsonRow {
    /// The literals of the texts, in the order of the texts.
    pub(crate) fn literals(&self) -> &[Range<usize>] {
        match &self.texts {
            Texts::One { literal, .. } => std::slice::from_ref(literal),
            Texts::Many(many) => &many.literals,
        }
    }
}

impl JsonlBlock {
    pub(crate) fn text(&self, row: usize) -> Result<&str, &BadRow> {
        self.rows[row].as_ref().map(|row| self.text_of(row))
    }

    pub(crate) fn text_of<'a>(&'a self, row: &'a JsonRow) -> &'a str {
        match &row.texts {
            Texts::One {
                decoded: Some(text),
                literal,
            } => text.get_or_init(|| {
                unescaped(&self.bytes[literal.start + 1..literal.end - 1])
                    .expect("an escape that might be half a surrogate pair is decoded at once")
            }),
            Texts::One { literal, .. } => &self.bytes[literal.start + 1..literal.end - 1],
            Texts::Many(many) => &many.joined,
        }
    }

    /// Where each text of a row is in all of it.
    pub(crate) fn parts_of(&self, row: &JsonRow) -> Vec<Range<usize>> {
        match &row.texts {
            Texts::One { .. } => std::iter::once(0..self.text_of(row).len()).collect(),
            Texts::Many(many) => many.parts.clone(),
        }
    }

    pub(crate) fn parts(&self, row: usize) -> Vec<Range<usize>> {
        let row = self.rows[row].as_ref();
        row.map_or_else(|_| Vec::new(), |row| self.parts_of(row))
    }

    pub(crate) fn id(&self, row: usize) -> Option<&str> {
        match self.rows[row].as_ref().ok()?.id.as_ref()? {
            Id::Plain(span) => Some(&self.bytes[span.clone()]),
            Id::Decoded(id) => Some(id),
        }
    }

    pub(crate) fn extra(&self, column: usize, row: usize) -> Option<Value> {
        self.rows[row].as_ref().ok()?.extra.get(column)?.clone()
    }

    /// Offset and bytes of a good line.
    pub(crate) fn place(&self, row: usize) -> (Option<u64>, Vec<u8>) {
        match &self.rows[row] {
            Ok(row) => {
                let raw = self.bytes.as_bytes()[row.line.clone()].to_vec();
                (Some(row.offset), raw)
            }
            Err(bad) => (bad.offset, bad.raw.clone()),
        }
    }

    pub(crate) fn provenance(&self, row: usize) -> Option<String> {
        let span = self.rows[row].as_ref().ok()?.provenance.clone()?;
        Some(self.bytes[span].to_owned())
    }

    /// The codes of the faults that were mended in a row.
    pub(crate) fn replaced(&self, row: usize) -> Vec<&'static str> {
        let replaced = self.rows[row]
            .as_ref()
            .map_or(Replaced::default(), |row| row.replaced);
        let codes = [
            (replaced.utf8, "E-UTF8"),
            (replaced.surrogates, "E-SURROGATE"),
        ];
        let codes = codes.into_iter().filter(|(was, _)| *was);
        codes.map(|(_, code)| code).collect()
    }

    /// The line without its texts' literals and without a `tamis` member.
    pub(crate) fn rest(&self, row: usize) -> Option<String> {
        let row = self.rows.get(row)?.as_ref().ok()?;
        let mut left_out: Vec<&Range<usize>> = row.cuts.iter().chain(row.literals()).collect();
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
pub(crate) fn decode(raw: RawLines, columns: &Columns, options: &ReadOptions) -> JsonlBlock {
    let RawLines {
        bytes,
        rows: mut lines,
        ..
    } = raw;
    let (mut bytes, utf8) = match String::from_utf8(bytes) {
        Ok(bytes) => (bytes, Vec::new()),
        Err(invalid) => {
            let mut bytes = invalid.into_bytes();
            let utf8 = match options.invalid_utf8 {
                Repair::Quarantine => set_invalid_apart(&mut bytes, &lines),
                Repair::Replace => replace_invalid(&mut bytes, &mut lines, options.max_document),
            };
            let bytes = String::from_utf8(bytes).expect("lines that are not UTF-8 were set apart");
            (bytes, utf8)
        }
    };
    let utf8 = utf8.into_iter().chain(repeat_with(|| Utf8::Valid));
    let mut wanted = Wanted::new(columns);
    let mut rows = Vec::with_capacity(lines.len());
    for (line, utf8) in lines.into_iter().zip(utf8) {
        rows.push(match (line, utf8) {
            (_, Utf8::Bad(bad)) => Err(bad),
            (RawLine::TooLarge { offset, length }, _) => {
                Err(too_large(length, options.max_document, Some(offset)))
            }
            (RawLine::Kept { start, end, offset }, utf8) => {
                decode_line(&mut bytes, start..end, &mut wanted, options.lone_surrogates)
                    .map(|mut row| {
                        row.offset = offset;
                        row.replaced.utf8 = matches!(utf8, Utf8::Replaced(_));
                        row
                    })
                    .map_err(|(code, cause)| BadRow {
                        code,
                        cause,
                        offset: Some(offset),
                        raw: match utf8 {
                            Utf8::Replaced(raw) => raw,
                            _ => bytes.as_bytes()[start..end].to_vec(),
                        },
                    })
            }
        });
    }
    JsonlBlock { bytes, rows }
}

/// Code of a document above the cap, whose bytes are not kept.
pub(crate) const TOO_LARGE: &str = "E-DOC-TOO-LARGE";

/// The bad row that stands for a document above the cap.
pub(crate) fn too_large(length: u64, max_document: usize, offset: Option<u64>) -> BadRow {
    BadRow {
        code: TOO_LARGE,
        cause: format!("the document has {length} bytes, more than {max_document}"),
        offset,
        raw: Vec::new(),
    }
}

/// Code and cause of a bad row.
pub(crate) type Fault = (&'static str, String);

/// The members that are asked for, and what of them was found in the line at hand.
struct Wanted<'a> {
    columns: &'a Columns,
    /// Each name once; the places of text paths, id and extra columns among them.
    names: Vec<&'a str>,
    texts: Vec<usize>,
    id: Option<usize>,
    extra: Vec<usize>,
    /// The last value of each name.
    found: Vec<Option<Found>>,
}

#[derive(Debug, Clone)]
struct Found {
    value: Range<usize>,
    escapes: Escapes,
    /// Whether the name was there before.
    twice: bool,
}

impl<'a> Wanted<'a> {
    fn new(columns: &'a Columns) -> Wanted<'a> {
        let mut names: Vec<&'a str> = Vec::new();
        let mut place = |name: &'a str| {
            let known = names.iter().position(|known| *known == name);
            known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            })
        };
        let paths = columns.text.paths().iter();
        let texts = paths.map(|path| place(&path.column)).collect();
        let id = columns.id.as_deref().map(&mut place);
        let extra = columns.extra.iter().map(|name| place(name)).collect();
        Wanted {
            columns,
            found: vec![None; names.len()],
            names,
            texts,
            id,
            extra,
        }
    }

    fn see(&mut self, member: &Member<'_>) {
        if let Some(at) = self.names.iter().position(|name| member.key == **name) {
            self.found[at] = Some(Found {
                value: member.value.clone(),
                escapes: member.escapes,
                twice: self.found[at].is_some(),
            });
        }
    }

    fn value(&self, place: usize) -> Option<Range<usize>> {
        self.found[place].as_ref().map(|found| found.value.clone())
    }

    /// The literals of all texts of the line, at least one.
    fn literals(&self, object: &str) -> Result<Literals, Fault> {
        let paths = self.columns.text.paths();
        let mut many = Vec::new();
        for (path, &place) in paths.iter().zip(&self.texts) {
            let Some(found) = self.found[place].clone() else {
                if path.is_single() {
                    return Err(("E-TEXT-MISSING", format!("the object has no `{path}`")));
                }
                continue;
            };
            let (value, escapes) = (found.value, found.escapes);
            if found.twice {
                return Err((
                    "E-JSON-DUPLICATE",
                    format!("`{}` is there twice", path.column),
                ));
            }
            if path.steps.is_empty() {
                plain(&object[value.clone()], path)?;
                if let [_] = paths {
                    return Ok(Literals::One(value, escapes));
                }
                many.push(value);
            } else {
                literals(object, value, path, &mut many)?;
            }
        }
        match many.len() {
            0 => Err(("E-TEXT-MISSING", "the record has no text".to_owned())),
            1 => {
                let literal = many.swap_remove(0);
                let escapes = escapes_in(&object[literal.clone()]);
                Ok(Literals::One(literal, escapes))
            }
            _ => Ok(Literals::Many(many)),
        }
    }
}

enum Literals {
    One(Range<usize>, Escapes),
    Many(Vec<Range<usize>>),
}

/// What a literal that was found on a path holds.
fn escapes_in(literal: &str) -> Escapes {
    match literal.contains('\\') {
        false => Escapes::None,
        true if literal.contains("\\u") => Escapes::Numbered,
        true => Escapes::Short,
    }
}

/// Refuses a column's value that is no string.
fn plain(literal: &str, path: &TextPath) -> Result<(), Fault> {
    match literal.as_bytes().first() {
        Some(b'"') => Ok(()),
        Some(b'n') => Err(("E-TEXT-NULL", format!("the text `{path}` is null"))),
        _ => Err(("E-TEXT-TYPE", format!("the text `{path}` is no string"))),
    }
}

fn decode_line(
    bytes: &mut String,
    line: Range<usize>,
    wanted: &mut Wanted<'_>,
    lone_surrogates: Repair,
) -> Result<JsonRow, Fault> {
    let object = &bytes[line.clone()];
    if !object.trim_start().starts_with('{') {
        return Err(("E-JSON", "the line is no JSON object".to_owned()));
    }
    wanted.found.fill(None);
    let mut cuts = Cuts::default();
    let (mut tail, mut deep) = (0, false);
    each_member(object, |member| {
        deep |= member.too_deep;
        wanted.see(&member);
        cuts.see(&member);
        tail = member.value.end;
    })
    .map_err(|cause| ("E-JSON", cause))?;
    if deep {
        let cause = "arrays and objects nest deeper than 128";
        return Err(("E-JSON-DEPTH", cause.to_owned()));
    }
    let literals = wanted.literals(object)?;
    let value = |place: usize| wanted.value(place).map(|span| &object[span]);
    let id = wanted.id.and_then(|place| {
        let found = wanted.found[place].as_ref()?;
        id_of(object, found, line.start)
    });
    let extra = wanted
        .extra
        .iter()
        .map(|&place| value(place).and_then(scalar));
    let extra = extra.collect();
    let shifted = |span: &Range<usize>| span.start + line.start..span.end + line.start;
    let provenance = cuts.last.filter(|span| &object[span.clone()] != "null");
    let provenance = provenance.as_ref().map(shifted);
    let cuts = cuts.spans.iter().map(shifted).collect();
    let literals = match literals {
        Literals::One(literal, escapes) => Literals::One(shifted(&literal), escapes),
        Literals::Many(many) => Literals::Many(many.iter().map(shifted).collect()),
    };
    let (texts, surrogates) = texts_of(bytes, literals, lone_surrogates)?;
    Ok(JsonRow {
        tail: tail + line.start,
        cuts,
        texts,
        id,
        extra,
        provenance,
        replaced: Replaced {
            utf8: false,
            surrogates,
        },
        line,
        offset: 0,
    })
}

/// The texts behind literals, and whether half surrogate pairs were replaced in them.
fn texts_of(
    bytes: &mut String,
    literals: Literals,
    lone_surrogates: Repair,
) -> Result<(Texts, bool), Fault> {
    let mut mended = false;
    let mut text = |literal: &Range<usize>| {
        let inside = literal.start + 1..literal.end - 1;
        if !bytes[inside.clone()].contains('\\') {
            return Ok((None, inside));
        }
        let mut decoded = unescaped(&bytes[inside.clone()]);
        if decoded.is_err() && lone_surrogates == Repair::Replace {
            mended = true;
            replace_lone_surrogates(bytes, inside.clone());
            decoded = unescaped(&bytes[inside.clone()]);
        }
        let cause = "the text has a lone surrogate escape";
        let decoded = decoded.map_err(|_| ("E-SURROGATE", cause.to_owned()))?;
        Ok((Some(decoded), inside))
    };
    let texts = match literals {
        Literals::One(literal, escapes) => Texts::One {
            decoded: match escapes {
                Escapes::None => None,
                // Whoever only copies a line does not ask for its text.
                Escapes::Short => Some(OnceLock::new()),
                Escapes::Numbered => text(&literal)?.0.map(OnceLock::from),
            },
            literal,
        },
        Literals::Many(literals) => {
            let texts: Result<Vec<_>, Fault> = literals.iter().map(text).collect();
            Texts::Many(Box::new(joined(bytes, literals, &texts?)))
        }
    };
    Ok((texts, mended))
}

/// Puts texts together: each is decoded, or the inside of its literal.
fn joined(
    bytes: &str,
    literals: Vec<Range<usize>>,
    texts: &[(Option<String>, Range<usize>)],
) -> ManyTexts {
    let length: usize = literals.iter().map(|literal| literal.len()).sum();
    let mut joined = String::with_capacity(length);
    let mut parts = Vec::with_capacity(texts.len());
    for (decoded, inside) in texts {
        if !parts.is_empty() {
            joined.push_str(BETWEEN_TEXTS);
        }
        let start = joined.len();
        joined.push_str(decoded.as_deref().unwrap_or(&bytes[inside.clone()]));
        parts.push(start..joined.len());
    }
    ManyTexts {
        literals,
        joined,
        parts,
    }
}

/// An id as text; a number stays as it is written, whatever its length. The object begins at `start`.
fn id_of(object: &str, found: &Found, start: usize) -> Option<Id> {
    let (from, to) = (found.value.start, found.value.end);
    match (object.as_bytes()[from], found.escapes) {
        (b'n' | b'[' | b'{', _) => None,
        (b'"', Escapes::None) => Some(Id::Plain(start + from + 1..start + to - 1)),
        (b'"', _) => {
            let decoded = serde_json::from_str(&object[from..to]);
            decoded.ok().map(Id::Decoded)
        }
        _ => Some(Id::Plain(start + from..start + to)),
    }
}

/// A string, number or boolean; arrays, objects and null are no value. A number beyond all doubles is infinite.
fn scalar(raw: &str) -> Option<Value> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok().map(Value::Text),
        b't' => Some(Value::Bool(true)),
        b'f' => Some(Value::Bool(false)),
        b'n' | b'[' | b'{' => None,
        _ => match raw.parse() {
            Ok(whole) => Some(Value::Int(whole)),
            Err(_) => raw.parse().ok().map(Value::Float),
        },
    }
}

/// The spans whose removal leaves the object without `tamis` members and valid, found member by member.
///
/// A run of them goes with the comma before it, or, at the start, with the comma behind it.
#[derive(Default)]
struct Cuts {
    spans: Vec<Range<usize>>,
    /// The value of the last `tamis` member.
    last: Option<Range<usize>>,
    kept_end: Option<usize>,
    /// Where the run at hand begins.
    open: Option<usize>,
}

impl Cuts {
    fn see(&mut self, member: &Member<'_>) {
        if member.key != PROVENANCE {
            if self.open.take().is_some()
                && self.kept_end.is_none()
                && let Some(first) = self.spans.last_mut()
            {
                first.end = member.start;
            }
            self.kept_end = Some(member.value.end);
            return;
        }
        let start = self.open.or(self.kept_end).unwrap_or(member.start);
        if self.open.replace(start).is_some() {
            self.spans.pop();
        }
        self.spans.push(start..member.value.end);
        self.last = Some(member.value.clone());
    }
}
