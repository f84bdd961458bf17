//! A text as a reader sees it: without what cannot be seen, its letters those that they look like.
//!
//! Zero-width characters, direction marks and look-alike letters change every byte of a text and
//! nothing for its reader; a score or a language that moved with them could be had for the asking.
//! So they go first, before a text's length, language or words are looked at:
//!
//! - characters that cannot be seen, and accents put on another letter, are dropped;
//! - styled letters (full-width, mathematical, enclosed, raised, small capitals) become plain;
//! - a letter of another script than the text's becomes the letter of that script which it looks
//!   like, unless its word has letters that only the other script has, and none that only the
//!   text's own has: a Russian word in an English text stays Russian.
//!
//! The script of a text is that of most of its *clear* letters, those that look like no letter of
//! another script: no exchange of look-alikes can change it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::look_alikes::{self, Plain, cyrillic_twin, greek_twin, is_clear, is_unseen, latin_twin};

/// The first `max_chars` characters of `text` that can be seen, unmasked; borrowed where nothing
/// of them is masked.
pub fn unmask(text: &str, max_chars: usize) -> Cow<'_, str> {
    let seen = Seen::of(text, max_chars);
    let head = &text[..seen.end];
    let main = match seen.foreign {
        true => main_script(head),
        false => Script::Latin,
    };
    if !(seen.masked || seen.foreign && Words::any_folds(head, main)) {
        return Cow::Borrowed(head);
    }
    let mut writer = Writer::new(main, head.len().min(max_chars.saturating_mul(4)));
    for c in head.chars().filter(|&c| is_ordinary(c) || !is_unseen(c)) {
        match plain(c) {
            None => writer.push(c),
            Some(Plain::One(c)) => writer.push(c),
            Some(Plain::Many(letters)) => letters.chars().for_each(|c| writer.push(c)),
        }
    }
    let mut unmasked = writer.finish();
    if let Some((end, _)) = unmasked.char_indices().nth(max_chars) {
        unmasked.truncate(end);
    }
    Cow::Owned(unmasked)
}

/// The beginning of `text` that holds its first `max_chars` characters that can be seen.
pub fn head(text: &str, max_chars: usize) -> &str {
    &text[..Seen::of(text, max_chars).end]
}

/// Whether fewer than `chars` characters of `text` can be seen.
pub fn is_shorter(text: &str, chars: usize) -> bool {
    Seen::of(text, chars).left > 0
}

/// What a first look at the beginning of a text finds.
struct Seen {
    /// Byte after the last character that was asked for.
    end: usize,
    /// How many of the characters that were asked for are missing.
    left: usize,
    /// There are characters that cannot be seen, or styled letters.
    masked: bool,
    /// There are letters of a script that has look-alikes of Latin letters.
    foreign: bool,
}

impl Seen {
    fn of(text: &str, max_chars: usize) -> Seen {
        const STRIDE: usize = 32;
        let bytes = text.as_bytes();
        let mut seen = Seen {
            end: 0,
            left: max_chars,
            masked: false,
            foreign: false,
        };
        while seen.left > 0 && seen.end < bytes.len() {
            let stride = &bytes[seen.end..bytes.len().min(seen.end + STRIDE.min(seen.left))];
            if stride.is_ascii() {
                seen.end += stride.len();
                seen.left -= stride.len();
                continue;
            }
            let stop = seen.end + stride.len();
            while seen.left > 0 && seen.end < stop {
                let visible = seen.look(&text[seen.end..]);
                seen.left -= visible.min(seen.left);
            }
        }
        seen
    }

    /// Looks at the first character of `rest` and says how many characters a reader sees of it.
    #[inline]
    fn look(&mut self, rest: &str) -> usize {
        let Some(c) = rest.chars().next() else {
            return 0;
        };
        self.end += c.len_utf8();
        if is_ordinary(c) {
            return 1;
        }
        if has_look_alikes(c) && !is_unseen(c) {
            self.foreign = true;
            return 1;
        }
        if is_unseen(c) {
            self.masked = true;
            return 0;
        }
        match look_alikes::plain(c) {
            None => 1,
            Some(form) => {
                self.masked = true;
                match form {
                    Plain::One(_) => 1,
                    Plain::Many(letters) => letters.len(),
                }
            }
        }
    }
}

/// [`look_alikes::plain`], which has nothing to say of most characters.
#[inline]
fn plain(c: char) -> Option<Plain> {
    match is_ordinary(c) || has_look_alikes(c) {
        true => None,
        false => look_alikes::plain(c),
    }
}

/// Whether `c` is of the ranges that nearly all text is made of and that hide nothing.
#[inline]
fn is_ordinary(c: char) -> bool {
    matches!(c,
        '\0'..='\u{AC}' | '\u{AE}'..='\u{17E}' | '\u{620}'..='\u{109F}' | '\u{2010}'..='\u{2027}'
        | '\u{2030}'..='\u{205E}' | '\u{3000}'..='\u{3163}' | '\u{3165}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}')
}

