//! Speed of the text scorers on generated text: words alone, and all measures together.
//!
//! The texts are drawn word by word from a Zipf-like distribution with a fixed seed, so that types
//! and repeated n-grams are about as frequent as in prose.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tamis::score::concentration::Profile;
use tamis::score::language::identify;
use tamis::score::reference::Reference;
use tamis::score::{Scorer, language::Language};
use tamis::text::{Scan, count_words};

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

fn texts(letters: &str) -> Vec<String> {
    let letters: Vec<char> = letters.chars().collect();
    let mut random = Random(7);
    (0..64).map(|_| text(&letters, 4000, &mut random)).collect()
}

fn heuristics(criterion: &mut Criterion) {
    let alphabets = [
        ("latin", "etaoinshrdlucmfw"),
        ("cyrillic", "оеаинтсрвлкмдпуя"),
        ("han", "的一是不了人我在有他"),
    ];
    for (name, letters) in alphabets {
        let texts = texts(letters);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(
            texts.iter().map(|text| text.len() as u64).sum(),
        ));
        group.bench_function(BenchmarkId::from_parameter("count_words"), |bencher| {
            bencher.iter(|| texts.iter().map(|text| count_words(text)).sum::<u64>());
        });
        let mut scan = Scan::default();
        let mut profile = Profile::default();
        group.bench_function(BenchmarkId::from_parameter("profile"), |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    scan.read(text);
                    profile.add(Some("en"), &scan);
                }
            });
        });
        for language in [false, true] {
            let scorer = Scorer::new(
                Reference::embedded(),
                Some(&profile),
                if language {
                    Language::Identified
                } else {
                    Language::Unknown
                },
            );
            let label = if language {
                "measure and language"
            } else {
                "measure"
            };
            group.bench_function(BenchmarkId::from_parameter(label), |bencher| {
                bencher.iter(|| {
                    for text in &texts {
                        black_box(scorer.measure(text, &mut scan));
                    }
                });
            });
        }
        group.finish();
    }
}

/// Sentences of one language: what a model settles on, unlike drawn words.
const SENTENCES: [(&str, &str); 4] = [
    (
        "en",
        "All human beings are born free and equal in dignity and rights. ",
    ),
    (
        "fr",
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. ",
    ),
    (
        "ru",
        "Все люди рождаются свободными и равными в своем достоинстве и правах. ",
    ),
    (
        "zh",
        "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。",
    ),
];

/// The language of texts of about a kilobyte.
fn language(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("language");
    for (lang, sentence) in SENTENCES {
        let text = sentence.repeat(1_000 / sentence.len() + 1);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(lang), |bencher| {
            bencher.iter(|| black_box(identify(black_box(&text))));
        });
    }
    group.finish();
}

criterion_group!(benches, heuristics, language);
criterion_main!(benches);
