//! The one normalisation of text before it is judged, as a stream of token hashes.
//!
//! Where human and machine text come from different collections, their *format* (curly quotes,
//! markdown, list marks, spaces before commas) would be the label. So training and scoring read
//! text through the same glass:
//!
//! - quotes, dashes, ellipses, full-width and ideographic punctuation become their ASCII kin;
//! - the text is read as it is seen ([`Unmasked`]): without zero-width characters and combining
//!   accents, look-alike letters as letters of the text's script;
//! - every sort of space is one space, and space itself is no token, so line breaks and spaces
//!   before punctuation say nothing;
//! - `* # _ ~` and the backtick are dropped, and so are list and quotation marks at a line's start;
//! - a run of digits is one token that tells only its length (1, 2, 3, 4, more);
//! - a run of one punctuation mark is one token, single or repeated;
//! - words are lower-cased; an apostrophe between letters belongs to the word; Chinese, Japanese
//!   and Korean characters are one token each.
//!
//! Nothing is allocated a word: a token is a 64-bit hash handed to a closure.

mod fold;
mod look;
mod look_alikes;
mod script;
#[cfg(test)]
mod tests;
mod unmask;

use fold::{Folded, fold};

pub use unmask::{Unmasked, head};

/// Characters read of a document: more bring nothing to the classifier.
pub const MAX_CHARS: usize = 4_000;

const SEED: u64 = 0x243F_6A88_85A3_08D3;
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Calls `emit` with the hash of each token of `text`, as far as it is read.
pub fn tokens(text: &Unmasked<'_>, emit: impl FnMut(u64)) {
    let text = text.as_str();
    let mut stream = Stream {
        emit,
        run: Run::None,
        line_start: true,
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte < 0x80 {
            at += stream.ascii(text, at);
        } else {
            let c = character(&text[at..]);
            at += c.len_utf8();
            stream.folded(fold(c), &text[at..]);
        }
    }
    stream.flush();
}

/// The first character of `text`, which is not empty.
fn character(text: &str) -> char {
    text.chars()
        .next()
        .expect("a byte at a character boundary begins a character")
}

/// Spreads every bit of `x` over the whole word (the finaliser of MurmurHash3).
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x = (x ^ (x >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ (x >> 33)
}

/// The hash of a word in the making: its letters as UTF-8, eight bytes at a time.
#[derive(Clone, Copy)]
struct Word {
    hash: u64,
    /// The bytes since the last eight, the first one lowest.
    open: u64,
    /// How many they are, below 8.
    count: u32,
}

impl Word {
    const EMPTY: Word = Word {
        hash: SEED,
        open: 0,
        count: 0,
    };

    #[inline]
    fn push(&mut self, byte: u8) {
        self.open |= u64::from(byte) << (8 * self.count);
        self.count += 1;
        if self.count == 8 {
            self.close();
        }
    }

    #[inline]
    fn close(&mut self) {
        self.hash = (self.hash ^ self.open).wrapping_mul(STEP).rotate_left(29);
        self.open = 0;
        self.count = 0;
    }

    /// Reads the ASCII letters that `rest` begins with, in lower case, and says how many they are.
    #[inline]
    fn read_ascii(&mut self, rest: &[u8]) -> usize {
        let mut length = 0;
        while self.count == 0
            && let Some(eight) = rest.get(length..).and_then(|rest| rest.first_chunk())
        {
            let lower = u64::from_le_bytes(*eight) | (EACH * 0x20);
            let letters = ascii_letters_before_others(lower);
            length += letters as usize;
            if letters < 8 {
                self.open = lower & ((1 << (8 * letters)) - 1);
                self.count = letters;
                return length;
            }
            self.open = lower;
            self.close();
        }
        for &byte in &rest[length..] {
            if !byte.is_ascii_alphabetic() {
                break;
            }
            self.push(byte | 0x20);
            length += 1;
        }
        length
    }

    fn finish(mut self) -> u64 {
        self.close();
        mix(self.hash)
    }
}

/// One in each of eight bytes.
const EACH: u64 = 0x0101_0101_0101_0101;

/// How many of the eight bytes of `lower`, the lowest first, are ASCII letters before one that is
/// none. In each byte the bit of 0x20 is set.
#[inline]
fn ascii_letters_before_others(lower: u64) -> u32 {
    let seven = lower & (EACH * 0x7F);
    // The highest bit of a byte: from `a` on; after `z`; no ASCII.
    let from_a = seven + EACH * (0x80 - 0x61);
    let after_z = seven + EACH * (0x80 - 0x7B);
    let letters = from_a & !after_z & !lower;
    (!letters & (EACH * 0x80)).trailing_zeros() / 8
}

/// What an ASCII byte is to the tokeniser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Dropped,
    Apostrophe,
    Mark,
}

const CLASSES: [Class; 128] = {
    let mut table = [Class::Mark; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            0..=b' ' | 0x7F => Class::Space,
            b'*' | b'#' | b'_' | b'~' | b'`' => Class::Dropped,
            b'\'' => Class::Apostrophe,
            _ => Class::Mark,
        };
        byte += 1;
    }
    table
};

