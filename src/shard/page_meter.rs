//! How many bytes of pages the decoder of one row group holds, and whether one more may come.

use std::sync::{Mutex, MutexGuard};

use parquet::errors::ParquetError;

use super::page_header::PageHeader;

/// Why a page was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// What the page declares cannot be.
    Lie {
        /// The column, its header's place in the file, and what is wrong.
        what: String,
    },
    /// The rows at hand need more pages at once than may be held.
    TooMuch {
        /// The column, and its header's place in the file.
        what: String,
        /// Bytes that would do for these rows up to this page.
        bytes: u64,
    },
}

/// Counts the bytes of the pages that one row group's decoder holds.
pub(crate) struct Meter {
    most: u64,
    /// Rows of a batch.
    pub(super) rows: u64,
    state: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    columns: Vec<HeldColumn>,
    refusal: Option<Refusal>,
}

#[derive(Default, Clone, Copy)]
struct HeldColumn {
    dictionary: u64,
    current: u64,
    /// Pages that the rows at hand began in.
    earlier: u64,
}

impl Meter {
    /// A meter for so many columns that lets `most` bytes pass, where batches have `rows` rows.
    pub(crate) fn new(columns: usize, most: u64, rows: usize) -> Meter {
        let columns = vec![HeldColumn::default(); columns];
        Meter {
            most,
            rows: rows as u64,
            state: Mutex::new(Held {
                columns,
                refusal: None,
            }),
        }
    }

    /// The rows at hand were given out: only the pages that the next ones begin in are still held.
    pub(crate) fn next_rows(&self) {
        for column in &mut self.held().columns {
            column.earlier = 0;
        }
    }

    /// Why a page was refused, if one was.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.held().refusal.clone()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(crate) fn refuse(&self, refusal: Refusal) -> ParquetError {
        self.held().refusal = Some(refusal);
        ParquetError::General("the page was refused".to_owned())
    }

    /// Takes a page in, or refuses it where it is one too many; `passing` bytes are there for a moment.
    pub(crate) fn take(
        &self,
        column: usize,
        header: &PageHeader,
        cost: u64,
        passing: u64,
    ) -> Result<(), u64> {
        let mut held = self.held();
        let bytes = held.bytes().saturating_add(cost).saturating_add(passing);
        if bytes > self.most {
            return Err(bytes);
        }
        let column = &mut held.columns[column];
        if header.is_dictionary() {
            column.dictionary = cost;
        } else {
            column.earlier = column.earlier.saturating_add(column.current);
            column.current = cost;
        }
        Ok(())
    }

    /// Takes in what a page's strings come to beyond the page itself, or refuses them.
    pub(crate) fn take_strings(&self, column: usize, cost: u64) -> Result<(), u64> {
        let mut held = self.held();
        let bytes = held.bytes().saturating_add(cost);
        if bytes > self.most {
            return Err(bytes);
        }
        held.columns[column].current += cost;
        Ok(())
    }
}

impl Held {
    fn bytes(&self) -> u64 {
        let of = |column: &HeldColumn| {
            column
                .dictionary
                .saturating_add(column.current)
                .saturating_add(column.earlier)
        };
        self.columns.iter().map(of).fold(0, u64::saturating_add)
    }
}
