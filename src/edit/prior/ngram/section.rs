//! One language of an n-gram prior: where its arrays lie, its words, and the back-off model over them.

use std::ops::{ControlFlow, Range};

use xxhash_rust::xxh3::xxh3_64;

use super::super::layout::{self, BLOCK, DRAWABLE, SECTION_HEAD, UNKNOWN};
use super::super::tokens::is_word_letter;
use super::{Context, u16_at, u32_at};

/// Decoded values of the one-byte codes.
pub(super) struct Codes {
    probability: [f64; 256],
    backoff: [f64; 256],
}

impl Codes {
    pub(super) fn new() -> Codes {
        Codes {
            probability: std::array::from_fn(|code| layout::probability(code as u8)),
            backoff: std::array::from_fn(|code| layout::backoff(code as u8)),
        }
    }
}

/// A language: offsets into the file's bytes, and the index of its vocabulary.
pub(super) struct Section {
    pub(super) code: String,
    words: usize,
    pairs: usize,
    triples: usize,
    flags: usize,
    backoff: usize,
    letters: usize,
    first_pair: usize,
    pair_word: usize,
    pair_probability: usize,
    pair_backoff: usize,
    pair_triples: usize,
    block_first: usize,
    triple_word: usize,
    triple_probability: usize,
    /// End of each word among the letters.
    ends: Vec<u32>,
    /// Probability of each word without context.
    single: Vec<f64>,
    /// Open addressing from a word's hash to its id; 0 is empty (id 0 has no spelling).
    slots: Vec<u16>,
}

