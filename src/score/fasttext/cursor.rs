//! A fastText file's bytes, taken one field after the other.
//!
//! fastText's format has no checksum, and a flipped byte in a size asks for any amount of memory.
//! So a table's size is held against the bytes that are left before anything is made of it.

/// What is wrong with a file.
pub(super) type Fault = &'static str;

/// The bytes that are still to be read; little-endian throughout.
pub(super) struct Cursor<'b> {
    rest: &'b [u8],
}

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Cursor<'b> {
        Cursor { rest: bytes }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'b [u8], Fault> {
        let count = usize::try_from(count).map_err(|_| "a table is larger than the file")?;
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("it is cut short, or a table is larger than the file")?;
        self.rest = rest;
        Ok(taken)
    }

    /// The bytes before the next NUL, which is passed over.
    pub(super) fn word(&mut self) -> Result<&'b [u8], Fault> {
        let end = self.rest.iter().position(|&byte| byte == 0);
        let end = end.ok_or("a word of its dictionary has no end")?;
        let word = self.bytes(end as u64)?;
        self.bytes(1)?;
        Ok(word)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        let mut raw = [0; 4];
        raw.copy_from_slice(self.bytes(4)?);
        Ok(i32::from_le_bytes(raw))
    }

    pub(super) fn i64(&mut self) -> Result<i64, Fault> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.bytes(8)?);
        Ok(i64::from_le_bytes(raw))
    }

    /// A size that may not be negative.
    pub(super) fn size(&mut self) -> Result<u64, Fault> {
        u64::try_from(self.i32()?).map_err(|_| "a size is negative")
    }

    pub(super) fn long_size(&mut self) -> Result<u64, Fault> {
        u64::try_from(self.i64()?).map_err(|_| "a size is negative")
    }

    pub(super) fn flag(&mut self) -> Result<bool, Fault> {
        match self.bytes(1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag is neither 0 nor 1"),
        }
    }

    /// As many numbers, each of them finite.
    pub(super) fn floats(&mut self, count: u64) -> Result<Vec<f32>, Fault> {
        let bytes = count
            .checked_mul(4)
            .ok_or("a table is larger than the file")?;
        let floats: Vec<f32> = self
            .bytes(bytes)?
            .as_chunks()
            .0
            .iter()
            .map(|raw| f32::from_le_bytes(*raw))
            .collect();
        match floats.iter().all(|float| float.is_finite()) {
            true => Ok(floats),
            false => Err("a weight is no finite number"),
        }
    }
}
