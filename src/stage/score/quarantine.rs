//! Rows that cannot be used, kept with their raw bytes, so that they can be mended and run again.

use std::path::PathBuf;

use crate::provenance::quarantine::{BadLine, write_line};
use crate::provenance::record::FileRecord;
use crate::shard::{AtomicFile, BadRow};
use crate::stage::error::StageError;
use crate::stage::job::Job;

/// What is told of a bad row beside its bytes.
pub(super) fn line(row: u64, bad: &BadRow) -> BadLine {
    BadLine {
        row,
        offset: bad.offset,
        code: bad.code.to_owned(),
        cause: bad.cause.clone(),
    }
}

/// A shard's quarantine file, made when the first bad row comes.
pub(super) struct Quarantine<'a> {
    job: &'a Job,
    path: PathBuf,
    file: Option<AtomicFile>,
    rows: u64,
}

impl<'a> Quarantine<'a> {
    pub(super) fn new(job: &'a Job, source: &str, shard: &str) -> Quarantine<'a> {
        Quarantine {
            job,
            path: job.run.quarantine(source, shard),
            file: None,
            rows: 0,
        }
    }

    pub(super) fn add(&mut self, row: u64, bad: BadRow) -> Result<(), StageError> {
        let line = line(row, &bad);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(AtomicFile::create(&self.path)?),
        };
        write_line(file, &line, &bad.raw).map_err(|e| StageError::io(&self.path, &e))?;
        self.rows += 1;
        Ok(())
    }

    /// Also removes the file of an earlier run, where no row is bad any more.
    pub(super) fn finish(self) -> Result<Option<FileRecord>, StageError> {
        match self.file {
            None => match std::fs::remove_file(&self.path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    Err(StageError::io(&self.path, &e))
                }
                _ => Ok(None),
            },
            Some(file) => {
                let mut written = file.finish()?;
                written.rows = self.rows;
                Ok(Some(FileRecord::new(&self.job.run, &self.path, &written)?))
            }
        }
    }
}
