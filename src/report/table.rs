//! The report as plain text for the terminal.

pub mod audit;
pub mod generations;
pub mod pools;
pub mod prevalence;

use std::fmt::Write;

use super::{Change, ClassifierLine, Means, Origins, Report};
use crate::provenance::record::SALVAGED;

/// The report as tables. Names come from the data, so control characters are shown escaped.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    mix(&mut text, report);
    rows(&mut text, report);
    origins(&mut text, (&report.origins, &report.classifier));
    prevalence::render(&mut text, &report.prevalence);
    changes(&mut text, "source", &report.by_source, &report.unit);
    changes(&mut text, "language", &report.by_lang, &report.unit);
    means(&mut text, "diversity", &report.diversity);
    means(&mut text, "concentration", &report.concentration);
    pools::render(&mut text, &report.pools);
    generations::render(&mut text, &report.generations, &report.generation_trends);
    edits(&mut text, report);
    for gate in report.gates.iter().filter(|gate| !gate.ok) {
        line(
            &mut text,
            format_args!(
                "gate {} does not hold: {:.4} against {}",
                gate.name, gate.value, gate.limit
            ),
        );
    }
    failures(&mut text, report);
    text.truncate(text.trim_end().len());
    text
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{what}");
}

/// Shards; rows are counted above by their reason.
fn failures(text: &mut String, report: &Report) {
    for failure in &report.failures {
        let what = match failure.row {
            None => "failed".to_owned(),
            Some(row) if failure.action == SALVAGED => {
                format!("salvaged the first {row} rows of")
            }
            Some(_) => continue,
        };
        line(
            text,
            format_args!(
                "{what} {}: {} [{}]",
                shown(&failure.shard),
                clean(&failure.cause, 400),
                failure.code
            ),
        );
    }
}

fn shown(name: &str) -> String {
    clean(name, 60)
}

/// The first characters of a text, without what would steer a terminal.
fn clean(text: &str, most: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(most)
        .collect()
}

fn mix(text: &mut String, report: &Report) {
    line(
        text,
        format_args!(
            "\n{:<28}{:>9}{:>10}{:>10}{:>14}{:>12}",
            format!("mix by {}", report.unit),
            "target",
            "planned",
            "written",
            report.unit,
            "documents"
        ),
    );
    for part in &report.mix {
        let name = match &part.stratum {
            None => part.origin.clone(),
            Some(stratum) => format!("  {}", shown(stratum)),
        };
        let written = part
            .written
            .map_or(String::new(), |share| format!("{:.3}%", share * 100.0));
        line(
            text,
            format_args!(
                "{name:<28}{:>8.3}%{:>9.3}%{written:>10}{:>14}{:>12}",
                part.target * 100.0,
                part.planned * 100.0,
                part.written_count.unwrap_or(part.planned_count),
                part.documents
            ),
        );
    }
    line(
        text,
        format_args!(
            "largest error {:.4} percentage points\n",
            report.max_error_pp
        ),
    );
}

fn rows(text: &mut String, report: &Report) {
    let rows = &report.rows;
    line(
        text,
        format_args!(
            "rows read {} = kept {} + dropped {} + quarantined {}; written {}",
            rows.read, rows.kept, rows.dropped, rows.quarantined, rows.written
        ),
    );
    for (reason, count) in &report.reasons {
        line(text, format_args!("  {:<26}{count:>12}", shown(reason)));
    }
    text.push('\n');
}

fn origins(text: &mut String, (origins, classifier): (&Origins, &ClassifierLine)) {
    let list = |counts: &std::collections::BTreeMap<String, u64>| {
        counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (name, counts) in [
        ("declared", &origins.declared),
        ("assigned", &origins.assigned),
    ] {
        if !counts.is_empty() {
            line(text, format_args!("{name}: {}", list(counts)));
        }
    }
    if origins.uncertain + origins.unverified > 0 {
        line(
            text,
            format_args!(
                "uncertain: {}; unverified: {} ({})",
                origins.uncertain,
                origins.unverified,
                list(&origins.abstained)
            ),
        );
    }
    if origins.abstained.contains_key("unknown_language") {
        let languages = classifier.languages.iter();
        let known: Vec<String> = languages
            .map(|known| format!("{} (AUROC {:.3})", known.lang, known.auroc))
            .collect();
        line(
            text,
            format_args!("the classifier answers for {} alone", known.join(", ")),
        );
    }
    text.push('\n');
}

/// Most lines of one table; the rest is in `report.json`.
pub(super) const MOST_LINES: usize = 20;

fn changes(
    text: &mut String,
    what: &str,
    groups: &std::collections::BTreeMap<String, Change>,
    unit: &str,
) {
    line(
        text,
        format_args!(
            "{what:<20}{:>14}{:>14}{:>11}{:>12}{:>12}",
            format!("{unit} before"),
            "after",
            "retention",
            "unverified",
            "uncertain"
        ),
    );
    let mut order: Vec<_> = groups.iter().collect();
    order.sort_by(|a, b| b.1.before.cmp(&a.1.before).then(a.0.cmp(b.0)));
    for (name, change) in order.iter().take(MOST_LINES) {
        let retention = change
            .retention
            .map_or("-".to_owned(), |share| format!("{:.1}%", share * 100.0));
        line(
            text,
            format_args!(
                "{:<20}{:>14}{:>14}{retention:>11}{:>12}{:>12}",
                shown(name),
                change.before,
                change.after,
                change.unverified,
                change.uncertain
            ),
        );
    }
    if order.len() > MOST_LINES {
        line(
            text,
            format_args!("  and {} more in report.json", order.len() - MOST_LINES),
        );
    }
    text.push('\n');
}

fn means(text: &mut String, what: &str, means: &Means) {
    line(
        text,
        format_args!(
            "{what:<28}{:>12}{:>12}{:>24}",
            "before", "after", "at the same lengths"
        ),
    );
    let value = |v: Option<f64>| v.map_or("-".to_owned(), |x| format!("{x:.4}"));
    for (name, before) in &means.before {
        let after = means.after.get(name).copied().flatten();
        let same = means.same_lengths.get(name).copied().flatten();
        let same = same.map_or(String::new(), |mean| {
            format!("{:.4} to {:.4}", mean.before, mean.after)
        });
        line(
            text,
            format_args!(
                "  {name:<26}{:>12}{:>12}{same:>24}",
                value(*before),
                value(after)
            ),
        );
    }
    text.push('\n');
}

fn edits(text: &mut String, report: &Report) {
    let edits = &report.edits;
    if edits.drawn > 0 {
        line(
            text,
            format_args!(
                "edits: {} variants drawn; tokens eligible {}, resampled {}, changed {}; unchanged variants {}",
                edits.drawn, edits.eligible, edits.resampled, edits.changed, edits.unchanged
            ),
        );
    }
    if !report.uneditable.is_empty() {
        let list: Vec<String> = report
            .uneditable
            .iter()
            .map(|(why, count)| format!("{why} {count}"))
            .collect();
        line(
            text,
            format_args!("never drawn for editing: {}", list.join(", ")),
        );
    }
}