/// The token that is being read.
#[derive(Clone, Copy)]
enum Run {
    None,
    Word(Word),
    Digits(u32),
    Mark { mark: char, repeated: bool },
}

struct Stream<F: FnMut(u64)> {
    emit: F,
    run: Run,
    line_start: bool,
}

impl<F: FnMut(u64)> Stream<F> {
    /// Reads the ASCII byte at `at` and says how many bytes it consumed.
    fn ascii(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let byte = bytes[at];
        let class = CLASSES[byte as usize];
        if self.line_start && matches!(class, Class::Digit | Class::Mark) {
            let skipped = list_mark(&bytes[at..]);
            if skipped > 0 {
                return skipped;
            }
        }
        match class {
            Class::Letter => return self.ascii_word(&bytes[at..]),
            Class::Digit => self.digit(),
            Class::Space => {
                self.flush();
                self.line_start |= byte == b'\n';
                return 1;
            }
            Class::Dropped => return 1,
            Class::Apostrophe => self.apostrophe(&text[at + 1..]),
            Class::Mark => self.mark(char::from(byte)),
        }
        self.line_start = false;
        1
    }

    fn folded(&mut self, folded: Folded, rest: &str) {
        match folded {
            Folded::Dropped => return,
            Folded::Space => return self.flush(),
            Folded::Bullet if self.line_start => return,
            Folded::Letter('\'') => self.apostrophe(rest),
            Folded::Letter(c) => self.letter(c),
            Folded::Digit => self.digit(),
            Folded::Ideograph(c) => {
                self.flush();
                (self.emit)(mix(SEED ^ (u64::from(u32::from(c)) << 24)));
            }
            Folded::Mark(c) => self.mark(c),
            Folded::Bullet => self.mark('-'),
            Folded::Ellipsis => {
                self.mark('.');
                self.mark('.');
            }
        }
        self.line_start = false;
    }

    fn letter(&mut self, c: char) {
        let mut word = self.word_so_far();
        for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
            word.push(byte);
        }
        self.run = Run::Word(word);
    }

    /// Reads the ASCII letters that `rest` begins with, and the space that ends most words; says
    /// how many bytes they are.
    #[inline]
    fn ascii_word(&mut self, rest: &[u8]) -> usize {
        let mut word = self.word_so_far();
        let length = word.read_ascii(rest);
        self.line_start = false;
        if rest.get(length) == Some(&b' ') {
            self.run = Run::None;
            (self.emit)(word.finish());
            return length + 1;
        }
        self.run = Run::Word(word);
        length
    }

    /// The word that is being read; a new one where none is.
    #[inline]
    fn word_so_far(&mut self) -> Word {
        match self.run {
            Run::Word(word) => word,
            _ => {
                self.flush();
                Word::EMPTY
            }
        }
    }

    fn digit(&mut self) {
        match self.run {
            Run::Digits(length) => self.run = Run::Digits((length + 1).min(5)),
            _ => {
                self.flush();
                self.run = Run::Digits(1);
            }
        }
    }

    fn apostrophe(&mut self, rest: &str) {
        let inside = matches!(self.run, Run::Word(_))
            && match rest.as_bytes().first() {
                None => false,
                Some(byte) if byte.is_ascii() => byte.is_ascii_alphabetic(),
                Some(_) => matches!(fold(character(rest)), Folded::Letter(c) if c != '\''),
            };
        if inside {
            self.letter('\'');
        } else {
            self.mark('\'');
        }
    }

    fn mark(&mut self, c: char) {
        match self.run {
            Run::Mark { mark, .. } if mark == c => {
                // A dash is written as one, two or three hyphens: all the same dash.
                self.run = Run::Mark {
                    mark,
                    repeated: c != '-',
                };
            }
            _ => {
                self.flush();
                self.run = Run::Mark {
                    mark: c,
                    repeated: false,
                };
            }
        }
    }

    fn flush(&mut self) {
        match std::mem::replace(&mut self.run, Run::None) {
            Run::None => {}
            Run::Word(word) => (self.emit)(word.finish()),
            Run::Digits(length) => (self.emit)(mix(STEP ^ u64::from(length))),
            Run::Mark { mark, repeated } => (self.emit)(mix(!SEED
                ^ (u64::from(u32::from(mark)) << 1)
                ^ u64::from(repeated))),
        }
    }
}

/// The length of a list or quotation mark with its space at a line's start: `- `, `+ `, `> `,
/// `12. `, `3) `; 0 where there is none.
fn list_mark(line: &[u8]) -> usize {
    let digits = line
        .iter()
        .take(4)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let mark = match (digits, line.get(digits)) {
        (0, Some(b'-' | b'+' | b'>')) | (1..=3, Some(b'.' | b')')) => digits + 1,
        _ => return 0,
    };
    match line.get(mark) {
        Some(b' ' | b'\t') => mark + 1,
        _ => 0,
    }
}
