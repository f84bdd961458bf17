//! How surprised a prior is by a text: for trends of a corpus over time or generations.
//!
//! It is no sign of who wrote a text. Machine text is likelier to a model than most human text, but so are
//! recipes, laws and plain prose, and an n-gram model knows too little to tell.

use std::ops::ControlFlow;

use super::prior::{Prior, PriorError};

/// What a prior says of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surprise {
    /// Mean of -log2 P(token | context), bits, over the tokens that the prior knows; `None` without such.
    pub nll: Option<f64>,
    /// Share of the tokens that the prior does not list after the token before them: words that it does not
    /// know, and pairs that it did not see or did not keep.
    pub novelty: f64,
}

/// The surprise of a text; `None` in a language that the prior does not know, and without tokens.
///
/// # Errors
/// As the prior's walk.
pub fn surprise(text: &str, lang: &str, prior: &dyn Prior) -> Result<Option<Surprise>, PriorError> {
    let (mut bits, mut known, mut tokens, mut novel) = (0.0, 0u64, 0u64, 0u64);
    prior.walk(lang, text, &mut |token, _| {
        tokens += 1;
        novel += u64::from(!token.listed);
        if token.probability > 0.0 {
            known += 1;
            bits -= libm::log2(token.probability);
        }
        ControlFlow::Continue(())
    })?;
    Ok((tokens > 0).then(|| Surprise {
        nll: (known > 0).then(|| bits / known as f64),
        novelty: novel as f64 / tokens as f64,
    }))
}
