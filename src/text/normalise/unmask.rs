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

use std::borrow::Cow;
use std::cell::OnceCell;

use super::MAX_CHARS;
use super::look::{Look, is_masked};
use super::look_alikes::{Plain, is_unseen, plain};
use super::script::{Script, Survey, Word};

/// A text, and its beginning as a reader sees it: unmasked when that is first asked for, once for
/// all who ask.
#[derive(Debug, Clone)]
pub struct Unmasked<'t> {
    text: &'t str,
    max_chars: usize,
    seen: OnceCell<Seen<'t>>,
}

/// What a reader sees.
#[derive(Debug, Clone)]
struct Seen<'t> {
    /// Borrowed where nothing of it is masked.
    text: Cow<'t, str>,
    chars: usize,
}

impl<'t> Unmasked<'t> {
    /// A text of which as much is read as is read of a document: [`MAX_CHARS`].
    pub fn new(text: &'t str) -> Unmasked<'t> {
        Unmasked::first(text, MAX_CHARS)
    }

    /// A text of which the first `max_chars` characters are read.
    pub fn first(text: &'t str, max_chars: usize) -> Unmasked<'t> {
        Unmasked {
            text,
            max_chars,
            seen: OnceCell::new(),
        }
    }

    /// The text as it was given, whole.
    pub fn whole(&self) -> &'t str {
        self.text
    }

    /// The first characters that can be seen, unmasked.
    pub fn as_str(&self) -> &str {
        &self.seen().text
    }

    /// Whether nothing of it is masked, so that [`Self::as_str`] is how the text begins.
    pub fn is_plain(&self) -> bool {
        matches!(self.seen().text, Cow::Borrowed(_))
    }

    /// The first `chars` of [`Self::as_str`].
    pub fn head(&self, chars: usize) -> &str {
        let seen = self.as_str();
        // Unmasked text has nothing to look for but its characters.
        &seen[..Look::of(seen, chars).end]
    }

    /// Whether fewer than `chars` characters of the text can be seen.
    pub fn is_shorter(&self, chars: usize) -> bool {
        match self.seen.get() {
            Some(seen) if chars <= self.max_chars => seen.chars < chars,
            _ => Look::of(self.text, chars).left > 0,
        }
    }

    fn seen(&self) -> &Seen<'t> {
        self.seen
            .get_or_init(|| Seen::of(self.text, self.max_chars))
    }
}

impl<'t> Seen<'t> {
    fn of(text: &'t str, max_chars: usize) -> Seen<'t> {
        let look = Look::of(text, max_chars);
        let head = &text[..look.end];
        Seen {
            text: unmask(head, &look, max_chars).map_or(Cow::Borrowed(head), Cow::Owned),
            chars: max_chars - look.left,
        }
    }
}

/// The beginning of `text` that holds its first `max_chars` characters that can be seen.
pub fn head(text: &str, max_chars: usize) -> &str {
    &text[..Look::of(text, max_chars).end]
}

/// The first `max_chars` characters of `head`, unmasked, by what the first look at it found; `None`
/// where nothing of it is masked.
fn unmask(head: &str, look: &Look, max_chars: usize) -> Option<String> {
    let plain = look.masked.then(|| plain_letters(head));
    // A styled letter may be a Greek one.
    let folded = match look.masked || look.foreign {
        true => folded(plain.as_deref().unwrap_or(head)),
        false => None,
    };
    let mut unmasked = folded.or(plain)?;
    unmasked.truncate(Look::of(&unmasked, max_chars).end);
    Some(unmasked)
}

/// `text` without what cannot be seen, styled letters plain.
fn plain_letters(text: &str) -> String {
    let mut plain_text = String::with_capacity(text.len().min(4 * MAX_CHARS));
    let mut copied = 0;
    for (at, c) in text.char_indices().filter(|&(_, c)| is_masked(c)) {
        plain_text.push_str(&text[copied..at]);
        copied = at + c.len_utf8();
        match plain(c) {
            _ if is_unseen(c) => {}
            Some(Plain::One(letter)) => plain_text.push(letter),
            Some(Plain::Many(letters)) => plain_text.push_str(letters),
            None => plain_text.push(c),
        }
    }
    plain_text.push_str(&text[copied..]);
    plain_text
}

/// `text`, which has no masks but look-alikes, with these folded into its script; `None` where there
/// are none.
fn folded(text: &str) -> Option<String> {
    let survey = Survey::of(text);
    let main = survey.main();
    survey.any_folds(main).then(|| {
        let mut writer = Writer::new(main, text.len());
        text.chars().for_each(|c| writer.push(c));
        writer.finish()
    })
}

/// Writes a text word by word, since a look-alike is judged by its word.
struct Writer {
    main: Script,
    out: String,
    /// The word that is being written.
    letters: Word,
    /// Byte where it began.
    word: usize,
    folded: String,
}

impl Writer {
    fn new(main: Script, capacity: usize) -> Writer {
        Writer {
            main,
            out: String::with_capacity(capacity),
            letters: Word::default(),
            word: 0,
            folded: String::new(),
        }
    }

    fn push(&mut self, c: char) {
        let ended = self.letters.next(c);
        if ended.is_some_and(|word| word.folds(self.main)) {
            self.fold();
        }
        self.out.push(c);
        if ended.is_some() {
            self.word = self.out.len();
        }
    }

    fn fold(&mut self) {
        let main = self.main;
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
        if self.letters.folds(self.main) {
            self.fold();
        }
        self.out
    }
}
