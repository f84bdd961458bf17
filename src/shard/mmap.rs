//! Memory maps of model files: the one place in the package that needs `unsafe`.
//!
//! Only files that the user names as models are mapped, never shards: an input may be truncated by someone
//! else while it is read, and touching a mapped page that is gone kills the process.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::error::ShardError;

/// A whole file as bytes, loaded by the system page by page.
pub struct Mapped {
    map: Option<Mmap>,
}

impl Mapped {
    /// Maps a file for reading. An empty file gives no bytes.
    pub fn open(path: &Path) -> Result<Mapped, ShardError> {
        let file = File::open(path).map_err(ShardError::io(path, "open"))?;
        let length = file.metadata().map_err(ShardError::io(path, "look at"))?;
        if length.len() == 0 {
            return Ok(Mapped { map: None });
        }
        // SAFETY: the map is private to this process and read-only, and its bytes are plain `u8`, for which
        // every value is valid. What remains is that another process may change or truncate the file; the
        // caller maps only models, whose digest it checks, and that is the documented risk of using one.
        let map = unsafe { Mmap::map(&file) }.map_err(ShardError::io(path, "map"))?;
        Ok(Mapped { map: Some(map) })
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}
