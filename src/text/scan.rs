//! The scratch of one worker: what one pass over a text finds, kept until the next text.

use super::ideographs::Ideographs;
use super::lines::{self, Piece};
use super::ngrams::Ngrams;
use super::sentences::{self, Sentences};
use super::table::Table;
use super::tokens::Marks;
use super::words::{self, BlockWords, Visit, Word};

/// Words of scratch that are kept between texts: a giant leaves no giant scratch behind.
const KEPT: usize = 1 << 20;

/// What was found in the text that was read last; reused, so that no word costs an allocation.
#[derive(Default)]
pub struct Scan {
    /// The types of the words.
    word_table: Table,
    /// Scratch for what else is numbered.
    pub(super) table: Table,
    pub(crate) ngrams: Ngrams,
    /// Scratch for scorers that count by type.
    pub(crate) by_type: Vec<u32>,
    /// Hash of each word.
    pub(crate) hashes: Vec<u64>,
    /// Number of each word's type, counted from 0 in order of first sight.
    pub(crate) types: Vec<u32>,
    /// How often each type occurs.
    pub(crate) type_counts: Vec<u32>,
    /// Characters in all words before each word, one entry more than words, and room for more. A text of 4 GiB is
    /// beyond every limit.
    pub(super) chars_before: Vec<u32>,
    pub(crate) lines: Vec<Piece>,
    pub(crate) paragraphs: Vec<Piece>,
    pub(crate) sentences: Sentences,
    pub(super) marks: Marks,
    /// Words with at least one letter.
    pub(crate) alpha_words: u64,
    /// Hash signs.
    pub(crate) hash_signs: u64,
    /// `…`, and `...` from left to right without overlap.
    pub(crate) ellipses: u64,
    pub(crate) line_ends: u64,
    bytes: u64,
    chars: u64,
}

impl Scan {
    /// Reads `text`, forgetting what was read before.
    pub fn read(&mut self, text: &str) {
        let pieces = self.lines.capacity().max(self.paragraphs.capacity());
        if self.hashes.capacity().max(pieces) > KEPT.max(text.len()) {
            *self = Scan::default();
        }
        self.hashes.clear();
        entries(&mut self.chars_before, 0, 1)[0] = 0;
        self.marks.clear();
        self.sentences = Sentences::default();
        (self.alpha_words, self.hash_signs, self.ellipses) = (0, 0, 0);
        self.bytes = text.len() as u64;
        (self.line_ends, self.chars) = lines::split(text, &mut self.lines, &mut self.paragraphs);
        let mut pass = Pass {
            scan: self,
            text,
            chars: 0,
            dots_end: 0,
        };
        let words = words::walk(text, &mut pass);
        self.sentences.end(words);
        self.number_types();
    }

    /// UTF-8 bytes of the text.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Characters (Unicode scalar values) of the text.
    pub fn chars(&self) -> u64 {
        self.chars
    }

    /// Words of the text, by the rule of [`words`].
    pub fn words(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Hash of each word in order, case-folded; see [`super::word_hash`].
    pub fn word_hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Characters in all words.
    pub(crate) fn word_chars(&self) -> u64 {
        u64::from(self.chars_before[self.hashes.len()])
    }

    /// Whether the word of this hash occurs.
    pub(crate) fn has_word(&self, hash: u64) -> bool {
        self.word_table.holds(hash)
    }

    /// Lines of `text`, which was read last, that repeat an earlier one: how many, and their characters.
    pub(crate) fn duplicate_lines(&mut self, text: &str) -> (u64, u64) {
        debug_assert_eq!(self.bytes, text.len() as u64);
        lines::duplicates(text, &self.lines, &mut self.table)
    }

    /// Paragraphs of `text` that repeat an earlier one, in the same way.
    pub(crate) fn duplicate_paragraphs(&mut self, text: &str) -> (u64, u64) {
        debug_assert_eq!(self.bytes, text.len() as u64);
        lines::duplicates(text, &self.paragraphs, &mut self.table)
    }

    fn number_types(&mut self) {
        let Scan {
            word_table,
            hashes,
            types,
            type_counts,
            ..
        } = self;
        word_table.number_all_in_order(hashes, types, type_counts);
    }
}

/// `count` entries of a list from the `from`-th on, all to be written: there may be those of a text before. The list
/// stays as long as it grew, since to empty it is to fill it anew for each text.
#[inline]
fn entries(list: &mut Vec<u32>, from: usize, count: usize) -> &mut [u32] {
    let to = from + count;
    if list.len() < to {
        list.resize(to.max(2 * list.len()).max(64), 0);
    }
    &mut list[from..to]
}

struct Pass<'a> {
    scan: &'a mut Scan,
    text: &'a str,
    chars: u32,
    /// Byte after the last `...` that was counted.
    dots_end: usize,
}

