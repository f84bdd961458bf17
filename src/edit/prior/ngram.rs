//! An n-gram prior: a pruned, quantised word trigram model in a few megabytes (see [`layout`]).
//!
//! Fast enough for terabytes on CPUs, the same on every machine, and of modest wit: it knows what may stand
//! after two words and nothing of the sentence. Its continuations are those that it has *seen* after
//! the one or two words to the left; words that only the unigram distribution would offer are no alternative,
//! since they would fit nowhere. Every read is bounds-checked: a damaged file is an error or a worse model.

use std::ops::ControlFlow;

use super::layout::{self, ENTRY, FIRST_WORD, HEADER, NUMBER, START, UNKNOWN};
use super::tokens::{Kind, each_piece};
use super::{Continuation, Outlook, Pattern, Prior, PriorError, Token, fold_into};

mod section;

use section::{Codes, Section};

/// A word trigram model over bytes that it borrows, owns or maps.
pub struct NgramPrior<B> {
    bytes: B,
    name: String,
    digest: String,
    sections: Vec<Section>,
    codes: Codes,
}

impl NgramPrior<&'static [u8]> {
    /// The prior that is part of the program (its card is `models/prior.md`).
    pub fn embedded() -> Result<Self, PriorError> {
        Self::from_bytes(include_bytes!("../../../models/prior.bin").as_slice())
    }
}

impl<B: AsRef<[u8]>> NgramPrior<B> {
    /// Reads a model: checks magic, version, length and digest, then indexes each vocabulary in memory
    /// (some 14 bytes a word); pairs and triples are used where they lie.
    pub fn from_bytes(bytes: B) -> Result<Self, PriorError> {
        let all = bytes.as_ref();
        if all.len() < HEADER || all[..8] != layout::MAGIC {
            return Err(PriorError::NotAPrior { bytes: all.len() });
        }
        let version = u32_at(all, 8);
        if version != layout::VERSION {
            return Err(PriorError::Version {
                found: version,
                known: layout::VERSION,
            });
        }
        let expected = u64_at(all, 16);
        if expected != all.len() as u64 {
            return Err(PriorError::Length {
                expected,
                found: all.len() as u64,
            });
        }
        let digest = blake3::hash(&all[HEADER..]);
        if digest.as_bytes() != &all[24..HEADER] {
            return Err(PriorError::Digest);
        }
        let digest = digest.to_hex().to_string();
        Ok(NgramPrior {
            name: format!("ngram:{}", &digest[..12]),
            digest,
            sections: read_sections(all)?,
            codes: Codes::new(),
            bytes,
        })
    }

    /// blake3 of all that follows the header, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Words, pairs and triples of a language's section.
    pub fn size(&self, lang: &str) -> Option<(usize, usize, usize)> {
        self.section(lang).map(Section::size)
    }

    fn section(&self, lang: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.code == lang)
    }
}

fn read_sections(all: &[u8]) -> Result<Vec<Section>, PriorError> {
    let count = u32_at(all, 12) as usize;
    let mut sections: Vec<Section> = Vec::new();
    for index in 0..count {
        let fault = |cause| PriorError::Section {
            section: index,
            cause,
        };
        let at = HEADER.saturating_add(index.saturating_mul(ENTRY));
        let entry = all
            .get(at..at.saturating_add(ENTRY))
            .ok_or(fault("the table is cut off"))?;
        let code = entry[..layout::CODE]
            .split(|&b| b == 0)
            .next()
            .unwrap_or_default();
        let code = std::str::from_utf8(code).map_err(|_| fault("its language code is no text"))?;
        let start = usize::try_from(u64_at(entry, layout::CODE)).unwrap_or(usize::MAX);
        let length = usize::try_from(u64_at(entry, layout::CODE + 8)).unwrap_or(usize::MAX);
        if start.checked_add(length).is_none_or(|end| end > all.len()) {
            return Err(fault("it lies outside the file"));
        }
        if sections.iter().any(|s| s.code.as_str() >= code) {
            return Err(fault("languages are not in order"));
        }
        sections.push(Section::read(all, code, start, length).map_err(fault)?);
    }
    Ok(sections)
}

impl<B: AsRef<[u8]> + Send + Sync> Prior for NgramPrior<B> {
    fn name(&self) -> &str {
        &self.name
    }

    fn languages(&self) -> Vec<&str> {
        self.sections.iter().map(|s| s.code.as_str()).collect()
    }

    fn knows(&self, lang: &str) -> bool {
        self.section(lang).is_some()
    }

