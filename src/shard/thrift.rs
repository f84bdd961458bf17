//! Walks Thrift's compact protocol without building anything of it.
//!
//! Parquet writes its footer and page headers in it. What they declare is looked at here before the decoder
//! believes it: sizes before they are allocated, nesting before it is walked by recursion.

/// Deepest nesting of structs and lists; Parquet's own need is below ten.
const MAX_DEPTH: u8 = 32;

const BYTE: u8 = 3;
pub(crate) const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(crate) const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(crate) const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Why a walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end inside a value.
    Short,
    /// The bytes are no value.
    Malformed,
}

/// A place in bytes of the compact protocol.
pub(crate) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Compact<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Compact { bytes, at: 0 }
    }

    /// Bytes walked so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn pass(&mut self, count: u64) -> Result<(), Fault> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(Fault::Short);
        }
        self.at += count as usize;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed)
    }

    /// A whole number of any width.
    pub(crate) fn whole(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Walks a struct; `each` gets the number and the kind of a field, and says whether it walked its value.
    pub(crate) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, i64, u8) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        self.fields_at(0, &mut each)
    }

    fn fields_at(
        &mut self,
        depth: u8,
        each: &mut dyn FnMut(&mut Self, i64, u8) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let kind = head & 0x0f;
            id = match head >> 4 {
                0 => self.whole()?,
                step => id.wrapping_add(i64::from(step)),
            };
            if !each(self, id, kind)? {
                self.skip(kind, depth + 1)?;
            }
        }
    }

    /// The kind and the number of elements of a list; the elements follow.
    pub(crate) fn list(&mut self) -> Result<(u8, u64), Fault> {
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => self.varint()?,
            size => u64::from(size),
        };
        // An element has a byte at least, so a longer list is a lie or goes on beyond the bytes at hand.
        if size > (self.bytes.len() - self.at) as u64 {
            return Err(Fault::Short);
        }
        Ok((head & 0x0f, size))
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::Malformed);
        }
        match kind {
            // A boolean field is its own value.
            1 | 2 => Ok(()),
            BYTE => self.pass(1),
            4 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.pass(8),
            UUID => self.pass(16),
            BINARY => {
                let length = self.varint()?;
                self.pass(length)
            }
            LIST | SET => {
                let (kind, size) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(kind, depth + 1))
            }
            MAP => self.skip_map(depth),
            STRUCT => self.fields_at(depth, &mut |_, _, _| Ok(false)),
            _ => Err(Fault::Malformed),
        }
    }

    fn skip_map(&mut self, depth: u8) -> Result<(), Fault> {
        let size = self.varint()?;
        if size == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        for _ in 0..size {
            self.skip_element(kinds >> 4, depth + 1)?;
            self.skip_element(kinds & 0x0f, depth + 1)?;
        }
        Ok(())
    }

    /// In lists and maps a boolean has a byte.
    fn skip_element(&mut self, kind: u8, depth: u8) -> Result<(), Fault> {
        match kind {
            1 | 2 => self.pass(1),
            other => self.skip(other, depth),
        }
    }
}
