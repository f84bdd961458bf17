//! Files that are there whole or not at all.
//!
//! Bytes go to a hidden name in the same folder; [`AtomicFile::finish`] flushes, syncs, renames and syncs
//! the folder, and is the only way to the final name. Dropping an unfinished file removes it. Names that
//! begin with `.tmp-` are never final; a killed process leaves them, and each says whose it was (see `owner`).

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ShardError;

/// Longest file name that common file systems take, in bytes.
const NAME_LIMIT: usize = 255;

/// Distinguishes the temporaries of one process.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// What was written under a final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// BLAKE3 of the file, 64 hexadecimal digits.
    pub digest: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Rows in it (0 for files without rows).
    pub rows: u64,
}

/// A file that becomes visible only when it is complete.
pub struct AtomicFile {
    file: Option<BufWriter<File>>,
    temporary: PathBuf,
    path: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl AtomicFile {
    /// Opens a temporary beside `path`; parent folders are made.
    pub fn create(path: &Path) -> Result<AtomicFile, ShardError> {
        let folder = folder_of(path);
        fs::create_dir_all(folder).map_err(ShardError::io(folder, "create folder"))?;
        let temporary = folder.join(temporary_name(path));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(ShardError::io(path, "create"))?;
        Ok(AtomicFile {
            file: Some(BufWriter::with_capacity(1 << 20, file)),
            temporary,
            path: path.to_path_buf(),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file durable and visible. A file that was there before is replaced.
    pub fn finish(mut self) -> Result<Written, ShardError> {
        let path = self.path.clone();
        let buffered = self.file.take().expect("finish consumes the only handle");
        let file = buffered
            .into_inner()
            .map_err(|error| ShardError::io(&path, "write")(error.into_error()))?;
        file.sync_all().map_err(ShardError::io(&path, "sync"))?;
        let length = file.metadata().map_err(ShardError::io(&path, "check"))?;
        if length.len() != self.bytes {
            let short = io::Error::other("the file is shorter than what was written");
            return Err(ShardError::io(&path, "write")(short));
        }
        drop(file);
        fs::rename(&self.temporary, &path).map_err(ShardError::io(&path, "rename to"))?;
        // From here on there is no temporary to remove.
        self.temporary = PathBuf::new();
        sync_folder(folder_of(&path))?;
        Ok(Written {
            digest: self.hasher.finalize().to_hex().to_string(),
            bytes: self.bytes,
            rows: 0,
        })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let file = self.file.as_mut().expect("a file is written before finish");
        let written = file.write(buffer)?;
        self.hasher.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = self.file.as_mut().expect("a file is written before finish");
        file.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.temporary.as_os_str().is_empty() {
            return;
        }
        if let Some(file) = self.file.take() {
            // The buffer is thrown away: nobody wants the rest of an abandoned file.
            let _ = file.into_parts();
        }
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Writes a small file in one atomic step.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<Written, ShardError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)
        .map_err(ShardError::io(path, "write"))?;
    file.finish()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The owner's prefix, a number of its own and the name, cut to what a file system takes.
fn temporary_name(path: &Path) -> String {
    let mut random = RandomState::new().build_hasher();
    random.write_u64(SERIAL.fetch_add(1, Ordering::Relaxed));
    let random = random.finish();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut whole = format!("{}{random:016x}-{name}", super::owner::prefix());
    let mut end = whole.len().min(NAME_LIMIT);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    whole.truncate(end);
    whole
}

/// Makes a rename durable. Some file systems cannot sync a folder; they say so, and it is no loss.
fn sync_folder(folder: &Path) -> Result<(), ShardError> {
    let handle = File::open(folder).map_err(ShardError::io(folder, "open"))?;
    match handle.sync_all() {
        Err(error) if error.kind() != io::ErrorKind::InvalidInput => {
            Err(ShardError::io(folder, "sync")(error))
        }
        _ => Ok(()),
    }
}
