//! Priors: language models that say how likely each token of a text is and what else might stand there.
//!
//! The editor needs one thing of a model: to walk a text once, from left to right, and at each token to give
//! its probability after the *original* left context and, where asked, the likeliest continuations there.
//! A model that works in windows (a transformer) or in batches (a server) fits the same walk, since the
//! editor never looks back and never feeds its own draws in. One file a prior.

mod case;
pub mod layout;
pub mod ngram;
pub mod tokens;

pub use case::{Pattern, fold_into};
pub use ngram::NgramPrior;

use std::ops::{ControlFlow, Range};

/// Why a prior cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriorError {
    /// The bytes do not begin like an n-gram prior.
    #[error(
        "these {bytes} bytes are no tamis n-gram prior; give a file made by `tamis train prior`"
    )]
    NotAPrior {
        /// How many bytes there were.
        bytes: usize,
    },
    /// Another version of the format.
    #[error("the prior has format version {found}, this program reads {known}; train it anew")]
    Version {
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The file is shorter or longer than its header says.
    #[error("the prior should have {expected} bytes and has {found}; copy or train it anew")]
    Length {
        /// Bytes by the header.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// The content does not match the digest in the header.
    #[error("the prior's content does not match its digest; copy or train it anew")]
    Digest,
    /// A language's section contradicts itself.
    #[error("the prior's section {section} is damaged ({cause}); train it anew")]
    Section {
        /// Which section, from 0.
        section: usize,
        /// What is wrong with it.
        cause: &'static str,
    },
}

/// One token of a text as a prior sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Bytes of the text; tokens come in order and never overlap.
    pub span: Range<usize>,
    /// P(token | original left context), in \[0, 1\]; 0 where the prior does not know the token.
    pub probability: f64,
    /// Whether the prior lists it as what may follow the token before it.
    pub listed: bool,
    /// Whether the editor may touch it: false for marks, numbers, links, identifiers, unknown words.
    pub editable: bool,
}

/// A token that the prior would put in another's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuation {
    /// What to write, in the capitalisation of the token that stands there: one whole word.
    pub text: String,
    /// The prior's own probability of it after the original left context.
    pub probability: f64,
}

/// What a prior can say at the token at which its walk stands.
pub trait Outlook {
    /// The `k` likeliest continuations that fit the place, likeliest first, ties in a fixed order.
    ///
    /// The original may be among them, spelt as in the text. Empty where the prior has nothing to offer.
    fn top(&self, k: usize) -> Vec<Continuation>;

    /// Whether [`Outlook::top`] would give anything other than the original.
    fn has_alternative(&self) -> bool;
}

/// A language model that can drive token editing.
pub trait Prior: Send + Sync {
    /// A name for reports and provenance that tells one model from another.
    fn name(&self) -> &str;

    /// Codes of the languages that it knows (ISO 639-1 where there is one), sorted.
    fn languages(&self) -> Vec<&str>;

    /// Whether it knows a language. A text in any other has no editable token.
    fn knows(&self, lang: &str) -> bool;

    /// Walks `text`, calling `see` at each token in order until the end or a break.
    ///
    /// In an unknown language `see` is never called. Memory does not grow with the text.
    fn walk(
        &self,
        lang: &str,
        text: &str,
        see: &mut dyn FnMut(&Token, &dyn Outlook) -> ControlFlow<()>,
    ) -> Result<(), PriorError>;
}
