//! Decodes several row groups at once, and gives their rows out in order.
//!
//! Threads take groups in order and put what they decode into the group's own queue. What waits in queues is
//! bounded in bytes; the group whose turn it is may always add when its queue is empty, so nobody waits for
//! ever. A thread that dies ends its queue with an error; when the reader goes, the threads see it and end.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use arrow::array::{Array, RecordBatch};

use super::error::ShardError;
use super::nested::shown_bytes;
use super::parquet_group::{GroupReader, GroupSpec, Step};

/// Row groups being decoded ahead of their reader.
pub(crate) struct Ahead {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    spec: Arc<GroupSpec>,
    /// Rows of the shard that are read at all.
    stop_after: Option<u64>,
    groups: usize,
    /// Bytes that may wait in queues.
    most: u64,
    /// Bytes of pages that a group may hold before its turn.
    share: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The group whose rows are given out now; its queue is the first.
    front: usize,
    queues: VecDeque<Queue>,
    /// The next group that a thread takes.
    next: usize,
    waiting: u64,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    rows: VecDeque<(RecordBatch, u64)>,
    ended: Option<Result<(), ShardError>>,
}

impl Ahead {
    /// Starts `threads` threads; nothing where the system gives none.
    pub(crate) fn start(
        spec: Arc<GroupSpec>,
        threads: usize,
        most: u64,
        stop_after: Option<u64>,
    ) -> Option<Ahead> {
        let groups = groups_until(&spec, stop_after);
        let shared = Arc::new(Shared {
            spec,
            stop_after,
            groups,
            most,
            share: most / threads.max(1) as u64,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut ahead = Ahead {
            shared,
            threads: Vec::new(),
        };
        for _ in 0..threads {
            let shared = ahead.shared.clone();
            let builder = std::thread::Builder::new().name("row-group".to_owned());
            // One thread is enough to go on with.
            let Ok(thread) = builder.spawn(move || shared.work()) else {
                break;
            };
            ahead.threads.push(thread);
        }
        (!ahead.threads.is_empty()).then_some(ahead)
    }

    /// The next rows, none at the end; or the group that failed and why.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, (usize, ShardError)> {
        let mut state = self.shared.state();
        loop {
            let front = state.front;
            if front == self.shared.groups || state.closed {
                return Ok(None);
            }
            if let Some(queue) = state.queues.front_mut() {
                if let Some((rows, bytes)) = queue.rows.pop_front() {
                    state.waiting -= bytes;
                    self.shared.changed.notify_all();
                    return Ok(Some(rows));
                }
                match queue.ended.take() {
                    None => {}
                    Some(Ok(())) => {
                        state.queues.pop_front();
                        state.front += 1;
                        self.shared.changed.notify_all();
                        continue;
                    }
                    Some(Err(error)) => {
                        state.closed = true;
                        self.shared.changed.notify_all();
                        return Err((front, error));
                    }
                }
            }
            state = self.shared.wait(state);
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in one was caught there already, and is in its queue.
            let _ = thread.join();
        }
    }
}

/// How many groups begin before the row after which the shard counts as ended.
pub(crate) fn groups_until(spec: &GroupSpec, stop_after: Option<u64>) -> usize {
    stop_after.map_or(spec.starts.len(), |stop| {
        spec.starts.partition_point(|start| *start < stop)
    })
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn work(&self) {
        while let Some(group) = self.take_group() {
            let done = catch_unwind(AssertUnwindSafe(|| self.decode(group)));
            let ended = done.unwrap_or_else(|_| Err(self.died(group)));
            let mut state = self.state();
            if let Some(queue) = queue_of(&mut state, group) {
                queue.ended = Some(ended);
            }
            self.changed.notify_all();
        }
    }

    fn take_group(&self) -> Option<usize> {
        let mut state = self.state();
        if state.closed || state.next == self.groups {
            return None;
        }
        state.next += 1;
        state.queues.push_back(Queue::default());
        Some(state.next - 1)
    }

    fn decode(&self, group: usize) -> Result<(), ShardError> {
        let before = self.spec.starts[group];
        let most = self.stop_after.map(|stop| stop.saturating_sub(before));
        let mut reader = GroupReader::new(self.spec.clone(), group, most, Some(self.share));
        while self.may_add(group) {
            match reader.next()? {
                Step::End => return Ok(()),
                Step::Rows(rows) => self.add(group, rows),
                Step::WantsMore => {
                    if !self.is_front(group) {
                        return Ok(());
                    }
                    reader.unshare();
                }
            }
        }
        Ok(())
    }

    /// Waits until there is room for more of this group; false if nobody reads any more.
    fn may_add(&self, group: usize) -> bool {
        let mut state = self.state();
        loop {
            if state.closed {
                return false;
            }
            let turn = state.front == group;
            let empty = queue_of(&mut state, group).is_none_or(|queue| queue.rows.is_empty());
            if state.waiting < self.most || turn && empty {
                return true;
            }
            state = self.wait(state);
        }
    }

    /// Waits until it is this group's turn; false if nobody reads any more.
    fn is_front(&self, group: usize) -> bool {
        let mut state = self.state();
        while !state.closed && state.front != group {
            state = self.wait(state);
        }
        !state.closed
    }

    fn add(&self, group: usize, rows: RecordBatch) {
        let shown: u64 = rows.columns().iter().map(shown_bytes).sum();
        let fixed = rows.columns().iter().map(|column| 16 * column.len() as u64);
        let bytes = shown + fixed.sum::<u64>();
        let mut state = self.state();
        state.waiting += bytes;
        if let Some(queue) = queue_of(&mut state, group) {
            queue.rows.push_back((rows, bytes));
        }
        self.changed.notify_all();
    }

    fn died(&self, group: usize) -> ShardError {
        ShardError::Damaged {
            code: "E-PARQUET-CORRUPT",
            path: self.spec.file.path().to_path_buf(),
            place: format!(" in row group {group}"),
            cause: "its decoder gave up (a panic)".to_owned(),
            rows: None,
        }
    }
}

/// The queue of a group that is not given out in full yet.
fn queue_of(state: &mut State, group: usize) -> Option<&mut Queue> {
    let place = group.checked_sub(state.front)?;
    state.queues.get_mut(place)
}
