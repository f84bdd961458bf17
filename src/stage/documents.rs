//! Documents of shards with some of their columns, for training and studies: read in parallel, given in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::Engine;
use super::error::StageError;
use super::job::CallOptions;
use crate::config::{Limits, TextPaths};
use crate::shard::{self, Block, Columns, Shard};

/// Which documents are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What they are wanted for, as the progress bar shows it.
    pub task: &'static str,
    /// Files, folders or globs.
    pub patterns: Vec<String>,
    /// Where the text is.
    pub text: TextPaths,
    /// Columns that are given with each document.
    pub columns: Vec<String>,
    /// Values that columns must have; those of one column are alternatives.
    pub only: BTreeMap<String, Vec<String>>,
    /// Values that columns must not have.
    pub never: BTreeMap<String, Vec<String>>,
}

/// A document: its text and the values of [`Wanted::columns`]; empty where there is none.
pub type Document = (String, Vec<String>);

impl Wanted {
    fn takes(&self, value: impl Fn(&str) -> String) -> bool {
        let has = |(column, values): (&String, &Vec<String>)| values.contains(&value(column));
        self.only.iter().all(has) && !self.never.iter().any(has)
    }
}

/// Calls `each` for every wanted document, in the order of shards and rows; gives their number.
///
/// # Errors
/// A shard that cannot be read, or whatever `each` ends with. Bad rows are passed over and counted
/// in a log line.
pub fn for_each(
    wanted: &Wanted,
    options: &CallOptions,
    mut each: impl FnMut(Document) -> Result<(), StageError>,
) -> Result<u64, StageError> {
    let engine = Engine::new(
        options.threads,
        options.memory,
        Arc::clone(&options.progress),
    )?;
    let mut extra = wanted.columns.clone();
    extra.extend(wanted.only.keys().chain(wanted.never.keys()).cloned());
    let columns = Columns {
        text: wanted.text.clone(),
        id: None,
        extra: extra.clone(),
    };
    // Pattern by pattern: names of shards do not matter here, so two may be the same.
    let mut shards = Vec::new();
    for pattern in &wanted.patterns {
        shards.extend(shard::find(std::slice::from_ref(pattern))?);
    }
    engine.progress.begin(wanted.task, shards.len());
    let (mut taken, mut bad) = (0, 0);
    for found in &shards {
        blocks(
            &engine,
            (found, &columns),
            |block| {
                let mut documents = Vec::new();
                let (mut bad, mut bytes) = (0u64, 0);
                for i in 0..block.len() {
                    let Ok(text) = block.text(i) else {
                        bad += 1;
                        continue;
                    };
                    let value = |place: usize| {
                        block
                            .extra(place, i)
                            .map_or(String::new(), |v| v.to_string())
                    };
                    let named = |name: &str| {
                        extra
                            .iter()
                            .position(|c| c == name)
                            .map_or(String::new(), value)
                    };
                    bytes += text.len() as u64;
                    if wanted.takes(named) {
                        let values = (0..wanted.columns.len()).map(value).collect();
                        documents.push((text.to_owned(), values));
                    }
                }
                engine.progress.add(block.len() as u64, bytes);
                Ok((documents, bad))
            },
            |(documents, more)| {
                bad += more;
                taken += documents.len() as u64;
                documents.into_iter().try_for_each(&mut each)
            },
        )?;
    }
    if bad > 0 {
        tracing::warn!(rows = bad, "bad rows were passed over");
    }
    Ok(taken)
}

/// Works on the blocks of one shard in parallel and sinks the results in order.
///
/// # Errors
/// The first of reading, work or sink.
pub(super) fn blocks<R: Send>(
    engine: &Engine,
    (found, columns): (&Shard, &Columns),
    work: impl Fn(Block) -> Result<R, StageError> + Sync,
    sink: impl FnMut(R) -> Result<(), StageError>,
) -> Result<(), StageError> {
    let mut reader = shard::open(found, columns, &engine.reading(&Limits::default()))?.narrow();
    engine.pipeline(
        || Ok(reader.next_block()?),
        |raw| work(raw.decode(columns)),
        sink,
    )?;
    reader.finish()?;
    engine.progress.shard_done(found.bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_column_are_alternatives_and_columns_add_up() {
        let of = |column: &str, values: &[&str]| {
            let values = values.iter().map(|v| (*v).to_owned()).collect();
            BTreeMap::from([(column.to_owned(), values)])
        };
        let mut wanted = Wanted {
            only: of("licence", &["MIT", "CC0"]),
            never: of("source", &["wiki"]),
            ..Wanted::default()
        };
        let takes = |wanted: &Wanted, licence: &str, source: &str| {
            wanted.takes(|column| if column == "licence" { licence } else { source }.to_owned())
        };
        assert!(takes(&wanted, "MIT", "blog") && takes(&wanted, "CC0", "blog"));
        assert!(!takes(&wanted, "MIT (repo)", "blog") && !takes(&wanted, "MIT", "wiki"));
        wanted.only.extend(of("source", &["book"]));
        assert!(!takes(&wanted, "MIT", "blog") && takes(&wanted, "MIT", "book"));
    }
}
