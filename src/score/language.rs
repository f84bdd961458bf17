//! Which language a text is in, by a model of our own ([`model`]): n-grams of letters among the
//! first of the text, unmasked, so that zero-width characters and look-alike letters change no
//! answer.
//!
//! The alphabet of most letters decides which languages are compared, and no more letters are judged
//! than settle it. Null where the text has fewer than [`LEAST`] letters, where half of them are of no alphabet that the model
//! knows, where the text is likelier of another language than the model's or of none, and where the
//! probability is below [`SURE`].

pub mod file;
pub mod letters;
pub mod model;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use self::model::{Judge, LanguageModel};
use super::measure::quantised;
use crate::text::normalise::Unmasked;

static EMBEDDED: &[u8] = include_bytes!("../../models/language.bin");

static EMBEDDED_MODEL: LazyLock<LanguageModel> = LazyLock::new(|| {
    LanguageModel::from_bytes(EMBEDDED).expect("the embedded model is read by a test")
});

/// Fewest letters for an answer.
pub const LEAST: usize = 20;
/// Least probability for an answer.
pub const SURE: f64 = 0.5;

/// Who says which language a text is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Language {
    /// [`identify`], for each text.
    #[default]
    Identified,
    /// Its source: all texts are in this one.
    Declared(String),
    /// Nobody: it is null, and what hangs on it as well.
    Unknown,
}

impl Language {
    /// The language of a text and, where it was identified, the confidence.
    pub fn of(&self, text: &Unmasked<'_>) -> (Option<Cow<'static, str>>, Option<f64>) {
        self.answer(self.ask(text))
    }

    /// Begins to judge a text, if there is anything to be judged; see [`LanguageModel::judge`].
    pub fn ask<'t>(&self, text: &'t Unmasked<'_>) -> Option<Judge<'static, 't>> {
        matches!(self, Language::Identified).then(|| EMBEDDED_MODEL.begin(text))
    }

    /// [`Language::of`] the text that was `asked` about.
    pub fn answer(
        &self,
        asked: Option<Judge<'static, '_>>,
    ) -> (Option<Cow<'static, str>>, Option<f64>) {
        match self {
            Language::Identified => asked
                .and_then(|judge| EMBEDDED_MODEL.answer(judge))
                .map(|(lang, p)| (Cow::Borrowed(lang), p))
                .unzip(),
            Language::Declared(lang) => (Some(Cow::Owned(lang.clone())), None),
            Language::Unknown => (None, None),
        }
    }
}

/// ISO 639 code of the language of `text`, two letters where there are such, and the probability, 0
/// to 1; null where unsure.
pub fn identify(text: &str) -> Option<(&'static str, f64)> {
    EMBEDDED_MODEL.identify(text)
}

impl LanguageModel {
    /// The model that is part of the program.
    pub fn embedded() -> &'static LanguageModel {
        &EMBEDDED_MODEL
    }

    /// Code of the language of `text` and the probability, 0 to 1; null where unsure.
    pub fn identify(&self, text: &str) -> Option<(&str, f64)> {
        self.answer(self.begin(&Unmasked::new(text)))
    }

    fn begin<'t>(&self, text: &'t Unmasked<'_>) -> Judge<'_, 't> {
        self.judge(text.as_str(), LEAST as u32)
    }

    fn answer(&self, judge: Judge<'_, '_>) -> Option<(&str, f64)> {
        let verdict = judge.verdict()?;
        let code = self.codes().get(usize::from(verdict.language?))?;
        let probability = quantised(verdict.probability)?.clamp(0.0, 1.0);
        (probability >= SURE).then_some((code, probability))
    }
}
