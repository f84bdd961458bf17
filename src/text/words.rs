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

use super::classes::{Class, Classes};
use super::eight::leading_run;
use super::hash::{ascii_word_hash, word_hash};

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
pub(super) struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    ascii: bool,
    /// Whether at least one of its characters is a letter.
    pub(super) alpha: bool,
}

impl Word<'_> {
    /// The word as it stands in the text.
    pub(super) fn text(&self) -> &str {
        &self.text[self.start..self.end]
    }

    /// Length in characters.
    #[inline]
    pub(super) fn chars(&self) -> usize {
        if self.ascii {
            self.end - self.start
        } else {
            self.text().chars().count()
        }
    }

    /// Hash of the case-folded word; `folded` is scratch.
    #[inline]
    pub(super) fn hash(&self, folded: &mut Vec<u8>) -> u64 {
        if self.ascii {
            return ascii_word_hash(self.text.as_bytes(), self.start, self.end);
        }
        let classes = Classes::get();
        folded.clear();
        for c in self.text().chars() {
            let mut bytes = [0; 4];
            folded.extend_from_slice(classes.fold(c).encode_utf8(&mut bytes).as_bytes());
        }
        word_hash(folded)
    }
}

/// Hears of the words of a text, and of the signs between them, in order.
pub(super) trait Visit {
    /// A word.
    fn word(&mut self, word: Word<'_>);
    /// A character between words that is neither blank nor plain ASCII punctuation, at byte `at`.
    fn sign(&mut self, at: usize, sign: char);
}

/// Takes `text` apart into words and signs.
pub(super) fn walk(text: &str, visitor: &mut impl Visit) {
    let bytes = text.as_bytes();
    let classes = Classes::get();
    let mut at = 0;
    while at < bytes.len() {
        match ASCII[bytes[at] as usize] {
            Ascii::Blank | Ascii::Other | Ascii::Apostrophe => at += 1,
            Ascii::Sign => {
                visitor.sign(at, char::from(bytes[at]));
                at += 1;
            }
            Ascii::Letter | Ascii::Digit => at = ascii_word(text, at, classes, visitor),
            Ascii::Wide => at = wide(text, at, classes, visitor),
        }
    }
}

/// Number of words of `text`, by the rule of this module.
pub fn count_words(text: &str) -> u64 {
    struct Count(u64);
    impl Visit for Count {
        fn word(&mut self, _: Word<'_>) {
            self.0 += 1;
        }
        fn sign(&mut self, _: usize, _: char) {}
    }
    let mut count = Count(0);
    walk(text, &mut count);
    count.0
}

/// Calls `see` with the case-folded words at these places of a text, counted from 0 and rising.
pub(crate) fn words_at(text: &str, places: &[u32], see: impl FnMut(u32, &str)) {
    struct At<'a, F> {
        places: &'a [u32],
        next: u32,
        folded: String,
        see: F,
    }
    impl<F: FnMut(u32, &str)> Visit for At<'_, F> {
        fn word(&mut self, word: Word<'_>) {
            let here = self.next;
            self.next += 1;
            if let Some((_, rest)) = self
                .places
                .split_first()
                .filter(|(place, _)| **place == here)
            {
                self.places = rest;
                let classes = Classes::get();
                self.folded.clear();
                self.folded
                    .extend(word.text().chars().map(|c| classes.fold(c)));
                (self.see)(here, &self.folded);
            }
        }
        fn sign(&mut self, _: usize, _: char) {}
    }
    let mut at = At {
        places,
        next: 0,
        folded: String::new(),
        see,
    };
    walk(text, &mut at);
}

/// A word that begins with an ASCII letter or digit; gives the byte after it.
#[inline]
fn ascii_word(text: &str, start: usize, classes: Classes, visitor: &mut impl Visit) -> usize {
    let bytes = text.as_bytes();
    let mut alpha = false;
    let mut at = start;
    loop {
        while let Some(eight) = bytes[at..].first_chunk::<8>() {
            let (length, letters) = leading_run(*eight);
            alpha |= letters;
            at += length;
            if length < 8 {
                break;
            }
        }
        let class = bytes
            .get(at)
            .map_or(Ascii::Blank, |&byte| ASCII[byte as usize]);
        match class {
            Ascii::Letter => alpha = true,
            Ascii::Digit => {}
            Ascii::Apostrophe => match bytes.get(at + 1).map(|&byte| ASCII[byte as usize]) {
                Some(Ascii::Letter | Ascii::Digit) => {}
                Some(Ascii::Wide) => return run(text, start, classes, visitor),
                _ => break,
            },
            Ascii::Wide => return run(text, start, classes, visitor),
            _ => break,
        }
        at += 1;
    }
    visitor.word(Word {
        text,
        start,
        end: at,
        ascii: true,
        alpha,
    });
    at
}

