//! Signals: stop at the next block, and end as each signal asks.
//!
//! SIGTERM, SIGUSR1 and SIGHUP are how batch systems announce the end: exit 75, to be run again.
//! SIGINT is a person's: the shell should see a true death by it. A second signal ends at once, and
//! so does the end of the grace, for what cannot be asked to stop: one endless document, a disk that
//! does not answer. Ending at once loses nothing that is finished, since every file is either whole
//! under its name or not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::stage::{Exit, Progress, StageError};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long work may take to stop. Batch systems kill 30 seconds after they asked, some 20.
const GRACE: Duration = Duration::from_secs(12);

/// Asks `progress` to stop at the first signal; ends the process at the second, or after the grace.
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
                end_now();
            }
            progress.stop();
            std::thread::spawn(|| {
                std::thread::sleep(GRACE);
                end_now();
            });
        }
    });
    Ok(())
}

fn end_now() {
    reraise_interrupt();
    std::process::exit(i32::from(Exit::Stopped.code()));
}

/// Dies of SIGINT, if that is what stopped the work.
pub fn reraise_interrupt() {
    if INTERRUPTED.load(Ordering::SeqCst) {
        // Only fails for signals that do not exist.
        let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
    }
}
