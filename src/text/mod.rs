//! Words, sentences, lines and n-grams of a text: read once, shared by all scorers.
//!
//! [`Scan`] is the reusable scratch of one worker: [`Scan::read`] takes a text apart, the scorers
//! look at what it found. The rule of what a word is stands in [`words`], and is the unit `words`
//! of a mix in every script.

mod block;
mod classes;
mod hash;
mod ideographs;
mod lines;
mod marks;
pub(crate) mod ngrams;
pub mod normalise;
mod scan;
mod sentences;
mod sieve;
mod table;
mod tokens;
pub mod words;

pub(crate) use self::hash::pair_hash;
pub use self::hash::word_hash;
pub use self::scan::Scan;
pub use self::tokens::tokens;
pub use self::words::count_words;
pub(crate) use self::words::words_at;

/// Bytes of a text that measures look at: a larger document is measured by its beginning, so that a
/// worker's scratch stays within some hundred MiB whatever the text.
pub const MEASURED_BYTES: usize = 8 << 20;

/// The beginning of a text, at most `bytes` of it, cut between characters.
pub fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