/// A character that is not ASCII and stands outside a word.
fn wide(text: &str, start: usize, classes: Classes, visitor: &mut impl Visit) -> usize {
    let Some(first) = text[start..].chars().next() else {
        return text.len();
    };
    match classes.class(first) {
        Class::Letter | Class::Digit => run(text, start, classes, visitor),
        Class::Cjk => cluster(text, start, Class::Cjk, classes, visitor),
        class @ (Class::Base | Class::Prefix | Class::Suffix) => {
            cluster(text, start, class, classes, visitor)
        }
        Class::Other | Class::Mark | Class::Apostrophe | Class::Stacker => {
            visitor.sign(start, first);
            start + first.len_utf8()
        }
    }
}

/// A run of letters, digits and marks that is not all ASCII (or is not yet known to be).
fn run(text: &str, start: usize, classes: Classes, visitor: &mut impl Visit) -> usize {
    let mut alpha = false;
    let mut chars = text[start..].char_indices().peekable();
    let mut end = start;
    while let Some((offset, c)) = chars.next() {
        match classes.class(c) {
            Class::Letter => alpha = true,
            Class::Digit | Class::Mark => {}
            Class::Apostrophe => {
                let next = chars.peek().map(|&(_, next)| classes.class(next));
                if !matches!(next, Some(Class::Letter | Class::Digit)) {
                    break;
                }
            }
            _ => break,
        }
        end = start + offset + c.len_utf8();
    }
    visitor.word(Word {
        text,
        start,
        end,
        ascii: text[start..end].is_ascii(),
        alpha,
    });
    end
}

/// One character with what belongs to it: a CJK character, or an orthographic cluster.
fn cluster(
    text: &str,
    start: usize,
    first: Class,
    classes: Classes,
    visitor: &mut impl Visit,
) -> usize {
    let mut joins = first == Class::Prefix;
    let mut end = text.len();
    for (offset, c) in text[start..].char_indices().skip(1) {
        let belongs = match classes.class(c) {
            Class::Mark => true,
            Class::Suffix => first != Class::Cjk,
            Class::Base => joins,
            Class::Stacker => true,
            _ => false,
        };
        if !belongs {
            end = start + offset;
            break;
        }
        joins = classes.class(c) == Class::Stacker;
    }
    visitor.word(Word {
        text,
        start,
        end,
        ascii: false,
        alpha: true,
    });
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Words with what the walk says of them.
    fn words(text: &str) -> Vec<(String, bool, bool)> {
        struct List(Vec<(String, bool, bool)>);
        impl Visit for List {
            fn word(&mut self, word: Word<'_>) {
                assert_eq!(word.ascii, word.text().is_ascii());
                assert_eq!(word.chars(), word.text().chars().count());
                self.0
                    .push((word.text().to_string(), word.ascii, word.alpha));
            }
            fn sign(&mut self, _: usize, _: char) {}
        }
        let mut list = List(Vec::new());
        walk(text, &mut list);
        list.0
    }

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.0).collect()
    }

    /// The rule of the module's page for runs and single characters, one character at a time.
    fn plain(text: &str) -> Vec<String> {
        let classes = Classes::get();
        let chars: Vec<char> = text.chars().collect();
        let class = |place: usize| chars.get(place).map_or(Class::Other, |&c| classes.class(c));
        let solid = |class| matches!(class, Class::Letter | Class::Digit);
        let mut found: Vec<String> = Vec::new();
        let (mut open, mut cjk) = (false, false);
        for (place, &c) in chars.iter().enumerate() {
            let joins = match class(place) {
                Class::Letter | Class::Digit => open && !cjk,
                Class::Mark => open,
                Class::Apostrophe => open && !cjk && solid(class(place + 1)),
                _ => false,
            };
            if joins {
                found.last_mut().unwrap().push(c);
                continue;
            }
            cjk = class(place) == Class::Cjk;
            open = cjk || solid(class(place));
            if open {
                found.push(c.to_string());
            }
        }
        found
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
            .map(|word| word.2)
            .collect();
        assert_eq!(alpha, [false, true, false, true, true]);
    }

    proptest! {
        #[test]
        fn walk_is_the_rule_character_by_character(
            text in "[a-c'’0 .é\u{301}漢カ한\\n\u{FE0F}]{0,30}",
        ) {
            prop_assert_eq!(texts(&text), plain(&text));
        }

        #[test]
        fn count_is_that_of_the_words_in_any_text(text in any::<String>()) {
            prop_assert_eq!(count_words(&text), texts(&text).len() as u64);
        }

        #[test]
        fn words_at_places_have_the_hashes_of_the_scan(text in any::<String>(), step in 1usize..4) {
            let mut scan = crate::text::Scan::default();
            scan.read(&text);
            let places: Vec<u32> = (0..scan.words() as u32).step_by(step).collect();
            let mut seen = Vec::new();
            words_at(&text, &places, |place, word| {
                assert_eq!(word_hash(word.as_bytes()), scan.word_hashes()[place as usize]);
                seen.push(place);
            });
            prop_assert_eq!(seen, places);
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
                    fn word(&mut self, word: Word<'_>) {
                        self.0.push(word.hash(&mut Vec::new()));
                    }
                    fn sign(&mut self, _: usize, _: char) {}
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
