//! The methods of Python's `str` that datatrove measures with, as Python 3 defines them.
//!
//! They differ from those of Rust's `str` in small ways: four separators (U+001C to U+001F) are white
//! space, lines end at ten characters, and a letter is one by its general category.

use super::letters::LETTERS;
use super::signs::holds;

/// `str.isspace` of one character.
pub(in crate::score) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c)
}

/// `str.isalpha` of one character.
pub(super) fn is_alpha(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        holds(&LETTERS, c)
    }
}

/// `str.split()`: what stands between white space.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `str.splitlines()`: no last empty line, `\r\n` is one end.
pub(super) fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((at, end)) = rest.char_indices().find(|&(_, c)| ends_line(c)) else {
            lines.push(rest);
            break;
        };
        lines.push(&rest[..at]);
        let after = if rest[at..].starts_with("\r\n") {
            at + 2
        } else {
            at + end.len_utf8()
        };
        rest = &rest[after..];
    }
    lines
}

fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// `re.split` at runs of at least `least` line feeds: pieces may be empty, and there is one at least.
pub(super) fn split_runs(text: &str, least: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\n') {
        let run = at + found;
        at = run + text[run..].bytes().take_while(|&b| b == b'\n').count();
        if at - run >= least {
            pieces.push(&text[start..run]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sets_have_the_sizes_that_python_counts() {
        let count = |is: fn(char) -> bool| ('\0'..=char::MAX).filter(|&c| is(c)).count();
        // Python 3.11: sum(chr(c).isspace() for c in range(0x110000)), and so on.
        assert_eq!(count(is_space), 29);
        assert_eq!(count(is_alpha), 131_756);
        assert_eq!(count(ends_line), 10);
        for c in ['é', '字', 'ก', 'ª', 'ʰ', 'ǅ', '한'] {
            assert!(is_alpha(c), "{c}");
        }
        for c in ['\u{301}', 'ி', 'Ⅳ', 'ⓐ', '〇', '9', '½', '_', '😀'] {
            assert!(!is_alpha(c), "{c}");
        }
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        for (text, lines) in [
            ("", vec![]),
            ("\n", vec![""]),
            ("a\r\nb\rc\n\nd", vec!["a", "b", "c", "", "d"]),
            (
                "a\u{B}b\u{C}c\u{1C}d\u{1D}e\u{1E}f\u{85}g\u{2028}h\u{2029}",
                "abcdefgh".split("").filter(|c| !c.is_empty()).collect(),
            ),
            ("a\u{1F}b\r", vec!["a\u{1F}b"]),
        ] {
            assert_eq!(split_lines(text), lines, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_joined_again_are_the_text(text in "[aé\\n]{0,30}") {
            let plain: Vec<&str> = text.split('\n').collect();
            let mut once: Vec<&str> = Vec::new();
            // Inner empty lines vanish, outer ones leave one empty piece a side.
            for (place, line) in plain.iter().enumerate() {
                if !line.is_empty() || place == 0 || place + 1 == plain.len() {
                    once.push(line);
                }
            }
            if plain.len() > 1 && once.iter().all(|line| line.is_empty()) {
                once = vec!["", ""];
            }
            prop_assert_eq!(split_runs(&text, 1), once);
        }

        #[test]
        fn single_line_ends_part_no_paragraphs(words in prop::collection::vec("[aé]{1,3}(\\n[bü]{1,3})?", 1..9), gaps in prop::collection::vec(2usize..5, 9)) {
            let mut text = String::new();
            for (place, word) in words.iter().enumerate() {
                if place > 0 {
                    text.push_str(&"\n".repeat(gaps[place]));
                }
                text.push_str(word);
            }
            prop_assert_eq!(split_runs(&text, 2), words);
        }
    }
}
