//! Is machine text more concentrated? Machine pools beside human pools of the same size and domains.
//!
//! Entropy, the share of the fullest buckets and the divergence from human text all depend on the
//! size of a pool, on how many documents it is made of, and on what they are about. So pools are
//! matched by *group* (a human text with its machine versions, or the answers to one prompt): only groups
//! with both labels count, and in each draw one human and one machine text of a group stand for it, both
//! cut to the length of the shorter. The groups of a domain are parted at random into thirds, and those of a third drawn
//! with replacement. The human text of one third is the reference, that of the second is set
//! against the machine text of the same groups, and that of the third, human against human, is
//! the null: what the difference would be if there were none. The interval runs from the 2.5% to the
//! 97.5% quantile of the draws, so it holds the chance of the thirds and that of the bootstrap.

mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::draws::Draws;
use crate::score::concentration::{Counts, buckets};
use crate::score::reference::ReferenceLanguage;
use crate::text::Scan;

/// Groups with both labels without which a domain is in no pool.
pub const MIN_GROUPS: usize = 30;

/// Pools of one draw: the reference, a human pool, another, and a machine pool.
const POOLS: usize = 4;
const REFERENCE: usize = 0;
const HUMAN: usize = 1;
const OTHER_HUMAN: usize = 2;
const MACHINE: usize = 3;

/// Names of the figures, in order.
pub const FIGURES: [&str; 5] = ["entropy", "gini", "top_1_percent", "kl", "js"];

/// A labelled document.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The text.
    pub text: &'a str,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// Topic or register: pools are matched by it.
    pub domain: &'a str,
    /// What belongs together; without one a document is in no pool.
    pub group: &'a str,
    /// ISO 639-1 code.
    pub lang: &'a str,
}

/// A study at work: documents go in, figures come out.
#[derive(Default)]
pub struct Study {
    scan: Scan,
    domains: BTreeMap<(String, String), Domain>,
}

/// The documents of one domain in one language.
#[derive(Default)]
struct Domain {
    /// By group: the human and the machine documents.
    groups: BTreeMap<String, [Vec<Ngrams>; 2]>,
}

/// The buckets of a document's words and pairs, in order.
type Ngrams = Vec<u16>;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Draws of each pool.
    pub draws: usize,
    /// Each language with all its domains, then each domain.
    pub pools: Vec<Pool>,
}

/// The figures of one language, or of one domain of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pool {
    /// ISO 639-1 code.
    pub lang: String,
    /// Null where all domains of the language are together.
    pub domain: Option<String>,
    /// Groups that have both labels.
    pub groups: usize,
    /// Human documents in them.
    pub human: usize,
    /// Machine documents in them.
    pub machine: usize,
    /// Mean size of a pool, in words and pairs of words.
    pub ngrams: u64,
    /// By the names of [`FIGURES`].
    pub figures: Vec<Figure>,
}

/// One measure of a human pool, and the differences to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// One of [`FIGURES`].
    pub name: &'static str,
    /// Mean of the human pools, of each measure in its unit (bits, or a share).
    pub human: f64,
    /// Machine pool less human pool.
    pub machine_less_human: Difference,
    /// A human pool less another.
    pub human_less_human: Difference,
}

/// A difference over the draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Mean.
    pub mean: f64,
    /// 2.5% quantile.
    pub low: f64,
    /// 97.5% quantile.
    pub high: f64,
}

/// The figures of the two human pools and of the machine pool of one draw, and their mean size.
struct Drawn {
    values: [[f64; FIGURES.len()]; 3],
    ngrams: u64,
}

impl Study {
    /// Takes a document in; its text is not kept.
    pub fn add(&mut self, document: Document<'_>) {
        if document.group.is_empty() {
            return;
        }
        self.scan.read(document.text);
        let ngrams: Ngrams = buckets(&self.scan).map(|bucket| bucket as u16).collect();
        let key = (document.lang.to_owned(), document.domain.to_owned());
        let groups = &mut self.domains.entry(key).or_default().groups;
        let group = groups.entry(document.group.to_owned()).or_default();
        group[usize::from(document.machine)].push(ngrams);
    }

    /// The figures of `draws` draws; no pools where no domain has [`MIN_GROUPS`].
    pub fn finish(mut self, draws: usize) -> Evaluation {
        for domain in self.domains.values_mut() {
            let both = |labels: &[Vec<Ngrams>; 2]| labels.iter().all(|of| !of.is_empty());
            domain.groups.retain(|_, labels| both(labels));
        }
        self.domains
            .retain(|_, domain| domain.groups.len() >= MIN_GROUPS);
        let mut languages: BTreeMap<&str, Vec<(usize, &str, &Domain)>> = BTreeMap::new();
        for (place, ((lang, name), domain)) in self.domains.iter().enumerate() {
            let of_language = languages.entry(lang).or_default();
            of_language.push((place, name, domain));
        }
        let mut pools = Vec::new();
        for (&lang, domains) in &languages {
            pools.extend(pool(lang, None, domains, draws));
        }
        for (&lang, domains) in &languages {
            for domain in domains {
                let alone = std::slice::from_ref(domain);
                pools.extend(pool(lang, Some(domain.1), alone, draws));
            }
        }
        Evaluation { draws, pools }
    }
}

