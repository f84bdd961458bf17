//! Checks the syntax of a JSON object in one pass over its bytes, and tells where its members are.
//!
//! What is accepted is what serde_json accepts, to the byte; only why something is no JSON is left to it.
//! What a string holds is not decoded: whether that takes any work is said of each.

use std::ops::Range;

use wide::u8x16;

/// What it takes to get at the text of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Escapes {
    /// Nothing: its text stands between its quotes. Also said of what is no literal.
    None,
    /// It holds escapes of two characters.
    Short,
    /// It holds an escape by number, which may be half a surrogate pair.
    Numbered,
}

/// A member of the outermost object, or a value in it: where it is, and what was seen on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// From its first byte to its last one.
    pub(crate) span: Range<usize>,
    /// Of a string.
    pub(crate) escapes: Escapes,
    /// How many arrays and objects lie in each other at most.
    pub(crate) depth: usize,
}

/// How far the syntax of a text was checked.
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// The brackets that close what is open, outermost first.
    open: Vec<u8>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text: text.as_bytes(),
            at: 0,
            open: Vec::new(),
        }
    }

    /// Gives each member of the object that the text is: its key and its value. Nothing, if it is no such thing;
    /// some of its members were given all the same.
    pub(crate) fn object(&mut self, mut member: impl FnMut(Value, Value)) -> Option<()> {
        self.eat(b'{')?;
        if self.eat(b'}').is_none() {
            loop {
                let key = self.key()?;
                member(key, self.value()?);
                if self.eat(b',').is_none() {
                    self.eat(b'}')?;
                    break;
                }
            }
        }
        self.peek().is_none().then_some(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Option<Value> {
        self.eat(b'"')?;
        let start = self.at - 1;
        let escapes = self.string()?;
        let span = start..self.at;
        self.eat(b':')?;
        Some(Value {
            span,
            escapes,
            depth: 0,
        })
    }

    fn value(&mut self) -> Option<Value> {
        self.peek()?;
        let start = self.at;
        let (mut escapes, mut depth) = (Escapes::None, 0);
        self.open.clear();
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    escapes = self.string()?;
                }
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    // In ASCII a closing bracket is the second after its opening one.
                    self.open.push(bracket + 2);
                    depth = depth.max(self.open.len());
                    if self.peek()? != bracket + 2 {
                        self.begin_item(bracket + 2)?;
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => return None,
            }
            if !self.goes_on()? {
                break;
            }
        }
        Some(Value {
            span: start..self.at,
            escapes: if depth == 0 { escapes } else { Escapes::None },
            depth,
        })
    }

    /// What stands before a value in an array or object that `close` ends.
    fn begin_item(&mut self, close: u8) -> Option<()> {
        if close == b'}' {
            self.key()?;
        }
        Some(())
    }

    /// Goes on behind a value, or behind an opening bracket whose closing one is next: closes what ends here.
    /// True if another value follows inside of what is still open.
    fn goes_on(&mut self) -> Option<bool> {
        while let Some(&close) = self.open.last() {
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.begin_item(close)?;
                    return Some(true);
                }
                byte if byte == close => {
                    self.at += 1;
                    self.open.pop();
                }
                _ => return None,
            }
        }
        Some(false)
    }

    /// The rest of a string behind its opening quote.
    fn string(&mut self) -> Option<Escapes> {
        let mut escapes = Escapes::None;
        loop {
            self.at += plain_length(&self.text[self.at..]);
            match (self.text.get(self.at)?, self.text.get(self.at + 1)) {
                (b'"', _) => {
                    self.at += 1;
                    return Some(escapes);
                }
                (b'\\', Some(b'u')) => {
                    let digits = self.text.get(self.at + 2..self.at + 6)?;
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    escapes = Escapes::Numbered;
                    self.at += 6;
                }
                (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {
                    escapes = escapes.max(Escapes::Short);
                    self.at += 2;
                }
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
        })
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.text.get(self.at) == Some(&b'-'));
        let first = self.at;
        self.digits()?;
        if self.text[first] == b'0' && self.at > first + 1 {
            return None;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        (digits > 0).then_some(())
    }
}

/// Bytes of a vector.
const LANES: usize = 16;

/// How many bytes stand before the first one that means something in a string: a quote, a backslash, a control
/// character.
fn plain_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    // Most strings are keys and short values; what is longer is taken four vectors at a time.
    while let Some(sixteen) = bytes[at..].first_chunk() {
        let special = specials(sixteen);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += LANES;
        while let Some(many) = bytes[at..].first_chunk::<{ 4 * LANES }>()
            && !many
                .as_chunks()
                .0
                .iter()
                .any(|sixteen| specials(sixteen) != 0)
        {
            at += many.len();
        }
    }
    let rest = bytes[at..].iter();
    at + rest.take_while(|&&byte| !special(byte)).count()
}

