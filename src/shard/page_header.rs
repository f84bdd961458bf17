//! The header of a Parquet page, read before the decoder reads it: what it declares is what gets allocated.

use super::thrift::{Compact, Fault, I32, STRUCT};

/// What a page says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageHeader {
    /// Bytes of the header itself.
    pub(crate) length: u64,
    /// 0 and 3 are data, 1 is an index, 2 is a dictionary.
    pub(crate) kind: i64,
    /// Bytes of the page after the header.
    pub(crate) compressed: i64,
    /// Bytes of the page when it is decompressed.
    pub(crate) uncompressed: i64,
    /// Values, nulls included.
    pub(crate) values: i64,
}

impl PageHeader {
    pub(crate) fn is_dictionary(&self) -> bool {
        self.kind == 2
    }
}

/// Reads the header at the start of `bytes`.
pub(crate) fn page_header(bytes: &[u8]) -> Result<PageHeader, Fault> {
    let mut walk = Compact::new(bytes);
    let mut header = PageHeader {
        kind: -1,
        compressed: -1,
        uncompressed: -1,
        ..PageHeader::default()
    };
    walk.fields(|walk, id, kind| {
        match (id, kind) {
            (1, I32) => header.kind = walk.whole()?,
            (2, I32) => header.uncompressed = walk.whole()?,
            (3, I32) => header.compressed = walk.whole()?,
            // The headers of data, dictionary and newer data pages all begin with the number of values.
            (5 | 7 | 8, STRUCT) => walk.fields(|walk, id, kind| {
                if (id, kind) == (1, I32) {
                    header.values = walk.whole()?;
                    return Ok(true);
                }
                Ok(false)
            })?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    header.length = walk.at() as u64;
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_field_by_field() {
        // type 0, uncompressed 300, compressed 100, data page header {values 7, encoding 0, levels 3 and 3}.
        let bytes = [
            0x15, 0x00, 0x15, 0xd8, 0x04, 0x15, 0xc8, 0x01, 0x2c, 0x15, 0x0e, 0x15, 0x00, 0x15,
            0x06, 0x15, 0x06, 0x00, 0x00, 0xff,
        ];
        let header = page_header(&bytes).unwrap();
        let expected = PageHeader {
            length: 19,
            kind: 0,
            compressed: 100,
            uncompressed: 300,
            values: 7,
        };
        assert_eq!(header, expected);
        for cut in 0..19 {
            assert_eq!(page_header(&bytes[..cut]), Err(Fault::Short), "{cut}");
        }
    }

    #[test]
    fn endless_nesting_ends() {
        let bytes = vec![0x1c; 1 << 20];
        assert_eq!(page_header(&bytes), Err(Fault::Malformed));
    }
}
