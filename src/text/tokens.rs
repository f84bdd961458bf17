//! The tokens that the classifier reads: words, numbers by their length, and punctuation.
//!
//! Where human and machine text come from different collections, their *format* would be the label.
//! So what stands between words is folded ([`fold`]), and told as it is read:
//!
//! - space is no token, so line breaks and spaces before punctuation say nothing;
//! - `* # _ ~` and the backtick are dropped, and so are list and quotation marks where a line begins,
//!   with their numbers;
//! - marks that repeat, spaces between them or not, are one token that tells that they do; a dash is
//!   the same dash however many hyphens it has;
//! - a word without letters is a number, a token that tells only its length (1, 2, 3, 4, more).
//!
//! Words are those of [`super::words`], which folds their case. All of this is found by the walk that
//! finds the words, and nothing is allocated a token.

use super::Scan;
use super::normalise::{Between, MAX_CHARS, Unmasked, between, mix};
use super::words::count_words;
use super::{MEASURED_BYTES, beginning};

const MARK: u64 = 0xDBC0_F795_77C0_F72C;
const NUMBER: u64 = 0x9E37_79B9_7F4A_7C15;
/// Longer numbers are told as if they had as many digits.
const LONGEST_NUMBER: u32 = 5;
/// Bytes of a text beyond which nothing is noted: no character of those that are read begins there.
const NOTED: usize = 4 * MAX_CHARS;
/// Bytes of a line in which list marks are looked for.
const LIST_MARKS: usize = 24;
/// Most digits of the number of a list.
const LIST_DIGITS: usize = 3;

/// What the beginning of a text has between its words, and which of them are numbers; in the order of
/// the text.
#[derive(Debug, Default)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    /// Which words are numbers, counted from 0, and their characters.
    numbers: Vec<(u32, u32)>,
}

/// A mark, or several of one sort.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Byte where it stands. A text of 4 GiB is beyond every limit.
    at: u32,
    /// Words before it.
    words: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The number before it counts the items of a list, and is none of the text's.
    ListNumber,
    Mark {
        mark: char,
        repeated: bool,
    },
}

impl Marks {
    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.numbers.clear();
    }

    /// Notes that the word at byte `at`, which `words` are before, is a number of `chars` characters.
    pub(super) fn number(&mut self, at: usize, words: usize, chars: u32) {
        if at < NOTED {
            self.numbers.push((words as u32, chars));
        }
    }

    /// Notes the character at byte `at` of `text`, which stands outside of words, after `words` of them.
    #[inline]
    pub(super) fn note(&mut self, text: &str, at: usize, c: char, words: u64) {
        if at >= NOTED {
            return;
        }
        let bytes = text.as_bytes();
        let (mark, repeated) = match between(c) {
            Between::Nothing => return,
            Between::Bullet if begins_line(&bytes[..at]) => return,
            Between::Bullet => ('-', false),
            Between::Ellipsis => ('.', true),
            Between::Mark('-' | '+' | '>') if is_list_mark(bytes, at) => return,
            Between::Mark('.' | ')') if is_after_list_number(bytes, at) => {
                return self.push(at, words, Kind::ListNumber);
            }
            Between::Mark(mark) => (mark, false),
        };
        self.mark(at, words, (mark, repeated));
    }

    #[inline]
    fn mark(&mut self, at: usize, words: u64, (mark, repeated): (char, bool)) {
        if let Some(last) = self.marks.last_mut()
            && last.words == words as u32
            && let Kind::Mark {
                mark: before,
                repeated,
            } = &mut last.kind
            && *before == mark
        {
            *repeated = mark != '-';
            return;
        }
        self.push(at, words, Kind::Mark { mark, repeated });
    }

    fn push(&mut self, at: usize, words: u64, kind: Kind) {
        self.marks.push(Mark {
            at: at as u32,
            words: words as u32,
            kind,
        });
    }
}

/// Whether nothing but list marks stands before the end of `before` on its line.
fn begins_line(before: &[u8]) -> bool {
    let line = &before[before.len().saturating_sub(LIST_MARKS)..];
    let marks = line.iter().rev().take_while(|&&byte| byte != b'\n');
    let begins = line.len() < LIST_MARKS || line.contains(&b'\n');
    begins && marks.clone().all(|byte| b" \t\r-+>*#_~`".contains(byte))
}

/// Whether the `-`, `+` or `>` at byte `at` is a list or quotation mark.
fn is_list_mark(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at + 1), Some(b' ' | b'\t')) && begins_line(&bytes[..at])
}

/// Whether the full stop or bracket at byte `at` follows the number of a list.
#[inline]
fn is_after_list_number(bytes: &[u8], at: usize) -> bool {
    let digit = at > 0 && bytes[at - 1].is_ascii_digit();
    digit && matches!(bytes.get(at + 1), Some(b' ' | b'\t')) && {
        let before = &bytes[..at];
        let digits = before.iter().rev().take_while(|b| b.is_ascii_digit());
        let digits = digits.take(LIST_DIGITS + 1).count();
        digits <= LIST_DIGITS && begins_line(&before[..at - digits])
    }
}

