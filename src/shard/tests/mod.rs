//! Tests of reading and writing, filed by what they prove; here is what they share.

mod faults;
mod finding;
mod frames;
mod lines;
mod parquet;
mod parquet_faults;
mod parquet_pages;
mod parquet_texts;
mod splicing;
mod tables;
mod text_paths;

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::config::TextPaths;
use crate::document::{EditRecord, Origin, OriginBy, Provenance};

/// Columns `text` and `id`, and the extra ones named.
fn columns(extra: &[&str]) -> Columns {
    Columns {
        text: TextPaths::default(),
        id: Some("id".to_owned()),
        extra: extra.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn options(block_bytes: usize) -> ReadOptions {
    ReadOptions {
        block_bytes,
        max_document: 1 << 20,
        ..ReadOptions::default()
    }
}

fn shard(path: &Path) -> Shard {
    find(&[path.to_str().unwrap().to_owned()])
        .unwrap()
        .remove(0)
}

/// Writes `bytes` as a file of that name into a fresh folder.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn provenance(row: u64) -> Provenance {
    Provenance {
        origin: Origin::Human,
        origin_by: OriginBy::Declared,
        declared_origin: Some(Origin::Human),
        p_synthetic: row.is_multiple_of(2).then_some(0.25),
        generation: 0,
        kind: None,
        generator: None,
        key: format!("{row:032x}"),
        source: "web".to_owned(),
        shard: "a/b".to_owned(),
        row,
        copy: 0,
        weight: 1.0,
        edit: EditRecord::default(),
        run: "r".to_owned(),
        previous: None,
    }
}

/// What a shard says, row by row: text or the code of the fault.
fn texts(path: &Path, options: &ReadOptions) -> Result<Vec<Result<String, String>>, ShardError> {
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, options)?;
    let mut rows = Vec::new();
    while let Some(block) = reader.next_block()? {
        let block = block.decode(&columns);
        assert_eq!(block.first_row(), rows.len() as u64);
        for i in 0..block.len() {
            let text = block.text(i).map(str::to_owned);
            rows.push(text.map_err(|bad| bad.code.to_owned()));
        }
    }
    assert_eq!(reader.finish()?, digest_file(path).unwrap());
    Ok(rows)
}

/// Copies all good rows of a shard to `out`, every third one with its text changed.
fn copy(path: &Path, out: &Path, options: &ReadOptions) -> Result<Written, ShardError> {
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, options)?;
    let mut writer = Writer::create(out, &reader.template(), &WriteOptions::default())?;
    while let Some(block) = reader.next_block()? {
        let block = block.decode(&columns);
        let good: Vec<usize> = (0..block.len())
            .filter(|&i| block.text(i).is_ok())
            .collect();
        let row = |i: usize| block.first_row() + i as u64;
        let marks: Vec<Provenance> = good.iter().map(|&i| provenance(row(i))).collect();
        let edited: Vec<Option<String>> = good
            .iter()
            .map(|&i| (row(i) % 3 == 0).then(|| edited(block.text(i).unwrap())))
            .collect();
        let texts: Vec<Option<[&str; 1]>> = edited
            .iter()
            .map(|text| text.as_deref().map(|text| [text]))
            .collect();
        let rows: Vec<OutputRow<'_>> = (0..good.len())
            .map(|at| OutputRow {
                index: good[at],
                texts: texts[at].as_ref().map(|texts| &texts[..]),
                provenance: &marks[at],
            })
            .collect();
        writer.write(block.encode(&rows)?)?;
    }
    writer.finish()
}

/// The change that [`copy`] makes to a text.
fn edited(text: &str) -> String {
    format!("{text} \"edited\"\n")
}
