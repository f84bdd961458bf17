//! (being built)

pub mod classifier;
pub mod prior;
pub mod profile;
