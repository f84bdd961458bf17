//! stub
use serde::{Deserialize, Serialize};
/// stub
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// s
    pub share: f64,
    /// l
    pub low: f64,
    /// h
    pub high: f64,
    /// m
    pub method: String,
}
