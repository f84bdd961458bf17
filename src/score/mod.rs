//! Scorers: what can be measured of a text, and the row that holds it.

pub mod classifier;
pub mod fasttext;
pub mod measure;
pub mod row;
