//! What a character outside ASCII becomes: a letter, a mark, a space, or nothing.

/// The scripts between which letters look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Greek,
}

/// A character after folding; letters are lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// Part of a word; an apostrophe comes as the letter `'`.
    Letter(char),
    /// A character that is a token by itself.
    Ideograph(char),
    Digit,
    /// A mark, as its ASCII kin where it has one.
    Mark(char),
    /// A list mark at a line's start, a dash elsewhere.
    Bullet,
    Ellipsis,
    Space,
    Dropped,
}

/// Look-alike lower-case letters: Latin, Cyrillic, Greek; a zero where a script has none.
const LOOK_ALIKES: [(char, char, char); 15] = [
    ('a', 'а', 'α'),
    ('c', 'с', '\0'),
    ('e', 'е', '\0'),
    ('h', 'һ', '\0'),
    ('i', 'і', 'ι'),
    ('j', 'ј', '\0'),
    ('k', '\0', 'κ'),
    ('o', 'о', 'ο'),
    ('p', 'р', 'ρ'),
    ('s', 'ѕ', '\0'),
    ('u', '\0', 'υ'),
    ('v', 'ѵ', 'ν'),
    ('x', 'х', 'χ'),
    ('y', 'у', 'γ'),
    ('d', 'ԁ', '\0'),
];

/// Capitals whose look-alike is another letter than that of their small form.
const CAPITALS: [(char, char, char); 5] = [
    ('B', 'В', 'Β'),
    ('H', 'Н', 'Η'),
    ('M', 'М', 'Μ'),
    ('N', '\0', 'Ν'),
    ('T', 'Т', 'Τ'),
];

/// The script of most letters of `text` (Latin where none of the three leads).
pub(super) fn main_script(text: &str) -> Script {
    let (mut latin, mut cyrillic, mut greek) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => latin += 1,
            '\u{370}'..='\u{3FF}' => greek += 1,
            '\u{400}'..='\u{52F}' => cyrillic += 1,
            _ => {}
        }
    }
    if cyrillic > latin && cyrillic >= greek {
        Script::Cyrillic
    } else if greek > latin {
        Script::Greek
    } else {
        Script::Latin
    }
}

/// Folds one character above ASCII; `main` is the script of the text around it.
pub(super) fn fold(c: char, main: Script) -> Folded {
    match c {
        '\u{C0}'..='\u{52F}' if c.is_alphabetic() => letter(c, main),
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '\u{B4}' | '\u{2BC}' => {
            Folded::Letter('\'')
        }
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' | '\u{2033}' | '\u{2039}' | '\u{203A}' => {
            Folded::Mark('"')
        }
        '\u{3008}'..='\u{300F}' | '\u{301D}'..='\u{301F}' => Folded::Mark('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2E3A}' | '\u{2E3B}' | '\u{FE58}' => {
            Folded::Mark('-')
        }
        '\u{2022}' | '\u{2023}' | '\u{25AA}' | '\u{25CF}' | '\u{25CB}' | '\u{25A0}' => {
            Folded::Bullet
        }
        '\u{2026}' => Folded::Ellipsis,
        '\u{3002}' | '\u{FF61}' => Folded::Mark('.'),
        '\u{3001}' | '\u{FF64}' => Folded::Mark(','),
        '\u{3010}' => Folded::Mark('['),
        '\u{3011}' => Folded::Mark(']'),
        '\u{FF01}'..='\u{FF5E}' => full_width(c),
        '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => {
            Folded::Dropped
        }
        '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => Folded::Dropped,
        '\u{300}'..='\u{36F}' => Folded::Dropped,
        '\u{80}'..='\u{9F}' => Folded::Space,
        _ if is_ideograph(c) => Folded::Ideograph(c),
        _ if c.is_whitespace() => Folded::Space,
        _ if c.is_alphabetic() => Folded::Letter(lower(c)),
        _ if c.is_numeric() => Folded::Digit,
        // Signs that a word of an Indic script is written with are not alphabetic by themselves.
        '\u{900}'..='\u{DFF}' => Folded::Letter(c),
        _ => Folded::Mark(c),
    }
}

/// Whether `c` is a token by itself: Han, kana, bopomofo, hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30FF}' | '\u{3100}'..='\u{318F}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1100}'..='\u{11FF}'
        | '\u{20000}'..='\u{323AF}')
        && c != '\u{30FB}'
}

fn full_width(c: char) -> Folded {
    let ascii = char::from((u32::from(c) - 0xFF01 + 0x21) as u8);
    match ascii {
        'a'..='z' | 'A'..='Z' => Folded::Letter(ascii.to_ascii_lowercase()),
        '0'..='9' => Folded::Digit,
        '*' | '#' | '_' | '~' | '`' => Folded::Dropped,
        '\'' => Folded::Letter('\''),
        _ => Folded::Mark(ascii),
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// A letter of one of the three scripts, folded into `main` where it looks like one of its letters.
fn letter(c: char, main: Script) -> Folded {
    let own = match c {
        '\u{370}'..='\u{3FF}' => Script::Greek,
        '\u{400}'..='\u{52F}' => Script::Cyrillic,
        _ => Script::Latin,
    };
    let small = lower(c);
    // Latin letters above ASCII carry accents, and those have no look-alikes here.
    if own == main || own == Script::Latin {
        return Folded::Letter(small);
    }
    Folded::Letter(twin(c, own, main))
}

/// The ASCII letter `byte` as its look-alike in `main`, in lower case.
pub(super) fn latin_twin(byte: u8, main: Script) -> char {
    twin(char::from(byte), Script::Latin, main)
}

/// The lower-case letter of `main` that looks like `c` of `own`, else the lower case of `c`.
fn twin(c: char, own: Script, main: Script) -> char {
    let of = |row: &(char, char, char), script| match script {
        Script::Latin => row.0,
        Script::Cyrillic => row.1,
        Script::Greek => row.2,
    };
    let small = lower(c);
    // A capital is looked up as it is drawn: Latin H is the twin of Cyrillic en, not of shha.
    let capital = |row: &&(char, char, char)| lower(of(row, own)) == small && small != c;
    let row = CAPITALS
        .iter()
        .find(capital)
        .or_else(|| LOOK_ALIKES.iter().find(|row| of(row, own) == small));
    match row.map(|row| of(row, main)) {
        Some(twin) if twin != '\0' => lower(twin),
        _ => small,
    }
}