/// The figures of these domains together; `None` where no draw filled the pools.
fn pool(
    lang: &str,
    name: Option<&str>,
    domains: &[(usize, &str, &Domain)],
    draws: usize,
) -> Option<Pool> {
    let drawn: Vec<Drawn> = (0..draws)
        .into_par_iter()
        .filter_map(|draw| measured(domains, draw))
        .collect();
    if drawn.is_empty() {
        return None;
    }
    let figures = FIGURES.iter().enumerate().map(|(place, &name)| {
        let of = |pool: usize| drawn.iter().map(move |draw| draw.values[pool][place]);
        let less_human = |pool: usize| difference(of(pool).zip(of(0)).map(|(a, b)| a - b));
        Figure {
            name,
            human: of(0).sum::<f64>() / drawn.len() as f64,
            machine_less_human: less_human(2),
            human_less_human: less_human(1),
        }
    });
    let groups = || {
        domains
            .iter()
            .flat_map(|(_, _, domain)| domain.groups.values())
    };
    let documents = |label: usize| groups().map(|labels| labels[label].len()).sum();
    Some(Pool {
        lang: lang.to_owned(),
        domain: name.map(str::to_owned),
        groups: groups().count(),
        human: documents(0),
        machine: documents(1),
        ngrams: drawn.iter().map(|draw| draw.ngrams).sum::<u64>() / drawn.len() as u64,
        figures: figures.collect(),
    })
}

/// The pools of one draw, measured.
fn measured(domains: &[(usize, &str, &Domain)], draw: usize) -> Option<Drawn> {
    let mut pools: [Counts; POOLS] = Default::default();
    for (place, _, domain) in domains {
        domain.count(Draws::new(&[*place, draw]), &mut pools);
    }
    let [reference, human, other_human, machine] = pools;
    let reference = ReferenceLanguage::of(&reference);
    let mut values = [[0.0; FIGURES.len()]; 3];
    for (values, pool) in values.iter_mut().zip([&human, &other_human, &machine]) {
        let (shape, divergence) = (pool.shape()?, pool.divergence(&reference)?);
        *values = [
            shape.entropy,
            shape.gini,
            shape.top_1_percent,
            divergence.kl,
            divergence.js,
        ];
    }
    Some(Drawn {
        values,
        ngrams: human.ngrams,
    })
}

impl Domain {
    /// Adds the n-grams that one draw takes from this domain, of each pool but the reference equally
    /// many.
    fn count(&self, mut draws: Draws, pools: &mut [Counts; POOLS]) {
        let mut pairs: Vec<[&[u16]; 2]> = self
            .groups
            .values()
            .map(|of| pair(of, &mut draws))
            .collect();
        draws.shuffle(&mut pairs);
        let third = pairs.len() / 3;
        let mut drawn: [Vec<u16>; POOLS] = Default::default();
        for (part, pairs) in pairs.chunks(third.max(1)).take(3).enumerate() {
            for _ in 0..pairs.len() {
                let [human, machine] = pairs[draws.below(pairs.len())];
                drawn[part].extend(human);
                if part == HUMAN {
                    drawn[MACHINE].extend(machine);
                }
            }
        }
        let least = drawn[HUMAN].len().min(drawn[OTHER_HUMAN].len());
        for (place, (ngrams, counts)) in drawn.iter().zip(pools).enumerate() {
            let taken = if place == REFERENCE {
                ngrams.len()
            } else {
                least
            };
            counts.count(ngrams[..taken].iter().map(|&bucket| usize::from(bucket)));
        }
    }
}

/// One human and one machine text of a group, cut to the same length.
fn pair<'a>(labels: &'a [Vec<Ngrams>; 2], draws: &mut Draws) -> [&'a [u16]; 2] {
    let [human, machine] = labels.each_ref().map(|of| &of[draws.below(of.len())]);
    let length = human.len().min(machine.len());
    [&human[..length], &machine[..length]]
}

fn difference(values: impl Iterator<Item = f64>) -> Difference {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Difference {
        mean: values.iter().sum::<f64>() / values.len() as f64,
        low: at(0.025),
        high: at(0.975),
    }
}
