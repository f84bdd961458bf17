//! One document before the model: its logit at each length, or why it has none.

use super::{CUTS, ModelName};
use crate::score::classifier::{self, Abstain, Classifier};
use crate::score::fasttext::{FastTextModel, LineScratch};
use crate::score::language::identify;
use crate::text::normalise::{Unmasked, head};

/// What documents are judged by.
pub enum Model {
    /// A classifier of this program, which abstains where it does in `score`.
    Classifier(Box<Classifier>),
    /// A fastText model, which never abstains.
    FastText(Box<FastTextModel>),
}

/// Room that one worker uses for one document after the other.
#[derive(Default)]
pub(super) struct Scratch {
    classifier: classifier::Scratch,
    line: LineScratch,
}

/// A logit, or why there is none.
pub(super) type Verdict = Result<f64, Abstain>;

/// What was measured of one document.
#[derive(Debug, Clone)]
pub(super) struct Verdicts {
    /// Characters of the document.
    pub(super) chars: usize,
    /// The language that the program identifies.
    pub(super) lang: Option<&'static str>,
    /// By its first characters, as many as the study asked for.
    pub(super) asked: Verdict,
    /// As it is.
    pub(super) whole: Verdict,
    /// By its first characters at each of [`CUTS`]; `None` where it has fewer.
    pub(super) cuts: [Option<Verdict>; 3],
}

impl Model {
    /// Judges a text at all lengths. The language is the one that is identified, as in `score`.
    pub(super) fn verdicts(&self, text: &str, chars: usize, scratch: &mut Scratch) -> Verdicts {
        let lang = identify(text).map(|(lang, _)| lang);
        let length = text.chars().count();
        let mut judge = |chars| self.judge(head(text, chars), lang, scratch);
        Verdicts {
            chars: length,
            lang,
            asked: judge(chars),
            whole: judge(length),
            cuts: CUTS.map(|cut| (length >= cut).then(|| judge(cut))),
        }
    }

    fn judge(&self, text: &str, lang: Option<&str>, scratch: &mut Scratch) -> Verdict {
        match self {
            Model::Classifier(classifier) => {
                classifier.logit((&Unmasked::new(text), None), lang, &mut scratch.classifier)
            }
            Model::FastText(model) => {
                let probability = model.score(text, &mut scratch.line);
                probability
                    .filter(|p| p.is_finite())
                    .map(log_odds)
                    .ok_or(Abstain::TooShort)
            }
        }
    }

    pub(super) fn name(&self) -> ModelName {
        match self {
            Model::Classifier(classifier) => ModelName {
                kind: "classifier",
                digest: classifier.digest().to_owned(),
                languages: Some(
                    classifier
                        .languages()
                        .into_iter()
                        .map(|known| known.lang)
                        .collect(),
                ),
            },
            Model::FastText(model) => ModelName {
                kind: "fasttext",
                digest: model.digest().to_owned(),
                languages: None,
            },
        }
    }
}

/// The log-odds of a 32-bit probability; those that rounding made 0 or 1 are half a step away.
fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(
        f64::from(f32::MIN_POSITIVE),
        1.0 - f64::from(f32::EPSILON) / 4.0,
    );
    libm::log(p) - libm::log1p(-p)
}
