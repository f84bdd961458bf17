//! Threads that decode whole zstd frames before the reader comes to them.
//!
//! The reader hands out frames in order and takes the results in the same order; a channel of one place for
//! each result means that no thread ever waits for the reader. The threads end when the reader drops its end
//! of the channel, and are joined then.

use std::collections::VecDeque;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use zstd::zstd_safe::DCtx;

use super::zst::Frame;

/// A frame on its way through a thread.
struct Job {
    frame: Frame,
    content: usize,
    done: Sender<Decoded>,
}

/// What became of a frame: its text, or the frame itself where it cannot be decoded in one go.
pub(crate) type Decoded = Result<Vec<u8>, Frame>;

/// A frame that was handed out and not taken back yet.
struct Pending {
    result: Receiver<Decoded>,
    bytes: usize,
}

/// The threads and what they are at.
pub(crate) struct Ahead {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    pending: VecDeque<Pending>,
    /// Encoded and decoded bytes of all frames that are handed out, the one taken last included.
    bytes: usize,
    last: usize,
    most: usize,
}

impl Ahead {
    /// Starts the threads; none if the system gives none, which costs speed and nothing else.
    pub(crate) fn start(threads: usize, most: usize) -> Option<Ahead> {
        let (jobs, queue) = unbounded::<Job>();
        let mut ahead = Ahead {
            jobs: Some(jobs),
            threads: Vec::new(),
            pending: VecDeque::new(),
            bytes: 0,
            last: 0,
            most,
        };
        for _ in 0..threads {
            let queue = queue.clone();
            let builder = thread::Builder::new().name("decode".to_owned());
            ahead
                .threads
                .push(builder.spawn(move || decode_all(&queue)).ok()?);
        }
        Some(ahead)
    }

    /// True if a frame that may take this many bytes fits beside those that are handed out.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.saturating_add(bytes) <= self.most
    }

    /// Hands out a frame that declares `content` bytes.
    pub(crate) fn hand_out(&mut self, frame: Frame, content: usize) {
        let (done, result) = bounded(1);
        let bytes = frame.bytes.len() + content;
        let job = Job {
            frame,
            content,
            done,
        };
        if let Some(jobs) = &self.jobs {
            // It cannot fail while a thread lives; if all have died, the missing result tells.
            let _ = jobs.send(job);
        }
        self.bytes += bytes;
        self.pending.push_back(Pending { result, bytes });
    }

    /// Says that the text which was taken last is no longer held.
    pub(crate) fn release(&mut self) {
        self.bytes -= std::mem::take(&mut self.last);
    }

    /// The next frame in order; none if none is handed out. An error means that its thread died.
    pub(crate) fn take(&mut self) -> Option<Result<Decoded, ()>> {
        self.release();
        let pending = self.pending.pop_front()?;
        self.last = pending.bytes;
        Some(pending.result.recv().map_err(|_| ()))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic was told through the result that never came.
            let _ = thread.join();
        }
    }
}

fn decode_all(queue: &Receiver<Job>) {
    let mut decoder = DCtx::create();
    for job in queue {
        let Job {
            frame,
            content,
            done,
        } = job;
        let mut text = Vec::with_capacity(content);
        let decoded = decoder.decompress(&mut text, &frame.bytes);
        let result = match decoded {
            Ok(length) if length == content => Ok(text),
            _ => Err(frame),
        };
        // The reader may have gone.
        let _ = done.send(result);
    }
}
