//! What a word is, in every script; the unit `words` of a mix.
//!
//! - A word is a maximal run of letters, digits and other numbers, with the combining marks, joiners
//!   and soft hyphens that follow them. A mark alone is no word.
//! - An apostrophe (`'` or U+2019) between two of those belongs to the word: `don't` is one word.
//!   Everything else parts words: `well-known` is two, `3.14` is two.
//! - Each character of Han, Hiragana, Katakana and Bopomofo is a word. Hangul is spaced: runs.
//! - Thai, Lao, Khmer and Myanmar are written without spaces, and finding their words needs a
//!   dictionary: each orthographic cluster (a letter with its vowel signs, marks and what is stacked
//!   below it) is a word. That is about a syllable or less, so counts are comparable inside a
//!   language, as for Chinese, and not between languages.
//!
//! Words are compared case-folded, one character for one, with straight apostrophes; composed and
//! decomposed forms of a letter differ.

use std::ops::Range;

use super::block::{BLOCK, Block, below};
use super::classes::{Class, Classes, folded};
use super::hash::{Hasher, ascii_word_hash, char_hash};
use super::ideographs::Ideographs;

/// What a byte below 128 is to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ascii {
    Blank,
    Letter,
    Digit,
    Apostrophe,
    /// Line end, full stop, question or exclamation mark, hash sign: the visitor hears of it.
    Sign,
    Other,
    /// Not ASCII.
    Wide,
}

const ASCII: [Ascii; 256] = {
    let mut table = [Ascii::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | b'\r' => Ascii::Blank,
            b'a'..=b'z' | b'A'..=b'Z' => Ascii::Letter,
            b'0'..=b'9' => Ascii::Digit,
            b'\'' => Ascii::Apostrophe,
            b'\n' | b'.' | b'!' | b'?' | b'#' => Ascii::Sign,
            0x80.. => Ascii::Wide,
            _ => Ascii::Other,
        };
        byte += 1;
    }
    table
};

/// A word, where it was found.
pub(super) struct Word {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// Length in characters.
    pub(super) chars: u32,
    /// Hash of the case-folded word.
    pub(super) hash: u64,
    /// Whether at least one of its characters is a letter.
    pub(super) alpha: bool,
}

/// The words of a block, all ASCII.
pub(super) struct BlockWords<'a> {
    text: &'a [u8],
    /// Byte of the text where the block begins.
    at: usize,
    /// First bytes of the words; bit i speaks of byte i of the block.
    starts: u64,
    /// All bytes of the words, and of one that may follow.
    inside: u64,
    /// The letters of the block.
    letters: u64,
    /// Whether it has digits.
    digits: bool,
}

impl BlockWords<'_> {
    pub(super) fn count(&self) -> u32 {
        self.starts.count_ones()
    }

    /// Whether there may be words without a letter.
    #[inline]
    pub(super) fn has_digits(&self) -> bool {
        self.digits
    }

    /// The words in order.
    #[inline]
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        let (mut starts, inside) = (self.starts, self.inside);
        (0..self.count()).map(move |_| {
            let start = starts.trailing_zeros();
            starts &= starts.wrapping_sub(1);
            let chars = (!(inside >> start)).trailing_zeros();
            let first = self.at + start as usize;
            Word {
                span: first..first + chars as usize,
                chars,
                hash: ascii_word_hash(self.text, first, chars),
                alpha: self.letters >> start & below(chars) != 0,
            }
        })
    }
}

/// Hears of the words of a text in order, and of the signs between them in order.
pub(super) trait Visit {
    /// A word.
    fn word(&mut self, word: Word);
    /// The words of a block.
    #[inline]
    fn words(&mut self, block: BlockWords<'_>) {
        block.words().for_each(|word| self.word(word));
    }
    /// Ideographs side by side; there may be none.
    #[inline]
    fn ideographs(&mut self, run: Ideographs<'_>) {
        run.words().for_each(|word| self.word(word));
    }
    /// A character between words that is neither blank nor plain ASCII punctuation, at byte `at`;
    /// `words` are before it. Words after it may have been told of already.
    fn sign(&mut self, at: usize, sign: char, words: u64);
    /// A character between words that is no space, at byte `at`; `words` are before it. Words after it
    /// may have been told of already.
    #[inline]
    fn mark(&mut self, _at: usize, _mark: char, _words: u64) {}
}

/// Takes `text` apart into words and signs; gives the number of words.
pub(super) fn walk(text: &str, visitor: &mut impl Visit) -> u64 {
    let mut walk = Walk {
        text,
        classes: Classes::get(),
        words: 0,
        visitor,
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match ASCII[byte as usize] {
            Ascii::Blank => at += 1,
            Ascii::Other | Ascii::Apostrophe => {
                walk.visitor.mark(at, char::from(byte), walk.words);
                at += 1;
            }
            Ascii::Sign => {
                walk.sign(at, char::from(byte));
                at += 1;
            }
            Ascii::Letter | Ascii::Digit => at = walk.block(at),
            Ascii::Wide => at = walk.wide(at),
        }
    }
    walk.words
}

