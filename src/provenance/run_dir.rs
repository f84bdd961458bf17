//! Where everything lies inside a run directory.

use std::path::{Path, PathBuf};

/// The stages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Samples each source.
    Profile,
    /// Measures every document.
    Score,
    /// Decides everything.
    Plan,
    /// Writes the mix.
    Write,
    /// Tells what was done.
    Report,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 5] = [
        Stage::Profile,
        Stage::Score,
        Stage::Plan,
        Stage::Write,
        Stage::Report,
    ];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Profile => "profile",
            Stage::Score => "score",
            Stage::Plan => "plan",
            Stage::Write => "write",
            Stage::Report => "report",
        }
    }
}

/// A run directory; paths inside it, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    root: PathBuf,
}

impl RunDir {
    /// The run directory at `root`.
    pub fn new(root: impl Into<PathBuf>) -> RunDir {
        RunDir { root: root.into() }
    }

    /// Something that the folder holds and a run directory does not; in a folder that is not known
    /// to be `ours`, anything but an empty log.
    pub fn foreign(&self, ours: bool) -> Option<PathBuf> {
        const OURS: [&str; 12] = [
            "config.toml",
            "inputs.json",
            "profile",
            "scores",
            "plan.json",
            "edits",
            "data",
            "quarantine",
            "manifest",
            "manifest.json",
            "report.json",
            "log",
        ];
        let entries = std::fs::read_dir(&self.root).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known = if ours {
                OURS.contains(&&*name)
            } else {
                name == "log"
            };
            !known && !crate::shard::is_temporary(&name)
        })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The resolved configuration.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The list of input shards.
    pub fn inputs(&self) -> PathBuf {
        self.root.join("inputs.json")
    }

    /// A source's profile (`bin`) or what is told of it (`json`).
    pub fn profile(&self, source: &str, extension: &str) -> PathBuf {
        self.root
            .join("profile")
            .join(format!("{source}.{extension}"))
    }

    /// A shard's score rows.
    pub fn scores(&self, source: &str, shard: &str) -> PathBuf {
        self.below("scores", source, &format!("{shard}.parquet"))
    }

    /// A shard of the mix.
    pub fn data(&self, source: &str, shard: &str) -> PathBuf {
        self.below("data", source, shard)
    }

    /// A shard's quarantined rows.
    pub fn quarantine(&self, source: &str, shard: &str) -> PathBuf {
        self.below("quarantine", source, &format!("{shard}.jsonl"))
    }

    /// The resume record of a shard in a stage.
    pub fn record(&self, stage: Stage, source: &str, shard: &str) -> PathBuf {
        self.root
            .join("manifest")
            .join(stage.name())
            .join(source)
            .join(format!("{shard}.json"))
    }

    /// All decisions.
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// Totals and digests.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    /// What was measured.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.json")
    }

    /// Clocks, hosts and speeds: all that may differ between two runs of the same thing.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// A path inside the run directory as the manifest names it: relative, `/` between parts.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// The path that [`RunDir::relative`] named.
    pub fn resolve(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    fn below(&self, folder: &str, source: &str, shard: &str) -> PathBuf {
        self.root.join(folder).join(source).join(shard)
    }
}
