//! How long the strings of a Parquet page become whose values are written as what differs from the one before.
//!
//! Such a page may hold thousands of long strings in a few bytes, so what it decodes to is counted first.

/// What the strings of a page come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// Bytes of all.
    pub(crate) sum: u64,
    /// Bytes of the longest.
    pub(crate) longest: u64,
}

/// Counts the strings of values in the encoding DELTA_BYTE_ARRAY; nothing if they are not well-formed.
pub(crate) fn delta_lengths(values: &[u8]) -> Option<Lengths> {
    let mut prefixes = Deltas::new(values)?;
    prefixes.by_ref().for_each(drop);
    let suffixes = Deltas::new(values.get(prefixes.at..)?)?;
    let mut lengths = Lengths::default();
    for (prefix, suffix) in Deltas::new(values)?.zip(suffixes) {
        let length = u64::try_from(prefix.checked_add(suffix)?).ok()?;
        lengths.sum = lengths.sum.checked_add(length)?;
        lengths.longest = lengths.longest.max(length);
    }
    Some(lengths)
}

/// Whole numbers in the encoding DELTA_BINARY_PACKED; they end early where the bytes do.
struct Deltas<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u64,
    next: i64,
    first: bool,
    least: i64,
    /// Values of a miniblock, and miniblocks of a block.
    size: u64,
    blocks: usize,
    widths: &'a [u8],
    /// Values taken of the miniblock at hand.
    taken: u64,
}

impl<'a> Deltas<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut at = 0;
        let block = varint(bytes, &mut at)?;
        let blocks = usize::try_from(varint(bytes, &mut at)?).ok()?;
        let left = varint(bytes, &mut at)?;
        let next = zigzag(varint(bytes, &mut at)?);
        let size = block.checked_div(blocks as u64)?;
        // Miniblocks have whole bytes: so the format wants it.
        if size == 0 || size % 8 != 0 {
            return None;
        }
        Some(Deltas {
            bytes,
            at,
            left,
            next,
            first: true,
            least: 0,
            size,
            blocks,
            widths: &[],
            taken: size,
        })
    }

    /// Goes to the next miniblock.
    fn advance(&mut self) -> Option<()> {
        if !self.widths.is_empty() {
            self.at = self.at.checked_add(self.bytes_of_miniblock()?)?;
            self.widths = &self.widths[1..];
        }
        if self.widths.is_empty() {
            self.least = zigzag(varint(self.bytes, &mut self.at)?);
            let end = self.at.checked_add(self.blocks)?;
            self.widths = self.bytes.get(self.at..end)?;
            self.at = end;
        }
        self.taken = 0;
        Some(())
    }

    fn bytes_of_miniblock(&self) -> Option<usize> {
        let bits = self.size.checked_mul(u64::from(*self.widths.first()?))?;
        usize::try_from(bits / 8).ok()
    }

    fn delta(&mut self) -> Option<i64> {
        if self.taken == self.size {
            self.advance()?;
        }
        let width = u64::from(*self.widths.first()?);
        let start = self.taken.checked_mul(width)?;
        let mut value = 0_u64;
        for bit in 0..width.min(64) {
            let place = usize::try_from(start + bit).ok()?;
            let byte = *self.bytes.get(self.at.checked_add(place / 8)?)?;
            value |= u64::from(byte >> (place % 8) & 1) << bit;
        }
        self.taken += 1;
        Some(self.least.wrapping_add(value as i64))
    }

    /// After the last value: the rest of its miniblock is padding.
    fn close(&mut self) {
        if let Some(bytes) = self.bytes_of_miniblock() {
            self.at = self.at.saturating_add(bytes);
        }
        self.widths = &[];
    }
}

impl Iterator for Deltas<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        if self.left == 0 {
            return None;
        }
        if self.first {
            self.first = false;
        } else {
            let delta = self.delta()?;
            self.next = self.next.wrapping_add(delta);
        }
        self.left -= 1;
        if self.left == 0 {
            self.close();
        }
        Some(self.next)
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
