//! The language model's file: little-endian, sized by its header, sealed by a digest.
//!
//! ```text
//! 0   8   magic "tamislng"
//! 8   4   version
//! 12  32  BLAKE3 of everything after it
//! 44      languages u16, then each: length u8 and its code, sorted
//!         alphabets u8, then each:
//!             number u8, columns u8, then the place of each column's language u16 (FFFF: none)
//!             rows_log2 u8; 0 where one column is all there is, else
//!             scales f64, and 2^rows_log2 rows of weights u8, 32 for 0, at most 63
//! ```

use thiserror::Error;

use super::letters::Alphabet;
use super::model::{LOOKS, LanguageModel, MOST_COLUMNS, MOST_WEIGHT, Part, Table, Weights, width};
use crate::score::sealed::seal;

const MAGIC: &[u8; 8] = b"tamislng";
const VERSION: u32 = 2;
/// The place of no language.
const NONE: u16 = u16::MAX;
/// Longest code of a language.
const MOST_CODE: usize = 8;
/// Rows that a table may have, as powers of two.
pub const ROWS_LOG2: std::ops::RangeInclusive<u32> = 4..=20;

/// Why a model file is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LanguageModelError {
    /// The file does not begin as a language model does.
    #[error("no language model (it begins otherwise): name a file made by `tamis train language`")]
    Magic,
    /// The file is of another version of the format.
    #[error("language model format {found}, this program reads {VERSION}: train the model anew")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The content is not what was written.
    #[error("language model file is damaged: its digest does not match its content, copy it anew")]
    Digest,
    /// A field holds what no training gives.
    #[error("language model file has an impossible {field}: train the model anew")]
    Field {
        /// Which field.
        field: &'static str,
    },
}

pub(super) fn write(model: &LanguageModel) -> Vec<u8> {
    seal(MAGIC, VERSION, &body(model))
}

/// BLAKE3 of the whole file, in hexadecimal.
pub(super) fn digest(model: &LanguageModel) -> String {
    blake3::hash(&write(model)).to_hex().to_string()
}

fn body(model: &LanguageModel) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&(model.codes().len() as u16).to_le_bytes());
    for code in model.codes() {
        out.push(code.len() as u8);
        out.extend_from_slice(code.as_bytes());
    }
    out.push(model.parts().len() as u8);
    for part in model.parts() {
        out.extend([part.alphabet as u8, part.columns.len() as u8]);
        let places = part.columns.iter().map(|place| place.unwrap_or(NONE));
        out.extend(places.flat_map(u16::to_le_bytes));
        let Some(table) = &part.table else {
            out.push(0);
            continue;
        };
        out.push(table.rows_log2 as u8);
        out.extend(table.scales.iter().flat_map(|scale| scale.to_le_bytes()));
        out.extend(table.weights.bytes());
    }
    out
}

pub(super) fn read(bytes: &[u8]) -> Result<LanguageModel, LanguageModelError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(LanguageModelError::Magic)?;
    let mut file = Fields(rest);
    let found = u32::from_le_bytes(file.array("version")?);
    if found != VERSION {
        return Err(LanguageModelError::Version { found });
    }
    let seal = file.take(32, "digest")?;
    if blake3::hash(file.0).as_bytes() != seal {
        return Err(LanguageModelError::Digest);
    }
    let codes = read_codes(&mut file)?;
    let alphabets = file.byte("number of alphabets")?;
    let mut parts: Vec<Part> = Vec::new();
    for _ in 0..alphabets {
        let part = read_part(&mut file, codes.len())?;
        let rises = parts
            .last()
            .is_none_or(|before| before.alphabet < part.alphabet);
        parts.push(hold(part, rises, "order of alphabets")?);
    }
    hold((), file.0.is_empty(), "length")?;
    let digest = blake3::hash(bytes).to_hex().to_string();
    Ok(LanguageModel::sealed(codes, parts, digest))
}

fn read_codes(file: &mut Fields<'_>) -> Result<Vec<String>, LanguageModelError> {
    const FIELD: &str = "language";
    let count = u16::from_le_bytes(file.array(FIELD)?);
    let mut codes: Vec<String> = Vec::new();
    for _ in 0..count {
        let length = usize::from(file.byte(FIELD)?);
        let code = file.take(hold(length, length <= MOST_CODE, FIELD)?, FIELD)?;
        let code = hold(code, is_code(code), FIELD)?.escape_ascii().to_string();
        let rises = codes.last().is_none_or(|before| *before < code);
        codes.push(hold(code, rises, FIELD)?);
    }
    Ok(codes)
}

/// Whether bytes are the code of a language: small ASCII letters.
pub fn is_code(code: &[u8]) -> bool {
    (2..=MOST_CODE).contains(&code.len()) && code.iter().all(u8::is_ascii_lowercase)
}

fn read_part(file: &mut Fields<'_>, codes: usize) -> Result<Part, LanguageModelError> {
    let number = usize::from(file.byte("alphabet")?);
    let alphabet = Alphabet::ALL.get(number).copied();
    let alphabet = alphabet.ok_or(LanguageModelError::Field { field: "alphabet" })?;
    let count = usize::from(file.byte("columns")?);
    hold((), (1..=MOST_COLUMNS).contains(&count), "columns")?;
    let mut columns = Vec::new();
    for _ in 0..count {
        let place = u16::from_le_bytes(file.array("columns")?);
        let known = place == NONE || usize::from(place) < codes;
        columns.push((hold(place, known, "columns")? != NONE).then_some(place));
    }
    let rows_log2 = u32::from(file.byte("rows")?);
    let fits = match count {
        1 => rows_log2 == 0,
        _ => ROWS_LOG2.contains(&rows_log2),
    };
    hold((), fits, "rows")?;
    let table = match rows_log2 {
        0 => None,
        rows_log2 => Some(read_table(file, rows_log2, width(count))?),
    };
    Ok(Part {
        alphabet,
        columns,
        table,
    })
}

fn read_table(
    file: &mut Fields<'_>,
    rows_log2: u32,
    width: usize,
) -> Result<Table, LanguageModelError> {
    let mut scales = [0.0; LOOKS.len()];
    for scale in &mut scales {
        let found = f64::from_le_bytes(file.array("scale")?);
        *scale = hold(found, found > 0.0 && found < 1e3, "scale")?;
    }
    let weights = file.take(width << rows_log2, "weights")?;
    // The largest of all: to stop at the first that is too large would take a branch a byte.
    let most = weights.iter().fold(0, |most: u8, &weight| most.max(weight));
    Ok(Table {
        rows_log2,
        scales,
        weights: Weights::new(hold(weights, most <= MOST_WEIGHT, "weight")?),
    })
}

/// `value`, if what must hold of it does.
fn hold<T>(value: T, holds: bool, field: &'static str) -> Result<T, LanguageModelError> {
    match holds {
        true => Ok(value),
        false => Err(LanguageModelError::Field { field }),
    }
}

/// What is left of the file.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn take(&mut self, length: usize, field: &'static str) -> Result<&'b [u8], LanguageModelError> {
        let (taken, rest) = (self.0)
            .split_at_checked(length)
            .ok_or(LanguageModelError::Field { field })?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], LanguageModelError> {
        let taken = self.take(N, field)?.first_chunk();
        taken.copied().ok_or(LanguageModelError::Field { field })
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, LanguageModelError> {
        Ok(self.array::<1>(field)?[0])
    }
}
