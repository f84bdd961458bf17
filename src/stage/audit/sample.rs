//! A fixed number of documents of each source, drawn by their keys.
//!
//! Each document has a draw that depends on its key alone, and those with the smallest are taken:
//! the same ones whatever the threads, the order of shards or the size of blocks. All shards are
//! read for it, but nothing is scored.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::config::{Config, Limits, Source, TextPaths};
use crate::document::Key;
use crate::provenance::Failure;
use crate::shard::{self, Block, Columns, PROVENANCE, Shard, write_atomic};
use crate::stage::CallOptions;
use crate::stage::columns::{SourceColumns, input_names};
use crate::stage::engine::Engine;
use crate::stage::error::StageError;
use crate::stage::preflight::known_columns;

/// Sets this draw apart from all others of a key.
const PURPOSE: u64 = 0x6175_6469_7400;

/// Lines by their draw; the key parts draws that are the same.
type Drawn = BTreeMap<(u64, Key), Vec<u8>>;

/// Draws at most `most` documents of each source into `folder/SOURCE.jsonl`, and gives the sources
/// that read them from there. Rows without a text are not drawn, nor is anything of a shard that fails.
///
/// # Errors
/// More failed shards than are allowed, or a file that cannot be written.
pub fn draw(
    config: &Config,
    most: u64,
    folder: &Path,
    options: &CallOptions,
) -> Result<Vec<Source>, StageError> {
    known_columns(config)?;
    let progress = Arc::clone(&options.progress);
    let engine = Engine::new(options.threads, options.memory, progress)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut drawn_from = Vec::new();
    let inputs = input_names(config);
    let mut failures = Vec::new();
    for source in &config.source {
        let drawn = of_source(
            source,
            most,
            &inputs,
            (&config.limits, &engine),
            &mut failures,
        )?;
        let path = folder.join(format!("{}.jsonl", source.name));
        let lines: Vec<u8> = drawn.into_values().flatten().collect();
        write_atomic(&path, &lines)?;
        drawn_from.push(Source {
            paths: vec![path.to_string_lossy().into_owned()],
            text: TextPaths::default(),
            id: "id".to_owned(),
            key_from_id: false,
            ..source.clone()
        });
    }
    if failures.len() as u64 > options.allow_failed {
        return Err(StageError::Shards(failures, options.allow_failed));
    }
    Ok(drawn_from)
}

fn of_source(
    source: &Source,
    most: usize,
    inputs: &[String],
    (limits, engine): (&Limits, &Engine),
    failures: &mut Vec<Failure>,
) -> Result<Drawn, StageError> {
    let columns = SourceColumns::new(source, inputs).columns;
    let shards = shard::find(&source.paths)?;
    engine.progress.begin("sample", shards.len());
    let mut drawn = Drawn::new();
    for found in &shards {
        match of_shard((source, found), most, &columns, (limits, engine)) {
            Ok(more) => {
                drawn.extend(more);
                keep(&mut drawn, most);
            }
            Err(StageError::Stopped) => return Err(StageError::Stopped),
            Err(error) => {
                let failure = error.failure_of(&format!("{}/{}", source.name, found.name));
                tracing::error!(stage = "sample", shard = failure.shard, "{}", failure.cause);
                failures.push(failure);
            }
        }
        engine.progress.shard_done(found.bytes);
    }
    Ok(drawn)
}

fn of_shard(
    (source, found): (&Source, &Shard),
    most: usize,
    columns: &Columns,
    (limits, engine): (&Limits, &Engine),
) -> Result<Drawn, StageError> {
    let mut drawn = Drawn::new();
    let mut reader = shard::open(found, columns, &engine.reading(limits))?;
    engine.pipeline(
        || Ok(reader.next_block()?),
        |raw| {
            let block = raw.decode(columns);
            engine.progress.add(block.len() as u64, 0);
            let place = (source.name.as_str(), found.name.as_str());
            Ok(of_block(&block, place, &columns.extra, most))
        },
        |more| {
            drawn.extend(more);
            keep(&mut drawn, most);
            Ok(())
        },
    )?;
    reader.finish()?;
    Ok(drawn)
}

fn keep(drawn: &mut Drawn, most: usize) {
    while drawn.len() > most {
        drawn.pop_last();
    }
}

fn of_block(block: &Block, (source, shard): (&str, &str), extra: &[String], most: usize) -> Drawn {
    let mut first: BTreeMap<(u64, Key), usize> = BTreeMap::new();
    for i in (0..block.len()).filter(|&i| block.has_text(i)) {
        let key = Key::of_row(source, shard, block.first_row() + i as u64);
        first.insert((key.draw(0, PURPOSE), key), i);
        if first.len() > most {
            first.pop_last();
        }
    }
    let lines = first.into_iter().filter_map(|(place, i)| {
        let mut line = serde_json::to_vec(&record(block, i, extra)?).ok()?;
        line.push(b'\n');
        Some((place, line))
    });
    lines.collect()
}

/// A row's text, id, wanted columns and provenance, as the line of a shard; none for a bad row. Columns
/// that it has no value of are null, so that the sample has them whichever rows it holds.
fn record(block: &Block, i: usize, extra: &[String]) -> Option<Map<String, Json>> {
    let mut record = Map::new();
    for (place, name) in extra.iter().enumerate() {
        let value = block.extra(place, i).map(serde_json::to_value);
        record.insert(name.clone(), value.transpose().ok()?.unwrap_or_default());
    }
    record.insert("id".to_owned(), block.id(i).map_or(Json::Null, Json::from));
    record.insert("text".to_owned(), Json::from(block.text(i).ok()?));
    let provenance = block.provenance(i);
    if let Some(provenance) = provenance.and_then(|text| serde_json::from_str(&text).ok()) {
        record.insert(PROVENANCE.to_owned(), provenance);
    }
    Some(record)
}
