//! The normalisation against pairs of texts that must, or must not, be the same to it.

use super::{head, tokens};
use proptest::prelude::*;

fn hashes(text: &str) -> Vec<u64> {
    let mut out = Vec::new();
    tokens(text, super::MAX_CHARS, |t| out.push(t));
    out
}

#[test]
fn format_says_nothing() {
    for (one, other) in [
        ("“Don’t — stop…”", "\"Don't - stop...\""),
        ("a\u{200B}b c\u{A0}d", "ab c d"),
        ("**Bold** _text_ `code`", "bold text code"),
        ("- one\n- two\n", "one two"),
        ("1. First\n2) Second\n  12. Third", "first second third"),
        ("> said\n\n• item", "said item"),
        ("word , word !", "word, word!"),
        ("in 1984 he had 37", "in 2021 he had 12"),
        ("HELLO World", "hello   world"),
        ("wait--what", "wait—what"),
        ("你好，世界。", "你好,世界."),
        ("ＡＢＣ１２", "abc12"),
        ("ÉCOLE Ärger", "école ärger"),
    ] {
        assert_eq!(hashes(one), hashes(other), "{one:?} against {other:?}");
    }
}

#[test]
fn what_differs_stays_different() {
    for (one, other) in [
        ("in 1984", "in 84"),
        ("stop!", "stop!!"),
        ("don't", "dont"),
        ("a - b", "a b"),
        ("10 2", "102"),
        ("wait.", "wait..."),
        ("dot. 5", "dot 5"),
    ] {
        assert_ne!(hashes(one), hashes(other), "{one:?} against {other:?}");
    }
}

#[test]
fn look_alikes_fold_into_the_script_of_the_text() {
    // Cyrillic a, e, o inside Latin words.
    assert_eq!(
        hashes("the r\u{435}as\u{43E}n for \u{430}ll of this"),
        hashes("the reason for all of this")
    );
    // Latin o, a, H inside Russian words.
    assert_eq!(hashes("oнa пошлa Hа улицу"), hashes("она пошла на улицу"));
    assert_eq!(hashes("Μonday"), hashes("monday"));
}

#[test]
fn ideographs_are_one_token_each() {
    assert_eq!(hashes("你好世界").len(), 4);
    assert_eq!(hashes("안녕 abc").len(), 3);
}

#[test]
fn only_the_head_is_read() {
    assert_eq!(head("äöü", 2), "äö");
    assert_eq!(head("ab", 4_000), "ab");
    assert_eq!(head("", 0), "");
    let mut count = 0;
    tokens(&"a ".repeat(10_000), 4_000, |_| count += 1);
    assert_eq!(count, 2_000);
}

proptest! {
    #[test]
    fn any_text_has_tokens_that_depend_on_no_spacing(text in "\\PC{0,200}") {
        let spaced = text.replace(' ', " \u{2003} ");
        prop_assert_eq!(hashes(&text), hashes(&spaced));
    }
}
