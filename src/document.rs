//! The words of the house: what a document is, where it came from, and how it is named.
//!
//! Everything here is plain data that every floor above may use; nothing here reads a file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// Where a text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written by a person.
    Human,
    /// A human text in which at least one token was drawn anew by the editor.
    SemiSynthetic,
    /// Written by a model.
    Synthetic,
    /// Declared by nobody, not (yet) assigned.
    Unknown,
}

impl Origin {
    /// The three origins that a mix may ask for, in the order of reports.
    pub const MIXABLE: [Origin; 3] = [Origin::Human, Origin::SemiSynthetic, Origin::Synthetic];

    /// The public name, as in columns, config and reports.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Human => "human",
            Origin::SemiSynthetic => "semi_synthetic",
            Origin::Synthetic => "synthetic",
            Origin::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "human" => Ok(Origin::Human),
            "semi_synthetic" => Ok(Origin::SemiSynthetic),
            "synthetic" => Ok(Origin::Synthetic),
            "unknown" => Ok(Origin::Unknown),
            other => Err(format!(
                "`{other}` is no origin: use human, semi_synthetic, synthetic or unknown"
            )),
        }
    }
}

/// Who said what a document's origin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginBy {
    /// The source as a whole, or provenance that the row already carried.
    Declared,
    /// A label column of the row.
    Tag,
    /// A date column of the row.
    Date,
    /// The classifier.
    Classifier,
    /// Nobody: the configured default for documents that nothing speaks for.
    Default,
}

impl OriginBy {
    /// The public name, as in the `tamis` column.
    pub fn name(self) -> &'static str {
        match self {
            OriginBy::Declared => "declared",
            OriginBy::Tag => "tag",
            OriginBy::Date => "date",
            OriginBy::Classifier => "classifier",
            OriginBy::Default => "default",
        }
    }
}

impl FromStr for OriginBy {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "declared" => Ok(OriginBy::Declared),
            "tag" => Ok(OriginBy::Tag),
            "date" => Ok(OriginBy::Date),
            "classifier" => Ok(OriginBy::Classifier),
            "default" => Ok(OriginBy::Default),
            other => Err(format!("`{other}` does not say who declared an origin")),
        }
    }
}

/// The name of a document: 128 bits of its source, shard and row (or of its source and id).
///
/// A key depends on nothing else, so a document keeps it whatever shards stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

impl Key {
    /// `xxh3_128(source, shard, row)`, the parts separated by a zero byte.
    pub fn of_row(source: &str, shard: &str, row: u64) -> Key {
        let mut hash = Xxh3::new();
        hash.update(source.as_bytes());
        hash.update(&[0]);
        hash.update(shard.as_bytes());
        hash.update(&[0]);
        hash.update(&row.to_le_bytes());
        Key(hash.digest128())
    }

    /// `xxh3_128(source, id)`: for those whose ids outlive their shards.
    pub fn of_id(source: &str, id: &str) -> Key {
        let mut hash = Xxh3::new();
        hash.update(source.as_bytes());
        hash.update(&[0, 1]);
        hash.update(id.as_bytes());
        Key(hash.digest128())
    }

    /// A uniform draw in [0, 1) as a 64-bit fraction, for one `purpose` under one `seed`.
    pub fn draw(self, seed: u64, purpose: u64) -> u64 {
        xxh3_64_with_seed(
            &self.0.to_le_bytes(),
            seed ^ purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s.len() != 32 {
            return Err(format!("`{s}` is no key: 32 hexadecimal digits are"));
        }
        u128::from_str_radix(s, 16)
            .map(Key)
            .map_err(|_| format!("`{s}` is no key: 32 hexadecimal digits are"))
    }
}

/// One value of an input column other than the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; finite wherever a block of rows gives it out.
    Float(f64),
    /// Text; also what a date or timestamp column gives, in ISO 8601.
    Text(String),
}

impl Value {
    /// The value as a number, if it is one (a boolean counts as 0 or 1).
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            Value::Int(i) => Some(*i as f64),
            Value::Float(x) => Some(*x),
            Value::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => b.fmt(f),
            Value::Int(i) => i.fmt(f),
            Value::Float(x) => x.fmt(f),
            Value::Text(s) => s.fmt(f),
        }
    }
}

/// What the editor did to one document: settings and token counts (zeros and empty if nothing).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EditRecord {
    /// The prior that drove the edit; empty where nothing was edited.
    pub prior: String,
    /// Probability at or above which a token is eligible.
    pub threshold: f64,
    /// How many of the prior's likeliest tokens a draw chooses among.
    pub top_k: u32,
    /// Temperature of the draw.
    pub temperature: f64,
    /// Tokens with P >= threshold.
    pub eligible: u64,
    /// Tokens drawn anew.
    pub resampled: u64,
    /// Tokens drawn anew and different.
    pub changed: u64,
}

/// The `tamis` column of an output row: where the row came from and what was done to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What the row is now.
    pub origin: Origin,
    /// Who said so.
    pub origin_by: OriginBy,
    /// What was declared on input, if anything.
    pub declared_origin: Option<Origin>,
    /// The score row's probability that a machine wrote the text (null where it abstained).
    pub p_synthetic: Option<f64>,
    /// How often the text has passed through a model.
    pub generation: u32,
    /// What sort of synthetic text, if declared.
    pub kind: Option<String>,
    /// Which model wrote it, if declared.
    pub generator: Option<String>,
    /// The document's [`Key`], 32 hexadecimal digits.
    pub key: String,
    /// Name of the source.
    pub source: String,
    /// Name of the input shard inside the source.
    pub shard: String,
    /// Row of the input shard, from 0.
    pub row: u64,
    /// Which copy of the document this is, from 0.
    pub copy: u32,
    /// The document's weight in its pool.
    pub weight: f64,
    /// What the editor did.
    pub edit: EditRecord,
    /// Digest of config, models and seed of the run that wrote the row.
    pub run: String,
    /// The provenance that the row carried on input, as JSON text, if any.
    pub previous: Option<String>,
}

/// The leading `YYYY-MM-DD` of an ISO 8601 text as a number that orders days (year, month, day in
/// decimal), if the text begins with a valid date.
pub fn iso_day(text: &str) -> Option<i64> {
    let bytes = text.trim_start().as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        bytes[range].iter().try_fold(0i64, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
        })
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then_some(year * 10_000 + month * 100 + day)
}
