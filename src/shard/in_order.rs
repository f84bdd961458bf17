//! Jobs on a pool whose results come back in the order in which the jobs were given.
//!
//! The owner gives jobs and takes results on a thread of its own, and only there does anybody wait: a job
//! runs to its end and never waits for another, so a pool of one thread is enough and none can block.
//! What jobs hold is bounded by the bytes that each says it holds; one job may always run.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

/// Threads that encode; without them the caller does it.
pub(crate) type Pool = Option<Arc<rayon::ThreadPool>>;

/// Why a job's channel gives an outcome.
const ENDS: &str =
    "a job sends its outcome whatever happens in it, and the pool lives as long as its owner";

type Outcome<R> = Result<R, Box<dyn Any + Send>>;

/// The jobs of one owner that are under way.
pub(crate) struct InOrder<R> {
    pool: Pool,
    most_bytes: usize,
    held_bytes: usize,
    under_way: VecDeque<(usize, Receiver<Outcome<R>>)>,
}

impl<R: Send + 'static> InOrder<R> {
    pub(crate) fn new(pool: Pool, most_bytes: usize) -> InOrder<R> {
        InOrder {
            pool,
            most_bytes,
            held_bytes: 0,
            under_way: VecDeque::new(),
        }
    }

    /// True if a job that holds so much may begin beside those under way.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.under_way.is_empty() || self.held_bytes.saturating_add(bytes) <= self.most_bytes
    }

    /// Begins a job that holds `bytes` until its result is taken.
    pub(crate) fn begin(&mut self, bytes: usize, job: impl FnOnce() -> R + Send + 'static) {
        let (sender, result) = bounded(1);
        let work = move || {
            // The owner may have gone, after an error of an earlier job.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(job)));
        };
        match &self.pool {
            Some(pool) => pool.spawn(work),
            None => work(),
        }
        self.held_bytes += bytes;
        self.under_way.push_back((bytes, result));
    }

    /// The first result if it is there. A panic of its job goes on in the caller.
    pub(crate) fn first_if_done(&mut self) -> Option<R> {
        match self.under_way.front()?.1.try_recv() {
            Err(TryRecvError::Empty) => None,
            outcome => Some(self.took(outcome.expect(ENDS))),
        }
    }

    /// The first result, waited for; none if no job is under way. A panic of its job goes on in the caller.
    pub(crate) fn first(&mut self) -> Option<R> {
        let outcome = self.under_way.front()?.1.recv();
        Some(self.took(outcome.expect(ENDS)))
    }

    fn took(&mut self, outcome: Outcome<R>) -> R {
        if let Some((bytes, _)) = self.under_way.pop_front() {
            self.held_bytes -= bytes;
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(threads: usize) -> Pool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        Some(Arc::new(pool.unwrap()))
    }

    #[test]
    fn results_come_in_order_and_the_bound_holds() {
        for (pool, most) in [(None, 0), (pool(1), 0), (pool(1), 100), (pool(8), 35)] {
            let mut jobs = InOrder::new(pool, most);
            let mut results = Vec::new();
            for n in 0..200usize {
                while !jobs.has_room(10) {
                    results.extend(jobs.first());
                }
                jobs.begin(10, move || n);
                assert!(jobs.held_bytes <= most.max(10));
                results.extend(jobs.first_if_done());
            }
            results.extend(std::iter::from_fn(|| jobs.first()));
            assert_eq!(results, (0..200).collect::<Vec<_>>());
            assert_eq!(jobs.held_bytes, 0);
        }
    }

    #[test]
    fn a_panic_of_a_job_reaches_the_owner_and_spares_the_pool() {
        let pool = pool(1);
        for _ in 0..3 {
            let mut jobs = InOrder::new(pool.clone(), 100);
            jobs.begin(1, || 1);
            jobs.begin(1, || panic!("broken"));
            jobs.begin(1, || 3);
            assert_eq!(jobs.first(), Some(1));
            assert!(catch_unwind(AssertUnwindSafe(|| jobs.first())).is_err());
            assert_eq!(jobs.first(), Some(3));
            assert_eq!(jobs.first(), None);
        }
    }
}
