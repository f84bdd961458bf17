//! Tasks: the shards of a stage dealt to any number of calls, on one machine or many.
//!
//! A task reads what the stages before it left, and writes the files and records of its own shards:
//! nothing else is common to two tasks, so they need no locks, no order and no messages, and two on
//! the same shard write the same bytes. What concerns all shards at once (the budget of bad rows, how
//! many may fail, what is removed, the manifest) is for the calls over all shards, before and after.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::error::StageError;
use super::job::{Job, read_json};
use super::plan;
use super::preflight::written_config;
use super::profile::Summary;
use crate::config::{self, Config};
use crate::provenance::run_dir::Stage;
use crate::provenance::{Fingerprint, RunDir};

/// One of the calls that share a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    index: usize,
    of: usize,
}

impl std::fmt::Display for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.index, self.of)
    }
}

impl Task {
    /// The task `index`, counted from 0, of `of` tasks.
    ///
    /// # Errors
    /// If there is no such task.
    pub fn new(index: usize, of: usize) -> Result<Task, StageError> {
        if index < of {
            return Ok(Task { index, of });
        }
        Err(StageError::Usage(match of.checked_sub(1) {
            None => "--of 0: at least one task is needed".to_owned(),
            Some(last) => format!(
                "--task {index} --of {of}: tasks are counted from 0, so the last one is {last}"
            ),
        }))
    }

    /// This task's share of items, in their order.
    ///
    /// The largest goes first, each to the task with the fewest bytes, then with the fewest items;
    /// so shares depend on nothing but the items and their sizes.
    pub fn share<T>(self, items: Vec<T>, bytes: impl Fn(&T) -> u64) -> Vec<T> {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_key(|&item| (Reverse(bytes(&items[item])), item));
        let mut tasks: BinaryHeap<Reverse<(u64, usize, usize)>> =
            // More tasks than items: the last ones have none, however many they are.
            (0..self.of.min(items.len())).map(|task| Reverse((0, 0, task))).collect();
        let mut mine = vec![false; items.len()];
        for item in order {
            let Some(Reverse((load, count, task))) = tasks.pop() else {
                break;
            };
            mine[item] = task == self.index;
            let load = load.saturating_add(bytes(&items[item]));
            tasks.push(Reverse((load, count + 1, task)));
        }
        let both = items.into_iter().zip(mine);
        both.filter(|(_, mine)| *mine)
            .map(|(item, _)| item)
            .collect()
    }
}

/// Refuses a task whose configuration is not that of the run directory.
///
/// # Errors
/// Names the parts that differ, and what to do.
pub fn same_config(config: &Config, run: &RunDir) -> Result<(), StageError> {
    let root = run.root().display();
    let Some(written) = written_config(run) else {
        return Err(StageError::Usage(format!(
            "{root} is no run directory yet: run `tamis profile` first, then its tasks"
        )));
    };
    let text = config::to_toml(config)?;
    if written == text {
        return Ok(());
    }
    Err(StageError::Usage(format!(
        "{root} is a run of another configuration, with other {}: give the tasks {root} itself, or run `tamis profile` with this configuration first",
        differing(&written, &text).join(", ")
    )))
}

/// The top-level keys in which two configurations differ.
fn differing(one: &str, two: &str) -> Vec<String> {
    let parts = |text: &str| {
        let table: toml::Table = text.parse().unwrap_or_default();
        let add = |parts: Fingerprint, (name, value): (&String, &toml::Value)| {
            parts.value(&format!("`{name}`"), value)
        };
        table.iter().fold(Fingerprint::new(), add)
    };
    parts(one).changed(&parts(two))
}

/// Refuses a task whose stage needs what is not there yet.
///
/// # Errors
/// Names what is missing or made from something else, and the command that makes it.
pub fn ready(job: &Job, stage: Stage) -> Result<(), StageError> {
    let missing = match stage {
        Stage::Score => unprofiled(job),
        Stage::Write => plan::read(job).err().map(|error| error.to_string()),
        Stage::Profile | Stage::Plan | Stage::Report => None,
    };
    let Some(missing) = missing else {
        return Ok(());
    };
    let before = if stage == Stage::Score {
        Stage::Profile
    } else {
        Stage::Plan
    };
    Err(StageError::Usage(format!(
        "{missing}; run `tamis {} {}` before the tasks of `{}`",
        before.name(),
        job.run.root().display(),
        stage.name()
    )))
}

/// What is wrong with the profiles, as far as can be told without a look at the shards of other tasks.
fn unprofiled(job: &Job) -> Option<String> {
    job.config.source.iter().find_map(|source| {
        let path = job.run.profile(&source.name, "json");
        let summary: Summary = match read_json(&path) {
            Ok(summary) => summary,
            Err(error) => return Some(error.to_string()),
        };
        let now = super::profile::fingerprint(job, source, &[]);
        let mut changed = summary.fingerprint.changed(&now);
        changed.retain(|part| part != "inputs");
        let made = format!("the profile of source `{}` was made from", source.name);
        (!changed.is_empty()).then(|| format!("{made} another {}", changed.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The shares of all tasks, items by their places.
    fn shares(sizes: &[u64], of: usize) -> Vec<Vec<usize>> {
        let places: Vec<usize> = (0..sizes.len()).collect();
        (0..of)
            .map(|index| Task { index, of }.share(places.clone(), |&place| sizes[place]))
            .collect()
    }

    proptest! {
        #[test]
        fn every_item_goes_to_one_task_and_loads_are_balanced(
            sizes in proptest::collection::vec(0u64..1000, 0..200),
            of in 1usize..20,
        ) {
            let shares = shares(&sizes, of);
            let mut all: Vec<usize> = shares.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            prop_assert!(shares.iter().all(|share| share.is_sorted()));
            // Whoever deals to the least loaded is never further from it than one item.
            let load = |share: &Vec<usize>| share.iter().map(|&i| sizes[i]).sum::<u64>();
            let loads: Vec<u64> = shares.iter().map(load).collect();
            let largest = sizes.iter().max().copied().unwrap_or(0);
            let (most, least) = (loads.iter().max(), loads.iter().min());
            prop_assert!(most.unwrap() - least.unwrap() <= largest);
        }

        #[test]
        fn items_of_one_size_are_dealt_evenly(count in 0usize..300, of in 1usize..20, size in 0u64..3) {
            let counts: Vec<usize> = shares(&vec![size; count], of).iter().map(Vec::len).collect();
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn one_large_item_has_a_task_of_its_own() {
        assert_eq!(shares(&[1, 1, 9, 1, 1], 2), [vec![2], vec![0, 1, 3, 4]]);
    }

    #[test]
    fn there_is_no_task_beyond_the_last() {
        assert!(Task::new(7, 8).is_ok());
        for (index, of, told) in [(8, 8, "the last one is 7"), (0, 0, "at least one task")] {
            let error = Task::new(index, of).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn configurations_differ_by_their_keys() {
        let parts = differing(
            "seed = 1\n[mix]\nhuman = 1",
            "seed = 2\n[mix]\nhuman = 1\n[edit]\n",
        );
        assert_eq!(parts, ["`edit`", "`seed`"]);
    }
}
