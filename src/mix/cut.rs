//! A cut: how far the documents of a cell are taken.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::Key;

/// A point in the order (step, key): everything up to and including it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The step, in fixed point with 40 fractional bits (64 for the split).
    pub t: u64,
    /// Among equal steps, the largest key that is taken.
    pub key: u128,
}

impl Cut {
    /// Takes nothing.
    pub const NONE: Cut = Cut { t: 0, key: 0 };
    /// Takes everything, up to the most copies.
    pub const ALL: Cut = Cut {
        t: u64::MAX,
        key: u128::MAX,
    };

    /// The last cut that does not take (`step`, `key`).
    pub fn just_before(step: u64, key: u128) -> Cut {
        match (key.checked_sub(1), step.checked_sub(1)) {
            (Some(key), _) => Cut { t: step, key },
            (None, Some(t)) => Cut { t, key: u128::MAX },
            (None, None) => Cut::NONE,
        }
    }

    /// True if (`step`, `key`) is taken.
    pub fn takes(&self, step: u64, key: Key) -> bool {
        (step, key.0) <= (self.t, self.key)
    }
}

/// JSON numbers lose digits in many readers, so a cut is 48 hexadecimal digits.
impl Serialize for Cut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}{:032x}", self.t, self.key))
    }
}

impl<'de> Deserialize<'de> for Cut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fault = || serde::de::Error::custom("a cut has 48 hexadecimal digits");
        let (t, key) = text.split_at_checked(16).ok_or_else(fault)?;
        match (u64::from_str_radix(t, 16), u128::from_str_radix(key, 16)) {
            (Ok(t), Ok(key)) if key_digits(&text) => Ok(Cut { t, key }),
            _ => Err(fault()),
        }
    }
}

fn key_digits(text: &str) -> bool {
    text.len() == 48 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
