//! Whether what `score` left is what it would make now.
//!
//! Tasks may have been forgotten, killed, or run before something changed: the plan must not be made
//! from what happens to lie there.

use super::{fingerprint, profile_of, schema};
use crate::config::Limits;
use crate::provenance::fingerprint::short_digest;
use crate::provenance::run_dir::Stage;
use crate::provenance::{Fingerprint, ShardRecord};
use crate::score::row::RowSchema;
use crate::stage::error::StageError;
use crate::stage::inputs::Input;
use crate::stage::job::Job;
use crate::stage::profile;

/// What the scores of a job would be made from now.
pub struct Standing<'a> {
    job: &'a Job,
    schema: RowSchema,
    /// Digest of the n-gram profile of each source.
    profiles: Vec<String>,
}

impl<'a> Standing<'a> {
    /// Of the profiles that there are.
    ///
    /// # Errors
    /// If they are missing or damaged.
    pub fn new(job: &'a Job) -> Result<Standing<'a>, StageError> {
        let schema = schema(job, &profile::summaries(job)?);
        let sources = job.config.source.iter();
        let profiles = sources
            .map(|source| profile_of(job, source).map(|(_, bytes)| short_digest(&bytes)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Standing {
            job,
            schema,
            profiles,
        })
    }

    /// The fingerprint under which the scores of an input would stand, if it is or is not salvaged as `record` tells.
    pub fn fingerprint(&self, input: &Input, record: &ShardRecord) -> Fingerprint {
        let (job, limits) = (self.job, &self.job.config.limits);
        let profile = &self.profiles[input.source];
        let now = fingerprint(job, job.source(input), input, &self.schema, profile);
        match &record.salvaged {
            Some(_) if limits.salvage => salvaging(now, limits),
            _ => now,
        }
    }
}

/// The shards without scores, or whose scores were made from something else, by name; those that are
/// on record as failed are not among them.
///
/// # Errors
/// If the profiles are missing or damaged, or the work was stopped.
pub fn stale(job: &Job) -> Result<Vec<String>, StageError> {
    let now = Standing::new(job)?;
    let mut stale = Vec::new();
    for input in &job.inputs {
        job.go_on()?;
        let record = job.record(&job.run, Stage::Score, input);
        let stands = record.is_some_and(|record| {
            record.failure.is_some() || record.fingerprint == now.fingerprint(input, &record)
        });
        if !stands {
            stale.push(job.name(input));
        }
    }
    Ok(stale)
}

/// The fingerprint under which the recorded scores of an input would stand.
///
/// Whether damaged shards are salvaged matters to those alone: the others are not scored again for it.
pub(super) fn standing(job: &Job, input: &Input, fingerprint: &Fingerprint) -> Fingerprint {
    let salvaged = || job.record(&job.run, Stage::Score, input)?.salvaged;
    if job.config.limits.salvage && salvaged().is_some() {
        return salvaging(fingerprint.clone(), &job.config.limits);
    }
    fingerprint.clone()
}

/// The fingerprint of a shard of which only the rows before its damage are scored: other bounds of reading may
/// make other damage.
pub(super) fn salvaging(fingerprint: Fingerprint, limits: &Limits) -> Fingerprint {
    fingerprint.value("config.limits.salvage", &limits.of_reading())
}
