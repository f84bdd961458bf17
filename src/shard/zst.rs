//! The text of a zstd stream of any number of frames, decoded block by block or whole frames ahead.
//!
//! One way of decoding is the measure: a frame's header, then each of its blocks, then its checksum are fed to
//! the library one after the other, so what comes out before damage, and where the damage is, follow from the
//! file alone. Frames that declare a small size may be decoded whole by other threads instead; one in which
//! anything is amiss is decoded again block by block, so that it makes no difference who came upon it.

use std::io::{self, Cursor, Read};

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, get_error_name};

use super::decompress::{Bomb, Fault, Input};
use super::reader::ReadOptions;
use super::zst_ahead::Ahead;
use super::zst_walk::{self as walk, Header, Start, WalkFault};

/// Largest text of a block (RFC 8878, 3.1.1.2.4), and some room so that a block never fills it.
pub(crate) const PIECE_BYTES: usize = (128 << 10) + 64;
/// Largest window logarithm that the library knows.
const WINDOW_LOG_LIMIT: u32 = 31;

/// Where a frame is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Number of the frame, from 0; skippable ones do not count.
    frame: u64,
    /// Where it begins in the file.
    at: u64,
    /// Where its text begins in the stream.
    decoded: u64,
}

/// A frame in memory, or as much of it as was read.
pub(crate) struct Frame {
    place: Place,
    header: Header,
    /// The frame as it is in the file, from its header on.
    pub(crate) bytes: Vec<u8>,
}

/// A frame that is being decoded block by block.
struct Streaming {
    place: Place,
    header: Header,
    /// What was read of it before; the file goes on behind it.
    again: Cursor<Vec<u8>>,
    /// Where the next block begins in the file, and its text in the stream.
    at: u64,
    decoded: u64,
    begun: bool,
    /// False for a frame that was read before others that are still to come.
    newest: bool,
}

/// What the walk through the file has found and nobody has taken yet.
enum Found {
    Header(Place, Header),
    /// A frame that must be decoded block by block, and what was read of it.
    Frame(Frame),
    End,
    Fault(Fault),
}

/// The decoded text of a stream, piece by piece.
pub(crate) struct ZstStream {
    input: Input,
    decoder: DCtx<'static>,
    block: Vec<u8>,
    window_log: u32,
    bomb: Bomb,
    threads: usize,
    ahead_bytes: usize,
    ahead: Option<Ahead>,
    streaming: Option<Streaming>,
    found: Option<Found>,
    /// The next frame to be found: its number, its place in the file, the text before it.
    next: Place,
}

