//! The engine under bad luck: panics, errors and stops in every place, for several numbers of threads.
//!
//! Every test also proves that nothing hangs: it would not end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::stage::error::Exit;

const THREADS: [usize; 4] = [1, 2, 8, 64];
const BLOCKS: u32 = 200;

fn engine(threads: usize) -> Engine {
    silence_panics();
    Engine::new(threads, 1 << 30, Arc::new(Progress::default())).unwrap()
}

impl Weighed for usize {
    fn bytes(&self) -> u64 {
        *self as u64
    }
}

impl Weighed for u32 {
    fn bytes(&self) -> u64 {
        u64::from(*self) << 20
    }
}

/// Where something goes wrong in a pipeline.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Nowhere,
    Reader,
    Worker,
    Sink,
}

/// What goes wrong there.
type Wrong = fn() -> StageError;

fn panics() -> StageError {
    panic!("the text of a document")
}

fn fails() -> StageError {
    StageError::Damaged("it is broken".to_owned())
}

/// Sends numbers through a pipeline in which block `at` meets something wrong; gives what arrived.
fn pipeline(engine: &Engine, place: Place, at: u32, wrong: Wrong) -> Result<Vec<u32>, StageError> {
    let mut next = 0;
    let mut arrived = Vec::new();
    let met = |here: Place, block: u32| {
        if here == place && block == at {
            Err(wrong())
        } else {
            Ok(())
        }
    };
    engine.pipeline(
        || {
            met(Place::Reader, next)?;
            next += 1;
            Ok((next <= BLOCKS).then(|| next - 1))
        },
        |block| met(Place::Worker, block).map(|()| block),
        |block| {
            met(Place::Sink, block)?;
            arrived.push(block);
            Ok(())
        },
    )?;
    Ok(arrived)
}

#[test]
fn results_come_in_order() {
    for threads in THREADS {
        let arrived = pipeline(&engine(threads), Place::Nowhere, 0, fails).unwrap();
        assert_eq!(arrived, (0..BLOCKS).collect::<Vec<_>>());
    }
}

#[test]
fn a_panic_anywhere_fails_its_shard_alone() {
    let shards: Vec<Place> = [Place::Reader, Place::Worker, Place::Sink]
        .into_iter()
        .flat_map(|place| [Place::Nowhere, place, Place::Nowhere])
        .collect();
    for threads in THREADS {
        for at in [0, 1, BLOCKS - 1] {
            let engine = engine(threads);
            let results = engine.each(&shards, |place| pipeline(&engine, *place, at, panics));
            for (place, result) in shards.iter().zip(results) {
                match result.expect("every shard had its turn") {
                    Ok(arrived) => {
                        assert_eq!((*place, arrived.len()), (Place::Nowhere, BLOCKS as usize));
                    }
                    Err(error) => {
                        assert_ne!(*place, Place::Nowhere);
                        assert_eq!(error.exit(), Exit::Bug);
                        let told = error.to_string();
                        assert!(told.contains("engine/tests.rs"), "{told}");
                        assert!(!told.contains("document"), "no text is told");
                        let failure = error.failure_of("web/a");
                        assert_eq!(failure.code, crate::stage::error::PANIC_CODE);
                    }
                }
            }
        }
    }
}

#[test]
fn an_error_anywhere_ends_its_pipeline() {
    for threads in THREADS {
        for place in [Place::Reader, Place::Worker, Place::Sink] {
            for at in [0, 1, BLOCKS / 2, BLOCKS - 1] {
                let error = pipeline(&engine(threads), place, at, fails).unwrap_err();
                assert_eq!(error.to_string(), "it is broken");
            }
        }
    }
}

#[test]
fn a_full_disk_or_a_stop_lets_no_new_shard_begin() {
    for threads in THREADS {
        let engine = engine(threads);
        let begun = AtomicUsize::new(0);
        let shards: Vec<usize> = (0..1000).collect();
        let results = engine.each(&shards, |_| -> Result<(), StageError> {
            begun.fetch_add(1, Ordering::SeqCst);
            Err(StageError::Environment("no space".to_owned()))
        });
        let begun = begun.into_inner();
        assert!(
            begun <= threads,
            "{begun} shards begun by {threads} threads"
        );
        assert_eq!(results.iter().flatten().count(), begun);
    }
}

#[test]
fn a_stop_ends_the_pipeline_at_the_next_block() {
    let engine = engine(2);
    let read = AtomicUsize::new(0);
    let ended = engine.pipeline(
        || Ok(Some(read.fetch_add(1, Ordering::SeqCst))),
        Ok,
        |block| {
            if block == 10 {
                engine.progress.stop();
            }
            Ok(())
        },
    );
    assert!(matches!(ended, Err(StageError::Stopped)));
}
