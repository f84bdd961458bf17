//! Pools as a table: how concentrated they are at one size, what the plan makes of it, what they say too often.

use super::{line, shown};
use crate::report::pools::PoolLine;

/// Pools that are shown.
const MOST_POOLS: usize = 6;
/// N-grams that are shown of a pool.
const MOST_NGRAMS: usize = 6;
/// How much oftener than people a pool says an n-gram that is shown.
const LEAST_RATIO: f64 = 2.0;
/// Documents below which a pool's shape says little.
const LEAST_DOCUMENTS: u64 = 10;

/// Appends the table, the largest pools first; the rest is in the JSON.
pub fn render(text: &mut String, pools: &[PoolLine]) {
    let mut order: Vec<&PoolLine> = pools.iter().collect();
    order.retain(|of| of.measures.documents >= LEAST_DOCUMENTS);
    order.sort_by(|a, b| {
        b.measures
            .ngrams
            .cmp(&a.measures.ngrams)
            .then(a.source.cmp(&b.source))
    });
    order.truncate(MOST_POOLS);
    if order.is_empty() {
        return;
    }
    line(
        text,
        format_args!(
            "{:<28}{:>10}{:>13}{:>9}{:>14}{:>13}{:>11}",
            "n-grams of the sample",
            "documents",
            "entropy",
            "gini",
            "in fullest 1%",
            "from human",
            "tail kept"
        ),
    );
    for of in &order {
        pool(text, of);
    }
    if pools.len() > order.len() {
        let more = pools.len() - order.len();
        line(text, format_args!("  and {more} smaller ones in the JSON"));
    }
    said_too_often(text, &order);
    text.push('\n');
}

fn pool(text: &mut String, of: &PoolLine) {
    let bits = |bits: Option<f64>| bits.map_or("-".to_owned(), |bits| format!("{bits:.3} bits"));
    let tail = of.tail.map_or("-".to_owned(), |tail| {
        format!("{:.1}%", tail.retention * 100.0)
    });
    line(
        text,
        format_args!(
            "{:<28}{:>10}{:>8.2} bits{:>9.3}{:>13.1}%{:>13}{tail:>11}",
            format!("{}, {}", shown(&of.source), shown(&of.lang)),
            of.measures.documents,
            of.measures.entropy,
            of.measures.gini,
            of.measures.top_1_percent * 100.0,
            bits(of.measures.kl),
        ),
    );
    if let Some(taken) = &of.plan {
        for (name, at) in [("  before", &taken.before), ("  after", &taken.after)] {
            let name = format!("{name}, {} n-grams", at.ngrams);
            line(
                text,
                format_args!(
                    "{name:<28}{:>10}{:>8.2} bits{:>9.3}{:>13.1}%{:>13}",
                    at.documents,
                    at.entropy,
                    at.gini,
                    at.top_1_percent * 100.0,
                    bits(at.kl),
                ),
            );
        }
    }
}

fn said_too_often(text: &mut String, pools: &[&PoolLine]) {
    for of in pools {
        let often = of.measures.over_represented.iter();
        let list: Vec<String> = often
            .filter(|ngram| ngram.ratio >= LEAST_RATIO)
            .take(MOST_NGRAMS)
            .map(|ngram| format!("{} ({:.1}x)", shown(&ngram.ngram), ngram.ratio))
            .collect();
        if list.is_empty() {
            continue;
        }
        line(
            text,
            format_args!(
                "said more than people do, {}, {}: {}",
                shown(&of.source),
                shown(&of.lang),
                list.join(", ")
            ),
        );
    }
}
