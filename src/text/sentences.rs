//! Where sentences end, and how long they are in words.
//!
//! A sentence ends at `.`, `!`, `?`, `…` and their like in other scripts (Arabic, Urdu, Devanagari,
//! Armenian, Khmer, Myanmar, Ethiopic) if white space or the end of the text follows, closing quotes
//! and brackets aside; at the full-width marks of Chinese and Japanese whatever follows; at an empty
//! line; and at the end of the text. A single line end parts no sentence (hard-wrapped text), and
//! what holds no word is none. Abbreviations are not known: `Dr. Smith` ends one.

/// Lengths of the sentences of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sentences {
    /// How many sentences there are.
    pub(crate) count: u64,
    /// Sum of their lengths in words.
    pub(crate) words: u64,
    /// Sum of the squares of their lengths.
    pub(crate) squares: u128,
}

impl Sentences {
    /// Ends the open sentence behind the first `words` words, if it holds a word.
    #[inline]
    pub(super) fn end(&mut self, words: u64) {
        let length = words - self.words;
        self.count += u64::from(length > 0);
        self.squares += u128::from(length) * u128::from(length);
        self.words = words;
    }
}

/// Whether `sign`, with `after` behind it, ends a sentence.
#[inline]
pub(super) fn ends(sign: char, after: &str) -> bool {
    match sign {
        '.' | '!' | '?' => space_follows(after),
        '\n' => {
            let line = after.trim_start_matches([' ', '\t', '\r']);
            line.starts_with('\n')
        }
        '。' | '！' | '？' | '｡' => true,
        '…' | '؟' | '۔' | '।' | '॥' | '։' | '។' | '៕' | '။' | '።' => {
            space_follows(after)
        }
        _ => false,
    }
}

fn space_follows(after: &str) -> bool {
    for c in after.chars() {
        match c {
            '"' | '\'' | ')' | ']' | '}' | '”' | '’' | '»' | '›' | '“' | '«' | '」' | '』' =>
                {}
            other => return other.is_whitespace(),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::text::Scan;

    fn lengths(text: &str) -> (u64, u64, u128) {
        let mut scan = Scan::default();
        scan.read(text);
        (
            scan.sentences.count,
            scan.sentences.words,
            scan.sentences.squares,
        )
    }

    #[test]
    fn sentences_end_where_the_rule_says() {
        for (text, expected) in [
            ("One two. Three!", (2, 3, 5)),
            ("He said \"no way.\" Then left", (2, 6, 20)),
            ("Version 3.14 is out?! Yes...", (2, 6, 26)),
            ("no end\nof line", (1, 4, 16)),
            ("Title\n \nText here", (2, 3, 5)),
            ("今天。明天！", (2, 4, 8)),
            ("क ख। ग", (2, 3, 5)),
            ("... ! ?", (0, 0, 0)),
            ("", (0, 0, 0)),
        ] {
            assert_eq!(lengths(text), expected, "{text}");
        }
    }
}