fn special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Which bytes are [`special`], a bit each.
#[inline]
fn specials(bytes: &[u8; LANES]) -> u32 {
    let bytes = u8x16::new(*bytes);
    let quotes = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'));
    (quotes | bytes.simd_le(u8x16::splat(0x1F))).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    /// Keys and values as they are written, if the text is an object.
    fn scanned(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut members = Vec::new();
        let mut scanner = Scanner::new(text);
        scanner.object(|key, value| members.push((&text[key.span], &text[value.span])))?;
        Some(members)
    }

    /// What serde_json makes of the same, each key once.
    fn by_serde(text: &str) -> Option<BTreeMap<String, &str>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        Some(members.into_iter().map(|(k, v)| (k, v.get())).collect())
    }

    fn agree(text: &str) -> Result<(), TestCaseError> {
        let scanned = scanned(text).map(|members| {
            let decoded = |key: &str| serde_json::from_str::<String>(key).ok();
            let members = members.into_iter();
            members
                .map(|(key, value)| Some((decoded(key)?, value)))
                .collect::<Option<BTreeMap<String, &str>>>()
        });
        match (scanned, by_serde(text)) {
            // A key with half a surrogate pair is no text.
            (Some(None), None) => {}
            (scanned, serde) => prop_assert_eq!(scanned.flatten(), serde, "{}", text),
        }
        Ok(())
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"",
                " ",
                "\n",
                "\t",
                "\u{c}",
                "\u{1}",
                "\\",
                "\\n",
                "\\u00e9",
                "\\ud800",
                "\\u12g4",
                "\\x",
                "-",
                "0",
                "01",
                "12",
                ".",
                "5e",
                "e",
                "E+3",
                "-0.5",
                "true",
                "false",
                "null",
                "nul",
                "é",
                "\u{1F600}",
                "\u{7f}",
                "\"a\"",
                "\"a\":",
                "\"b\":1",
                "[1,2]",
                "{\"c\":[]}",
                "a long run of plain letters",
                "\"a string of sixteen and more\"",
            ])
            .prop_map(str::to_owned),
            "[a-z \"\\\\]{0,20}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            "\\PC{0,40}".prop_map(serde_json::Value::from),
            "[a-c\"\\\\\n\u{1}é]{0,40}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-d\"\n]{0,2}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// serde_json is the twin, on what is nearly JSON.
        #[test]
        fn what_is_accepted_is_what_serde_accepts(inside in pieces(), bare in any::<bool>()) {
            agree(&inside)?;
            agree(&format!("{{\"a\":{inside}}}"))?;
            agree(&format!("{{\"a\":\"{inside}\"}}"))?;
            if bare {
                agree(&format!(" {{{inside}}} "))?;
            }
        }

        /// And on what is JSON, then with one byte of it changed or cut out.
        #[test]
        fn objects_and_damaged_objects_are_told_as_serde_tells_them(
            members in prop::collection::btree_map("[a-d]{1,3}", value(), 0..5),
            pretty in any::<bool>(),
            at in any::<prop::sample::Index>(),
            byte in prop::sample::select(b"\"\\{}[],:0a- \n\x01".to_vec()),
            cut in any::<bool>(),
        ) {
            let members = serde_json::Value::Object(members.into_iter().collect());
            let text = if pretty {
                serde_json::to_string_pretty(&members).unwrap()
            } else {
                members.to_string()
            };
            prop_assert!(scanned(&text).is_some());
            agree(&text)?;
            let mut damaged = text.into_bytes();
            let at = at.index(damaged.len());
            if cut {
                damaged.remove(at);
            } else {
                damaged[at] = byte;
            }
            if let Ok(damaged) = String::from_utf8(damaged) {
                agree(&damaged)?;
            }
        }

        #[test]
        fn the_first_byte_that_means_something_is_found(bytes in prop::collection::vec(any::<u8>(), 0..70), plain in 0_usize..300) {
            let bytes: Vec<u8> = [vec![0xC3; plain], bytes].concat();
            let first = bytes.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\');
            prop_assert_eq!(plain_length(&bytes), first.unwrap_or(bytes.len()));
        }
    }

    #[test]
    fn each_byte_is_told_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..160 {
                for filler in [b'a', b' ', 0x7F, 0xFF] {
                    let mut bytes = [filler; 160];
                    bytes[place] = byte;
                    let first = if special(byte) { place } else { bytes.len() };
                    assert_eq!(plain_length(&bytes), first, "{byte} at {place}");
                }
            }
        }
    }

    #[test]
    fn depth_and_escapes_are_seen() {
        let text = r#"{"a":[[{"b":"\n"}]],"c":"\n\u00e9","d":"é\\","e":"/","f":{}}"#;
        let mut seen = Vec::new();
        let mut scanner = Scanner::new(text);
        scanner.object(|_, value| seen.push((value.depth, value.escapes)));
        let expected = [
            (3, Escapes::None),
            (0, Escapes::Numbered),
            (0, Escapes::Short),
            (0, Escapes::None),
            (1, Escapes::None),
        ];
        assert_eq!(seen, expected);
    }
}
