//! The words of a fastText model, and which rows of its input table a text stands for.
//!
//! A word is looked up by its FNV-1a hash (over signed bytes, as fastText has it). Its character
//! n-grams and the n-grams of words are hashed into buckets behind the words; pruning keeps some
//! buckets and numbers them anew.

use super::Args;
use super::cursor::{Cursor, Fault};

/// The token that ends a line; it has no character n-grams.
const END: &[u8] = b"</s>";
const LABEL: &[u8] = b"__label__";
/// What word n-grams are hashed with.
const NGRAM_FACTOR: u64 = 116_049_371;
/// A slot of a table that holds nothing.
const EMPTY: u32 = u32::MAX;

/// Room for the hashes of one text's words.
pub(super) type Hashes = Vec<i32>;

pub(super) struct Dictionary {
    /// All words and then all labels, without their ends.
    letters: Vec<u8>,
    /// Where each entry ends in `letters`.
    ends: Vec<usize>,
    words: u32,
    /// How often each label was seen in training.
    label_counts: Vec<i64>,
    table: Table,
    buckets: Buckets,
    grams: usize,
    shortest: usize,
    longest: usize,
}

/// Which row a bucket of n-grams has behind the words.
enum Buckets {
    /// Each its own.
    All(Divisor),
    /// Those that pruning kept, so many.
    Kept(Divisor, Table, u64),
}

/// A number of buckets to divide hashes by, without a division: that would cost more than all the
/// rest of an n-gram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divisor {
    buckets: u64,
    inverse: u64,
}

impl Divisor {
    pub(super) fn new(buckets: u64) -> Divisor {
        Divisor {
            buckets,
            inverse: u64::MAX / buckets.max(1),
        }
    }

    /// The remainder of `hash`; there is a bucket at least.
    #[inline]
    pub(super) fn remainder(self, hash: u64) -> u64 {
        let times = ((u128::from(hash) * u128::from(self.inverse)) >> 64) as u64;
        // The rounded inverse gives a quotient that is too small by two at most.
        let mut rest = hash - times * self.buckets;
        while rest >= self.buckets {
            rest -= self.buckets;
        }
        rest
    }
}

/// Entries by hash, with open addressing; its length is a power of two above twice the entries.
struct Table {
    slots: Vec<(u32, u32)>,
}

impl Table {
    fn new(entries: usize) -> Table {
        let slots = (entries * 2 + 1).next_power_of_two();
        Table {
            slots: vec![(0, EMPTY); slots],
        }
    }

