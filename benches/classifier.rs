//! What the classifier costs beyond the pass that all scorers share: features and score, in three
//! scripts, and the parts of it. Throughput counts the bytes of text that are read, so a nanosecond
//! a byte is 1,000 divided by the megabytes a second.
//!
//! The texts are drawn from sentences with a fixed seed; `CLASSIFIER_TEXTS` may name a file of
//! texts with NUL between them instead.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tamis::score::classifier::{Classifier, Scratch};
use tamis::score::language::identify;
use tamis::text::normalise::{MAX_CHARS, Unmasked, head};
use tamis::text::{Scan, tokens};

const ENGLISH: &str = "The river had risen in the night, and by the morning most of the lower road was \
    under water. As soon as the results are known, the committee will publish a report on the state of \
    the bridges. \u{201C}I do not know,\u{201D} she said, \u{201C}but one of them must have seen him at \
    the end of the day.\u{201D} At the same time, a part of the work was done by hand, on the basis of a \
    plan made in 1887; they're listed in the appendix.";
const RUSSIAN: &str = "Ночью река поднялась, и к утру большая часть нижней дороги оказалась под водой. \
    Как только станут известны результаты, комиссия опубликует отчёт о состоянии мостов. «Я не знаю, — \
    сказала она, — но кто-то из них должен был видеть его в конце дня». Часть работы сделали вручную по \
    плану 1887 года.";
const CHINESE: &str = "夜里河水上涨，到了早晨，下面那条路大部分都被水淹没了。结果一公布，委员会就会发表一份关于\
    桥梁状况的报告。“我不知道，”她说，“但他们当中一定有人在傍晚见过他。”与此同时，一部分工作是按照一八八七年\
    制定的计划手工完成的。";

/// Texts of about 4,000 bytes whose words come in an order of their own, so that pairs of words are
/// as many as in prose.
fn drawn(sentences: &str) -> Vec<String> {
    let words: Vec<&str> = match sentences.contains(' ') {
        true => sentences.split_inclusive(' ').collect(),
        false => sentences.split_inclusive(['，', '。']).collect(),
    };
    let mut state = 7u64;
    let mut text = || {
        let mut text = String::new();
        while text.len() < 4_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(words[(state >> 33) as usize % words.len()]);
            if state >> 60 == 0 {
                text.push('\n');
            }
        }
        text
    };
    (0..64).map(|_| text()).collect()
}

fn classifier(criterion: &mut Criterion) {
    let named = std::env::var("CLASSIFIER_TEXTS").ok();
    let languages = match named {
        Some(path) => {
            let all = std::fs::read_to_string(path).expect("the file of texts can be read");
            vec![("named", all.split('\0').map(str::to_owned).collect())]
        }
        None => vec![
            ("english", drawn(ENGLISH)),
            ("russian", drawn(RUSSIAN)),
            ("chinese", drawn(CHINESE)),
        ],
    };
    let model = Classifier::embedded();
    let english = model
        .regions()
        .iter()
        .find(|region| region.languages().iter().any(|known| known.lang == "en"))
        .expect("the embedded model answers for English");
    for (name, texts) in languages {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        let read: usize = texts.iter().map(|text| head(text, MAX_CHARS).len()).sum();
        group.throughput(Throughput::Bytes(read as u64));
        let mut scratch = Scratch::default();
        // What the other scorers have read by then.
        let read: Vec<Scan> = texts
            .iter()
            .map(|text| {
                let mut scan = Scan::default();
                scan.read(text);
                scan
            })
            .collect();
        group.bench_function("features and score", |bencher| {
            bencher.iter(|| {
                for (text, scan) in texts.iter().zip(&read) {
                    let text = Unmasked::new(text);
                    black_box(english.logit((&text, Some(scan)), &mut scratch));
                }
            });
        });
        group.bench_function("tokens", |bencher| {
            let (mut own, mut found) = (Scan::default(), Vec::new());
            bencher.iter(|| {
                for (text, scan) in texts.iter().zip(&read) {
                    tokens((&Unmasked::new(text), Some(scan)), &mut own, &mut found);
                    black_box(found.len());
                }
            });
        });
        group.bench_function("alone", |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    black_box(english.logit((&Unmasked::new(text), None), &mut scratch));
                }
            });
        });
        group.bench_function("unmask", |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    black_box(Unmasked::new(text).as_str().len());
                }
            });
        });
        group.bench_function("language", |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    black_box(identify(text));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, classifier);
criterion_main!(benches);
