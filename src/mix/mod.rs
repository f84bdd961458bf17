//! (being built)

pub mod prevalence;
