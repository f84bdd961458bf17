//! Experiments on text whose labels are known: how a model does on it, and what sets it apart.
//!
//! A study gets documents from above, keeps what it measured of them but never their text, and
//! gives its figures as data, to be shown as tables or written as JSON.

pub mod classifier;
pub mod concentration;
mod draws;
pub mod shares;
