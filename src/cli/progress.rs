//! Long work shows itself: a bar on a terminal, a structured line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::stderr::Stderr;
use super::{Global, LogForm};
use crate::stage::{Progress, Snapshot};

/// Between two log lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Between two looks at the counters.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Sends log lines to stderr: all of them, or errors only where a bar or `--quiet` wants silence.
pub fn logging(global: &Global) {
    let level = if global.quiet {
        tracing::Level::ERROR
    } else if std::io::stderr().is_terminal() {
        tracing::Level::WARN
    } else {
        tracing::Level::INFO
    };
    let lines = tracing_subscriber::fmt()
        .with_writer(|| Stderr)
        .with_target(false)
        .with_ansi(false)
        .with_max_level(level);
    match global.log {
        LogForm::Text => lines.init(),
        LogForm::Json => lines.json().flatten_event(true).init(),
    }
}

/// The thread that shows the counters.
pub struct Shown {
    done: Arc<AtomicBool>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Shown {
    /// Begins to show.
    pub fn start(global: &Global, progress: Arc<Progress>) -> Shown {
        let done = Arc::new(AtomicBool::new(false));
        let bar = !global.quiet && std::io::stderr().is_terminal();
        let lines = !global.quiet && !bar;
        let flag = Arc::clone(&done);
        let thread = (bar || lines).then(|| {
            std::thread::spawn(move || {
                if bar {
                    show_bar(&progress, &flag);
                } else {
                    show_lines(&progress, &flag);
                }
            })
        });
        Shown {
            done,
            thread: std::sync::Mutex::new(thread),
        }
    }

    /// Ends showing; what was shown last stays.
    pub fn finish(&self) {
        self.done.store(true, Ordering::SeqCst);
        let thread = self.thread.lock().ok().and_then(|mut slot| slot.take());
        if let Some(thread) = thread {
            // A panic there has shown itself; there is nothing to add.
            let _ = thread.join();
        }
    }
}

fn show_bar(progress: &Progress, done: &AtomicBool) {
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{prefix:>8} [{bar:30}] {pos}/{len} shards  {msg}  ETA {eta}")
            .expect("the template is fixed and valid")
            .progress_chars("=> "),
    );
    let mut stage = ("", Instant::now());
    while !done.load(Ordering::SeqCst) {
        let now = progress.snapshot();
        if now.stage.is_empty() {
            std::thread::sleep(LOOK_EVERY);
            continue;
        }
        if now.stage != stage.0 {
            stage = (now.stage, Instant::now());
            bar.reset();
            bar.set_prefix(now.stage);
        }
        bar.set_length(now.total_shards);
        bar.set_position(now.shards);
        bar.set_message(format!(
            "{} documents, {:.1} MB/s",
            now.documents,
            speed(&now, stage.1)
        ));
        std::thread::sleep(LOOK_EVERY);
    }
    bar.finish_and_clear();
}

fn show_lines(progress: &Progress, done: &AtomicBool) {
    let mut stage = ("", Instant::now());
    let mut last = Instant::now();
    while !done.load(Ordering::SeqCst) {
        let now = progress.snapshot();
        if now.stage != stage.0 {
            stage = (now.stage, Instant::now());
            last = Instant::now();
            tracing::info!(stage = now.stage, shards = now.total_shards, "begins");
        }
        if last.elapsed() >= LINE_EVERY {
            last = Instant::now();
            tracing::info!(
                stage = now.stage,
                shards = now.shards,
                of = now.total_shards,
                documents = now.documents,
                mb_per_s = speed(&now, stage.1),
                "goes on"
            );
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn speed(now: &Snapshot, since: Instant) -> f64 {
    let seconds = since.elapsed().as_secs_f64().max(0.001);
    (now.bytes as f64 / 1e6 / seconds * 10.0).round() / 10.0
}
