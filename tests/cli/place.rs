//! A folder of its own for a test, and calls of the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::run::Run;

/// A temporary folder; the program runs in it, so that tests name files by short relative paths.
pub struct Place {
    folder: tempfile::TempDir,
}

/// How a call of the program ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The run directory of that name.
    pub fn run(&self, name: &str) -> Run {
        Run::new(self.path(name))
    }

    /// Calls the program; `args` are split at spaces.
    pub fn tamis(&self, args: &str) -> Outcome {
        let output = self.command(args).output().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the program, whose output nobody sees.
    pub fn start(&self, args: &str) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// The program in this folder; `args` are split at spaces.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tamis"));
        command.current_dir(self.folder.path());
        command.args(args.split_whitespace());
        command
    }
}

impl Outcome {
    /// Asserts the exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the person is told this.
    #[track_caller]
    pub fn says(self, what: &str) -> Outcome {
        assert!(
            self.stderr.contains(what),
            "no `{what}` in: {}",
            self.stderr
        );
        self
    }

    /// Asserts that the person is not told this.
    #[track_caller]
    pub fn never_says(self, what: &str) -> Outcome {
        assert!(!self.stderr.contains(what), "`{what}` in: {}", self.stderr);
        self
    }
}

/// Every file below a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
