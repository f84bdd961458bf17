//! An audit as plain text for the terminal.

use std::collections::BTreeMap;

use super::{MOST_LINES, line, pools, prevalence, shown};
use crate::report::audit::{Amount, Audit};

/// The audit as tables.
pub fn render(audit: &Audit) -> String {
    let mut text = String::new();
    let of = match audit.sample {
        Some(sample) => format!(" (drawn: at most {sample} of each source)"),
        None => String::new(),
    };
    line(
        &mut text,
        format_args!(
            "\n{} documents{of}, {} could not be read\n",
            audit.documents, audit.quarantined
        ),
    );
    prevalence::render(&mut text, &audit.prevalence);
    super::origins(&mut text, (&audit.origins, &audit.classifier));
    amounts(&mut text, "source", &audit.by_source);
    amounts(&mut text, "language", &audit.by_lang);
    means(&mut text, "diversity", &audit.diversity);
    means(&mut text, "repetition", &audit.repetition);
    pools::render(&mut text, &audit.concentration);
    text.truncate(text.trim_end().len());
    text
}

fn amounts(text: &mut String, what: &str, groups: &BTreeMap<String, Amount>) {
    line(
        text,
        format_args!(
            "{what:<20}{:>12}{:>16}{:>12}{:>12}",
            "documents", "words", "uncertain", "unverified"
        ),
    );
    let mut order: Vec<_> = groups.iter().collect();
    order.sort_by(|a, b| b.1.words.cmp(&a.1.words).then(a.0.cmp(b.0)));
    for (name, of) in order.iter().take(MOST_LINES) {
        line(
            text,
            format_args!(
                "{:<20}{:>12}{:>16}{:>12}{:>12}",
                shown(name),
                of.documents,
                of.words,
                of.uncertain,
                of.unverified
            ),
        );
    }
    if order.len() > MOST_LINES {
        let more = order.len() - MOST_LINES;
        line(text, format_args!("  and {more} more with --json"));
    }
    text.push('\n');
}

fn means(text: &mut String, what: &str, means: &BTreeMap<String, Option<f64>>) {
    line(text, format_args!("{what:<28}{:>12}", "mean"));
    for (name, mean) in means {
        let mean = mean.map_or("-".to_owned(), |mean| format!("{mean:.4}"));
        line(text, format_args!("  {name:<26}{mean:>12}"));
    }
    text.push('\n');
}