    fn walk(
        &self,
        lang: &str,
        text: &str,
        see: &mut dyn FnMut(&Token, &dyn Outlook) -> ControlFlow<()>,
    ) -> Result<(), PriorError> {
        let Some(section) = self.section(lang) else {
            return Ok(());
        };
        let bytes = self.bytes.as_ref();
        let mut folded = String::new();
        let mut before = Context {
            word: START,
            pair: None,
        };
        let _ = each_piece(text, |piece| {
            let word = &text[piece.span.clone()];
            let id = match piece.kind {
                Kind::Number => NUMBER,
                Kind::Opaque => UNKNOWN,
                Kind::Word | Kind::Joined | Kind::Mark => {
                    fold_into(word, &mut folded);
                    section.id(bytes, &folded)
                }
            };
            let known = id >= FIRST_WORD;
            let (p, pair) = section.probability(bytes, &self.codes, before, id);
            let token = Token {
                span: piece.span,
                probability: if known { p } else { 0.0 },
                listed: id != UNKNOWN && pair.is_some(),
                editable: known
                    && piece.kind == Kind::Word
                    && section.flags(bytes, id) & layout::DRAWABLE != 0,
            };
            let place = Place {
                bytes,
                section,
                codes: &self.codes,
                before,
                id,
                word,
                rest: &text[token.span.end..],
                editable: token.editable,
            };
            let go_on = see(&token, &place);
            before = Context { word: id, pair };
            go_on
        });
        Ok(())
    }
}

/// What stands to the left: the last word, and its pair with the one before if the model lists it.
#[derive(Clone, Copy)]
struct Context {
    word: u16,
    pair: Option<usize>,
}

/// One token of a walk, and what is needed to say what else might stand there.
struct Place<'a> {
    bytes: &'a [u8],
    section: &'a Section,
    codes: &'a Codes,
    before: Context,
    id: u16,
    word: &'a str,
    /// The text after the token.
    rest: &'a str,
    editable: bool,
}

impl Place<'_> {
    /// Whether word `id` fits: drawable, as often capitalised as the original, which keeps names among
    /// names and German nouns among nouns, and not the word before or `next`, which would stand there twice.
    fn fits(&self, id: u16, next: u16) -> bool {
        let flags = |id| self.section.flags(self.bytes, id);
        id == self.id
            || flags(id) & layout::DRAWABLE != 0
                && (flags(id) ^ flags(self.id)) & layout::CAPITAL == 0
                && id != self.before.word
                && id != next
    }

    /// The word that follows, if it is one that the prior knows.
    fn next(&self) -> u16 {
        let mut next = UNKNOWN;
        let _ = each_piece(self.rest, |piece| {
            if piece.kind == Kind::Word {
                let mut folded = String::new();
                fold_into(&self.rest[piece.span], &mut folded);
                next = self.section.id(self.bytes, &folded);
            }
            ControlFlow::Break(())
        });
        next
    }
}

impl Outlook for Place<'_> {
    fn top(&self, k: usize) -> Vec<Continuation> {
        let Some(pattern) = Pattern::of(self.word).filter(|_| self.editable && k > 0) else {
            return Vec::new();
        };
        let next = self.next();
        let mut best: Vec<(f64, u16)> = Vec::new();
        let _ = self
            .section
            .successors(self.bytes, self.codes, self.before, |id, p| {
                // Successors come by rising id, so an equal probability loses to the earlier one.
                if (best.len() < k || best.last().is_some_and(|&(worst, _)| p > worst))
                    && self.fits(id, next)
                {
                    let at = best.partition_point(|&(q, _)| q >= p);
                    best.insert(at, (p, id));
                    best.truncate(k);
                }
                ControlFlow::Continue(())
            });
        let spelt = |(probability, id)| {
            let text = match id {
                id if id == self.id => self.word.to_owned(),
                id => pattern.apply(self.section.drawable_word(self.bytes, id)?),
            };
            Some(Continuation { text, probability })
        };
        best.into_iter().filter_map(spelt).collect()
    }

    fn has_alternative(&self) -> bool {
        if !self.editable || Pattern::of(self.word).is_none() {
            return false;
        }
        let next = self.next();
        let sought = |id| {
            id != self.id
                && self.fits(id, next)
                && self.section.drawable_word(self.bytes, id).is_some()
        };
        self.section
            .successors(self.bytes, self.codes, self.before, |id, _| {
                if sought(id) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .is_break()
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let two = bytes.get(at..).and_then(|b| b.first_chunk());
    two.map_or(0, |b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(|b| b.first_chunk());
    four.map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(|b| b.first_chunk());
    eight.map_or(0, |b| u64::from_le_bytes(*b))
}
