//! The share of machine text of sources and strata as a table, with what each rests on.

use super::{MOST_LINES, line, shown};
use crate::mix::Level;
use crate::report::PrevalenceLine;

/// Appends the table; nothing where nothing was estimated.
pub fn render(text: &mut String, lines: &[PrevalenceLine]) {
    if lines.is_empty() {
        return;
    }
    line(
        text,
        format_args!(
            "{:<28}{:>8}{:>18}{:>12}{:>16}  {}",
            "machine text (estimated)", "share", "95% interval", "undeclared", "mean logit", "by"
        ),
    );
    for of in lines.iter().take(MOST_LINES) {
        let name = match &of.stratum {
            None => shown(&of.source),
            Some(stratum) => format!("  {}", shown(stratum)),
        };
        let share = |share: f64| format!("{:.1}%", share * 100.0);
        let (point, interval, method) = match &of.estimate {
            Some(found) => (
                share(found.share),
                format!("{} to {}", share(found.low), share(found.high)),
                format!("{}, {}", found.method.name(), anchors(of)),
            ),
            None => (
                "-".to_owned(),
                "-".to_owned(),
                "all are declared".to_owned(),
            ),
        };
        let mean = match (of.mean_logit, of.mean_logit_error) {
            (Some(mean), Some(error)) => format!("{mean:.2} ± {error:.2}"),
            _ => "-".to_owned(),
        };
        line(
            text,
            format_args!(
                "{name:<28}{point:>8}{interval:>18}{:>12}{mean:>16}  {method}",
                of.pool
            ),
        );
    }
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        line(text, format_args!("  and {more} more"));
    }
    assumptions(text, lines);
    text.push('\n');
}

fn anchors(of: &PrevalenceLine) -> String {
    match of.anchored_by {
        Some(Level::Stratum) => format!("anchored by {} of the stratum", of.anchors),
        Some(Level::Source) if of.stratum.is_some() => "anchored by its source".to_owned(),
        Some(Level::Source) => format!("anchored by {}", of.anchors),
        None => "not anchored".to_owned(),
    }
}

/// What must be true for each kind of line, once.
fn assumptions(text: &mut String, lines: &[PrevalenceLine]) {
    let mut told: Vec<&str> = Vec::new();
    for of in lines.iter().take(MOST_LINES) {
        let Some(found) = &of.estimate else {
            continue;
        };
        let assumption = found.assumption.as_ref();
        if !told.contains(&assumption) {
            told.push(assumption);
            let method = found.method.name();
            line(text, format_args!("  {method}: holds if {assumption}"));
        }
    }
}
