//! Characters that cannot be seen, and characters that are drawn like a letter of another script.
//!
//! The pairs are those that a reader does not tell apart in common type, small capitals included.
//! The Latin letter is the pivot: a Greek letter becomes the Cyrillic one that both look like.
//! Letters that ordinary text of a language is written with, such as the dotless i, stay.

use std::sync::LazyLock;

/// Whether `c` leaves no mark of its own: joiners, direction marks, variation selectors, tags,
/// fillers, soft hyphens, and accents that are put on the letter before.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{61C}'
        | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{20D0}'..='\u{20FF}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What a letter of another style is in plain type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    One(char),
    /// A ligature or a Roman numeral.
    Many(&'static str),
}

/// The plain letters of a styled one: full-width, mathematical, enclosed, raised, small capital,
/// ligature; the plain digit of a full-width one; `None` for every other character.
pub(super) fn plain(c: char) -> Option<Plain> {
    let code = u32::from(c);
    let from = |first: u32, letter: char| nth(letter, code - first);
    let one = match code {
        0xFF10..=0xFF19 => from(0xFF10, '0'),
        0xFF21..=0xFF3A => from(0xFF21, 'A'),
        0xFF41..=0xFF5A => from(0xFF41, 'a'),
        0x1D400..=0x1D6A3 => match (code - 0x1D400) % 52 {
            place @ 0..26 => nth('A', place),
            place => nth('a', place - 26),
        },
        0x1D6A4 => 'i',
        0x1D6A5 => 'j',
        0x1D6A8..=0x1D7C9 => mathematical_greek((code - 0x1D6A8) % 58)?,
        0x249C..=0x24B5 => from(0x249C, 'a'),
        0x24B6..=0x24CF => from(0x24B6, 'A'),
        0x24D0..=0x24E9 => from(0x24D0, 'a'),
        0x1F110..=0x1F129 => from(0x1F110, 'A'),
        0x1F130..=0x1F149 => from(0x1F130, 'A'),
        0x1F150..=0x1F169 => from(0x1F150, 'A'),
        0x1F170..=0x1F189 => from(0x1F170, 'A'),
        0x2160..=0x217F => return Some(Plain::Many(ROMAN[code as usize - 0x2160])),
        0xFB00..=0xFB06 => return Some(Plain::Many(LIGATURES[code as usize - 0xFB00])),
        _ => find(&STYLED, c)?,
    };
    Some(Plain::One(one))
}

/// The ASCII letter that a Cyrillic, Greek or other letter looks like.
pub(super) fn latin_twin(c: char) -> Option<char> {
    match NEAR.get((c as usize).wrapping_sub(NEAR_FIRST)) {
        Some('\0') => None,
        Some(&twin) => Some(twin),
        None => find(&TWINS, c),
    }
}

/// Whether no letter of another script is drawn like the letter `c`.
#[inline]
pub(super) fn is_clear(c: char) -> bool {
    match c.is_ascii() {
        true => ASCII_CLEAR[c as usize],
        false => latin_twin(c).is_none(),
    }
}

/// The small Cyrillic letter that the ASCII letter `c` looks like.
pub(super) fn cyrillic_twin(c: char) -> Option<char> {
    pair(&CYRILLIC, c)
}

/// The small Greek letter that the ASCII letter `c` looks like.
pub(super) fn greek_twin(c: char) -> Option<char> {
    pair(&GREEK, c)
}

/// The `place`-th character from `first` on.
fn nth(first: char, place: u32) -> char {
    char::from_u32(u32::from(first) + place).unwrap_or(first)
}

/// The Greek letter at a place of one of the five mathematical alphabets.
fn mathematical_greek(place: u32) -> Option<char> {
    match place {
        17 => Some('Θ'),
        0..=24 => Some(nth('Α', place)),
        26..=50 => Some(nth('α', place - 26)),
        52..=57 => Some(['ε', 'θ', 'κ', 'φ', 'ρ', 'π'][place as usize - 52]),
        _ => None,
    }
}

fn pair(pairs: &[(char, char)], c: char) -> Option<char> {
    let place = pairs.binary_search_by_key(&c, |pair| pair.0).ok()?;
    Some(pairs[place].1)
}

fn find(pairs: &[(char, char)], c: char) -> Option<char> {
    pair(pairs, c)
}

/// Pairs of (look-alike, letter), sorted by look-alike, of rows of (letter, look-alikes).
fn sorted(rows: &[(char, &str)]) -> Vec<(char, char)> {
    let mut pairs: Vec<(char, char)> = rows
        .iter()
        .flat_map(|&(letter, alike)| alike.chars().map(move |c| (c, letter)))
        .collect();
    pairs.sort_unstable();
    pairs
}

