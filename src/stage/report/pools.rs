//! What the plan makes of the pools: the samples that `profile` drew, and the fates of their rows.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::report::pools::{PoolLine, PoolMeasures, Taken};
use crate::score::concentration::Profile;
use crate::score::pool::{Place, Rows};
use crate::stage::error::StageError;
use crate::stage::inputs::Input;
use crate::stage::job::Job;
use crate::stage::plan::sweep::Sum;
use crate::stage::profile::{self, Summary};

/// The profiles of all sources with the rows that their samples speak of, in the order of the configuration.
pub(super) struct Pools {
    profiles: Vec<(Summary, Profile)>,
    rows: Vec<Rows>,
}

/// Copies that the plan takes of rows that the samples speak of, by source.
#[derive(Default)]
pub(super) struct Copies(BTreeMap<(usize, Place), u64>);

impl Sum for Copies {
    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

impl Pools {
    /// Reads the profiles.
    ///
    /// # Errors
    /// If one is missing or damaged.
    pub(super) fn read(job: &Job) -> Result<Pools, StageError> {
        let mut pools = Pools {
            profiles: Vec::new(),
            rows: Vec::new(),
        };
        for summary in profile::summaries(job)? {
            job.go_on()?;
            let profile = profile::profile_of(job, &summary.source)?;
            let mut rows = Rows::new();
            profile.drawn.places(&mut rows);
            profile.tails.places(&mut rows);
            pools.rows.push(rows);
            pools.profiles.push((summary, profile));
        }
        Ok(pools)
    }

    /// Notes the copies of a row, if a sample speaks of it.
    pub(super) fn note(&self, copies: &mut Copies, input: &Input, row: u64, taken: u64) {
        let shard = place_of(input);
        let wanted = self.rows[input.source].get(&shard);
        if taken > 0 && wanted.is_some_and(|rows| rows.contains(&row)) {
            copies.0.insert((input.source, Place { shard, row }), taken);
        }
    }

    /// A line for each language of each source.
    pub(super) fn lines(&self, job: &Job, copies: &Copies) -> Vec<PoolLine> {
        let mut lines = Vec::new();
        for (source, (summary, profile)) in self.profiles.iter().enumerate() {
            let taken = |place| copies.0.get(&(source, place)).copied().unwrap_or(0);
            for (lang, measures) in &summary.concentration {
                let human = job.models.reference.of(lang);
                let shapes = profile.drawn.before_and_after(lang, human, taken);
                lines.push(PoolLine {
                    plan: shapes.map(|(before, after)| Taken { before, after }),
                    tail: profile.tails.retention(lang, |place| taken(place) > 0),
                    ..line(summary, lang, measures)
                });
            }
        }
        lines
    }
}

/// The shard's name in places.
fn place_of(input: &Input) -> u64 {
    xxh3_64(input.shard.name.as_bytes())
}

/// A pool as `profile` found it.
pub(in crate::stage) fn line(summary: &Summary, lang: &str, of: &PoolMeasures) -> PoolLine {
    PoolLine {
        source: summary.source.clone(),
        lang: lang.to_owned(),
        sampled: !summary.whole,
        measures: of.clone(),
        plan: None,
        tail: None,
    }
}
