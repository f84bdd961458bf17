//! Capitalisation: words are counted without it and written back with it.
//!
//! A prior of a few megabytes cannot afford `The`, `the` and `THE` as three words. It knows the folded
//! word, and a draw takes over the pattern of the word whose place it takes.

/// How a word is capitalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// No capital at all.
    Lower,
    /// The first letter only.
    Capital,
    /// Every letter, of two or more.
    Upper,
}

impl Pattern {
    /// The pattern of a word; `None` for a mixed one (`iPhone`), which is never edited.
    pub fn of(word: &str) -> Option<Pattern> {
        let mut chars = word.chars();
        let first = chars.next()?.is_uppercase();
        let (mut capitals, mut rest) = (0, 0);
        for c in chars {
            rest += 1;
            capitals += usize::from(c.is_uppercase());
        }
        match (first, capitals) {
            (false, 0) => Some(Pattern::Lower),
            (true, 0) => Some(Pattern::Capital),
            (true, n) if n == rest => Some(Pattern::Upper),
            _ => None,
        }
    }

    /// Writes a folded word in this pattern. A letter without a one-letter capital stays as it is.
    pub fn apply(self, folded: &str) -> String {
        let mut out = String::with_capacity(folded.len());
        for (i, c) in folded.chars().enumerate() {
            let raise = self == Pattern::Upper || (self == Pattern::Capital && i == 0);
            out.push(if raise {
                single(c.to_uppercase(), c)
            } else {
                c
            });
        }
        out
    }
}

/// Puts the folded word into `out`: lower case, letter by letter, the typographic apostrophe made plain.
///
/// Letters whose lower case is more than one letter stay as they are, so that a word keeps its length in
/// letters and the fold can be undone.
pub fn fold_into(word: &str, out: &mut String) {
    out.clear();
    if word.is_ascii() {
        out.push_str(word);
        out.make_ascii_lowercase();
        return;
    }
    out.extend(word.chars().map(|c| match c {
        '\u{2019}' => '\'',
        c => single(c.to_lowercase(), c),
    }));
}

fn single(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_told_apart_and_undone() {
        let cases = [
            ("haus", Some(Pattern::Lower)),
            ("Haus", Some(Pattern::Capital)),
            ("HAUS", Some(Pattern::Upper)),
            ("I", Some(Pattern::Capital)),
            ("Єдність", Some(Pattern::Capital)),
            ("iPhone", None),
            ("McCoy", None),
            ("", None),
        ];
        let mut folded = String::new();
        for (word, pattern) in cases {
            assert_eq!(Pattern::of(word), pattern, "{word}");
            if let Some(pattern) = pattern {
                fold_into(word, &mut folded);
                assert_eq!(pattern.apply(&folded), word);
            }
        }
    }
}