impl ZstStream {
    pub(crate) fn new(input: Input, bomb: Bomb, options: &ReadOptions) -> ZstStream {
        let mut decoder = DCtx::create();
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_LIMIT))
            .expect("the library knows this logarithm");
        ZstStream {
            input,
            decoder,
            block: Vec::new(),
            window_log: options.zstd_window_log,
            bomb,
            threads: options.ahead_threads,
            ahead_bytes: options.ahead_bytes,
            ahead: None,
            streaming: None,
            found: None,
            next: Place::default(),
        }
    }

    /// The file behind the stream.
    pub(crate) fn into_inner(self) -> Input {
        self.input
    }

    /// Appends a block's text, of less than [`PIECE_BYTES`], to `text`, which grows if it has no room for so
    /// many, and says how long it is; `None` while no frame is decoded block by block. After a fault `text` is
    /// as before.
    pub(crate) fn append_block(&mut self, text: &mut Vec<u8>) -> Option<Result<usize, Fault>> {
        let mut streaming = self.streaming.take()?;
        let before = text.len();
        Some(match self.step(&mut streaming, text) {
            Ok(last) => {
                if last {
                    self.end(&streaming);
                } else {
                    self.streaming = Some(streaming);
                }
                Ok(text.len() - before)
            }
            Err(fault) => {
                text.truncate(before);
                Err(fault)
            }
        })
    }

    /// Makes `piece` the next bytes of the text; false at the end.
    pub(crate) fn next_piece(&mut self, piece: &mut Vec<u8>) -> Result<bool, Fault> {
        piece.clear();
        piece.shrink_to(PIECE_BYTES);
        if let Some(ahead) = &mut self.ahead {
            ahead.release();
        }
        while piece.is_empty() {
            if let Some(block) = self.append_block(piece) {
                block?;
                continue;
            }
            self.look_ahead();
            match self.ahead.as_mut().and_then(Ahead::take) {
                Some(Ok(Ok(text))) => *piece = text,
                Some(Ok(Err(frame))) => self.stream(frame, false),
                Some(Err(())) => return Err(self.gave_up()),
                None => match self.found.take().unwrap_or_else(|| self.find()) {
                    Found::Header(place, header) => self.stream(Frame::begun(place, header), true),
                    Found::Frame(frame) => self.stream(frame, true),
                    Found::End => return Ok(false),
                    Found::Fault(fault) => return Err(fault),
                },
            }
        }
        Ok(true)
    }

    /// Goes on behind a frame that was decoded block by block.
    fn end(&mut self, frame: &Streaming) {
        if frame.newest {
            self.next.at = frame.at;
            self.next.decoded = frame.decoded;
        }
        self.start_ahead();
    }

    /// Starts threads once a frame lies behind: most shards of one frame never need any.
    fn start_ahead(&mut self) {
        if self.threads > 1 && self.ahead.is_none() {
            self.ahead = Ahead::start(self.threads, self.ahead_bytes);
            // Asked once: where the system gives no threads, the reader decodes alone.
            self.threads = 1;
        }
    }

    fn stream(&mut self, frame: Frame, newest: bool) {
        let header = frame.header.bytes.len() as u64;
        let mut again = Cursor::new(frame.bytes);
        again.set_position(header);
        self.streaming = Some(Streaming {
            at: frame.place.at + header,
            decoded: frame.place.decoded,
            place: frame.place,
            header: frame.header,
            again,
            begun: false,
            newest,
        });
    }

    /// Finds the next frame that holds text; its header was read, and its demands are within bounds.
    fn find(&mut self) -> Found {
        loop {
            let place = self.next;
            let fault = |fault| Found::Fault(walk_fault(fault, place, place));
            match walk::start(&mut self.input) {
                Ok(None) => return Found::End,
                Ok(Some(Start::Skippable(length))) => {
                    let length = u64::from(length);
                    let skipped = (&mut self.input).take(length);
                    match io::copy(&mut { skipped }, &mut io::sink()) {
                        Ok(read) if read == length => self.next.at += 8 + length,
                        Ok(_) => return fault(WalkFault::Truncated),
                        Err(error) => return fault(WalkFault::Io(error)),
                    }
                }
                Ok(Some(Start::Data(header))) => {
                    if let Some(refused) = refused(&header, self.window_log, place) {
                        return Found::Fault(refused);
                    }
                    self.next.frame += 1;
                    self.next.at += header.bytes.len() as u64;
                    return Found::Header(place, header);
                }
                Err(error) => return fault(error),
            }
        }
    }

    /// Hands out frames to the threads, as far as there is room.
    fn look_ahead(&mut self) {
        while self.ahead.is_some() {
            let (place, header) = match self.found.take().unwrap_or_else(|| self.find()) {
                Found::Header(place, header) => (place, header),
                other => {
                    self.found = Some(other);
                    return;
                }
            };
            let content = self.decodable_apart(&header, place);
            let room = |ahead: &Ahead| content.is_some_and(|c| ahead.has_room(c.saturating_mul(2)));
            let (Some(content), Some(true)) = (content, self.ahead.as_ref().map(room)) else {
                self.found = Some(Found::Header(place, header));
                return;
            };
            let mut frame = Frame::begun(place, header);
            let whole = self.collect(&mut frame, content);
            match &mut self.ahead {
                Some(ahead) if whole => {
                    self.next.at = place.at + frame.bytes.len() as u64;
                    self.next.decoded += content as u64;
                    ahead.hand_out(frame, content);
                }
                _ => {
                    self.found = Some(Found::Frame(frame));
                    return;
                }
            }
        }
    }

    /// The size of a frame that may be decoded whole: it must be told, small, and such that the frame cannot
    /// be what makes the stream a bomb, which only going block by block would notice at the right place.
    fn decodable_apart(&self, header: &Header, place: Place) -> Option<usize> {
        let content = header.content?;
        if self
            .bomb
            .is_one(place.decoded.saturating_add(content), place.at)
        {
            return None;
        }
        let content = usize::try_from(content).ok()?;
        (content.saturating_mul(2) <= self.ahead_bytes).then_some(content)
    }

    /// Reads all of a frame; false if something is amiss, or if it is larger than its text.
    fn collect(&mut self, frame: &mut Frame, content: usize) -> bool {
        let most = content.saturating_add(PIECE_BYTES);
        loop {
            match walk::block(&mut self.input, &mut frame.bytes) {
                Ok(true) => break,
                Ok(false) if frame.bytes.len() <= most => {}
                _ => return false,
            }
        }
        let checksum = if frame.header.checksum { 4 } else { 0 };
        walk::more(&mut self.input, &mut frame.bytes, checksum).is_ok()
    }

    /// Decodes one block more, behind what is in `text`; true at the end of the frame.
    fn step(&mut self, frame: &mut Streaming, text: &mut Vec<u8>) -> Result<bool, Fault> {
        text.reserve_exact(PIECE_BYTES);
        let before = text.len();
        // Where the next bytes to be fed are, and what is sound if they are not.
        let here = Place {
            at: frame.at,
            decoded: frame.decoded,
            ..frame.place
        };
        if !frame.begun {
            frame.begun = true;
            let reset = self.decoder.reset(ResetDirective::SessionOnly);
            reset
                .and_then(|_| feed(&mut self.decoder, &frame.header.bytes, text))
                .map_err(|code| corrupt(code, frame.place))?;
        }
        let mut input = (&mut frame.again).chain(&mut self.input);
        self.block.clear();
        let last = walk::block(&mut input, &mut self.block)
            .map_err(|fault| walk_fault(fault, frame.place, here))?;
        feed(&mut self.decoder, &self.block, text).map_err(|code| corrupt(code, here))?;
        frame.at += self.block.len() as u64;
        frame.decoded += (text.len() - before) as u64;
        if self.bomb.is_one(frame.decoded, frame.at) {
            return Err(self.bomb.fault(frame.decoded, here.shown()));
        }
        if last && frame.header.checksum {
            self.block.clear();
            walk::more(&mut input, &mut self.block, 4)
                .map_err(|fault| walk_fault(fault, frame.place, here))?;
            feed(&mut self.decoder, &self.block, text).map_err(|_| Fault::Damaged {
                code: "E-ZST-CHECKSUM",
                place: here.shown(),
                cause: "the text of the frame is not what was compressed".to_owned(),
                // The damage may be anywhere in the frame.
                sound: frame.place.decoded,
            })?;
            frame.at += 4;
        }
        Ok(last)
    }

    fn gave_up(&self) -> Fault {
        Fault::Damaged {
            code: "E-ZST-CORRUPT",
            place: self.next.shown(),
            cause: "the decoder gave up on a frame before it (a panic)".to_owned(),
            sound: 0,
        }
    }
}