impl Section {
    /// Lays a section out over `all[start..start + length]`, which lies inside the file.
    pub(super) fn read(
        all: &[u8],
        code: &str,
        start: usize,
        length: usize,
    ) -> Result<Section, &'static str> {
        if length < SECTION_HEAD {
            return Err("it is shorter than its head");
        }
        let [words, letters, pairs, triples] =
            [0, 4, 8, 12].map(|at| u32_at(all, start + at) as usize);
        if words > usize::from(u16::MAX) {
            return Err("it has too many words");
        }
        let mut at = start + SECTION_HEAD;
        let mut take = |count: usize, width: usize| {
            let here = at;
            at = at.saturating_add(count.saturating_mul(width));
            here
        };
        let lengths = take(words, 1);
        let flags = take(words, 1);
        let fine = take(words, 2);
        let backoff = take(words, 1);
        let letters_at = take(letters, 1);
        let mut section = Section {
            code: code.to_owned(),
            words,
            pairs,
            triples,
            flags,
            backoff,
            letters: letters_at,
            first_pair: take(words + 1, 4),
            pair_word: take(pairs, 2),
            pair_probability: take(pairs, 1),
            pair_backoff: take(pairs, 1),
            pair_triples: take(pairs, 1),
            block_first: take(pairs.div_ceil(BLOCK), 4),
            triple_word: take(triples, 2),
            triple_probability: take(triples, 1),
            ends: Vec::with_capacity(words),
            single: Vec::with_capacity(words),
            slots: Vec::new(),
        };
        if at != start + length {
            return Err("its counts do not fit its length");
        }
        section.index_words(all, lengths, fine, letters)?;
        Ok(section)
    }

    fn index_words(
        &mut self,
        all: &[u8],
        lengths: usize,
        fine: usize,
        letters: usize,
    ) -> Result<(), &'static str> {
        let mut end = 0u32;
        for word in 0..self.words {
            end += u32::from(all[lengths + word]);
            self.ends.push(end);
            self.single
                .push(layout::fine_probability(u16_at(all, fine + 2 * word)));
        }
        if end as usize != letters {
            return Err("its words do not fill its letters");
        }
        self.slots = vec![0; (2 * self.words).next_power_of_two().max(2)];
        for id in 0..self.words as u16 {
            let spelling = self.spelling(all, id);
            if spelling.is_empty() {
                continue;
            }
            let mut slot = self.slot(spelling);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = id;
        }
        Ok(())
    }

    pub(super) fn size(&self) -> (usize, usize, usize) {
        (self.words, self.pairs, self.triples)
    }

    fn slot(&self, spelling: &[u8]) -> usize {
        xxh3_64(spelling) as usize & (self.slots.len() - 1)
    }

    fn spelling<'a>(&self, all: &'a [u8], id: u16) -> &'a [u8] {
        let id = usize::from(id);
        let Some(&end) = self.ends.get(id) else {
            return &[];
        };
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        all.get(self.letters + start as usize..self.letters + end as usize)
            .unwrap_or_default()
    }

    /// The id of a folded word or mark.
    pub(super) fn id(&self, all: &[u8], folded: &str) -> u16 {
        let mut slot = self.slot(folded.as_bytes());
        // At most half of the slots are taken, so an empty one ends the search.
        loop {
            match self.slots[slot] {
                0 => return UNKNOWN,
                id if self.spelling(all, id) == folded.as_bytes() => return id,
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    pub(super) fn flags(&self, all: &[u8], id: u16) -> u8 {
        let known = usize::from(id) < self.words;
        if known {
            byte(all, self.flags + usize::from(id))
        } else {
            0
        }
    }

    /// The word of an id if it may be written into a text: one whole word, whatever the file claims.
    pub(super) fn drawable_word<'a>(&self, all: &'a [u8], id: u16) -> Option<&'a str> {
        let word = std::str::from_utf8(self.spelling(all, id)).ok()?;
        let whole = !word.is_empty() && word.chars().all(is_word_letter);
        (whole && self.flags(all, id) & DRAWABLE != 0).then_some(word)
    }

    /// P(id | context), and the pair of the context's word and `id` if it is listed.
    pub(super) fn probability(
        &self,
        all: &[u8],
        codes: &Codes,
        before: Context,
        id: u16,
    ) -> (f64, Option<usize>) {
        let pair = search(all, self.pair_word, self.pairs_of(all, before.word), id);
        let two = match pair {
            Some(pair) => codes.probability[usize::from(byte(all, self.pair_probability + pair))],
            None => {
                let weight = byte(all, self.backoff + usize::from(before.word));
                codes.backoff[usize::from(weight)]
                    * self.single.get(usize::from(id)).copied().unwrap_or(0.0)
            }
        };
        let Some(left) = before
            .pair
            .filter(|&left| byte(all, self.pair_triples + left) > 0)
        else {
            return (two.min(1.0), pair);
        };
        let three = match search(all, self.triple_word, self.triples_of(all, left), id) {
            Some(triple) => {
                codes.probability[usize::from(byte(all, self.triple_probability + triple))]
            }
            None => codes.backoff[usize::from(byte(all, self.pair_backoff + left))] * two,
        };
        (three.min(1.0), pair)
    }

    /// Calls `see` with each word listed after the context and its probability, by rising id.
    pub(super) fn successors(
        &self,
        all: &[u8],
        codes: &Codes,
        before: Context,
        mut see: impl FnMut(u16, f64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let left = before
            .pair
            .filter(|&left| byte(all, self.pair_triples + left) > 0);
        let (triples, weight) = match left {
            Some(left) => (
                self.triples_of(all, left),
                codes.backoff[usize::from(byte(all, self.pair_backoff + left))],
            ),
            None => (0..0, 1.0),
        };
        let mut triples = triples
            .map(|t| {
                (
                    u16_at(all, self.triple_word + 2 * t),
                    byte(all, self.triple_probability + t),
                )
            })
            .peekable();
        for pair in self.pairs_of(all, before.word) {
            let id = u16_at(all, self.pair_word + 2 * pair);
            while let Some((word, code)) = triples.next_if(|&(word, _)| word < id) {
                see(word, codes.probability[usize::from(code)])?;
            }
            match triples.next_if(|&(word, _)| word == id) {
                Some((_, code)) => see(id, codes.probability[usize::from(code)])?,
                None => {
                    let two =
                        codes.probability[usize::from(byte(all, self.pair_probability + pair))];
                    see(id, (weight * two).min(1.0))?;
                }
            }
        }
        triples.try_for_each(|(word, code)| see(word, codes.probability[usize::from(code)]))
    }

    fn pairs_of(&self, all: &[u8], word: u16) -> Range<usize> {
        if usize::from(word) >= self.words {
            return 0..0;
        }
        let at = self.first_pair + 4 * usize::from(word);
        let (start, end) = (u32_at(all, at) as usize, u32_at(all, at + 4) as usize);
        start.min(self.pairs)..end.min(self.pairs)
    }

    fn triples_of(&self, all: &[u8], pair: usize) -> Range<usize> {
        let block = pair / BLOCK;
        let first = u32_at(all, self.block_first + 4 * block) as usize;
        let skipped: usize = (block * BLOCK..pair)
            .map(|p| usize::from(byte(all, self.pair_triples + p)))
            .sum();
        let start = first.saturating_add(skipped);
        let end = start.saturating_add(usize::from(byte(all, self.pair_triples + pair)));
        start.min(self.triples)..end.min(self.triples)
    }
}

fn byte(all: &[u8], at: usize) -> u8 {
    all.get(at).copied().unwrap_or(0)
}

/// Finds `id` among the rising ids at `base + 2 i`, i in `range`.
fn search(all: &[u8], base: usize, range: Range<usize>, id: u16) -> Option<usize> {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = u16_at(all, base + 2 * middle);
        if found == id {
            return Some(middle);
        }
        if found < id {
            low = middle + 1
        } else {
            high = middle
        }
    }
    None
}
