//! Quarantined rows as shards again: to be mended, and named as further paths of their source.
//!
//! A JSONL row comes from its quarantine record, byte for byte. A table's row comes from the input, with every
//! column and type, since its record holds only the columns that were read. A list beside the shards says where
//! each row came from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::columns::SourceColumns;
use super::error::{StageError, chain};
use super::inputs::real;
use super::job::read_json;
use crate::config::{self, Config, Source};
use crate::document::Origin;
use crate::provenance::inputs::{InputLine, InputList};
use crate::provenance::quarantine::{self, BadLine, RawLine};
use crate::provenance::run_dir::Stage;
use crate::provenance::{RunDir, ShardRecord};
use crate::shard::{self, AtomicFile, Format, Shard, write_atomic};

/// Name of the list; no shard, so that the whole folder may be named as a path.
pub const LIST: &str = "rows.tsv";
const LIST_HEAD: &str = "file\tfile_row\tsource\tshard\trow\toffset\tcode\tcause\n";

/// What was brought out of quarantine.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Rows written, by source.
    pub rows: BTreeMap<String, u64>,
    /// Rows that are only listed: their bytes were not kept, or their input is gone.
    pub bare: u64,
    /// All rows that the run read.
    pub read: u64,
    /// All rows that it quarantined.
    pub quarantined: u64,
}

struct Replay<'a> {
    measured: RunDir,
    config: Config,
    out: &'a Path,
    list: String,
    replayed: Replayed,
}

/// Writes the quarantined rows of a run, or of one source of it, below `out`.
///
/// # Errors
/// If `run` is none or was not scored, has no such source, or `out` lies in it or holds something already.
pub fn replay(run: &Path, source: Option<&str>, out: &Path) -> Result<Replayed, StageError> {
    let run = RunDir::new(real(run));
    if !run.inputs().exists() {
        return Err(StageError::Usage(format!(
            "{} is no run directory",
            run.root().display()
        )));
    }
    if real(out).starts_with(run.root()) {
        return Err(StageError::Usage(format!(
            "{} lies inside the run directory, which holds nothing but its own: choose another --out",
            out.display()
        )));
    }
    let list: InputList = read_json(&run.inputs())?;
    let config = config::load(&run.config())?;
    if let Some(name) = source
        && !config.source.iter().any(|source| source.name == name)
    {
        return Err(StageError::Usage(format!(
            "{} has no source `{name}`",
            run.root().display()
        )));
    }
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(StageError::Usage(format!(
            "{} holds something already, which may have been mended: choose another --out",
            out.display()
        )));
    }
    let mut replay = Replay {
        measured: list.scores.map_or(run, |scores| RunDir::new(scores.run)),
        config,
        out,
        list: LIST_HEAD.to_owned(),
        replayed: Replayed::default(),
    };
    for input in &list.inputs {
        replay.input(input, source.is_none_or(|name| name == input.source))?;
    }
    write_atomic(&out.join(LIST), replay.list.as_bytes())?;
    Ok(replay.replayed)
}