/// Whether `c` is of a script with letters that look like Latin ones.
#[inline]
fn has_look_alikes(c: char) -> bool {
    matches!(c,
        '\u{370}'..='\u{58F}' | '\u{10A0}'..='\u{10CF}' | '\u{13A0}'..='\u{13FF}'
        | '\u{2C80}'..='\u{2CFF}' | '\u{A4D0}'..='\u{A4FF}' | '\u{10400}'..='\u{1044F}')
}

/// The scripts whose look-alikes are folded, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Other,
    Greek,
    Cyrillic,
    Latin,
}

impl Script {
    /// The script of a letter; `None` for what is no letter.
    fn of(c: char) -> Option<Script> {
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
    fn twin(self, c: char) -> Option<char> {
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

/// [`computed_letter`] of the alphabets of Europe.
static LETTERS: LazyLock<Vec<Option<(Script, bool)>>> = LazyLock::new(|| {
    let characters = (0..0x530).filter_map(char::from_u32);
    characters.map(computed_letter).collect()
});

/// The script of a letter, and whether it is clear; `None` for what is no letter.
#[inline]
fn letter(c: char) -> Option<(Script, bool)> {
    match LETTERS.get(c as usize) {
        Some(letter) => *letter,
        None => computed_letter(c),
    }
}

fn computed_letter(c: char) -> Option<(Script, bool)> {
    Script::of(c).map(|script| (script, is_clear(c)))
}

/// The script of most clear letters of `text`; of two that have as many, that of more letters.
fn main_script(text: &str) -> Script {
    // In the order of their values: the last of equals wins.
    const SCRIPTS: [Script; 4] = [
        Script::Other,
        Script::Greek,
        Script::Cyrillic,
        Script::Latin,
    ];
    let mut counts = [(0u32, 0u32); 4];
    let mut count = |c: char| {
        if let Some((script, is_clear)) = letter(c) {
            let (clear, all) = &mut counts[script as usize];
            *clear += u32::from(is_clear);
            *all += 1;
        }
    };
    for c in text.chars() {
        match plain(c) {
            None => count(c),
            Some(Plain::One(c)) => count(c),
            Some(Plain::Many(letters)) => letters.chars().for_each(&mut count),
        }
    }
    let best = (0..SCRIPTS.len()).max_by_key(|&script| counts[script]);
    SCRIPTS[best.unwrap_or(0)]
}

/// What the letters of a word say of its script, letter by letter.
struct Words {
    main: Script,
    /// There are clear letters of the main script, of another one, and look-alikes.
    own: bool,
    other: bool,
    twins: bool,
}

impl Words {
    fn new(main: Script) -> Words {
        Words {
            main,
            own: false,
            other: false,
            twins: false,
        }
    }

    /// Looks at the next character; `Some` where it ends a word, with whether that one is folded.
    #[inline]
    fn next(&mut self, c: char) -> Option<bool> {
        let Some((script, clear)) = letter(c) else {
            return Some(self.end());
        };
        match (script == self.main, clear) {
            (true, clear) => self.own |= clear,
            (false, true) => self.other = true,
            (false, false) => self.twins = true,
        }
        None
    }

    fn end(&mut self) -> bool {
        let folds = self.twins && (self.own || !self.other);
        (self.own, self.other, self.twins) = (false, false, false);
        folds && self.main != Script::Other
    }

    /// Whether any word of `text` is folded into the script `main`.
    fn any_folds(text: &str, main: Script) -> bool {
        let mut words = Words::new(main);
        text.chars().any(|c| words.next(c) == Some(true)) || words.end()
    }
}

/// Writes a text word by word, since a look-alike is judged by its word.
struct Writer {
    words: Words,
    out: String,
    /// Byte where the word that is being written began.
    word: usize,
    folded: String,
}

impl Writer {
    fn new(main: Script, capacity: usize) -> Writer {
        Writer {
            words: Words::new(main),
            out: String::with_capacity(capacity),
            word: 0,
            folded: String::new(),
        }
    }

    fn push(&mut self, c: char) {
        let ended = self.words.next(c);
        if ended == Some(true) {
            self.fold();
        }
        self.out.push(c);
        if ended.is_some() {
            self.word = self.out.len();
        }
    }

    fn fold(&mut self) {
        let main = self.words.main;
        let twin = |c: char| match Script::of(c) == Some(main) {
            true => c,
            false => main.twin(c).unwrap_or(c),
        };
        self.folded.clear();
        self.folded.extend(self.out[self.word..].chars().map(twin));
        self.out.truncate(self.word);
        self.out.push_str(&self.folded);
    }

    fn finish(mut self) -> String {
        if self.words.end() {
            self.fold();
        }
        self.out
    }
}
