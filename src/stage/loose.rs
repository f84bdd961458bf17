//! Score rows for files without a run directory: all documents in order, in one file.

use std::path::Path;
use std::sync::Arc;

use super::columns::SourceColumns;
use super::documents::blocks;
use super::engine::Engine;
use super::error::StageError;
use super::inputs::same_file;
use super::job::CallOptions;
use super::score::{in_room, score_text};
use crate::config::{Compat, Source, TextPaths};
use crate::document::Origin;
use crate::score::Scorer;
use crate::score::classifier::Classifier;
use crate::score::language::Language;
use crate::score::reference::Reference;
use crate::score::row::{RowSchema, ScoreRow, Status};
use crate::shard::{self, Shard, TableWriter};

/// What to score, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Files, folders or globs.
    pub patterns: &'a [String],
    /// Where the text is.
    pub text: &'a TextPaths,
    /// Column that holds the id.
    pub id: &'a str,
    /// Who says which language the documents are in.
    pub language: &'a Language,
    /// By whose definitions repetition and quality are measured.
    pub compat: Option<Compat>,
    /// The Parquet file.
    pub out: &'a Path,
}

/// Refuses an output that is one of the inputs, by whatever path.
fn refuse_inputs(shards: &[Shard], out: &Path) -> Result<(), StageError> {
    match shards.iter().find(|shard| same_file(&shard.path, out)) {
        Some(shard) => Err(StageError::Usage(format!(
            "--out {} is the input {}: choose another file",
            out.display(),
            shard.path.display()
        ))),
        None => Ok(()),
    }
}

/// Scores all documents; gives the number of rows, and of those that could not be read. Rows of all files are counted through.
///
/// There is no source here, so `log_importance`, which compares with one, is null.
///
/// # Errors
/// The first shard that cannot be read ends the work: nothing is written then.
pub fn score(request: &Request<'_>, options: &CallOptions) -> Result<(u64, u64), StageError> {
    let classifier = Classifier::embedded();
    let engine = Engine::new(
        options.threads,
        options.memory,
        Arc::clone(&options.progress),
    )?;
    let source = Source {
        text: request.text.clone(),
        id: request.id.to_owned(),
        ..Source::new("loose", request.patterns.to_vec(), Origin::Unknown)
    };
    let columns = SourceColumns::new(&source, &[]).columns;
    let scorer = Scorer::new(Reference::embedded(), None, request.language.clone())
        .compatible(request.compat);
    let shards = shard::find(request.patterns)?;
    refuse_inputs(&shards, request.out)?;
    engine.progress.begin("score", shards.len());
    let schema = RowSchema::default();
    let mut table = TableWriter::create(request.out, schema.arrow(), &RowSchema::DISTINCT)?;
    let (mut rows, mut bad) = (0, 0);
    for found in &shards {
        let before = rows;
        blocks(
            &engine,
            (found, &columns),
            |block| {
                let (mut bad, mut bytes) = (0, 0);
                let scored = in_room(|room| {
                    for i in 0..block.len() {
                        let number = before + block.first_row() + i as u64;
                        let mut row = ScoreRow::new(number, Status::Quarantined);
                        if let Ok(text) = block.text(i) {
                            row.status = Status::Ok;
                            let scratch = (&mut room.scan, &mut room.scratch);
                            score_text(&mut row, text, (&scorer, &classifier), scratch);
                            bytes += row.bytes;
                        }
                        row.id = block.id(i).map(str::to_owned);
                        bad += u64::from(row.status == Status::Quarantined);
                        room.rows.push(row);
                    }
                    let batch = schema.batch(&room.rows);
                    room.rows.clear();
                    batch
                });
                engine.progress.add(block.len() as u64, bytes);
                Ok((scored, bad))
            },
            |(scored, bad_rows)| {
                rows += scored.num_rows() as u64;
                bad += bad_rows;
                Ok(table.write(&scored)?)
            },
        )?;
    }
    table.finish()?;
    Ok((rows, bad))
}
