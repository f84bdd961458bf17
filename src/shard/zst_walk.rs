//! The outer structure of a zstd stream (RFC 8878, 3.1): frames and their blocks, found without decoding.
//!
//! Knowing where frames begin lets them be decoded apart and lets an error say where it is; knowing what a
//! header declares lets a demand for memory be refused before it is met.

use std::io::{self, Read};

const MAGIC: u32 = 0xFD2F_B528;
/// Sixteen magic numbers from here on begin skippable frames.
const SKIPPABLE: u32 = 0x184D_2A50;

/// Why a walk cannot go on.
#[derive(Debug)]
pub(crate) enum WalkFault {
    /// The stream ends inside a frame.
    Truncated,
    /// These bytes begin no frame.
    NoFrame,
    /// Reading failed.
    Io(io::Error),
}

/// The start of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A frame that holds data.
    Data(Header),
    /// A frame of this many bytes, which decoders pass over.
    Skippable(u32),
}

/// What the header of a frame declares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The header itself, magic number included.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of decoded text that the decoder must keep at hand.
    pub(crate) window: u64,
    /// Bytes of decoded text, where they are told.
    pub(crate) content: Option<u64>,
    /// True if four bytes of checksum follow the last block.
    pub(crate) checksum: bool,
    /// The dictionary that is needed; 0 for none.
    pub(crate) dictionary: u32,
}

impl Header {
    /// The least window logarithm with which the frame can be decoded.
    pub(crate) fn window_log(&self) -> u32 {
        self.window.max(1).next_power_of_two().ilog2()
    }
}

/// True if a stream that begins with these bytes is zstd, or may be where they are fewer than four.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    could_begin(&bytes[..bytes.len().min(4)])
}

fn is_skippable(magic: u32) -> bool {
    magic & !0xF == SKIPPABLE
}

/// Reads the start of the next frame; none at the end of the stream.
pub(crate) fn start(input: &mut impl Read) -> Result<Option<Start>, WalkFault> {
    let mut bytes = Vec::with_capacity(18);
    let magic = match more(input, &mut bytes, 4) {
        Ok(()) => u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        Err(WalkFault::Truncated) if bytes.is_empty() => return Ok(None),
        Err(WalkFault::Truncated) if !could_begin(&bytes) => return Err(WalkFault::NoFrame),
        Err(fault) => return Err(fault),
    };
    if is_skippable(magic) {
        more(input, &mut bytes, 4)?;
        let length = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        return Ok(Some(Start::Skippable(length)));
    }
    if magic != MAGIC {
        return Err(WalkFault::NoFrame);
    }
    header(input, bytes).map(|header| Some(Start::Data(header)))
}

/// True if these few bytes are how a frame begins.
fn could_begin(bytes: &[u8]) -> bool {
    let data = MAGIC.to_le_bytes().starts_with(bytes);
    let skippable = (0..16).any(|n| (SKIPPABLE + n).to_le_bytes().starts_with(bytes));
    data || skippable
}

/// Reads what follows the magic number (RFC 8878, 3.1.1.1).
fn header(input: &mut impl Read, mut bytes: Vec<u8>) -> Result<Header, WalkFault> {
    more(input, &mut bytes, 1)?;
    let descriptor = bytes[4];
    let single_segment = descriptor & 0b10_0000 != 0;
    let mut window = 0;
    if !single_segment {
        more(input, &mut bytes, 1)?;
        let (exponent, mantissa) = (bytes[5] >> 3, u64::from(bytes[5] & 7));
        let base = 1_u64 << (10 + exponent);
        window = base + base / 8 * mantissa;
    }
    let dictionary = number(input, &mut bytes, [0, 1, 2, 4][usize::from(descriptor & 3)])?;
    let content = match descriptor >> 6 {
        0 if !single_segment => None,
        0 => Some(number(input, &mut bytes, 1)?),
        1 => Some(number(input, &mut bytes, 2)? + 256),
        2 => Some(number(input, &mut bytes, 4)?),
        _ => Some(number(input, &mut bytes, 8)?),
    };
    if single_segment {
        window = content.unwrap_or(0);
    }
    Ok(Header {
        bytes,
        window,
        content,
        checksum: descriptor & 0b100 != 0,
        dictionary: u32::try_from(dictionary).expect("four bytes at most were read"),
    })
}

