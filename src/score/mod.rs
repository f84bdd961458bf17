//! (being built)

pub mod classifier;
pub mod fasttext;