impl Kind {
    fn token(mark: char, repeated: bool) -> u64 {
        mix(MARK ^ (u64::from(mark) << 1) ^ u64::from(repeated))
    }
}

/// Puts the hash of each token of `text`, as far as it is read, into `found`.
///
/// `scan`, where there is one, has just read the first [`MEASURED_BYTES`] of the text as it was given. It
/// serves where nothing is masked, and else `own` reads what a reader sees; in a text that goes on
/// behind what is read, the last word is whole in the first case and cut in the other.
pub fn tokens((text, scan): (&Unmasked<'_>, Option<&Scan>), own: &mut Scan, found: &mut Vec<u64>) {
    let seen = text.as_str();
    match scan.filter(|_| text.is_plain()) {
        Some(scan) => scan.tokens(beginning(text.whole(), MEASURED_BYTES), seen.len(), found),
        None => {
            own.read(seen);
            own.tokens(seen, seen.len(), found);
        }
    }
}

impl Scan {
    /// Puts the hash of each token before byte `end` of `text`, which was read last, into `tokens`.
    fn tokens(&self, text: &str, end: usize, tokens: &mut Vec<u64>) {
        debug_assert_eq!(self.bytes(), text.len() as u64);
        let words = match end < text.len() {
            true => count_words(&text[..end]) as usize,
            false => self.hashes.len(),
        };
        let mut merge = Merge {
            words: &self.hashes[..words],
            numbers: &self.marks.numbers,
            done: 0,
            tokens,
        };
        merge.tokens.clear();
        for mark in &self.marks.marks {
            if mark.at as usize >= end {
                break;
            }
            merge.until(mark.words as usize);
            match mark.kind {
                Kind::Mark { mark, repeated } => merge.tokens.push(Kind::token(mark, repeated)),
                Kind::ListNumber => drop(merge.tokens.pop()),
            }
        }
        merge.until(words);
    }
}

/// Words and marks on their way to one order.
struct Merge<'a> {
    words: &'a [u64],
    /// Those that are still to come.
    numbers: &'a [(u32, u32)],
    /// Words done with.
    done: usize,
    tokens: &'a mut Vec<u64>,
}

impl Merge<'_> {
    /// Takes the words before the `until`-th.
    #[inline]
    fn until(&mut self, until: usize) {
        let until = until.min(self.words.len());
        let shift = self.tokens.len().wrapping_sub(self.done);
        self.tokens.extend(&self.words[self.done..until]);
        self.done = until;
        while let Some((&(word, chars), rest)) = self.numbers.split_first()
            && (word as usize) < until
        {
            self.tokens[shift.wrapping_add(word as usize)] =
                mix(NUMBER ^ u64::from(chars.min(LONGEST_NUMBER)));
            self.numbers = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_hash;
    use proptest::prelude::*;

    fn of(text: &str, scan: Option<&Scan>) -> Vec<u64> {
        let mut found = vec![1];
        let (text, mut own) = (Unmasked::new(text), Scan::default());
        tokens((&text, scan), &mut own, &mut found);
        found
    }

    fn word(word: &str) -> u64 {
        word_hash(word.as_bytes())
    }

    #[test]
    fn words_numbers_and_marks_stand_in_the_order_of_the_text() {
        let dot = Kind::token('.', false);
        let number = |digits: u64| mix(NUMBER ^ digits);
        assert_eq!(
            of("In 1984, he had 3.14 (or so)... No!", None),
            [
                word("in"),
                number(4),
                Kind::token(',', false),
                word("he"),
                word("had"),
                number(1),
                dot,
                number(2),
                Kind::token('(', false),
                word("or"),
                word("so"),
                Kind::token(')', false),
                Kind::token('.', true),
                word("no"),
                Kind::token('!', false),
            ]
        );
        assert_eq!(of("1234567 gpt4", None), [number(5), word("gpt4")]);
        assert_eq!(
            of("1. one\n2. two 3. x", None)[..2],
            [word("one"), word("two")]
        );
        assert_eq!(of("> - 12) a", None), [word("a")]);
        assert!(of("", None).is_empty());
    }

    #[test]
    fn list_marks_are_looked_for_in_the_beginning_of_a_line() {
        assert!(of(&"- ".repeat(LIST_MARKS / 2), None).is_empty());
        assert_eq!(of(&"- ".repeat(1_000), None).len(), 1);
    }

    proptest! {
        #[test]
        fn tokens_of_a_text_that_was_read_are_those_of_its_beginning(
            text in "([a-z']{1,7}|[0-9]{1,4}|[.,;!?()\"*#_>+-]| |\n|\r\n|é|你好|。|\u{2019}|…|•){0,300}",
            times in 1usize..30,
        ) {
            let text = text.repeat(times);
            let mut scan = Scan::default();
            scan.read(&text);
            let (read, own) = (of(&text, Some(&scan)), of(&text, None));
            // A word that begins before the end of what is read may go on behind it.
            let cut = if text.chars().count() > MAX_CHARS { 3 } else { 0 };
            let same = read.iter().zip(&own).take_while(|(a, b)| a == b).count();
            prop_assert!(same + cut >= read.len().max(own.len()), "{same} tokens of {text:?}");
        }
    }
}