impl Visit for Pass<'_> {
    #[inline]
    fn word(&mut self, word: Word) {
        let scan = &mut *self.scan;
        if !word.alpha {
            let words = scan.hashes.len();
            scan.marks.number(word.span.start, words, word.chars);
        }
        self.chars += word.chars;
        scan.hashes.push(word.hash);
        entries(&mut scan.chars_before, scan.hashes.len(), 1)[0] = self.chars;
        scan.alpha_words += u64::from(word.alpha);
    }

    #[inline]
    fn words(&mut self, block: BlockWords<'_>) {
        let scan = &mut *self.scan;
        scan.alpha_words += u64::from(block.count());
        if block.has_digits() {
            for (word, of) in (scan.hashes.len()..).zip(block.words()) {
                if !of.alpha {
                    scan.alpha_words -= 1;
                    scan.marks.number(of.span.start, word, of.chars);
                }
            }
        }
        let (before, count) = (scan.hashes.len(), block.count() as usize);
        let chars_before = entries(&mut scan.chars_before, before + 1, count);
        let mut chars = self.chars;
        let words = chars_before.iter_mut().zip(block.words());
        scan.hashes.extend(words.map(|(to, word)| {
            chars += word.chars;
            *to = chars;
            word.hash
        }));
        self.chars = chars;
    }

    #[inline]
    fn ideographs(&mut self, run: Ideographs<'_>) {
        let (scan, count) = (&mut *self.scan, run.count());
        let chars_before = entries(
            &mut scan.chars_before,
            scan.hashes.len() + 1,
            count as usize,
        );
        for (to, chars) in chars_before.iter_mut().zip(self.chars + 1..) {
            *to = chars;
        }
        scan.hashes.extend(run.hashes());
        scan.alpha_words += u64::from(count);
        self.chars += count;
    }

    #[inline]
    fn sign(&mut self, at: usize, sign: char, words: u64) {
        match sign {
            '#' => self.scan.hash_signs += 1,
            '…' => self.scan.ellipses += 1,
            '.' if at >= self.dots_end && self.text.as_bytes()[at..].starts_with(b"...") => {
                self.scan.ellipses += 1;
                self.dots_end = at + 3;
            }
            _ => {}
        }
        if sentences::ends(sign, &self.text[at + sign.len_utf8()..]) {
            self.scan.sentences.end(words);
        }
    }

    #[inline]
    fn mark(&mut self, at: usize, mark: char, words: u64) {
        self.scan.marks.note(self.text, at, mark, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_giant_leaves_no_giant_scratch() {
        let mut scan = Scan::default();
        scan.read(&"a b ".repeat(KEPT));
        assert_eq!(scan.words(), 2 * KEPT as u64);
        scan.read("one two one");
        assert!(scan.hashes.capacity().max(scan.chars_before.len()) <= KEPT);
        scan.read(&".\n".repeat(2 * KEPT));
        assert_eq!(scan.words(), 0);
        scan.read("one two one");
        assert!(scan.lines.capacity() <= KEPT);
        assert_eq!(
            (scan.words(), scan.type_counts.as_slice()),
            (3, &[2, 1][..])
        );
    }

    #[test]
    fn signs_are_counted_without_overlap() {
        let mut scan = Scan::default();
        scan.read("# a.... b…\n## ......\n");
        assert_eq!((scan.hash_signs, scan.ellipses, scan.line_ends), (3, 4, 2));
    }
}
