//! The members of one JSON object as byte spans, so that a member can be replaced or cut out and every
//! other byte stays as it is.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json_scan::{Escapes, Scanner};

/// Deepest nesting of arrays and objects that is accepted inside a member, the line's own object left out.
const MAX_DEPTH: usize = 127;

/// One member: where key and value stand in the object's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// The key, decoded where it holds an escape.
    pub(crate) key: Cow<'a, str>,
    /// First byte of the key's opening quote.
    pub(crate) start: usize,
    /// The value.
    pub(crate) value: Range<usize>,
    /// What the value holds, if it is a string.
    pub(crate) escapes: Escapes,
    /// True if arrays and objects nest too deeply in the value for common readers.
    pub(crate) too_deep: bool,
}

/// All members in order, with duplicates; values are checked for syntax and otherwise not looked at.
///
/// `text` must hold one object and nothing else but white space around it. Else the error says what is wrong.
pub(crate) fn members(text: &str) -> Result<Vec<Member<'_>>, String> {
    let mut members = Vec::with_capacity(16);
    each_member(text, |member| members.push(member))?;
    Ok(members)
}

/// As [`members`], one after the other: an object may have millions.
pub(crate) fn each_member<'a>(
    text: &'a str,
    mut each: impl FnMut(Member<'a>),
) -> Result<(), String> {
    let found = Scanner::new(text).object(|key, value| {
        let inside = key.span.start + 1..key.span.end - 1;
        each(Member {
            key: match key.escapes {
                Escapes::None => Cow::Borrowed(&text[inside]),
                _ => decoded_key(&text[key.span.clone()]),
            },
            start: key.span.start,
            value: value.span,
            escapes: value.escapes,
            too_deep: value.depth > MAX_DEPTH,
        });
    });
    found.ok_or_else(|| fault(text))
}

/// Why a text is no object, in the words of serde_json.
fn fault(text: &str) -> String {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let object = deserializer.deserialize_map(Object);
    match object.and_then(|()| deserializer.end()) {
        Err(error) => error.to_string(),
        Ok(()) => "the line is no JSON object".to_owned(),
    }
}

/// A key without its quotes. One that cannot be decoded (a lone surrogate) stays as it is written: it can be
/// no name that anybody asks for.
pub(crate) fn decoded_key(raw: &str) -> Cow<'_, str> {
    let inner = &raw[1..raw.len() - 1];
    if inner.contains('\\') {
        serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
    } else {
        Cow::Borrowed(inner)
    }
}

/// Reads the members of an object and keeps none.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while map.next_entry::<&RawValue, &RawValue>()?.is_some() {}
        Ok(())
    }
}
