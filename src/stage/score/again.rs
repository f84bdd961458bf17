//! Whether the rows in quarantine are the bad rows of the inputs, to the last byte.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use super::quarantine::line;
use super::rows::Room;
use super::shard::Task;
use super::{schema, scorer};
use crate::provenance::quarantine::{self, BadLine, write_line};
use crate::provenance::record::{Salvaged, ShardRecord};
use crate::provenance::run_dir::Stage;
use crate::shard::{BadRow, Block};
use crate::stage::error::StageError;
use crate::stage::inputs::Input;
use crate::stage::job::Job;
use crate::stage::profile;

/// Reads the shards of which rows are in quarantine, or that were salvaged, again; gives a line for each whose bad
/// rows or whose damage are not those on record.
///
/// # Errors
/// Shards or profiles that cannot be read, or a stop.
pub fn bad_rows_differ(job: &Job) -> Result<Vec<String>, StageError> {
    let with_record = |input| {
        let record = job.record(&job.measured, Stage::Score, input)?;
        let concerned = record.rows.quarantined > 0 || record.salvaged.is_some();
        (concerned && record.failure.is_none()).then_some((input, record))
    };
    let concerned: Vec<(&Input, ShardRecord)> = job.inputs.iter().filter_map(with_record).collect();
    if concerned.is_empty() {
        return Ok(Vec::new());
    }
    let schema = schema(job, &profile::summaries(job)?);
    let scorers = job
        .config
        .source
        .iter()
        .map(|source| Ok(scorer(job, source)?.0))
        .collect::<Result<Vec<_>, StageError>>()?;
    let results = job.engine.each(&concerned, |(input, record)| {
        let task = Task::new(job, input, &schema, &scorers[input.source]);
        let differs = task.differs(input, record)?;
        Ok(differs.map(|how| format!("{}: {how}", job.name(input))))
    });
    let mut faults = Vec::new();
    for result in results {
        faults.extend(result.unwrap_or(Err(StageError::Stopped))?);
    }
    Ok(faults)
}

impl Task<'_> {
    /// How the bad rows of a shard differ from those on record, if they do.
    fn differs(&self, input: &Input, record: &ShardRecord) -> Result<Option<String>, StageError> {
        if record.salvaged.is_some() && self.damage(input)? != record.salvaged {
            return Ok(Some("it was salvaged from other damage".to_owned()));
        }
        if record.rows.quarantined == 0 {
            return Ok(None);
        }
        let path = (self.job.measured).quarantine(&self.source.name, &input.shard.name);
        let fault = |e: io::Error| StageError::io(&path, &e);
        let mut told = quarantine::lines::<BadLine>(&path).map_err(fault)?;
        let mut listed = || told.next().and_then(Result::ok).map(|line| line.row);
        let mut next = listed();
        let mut beside = Beside::open(&path).map_err(fault)?;
        let mut room = Room::default();
        let mut reader = self.open(input, record.salvaged.as_ref())?;
        while let Some(raw) = reader.next_block()? {
            self.job.go_on()?;
            let mut block = raw.decode(&self.columns.columns);
            for i in 0..block.len() {
                let row = block.first_row() + i as u64;
                let asked = next == Some(row);
                match self.bad(&mut block, i, asked, &mut room) {
                    None if asked => {
                        return Ok(Some(format!("row {row} is in quarantine, and good")));
                    }
                    None => {}
                    Some(_) if !asked => {
                        return Ok(Some(format!("row {row} is bad, and not in quarantine")));
                    }
                    Some(bad) => {
                        write_line(&mut beside, &line(row, &bad), &bad.raw).map_err(fault)?;
                        if !beside.same {
                            return Ok(Some(format!("row {row} is not what is in quarantine")));
                        }
                        next = listed();
                    }
                }
            }
        }
        let whole = beside.ended().map_err(fault)?;
        Ok((!whole).then(|| "more is in quarantine than its bad rows".to_owned()))
    }

    /// Why a row is bad, if it is; scoring it can make it so, and only a row that is `asked` for is scored.
    fn bad(&self, block: &mut Block, i: usize, asked: bool, room: &mut Room) -> Option<BadRow> {
        match block.take_bad(i) {
            None if asked => self.row((block, i), room).err(),
            bad => bad,
        }
    }

    /// What the damage of a shard leaves of it; none if it is whole, or all is lost.
    fn damage(&self, input: &Input) -> Result<Option<Salvaged>, StageError> {
        let mut reader = self.open(input, None)?;
        loop {
            self.job.go_on()?;
            match reader.next_block() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(damage) => return Ok(self.salvaged(&damage.into())),
            }
        }
    }
}

/// Compares what is written with a file, and holds neither.
struct Beside {
    file: BufReader<File>,
    same: bool,
}

impl Beside {
    fn open(path: &Path) -> io::Result<Beside> {
        Ok(Beside {
            file: BufReader::with_capacity(256 << 10, File::open(path)?),
            same: true,
        })
    }

    /// True if what was written is the file, from its start to its end.
    fn ended(mut self) -> io::Result<bool> {
        Ok(self.same && self.file.fill_buf()?.is_empty())
    }
}

impl Write for Beside {
    /// Takes all bytes: the encoder of base64 says that nothing was written after one that takes only some.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while self.same && !rest.is_empty() {
            let held = self.file.fill_buf()?;
            let n = held.len().min(rest.len());
            self.same = n > 0 && held[..n] == rest[..n];
            self.file.consume(n);
            rest = &rest[n..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
