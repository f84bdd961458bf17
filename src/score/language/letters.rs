//! Letters as the identifier reads them: small, sixteen bits each, with the alphabet that each is of.
//!
//! What is no letter is a space, of which there is never more than one in a row. Vowel points of
//! Arabic and Hebrew, which most text leaves out, are passed over.

use std::sync::LazyLock;

/// The scripts that languages are told apart in. A text's alphabet decides which languages are
/// compared; kana are an alphabet of their own, since Japanese has Chinese characters too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Alphabet {
    /// Latin letters, with accents and the phonetic ones of African orthographies.
    Latin,
    /// Cyrillic.
    Cyrillic,
    /// Greek.
    Greek,
    /// Armenian.
    Armenian,
    /// Georgian.
    Georgian,
    /// Hebrew.
    Hebrew,
    /// Arabic.
    Arabic,
    /// Thaana.
    Thaana,
    /// Ethiopic.
    Ethiopic,
    /// Devanagari.
    Devanagari,
    /// Bengali.
    Bengali,
    /// Gurmukhi.
    Gurmukhi,
    /// Gujarati.
    Gujarati,
    /// Oriya.
    Oriya,
    /// Tamil.
    Tamil,
    /// Telugu.
    Telugu,
    /// Kannada.
    Kannada,
    /// Malayalam.
    Malayalam,
    /// Sinhala.
    Sinhala,
    /// Thai.
    Thai,
    /// Lao.
    Lao,
    /// Tibetan.
    Tibetan,
    /// Burmese.
    Myanmar,
    /// Khmer.
    Khmer,
    /// Korean syllables and their parts.
    Hangul,
    /// Japanese syllables.
    Kana,
    /// Chinese characters.
    Han,
    /// Letters of all other scripts.
    Other,
}

impl Alphabet {
    /// How many there are.
    pub const COUNT: usize = Alphabet::Other as usize + 1;

    /// All, in the order of their numbers.
    pub const ALL: [Alphabet; Alphabet::COUNT] = {
        use Alphabet::*;
        [
            Latin, Cyrillic, Greek, Armenian, Georgian, Hebrew, Arabic, Thaana, Ethiopic,
            Devanagari, Bengali, Gurmukhi, Gujarati, Oriya, Tamil, Telugu, Kannada, Malayalam,
            Sinhala, Thai, Lao, Tibetan, Myanmar, Khmer, Hangul, Kana, Han, Other,
        ]
    };
}

/// What stands for everything that is no letter.
pub const SPACE: u16 = 0x20;
/// What stands for a character that is passed over.
const SKIPPED: u16 = 0;

/// A character as the identifier reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Read {
    unit: u16,
    alphabet: Alphabet,
}

const NO_LETTER: Read = Read {
    unit: SPACE,
    alphabet: Alphabet::Other,
};

/// Characters below this are looked up: alphabets, punctuation, kana.
const TABLE: usize = 0x3100;

static READ: LazyLock<Vec<Read>> = LazyLock::new(|| {
    let codes = 0..TABLE as u32;
    codes
        .map(|code| char::from_u32(code).map_or(NO_LETTER, classify))
        .collect()
});

/// The units of ASCII: small letters, which are [`A_LETTER`] and some more, and spaces, which are less.
const ASCII: [u16; 128] = {
    let mut units = [SPACE; 128];
    let mut byte = b'a';
    while byte <= b'z' {
        units[byte as usize] = byte as u16;
        units[byte.to_ascii_uppercase() as usize] = byte as u16;
        byte += 1;
    }
    units
};
/// A unit of ASCII by this is 1 for a letter and 0 for a space.
const A_LETTER: usize = 0x40;

/// Letters of each alphabet that were read.
pub type Counts = [u32; Alphabet::COUNT];

/// The alphabet of most letters, how many they are, and how many letters there are in all.
///
/// Kana among Chinese characters make the text Japanese, from one in ten on.
pub fn main_alphabet(counts: &Counts) -> (Alphabet, u32, u32) {
    let all = counts.iter().sum();
    let latin = counts[Alphabet::Latin as usize];
    if latin * 2 > all {
        return (Alphabet::Latin, latin, all);
    }
    let mut counts = *counts;
    let (kana, han) = (Alphabet::Kana as usize, Alphabet::Han as usize);
    let east = counts[kana] + counts[han];
    let written = if counts[kana] * 10 >= east { kana } else { han };
    (counts[kana], counts[han]) = (0, 0);
    counts[written] = east;
    let mut best = 0;
    for (place, &count) in counts.iter().enumerate() {
        if count > counts[best] {
            best = place;
        }
    }
    (Alphabet::ALL[best], counts[best], all)
}

