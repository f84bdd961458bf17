//! Which languages a model may answer for: those where it works on domains that it had not seen.

use std::collections::BTreeMap;

use super::held_out::HeldOut;
use super::report::LanguageFigures;
use super::rows::Rows;
use crate::score::classifier::measure::auroc;

/// Rows of a domain below which it says nothing by itself.
const MIN_ROWS: usize = 30;
/// Domains of each label that a language must have: one left out, one trained on.
const MIN_DOMAINS: usize = 2;

type Sides = [Vec<f64>; 2];

/// The held-out figures of each language with enough rows, the most machine rows first.
///
/// A language is answered for if four figures reach `min_auroc`: of all its rows together, with
/// whole sources left out, and with whole domains left out; the mean of its domains, each against
/// its own other label or, where it has none, against that of the language; and the mean of its
/// *paired* domains, those with enough rows of both labels. Where people and machines never write
/// on the same things, a model may know no more than the register.
pub(super) fn figures(
    rows: &Rows<'_>,
    (by_domain, by_source): (&[HeldOut], &[HeldOut]),
    min_auroc: f64,
) -> Vec<LanguageFigures> {
    let mut cells: BTreeMap<&str, BTreeMap<&str, Sides>> = BTreeMap::new();
    for held_out in by_domain {
        let example = rows.example(held_out.row);
        if !is_language(&example.lang) {
            continue;
        }
        let domains = cells.entry(&example.lang).or_default();
        let sides = domains.entry(&example.domain).or_default();
        sides[usize::from(example.machine)].push(held_out.short);
    }
    let mut sources: BTreeMap<&str, Sides> = BTreeMap::new();
    for held_out in by_source {
        let example = rows.example(held_out.row);
        let sides = sources.entry(&example.lang).or_default();
        sides[usize::from(example.machine)].push(held_out.short);
    }
    let mut figures: Vec<LanguageFigures> = cells
        .into_iter()
        .filter_map(|(lang, domains)| {
            let sides = sources.get(lang);
            let unseen_sources = sides.and_then(|[human, machine]| auroc(human, machine));
            language(lang, &domains, unseen_sources, min_auroc)
        })
        .collect();
    figures.sort_by_key(|figures| (usize::MAX - figures.machine, figures.lang.clone()));
    figures
}

/// Whether this may be a code of ISO 639: without one nobody could ask the model.
fn is_language(code: &str) -> bool {
    (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn language(
    lang: &str,
    domains: &BTreeMap<&str, Sides>,
    unseen_sources: Option<f64>,
    min_auroc: f64,
) -> Option<LanguageFigures> {
    let pool = |side: usize| -> Vec<f64> {
        domains
            .values()
            .flat_map(|sides| sides[side].iter().copied())
            .collect()
    };
    let (human, machine) = (pool(0), pool(1));
    let counted = |side: usize| {
        domains
            .values()
            .filter(|sides| sides[side].len() >= MIN_ROWS)
            .count()
    };
    let domain_counts = [counted(0), counted(1)];
    let (mut by_domain, mut paired) = (Vec::new(), Vec::new());
    for [own_human, own_machine] in domains.values() {
        let enough = [own_human.len() >= MIN_ROWS, own_machine.len() >= MIN_ROWS];
        by_domain.extend(match enough {
            [true, true] => {
                let own = auroc(own_human, own_machine);
                paired.extend(own);
                own
            }
            [true, false] => auroc(own_human, &machine),
            [false, true] => auroc(&human, own_machine),
            [false, false] => None,
        });
    }
    if by_domain.is_empty() {
        return None;
    }
    let pooled = auroc(&human, &machine)?;
    let mean_of = |figures: &[f64]| figures.iter().sum::<f64>() / figures.len() as f64;
    let mean = mean_of(&by_domain);
    let paired_mean = (!paired.is_empty()).then(|| mean_of(&paired));
    let lowest = by_domain.iter().copied().fold(1.0, f64::min);
    Some(LanguageFigures {
        lang: lang.to_owned(),
        human: human.len(),
        machine: machine.len(),
        domains: domain_counts,
        unseen_sources,
        pooled,
        mean,
        paired: paired_mean,
        lowest,
        answered: domain_counts.iter().all(|&count| count >= MIN_DOMAINS)
            && unseen_sources.is_some_and(|auroc| auroc >= min_auroc)
            && pooled >= min_auroc
            && mean >= min_auroc
            && paired_mean.is_some_and(|mean| mean >= min_auroc),
    })
}
