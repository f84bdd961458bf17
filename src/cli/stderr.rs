//! What people are told, where there may be nobody to read it any more.
//!
//! A terminal that was closed, `2>&1 | head`, a log on a full disk: none of it is a reason to lose
//! work, so what cannot be told is dropped.

use std::io::{self, Write};

/// Takes everything and shows what it can.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

/// Shows a line.
pub fn tell(line: &str) {
    // In one piece, so that lines of several threads do not run into each other.
    let _ = Stderr.write_all(format!("{line}\n").as_bytes());
}
