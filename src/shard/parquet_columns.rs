//! Encodes one row group, its columns apart from each other.
//!
//! Each column has a queue of batches, and at most one job at a time that works through it. A job takes what
//! is there and ends; where more came meanwhile, another begins. So no job ever waits, and the bytes of a
//! column follow from its batches alone. The owner alone waits: for room
//! ([`Meter`]) and for the chunks.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use crossbeam_channel::{Receiver, Sender, bounded};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, compute_leaves,
};

use super::error::{ShardError, guarded};
use super::in_order::Pool;

/// Counts the raw bytes that wait to be encoded.
#[derive(Default)]
pub(crate) struct Meter {
    held: Mutex<u64>,
    freed: Condvar,
}

impl Meter {
    /// Waits until `bytes` fit below `most`, or nothing else is held, and takes them.
    pub(crate) fn take(self: &Arc<Self>, bytes: u64, most: u64) -> Arc<Held> {
        let mut held = lock(&self.held);
        while *held > 0 && held.saturating_add(bytes) > most {
            held = self
                .freed
                .wait(held)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *held += bytes;
        Arc::new(Held {
            meter: Arc::clone(self),
            bytes,
        })
    }
}

/// Bytes taken from a [`Meter`], until the last column has dropped it.
pub(crate) struct Held {
    meter: Arc<Meter>,
    bytes: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        *lock(&self.meter.held) -= self.bytes;
        self.meter.freed.notify_one();
    }
}

/// A row group being encoded.
pub(crate) struct GroupEncoder {
    columns: Vec<Arc<Column>>,
    chunks: Vec<Receiver<Result<ArrowColumnChunk, ShardError>>>,
    path: PathBuf,
}

struct Column {
    pool: Pool,
    path: PathBuf,
    state: Mutex<State>,
    chunk: Sender<Result<ArrowColumnChunk, ShardError>>,
}

struct State {
    tasks: VecDeque<Task>,
    /// A job has the writer, or will soon.
    busy: bool,
    /// Gone after the last task, and after an error.
    writer: Option<ArrowColumnWriter>,
}

enum Task {
    Write(ArrowLeafColumn, Arc<Held>),
    Close,
}

impl GroupEncoder {
    pub(crate) fn new(writers: Vec<ArrowColumnWriter>, path: &Path, pool: &Pool) -> GroupEncoder {
        let (columns, chunks) = writers
            .into_iter()
            .map(|writer| {
                let (sender, chunk) = bounded(1);
                let column = Column {
                    pool: pool.clone(),
                    path: path.to_path_buf(),
                    state: Mutex::new(State {
                        tasks: VecDeque::new(),
                        busy: false,
                        writer: Some(writer),
                    }),
                    chunk: sender,
                };
                (Arc::new(column), chunk)
            })
            .unzip();
        GroupEncoder {
            columns,
            chunks,
            path: path.to_path_buf(),
        }
    }

    /// Gives a batch to the columns. What goes wrong in one of them is told by [`GroupEncoder::chunks`].
    pub(crate) fn write(&self, batch: &RecordBatch, held: &Arc<Held>) -> Result<(), ShardError> {
        let leaves = guarded(&self.path, "", || {
            let mut leaves = Vec::with_capacity(self.columns.len());
            let schema = batch.schema();
            for (field, column) in schema.fields().iter().zip(batch.columns()) {
                leaves.extend(compute_leaves(field, column)?);
            }
            Ok(leaves)
        })?;
        for (column, leaf) in self.columns.iter().zip(leaves) {
            column.give(Task::Write(leaf, Arc::clone(held)));
        }
        Ok(())
    }

    /// No batch comes any more.
    pub(crate) fn close(&self) {
        for column in &self.columns {
            column.give(Task::Close);
        }
    }

    /// True if [`GroupEncoder::chunks`] would not wait.
    pub(crate) fn is_done(&self) -> bool {
        self.chunks.iter().all(|chunk| !chunk.is_empty())
    }

    /// The encoded columns of a closed group, in order; waits for them.
    ///
    /// # Errors
    /// The first of the columns.
    pub(crate) fn chunks(self) -> Result<Vec<ArrowColumnChunk>, ShardError> {
        let chunk = |chunk: Receiver<Result<ArrowColumnChunk, ShardError>>| {
            chunk
                .recv()
                .expect("a column gives its chunk or its error before its last task is done")
        };
        self.chunks.into_iter().map(chunk).collect()
    }
}

impl Column {
    fn give(self: &Arc<Self>, task: Task) {
        let mut state = lock(&self.state);
        state.tasks.push_back(task);
        if !std::mem::replace(&mut state.busy, true) {
            drop(state);
            self.spawn();
        }
    }

    fn spawn(self: &Arc<Self>) {
        let column = Arc::clone(self);
        match &self.pool {
            Some(pool) => pool.spawn(move || column.work()),
            None => column.work(),
        }
    }

    /// Does the tasks that are there now.
    fn work(self: Arc<Self>) {
        let (tasks, mut writer) = {
            let mut state = lock(&self.state);
            (std::mem::take(&mut state.tasks), state.writer.take())
        };
        for task in tasks {
            writer = writer.and_then(|writer| self.step(writer, task));
        }
        let mut state = lock(&self.state);
        state.writer = writer;
        if state.tasks.is_empty() {
            state.busy = false;
        } else {
            drop(state);
            self.spawn();
        }
    }

    /// Does one task; gives the writer back if there may be more.
    fn step(&self, mut writer: ArrowColumnWriter, task: Task) -> Option<ArrowColumnWriter> {
        let outcome = match task {
            Task::Write(leaf, _held) => {
                let written = guarded(&self.path, "", || {
                    writer.write(&leaf)?;
                    Ok(writer)
                });
                match written {
                    Ok(writer) => return Some(writer),
                    Err(error) => Err(error),
                }
            }
            Task::Close => guarded(&self.path, "", || writer.close()),
        };
        // The owner may have gone, after an error elsewhere.
        let _ = self.chunk.send(outcome);
        None
    }
}

/// What a lock guards here is whole whenever it is free, even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
