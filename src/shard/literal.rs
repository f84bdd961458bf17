//! String literals of JSON lines whose syntax was checked before: what text they stand for, and half
//! surrogate pairs, which stand for none.

use std::ops::Range;

/// An escape that is half of a surrogate pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoneSurrogate;

/// The text behind the inside of a literal, in memory no larger than that.
pub(crate) fn unescaped(inside: &str) -> Result<String, LoneSurrogate> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (letter, length) = escape(&rest[at..]);
        text.push(letter.ok_or(LoneSurrogate)?);
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    Ok(text)
}

/// Writes the escape of U+FFFD over every half surrogate pair inside a literal, which is as long.
pub(crate) fn replace_lone_surrogates(bytes: &mut String, inside: Range<usize>) {
    let mut at = inside.start;
    while let Some(found) = bytes[at..inside.end].find('\\') {
        at += found;
        let (letter, length) = escape(&bytes[at..inside.end]);
        if letter.is_none() {
            bytes.replace_range(at..at + length, "\\ufffd");
        }
        at += length;
    }
}

/// The character that an escape stands for, if it does for any, and the escape's length.
fn escape(text: &str) -> (Option<char>, usize) {
    let letter = match text.as_bytes().get(1) {
        Some(b'u') => return unicode_escape(text),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        // A quote, a slash or a backslash: the syntax was checked.
        other => char::from(*other.unwrap_or(&b'\\')),
    };
    (Some(letter), 2)
}

fn unicode_escape(text: &str) -> (Option<char>, usize) {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(text) else {
        return (None, 6.min(text.len()));
    };
    let second = text.get(6..).and_then(unit);
    match (first, second) {
        (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) => {
            let both = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(both), 12)
        }
        _ => (char::from_u32(first), 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-zé\u{1F600} ]{0,5}",
            "\\\\[\"\\\\/bfnrt]",
            "\\\\u[0-9a-fA-F]{4}",
            "\\\\u[dD][89aAbB][0-9a-f]{2}",
            "\\\\u[dD][c-fC-F][0-9a-f]{2}",
            Just("\\ud83d\\ude00".to_owned()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// serde_json is the twin.
        #[test]
        fn literals_are_read_as_serde_reads_them(inside in pieces()) {
            let serde = serde_json::from_str::<String>(&format!("\"{inside}\""));
            prop_assert_eq!(unescaped(&inside).ok(), serde.ok());
        }

        /// Python's rule for `errors="replace"`: each half becomes one U+FFFD, whole pairs stay.
        #[test]
        fn replaced_halves_leave_a_text_of_the_same_length(inside in pieces()) {
            let mut line = format!("é\"{inside}\"é");
            let length = line.len();
            replace_lone_surrogates(&mut line, 3..length - 3);
            prop_assert_eq!(line.len(), length);
            let mended = &line[3..length - 3];
            let text = serde_json::from_str::<String>(&format!("\"{mended}\""));
            prop_assert!(text.is_ok(), "{}", mended);
            if unescaped(&inside).is_ok() {
                prop_assert_eq!(mended, inside);
            } else {
                let replaced = text.unwrap().contains(char::REPLACEMENT_CHARACTER);
                prop_assert!(replaced);
            }
        }
    }

    #[test]
    fn only_halves_are_replaced() {
        let mut line = r#""\ud800\ud83d\ude00\udc00\\ud800a""#.to_owned();
        let inside = 1..line.len() - 1;
        replace_lone_surrogates(&mut line, inside);
        assert_eq!(line, r#""\ufffd\ud83d\ude00\ufffd\\ud800a""#);
    }
}
