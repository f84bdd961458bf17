//! One shard's turn: what goes on record when it fails, and what a twin at the same shard changes.

use super::*;
use crate::document::Origin;
use crate::provenance::FileRecord;

fn job(folder: &Path) -> Job {
    let input = folder.join("in/a.jsonl");
    std::fs::create_dir_all(folder.join("in")).unwrap();
    std::fs::write(&input, "{\"text\":\"one\"}\n").unwrap();
    let paths = vec![input.to_string_lossy().into_owned()];
    let config = Config {
        source: vec![Source::new("web", paths, Origin::Human)],
        ..Config::default()
    };
    let options = CallOptions {
        threads: 1,
        memory: 1 << 30,
        allow_failed: 0,
        progress: Arc::new(Progress::default()),
    };
    Job::open(config, &folder.join("run"), &options, Call::Stage).unwrap()
}

fn made_from(what: &str) -> Fingerprint {
    Fingerprint::new().digest("input", what)
}

/// Writes scores and their record, as whoever does the shard well.
fn does_well(job: &Job, what: &str) -> Vec<u8> {
    let path = job.run.scores("web", "a.jsonl");
    let written = write_atomic(&path, b"scores").unwrap();
    let mut record = ShardRecord::new("score", "web", "a.jsonl", made_from(what));
    let file = FileRecord::new(&job.run, &path, &written).unwrap();
    record.files.push(file);
    job.write_record(Stage::Score, &record).unwrap();
    record_of(job)
}

fn record_of(job: &Job) -> Vec<u8> {
    let path = job.run.record(Stage::Score, "web", "a.jsonl");
    std::fs::read(path).unwrap_or_default()
}

fn code_of(job: &Job) -> Option<String> {
    let record = job.record(&job.run, Stage::Score, &job.inputs[0])?;
    Some(record.failure?.code)
}

fn damaged() -> Result<(), StageError> {
    Err(StageError::Damaged("it is broken".to_owned()))
}

#[test]
fn a_failure_and_a_panic_go_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path());
    let input = &job.inputs[0];
    let failed = job.attempt(Stage::Score, input, &made_from("now"), damaged);
    assert_eq!(failed.unwrap_err().to_string(), "it is broken");
    assert_eq!(code_of(&job).as_deref(), Some("E-RUN-DAMAGED"));
    super::super::silence_panics();
    let failed = job.attempt(Stage::Score, input, &made_from("now"), || panic!("a text"));
    assert!(matches!(failed, Err(StageError::Bug(_))));
    assert_eq!(code_of(&job).as_deref(), Some("E-PANIC"));
    let now = made_from("now");
    let done = job.attempt(Stage::Score, input, &now, || {
        does_well(&job, "now");
        Ok(())
    });
    assert!(done.is_ok());
    assert_eq!(code_of(&job), None);
}

#[test]
fn what_a_twin_did_well_in_the_meantime_stays_and_is_no_failure() {
    let wrong: [fn() -> StageError; 3] = [
        || StageError::Damaged("a page went bad on the way".to_owned()),
        || StageError::Environment("No such file or directory".to_owned()),
        || panic!("a text"),
    ];
    super::super::silence_panics();
    for wrong in wrong {
        let folder = tempfile::tempdir().unwrap();
        let job = job(folder.path());
        let mut record = Vec::new();
        let done = job.attempt(Stage::Score, &job.inputs[0], &made_from("now"), || {
            record = does_well(&job, "now");
            Err(wrong())
        });
        assert!(done.is_ok());
        assert_eq!(record_of(&job), record);
        assert!(job.run.scores("web", "a.jsonl").exists());
    }
}

#[test]
fn what_was_made_from_something_else_is_no_help() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path());
    does_well(&job, "before");
    let failed = job.attempt(Stage::Score, &job.inputs[0], &made_from("now"), damaged);
    assert!(failed.is_err());
    assert_eq!(code_of(&job).as_deref(), Some("E-RUN-DAMAGED"));
}

#[test]
fn a_stop_or_a_full_disk_is_no_failure_of_the_shard() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path());
    let before = does_well(&job, "before");
    let stop = || Err(StageError::Stopped);
    let full = || Err(StageError::Environment("no space".to_owned()));
    let input = &job.inputs[0];
    assert!(
        job.attempt(Stage::Score, input, &made_from("now"), stop)
            .is_err()
    );
    assert!(
        job.attempt(Stage::Score, input, &made_from("now"), full)
            .is_err()
    );
    assert_eq!(record_of(&job), before);
}
