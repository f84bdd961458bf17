//! What it costs to measure a text, in English, Russian and Chinese, and beside it the classifier,
//! the language and all of them as the score stage has them. Throughput counts bytes of text, so a
//! nanosecond a byte is 1,000 divided by the megabytes a second.
//!
//! The budget on one core: `all heuristics` at most 5.5 ns a byte of English, and at most 11 of
//! Russian and Chinese, on documents of about 1 kB or more. `long` is one document of 100 MB, of
//! which the measures look at the beginning and only counts at the rest: at most 1.2 times a byte
//! what the same text costs as 10,000 `documents of 10 kB`. Inside that beginning, [`MEASURED_BYTES`],
//! a byte costs about a third more, which `beginning` shows: in so long a text most words and pairs
//! repeat, and what rules them out reads more than a near cache holds.
//!
//! The texts are drawn word by word from a Zipf-like distribution with a fixed seed, so that types
//! and repeated n-grams are about as frequent as in prose. `HEURISTICS_TEXTS` may name a folder with
//! `en.txt`, `ru.txt` and `zh.txt` instead, each of texts with NUL between them. `HEURISTICS_PASSES`
//! makes no statistics: it runs the one part that `HEURISTICS_PART` names (`en/all heuristics`) as
//! many times and prints what a pass took on the processor; `benches/instructions.sh` counts its instructions.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use tamis::score::Scorer;
use tamis::score::classifier::{Classifier, Scratch};
use tamis::score::concentration::Profile;
use tamis::score::language::{Language, identify};
use tamis::score::reference::Reference;
use tamis::text::normalise::Unmasked;
use tamis::text::{MEASURED_BYTES, Scan, beginning, count_words};

/// A pseudo-random sequence (Steele et al. 2014, SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// About `bytes` bytes of sentences over `letters`.
fn text(letters: &[char], bytes: usize, random: &mut Random) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        // A product of two uniform draws is about as skewed as word ranks are.
        let rank = random.below(200) * random.below(100) / 8;
        let mut word = Random(rank);
        for _ in 0..1 + rank.max(1).ilog2().min(4) + word.below(4) as u32 {
            text.push(letters[word.below(letters.len() as u64) as usize]);
        }
        text.push_str(match random.below(60) {
            0..4 => ". ",
            4..8 => ", ",
            8 => ".\n\n",
            _ => " ",
        });
    }
    text
}

/// The texts of a language, from the folder that is named or drawn.
fn texts(lang: &str, letters: &str) -> Vec<String> {
    if let Ok(folder) = std::env::var("HEURISTICS_TEXTS") {
        let path = format!("{folder}/{lang}.txt");
        let all = std::fs::read_to_string(path).expect("the file of texts can be read");
        return all.split('\0').map(str::to_owned).collect();
    }
    let letters: Vec<char> = letters.chars().collect();
    let mut random = Random(7);
    (0..500)
        .map(|_| text(&letters, 1000, &mut random))
        .collect()
}

/// What one worker has for one language.
struct Room {
    lang: &'static str,
    scorer: Scorer,
    classifier: Classifier,
    scan: Scan,
    scratch: Scratch,
    profile: Profile,
}

impl Room {
    fn new(lang: &'static str, texts: &[String]) -> Room {
        let (mut scan, mut profile) = (Scan::default(), Profile::default());
        for text in texts {
            scan.read(text);
            profile.add(Some(lang), &scan);
        }
        Room {
            lang,
            scorer: Scorer::new(
                Reference::embedded(),
                Some(&profile),
                Language::Declared(lang.to_owned()),
            ),
            classifier: Classifier::embedded(),
            scan,
            scratch: Scratch::default(),
            profile,
        }
    }
}

