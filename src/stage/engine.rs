//! The engine that runs a stage over shards.
//!
//! Several shards are worked on at once, each by a driver thread. Inside a shard a reader thread
//! decodes blocks into a bounded channel; the driver hands each block to the rayon pool and takes
//! the results back in order, a bounded number and a bounded number of bytes of them under way. So memory
//! is bounded by blocks whatever the shard's size, all threads are busy with one large shard as with many
//! small ones, and what is written does not depend on which worker was first.
//!
//! Of the memory that a call may use, one half is for blocks under way. A quarter is divided among the shards in
//! work: three parts of four for what is being written, two for decoding ahead, as much as all for pages, which
//! never come to their most together. The rest is slack for that, and for what an allocator does not give back.
//!
//! A channel has one owner at each end. If a reader fails, its error comes through the channel; if a
//! driver stops early, the reader sees its channel closed and ends. A panic in a worker fails its
//! shard alone.

mod budget;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, bounded, select};

use self::budget::{Budget, Lease};
use super::error::StageError;
use super::progress::Progress;
use crate::config::Limits;
use crate::score::row::ScoreRow;
use crate::shard::{RawBlock, ReadOptions, WriteOptions};

/// Threads, memory, and what watches the work.
pub struct Engine {
    pool: Arc<rayon::ThreadPool>,
    threads: usize,
    memory: u64,
    block_bytes: usize,
    /// Bytes of blocks under way, of all drivers together.
    budget: std::sync::Arc<Budget>,
    /// Drivers at work: they share the blocks that may be under way.
    drivers: AtomicUsize,
    /// Counters and the stop flag.
    pub progress: std::sync::Arc<Progress>,
}

/// Blocks that may exist at once, per thread: read ahead, in work, and waiting for their turn.
const BLOCKS_PER_THREAD: u64 = 8;

/// Bytes of a block, at most: what a worker makes of one should stay in its cache, and in memory that an allocator
/// keeps at hand.
const MAX_BLOCK_BYTES: u64 = 1 << 20;

/// A block holds its raw bytes, its decoded texts and what is made of them.
const BLOCK_OVERHEAD: u64 = 6;

/// What a shard in work needs besides blocks: a frame or row group being written, raw and compressed, a
/// decoder's window, pages.
const SHARD_BYTES: u64 = 128 << 20;

/// What a pipeline reads, by its weight in memory.
pub trait Weighed {
    /// Bytes that it holds.
    fn bytes(&self) -> u64;
}

impl Weighed for RawBlock {
    fn bytes(&self) -> u64 {
        RawBlock::bytes(self)
    }
}

impl Weighed for (RawBlock, Vec<ScoreRow>) {
    fn bytes(&self) -> u64 {
        self.0.bytes() + std::mem::size_of_val(self.1.as_slice()) as u64
    }
}

thread_local! {
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics silent but for their place in the code, which the shard's error then tells.
///
/// A panic's own message may quote the text that it stumbled over, and no document's text may reach
/// a log.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        PANIC_PLACE.with(|slot| *slot.borrow_mut() = place);
    }));
}

/// The result of a block that was handed to a worker, and the bytes that it holds.
type Pending<R> = (Lease, Receiver<Result<R, StageError>>);