    /// The slot of the entry with this hash that `is` accepts, or the empty one where it would be.
    fn slot(&self, hash: u32, is: impl Fn(u32) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        // The low bits of a bucket's number are not spread, those of this product's upper half are.
        let mut at = (u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        loop {
            let (found, entry) = self.slots[at];
            if entry == EMPTY || found == hash && is(entry) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }
}

impl Dictionary {
    /// Reads the dictionary of a file.
    pub(super) fn read(cursor: &mut Cursor<'_>, args: &Args) -> Result<Dictionary, Fault> {
        let (size, words, labels) = (cursor.size()?, cursor.size()?, cursor.size()?);
        cursor.i64()?;
        let pruned = u64::try_from(cursor.i64()?).ok();
        if size != words + labels || labels == 0 {
            return Err("its dictionary is not the sum of its words and labels");
        }
        // An entry takes ten bytes at least.
        if size > cursor.left() as u64 / 10 {
            return Err("it is cut short, or a table is larger than the file");
        }
        let mut dictionary = Dictionary {
            letters: Vec::new(),
            ends: Vec::with_capacity(size as usize),
            words: words as u32,
            label_counts: Vec::with_capacity(labels as usize),
            table: Table::new(size as usize),
            buckets: Buckets::All(Divisor::new(args.buckets)),
            grams: args.grams,
            shortest: args.shortest,
            longest: args.longest,
        };
        for entry in 0..size {
            let word = cursor.word()?;
            let count = cursor.i64()?;
            if cursor.bytes(1)?[0] != u8::from(entry >= words) {
                return Err("its dictionary has a label among its words");
            }
            if entry >= words {
                dictionary.label_counts.push(count);
            }
            dictionary.add(word);
        }
        if let Some(kept) = pruned {
            dictionary.buckets = Buckets::Kept(
                Divisor::new(args.buckets),
                kept_buckets(cursor, kept)?,
                kept,
            );
        }
        Ok(dictionary)
    }

    fn add(&mut self, word: &[u8]) {
        let entry = self.ends.len() as u32;
        self.letters.extend_from_slice(word);
        self.ends.push(self.letters.len());
        let hash = hash(word);
        let at = self.table.slot(hash, |entry| self.word(entry) == word);
        self.table.slots[at] = (hash, entry);
    }

    fn word(&self, entry: u32) -> &[u8] {
        let entry = entry as usize;
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.letters[start..self.ends[entry]]
    }

    /// The names of the labels, as the model spells them.
    pub(super) fn labels(&self) -> impl Iterator<Item = String> {
        (self.words..self.ends.len() as u32)
            .map(|entry| String::from_utf8_lossy(self.word(entry)).into_owned())
    }

    /// How often each label was seen in training.
    pub(super) fn label_counts(&self) -> &[i64] {
        &self.label_counts
    }

    /// How many rows the input table must have.
    pub(super) fn rows(&self) -> u64 {
        let hashed = match &self.buckets {
            Buckets::All(all) => all.buckets,
            Buckets::Kept(_, _, kept) => *kept,
        };
        u64::from(self.words) + hashed
    }

    /// Whether buckets were pruned.
    pub(super) fn is_pruned(&self) -> bool {
        matches!(self.buckets, Buckets::Kept(..))
    }

    /// Calls `row` with each row of `text` read as one line: those of the words and their
    /// characters in order, then those of the n-grams of words.
    pub(super) fn rows_of(&self, text: &[u8], hashes: &mut Hashes, mut row: impl FnMut(u32)) {
        hashes.clear();
        let mut at = 0;
        let mut open = true;
        while open && at < text.len() {
            let start = at;
            let mut hash = FNV_START;
            while at < text.len() && !SPACES[text[at] as usize] {
                hash = fnv(hash, text[at]);
                at += 1;
            }
            if at > start {
                // A line's end that a text spells out ends it as well.
                open = &text[start..at] != END;
                self.token(&text[start..at], hash, hashes, &mut row);
            }
            at += 1;
        }
        if open {
            self.token(END, hash(END), hashes, &mut row);
        }
        self.word_grams(hashes, &mut row);
    }

    fn token(&self, token: &[u8], hash: u32, hashes: &mut Hashes, row: &mut impl FnMut(u32)) {
        let at = self.table.slot(hash, |entry| self.word(entry) == token);
        let entry = self.table.slots[at].1;
        match entry {
            EMPTY if token.starts_with(LABEL) => return,
            EMPTY => {}
            _ if entry >= self.words => return,
            _ => row(entry),
        }
        hashes.push(hash as i32);
        if self.longest > 0 && token != END {
            self.characters(token, row);
        }
    }

    /// The n-grams of characters of `<token>`, neither `<` nor `>` alone among them.
    fn characters(&self, token: &[u8], row: &mut impl FnMut(u32)) {
        let begins = |byte: u8| byte & 0xC0 != 0x80;
        let byte = |at: usize| match at {
            0 => Some(b'<'),
            _ if at <= token.len() => Some(token[at - 1]),
            _ if at == token.len() + 1 => Some(b'>'),
            _ => None,
        };
        for start in 0..token.len() + 2 {
            if !byte(start).is_some_and(begins) {
                continue;
            }
            let mut hash = FNV_START;
            let mut end = start;
            for length in 1..=self.longest {
                let Some(first) = byte(end) else { break };
                hash = fnv(hash, first);
                end += 1;
                while let Some(next) = byte(end).filter(|&next| !begins(next)) {
                    hash = fnv(hash, next);
                    end += 1;
                }
                let edge = length == 1 && (start == 0 || end == token.len() + 2);
                if length >= self.shortest && !edge {
                    self.bucket(u64::from(hash), row);
                }
            }
        }
    }

    fn word_grams(&self, hashes: &[i32], row: &mut impl FnMut(u32)) {
        if self.grams < 2 {
            return;
        }
        for (first, &start) in hashes.iter().enumerate() {
            let mut hash = i64::from(start) as u64;
            for &next in hashes[first + 1..].iter().take(self.grams - 1) {
                let next = i64::from(next) as u64;
                hash = hash.wrapping_mul(NGRAM_FACTOR).wrapping_add(next);
                self.bucket(hash, row);
            }
        }
    }

    #[inline]
    fn bucket(&self, hash: u64, row: &mut impl FnMut(u32)) {
        match &self.buckets {
            Buckets::All(all) => row(self.words + all.remainder(hash) as u32),
            Buckets::Kept(all, kept, _) => {
                let bucket = all.remainder(hash) as u32;
                let (_, place) = kept.slots[kept.slot(bucket, |_| true)];
                if place != EMPTY {
                    row(self.words + place);
                }
            }
        }
    }
}

/// The buckets that pruning kept, each with its new number.
fn kept_buckets(cursor: &mut Cursor<'_>, kept: u64) -> Result<Table, Fault> {
    if kept > cursor.left() as u64 / 8 {
        return Err("it is cut short, or a table is larger than the file");
    }
    let mut table = Table::new(kept as usize);
    for _ in 0..kept {
        let (bucket, place) = (cursor.size()? as u32, cursor.size()?);
        if place >= kept {
            return Err("its pruning index points outside its table");
        }
        let at = table.slot(bucket, |_| true);
        table.slots[at] = (bucket, place as u32);
    }
    Ok(table)
}

const FNV_START: u32 = 2_166_136_261;

fn fnv(hash: u32, byte: u8) -> u32 {
    (hash ^ i32::from(byte as i8) as u32).wrapping_mul(16_777_619)
}

fn hash(word: &[u8]) -> u32 {
    word.iter().fold(FNV_START, |hash, &byte| fnv(hash, byte))
}

/// The bytes that separate words.
const SPACES: [bool; 256] = {
    let mut spaces = [false; 256];
    let all = b" \n\r\t\x0B\x0C\0";
    let mut at = 0;
    while at < all.len() {
        spaces[all[at] as usize] = true;
        at += 1;
    }
    spaces
};
