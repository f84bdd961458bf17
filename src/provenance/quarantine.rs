//! Quarantine files: one JSON object a bad row, with the row's raw bytes last.
//!
//! A row may have tens of megabytes, so its bytes pass through in both directions: nothing holds them twice.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A bad row, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLine {
    /// Row of the shard, from 0.
    pub row: u64,
    /// Where the line begins in the decompressed stream; null for Parquet.
    pub offset: Option<u64>,
    /// Stable code, such as `E-UTF8`.
    pub code: String,
    /// What is wrong, without any of the text.
    pub cause: String,
}

/// A bad row with its bytes.
#[derive(Debug, Deserialize)]
pub struct RawLine {
    /// What is wrong, and where.
    #[serde(flatten)]
    pub line: BadLine,
    /// The line without its end, in base64; empty where it was not kept.
    pub raw: String,
}

/// Writes one record and its line end.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write_line(out: &mut impl Write, line: &BadLine, raw: &[u8]) -> io::Result<()> {
    let head = serde_json::to_string(line)?;
    let open = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{open},\"raw\":\"")?;
    let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
    encoder.write_all(raw)?;
    encoder.finish()?;
    drop(encoder);
    out.write_all(b"\"}\n")
}

/// The records of a quarantine file, in order: [`BadLine`] or [`RawLine`], of which the first passes over the bytes.
///
/// # Errors
/// If the file cannot be opened; then item by item.
pub fn lines<T: DeserializeOwned>(
    path: &Path,
) -> io::Result<impl Iterator<Item = serde_json::Result<T>> + use<T>> {
    let file = BufReader::with_capacity(256 << 10, File::open(path)?);
    Ok(serde_json::Deserializer::from_reader(file).into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.jsonl");
        let rows: Vec<(BadLine, Vec<u8>)> = (0..5)
            .map(|row| {
                let line = BadLine {
                    row,
                    offset: (row % 2 == 0).then_some(row * 1000),
                    code: "E-JSON".to_owned(),
                    cause: "a \"quote\" and a \\ \n\u{1}".to_owned(),
                };
                (line, vec![0xff - row as u8; 1000 * row as usize])
            })
            .collect();
        let mut file = File::create(&path).unwrap();
        for (line, raw) in &rows {
            write_line(&mut file, line, raw).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), rows.len());
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["cause", "code", "offset", "raw", "row"]);
        let bare: Vec<BadLine> = lines(&path).unwrap().map(Result::unwrap).collect();
        assert!(bare.iter().eq(rows.iter().map(|(line, _)| line)));
        for (read, (line, raw)) in lines::<RawLine>(&path).unwrap().zip(&rows) {
            let read = read.unwrap();
            assert_eq!(
                (&read.line, STANDARD.decode(read.raw).unwrap()),
                (line, raw.clone())
            );
        }
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(lines::<BadLine>(&path).unwrap().any(|line| line.is_err()));
    }
}
