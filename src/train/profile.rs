//! Making the human reference: hashed n-gram profiles of human text, one a language.
//!
//! The text is the caller's choice, and so is its licence; documents may come in any order and
//! split over several builders: the same documents always make the same bytes.

use crate::score::concentration::Profile;
use crate::score::reference::{Reference, ReferenceLanguage};
use crate::text::Scan;

/// Bytes of text that a language needs, unless told otherwise: with less, the profile is mostly
/// smoothing.
pub const LEAST_BYTES: u64 = 150_000;

/// Counts human documents, then makes a [`Reference`] of them.
#[derive(Default)]
pub struct ReferenceBuilder {
    scan: Scan,
    profile: Profile,
    bytes: std::collections::BTreeMap<String, u64>,
}

/// What one language of a reference was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePart {
    /// Code of the language.
    pub lang: String,
    /// Documents counted.
    pub documents: u64,
    /// Bytes of their text.
    pub bytes: u64,
    /// Words and pairs counted.
    pub ngrams: u64,
    /// Whether the language had enough text to be taken.
    pub taken: bool,
}

impl ReferenceBuilder {
    /// Counts a human document of a known language.
    pub fn add(&mut self, lang: &str, text: &str) {
        self.scan.read(text);
        self.profile.add(Some(lang), &self.scan);
        *self.bytes.entry(lang.to_string()).or_default() += text.len() as u64;
    }

    /// Adds what another builder counted.
    pub fn merge(&mut self, other: ReferenceBuilder) {
        self.profile.merge(other.profile);
        for (lang, bytes) in other.bytes {
            *self.bytes.entry(lang).or_default() += bytes;
        }
    }

    /// The reference of all languages with at least `least_bytes` of text, and what became of each.
    pub fn finish(&self, least_bytes: u64) -> (Reference, Vec<ReferencePart>) {
        let mut reference = Reference::default();
        let parts = self.profile.languages().map(|(lang, counts)| {
            let bytes = self.bytes.get(lang).copied().unwrap_or(0);
            let taken = bytes >= least_bytes
                && counts.ngrams > 0
                && reference.insert(lang, ReferenceLanguage::of(counts));
            let (documents, ngrams) = (counts.documents, counts.ngrams);
            ReferencePart {
                lang: lang.to_string(),
                documents,
                bytes,
                ngrams,
                taken,
            }
        });
        let parts = parts.collect();
        (reference, parts)
    }
}

/// A reference of `documents` (language and text each) in one call: its bytes, and what is in it.
pub fn build_reference<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a str)>,
    least_bytes: u64,
) -> (Vec<u8>, Vec<ReferencePart>) {
    let mut builder = ReferenceBuilder::default();
    for (lang, text) in documents {
        builder.add(lang, text);
    }
    let (reference, parts) = builder.finish(least_bytes);
    (reference.to_bytes(), parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: [(&str, &str); 4] = [
        ("en", "a first text of some words"),
        ("fr", "un texte de quelques mots"),
        ("en", "and a second one"),
        ("de", "kurz"),
    ];

    #[test]
    fn bytes_do_not_depend_on_the_order_or_on_who_counted() {
        let (bytes, parts) = build_reference(DOCUMENTS, 10);
        let (reversed, _) = build_reference(DOCUMENTS.into_iter().rev(), 10);
        assert_eq!(bytes, reversed);
        let mut halves = [ReferenceBuilder::default(), ReferenceBuilder::default()];
        for (place, (lang, text)) in DOCUMENTS.into_iter().enumerate() {
            halves[place % 2].add(lang, text);
        }
        let [mut first, second] = halves;
        first.merge(second);
        assert_eq!(
            first.finish(10),
            (Reference::from_bytes(&bytes).unwrap(), parts)
        );
    }

    #[test]
    fn a_language_with_little_text_is_left_out_and_said_so() {
        let (bytes, parts) = build_reference(DOCUMENTS, 10);
        let reference = Reference::from_bytes(&bytes).unwrap();
        assert_eq!(
            reference
                .languages()
                .map(|found| found.0)
                .collect::<Vec<_>>(),
            ["en", "fr"]
        );
        let de = ReferencePart {
            lang: "de".into(),
            documents: 1,
            bytes: 4,
            ngrams: 1,
            taken: false,
        };
        assert_eq!(parts[0], de);
        assert_eq!(
            (parts[1].documents, parts[1].ngrams, parts[1].taken),
            (2, 6 + 5 + 4 + 3, true)
        );
    }
}