impl Engine {
    /// An engine of `threads` workers within `memory` bytes.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub fn new(
        threads: usize,
        memory: u64,
        progress: std::sync::Arc<Progress>,
    ) -> Result<Engine, StageError> {
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("worker-{i}"))
            .build()
            .map_err(|e| StageError::Environment(format!("cannot start threads: {e}")))?;
        let share = memory / (BLOCKS_PER_THREAD * BLOCK_OVERHEAD * threads as u64);
        let block_bytes = share.clamp(64 << 10, MAX_BLOCK_BYTES) as usize;
        Ok(Engine {
            pool: Arc::new(pool),
            threads,
            memory,
            block_bytes,
            budget: Budget::new(memory / 2),
            drivers: AtomicUsize::new(1),
            progress,
        })
    }

    /// How shards are read within the engine's memory.
    pub fn reading(&self, limits: &Limits) -> ReadOptions {
        ReadOptions {
            block_bytes: self.block_bytes,
            max_document: limits.max_document as usize,
            zstd_window_log: limits.zstd_window_log,
            max_ratio: limits.max_ratio,
            invalid_utf8: limits.invalid_utf8,
            lone_surrogates: limits.lone_surrogates,
            ahead_threads: (self.threads / self.drivers()).max(1),
            ahead_bytes: (self.shard_bytes() / 2) as usize,
            page_bytes: self.shard_bytes(),
            ..ReadOptions::default()
        }
    }

    /// Shards that [`Engine::each`] works on at once, at most.
    pub fn at_once(&self) -> usize {
        let affordable = usize::try_from(self.memory / 4 / SHARD_BYTES).unwrap_or(usize::MAX);
        self.threads.min(affordable).max(1)
    }

    /// Shards that are in work at once.
    fn drivers(&self) -> usize {
        self.drivers.load(Ordering::Relaxed)
    }

    /// What one of the shards in work may use besides blocks.
    fn shard_bytes(&self) -> u64 {
        self.memory / 4 / self.drivers() as u64
    }

    /// How a shard is written within the engine's memory: three parts of four of what each of the shards in
    /// work may use besides blocks.
    pub fn writing(&self, zstd_level: i32) -> WriteOptions {
        let shard = self.shard_bytes();
        WriteOptions {
            zstd_level,
            buffer_bytes: usize::try_from(shard / 4 * 3).unwrap_or(usize::MAX),
            pool: Some(Arc::clone(&self.pool)),
        }
    }

    /// Runs `work` over all items, several at once; results come in the order of the items.
    ///
    /// An item's error does not stop the others, but for a stop, a full disk and the like, after
    /// which no new item begins.
    pub fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        work: impl Fn(&T) -> Result<R, StageError> + Sync,
    ) -> Vec<Option<Result<R, StageError>>> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Result<R, StageError>>>> =
            Mutex::new(items.iter().map(|_| None).collect());
        let drive = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else {
                    return;
                };
                let result = caught(|| work(item));
                if result.as_ref().is_err_and(StageError::ends_everything) {
                    next.store(items.len(), Ordering::Relaxed);
                }
                let mut slots = results
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                slots[index] = Some(result);
            }
        };
        let drivers = self.at_once().min(items.len()).max(1);
        self.drivers.store(drivers, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..drivers {
                scope.spawn(drive);
            }
        });
        self.drivers.store(1, Ordering::Relaxed);
        results
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Reads blocks on a thread of their own, works on them in the pool, and sinks the results in
    /// order on the calling thread.
    ///
    /// # Errors
    /// The first error in the order of blocks, of reading, work or sink.
    pub fn pipeline<B: Weighed + Send, R: Send>(
        &self,
        read: impl FnMut() -> Result<Option<B>, StageError> + Send,
        work: impl Fn(B) -> Result<R, StageError> + Sync,
        mut sink: impl FnMut(R) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        // Without room of its own: a block left in the channel would keep its bytes from a reader that waits for them.
        let (sender, blocks) = bounded::<Result<(Lease, B), StageError>>(0);
        std::thread::scope(|scope| {
            scope.spawn(move || self.read_all(read, &sender));
            self.pool.in_place_scope(|workers| {
                // Its end here: a reader that nobody listens to any more must not wait to be heard.
                let blocks = blocks;
                let mut pending: VecDeque<Pending<R>> = VecDeque::new();
                let work = &work;
                let most = (2 * self.threads / self.drivers()).max(2);
                loop {
                    match next(&blocks, &pending, most)? {
                        Next::Block(lease, block) => {
                            let (done, result) = bounded(1);
                            workers.spawn(move |_| {
                                // The driver may have gone, after an error of an earlier block.
                                let _ = done.send(
                                    self.progress.go_on().and_then(|()| caught(|| work(block))),
                                );
                            });
                            pending.push_back((lease, result));
                        }
                        Next::Result(result) => {
                            sink(result)?;
                            // Only now are its bytes free for another block.
                            pending.pop_front();
                        }
                        Next::End => break,
                    }
                }
                Ok(())
            })
        })
    }

    fn read_all<B: Weighed + Send>(
        &self,
        mut read: impl FnMut() -> Result<Option<B>, StageError>,
        sender: &crossbeam_channel::Sender<Result<(Lease, B), StageError>>,
    ) {
        loop {
            let next = if self.progress.stopped() {
                Err(StageError::Stopped)
            } else {
                caught(&mut read)
            };
            let message = match next {
                Ok(Some(block)) => {
                    let lease = self.budget.take(block.bytes() * BLOCK_OVERHEAD);
                    Ok((lease, block))
                }
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let last = message.is_err();
            if sender.send(message).is_err() || last {
                return;
            }
        }
    }
}

/// What a driver does next.
enum Next<B, R> {
    Block(Lease, B),
    Result(R),
    End,
}

/// Waits for the next block and for the first result, as long as no more than `most` are under way.
///
/// A result that is there must not wait for a block, which may itself wait for the result's bytes.
fn next<B, R>(
    blocks: &Receiver<Result<(Lease, B), StageError>>,
    pending: &VecDeque<Pending<R>>,
    most: usize,
) -> Result<Next<B, R>, StageError> {
    let Some((_, first)) = pending.front() else {
        return match blocks.recv() {
            Ok(block) => block.map(|(lease, block)| Next::Block(lease, block)),
            Err(_) => Ok(Next::End),
        };
    };
    let lost = |_| StageError::Bug("a worker ended without a result".to_owned());
    if pending.len() < most {
        select! {
            recv(blocks) -> block => if let Ok(block) = block {
                return block.map(|(lease, block)| Next::Block(lease, block));
            },
            recv(first) -> result => return Ok(Next::Result(result.map_err(lost)??)),
        }
    }
    Ok(Next::Result(first.recv().map_err(lost)??))
}

/// Does `work`; a panic in it becomes an error that names its place in the code.
///
/// # Errors
/// Those of `work`, or [`StageError::Bug`].
pub fn caught<R>(work: impl FnOnce() -> Result<R, StageError>) -> Result<R, StageError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = PANIC_PLACE.with(|place| place.borrow_mut().take());
        Err(StageError::Bug(format!(
            "a panic at {}",
            place.as_deref().unwrap_or("an unknown place")
        )))
    })
}

#[cfg(test)]
mod tests;
