//! The normalisation against pairs of texts that must, or must not, be the same to it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::look_alikes::{self, Plain};
use super::{Unmasked, head};
use crate::text::{Scan, tokens};
use proptest::prelude::*;

fn hashes(text: &str) -> Vec<u64> {
    let mut out = Vec::new();
    tokens((&Unmasked::new(text), None), &mut Scan::default(), &mut out);
    out
}

fn unmask(text: &str, max_chars: usize) -> String {
    Unmasked::first(text, max_chars).as_str().to_owned()
}

/// Whether a text is shorter, asked before and after it is unmasked.
fn is_shorter(text: &str, chars: usize) -> bool {
    let text = Unmasked::new(text);
    let before = text.is_shorter(chars);
    text.as_str();
    assert_eq!(text.is_shorter(chars), before);
    before
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
fn ideographs_are_a_token_each_and_hangul_has_words() {
    assert_eq!(hashes("你好世界").len(), 4);
    assert_eq!(hashes("안녕 abc").len(), 2);
}

#[test]
fn only_the_head_is_read() {
    assert_eq!(head("äöü", 2), "äö");
    assert_eq!(head("ab", 4_000), "ab");
    assert_eq!(head("", 0), "");
    assert_eq!(hashes(&"a ".repeat(10_000)).len(), 2_000);
}

#[test]
fn what_cannot_be_seen_is_not_counted() {
    let padded = "a\u{200B}\u{2060}b\u{E0041}\u{FE0F}c";
    assert!(!is_shorter(padded, 3));
    assert!(is_shorter(padded, 4));
    assert_eq!(head(padded, 2), "a\u{200B}\u{2060}b");
    assert!(is_shorter(&"\u{200D}".repeat(5_000), 1));
    assert!(is_shorter("", 1));
    // Padding before the end of what is read moves no word out of it.
    let text = "word by word ".repeat(400);
    let padded: String = text
        .chars()
        .flat_map(|c| [c, '\u{200C}', '\u{AD}'])
        .collect();
    assert_eq!(hashes(&padded), hashes(&text));
}

#[test]
fn plain_text_is_borrowed_and_masked_text_is_unmasked() {
    for text in [
        "Plain, \u{201C}curly\u{201D} \u{2014} na\u{EF}ve \u{142}\u{F3}d\u{17A}",
        "Она пошла на улицу, и всё.",
        "ο λόγος του βιβλίου",
        "你好，世界。 ＡＩ",
        "في البداية",
        "Kadıköy'de ılık bir gün",
    ] {
        let plain = text.replace("ＡＩ", "AI");
        assert_eq!(unmask(text, 1_000), plain);
    }
    for (masked, text) in [
        ("Тhе ѕсоре оf thе wоrк", "The scope of the work"),
        ("𝐓𝐡𝐞 𝓈𝒸ℴ𝓅ℯ ⓞⓕ ᴛʜᴇ ﬁｌｅ", "The scope of the file"),
        ("T\u{301}h\u{336}e\u{20DD} end", "The end"),
        ("don\u{200B}'\u{200B}t s\u{AD}top", "don't stop"),
        ("\u{202E}never\u{202C} \u{2066}mind\u{2069}", "never mind"),
        ("Oнa пошлa в лec", "она пошла в лес"),
    ] {
        assert_eq!(unmask(masked, 1_000).to_lowercase(), text.to_lowercase());
    }
}

#[test]
fn a_word_of_another_script_stays_one() {
    for text in [
        "They say \u{201C}здравствуйте\u{201D} to every guest of the house.",
        "Программа написана на языке Fortran для завода.",
        "The angle \u{3B8} and its \u{3C3}\u{3CD}\u{3BD}\u{3BF}\u{3BB}\u{3BF} are known.",
        "Երևանը is the capital and the largest city.",
    ] {
        assert_eq!(unmask(text, 1_000), text);
    }
}

#[test]
fn exchanging_every_letter_that_can_be_exchanged_changes_nothing() {
    let text = "The quick brown fox jumps over the lazy dog, and none of them would have \
                been surprised by that. SHE ASKED WHETHER ANYBODY REALLY KNEW IT.";
    for rank in 0..6 {
        let masked: String = text.chars().map(|c| look_alike(c, rank)).collect();
        assert_ne!(masked, text);
        assert_eq!(hashes(&masked), hashes(text), "{masked}");
    }
}

/// The characters that look like each ASCII letter.
static MASKS: LazyLock<BTreeMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut masks: BTreeMap<char, Vec<char>> = BTreeMap::new();
    for mask in '\u{80}'..'\u{20000}' {
        let letter = match look_alikes::plain(mask) {
            Some(Plain::One(c)) => Some(c),
            Some(Plain::Many(_)) => None,
            None => look_alikes::latin_twin(mask),
        };
        if let Some(letter) = letter.filter(char::is_ascii_alphabetic) {
            masks.entry(letter).or_default().push(mask);
        }
    }
    masks
});

/// The `rank`-th look-alike of `c`, counted round; `c` where there is none.
fn look_alike(c: char, rank: usize) -> char {
    MASKS.get(&c).map_or(c, |masks| masks[rank % masks.len()])
}

const UNSEEN: [char; 12] = [
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{2060}',
    '\u{FEFF}',
    '\u{AD}',
    '\u{FE0F}',
    '\u{202E}',
    '\u{2066}',
    '\u{E0061}',
    '\u{301}',
    '\u{E0101}',
];

proptest! {
    #[test]
    fn masks_change_no_token(
        words in prop::collection::vec("[a-zA-Z]{1,9}|[a-z]{1,8}('t|'s|[.,;!?]|\n- |\n1\\. |\n)", 30..90),
        choices in prop::collection::vec(any::<u32>(), 97),
        rate in 0u32..31,
    ) {
        let text = words.join(" ");
        let mut masked = String::new();
        for (place, c) in text.chars().enumerate() {
            let choice = choices[place % choices.len()].wrapping_add(place as u32 * 7919);
            let exchanged = choice % 100 < rate;
            masked.push(if exchanged { look_alike(c, choice as usize / 100) } else { c });
            if choice / 7 % 5 == 0 {
                masked.push(UNSEEN[choice as usize / 35 % UNSEEN.len()]);
            }
        }
        prop_assert_eq!(hashes(&masked), hashes(&text));
        prop_assert_eq!(unmask(&masked, usize::MAX), text);
    }

    #[test]
    fn unmasking_again_changes_nothing(text in "[a-zо-яα-ω \u{200B}\u{301}Ａ-Ｚⅰ-ⅿ𝐚-𝐳ա-ֆ]{0,80}") {
        prop_assert!(unmask(&text, 60).chars().count() <= 60);
        let once = unmask(&text, usize::MAX);
        prop_assert_eq!(unmask(&once, usize::MAX), once.as_str());
        let whole = Unmasked::new(&text);
        for chars in [0, 1, 7, 60] {
            let head: String = once.chars().take(chars).collect();
            prop_assert_eq!(whole.head(chars), head);
            prop_assert_eq!(whole.is_shorter(chars), once.chars().count() < chars);
        }
    }

    #[test]
    fn any_text_has_tokens_that_depend_on_no_spacing(text in "\\PC{0,200}") {
        let spaced = text.replace(' ', " \u{2003} ");
        prop_assert_eq!(hashes(&text), hashes(&spaced));
    }
}