impl Replay<'_> {
    fn input(&mut self, input: &InputLine, wanted: bool) -> Result<(), StageError> {
        let path = self
            .measured
            .record(Stage::Score, &input.source, &input.shard);
        let record = ShardRecord::read(&path).filter(|record| record.failure.is_none());
        let Some(record) = record else { return Ok(()) };
        self.replayed.read += record.rows.read;
        self.replayed.quarantined += record.rows.quarantined;
        if !wanted || record.rows.quarantined == 0 {
            return Ok(());
        }
        let quarantine = self.measured.quarantine(&input.source, &input.shard);
        match Format::of_name(&input.shard) {
            Some(Format::Parquet) => self.table(input, &record, &quarantine),
            _ => self.lines(input, &quarantine),
        }
    }

    fn lines(&mut self, input: &InputLine, quarantine: &Path) -> Result<(), StageError> {
        let (name, path) = self.place(input, "jsonl");
        let mut file: Option<AtomicFile> = None;
        let mut rows = 0;
        for record in records::<RawLine>(quarantine)? {
            let record = record?;
            let raw = STANDARD.decode(&record.raw).map_err(|_| {
                StageError::Damaged(format!("{} is damaged: no base64", quarantine.display()))
            })?;
            if raw.is_empty() {
                self.bare(input, &record.line);
                continue;
            }
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(AtomicFile::create(&path)?),
            };
            file.write_all(&raw)
                .and_then(|()| file.write_all(b"\n"))
                .map_err(|e| StageError::io(&path, &e))?;
            self.listed(input, &record.line, Some((&name, rows)));
            rows += 1;
        }
        if let Some(file) = file {
            file.finish()?;
            *self.replayed.rows.entry(input.source.clone()).or_default() += rows;
        }
        Ok(())
    }

    /// A table that is gone or changed gives no rows, and the others do all the same.
    fn table(
        &mut self,
        input: &InputLine,
        record: &ShardRecord,
        quarantine: &Path,
    ) -> Result<(), StageError> {
        let (name, path) = self.place(input, "parquet");
        let bad = records::<BadLine>(quarantine)?.collect::<Result<Vec<_>, _>>()?;
        match self.extract(input, record, &bad, &path) {
            Ok(()) => {
                for (place, line) in bad.iter().enumerate() {
                    self.listed(input, line, Some((&name, place as u64)));
                }
                *self.replayed.rows.entry(input.source.clone()).or_default() += bad.len() as u64;
            }
            Err(error) if error.ends_everything() && Path::new(&input.path).exists() => {
                return Err(error);
            }
            Err(error) => {
                let shard = format!("{}/{}", input.source, input.shard);
                tracing::warn!(shard, rows = bad.len(), "{}", chain(&error));
                bad.iter().for_each(|line| self.bare(input, line));
            }
        }
        Ok(())
    }

    fn extract(
        &self,
        input: &InputLine,
        record: &ShardRecord,
        bad: &[BadLine],
        out: &Path,
    ) -> Result<(), StageError> {
        let path = PathBuf::from(&input.path);
        if shard::digest_file(&path)?.hex != record.input.digest {
            return Err(StageError::InputChanged(format!(
                "{} is not the shard that was scored",
                path.display()
            )));
        }
        let of = |source: &&Source| source.name == input.source;
        let unknown = || Source::new(&input.source, Vec::new(), Origin::Unknown);
        let source = self.config.source.iter().find(of);
        let source = source.cloned().unwrap_or_else(unknown);
        let columns = SourceColumns::new(&source, &[]).columns;
        let shard = Shard {
            name: input.shard.clone(),
            path,
            format: Format::Parquet,
            bytes: input.size,
        };
        let rows: Vec<u64> = bad.iter().map(|line| line.row).collect();
        shard::extract_rows(&shard, &columns, &rows, out)?;
        Ok(())
    }

    /// Name and path of the new shard; no shard of the source has that name.
    fn place(&self, input: &InputLine, extension: &str) -> (String, PathBuf) {
        let name = format!("{}/{}.rows.{extension}", input.source, input.shard);
        let path = self.out.join(&name);
        (name, path)
    }

    fn bare(&mut self, input: &InputLine, bad: &BadLine) {
        self.replayed.bare += 1;
        self.listed(input, bad, None);
    }

    fn listed(&mut self, input: &InputLine, bad: &BadLine, place: Option<(&str, u64)>) {
        let (file, line) = match place {
            Some((file, line)) => (file, line.to_string()),
            None => ("", String::new()),
        };
        let offset = bad
            .offset
            .map_or(String::new(), |offset| offset.to_string());
        let cause = bad.cause.replace(char::is_control, " ");
        // Writing to a string does not fail.
        let _ = writeln!(
            self.list,
            "{file}\t{line}\t{}\t{}\t{}\t{offset}\t{}\t{cause}",
            input.source, input.shard, bad.row, bad.code
        );
    }
}

/// The records of a quarantine file, with its name in errors.
fn records<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<T, StageError>>, StageError> {
    let lines = quarantine::lines(path).map_err(|e| StageError::io(path, &e))?;
    Ok(lines.map(|line| {
        line.map_err(|e| StageError::Damaged(format!("{} is damaged: {e}", path.display())))
    }))
}
