//! Lines that are not UTF-8: set apart as bad rows, or mended.

use std::borrow::Cow;

use super::block::BadRow;
use super::lines::RawLine;

/// What a line's bytes are.
#[derive(Debug)]
pub(crate) enum Utf8 {
    /// UTF-8.
    Valid,
    /// Not UTF-8; the line's place holds spaces now.
    Bad(BadRow),
    /// Not UTF-8 before; U+FFFD stands for what was invalid. These are the bytes as they were.
    Replaced(Vec<u8>),
}

/// Finds lines that are not UTF-8 and overwrites them with spaces, so that the block as a whole is text.
pub(crate) fn set_invalid_apart(bytes: &mut [u8], lines: &[RawLine]) -> Vec<Utf8> {
    if std::str::from_utf8(bytes).is_ok() {
        return lines.iter().map(|_| Utf8::Valid).collect();
    }
    lines
        .iter()
        .map(|line| {
            let RawLine::Kept { start, end, offset } = line else {
                return Utf8::Valid;
            };
            let Err(error) = std::str::from_utf8(&bytes[*start..*end]) else {
                return Utf8::Valid;
            };
            let raw = bytes[*start..*end].to_vec();
            bytes[*start..*end].fill(b' ');
            let cause = format!("invalid UTF-8 at byte {} of the line", error.valid_up_to());
            Utf8::Bad(bad(cause, *offset, raw))
        })
        .collect()
}

/// Writes U+FFFD for whatever is invalid, each line by itself; one that grows above the cap is a bad row.
pub(crate) fn replace_invalid(
    bytes: &mut Vec<u8>,
    lines: &mut [RawLine],
    max_document: usize,
) -> Vec<Utf8> {
    if std::str::from_utf8(bytes).is_ok() {
        return lines.iter().map(|_| Utf8::Valid).collect();
    }
    let mut mended = Vec::with_capacity(bytes.len());
    let mut found = Vec::with_capacity(lines.len());
    for line in lines {
        let RawLine::Kept { start, end, offset } = line else {
            found.push(Utf8::Valid);
            continue;
        };
        let raw = &bytes[*start..*end];
        let text = String::from_utf8_lossy(raw);
        found.push(match &text {
            Cow::Borrowed(_) => Utf8::Valid,
            Cow::Owned(text) if text.len() > max_document => {
                let cause = format!(
                    "invalid UTF-8; with U+FFFD for it the line has {} bytes, more than {max_document}",
                    text.len()
                );
                Utf8::Bad(bad(cause, *offset, raw.to_vec()))
            }
            Cow::Owned(_) => Utf8::Replaced(raw.to_vec()),
        });
        // An output line ends as its input did.
        let line_end: &[u8] = if bytes[*end..].starts_with(b"\r\n") {
            b"\r\n"
        } else {
            b"\n"
        };
        *start = mended.len();
        mended.extend_from_slice(text.as_bytes());
        *end = mended.len();
        mended.extend_from_slice(line_end);
    }
    *bytes = mended;
    found
}

fn bad(cause: String, offset: u64, raw: Vec<u8>) -> BadRow {
    BadRow {
        code: "E-UTF8",
        cause,
        offset: Some(offset),
        raw,
    }
}