type Part = (&'static str, fn(&mut Room, &str));

/// The parts that are measured.
const PARTS: [Part; 7] = [
    ("count words", |_, text| {
        black_box(count_words(text));
    }),
    ("read", |room, text| room.scan.read(text)),
    ("profile", |room, text| {
        room.scan.read(text);
        room.profile.add(Some(room.lang), &room.scan);
    }),
    ("all heuristics", |room, text| {
        black_box(room.scorer.measure(&Unmasked::new(text), &mut room.scan));
    }),
    ("classifier", |room, text| {
        let (text, lang) = (Unmasked::new(text), Some(room.lang));
        let _ = black_box(
            room.classifier
                .logit((&text, None), lang, &mut room.scratch),
        );
    }),
    ("language", |_, text| {
        black_box(identify(text));
    }),
    ("everything", |room, text| {
        let text = &Unmasked::new(text);
        black_box(Language::Identified.of(text));
        black_box(room.scorer.measure(text, &mut room.scan));
        let lang = Some(room.lang);
        let text = (text, Some(&room.scan));
        let _ = black_box(room.classifier.logit(text, lang, &mut room.scratch));
    }),
];

const LANGUAGES: [(&str, &str); 3] = [
    ("en", "etaoinshrdlucmfw"),
    ("ru", "оеаинтсрвлкмдпуя"),
    ("zh", "的一是不了人我在有他"),
];

/// The texts of a group: those of a language, or the English ones as one document or cut anew.
fn group(name: &str) -> (&'static str, Vec<String>) {
    let of = |lang: &str| LANGUAGES.iter().find(|known| known.0 == lang);
    if let Some(&(lang, letters)) = of(name) {
        return (lang, texts(lang, letters));
    }
    let english = texts("en", LANGUAGES[0].1).join("\n\n");
    let bytes = match name {
        "beginning" => MEASURED_BYTES,
        _ => 100_000_000,
    };
    let copies = bytes.div_ceil(english.len());
    // Each copy has words of its own, or a long text would hold few types and nothing new.
    let long: String = (0..copies)
        .map(|copy| match copy {
            0 => english.clone(),
            _ => english.replace("e ", &format!("{copy} ")),
        })
        .collect();
    let long = beginning(&long, bytes);
    match name {
        "documents of 10 kB" => ("en", pieces(long, 10_000)),
        _ => ("en", vec![long.to_owned()]),
    }
}

fn pieces(mut text: &str, bytes: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let (piece, rest) = text.split_at(beginning(text, bytes).len());
        pieces.push(piece.to_owned());
        text = rest;
    }
    pieces
}

const GROUPS: [&str; 6] = ["en", "ru", "zh", "documents of 10 kB", "beginning", "long"];

fn heuristics(criterion: &mut Criterion) {
    for name in GROUPS {
        let (lang, texts) = group(name);
        let mut room = Room::new(lang, &texts);
        let mut group = criterion.benchmark_group(name);
        let bytes: usize = texts.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.sample_size(20);
        for (part, work) in PARTS {
            if lang == name || part == "all heuristics" {
                group.bench_function(part, |bencher| {
                    bencher.iter_batched(
                        || (),
                        |()| texts.iter().for_each(|text| work(&mut room, text)),
                        BatchSize::PerIteration,
                    );
                });
            }
        }
        group.finish();
    }
}

/// Nanoseconds that this thread has run, where Linux tells; else by the clock on the wall.
fn nanoseconds(since: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = told.and_then(|told| told.split(' ').next()?.parse().ok());
    ran.unwrap_or_else(|| since.elapsed().as_secs_f64() * 1e9)
}

/// Runs one part some times and prints what a pass takes on the processor.
fn passes(passes: u32) {
    let named = std::env::var("HEURISTICS_PART").unwrap_or("en/all heuristics".to_owned());
    let (name, part) = named.split_once('/').expect("a part is GROUP/PART");
    let work = PARTS.iter().find(|known| known.0 == part);
    let (_, work) = work.expect("the part is one of this file");
    let (lang, texts) = group(name);
    let mut room = Room::new(lang, &texts);
    let bytes: usize = texts.iter().map(String::len).sum();
    let start = Instant::now();
    let before = nanoseconds(start);
    for _ in 0..passes {
        texts.iter().for_each(|text| work(&mut room, text));
    }
    let each = (nanoseconds(start) - before) / f64::from(passes);
    println!(
        "{named}: {bytes} bytes, {:.3} ns a byte",
        each / bytes as f64
    );
}

criterion_group!(benches, heuristics);

fn main() {
    match std::env::var("HEURISTICS_PASSES") {
        Ok(count) => passes(count.parse().expect("HEURISTICS_PASSES is a number")),
        Err(_) => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
    }
}
