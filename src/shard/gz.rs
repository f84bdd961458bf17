//! The text of a gzip stream of any number of members, decoded piece by piece.
//!
//! Pieces are cut by the decoder's own steps over a buffer of fixed size, so what comes out before damage
//! follows from the file alone.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::decompress::{Bomb, Fault, Input};
use super::error::system_error;

const PIECE_BYTES: usize = 64 << 10;
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The decoded text of a stream, piece by piece.
pub(crate) struct GzStream {
    /// Only taken out to make the decoder of the next member.
    decoder: Option<GzDecoder<Input>>,
    bomb: Bomb,
    /// Number of the member, from 0, and where its text begins in the stream.
    member: u64,
    member_decoded: u64,
    decoded: u64,
}

impl GzStream {
    pub(crate) fn new(input: Input, bomb: Bomb) -> GzStream {
        GzStream {
            decoder: Some(GzDecoder::new(input)),
            bomb,
            member: 0,
            member_decoded: 0,
            decoded: 0,
        }
    }

    /// The file behind the stream.
    pub(crate) fn into_inner(self) -> Input {
        self.decoder
            .expect("a decoder is always put back")
            .into_inner()
    }

    /// Makes `piece` the next bytes of the text; false at the end.
    pub(crate) fn next_piece(&mut self, piece: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            piece.resize(PIECE_BYTES, 0);
            let read = match self.decoder().read(piece) {
                Ok(read) => read,
                Err(error) => return Err(self.fault(error)),
            };
            piece.truncate(read);
            self.decoded += read as u64;
            if read > 0 {
                if self.bomb.is_one(self.decoded, self.at()) {
                    return Err(self.bomb.fault(self.decoded, self.shown()));
                }
                return Ok(true);
            }
            if !self.next_member()? {
                return Ok(false);
            }
        }
    }

    fn decoder(&mut self) -> &mut GzDecoder<Input> {
        self.decoder.as_mut().expect("a decoder is always put back")
    }

    /// Steps to the next member; false at the end of the file.
    fn next_member(&mut self) -> Result<bool, Fault> {
        let ahead = self.decoder().get_mut().fill_buf().map_err(Fault::Io)?;
        if ahead.is_empty() {
            return Ok(false);
        }
        if !MAGIC.starts_with(&ahead[..ahead.len().min(MAGIC.len())]) {
            return Err(Fault::Damaged {
                code: "E-GZ-TRAILING",
                place: format!(" at byte {} of the file", self.at()),
                cause: format!("what follows its {} members is no gzip", self.member + 1),
                sound: self.decoded,
            });
        }
        self.member += 1;
        self.member_decoded = self.decoded;
        let next = self.decoder.take().map(GzDecoder::into_inner);
        self.decoder = next.map(GzDecoder::new);
        Ok(true)
    }

    /// Bytes of the file that the decoder has taken.
    fn at(&mut self) -> u64 {
        let input = self.decoder().get_ref();
        input.get_ref().bytes() - input.buffer().len() as u64
    }

    fn shown(&mut self) -> String {
        let at = self.at();
        format!(" in member {}, near byte {at} of the file", self.member)
    }

    /// Tells a failing disk from damaged bytes, and a truncation from other damage.
    fn fault(&mut self, error: io::Error) -> Fault {
        if let Some(source) = system_error(&error) {
            return Fault::Io(source);
        }
        let cause = error.to_string();
        let (code, cause, sound) = if error.kind() == io::ErrorKind::UnexpectedEof {
            let cause = "the gzip stream ends too early".to_owned();
            ("E-GZ-TRUNC", cause, self.decoded)
        } else if cause.contains("checksum") {
            // The damage may be anywhere in the member.
            ("E-GZ-CHECKSUM", cause, self.member_decoded)
        } else {
            ("E-GZ-CORRUPT", cause, self.decoded)
        };
        Fault::Damaged {
            code,
            place: self.shown(),
            cause,
            sound,
        }
    }
}
