//! The members of one JSON object as byte spans, so that a member can be replaced or cut out and every
//! other byte stays as it is.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
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
    let pairs: Pairs = serde_json::from_str(text)?;
    // A borrowed raw value lies inside `text`, so the difference of the addresses is its place.
    let place = |raw: &RawValue| raw.get().as_ptr() as usize - text.as_ptr() as usize;
    Ok(pairs
        .0
        .into_iter()
        .map(|(key, value)| {
            let start = place(value);
            Member {
                key: decoded_key(key.get()),
                start: place(key),
                value: start..start + value.get().len(),
            }
        })
        .collect())
}

/// A key without its quotes. One that cannot be decoded (a lone surrogate) stays as it is written: it can be
/// no name that anybody asks for.
fn decoded_key(raw: &str) -> Cow<'_, str> {
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

struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<'de>, M::Error> {
                let mut pairs = Vec::with_capacity(16);
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
