//! The labelled texts as the trainer reads them: as letters, in an order of their own.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::{LanguageExample, LanguageTrainError, NO_LANGUAGE, OTHER};
use crate::score::language::file::is_code;
use crate::score::language::letters::{Alphabet, Letters, main_alphabet};
use crate::text::normalise::Unmasked;

/// Bytes of text in one alphabet that a language needs.
pub(super) const LEAST_BYTES: u64 = 5_000;
/// A language is learned in an alphabet if this part of its text is written in it: quotations
/// make no alphabet.
const LEAST_PART: u64 = 10;
/// Characters that are read of a text.
const MOST_CHARS: usize = 4_000;

/// A text as letters.
#[derive(Debug)]
pub(super) struct Row<'e> {
    /// The unmasked text.
    pub(super) text: String,
    pub(super) units: Vec<u16>,
    pub(super) alphabet: Alphabet,
    pub(super) lang: &'e str,
    pub(super) group: &'e str,
    pub(super) fold: usize,
}

impl Row<'_> {
    /// The code of a language that is answered; `None` for the others.
    pub(super) fn answer(&self) -> Option<&str> {
        (self.lang != OTHER && self.lang != NO_LANGUAGE).then_some(self.lang)
    }
}

/// All rows, in an order that does not depend on the one that they came in.
#[derive(Debug)]
pub(super) struct Rows<'e>(Vec<Row<'e>>);

impl<'e> Rows<'e> {
    pub(super) fn new(
        examples: &'e [LanguageExample],
        folds: usize,
    ) -> Result<Rows<'e>, LanguageTrainError> {
        if let Some(wrong) = examples.iter().find(|e| !is_code(e.lang.as_bytes())) {
            return Err(LanguageTrainError::Code(wrong.lang.clone()));
        }
        let groups: BTreeSet<&str> = examples.iter().map(|e| e.group.as_str()).collect();
        let groups: BTreeMap<&str, usize> = (groups.into_iter().enumerate())
            .map(|(place, group)| (group, place % folds))
            .collect();
        let mut keyed: Vec<(u128, &LanguageExample)> = examples
            .par_iter()
            .map(|example| (xxh3_128(example.text.as_bytes()), example))
            .collect();
        keyed.sort_unstable_by_key(|&(key, example)| (key, &example.lang, &example.group));
        keyed.dedup_by_key(|&mut (key, example)| (key, &example.lang, &example.group));
        let rows = keyed.into_par_iter().filter_map(|(_, example)| {
            let text = Unmasked::first(&example.text, MOST_CHARS);
            let text = text.as_str().to_owned();
            let mut units = vec![0; MOST_CHARS];
            let mut counts = [0; Alphabet::COUNT];
            let filled = Letters::new(&text).read(&mut units, &mut counts);
            units.truncate(filled);
            units.shrink_to_fit();
            let (alphabet, of_it, all) = main_alphabet(&counts);
            (of_it > 0 && of_it * 2 >= all).then_some(Row {
                text,
                units,
                alphabet,
                lang: &example.lang,
                group: &example.group,
                fold: groups[example.group.as_str()],
            })
        });
        Ok(Rows(rows.collect()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row<'e>> {
        self.0.iter()
    }

    /// The languages of each alphabet, without the rows of the fold `held`, and their rows by group.
    pub(super) fn by_alphabet(&self, held: Option<usize>) -> ByAlphabet<'_, 'e> {
        let mut bytes: BTreeMap<&str, BTreeMap<Alphabet, u64>> = BTreeMap::new();
        let mut found: ByAlphabet<'_, 'e> = BTreeMap::new();
        for row in self.iter().filter(|row| Some(row.fold) != held) {
            *bytes
                .entry(row.lang)
                .or_default()
                .entry(row.alphabet)
                .or_default() += row.text.len() as u64;
            let languages = found.entry(row.alphabet).or_default();
            let groups = languages.entry(row.lang).or_default();
            groups.entry(row.group).or_default().push(row);
        }
        for (alphabet, languages) in &mut found {
            languages.retain(|lang, _| {
                let (here, all) = (bytes[lang][alphabet], bytes[lang].values().sum::<u64>());
                let least = if *lang == OTHER || *lang == NO_LANGUAGE {
                    0
                } else {
                    all
                };
                here >= LEAST_BYTES && here * LEAST_PART >= least
            });
        }
        found.retain(|_, languages| {
            languages
                .keys()
                .any(|&lang| lang != OTHER && lang != NO_LANGUAGE)
        });
        found
    }
}

/// Rows by alphabet, language and group.
pub(super) type ByAlphabet<'r, 'e> =
    BTreeMap<Alphabet, BTreeMap<&'e str, BTreeMap<&'e str, Vec<&'r Row<'e>>>>>;
