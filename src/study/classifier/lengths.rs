//! The sets of documents by length.

use super::CUTS;
use super::evaluation::Members;
use super::judge::{Verdict, Verdicts};
use super::rows::Row;

/// First characters of each band; a document belongs to the last that it reaches.
const BANDS: [usize; 5] = [200, 500, 1_000, 2_000, 4_000];

/// Documents by their length, judged whole. Shorter ones are in none.
pub(super) fn bands(rows: &[Row]) -> Vec<Members> {
    let nexts = BANDS[1..].iter().copied().map(Some).chain([None]);
    BANDS
        .iter()
        .zip(nexts)
        .map(|(&from, next)| {
            let name = match next {
                Some(next) => format!("{from}-{}", next - 1),
                None => format!("{from}+"),
            };
            let to = next.unwrap_or(usize::MAX);
            members(name, rows, |v| (from..to).contains(&v.chars), whole)
        })
        .collect()
}

/// Documents that have at least as many characters as a cut, judged by so many.
pub(super) fn cuts(rows: &[Row]) -> Vec<Members> {
    let verdicts: [fn(&Verdicts) -> Option<Verdict>; 3] =
        [|v| v.cuts[0], |v| v.cuts[1], |v| v.cuts[2]];
    CUTS.iter()
        .zip(verdicts)
        .map(|(&cut, verdict)| {
            let name = format!("first {cut}");
            members(name, rows, |v| verdict(v).is_some(), verdict)
        })
        .collect()
}

fn whole(verdicts: &Verdicts) -> Option<Verdict> {
    Some(verdicts.whole)
}

fn members(
    name: String,
    rows: &[Row],
    belongs: impl Fn(&Verdicts) -> bool,
    verdict: fn(&Verdicts) -> Option<Verdict>,
) -> Members {
    let rows = rows.iter().enumerate();
    Members {
        name,
        rows: rows
            .filter(|(_, row)| belongs(&row.verdicts))
            .map(|(at, _)| at)
            .collect(),
        verdict,
        paired: false,
    }
}
