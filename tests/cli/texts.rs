//! Generated text: grammatical enough for a language to be told, different in every document.

/// A small generator of numbers (SplitMix64): the same on every machine.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// The languages that texts are made in; the embedded prior does not know the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    En,
    De,
    Fi,
}

const EN: [&[&str]; 3] = [
    &[
        "house", "river", "morning", "street", "child", "letter", "winter", "garden", "teacher",
        "window", "village", "road", "church", "table", "doctor", "ship", "forest", "night",
    ],
    &[
        "old", "small", "cold", "quiet", "long", "green", "empty", "famous", "broken", "young",
    ],
    &[
        "crossed",
        "watched",
        "found",
        "remembered",
        "left",
        "opened",
        "followed",
        "reached",
    ],
];
const DE: [&[&str]; 3] = [
    &[
        "Garten", "Fluss", "Brief", "Winter", "Lehrer", "Weg", "Tisch", "Wald", "Abend", "Turm",
    ],
    &[
        "alte", "kleine", "kalte", "stille", "lange", "leere", "junge",
    ],
    &["sah", "fand", "verließ", "erreichte", "suchte", "kannte"],
];
const FI: [&[&str]; 3] = [
    &[
        "talo", "joki", "aamu", "katu", "kirje", "talvi", "puutarha", "opettaja", "ikkuna",
    ],
    &["vanha", "pieni", "kylmä", "hiljainen", "pitkä", "vihreä"],
    &["näki", "löysi", "muisti", "avasi", "saavutti"],
];

/// A text of some `sentences`, no two alike.
pub fn text(draw: &mut Draw, lang: Lang, sentences: usize) -> String {
    let mut text = String::new();
    for i in 0..sentences {
        if i > 0 {
            text.push_str(if draw.below(4) == 0 { "\n\n" } else { " " });
        }
        text.push_str(&sentence(draw, lang));
    }
    text
}

fn sentence(draw: &mut Draw, lang: Lang) -> String {
    let [nouns, adjectives, verbs] = match lang {
        Lang::En => EN,
        Lang::De => DE,
        Lang::Fi => FI,
    };
    let (a, b, c) = (draw.of(nouns), draw.of(nouns), draw.of(nouns));
    let (x, y, verb) = (draw.of(adjectives), draw.of(adjectives), draw.of(verbs));
    let n = draw.below(90) + 10;
    match lang {
        Lang::En => format!(
            "The {x} {a} {verb} the {b} at the end of the day, and it was one of the {n} first times that a {y} {c} had been in the middle of the road."
        ),
        Lang::De => format!(
            "Der {x} {a} {verb} den {b} am Ende des Tages, und es war eines der ersten {n} Male, dass der {y} {c} in der Mitte der Stadt gewesen war."
        ),
        Lang::Fi => format!(
            "Tuo {x} {a} {verb} päivän päätteeksi, kun {y} {b} oli ollut siellä jo {n} vuotta ja {c} ei enää ollut entisensä."
        ),
    }
}
