//! Where the texts of a JSON line are, if they lie inside its members: one walk along each path over a line
//! whose syntax was checked before, which looks at spans and makes no values.

use std::ops::Range;

use super::jsonl::Fault;
use super::members::decoded_key;
use crate::config::{Step, TextPath};

/// Most texts of a record: a list of millions of empty strings is no document.
const MOST_TEXTS: usize = 1 << 20;

/// Appends the literals of all texts on a path, in their order; `value` is that of the path's column.
pub(crate) fn literals(
    object: &str,
    value: Range<usize>,
    path: &TextPath,
    found: &mut Vec<Range<usize>>,
) -> Result<(), Fault> {
    let walk = Walk { object, path };
    walk.step(value, &path.steps, found)
}

struct Walk<'a> {
    object: &'a str,
    path: &'a TextPath,
}

impl Walk<'_> {
    /// Goes on from a value along the steps that are left.
    fn step(
        &self,
        value: Range<usize>,
        steps: &[Step],
        found: &mut Vec<Range<usize>>,
    ) -> Result<(), Fault> {
        let first = self.object.as_bytes()[value.start];
        if first == b'n' {
            return self.absent(("E-TEXT-NULL", "is null"));
        }
        match (steps.split_first(), first) {
            (None, b'"') if found.len() == MOST_TEXTS => {
                Err(self.fault("E-TEXT-MANY", "leads to more than 1048576 texts"))
            }
            (None, b'"') => {
                found.push(value);
                Ok(())
            }
            (Some((Step::Member(name), rest)), b'{') => match self.member(value, name)? {
                Some(member) => self.step(member, rest, found),
                None => self.absent(("E-TEXT-MISSING", "is missing")),
            },
            (Some((Step::Each, rest)), b'[') => {
                let mut items = Items::inside(self.object, value);
                while let Some(item) = items.value() {
                    self.step(item, rest, found)?;
                }
                Ok(())
            }
            _ => Err(self.fault("E-TEXT-TYPE", "leads to something that is no text")),
        }
    }

    /// What is not there is passed over where there may be several, and else a fault.
    fn absent(&self, (code, what): (&'static str, &str)) -> Result<(), Fault> {
        if self.path.is_single() {
            Err(self.fault(code, what))
        } else {
            Ok(())
        }
    }

    fn fault(&self, code: &'static str, what: &str) -> Fault {
        (code, format!("the text `{}` {what}", self.path))
    }

    /// The member of this name.
    fn member(&self, object: Range<usize>, name: &str) -> Result<Option<Range<usize>>, Fault> {
        let mut items = Items::inside(self.object, object);
        let mut found = None;
        while let Some(key) = items.value() {
            let value = items.value();
            if decoded_key(&self.object[key]) == name
                && let Some(value) = value
                && found.replace(value).is_some()
            {
                let cause = format!("`{name}` of the text `{}` is there twice", self.path);
                return Err(("E-JSON-DUPLICATE", cause));
            }
        }
        Ok(found)
    }
}

/// The values of a list, or keys and values of an object by turns, of JSON that is known to be valid.
struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Items<'_> {
    fn inside(text: &str, of: Range<usize>) -> Items<'_> {
        Items {
            bytes: &text.as_bytes()[..of.end - 1],
            at: of.start + 1,
        }
    }

    /// The span of the next value.
    fn value(&mut self) -> Option<Range<usize>> {
        let between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':');
        let start = self.at + self.bytes[self.at..].iter().position(|b| !between(b))?;
        self.at = value_end(self.bytes, start);
        Some(start..self.at)
    }
}

/// The end of the value that begins at `start`.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'[' | b'{' => {
                depth += 1;
                at += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// The end of the string whose opening quote is at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes[at..].iter().position(|b| matches!(b, b'"' | b'\\')) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        // What is escaped may be a quote.
        at = (at + 2).min(bytes.len());
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// The texts on a path, or the code of the fault.
    fn texts(object: &str, path: &str) -> Result<Vec<String>, &'static str> {
        let path: TextPath = path.parse().unwrap();
        let column = TextPath {
            column: String::new(),
            steps: [&[Step::Member(path.column.clone())], &path.steps[..]].concat(),
        };
        let mut found = Vec::new();
        literals(object, 0..object.len(), &column, &mut found).map_err(|(code, _)| code)?;
        let text = |span: Range<usize>| serde_json::from_str(&object[span]).unwrap();
        Ok(found.into_iter().map(text).collect())
    }

    #[test]
    fn what_is_absent_counts_only_where_there_is_one() {
        let object = r#"{"a":{"b":"x","n":null},"l":[{"c":"1"},{"c":null},{},null,{"c":"2"}],"t":["p","q"],"e":[]}"#;
        let strings = |texts: &[&str]| Ok(texts.iter().map(|t| (*t).to_owned()).collect());
        assert_eq!(texts(object, "a.b"), strings(&["x"]));
        assert_eq!(texts(object, "a.n"), Err("E-TEXT-NULL"));
        assert_eq!(texts(object, "a.z"), Err("E-TEXT-MISSING"));
        assert_eq!(texts(object, "a"), Err("E-TEXT-TYPE"));
        assert_eq!(texts(object, "a.b.c"), Err("E-TEXT-TYPE"));
        assert_eq!(texts(object, "a[]"), Err("E-TEXT-TYPE"));
        assert_eq!(texts(object, "l[].c"), strings(&["1", "2"]));
        assert_eq!(texts(object, "t[]"), strings(&["p", "q"]));
        assert_eq!(texts(object, "t[].c"), Err("E-TEXT-TYPE"));
        assert_eq!(texts(object, "e[].c"), strings(&[]));
        assert_eq!(texts(object, "z[].c"), strings(&[]));
        let twice = r#"{"a":{"b":"x","\u0062":"y"}}"#;
        assert_eq!(texts(twice, "a.b"), Err("E-JSON-DUPLICATE"));
    }

    /// The twin: the same path through values.
    fn walked(value: &Value, steps: &[Step], single: bool) -> Result<Vec<String>, &'static str> {
        match (value, steps.split_first()) {
            (Value::Null, _) if single => Err("E-TEXT-NULL"),
            (Value::Null, _) => Ok(Vec::new()),
            (Value::String(text), None) => Ok(vec![text.clone()]),
            (Value::Object(members), Some((Step::Member(name), rest))) => match members.get(name) {
                Some(member) => walked(member, rest, single),
                None if single => Err("E-TEXT-MISSING"),
                None => Ok(Vec::new()),
            },
            (Value::Array(items), Some((Step::Each, rest))) => {
                let texts: Result<Vec<_>, _> = items
                    .iter()
                    .map(|item| walked(item, rest, single))
                    .collect();
                Ok(texts?.concat())
            }
            _ => Err("E-TEXT-TYPE"),
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            3 => "[a\"\\\\\\]}{,:é ]{0,6}".prop_map(Value::from),
            1 => Just(Value::Null),
            1 => any::<i32>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[ab]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof!["[ab]".prop_map(Step::Member), Just(Step::Each)];
        prop::collection::vec(step, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn spans_are_found_as_values_would_be(value in json(), steps in steps(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let path = TextPath { column: "x".to_owned(), steps };
            let mut found = Vec::new();
            let walk = literals(&text, 0..text.len(), &path, &mut found);
            let texts: Vec<String> = found
                .into_iter()
                .map(|span| serde_json::from_str(&text[span]).unwrap())
                .collect();
            let got = walk.map(|()| texts).map_err(|(code, _)| code);
            prop_assert_eq!(got, walked(&value, &path.steps, path.is_single()));
        }
    }
}
