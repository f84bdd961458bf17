//! Makes n-gram priors: counts texts language by language and writes the file that the editor reads.
//!
//! The same texts in the same order give the same bytes. Memory is bounded by the number of distinct n-grams
//! kept a language: when there are too many, the rarest go, as they would from the model anyway.

mod count;
mod estimate;
mod select;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use count::Counts;

use crate::edit::prior::layout::{CODE, ENTRY, HEADER};

/// What bounds a prior.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorOptions {
    /// Largest size of the file in bytes; languages share it by the square root of their text.
    pub max_bytes: usize,
    /// Largest vocabulary of a language, in words (at most 65,000).
    pub max_words: usize,
    /// How often a word must occur to be in the vocabulary.
    pub min_count: u32,
    /// Languages with fewer bytes of words than this are left out; so are scripts written without spaces,
    /// in which the prior sees no words.
    pub min_text: u64,
    /// Distinct n-grams of one order that are kept in memory a language (some 30 bytes each).
    pub max_ngrams: usize,
}

impl Default for PriorOptions {
    fn default() -> PriorOptions {
        PriorOptions {
            max_bytes: 6 << 20,
            max_words: 24_000,
            min_count: 4,
            min_text: 1 << 20,
            max_ngrams: 8_000_000,
        }
    }
}

/// What a language came to in a finished prior.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageSize {
    /// Its code.
    pub lang: String,
    /// Texts counted.
    pub documents: u64,
    /// Bytes of text counted.
    pub text_bytes: u64,
    /// Words of the vocabulary, three reserved ones included.
    pub words: usize,
    /// Pairs listed.
    pub pairs: usize,
    /// Triples listed.
    pub triples: usize,
    /// Bytes of its section; 0 where it was left out for want of text.
    pub bytes: usize,
}

/// A finished prior.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltPrior {
    /// The file.
    pub bytes: Vec<u8>,
    /// Every language pushed, in order of code, also those left out.
    pub languages: Vec<LanguageSize>,
}

/// Why a text or a prior is refused.
#[derive(Debug, thiserror::Error)]
pub enum TrainPriorError {
    /// A language code that does not fit the file.
    #[error("a language code has {length} bytes; use one of 1 to {CODE} bytes without a zero byte")]
    Code {
        /// Its length in bytes.
        length: usize,
    },
    /// No language has enough text.
    #[error("no language has {min_text} bytes of words; give more text or lower the least")]
    TooLittle {
        /// The least text of a language, in bytes.
        min_text: u64,
    },
    /// Not even the smallest vocabulary fits.
    #[error("{max_bytes} bytes hold no prior of {languages} languages; allow more bytes")]
    NoRoom {
        /// The size asked for.
        max_bytes: usize,
        /// How many languages there are.
        languages: usize,
    },
}

/// Counts texts, then makes a prior of them.
pub struct PriorBuilder {
    options: PriorOptions,
    languages: BTreeMap<String, Counts>,
}

impl PriorBuilder {
    /// A builder without texts.
    pub fn new(options: PriorOptions) -> PriorBuilder {
        PriorBuilder {
            options,
            languages: BTreeMap::new(),
        }
    }

    /// Counts one text of a language.
    pub fn push(&mut self, lang: &str, text: &str) -> Result<(), TrainPriorError> {
        if lang.is_empty() || lang.len() > CODE || lang.contains('\0') {
            return Err(TrainPriorError::Code { length: lang.len() });
        }
        if !self.languages.contains_key(lang) {
            self.languages.insert(lang.to_owned(), Counts::default());
        }
        if let Some(counts) = self.languages.get_mut(lang) {
            counts.push(text, self.options.max_ngrams);
        }
        Ok(())
    }

    /// Estimates, prunes and writes the model.
    pub fn finish(self) -> Result<BuiltPrior, TrainPriorError> {
        let options = &self.options;
        let shares: Vec<f64> = self
            .languages
            .values()
            .filter(|c| c.word_bytes >= options.min_text)
            .map(|c| (c.word_bytes as f64).sqrt())
            .collect();
        if shares.is_empty() {
            return Err(TrainPriorError::TooLittle {
                min_text: options.min_text,
            });
        }
        let total: f64 = shares.iter().sum();
        let no_room = TrainPriorError::NoRoom {
            max_bytes: options.max_bytes,
            languages: shares.len(),
        };
        let room = options
            .max_bytes
            .checked_sub(HEADER + shares.len() * ENTRY)
            .ok_or(no_room)?;
        let mut languages = Vec::new();
        let mut sections = Vec::new();
        for (lang, counts) in self.languages {
            let mut size = LanguageSize {
                documents: counts.documents,
                text_bytes: counts.text_bytes,
                words: 0,
                pairs: 0,
                triples: 0,
                bytes: 0,
                lang,
            };
            if counts.word_bytes >= options.min_text {
                let share = (counts.word_bytes as f64).sqrt() / total;
                let section = section(counts, options, (room as f64 * share) as usize, &mut size);
                sections.push((size.lang.clone(), section));
            }
            languages.push(size);
        }
        Ok(BuiltPrior {
            bytes: write::file(&sections),
            languages,
        })
    }
}

/// Makes the section of one language, of at most `bytes` bytes, and notes its size.
fn section(
    counts: Counts,
    options: &PriorOptions,
    bytes: usize,
    size: &mut LanguageSize,
) -> Vec<u8> {
    let model = estimate::Model::new(counts, options, bytes);
    let listed = select::select(&model, bytes);
    let section = write::section(&model, &listed);
    size.words = model.words.len();
    size.pairs = listed.pairs.len();
    size.triples = listed.triples.len();
    size.bytes = section.len();
    section
}