impl Place {
    fn shown(self) -> String {
        format!(
            " in frame {}, near byte {} of the file",
            self.frame, self.at
        )
    }
}

impl Frame {
    fn begun(place: Place, header: Header) -> Frame {
        Frame {
            place,
            bytes: header.bytes.clone(),
            header,
        }
    }
}

/// Feeds the decoder some bytes of a frame, and takes all text that it has for them; `piece` has room for it.
fn feed(decoder: &mut DCtx<'static>, bytes: &[u8], piece: &mut Vec<u8>) -> Result<(), usize> {
    let mut input = InBuffer::around(bytes);
    loop {
        let (read, length) = (input.pos(), piece.len());
        let mut output = OutBuffer::around_pos(piece, length);
        decoder.decompress_stream(&mut output, &mut input)?;
        let idle = input.pos() == read && piece.len() == length;
        if idle || (input.pos() == bytes.len() && piece.len() < piece.capacity()) {
            return Ok(());
        }
    }
}

fn corrupt(code: usize, here: Place) -> Fault {
    Fault::Damaged {
        code: "E-ZST-CORRUPT",
        place: here.shown(),
        cause: get_error_name(code).to_lowercase(),
        sound: here.decoded,
    }
}

/// The fault of a walk in a frame; `here` is what was read last.
fn walk_fault(fault: WalkFault, frame: Place, here: Place) -> Fault {
    let (code, place, cause) = match fault {
        WalkFault::Io(error) => return Fault::Io(error),
        WalkFault::Truncated => (
            "E-ZST-TRUNC",
            here.shown(),
            "the zstd frame ends too early".to_owned(),
        ),
        WalkFault::NoFrame => (
            "E-ZST-TRAILING",
            format!(" at byte {} of the file", here.at),
            format!("what follows its {} frames is no zstd", frame.frame),
        ),
    };
    Fault::Damaged {
        code,
        place,
        cause,
        sound: here.decoded,
    }
}

/// Why a frame must not be decoded, if it must not.
fn refused(header: &Header, window_log: u32, place: Place) -> Option<Fault> {
    let needed = header.window_log();
    if header.dictionary != 0 {
        return Some(Fault::Damaged {
            code: "E-ZST-DICTIONARY",
            place: place.shown(),
            cause: format!(
                "it needs the dictionary {}: compress it anew without one",
                header.dictionary
            ),
            sound: place.decoded,
        });
    }
    if needed <= window_log {
        return None;
    }
    let cause = if needed > WINDOW_LOG_LIMIT {
        format!(
            "its window of {} bytes is beyond any decoder",
            header.window
        )
    } else {
        format!(
            "its window of 2^{needed} bytes is above 2^{window_log}: `limits.zstd_window_log = {needed}` allows it, \
             and costs {} MiB of memory for each shard that is read at once",
            (1_u64 << needed) >> 20
        )
    };
    Some(Fault::Limit {
        code: "E-ZST-WINDOW",
        place: place.shown(),
        cause,
    })
}
