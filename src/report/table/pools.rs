//! Pools as a table: how concentrated they are at one size, what the plan makes of it, what they say too often.

use super::{MOST_LINES, line, shown};
use crate::report::pools::PoolLine;

/// N-grams that are shown of a pool.
const MOST_NGRAMS: usize = 6;

/// Appends the table, the largest pools first; the rest is in the JSON.
pub fn render(text: &mut String, pools: &[PoolLine]) {
    if pools.is_empty() {
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
    let mut order: Vec<&PoolLine> = pools.iter().collect();
    order.sort_by(|a, b| b.ngrams.cmp(&a.ngrams).then(a.source.cmp(&b.source)));
    for of in order.iter().take(MOST_LINES) {
        pool(text, of);
    }
    if order.len() > MOST_LINES {
        let more = order.len() - MOST_LINES;
        line(text, format_args!("  and {more} more in the JSON"));
    }
    said_too_often(text, &order[..order.len().min(MOST_NGRAMS)]);
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
            of.documents,
            of.entropy,
            of.gini,
            of.top_1_percent * 100.0,
            bits(of.kl),
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
    for of in pools.iter().filter(|of| !of.over_represented.is_empty()) {
        let ngrams = of.over_represented.iter().take(MOST_NGRAMS);
        let list: Vec<String> = ngrams
            .map(|ngram| format!("{} ({:.1}x)", shown(&ngram.ngram), ngram.ratio))
            .collect();
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
