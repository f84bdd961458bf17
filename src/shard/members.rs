//! The members of one JSON object as byte spans, so that a member can be replaced or cut out and every
//! other byte stays as it is.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

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
}

/// All members in order, with duplicates; values are checked for syntax and otherwise not looked at.
///
/// `text` must hold one object and nothing else but white space around it.
pub(crate) fn members(text: &str) -> Result<Vec<Member<'_>>, serde_json::Error> {
    let mut members = Vec::with_capacity(16);
    each_member(text, |member| members.push(member))?;
    Ok(members)
}

/// As [`members`], one after the other: an object may have millions.
pub(crate) fn each_member<'a>(
    text: &'a str,
    each: impl FnMut(Member<'a>),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Object { text, each }.deserialize(&mut deserializer)?;
    deserializer.end()
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

/// True if arrays and objects nest too deeply in this (valid) value of a member for common readers.
pub(crate) fn too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    false
}

fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// Takes the members of an object as they come.
struct Object<'a, F> {
    text: &'a str,
    each: F,
}

impl<'de, F: FnMut(Member<'de>)> DeserializeSeed<'de> for Object<'de, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(Member<'de>)> Visitor<'de> for Object<'de, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        // A borrowed raw value lies inside `text`, so the difference of the addresses is its place.
        let start = self.text.as_ptr() as usize;
        let place = |raw: &RawValue| raw.get().as_ptr() as usize - start;
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let at = place(value);
            (self.each)(Member {
                key: decoded_key(key.get()),
                start: place(key),
                value: at..at + value.get().len(),
            });
        }
        Ok(())
    }
}
