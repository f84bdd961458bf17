//! Signals: stop at the next block, and end as each signal asks.
//!
//! SIGTERM, SIGUSR1 and SIGHUP are how batch systems announce the end: exit 75, to be run again.
//! SIGINT is a person's: the shell should see a true death by it. A second signal ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::stage::{Exit, Progress, StageError};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks `progress` to stop at the first signal; ends the process at the second.
///
/// # Errors
/// If the operating system refuses handlers.
pub fn listen(progress: &Arc<Progress>) -> Result<(), StageError> {
    let mut signals = Signals::new([SIGTERM, SIGUSR1, SIGHUP, SIGINT])
        .map_err(|e| StageError::Environment(format!("cannot listen to signals: {e}")))?;
    let progress = Arc::clone(progress);
    std::thread::spawn(move || {
        for signal in signals.forever() {
            INTERRUPTED.store(signal == SIGINT, Ordering::SeqCst);
            if progress.stopped() {
                reraise_interrupt();
                std::process::exit(i32::from(Exit::Stopped.code()));
            }
            progress.stop();
        }
    });
    Ok(())
}

/// Dies of SIGINT, if that is what stopped the work.
pub fn reraise_interrupt() {
    if INTERRUPTED.load(Ordering::SeqCst) {
        // Only fails for signals that do not exist.
        let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
    }
}
