//! (being built)

pub mod normalise;