/// Reads a text as letters, some at a time.
pub struct Letters<'t> {
    rest: &'t str,
    /// Whether a space was read last, as before the first letter.
    after_space: bool,
}

impl<'t> Letters<'t> {
    /// From the beginning of `text`.
    pub fn new(text: &'t str) -> Letters<'t> {
        Letters {
            rest: text,
            after_space: true,
        }
    }

    /// Fills `units` as far as the text goes, counts its letters, and says how many units they are.
    pub fn read(&mut self, units: &mut [u16], counts: &mut Counts) -> usize {
        let table: &[Read] = &READ;
        let bytes = self.rest.as_bytes();
        let (mut at, mut filled, mut latin) = (0, 0, 0);
        // No branch for where words end, which cannot be foreseen: a space behind another is overwritten.
        let mut letter = usize::from(!self.after_space);
        while filled < units.len() && at < bytes.len() {
            let byte = bytes[at];
            let before = letter;
            let unit = if byte < 0x80 {
                at += 1;
                let unit = ASCII[byte as usize];
                letter = usize::from(unit) / A_LETTER;
                latin += letter as u32;
                unit
            } else {
                let Some(c) = self.rest[at..].chars().next() else {
                    break;
                };
                at += c.len_utf8();
                let read = match (table.get(c as usize), c) {
                    (Some(read), _) => *read,
                    (None, '\u{4E00}'..='\u{9FA5}') => Read {
                        unit: c as u16,
                        alphabet: Alphabet::Han,
                    },
                    (None, '\u{FF01}'..='\u{FF20}') => NO_LETTER,
                    (None, _) => classify(c),
                };
                if read.unit == SKIPPED {
                    continue;
                }
                letter = usize::from(read.unit != SPACE);
                counts[read.alphabet as usize] += letter as u32;
                read.unit
            };
            units[filled] = unit;
            filled += letter | before;
        }
        counts[Alphabet::Latin as usize] += latin;
        self.after_space = letter == 0;
        self.rest = &self.rest[at..];
        filled
    }
}

fn classify(c: char) -> Read {
    let Some(alphabet) = alphabet(c) else {
        return NO_LETTER;
    };
    let small = c.to_lowercase().next().unwrap_or(c);
    // Above the sixteen bits are rare Chinese characters alone.
    let unit = match is_point(c) {
        true => SKIPPED,
        false => u16::try_from(u32::from(small)).unwrap_or(u16::MAX),
    };
    Read { unit, alphabet }
}

/// Vowel points and the stroke that only stretches a word.
fn is_point(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{6D6}'..='\u{6DC}')
}

/// The alphabet of a letter or of a sign that belongs to one; `None` for what is neither.
fn alphabet(c: char) -> Option<Alphabet> {
    use Alphabet::*;
    let alphabet = match c {
        'a'..='z' | 'A'..='Z' => return Some(Latin),
        '\0'..='\u{7F}' => return None,
        '\u{80}'..='\u{2AF}' | '\u{1E00}'..='\u{1EFF}' => Latin,
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Greek,
        '\u{400}'..='\u{52F}' | '\u{1C80}'..='\u{1C8F}' => Cyrillic,
        '\u{531}'..='\u{587}' => Armenian,
        '\u{591}'..='\u{5F4}' | '\u{FB1D}'..='\u{FB4F}' => Hebrew,
        '\u{610}'..='\u{6FF}'
        | '\u{750}'..='\u{77F}'
        | '\u{8A0}'..='\u{8FF}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}' => Arabic,
        '\u{780}'..='\u{7BF}' => Thaana,
        // From here on signs without which a syllable is another belong to the letters.
        '\u{964}' | '\u{965}' | '\u{970}' | '\u{DF4}' | '\u{E3F}' | '\u{E4F}' => return None,
        '\u{900}'..='\u{97F}' => return sign(c, Devanagari),
        '\u{980}'..='\u{9FF}' => return sign(c, Bengali),
        '\u{A00}'..='\u{A7F}' => return sign(c, Gurmukhi),
        '\u{A80}'..='\u{AFF}' => return sign(c, Gujarati),
        '\u{B00}'..='\u{B7F}' => return sign(c, Oriya),
        '\u{B80}'..='\u{BFF}' => return sign(c, Tamil),
        '\u{C00}'..='\u{C7F}' => return sign(c, Telugu),
        '\u{C80}'..='\u{CFF}' => return sign(c, Kannada),
        '\u{D00}'..='\u{D7F}' => return sign(c, Malayalam),
        '\u{D80}'..='\u{DFF}' => return sign(c, Sinhala),
        '\u{E00}'..='\u{E7F}' => return sign(c, Thai),
        '\u{E80}'..='\u{EFF}' => return sign(c, Lao),
        '\u{F40}'..='\u{FBC}' => return sign(c, Tibetan),
        '\u{1000}'..='\u{1049}' | '\u{1050}'..='\u{109F}' => return sign(c, Myanmar),
        '\u{1780}'..='\u{17D3}' => return sign(c, Khmer),
        '\u{10A0}'..='\u{10FF}' | '\u{1C90}'..='\u{1CBF}' | '\u{2D00}'..='\u{2D2F}' => Georgian,
        '\u{1200}'..='\u{139F}' | '\u{2D80}'..='\u{2DDF}' | '\u{AB00}'..='\u{AB2F}' => Ethiopic,
        '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7A3}' => Hangul,
        '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' => Kana,
        '\u{3005}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' => Han,
        '\u{20000}'..='\u{3FFFF}' => Han,
        _ => Other,
    };
    c.is_alphabetic().then_some(alphabet)
}

fn sign(c: char, alphabet: Alphabet) -> Option<Alphabet> {
    (!c.is_numeric()).then_some(alphabet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, room: usize) -> (String, Counts) {
        let (mut letters, mut counts) = (Letters::new(text), [0; Alphabet::COUNT]);
        let (mut units, mut all) = (vec![0; room], Vec::new());
        loop {
            let filled = letters.read(&mut units, &mut counts);
            all.extend_from_slice(&units[..filled]);
            if filled < room {
                return (String::from_utf16_lossy(&all), counts);
            }
        }
    }

    #[test]
    fn letters_are_small_and_all_else_is_one_space() {
        let (units, counts) = read("  Été -- 12 Zürich's   ΑΘΗΝΑ\u{20000}! ", 64);
        assert_eq!(units, "été zürich s αθηνα\u{FFFF} ");
        assert_eq!(counts[Alphabet::Latin as usize], 10);
        assert_eq!(counts[Alphabet::Greek as usize], 5);
        assert_eq!(counts[Alphabet::Han as usize], 1);
    }

    #[test]
    fn the_table_of_ascii_is_what_all_characters_are_read_by() {
        for byte in 0..0x80u8 {
            let read = classify(char::from(byte));
            assert_eq!(ASCII[usize::from(byte)], read.unit);
            let letter = usize::from(read.unit != SPACE);
            assert_eq!(usize::from(read.unit) / A_LETTER, letter);
        }
    }

    #[test]
    fn points_are_passed_over() {
        assert_eq!(read("שָׁלוֹם", 64).0, "שלום");
        assert_eq!(read("كِتَابـ", 64).0, "كتاب");
    }

    #[test]
    fn the_room_does_not_change_what_is_read() {
        let text = "Ein  Satz — и ещё один, 三つ 目の文。";
        let whole = read(text, 64);
        for room in 1..9 {
            assert_eq!(read(text, room), whole, "{room}");
        }
    }

    #[test]
    fn few_kana_are_enough_for_japanese() {
        let of = |text: &str| main_alphabet(&read(text, 64).1);
        assert_eq!(of("日本国憲法前文の成立"), (Alphabet::Kana, 10, 10));
        assert_eq!(of("日本国憲法前文成立").0, Alphabet::Han);
        assert_eq!(of("abc где же").0, Alphabet::Cyrillic);
    }

    #[test]
    fn alphabets_are_numbered_in_order() {
        for (place, alphabet) in Alphabet::ALL.into_iter().enumerate() {
            assert_eq!(alphabet as usize, place);
        }
    }
}
