//! (being built)

pub mod classifier;
pub mod language;
pub mod prior;
pub mod profile;
