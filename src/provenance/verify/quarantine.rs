//! The rows in quarantine of one shard: those that its scores mark, in order, for the reasons that its record counts.

use std::collections::BTreeMap;
use std::path::Path;

use crate::provenance::quarantine::{self, BadLine};

type Lines = Box<dyn Iterator<Item = serde_json::Result<BadLine>>>;

/// A quarantine file beside the score rows, one record in memory.
pub(super) struct Quarantine {
    lines: Lines,
    /// Rows by code that are still to come.
    reasons: BTreeMap<String, u64>,
}

impl Quarantine {
    /// Opens a shard's quarantine file; where no row is bad there is none.
    pub(super) fn open(path: &Path, reasons: &BTreeMap<String, u64>) -> Result<Self, String> {
        let lines: Lines = if reasons.is_empty() {
            Box::new(std::iter::empty())
        } else {
            let name = |e| format!("{}: {e}", path.display());
            Box::new(quarantine::lines(path).map_err(name)?)
        };
        Ok(Quarantine {
            lines,
            reasons: reasons.clone(),
        })
    }

    /// The next record is that of a row that the scores mark as bad.
    pub(super) fn holds(&mut self, row: u64) -> Result<(), String> {
        let Some(Ok(line)) = self.lines.next() else {
            return Err(format!("row {row} is not in quarantine"));
        };
        let left = self.reasons.get_mut(&line.code).filter(|left| **left > 0);
        match left {
            Some(left) if line.row == row => {
                *left -= 1;
                Ok(())
            }
            Some(_) => Err(format!(
                "row {} is in quarantine in place of row {row}",
                line.row
            )),
            None => Err(format!(
                "row {row} is in quarantine for another reason than is counted"
            )),
        }
    }

    /// Nothing is left over.
    pub(super) fn end(mut self) -> Result<(), String> {
        if self.lines.next().is_some() {
            return Err("more rows are in quarantine than its scores mark".to_owned());
        }
        if self.reasons.values().any(|left| *left > 0) {
            return Err("its record counts more bad rows than are in quarantine".to_owned());
        }
        Ok(())
    }
}
