//! Bounds on bad input: the keys of `[limits]`, and which of them decide what.

use serde::{Deserialize, Serialize};

use super::size;

/// Bounds on bad input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest document; a larger one is quarantined.
    #[serde(with = "size")]
    pub max_document: u64,
    /// Largest share of rows that may be quarantined.
    pub quarantine: f64,
    /// Keep the rows before the damage of a shard that cannot be read to its end.
    pub salvage: bool,
    /// Base-2 logarithm of the largest zstd window, in bytes.
    pub zstd_window_log: u32,
    /// Most decoded bytes for each encoded one of a shard.
    pub max_ratio: u64,
    /// What becomes of a line that is not UTF-8.
    pub invalid_utf8: Repair,
    /// What becomes of a text with half a surrogate pair.
    pub lone_surrogates: Repair,
}

impl Limits {
    /// What decides which shards can be read, and how: of a shard that cannot nothing is in a sample.
    pub fn of_reading(&self) -> impl Serialize {
        (self.of_rows(), self.zstd_window_log, self.max_ratio)
    }

    /// What decides how a row is read. Whatever was read under other bounds stands, since only a bound that a
    /// shard fails by makes a difference to it.
    pub fn of_rows(&self) -> (u64, Repair, Repair) {
        (self.max_document, self.invalid_utf8, self.lone_surrogates)
    }
}

/// What becomes of a row whose text holds what no text can hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// It is a bad row.
    #[default]
    Quarantine,
    /// U+FFFD stands for what cannot be, and the row is counted.
    Replace,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_document: 64 << 20,
            quarantine: 0.001,
            salvage: false,
            zstd_window_log: 27,
            max_ratio: 1000,
            invalid_utf8: Repair::Quarantine,
            lone_surrogates: Repair::Quarantine,
        }
    }
}
