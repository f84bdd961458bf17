//! What long work shows of itself: counters that whoever likes may read, and a flag to stop it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::error::StageError;

/// Counters of the stage that runs now.
#[derive(Debug, Default)]
pub struct Progress {
    stage: Mutex<&'static str>,
    documents: AtomicU64,
    bytes: AtomicU64,
    shards: AtomicU64,
    done_before: AtomicU64,
    total_shards: AtomicU64,
    total_bytes: AtomicU64,
    stop: AtomicBool,
}

/// What [`Progress`] showed at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Name of the stage; empty before the first.
    pub stage: &'static str,
    /// Documents gone through.
    pub documents: u64,
    /// Bytes of their text.
    pub bytes: u64,
    /// Shards done.
    pub shards: u64,
    /// Shards in all.
    pub total_shards: u64,
    /// Bytes of input files done.
    pub total_bytes: u64,
}

impl Progress {
    /// A new stage over so many shards begins.
    pub fn begin(&self, stage: &'static str, shards: usize) {
        if let Ok(mut name) = self.stage.lock() {
            *name = stage;
        }
        for counter in [
            &self.documents,
            &self.bytes,
            &self.shards,
            &self.total_bytes,
            &self.done_before,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        self.total_shards.store(shards as u64, Ordering::Relaxed);
    }

    /// Documents and bytes of text were gone through.
    pub fn add(&self, documents: u64, bytes: u64) {
        self.documents.fetch_add(documents, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A shard of this size is done.
    pub fn shard_done(&self, file_bytes: u64) {
        self.shards.fetch_add(1, Ordering::Relaxed);
        self.total_bytes.fetch_add(file_bytes, Ordering::Relaxed);
    }

    /// A shard of this size was done by an earlier call.
    pub fn shard_done_before(&self, file_bytes: u64) {
        self.done_before.fetch_add(1, Ordering::Relaxed);
        self.shard_done(file_bytes);
    }

    /// Shards of this stage that an earlier call had done.
    pub fn done_before(&self) -> u64 {
        self.done_before.load(Ordering::Relaxed)
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            stage: self.stage.lock().map_or("", |name| *name),
            documents: self.documents.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            shards: self.shards.load(Ordering::Relaxed),
            total_shards: self.total_shards.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }

    /// Asks the work to stop at the next block.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// # Errors
    /// If the work was asked to stop.
    pub fn go_on(&self) -> Result<(), StageError> {
        if self.stopped() {
            return Err(StageError::Stopped);
        }
        Ok(())
    }

    /// True once the work was asked to stop.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
