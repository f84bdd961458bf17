//! The human reference: hashed 1- and 2-gram profiles of human text, one a language.
//!
//! The file holds, by language, the negative log probability of each bucket in 16 bits (steps of
//! 2^-11 nat, so a probability is right to 0.03%), smoothed when it was made. It is made by
//! [`crate::train::profile`], and one is embedded; its card says from what text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use thiserror::Error;

use super::concentration::{BUCKETS, Counts};

const MAGIC: &[u8; 8] = b"TAMISREF";
const VERSION: u8 = 1;
/// Bytes of a language code, padded with zeros.
const CODE: usize = 8;
/// Steps of a nat.
const STEP: f64 = 2048.0;

static EMBEDDED: &[u8] = include_bytes!("../../models/reference.bin");

static EMBEDDED_REFERENCE: LazyLock<Reference> = LazyLock::new(|| {
    Reference::from_bytes(EMBEDDED).expect("the embedded reference is read by a test")
});

/// Why bytes are no reference.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// The first bytes are others.
    #[error("not a reference profile: make one with `tamis train profile`")]
    Foreign,
    /// Made by another version.
    #[error(
        "reference profile of format {found}, this program reads {VERSION}: \
         make it again with `tamis train profile`"
    )]
    Version {
        /// Format number found.
        found: u8,
    },
    /// Cut short, too long, or with impossible values.
    #[error("reference profile is damaged: make it again with `tamis train profile`")]
    Damaged,
}

/// Human bucket probabilities of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceLanguage {
    /// Words and pairs that were counted.
    pub ngrams: u64,
    /// Negative natural logarithms of the probabilities, in steps of 1/2048.
    steps: Vec<u16>,
}

impl ReferenceLanguage {
    /// From counts of human text.
    pub fn of(counts: &Counts) -> ReferenceLanguage {
        let steps = counts.probabilities().map(|p| {
            (-libm::log(p) * STEP)
                .round()
                .clamp(0.0, f64::from(u16::MAX)) as u16
        });
        ReferenceLanguage {
            ngrams: counts.ngrams,
            steps: steps.collect(),
        }
    }

    /// Probability of each bucket, none of them 0. They are computed anew, since most work asks for
    /// few languages: they sum to 1 again after the rounding of the logarithms.
    pub fn probabilities(&self) -> impl Iterator<Item = f64> {
        let raw = || {
            let steps = self.steps.iter();
            steps.map(|&step| libm::exp(-f64::from(step) / STEP))
        };
        let whole: f64 = raw().sum();
        raw().map(move |p| p / whole)
    }
}

/// Human reference profiles by language.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reference {
    languages: BTreeMap<String, ReferenceLanguage>,
}

impl Reference {
    /// The reference that is part of the program.
    pub fn embedded() -> &'static Reference {
        &EMBEDDED_REFERENCE
    }

    /// Puts a language in; a code of more than eight bytes or none is refused with `false`.
    pub fn insert(&mut self, lang: &str, profile: ReferenceLanguage) -> bool {
        let fits = (1..=CODE).contains(&lang.len());
        if fits {
            self.languages.insert(lang.to_string(), profile);
        }
        fits
    }

    /// The profile of one language.
    pub fn of(&self, lang: &str) -> Option<&ReferenceLanguage> {
        self.languages.get(lang)
    }

    /// All languages with their profiles, by code.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &ReferenceLanguage)> {
        self.languages
            .iter()
            .map(|(lang, profile)| (lang.as_str(), profile))
    }

    /// Header (magic, version, number of languages), then per language eight bytes of code, the
    /// number of n-grams as u64 and 10,000 steps as u16, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend_from_slice(&(self.languages.len() as u32).to_le_bytes());
        for (lang, profile) in &self.languages {
            let mut code = [0; CODE];
            code[..lang.len()].copy_from_slice(lang.as_bytes());
            bytes.extend_from_slice(&code);
            bytes.extend_from_slice(&profile.ngrams.to_le_bytes());
            bytes.extend(profile.steps.iter().flat_map(|step| step.to_le_bytes()));
        }
        bytes
    }

    /// Reads what [`Reference::to_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are no reference, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Reference, ReferenceError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ReferenceError::Foreign)?;
        let (&version, rest) = rest.split_first().ok_or(ReferenceError::Damaged)?;
        if version != VERSION {
            return Err(ReferenceError::Version { found: version });
        }
        Reference::read(rest).ok_or(ReferenceError::Damaged)
    }

    fn read(rest: &[u8]) -> Option<Reference> {
        let (count, body) = rest.split_first_chunk::<4>()?;
        let chunks = body.chunks_exact(CODE + 8 + 2 * BUCKETS);
        let whole = chunks.remainder().is_empty();
        if !whole || chunks.len() != u32::from_le_bytes(*count) as usize {
            return None;
        }
        let mut reference = Reference::default();
        for chunk in chunks {
            let (code, rest) = chunk.split_first_chunk::<CODE>()?;
            let (ngrams, steps) = rest.split_first_chunk::<8>()?;
            let length = code.iter().position(|&byte| byte == 0).unwrap_or(CODE);
            let lang = std::str::from_utf8(&code[..length]).ok()?;
            let steps = steps
                .chunks_exact(2)
                .map(|two| u16::from_le_bytes([two[0], two[1]]));
            let profile = ReferenceLanguage {
                ngrams: u64::from_le_bytes(*ngrams),
                steps: steps.collect(),
            };
            if !reference.insert(lang, profile) {
                return None;
            }
        }
        (reference.languages.len() as u32 == u32::from_le_bytes(*count)).then_some(reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Scan;

    fn reference() -> Reference {
        let mut scan = Scan::default();
        scan.read("the cat and the dog and the end");
        let mut counts = Counts::default();
        counts.add(&scan);
        let mut reference = Reference::default();
        assert!(reference.insert("en", ReferenceLanguage::of(&counts)));
        assert!(reference.insert("de", ReferenceLanguage::of(&Counts::default())));
        assert!(!reference.insert("", ReferenceLanguage::of(&counts)));
        reference
    }

    #[test]
    fn embedded_reference_is_whole_and_covers_english() {
        let reference = Reference::from_bytes(EMBEDDED).unwrap();
        assert!(reference.of("en").unwrap().ngrams > 100_000);
        assert_eq!(reference.to_bytes(), EMBEDDED);
    }

    #[test]
    fn reference_comes_back_from_its_bytes() {
        assert_eq!(
            Reference::from_bytes(&reference().to_bytes()),
            Ok(reference())
        );
    }

    #[test]
    fn probabilities_are_near_the_smoothed_counts_and_sum_to_one() {
        let mut scan = Scan::default();
        scan.read(&"one two three one ".repeat(1000));
        let mut counts = Counts::default();
        counts.add(&scan);
        let language = ReferenceLanguage::of(&counts);
        let sum: f64 = language.probabilities().sum();
        assert!((sum - 1.0).abs() < 1e-12);
        for (stored, exact) in language.probabilities().zip(counts.probabilities()) {
            assert!((stored / exact - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = reference().to_bytes();
        for length in [0, 7, 8, 9, 12, 13, 30, bytes.len() - 1] {
            assert!(Reference::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        let mut other = bytes.clone();
        other[8] = 9;
        assert_eq!(
            Reference::from_bytes(&other),
            Err(ReferenceError::Version { found: 9 })
        );
        let mut twice = bytes.clone();
        let (one, two) = twice[13..].split_at_mut(CODE + 8 + 2 * BUCKETS);
        two.copy_from_slice(one);
        assert_eq!(Reference::from_bytes(&twice), Err(ReferenceError::Damaged));
    }
}