/// Reads one block with its header onto the end of `into`; true if it is the frame's last.
///
/// What could be read of a block that is cut off is in `into` as well.
pub(crate) fn block(input: &mut impl Read, into: &mut Vec<u8>) -> Result<bool, WalkFault> {
    let at = into.len();
    more(input, into, 3)?;
    let header = u32::from_le_bytes([into[at], into[at + 1], into[at + 2], 0]);
    let length = match (header >> 1) & 3 {
        // One byte, repeated.
        1 => 1,
        _ => header >> 3,
    };
    more(input, into, length as usize)?;
    Ok(header & 1 == 1)
}

/// Reads `count` bytes onto the end of `into`.
pub(crate) fn more(
    input: &mut impl Read,
    into: &mut Vec<u8>,
    count: usize,
) -> Result<(), WalkFault> {
    into.reserve(count);
    let read = input
        .take(count as u64)
        .read_to_end(into)
        .map_err(WalkFault::Io)?;
    if read < count {
        return Err(WalkFault::Truncated);
    }
    Ok(())
}

/// Reads a little-endian number of `length` bytes.
fn number(input: &mut impl Read, bytes: &mut Vec<u8>, length: usize) -> Result<u64, WalkFault> {
    more(input, bytes, length)?;
    let read = &bytes[bytes.len() - length..];
    Ok(read
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compress(bytes: &[u8], level: i32, checksum: bool) -> Vec<u8> {
        let mut compressor = zstd::bulk::Compressor::new(level).unwrap();
        let flag = zstd::zstd_safe::CParameter::ChecksumFlag(checksum);
        compressor.set_parameter(flag).unwrap();
        compressor.compress(bytes).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The library's own answers are the twin.
        #[test]
        fn frames_are_as_long_and_as_large_as_the_library_says(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..400_000),
                (0_usize..400_000).prop_map(|n| vec![b'x'; n]),
            ],
            level in 1_i32..6,
            checksum in any::<bool>(),
        ) {
            let frame = compress(&bytes, level, checksum);
            let mut input = &frame[..];
            let Some(Start::Data(header)) = start(&mut input).unwrap() else {
                return Err(TestCaseError::fail("no frame"));
            };
            prop_assert_eq!(header.content, Some(bytes.len() as u64));
            prop_assert_eq!((header.checksum, header.dictionary), (checksum, 0));
            prop_assert!(header.window_log() <= 27);
            let mut blocks = Vec::new();
            while !block(&mut input, &mut blocks).unwrap() {}
            prop_assert_eq!(input.len(), if checksum { 4 } else { 0 });
            prop_assert_eq!([&header.bytes[..], &blocks, input].concat(), frame);
        }
    }

    #[test]
    fn the_window_is_the_one_that_was_asked_for() {
        use std::io::Write;
        for log in [10, 17, 27, 28, 31] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(b"text").unwrap();
            let frame = encoder.finish().unwrap();
            let Some(Start::Data(header)) = start(&mut &frame[..]).unwrap() else {
                panic!("no frame");
            };
            assert_eq!((header.window, header.window_log()), (1 << log, log));
        }
    }

    #[test]
    fn what_begins_no_frame_is_told_from_what_is_cut_off() {
        let frame = compress(b"text", 3, true);
        assert!(matches!(start(&mut &b""[..]), Ok(None)));
        assert!(matches!(start(&mut &b"te"[..]), Err(WalkFault::NoFrame)));
        assert!(matches!(start(&mut &b"text"[..]), Err(WalkFault::NoFrame)));
        for cut in 1..6 {
            let cut = start(&mut &frame[..cut]);
            assert!(matches!(cut, Err(WalkFault::Truncated)));
        }
        let skippable = [0x5A, 0x2A, 0x4D, 0x18, 7, 0, 0, 0];
        assert_eq!(
            start(&mut &skippable[..]).unwrap(),
            Some(Start::Skippable(7))
        );
        assert!(begins(&skippable) && begins(&frame) && !begins(b"{\"te"));
    }
}
