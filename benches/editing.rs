//! How fast the embedded prior reads a text, and how fast the editor edits it.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tamis::edit::prior::{NgramPrior, Prior};
use tamis::edit::{ProbabilitySketch, Settings, edit};

const SENTENCES: [&str; 8] = [
    "The river had risen in the night, and by the morning most of the lower road was under water.",
    "As soon as the results are known, the committee will publish a report on the state of the bridges.",
    "In order to answer the question, it is necessary to look at the number of people who live there.",
    "\u{201C}I do not know,\u{201D} she said, \u{201C}but one of them must have seen him at the end of the day.\u{201D}",
    "At the same time, a part of the work was done by hand, on the basis of a plan made in 1887.",
    "See https://example.org/notes/12 for the well-known cases that don't fit; they're listed in `cases.txt`.",
    "It should be noted that the United States was not the first to do so, as far as anyone can tell.",
    "There was nothing to be seen but the long line of hills and, here and there, a light in a window.",
];

/// A text of about one megabyte: the sentences in an order that does not repeat soon.
fn text() -> String {
    let mut state = 1u64;
    let mut text = String::new();
    while text.len() < 1 << 20 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(SENTENCES[(state >> 61) as usize]);
        text.push(if state >> 40 & 7 == 0 { '\n' } else { ' ' });
    }
    text
}

fn editing(criterion: &mut Criterion) {
    let prior = NgramPrior::embedded().expect("the embedded prior is whole");
    let text = text();
    let mut sketch = ProbabilitySketch::default();
    sketch
        .add(&text, "en", &prior)
        .expect("an n-gram prior does not fail");
    let settings = Settings {
        threshold: sketch.threshold(0.01),
        ..Settings::default()
    };

    let mut group = criterion.benchmark_group("editing");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("probabilities", |bench| {
        bench.iter(|| {
            let mut sum = 0.0;
            let walked = prior.walk("en", &text, &mut |token, _| {
                sum += token.probability;
                ControlFlow::Continue(())
            });
            walked.expect("an n-gram prior does not fail");
            black_box(sum)
        });
    });
    group.bench_function("sketch", |bench| {
        bench.iter(|| {
            let mut sketch = ProbabilitySketch::default();
            sketch
                .add(&text, "en", &prior)
                .expect("an n-gram prior does not fail");
            black_box(sketch.changeable())
        });
    });
    group.bench_function("edit", |bench| {
        bench.iter(|| edit(black_box(&text), "en", &prior, &settings, 7));
    });
    group.finish();
    criterion.bench_function("load", |bench| {
        bench.iter(|| black_box(NgramPrior::embedded().map(|p| p.languages().len()).ok()));
    });
}

criterion_group!(benches, editing);
criterion_main!(benches);