static STYLED: LazyLock<Vec<(char, char)>> = LazyLock::new(|| sorted(&STYLES));
static TWINS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| sorted(&LATIN));

/// First letter of the Greek block; [`NEAR`] ends with the Cyrillic supplement.
const NEAR_FIRST: usize = 0x370;
/// The twins of Greek and Cyrillic letters by their place, NUL where there is none.
static NEAR: LazyLock<Vec<char>> = LazyLock::new(|| {
    let letters = (NEAR_FIRST as u32..0x530).filter_map(char::from_u32);
    letters.map(|c| find(&TWINS, c).unwrap_or('\0')).collect()
});

/// Cyrillic letters by the ASCII letter that looks like them, sorted.
const CYRILLIC: [(char, char); 23] = [
    ('A', 'а'),
    ('B', 'в'),
    ('C', 'с'),
    ('E', 'е'),
    ('H', 'н'),
    ('I', 'і'),
    ('J', 'ј'),
    ('K', 'к'),
    ('M', 'м'),
    ('O', 'о'),
    ('P', 'р'),
    ('S', 'ѕ'),
    ('T', 'т'),
    ('X', 'х'),
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('i', 'і'),
    ('k', 'к'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
];

/// Greek letters by the ASCII letter that looks like them, sorted.
const GREEK: [(char, char); 23] = [
    ('A', 'α'),
    ('B', 'β'),
    ('E', 'ε'),
    ('H', 'η'),
    ('I', 'ι'),
    ('K', 'κ'),
    ('M', 'μ'),
    ('N', 'ν'),
    ('O', 'ο'),
    ('P', 'ρ'),
    ('T', 'τ'),
    ('X', 'χ'),
    ('Y', 'υ'),
    ('Z', 'ζ'),
    ('a', 'α'),
    ('i', 'ι'),
    ('k', 'κ'),
    ('o', 'ο'),
    ('p', 'ρ'),
    ('u', 'υ'),
    ('v', 'ν'),
    ('x', 'χ'),
    ('y', 'γ'),
];

/// Whether an ASCII character has no pair above.
const ASCII_CLEAR: [bool; 128] = {
    let mut clear = [true; 128];
    let mut at = 0;
    while at < CYRILLIC.len() {
        clear[CYRILLIC[at].0 as usize] = false;
        clear[GREEK[at].0 as usize] = false;
        at += 1;
    }
    clear
};

const ROMAN: [&str; 32] = [
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "L", "C", "D", "M",
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "l", "c", "d", "m",
];
const LIGATURES: [&str; 7] = ["ff", "fi", "fl", "ffi", "ffl", "st", "st"];

/// Styled letters outside the ranges of [`plain`]: letter-like symbols, raised and lowered letters,
/// small capitals, phonetic letters drawn like plain ones.
#[rustfmt::skip]
const STYLES: [(char, &str); 51] = [
    ('A', "ᴬ"), ('B', "ℬᴮ"), ('C', "ℂℭ"), ('D', "ᴰⅅ"), ('E', "ℰᴱ"), ('F', "ℱ"), ('G', "ᴳ"),
    ('H', "ℋℌℍᴴ"), ('I', "ℐℑᴵ"), ('J', "ᴶ"), ('K', "\u{212A}ᴷ"), ('L', "ℒᴸ"), ('M', "ℳᴹ"),
    ('N', "ℕᴺ"), ('O', "ᴼ"), ('P', "ℙᴾ"), ('Q', "ℚ"), ('R', "ℛℜℝᴿ"), ('T', "ᵀ"), ('U', "ᵁ"),
    ('V', "ⱽ"), ('W', "ᵂ"), ('Z', "ℤℨ"),
    ('a', "ᴀᵃₐɑ⍺"), ('b', "ʙᵇƅ"), ('c', "ᴄᶜ"), ('d', "ᴅᵈⅆ"), ('e', "ᴇᵉₑℯ℮ⅇꬲ"), ('f', "ꜰᶠꬵ"),
    ('g', "ɢᵍɡℊ"), ('h', "ʜʰₕℎ"), ('i', "ɪᵢⁱℹⅈɩ⍳"), ('j', "ᴊʲⱼⅉȷ"), ('k', "ᴋᵏₖ"), ('l', "ʟˡₗℓ"),
    ('m', "ᴍᵐₘ"), ('n', "ɴⁿₙ"), ('o', "ᴏᵒₒℴꬽ"), ('p', "ᴘᵖₚ⍴"), ('q', "ꞯ"), ('r', "ʀʳᵣᴦꭇꭈ"),
    ('s', "ꜱˢₛſ"), ('t', "ᴛᵗₜ"), ('u', "ᴜᵘᵤꭎꭒʋ"), ('v', "ᴠᵛᵥ"), ('w', "ᴡʷ"), ('x', "ˣₓ"),
    ('y', "ʏʸɣ"), ('z', "ᴢᶻ"), ('θ', "ᶿ"), ('β', "ᵝᵦ"),
];

/// Letters of Greek, Cyrillic, Coptic, Armenian, Cherokee, Lisu and Deseret that look like an ASCII
/// letter, the case as it is drawn.
#[rustfmt::skip]
const LATIN: [(char, &str); 51] = [
    ('A', "ΑАᎪꓮ"), ('B', "ΒВᏴꓐⲂ"), ('C', "ϹСᏟꓚⲤ𐐕"), ('D', "Ꭰꓓ"), ('E', "ΕЕᎬꓰ"), ('F', "ϜꓝҒ"),
    ('G', "ԌᏀꓖ"), ('H', "ΗНᎻꓧⲎ"), ('I', "ΙІӀꓲⲒ"), ('J', "ͿЈᎫꓙ"), ('K', "ΚКᏦꓗⲔ"), ('L', "ᏞꓡⳐ"),
    ('M', "ΜМᎷꓟⲘ"), ('N', "ΝꓠⲚ"), ('O', "ΟОՕꓳⲞ𐐄"), ('P', "ΡРᏢꓑⲢ"), ('Q', "ԚႭ"), ('R', "ᎡᏒꓣ"),
    ('S', "ЅՏᏚꓢ"), ('T', "ΤТᎢꓔⲦ"), ('U', "Սꓴ"), ('V', "ѴᏙꓦ"), ('W', "ԜᎳᏔꓪ"), ('X', "ΧХꓫⲬ"),
    ('Y', "ΥУҮᎩᎽꓬⲨϒ"), ('Z', "ΖᏃꓜ"),
    ('a', "αаⲁ"), ('b', "βвЬьᏏ"), ('c', "ϲсⲥ𐐽"), ('d', "ԁ"), ('e', "εϵеҽ"), ('f', "ϝք"),
    ('g', "ԍց"), ('h', "һհҺᏂ"), ('i', "ιіᎥ"), ('j', "ϳјյ"), ('k', "κϰкⲕԟ"), ('l', "ӏ"),
    ('m', "мⲙ"), ('n', "ηпոռ"), ('o', "οоօⲟ𐐬"), ('p', "ρϱрⲣ"), ('q', "ԛզգ"), ('r', "гⲅ"),
    ('s', "ѕ𐑈"), ('t', "τт"), ('u', "υսц"), ('v', "νѵ"), ('w', "ωԝѡա"), ('x', "χхҳⲭ"),
    ('y', "γуүყ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_without_twice_the_same() {
        for pairs in [&*STYLED, &*TWINS, &CYRILLIC.to_vec(), &GREEK.to_vec()] {
            assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0), "{pairs:?}");
        }
        for (c, twin) in TWINS.iter() {
            assert!(c.is_alphabetic() && !c.is_ascii() && twin.is_ascii_alphabetic());
            assert_eq!(plain(*c), None, "{c} is styled and a twin");
            assert!(!is_unseen(*c));
        }
        for (c, letter) in STYLED.iter() {
            assert!(letter.is_alphabetic() && !c.is_ascii() && latin_twin(*c).is_none());
        }
    }

    #[test]
    fn what_a_small_letter_is_taken_for_is_taken_for_it() {
        for (letter, twin) in CYRILLIC.iter().chain(&GREEK) {
            if letter.is_ascii_lowercase() {
                assert_eq!(latin_twin(*twin), Some(*letter), "{twin}");
            }
        }
    }

    #[test]
    fn styles_are_those_of_compatibility_decomposition() {
        for (styled, letters) in [
            ('Ａ', "A"),
            ('ｚ', "z"),
            ('𝐀', "A"),
            ('𝓏', "z"),
            ('𝚣', "z"),
            ('𝛀', "Ω"),
            ('𝝎', "ω"),
            ('ⓐ', "a"),
            ('🅰', "A"),
            ('Ⅷ', "VIII"),
            ('ⅿ', "m"),
            ('ﬃ', "ffi"),
            ('ℌ', "H"),
        ] {
            let found = match plain(styled) {
                Some(Plain::One(c)) => c.to_string(),
                Some(Plain::Many(letters)) => letters.to_owned(),
                None => styled.to_string(),
            };
            assert_eq!(found, letters, "{styled}");
        }
    }
}
