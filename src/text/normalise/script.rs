//! Which script the letters of a text are of, and which words hide letters of another one.
//!
//! The script of a text is that of most of its *clear* letters, those that look like no letter of
//! another script: no exchange of look-alikes can change it.

use std::sync::LazyLock;

use super::look_alikes::{cyrillic_twin, greek_twin, is_clear, latin_twin};

/// The scripts whose look-alikes are folded, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Other,
    Greek,
    Cyrillic,
    Latin,
}

impl Script {
    /// In the order of their numbers.
    const ALL: [Script; 4] = [
        Script::Other,
        Script::Greek,
        Script::Cyrillic,
        Script::Latin,
    ];

    /// The script of a letter; `None` for what is no letter.
    pub(super) fn of(c: char) -> Option<Script> {
        match c {
            'a'..='z' | 'A'..='Z' => Some(Script::Latin),
            '\0'..='\u{7F}' => None,
            _ if !c.is_alphabetic() => None,
            '\u{400}'..='\u{52F}' => Some(Script::Cyrillic),
            '\u{80}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' => Some(Script::Latin),
            '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Some(Script::Greek),
            _ => Some(Script::Other),
        }
    }

    /// The letter of this script that `c`, a letter of another, looks like.
    pub(super) fn twin(self, c: char) -> Option<char> {
        let latin = match c.is_ascii() {
            true => c,
            false => latin_twin(c)?,
        };
        match self {
            Script::Latin => Some(latin),
            Script::Cyrillic => cyrillic_twin(latin),
            Script::Greek => greek_twin(latin),
            Script::Other => None,
        }
    }
}

/// What a character says of its word's script: twice its script's number, one more where it is
/// clear; [`NO_LETTER`] for what ends a word.
type Sign = u8;

const NO_LETTER: Sign = 2 * Script::ALL.len() as Sign;
/// The sign of letters that have nothing to do with the scripts of Europe.
const OTHER_LETTER: Sign = 2 * Script::Other as Sign + 1;
/// The signs of clear letters, a bit each.
const CLEAR: u8 = 0b1010_1010;

/// [`computed_sign`] of the alphabets of Europe.
static SIGNS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let characters = (0..0x530).filter_map(char::from_u32);
    characters.map(computed_sign).collect()
});

#[inline]
fn sign(c: char) -> Sign {
    match (SIGNS.get(c as usize), c) {
        (Some(sign), _) => *sign,
        (None, '\u{4E00}'..='\u{9FA5}') => OTHER_LETTER,
        (None, _) => computed_sign(c),
    }
}

fn computed_sign(c: char) -> Sign {
    Script::of(c).map_or(NO_LETTER, |script| {
        2 * script as Sign + Sign::from(is_clear(c))
    })
}

/// The signs of a word's letters, a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word(u8);

impl Word {
    /// Looks at the next character; `Some` where it ends the word, which begins anew then.
    #[inline]
    pub(super) fn next(&mut self, c: char) -> Option<Word> {
        match sign(c) {
            NO_LETTER => Some(std::mem::take(self)),
            sign => {
                self.0 |= 1 << sign;
                None
            }
        }
    }

    /// Whether its look-alikes are folded in a text of the script `main`: it has some, and clear
    /// letters of `main` or none of another.
    pub(super) fn folds(self, main: Script) -> bool {
        let of_main = 0b11 << (2 * main as u8);
        let own = self.0 & of_main & CLEAR != 0;
        let other = self.0 & !of_main & CLEAR != 0;
        let twins = self.0 & !of_main & !CLEAR != 0;
        twins && (own || !other) && main != Script::Other
    }
}

/// The letters and words of a text, for all scripts that it might turn out to be of.
pub(super) struct Survey {
    /// How many letters have each sign.
    letters: [u32; NO_LETTER as usize + 1],
    /// The words that there are.
    words: [bool; 256],
}

impl Survey {
    /// Of a text.
    pub(super) fn of(text: &str) -> Survey {
        let (mut letters, mut words) = ([0; _], [false; _]);
        let mut word = 0u16;
        for c in text.chars() {
            let sign = sign(c);
            letters[usize::from(sign)] += 1;
            // Where words end cannot be foreseen: no branch. A word of no letters is none.
            let ended = u16::from(sign == NO_LETTER).wrapping_neg();
            words[usize::from((word & ended) as u8)] = true;
            word = (word | 1 << sign) & !ended;
        }
        words[usize::from(word as u8)] = true;
        Survey { letters, words }
    }

    /// The script of most clear letters; of two that have as many, that of more letters.
    pub(super) fn main(&self) -> Script {
        let count = |script: &Script| {
            let [other, clear] = [0, 1].map(|clear| self.letters[2 * *script as usize + clear]);
            (clear, clear + other)
        };
        // The last of equals wins.
        let best = Script::ALL.into_iter().max_by_key(count);
        best.unwrap_or(Script::Other)
    }

    /// Whether any word is folded in a text of the script `main`.
    pub(super) fn any_folds(&self, main: Script) -> bool {
        (0..=u8::MAX)
            .zip(self.words)
            .any(|(word, is_there)| is_there && Word(word).folds(main))
    }
}
