//! Generations as a table, at a fixed number of tokens.

use std::collections::BTreeMap;

use super::{MOST_LINES, line, shown};
use crate::report::generations::{GenerationLine, Trend};

/// Appends the table; nothing where there is one line or none, with nothing to compare.
pub fn render(text: &mut String, lines: &[GenerationLine], trends: &[Trend]) {
    if lines.len() < 2 {
        return;
    }
    line(
        text,
        format_args!(
            "{:<28}{:>10}{:>16}{:>10}{:>8}{:>14}",
            "generation, of 10000 tokens",
            "documents",
            "unique tokens",
            "entropy",
            "hapax",
            "similarity"
        ),
    );
    for of in lines.iter().take(MOST_LINES) {
        let generation = of.generation.map_or("-".to_owned(), |g| g.to_string());
        let name = format!("{}, {generation}", shown(&of.source));
        let similarity = of.metrics.self_similarity;
        let similarity = similarity.map_or("-".to_owned(), |of| format!("{:.5}", of.mean));
        let (unique, entropy, hapax) = match of.metrics.at_10000_tokens {
            Some(at) => (
                format!("{:.0}", at.unique_tokens),
                format!("{:.2}", at.entropy),
                format!("{:.3}", at.hapax_ratio),
            ),
            None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        };
        line(
            text,
            format_args!(
                "{name:<28}{:>10}{unique:>16}{entropy:>10}{hapax:>8}{similarity:>14}",
                of.metrics.documents
            ),
        );
    }
    // Sources of one generation each differ by more than their generation.
    let mut of_sources: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for trend in trends {
        if let Some(source) = &trend.source {
            let slope = format!("{} {:+.4}", trend.metric, trend.slope);
            of_sources.entry(source).or_default().push(slope);
        }
    }
    for (source, slopes) in of_sources {
        let slopes = slopes.join(", ");
        line(
            text,
            format_args!("{} each generation: {slopes}", shown(source)),
        );
    }
    text.push('\n');
}
