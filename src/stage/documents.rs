//! Documents of shards with some of their columns, for training: read in parallel, given in order.

use std::sync::Arc;

use super::engine::Engine;
use super::error::StageError;
use super::job::CallOptions;
use crate::config::Config;
use crate::shard::{self, Columns, RawBlock, ReadOptions};

/// Which documents are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Files, folders or globs.
    pub patterns: Vec<String>,
    /// Column that holds the text.
    pub text: String,
    /// Columns that are given with each document.
    pub columns: Vec<String>,
    /// Columns that must have a value.
    pub only: Vec<(String, String)>,
    /// Columns that must not have a value.
    pub never: Vec<(String, String)>,
    /// The licence column, and how a licence may begin. One that goes on with -NC, -SA or -ND is
    /// another licence.
    pub licences: Option<(String, Vec<String>)>,
}

/// A document: its text and the values of [`Wanted::columns`]; empty where there is none.
pub type Document = (String, Vec<String>);

impl Wanted {
    fn takes(&self, value: impl Fn(&str) -> String) -> bool {
        self.only
            .iter()
            .all(|(column, wanted)| value(column) == *wanted)
            && self.never.iter().all(|(column, not)| value(column) != *not)
            && self
                .licences
                .as_ref()
                .is_none_or(|(column, allowed)| licence_allowed(&value(column), allowed))
    }
}

fn licence_allowed(licence: &str, allowed: &[String]) -> bool {
    let licence = licence.trim().to_lowercase();
    allowed.iter().any(|name| {
        licence
            .strip_prefix(&name.trim().to_lowercase())
            .is_some_and(|rest| !["-nc", "-sa", "-nd"].iter().any(|no| rest.starts_with(no)))
    })
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
    extra.extend(
        wanted
            .only
            .iter()
            .chain(&wanted.never)
            .map(|(c, _)| c.clone()),
    );
    extra.extend(wanted.licences.iter().map(|(column, _)| column.clone()));
    let columns = Columns {
        text: wanted.text.clone(),
        id: None,
        extra: extra.clone(),
    };
    let read = ReadOptions {
        block_bytes: engine.block_bytes(),
        max_document: Config::default().limits.max_document as usize,
    };
    let shards = shard::find(&wanted.patterns)?;
    engine.progress.begin("train", shards.len());
    let (mut taken, mut bad) = (0, 0);
    for found in &shards {
        let mut reader = shard::open(found, &columns, &read)?.narrow();
        engine.pipeline(
            || Ok(reader.next_block()?),
            |raw: RawBlock| {
                let block = raw.decode(&columns);
                let mut documents = Vec::new();
                let mut bad = 0u64;
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
                    if wanted.takes(named) {
                        let values = (0..wanted.columns.len()).map(value).collect();
                        documents.push((text.to_owned(), values));
                    }
                }
                engine.progress.add(block.len() as u64, 0);
                Ok((documents, bad))
            },
            |(documents, more)| {
                bad += more;
                taken += documents.len() as u64;
                documents.into_iter().try_for_each(&mut each)
            },
        )?;
        reader.finish()?;
        engine.progress.shard_done(found.bytes);
    }
    if bad > 0 {
        tracing::warn!(rows = bad, "bad rows were passed over");
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::licence_allowed;

    #[test]
    fn a_licence_that_goes_on_with_a_restriction_is_another() {
        let allowed = ["CC-BY".to_owned(), "public domain".to_owned()];
        for yes in ["CC-BY-4.0", "cc-by-3.0", "Public domain (US Gov)"] {
            assert!(licence_allowed(yes, &allowed), "{yes}");
        }
        for no in [
            "CC-BY-NC-4.0",
            "CC-BY-SA-4.0",
            "CC-BY-ND-2.0",
            "none stated",
            "",
        ] {
            assert!(!licence_allowed(no, &allowed), "{no}");
        }
    }
}