/// Number of words of `text`, by the rule of this module.
pub fn count_words(text: &str) -> u64 {
    struct Deaf;
    impl Visit for Deaf {
        fn word(&mut self, _: Word) {}
        fn words(&mut self, _: BlockWords<'_>) {}
        fn ideographs(&mut self, _: Ideographs<'_>) {}
        fn sign(&mut self, _: usize, _: char, _: u64) {}
    }
    walk(text, &mut Deaf)
}

/// Calls `see` with the case-folded words at these places of a text, counted from 0 and rising.
pub(crate) fn words_at(text: &str, places: &[u32], see: impl FnMut(u32, &str)) {
    struct At<'a, F> {
        text: &'a str,
        places: &'a [u32],
        next: u32,
        folded: String,
        see: F,
    }
    impl<F: FnMut(u32, &str)> Visit for At<'_, F> {
        fn word(&mut self, word: Word) {
            let here = self.next;
            self.next += 1;
            let wanted = self.places.split_first();
            if let Some((_, rest)) = wanted.filter(|(place, _)| **place == here) {
                self.places = rest;
                self.folded.clear();
                let word = &self.text[word.span];
                self.folded.extend(word.chars().map(folded));
                (self.see)(here, &self.folded);
            }
        }
        fn sign(&mut self, _: usize, _: char, _: u64) {}
    }
    let mut at = At {
        text,
        places,
        next: 0,
        folded: String::new(),
        see,
    };
    walk(text, &mut at);
}

/// A walk under way. Each method takes what begins at a byte and gives the byte after it.
struct Walk<'a, V> {
    text: &'a str,
    classes: Classes,
    /// Words told of.
    words: u64,
    visitor: &'a mut V,
}

