//! The tables of a fastText model: plain, or by product quantisation.
//!
//! Sums run in fastText's own order, so that they round as its sums do.

use super::cursor::{Cursor, Fault};

/// Centroids of one part of a quantiser.
const CENTROIDS: usize = 256;

/// A table of `dim` columns.
pub(super) struct Matrix {
    rows: u64,
    dim: usize,
    values: Values,
}

enum Values {
    Dense(Vec<f32>),
    Quantised {
        codes: Vec<u8>,
        quantiser: Quantiser,
        /// A code and the numbers that the codes stand for, where lengths of rows are apart.
        norms: Option<(Vec<u8>, Quantiser)>,
    },
}

/// Codes of vectors that are cut into parts of `width` numbers, the last of `last`.
struct Quantiser {
    parts: usize,
    width: usize,
    last: usize,
    centroids: Vec<f32>,
}

impl Matrix {
    /// Reads a table of `dim` columns.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        quantised: bool,
        dim: usize,
    ) -> Result<Matrix, Fault> {
        let normed = quantised && cursor.flag()?;
        let (rows, columns) = (cursor.long_size()?, cursor.long_size()?);
        if columns != dim as u64 {
            return Err("a table is not as wide as its dimension");
        }
        let values = match quantised {
            true => Values::quantised(cursor, rows, dim, normed)?,
            false => {
                let count = rows.checked_mul(columns);
                Values::Dense(cursor.floats(count.ok_or("a table is larger than the file")?)?)
            }
        };
        Ok(Matrix { rows, dim, values })
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Adds a row to `sum`.
    #[inline]
    pub(super) fn add_row(&self, row: u32, sum: &mut [f32]) {
        let row = row as usize;
        match &self.values {
            Values::Dense(values) => {
                let values = &values[row * self.dim..][..self.dim];
                sum.iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value);
            }
            Values::Quantised { quantiser, .. } => {
                let norm = self.norm(row);
                let mut at = 0;
                for part in self.parts(row) {
                    let to = &mut sum[at..at + part.len()];
                    to.iter_mut()
                        .zip(part)
                        .for_each(|(sum, value)| *sum += norm * value);
                    at += quantiser.width;
                }
            }
        }
    }

    /// The product of a row and `vector`.
    pub(super) fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        let product = |row: &[f32], vector: &[f32]| -> f32 {
            row.iter().zip(vector).fold(0.0, |sum, (a, b)| sum + a * b)
        };
        match &self.values {
            Values::Dense(values) => product(&values[row * self.dim..][..self.dim], vector),
            Values::Quantised { quantiser, .. } => {
                let mut sum = 0.0;
                let mut at = 0;
                for part in self.parts(row) {
                    for (a, b) in part.iter().zip(&vector[at..]) {
                        sum += a * b;
                    }
                    at += quantiser.width;
                }
                sum * self.norm(row)
            }
        }
    }

    /// The parts of a quantised row, each as its centroid.
    fn parts(&self, row: usize) -> impl Iterator<Item = &[f32]> {
        let quantised = match &self.values {
            Values::Dense(_) => None,
            Values::Quantised {
                codes, quantiser, ..
            } => Some((codes, quantiser)),
        };
        quantised.into_iter().flat_map(move |(codes, quantiser)| {
            let codes = &codes[row * quantiser.parts..][..quantiser.parts];
            let part = |(part, code): (usize, &u8)| quantiser.centroid(part, *code);
            codes.iter().enumerate().map(part)
        })
    }

    fn norm(&self, row: usize) -> f32 {
        match &self.values {
            Values::Quantised {
                norms: Some((codes, quantiser)),
                ..
            } => quantiser.centroid(0, codes[row])[0],
            _ => 1.0,
        }
    }
}

impl Values {
    fn quantised(
        cursor: &mut Cursor<'_>,
        rows: u64,
        dim: usize,
        normed: bool,
    ) -> Result<Values, Fault> {
        let size = cursor.size()?;
        let codes = cursor.bytes(size)?.to_vec();
        let quantiser = Quantiser::read(cursor, dim)?;
        if rows.checked_mul(quantiser.parts as u64) != Some(size) {
            return Err("a quantised table does not match its codes");
        }
        let norms = match normed {
            true => Some((cursor.bytes(rows)?.to_vec(), Quantiser::read(cursor, 1)?)),
            false => None,
        };
        Ok(Values::Quantised {
            codes,
            quantiser,
            norms,
        })
    }
}

impl Quantiser {
    fn read(cursor: &mut Cursor<'_>, dim: usize) -> Result<Quantiser, Fault> {
        let (own, parts) = (cursor.size()?, cursor.size()?);
        let (width, last) = (cursor.size()?, cursor.size()?);
        let whole = parts.checked_sub(1).map(|whole| whole * width + last);
        if own != dim as u64 || whole != Some(own) || last == 0 || last > width {
            return Err("a quantiser does not divide its dimension");
        }
        Ok(Quantiser {
            parts: parts as usize,
            width: width as usize,
            last: last as usize,
            centroids: cursor.floats(own * CENTROIDS as u64)?,
        })
    }

    #[inline]
    fn centroid(&self, part: usize, code: u8) -> &[f32] {
        let width = match part + 1 == self.parts {
            true => self.last,
            false => self.width,
        };
        let start = part * CENTROIDS * self.width + usize::from(code) * width;
        &self.centroids[start..start + width]
    }
}
