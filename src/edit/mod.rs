//! (being built)
pub mod prior;