impl<V: Visit> Walk<'_, V> {
    #[inline]
    fn word(&mut self, word: Word) {
        self.words += 1;
        self.visitor.word(word);
    }

    #[inline]
    fn sign(&mut self, at: usize, sign: char) {
        self.visitor.sign(at, sign, self.words);
        self.visitor.mark(at, sign, self.words);
    }

    /// The words and signs of a block that begins with an ASCII letter or digit. A word that may go
    /// on behind the block is left for the next one, and so is all from the first character that is
    /// not ASCII; a word that goes on with such a one is taken whole.
    #[inline]
    fn block(&mut self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        let mut padded = [b' '; BLOCK];
        let bytes = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let block = Block::of(bytes);
        let end = block.wide.trailing_zeros();
        let others = !(block.solid | block.space) & below(end);
        // An apostrophe joins what stands beside it; behind the last byte that is known there may be more.
        let (before, behind) = (block.solid << 1, block.solid >> 1 | 1 << (end - 1));
        let inside = block.solid | block.apostrophes & before & behind;
        // The length of the run of set bits that ends with the last one.
        let open = (inside << (64 - end)).leading_ones();
        let whole = end - open;
        if whole == 0 {
            return self.run(at);
        }
        let starts = inside & !(inside << 1) & below(whole);
        self.words += u64::from(starts.count_ones());
        self.visitor.words(BlockWords {
            text: self.text.as_bytes(),
            at,
            starts,
            inside,
            letters: block.solid & !block.digits,
            digits: block.digits != 0,
        });
        self.signs_of_block(at, bytes, (others & !inside & below(whole), starts));
        match open > 0 && end < 64 {
            true => self.run(at + whole as usize),
            false => self.text.len().min(at + whole as usize),
        }
    }

    #[inline]
    fn signs_of_block(&mut self, at: usize, bytes: &[u8; BLOCK], (mut others, starts): (u64, u64)) {
        while others != 0 {
            let place = others.trailing_zeros();
            others &= others - 1;
            let byte = bytes[place as usize];
            let words = self.words - u64::from((starts & !below(place)).count_ones());
            let (at, sign) = (at + place as usize, char::from(byte));
            if ASCII[byte as usize] == Ascii::Sign {
                self.visitor.sign(at, sign, words);
            }
            self.visitor.mark(at, sign, words);
        }
    }

    /// A character that is not ASCII and stands outside a word.
    #[inline]
    fn wide(&mut self, start: usize) -> usize {
        let Some(first) = self.text[start..].chars().next() else {
            return self.text.len();
        };
        match self.classes.class(first) {
            Class::Letter | Class::Digit => self.run(start),
            Class::Cjk => self.ideographs(start),
            class @ (Class::Base | Class::Prefix | Class::Suffix) => self.cluster(start, class),
            Class::Other | Class::Mark | Class::Apostrophe | Class::Stacker => {
                self.sign(start, first);
                start + first.len_utf8()
            }
        }
    }

    /// A run of letters, digits and marks that is not all ASCII (or is not yet known to be).
    fn run(&mut self, start: usize) -> usize {
        let mut rest = self.text[start..].chars();
        let (mut hasher, mut chars, mut alpha) = (Hasher::EMPTY, 0, false);
        let mut end = start;
        while let Some(c) = rest.next() {
            let (class, folded) = self.classes.of(c);
            match class {
                Class::Letter => alpha = true,
                Class::Digit | Class::Mark => {}
                Class::Apostrophe => {
                    let next = rest.clone().next().map(|next| self.classes.class(next));
                    if !matches!(next, Some(Class::Letter | Class::Digit)) {
                        break;
                    }
                }
                _ => break,
            }
            hasher.push(folded);
            chars += 1;
            end = self.text.len() - rest.as_str().len();
        }
        self.word(Word {
            span: start..end,
            chars,
            hash: hasher.finish(),
            alpha,
        });
        end
    }

    /// CJK characters that stand side by side, each a word. All but the last of a run of the plainest
    /// are words whatever follows; the others are looked at one by one.
    fn ideographs(&mut self, start: usize) -> usize {
        let run = Ideographs::of(self.text.as_bytes(), start);
        self.words += u64::from(run.count());
        let start = start + 3 * run.count() as usize;
        self.visitor.ideographs(run);
        let mut rest = self.text[start..].chars();
        let (mut at, mut open) = (start, None);
        loop {
            let end = self.text.len() - rest.as_str().len();
            let next = rest.next().map(|next| self.classes.of(next));
            let (class, folded) = next.unwrap_or((Class::Other, 0));
            if let Some(folded) = open {
                if matches!(class, Class::Mark | Class::Stacker) {
                    return self.cluster(at, Class::Cjk);
                }
                self.word(Word {
                    span: at..end,
                    chars: 1,
                    hash: char_hash(folded),
                    alpha: true,
                });
            }
            if class != Class::Cjk {
                return end;
            }
            (at, open) = (end, Some(folded));
        }
    }

    /// One character with what belongs to it: a CJK character, or an orthographic cluster.
    fn cluster(&mut self, start: usize, first: Class) -> usize {
        let mut rest = self.text[start..].chars();
        let (mut hasher, mut chars) = (Hasher::EMPTY, 0);
        let mut joins = first == Class::Prefix;
        let mut end = start;
        while let Some(c) = rest.next() {
            let (class, folded) = self.classes.of(c);
            let belongs = match class {
                _ if end == start => true,
                Class::Mark | Class::Stacker => true,
                Class::Suffix => first != Class::Cjk,
                Class::Base => joins,
                _ => false,
            };
            if !belongs {
                break;
            }
            joins = class == Class::Stacker || end == start && joins;
            hasher.push(folded);
            chars += 1;
            end = self.text.len() - rest.as_str().len();
        }
        self.word(Word {
            span: start..end,
            chars,
            hash: hasher.finish(),
            alpha: true,
        });
        end
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::word_hash;
    use super::*;
    use proptest::prelude::*;

    /// Byte, character and number of words before it.
    type Sign = (usize, char, u64);

    /// A word's characters one for one in lower case, apostrophes straight, all sigmas alike.
    fn case_folded(word: &str) -> String {
        let fold = |c: char| {
            let lower: Vec<char> = c.to_lowercase().collect();
            match (c, lower.as_slice()) {
                ('’', _) => '\'',
                ('ς', _) => 'σ',
                (_, &[only]) => only,
                _ => c,
            }
        };
        word.chars().map(fold).collect()
    }

    /// Words, and whether they have a letter.
    fn words(text: &str) -> Vec<(String, bool)> {
        struct List<'a>(&'a str, Vec<(String, bool)>);
        impl Visit for List<'_> {
            fn word(&mut self, word: Word) {
                let text = &self.0[word.span];
                assert_eq!(word.chars as usize, text.chars().count());
                assert_eq!(word.hash, word_hash(case_folded(text).as_bytes()));
                self.1.push((text.to_string(), word.alpha));
            }
            fn sign(&mut self, _: usize, _: char, _: u64) {}
        }
        let mut list = List(text, Vec::new());
        walk(text, &mut list);
        list.1
    }

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.0).collect()
    }

    /// The rule of the module's page for runs and single characters, one character at a time; and
    /// the signs between, with their byte and the number of words before them.
    fn plain(text: &str) -> (Vec<String>, Vec<Sign>) {
        let classes = Classes::get();
        let chars: Vec<char> = text.chars().collect();
        let class = |place: usize| chars.get(place).map_or(Class::Other, |&c| classes.class(c));
        let solid = |class| matches!(class, Class::Letter | Class::Digit);
        let (mut found, mut signs): (Vec<String>, Vec<Sign>) = (Vec::new(), Vec::new());
        let (mut open, mut cjk, mut at) = (false, false, 0);
        for (place, &c) in chars.iter().enumerate() {
            let joins = match class(place) {
                Class::Letter | Class::Digit => open && !cjk,
                Class::Mark => open,
                Class::Apostrophe => open && !cjk && solid(class(place + 1)),
                _ => false,
            };
            at += c.len_utf8();
            if joins {
                found.last_mut().unwrap().push(c);
                continue;
            }
            cjk = class(place) == Class::Cjk;
            open = cjk || solid(class(place));
            if open {
                found.push(c.to_string());
            } else if "\n.!?#".contains(c) || !c.is_ascii() {
                signs.push((at - c.len_utf8(), c, found.len() as u64));
            }
        }
        (found, signs)
    }

    fn signs(text: &str) -> Vec<Sign> {
        struct List(Vec<Sign>);
        impl Visit for List {
            fn word(&mut self, _: Word) {}
            fn sign(&mut self, at: usize, sign: char, words: u64) {
                self.0.push((at, sign, words));
            }
        }
        let mut list = List(Vec::new());
        walk(text, &mut list);
        list.0
    }

    #[test]
    fn words_of_many_scripts() {
        for (text, expected) in [
            (
                "Don't stop, it’s 'fine'!",
                vec!["Don't", "stop", "it’s", "fine"],
            ),
            (
                "well-known 3.14 snake_case",
                vec!["well", "known", "3", "14", "snake", "case"],
            ),
            ("l'été", vec!["l'été"]),
            (
                "e\u{301}te\u{301} ❤\u{FE0F} \u{301}",
                vec!["e\u{301}te\u{301}"],
            ),
            ("Rust语言, カナ", vec!["Rust", "语", "言", "カ", "ナ"]),
            ("한국어 텍스트", vec!["한국어", "텍스트"]),
            ("कर्म का", vec!["कर्म", "का"]),
            ("می\u{200C}خواهم", vec!["می\u{200C}خواهم"]),
            ("ภาษาไทย", vec!["ภา", "ษา", "ไท", "ย"]),
            ("ខ្មែរ", vec!["ខ្មែ", "រ"]),
            ("", vec![]),
            ("...", vec![]),
        ] {
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_has_a_letter_or_not() {
        let alpha: Vec<bool> = words("42 a1 １２ 語 7th")
            .into_iter()
            .map(|word| word.1)
            .collect();
        assert_eq!(alpha, [false, true, false, true, true]);
    }

    proptest! {
        #[test]
        fn walk_is_the_rule_character_by_character(
            text in prop_oneof![
                "[a-c'’0 .é\u{301}漢カ한\\n\u{FE0F}]{0,30}",
                "[a-c'0 .\\n]{0,300}",
                "([a-zA-Z]{1,12}[' .,\\n]|[a-z]{50,150}|[a-c'’0 .é漢カж]){0,40}",
                "([一-龥]{1,9}|[a-c。，カ\u{301}\u{20000}]){0,20}",
            ],
        ) {
            let (words, between) = plain(&text);
            prop_assert_eq!(texts(&text), words);
            prop_assert_eq!(signs(&text), between);
        }

        #[test]
        fn count_is_that_of_the_words_in_any_text(text in any::<String>()) {
            prop_assert_eq!(count_words(&text), texts(&text).len() as u64);
        }

        #[test]
        fn words_are_the_same_beside_characters_that_are_not_ascii(text in "[a-c'0 .]{0,30}") {
            let mut wide = texts(&format!("é {text} é"));
            wide.pop();
            wide.remove(0);
            prop_assert_eq!(texts(&text), wide);
        }

        #[test]
        fn hash_ignores_case_and_the_form_of_an_apostrophe(word in "[a-zа-я]{1,20}('[a-zа-я]{1,9})?") {
            let hashes = |text: &str| {
                struct Hashes(Vec<u64>);
                impl Visit for Hashes {
                    fn word(&mut self, word: Word) {
                        self.0.push(word.hash);
                    }
                    fn sign(&mut self, _: usize, _: char, _: u64) {}
                }
                let mut hashes = Hashes(Vec::new());
                walk(text, &mut hashes);
                hashes.0
            };
            prop_assert_eq!(hashes(&word), vec![word_hash(word.as_bytes())]);
            prop_assert_eq!(hashes(&word.to_uppercase()), hashes(&word));
            prop_assert_eq!(hashes(&word.replace('\'', "’")), hashes(&word));
        }
    }
}
