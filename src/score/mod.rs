//! Scorers: what can be measured of a text, and the row that holds it.
//!
//! One [`Scan`] of a text serves all of them: [`repetition`], [`quality`] and [`diversity`] look at
//! it alone, [`concentration`] also at a human [`Reference`] and the source's own [`Profile`]. [`pool`]
//! and [`generations`] look at many texts together.
//! [`measure`] is the table of what they measure, [`row`] the score row. A scorer decides nothing.

pub mod classifier;
pub mod concentration;
mod datatrove;
pub mod diversity;
pub mod fasttext;
pub mod generations;
pub mod language;
pub mod measure;
pub mod pool;
pub mod quality;
pub mod reference;
pub mod repetition;
pub mod row;
mod sealed;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::concentration::{LogRatios, Profile};
use self::language::Language;
use self::measure::{Measure, Measures};
use self::reference::Reference;
use crate::config::Compat;
use crate::text::normalise::Unmasked;
use crate::text::{MEASURED_BYTES, Scan, beginning, count_words};

/// What the scorers say of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// ISO 639-1 code of the language, null where unsure.
    pub lang: Option<Cow<'static, str>>,
    /// Confidence of `lang`, 0 to 1; null where it was declared.
    pub lang_p: Option<f64>,
    /// UTF-8 bytes.
    pub bytes: u64,
    /// Characters (Unicode scalar values).
    pub chars: u64,
    /// Words, by the rule of [`crate::text::words`].
    pub words: u64,
    /// All measures.
    pub measures: Measures,
}

/// All scorers of one source, shared by its workers; each worker has its own [`Scan`].
pub struct Scorer {
    ratios: BTreeMap<String, LogRatios>,
    language: Language,
    compat: Option<Compat>,
}

impl Scorer {
    /// Scorers of a source. Without its profile, or in a language that the reference or the profile
    /// lacks, `log_importance` is null.
    pub fn new(
        reference: &Reference,
        source_profile: Option<&Profile>,
        language: Language,
    ) -> Scorer {
        let sources = source_profile.into_iter().flat_map(Profile::languages);
        let ratios = sources.filter_map(|(lang, source)| {
            let human = reference.of(lang)?;
            Some((lang.to_string(), LogRatios::new(human, source)))
        });
        Scorer {
            ratios: ratios.collect(),
            language,
            compat: None,
        }
    }

    /// The same scorers with repetition and quality by the definitions of another package.
    pub fn compatible(self, compat: Option<Compat>) -> Scorer {
        Scorer { compat, ..self }
    }

    /// Measures `text`; `scan` is left as [`Scan::read`] of what was measured leaves it.
    ///
    /// Bytes, characters and words are counted on the whole text; the measures of one longer than
    /// [`MEASURED_BYTES`] are those of its beginning.
    ///
    /// ```
    /// use tamis::score::{Scorer, language::Language, measure::Measure, reference::Reference};
    /// use tamis::text::normalise::Unmasked;
    /// let scorer = Scorer::new(Reference::embedded(), None, Language::default());
    /// let text = Unmasked::new("to be or not to be");
    /// let scored = scorer.measure(&text, &mut Default::default());
    /// assert_eq!(scored.words, 6);
    /// assert_eq!(scored.measures.get(Measure::HapaxRatio), Some(0.5));
    /// ```
    pub fn measure(&self, text: &Unmasked<'_>, scan: &mut Scan) -> Scored {
        // Asked early and answered late: in between what the answer needs comes from memory.
        let asked = self.language.ask(text);
        let text = text.whole();
        let measured = beginning(text, MEASURED_BYTES);
        scan.read(measured);
        let mut measures = Measures::default();
        repetition::measure(measured, scan, &mut measures);
        quality::measure(measured, scan, &mut measures);
        if self.compat == Some(Compat::Datatrove) {
            datatrove::measure(measured, &mut measures);
        }
        diversity::measure(scan, &mut measures);
        let (lang, lang_p) = self.language.answer(asked);
        let ratios = lang.as_deref().and_then(|lang| self.ratios.get(lang));
        measures.set(
            Measure::LogImportance,
            ratios.and_then(|ratios| ratios.mean(scan)),
        );
        let whole = measured.len() == text.len();
        Scored {
            lang,
            lang_p,
            bytes: text.len() as u64,
            chars: if whole {
                scan.chars()
            } else {
                text.chars().count() as u64
            },
            words: if whole {
                scan.words()
            } else {
                count_words(text)
            },
            measures,
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unicode_tests;
