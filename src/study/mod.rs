//! Experiments on models: how one does on text whose labels are known.
//!
//! A study gets documents from above, keeps what it measured of them but never their text, and
//! gives its figures as data, to be shown as tables or written as JSON.

pub mod classifier;
pub mod shares;
