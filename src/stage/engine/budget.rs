//! Bytes that may be under way at once: whoever takes some waits until they are free.
//!
//! Those who wait are served in the order in which they came, so a large block is not passed by for ever. One that
//! is larger than everything there is goes alone.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A fixed number of bytes, shared.
pub(super) struct Budget {
    bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: u64,
    /// Number of the next who comes, and of the next who is served.
    next: u64,
    served: u64,
}

/// Bytes that were taken; given back when this is dropped.
pub(super) struct Lease {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Arc<Budget> {
        Arc::new(Budget {
            bytes,
            state: Mutex::new(State {
                free: bytes,
                next: 0,
                served: 0,
            }),
            changed: Condvar::new(),
        })
    }

    /// Waits for `bytes`, or for all that there is if that is less.
    pub(super) fn take(self: &Arc<Budget>, bytes: u64) -> Lease {
        let bytes = bytes.min(self.bytes);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = state.next;
        state.next += 1;
        while state.served != mine || state.free < bytes {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.free -= bytes;
        state.served += 1;
        drop(state);
        self.changed.notify_all();
        Lease {
            budget: Arc::clone(self),
            bytes,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let budget = &self.budget;
        let mut state = budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free += self.bytes;
        drop(state);
        budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_more_is_out_than_there_is(
            bytes in 1..100u64,
            wishes in proptest::collection::vec(proptest::collection::vec(0..150u64, 0..20), 1..6),
        ) {
            let budget = Budget::new(bytes);
            let out = AtomicU64::new(0);
            std::thread::scope(|scope| {
                let (budget, out) = (&budget, &out);
                for wishes in &wishes {
                    scope.spawn(move || {
                        for &wish in wishes {
                            let lease = budget.take(wish);
                            let now = out.fetch_add(lease.bytes, Ordering::SeqCst) + lease.bytes;
                            assert!(now <= bytes, "{now} of {bytes}");
                            std::thread::yield_now();
                            out.fetch_sub(lease.bytes, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!(budget.state.lock().unwrap().free, bytes);
        }
    }
}
