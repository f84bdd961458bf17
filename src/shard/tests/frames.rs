//! Streams of many frames or members: decoded ahead or one after the other, damaged anywhere, bounded.

use std::io::Write;

use proptest::prelude::*;

use super::super::*;
use super::{columns, file, options, shard};

/// What reading gave: texts or codes of rows, and the digest or the error.
type Outcome = (Vec<String>, Result<Digest, (String, Option<u64>)>);

fn outcome(path: &std::path::Path, options: &ReadOptions) -> Outcome {
    let mut rows = Vec::new();
    let end = read(path, options, &mut rows);
    let end = end.map_err(|error| (format!("{} {error}", error.code()), error.rows_before()));
    (rows, end)
}

fn read(
    path: &std::path::Path,
    options: &ReadOptions,
    rows: &mut Vec<String>,
) -> Result<Digest, ShardError> {
    let columns = columns(&[]);
    let mut reader = open(&shard(path), &columns, options)?;
    while let Some(block) = reader.next_block()? {
        let block = block.decode(&columns);
        rows.extend((0..block.len()).map(|i| match block.text(i) {
            Ok(text) => text.to_owned(),
            Err(bad) => bad.code.to_owned(),
        }));
    }
    reader.finish()
}

fn salvaging(block_bytes: usize, threads: usize, ahead_bytes: usize) -> ReadOptions {
    ReadOptions {
        salvage: true,
        ahead_threads: threads,
        ahead_bytes,
        ..options(block_bytes)
    }
}

/// Rows `from..to` as lines, words and numbers, so that blocks of all kinds come about.
fn lines(from: usize, to: usize) -> Vec<u8> {
    let line = |n: usize| format!("{{\"text\":\"row {n} {}\"}}\n", n * 7919 % 104_729);
    (from..to).flat_map(|n| line(n).into_bytes()).collect()
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Checked,
    Unchecked,
    /// Without content size, as a stream of unknown length is written.
    Streamed,
    Skippable,
    Empty,
}

fn frame(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Checked | Kind::Unchecked => {
            let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
            let checked = matches!(kind, Kind::Checked);
            let flag = zstd::zstd_safe::CParameter::ChecksumFlag(checked);
            compressor.set_parameter(flag).unwrap();
            compressor.compress(bytes).unwrap()
        }
        Kind::Streamed => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Kind::Skippable => {
            let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
            [&[0x53, 0x2A, 0x4D, 0x18][..], &length, bytes].concat()
        }
        Kind::Empty => frame(Kind::Checked, b""),
    }
}

/// A stream of frames, cut from lines at any byte, and the lines that it holds.
fn stream() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let kind = prop_oneof![
        4 => Just(Kind::Checked),
        2 => Just(Kind::Unchecked),
        2 => Just(Kind::Streamed),
        1 => Just(Kind::Skippable),
        1 => Just(Kind::Empty),
    ];
    prop::collection::vec((kind, 1_usize..30_000), 1..12).prop_map(|parts| {
        let length = parts.iter().map(|(_, length)| length).sum::<usize>();
        let lines = lines(0, length / 20 + 10);
        let (mut text, mut stream, mut at) = (Vec::new(), Vec::new(), 0);
        for (kind, length) in parts {
            let end = (at + length).min(lines.len());
            stream.extend(frame(kind, &lines[at..end]));
            if !matches!(kind, Kind::Skippable | Kind::Empty) {
                text.extend(&lines[at..end]);
                at = end;
            }
        }
        (stream, text)
    })
}

#[derive(Debug, Clone)]
enum Damage {
    None,
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Zero(prop::sample::Index),
    Append(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        2 => Just(Damage::None),
        4 => (any::<prop::sample::Index>(), 0_u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        2 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => any::<prop::sample::Index>().prop_map(Damage::Zero),
        1 => prop::collection::vec(any::<u8>(), 1..9).prop_map(Damage::Append),
    ]
}

fn damaged(stream: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = stream.to_vec();
    match damage {
        Damage::None => {}
        Damage::Flip(at, bit) => bytes[at.index(stream.len())] ^= 1 << bit,
        Damage::Cut(at) => bytes.truncate(at.index(stream.len())),
        Damage::Zero(at) => {
            let at = at.index(stream.len());
            let end = (at + 64).min(stream.len());
            bytes[at..end].fill(0);
        }
        Damage::Append(more) => bytes.extend(more),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn frames_decoded_ahead_are_frames_decoded_in_turn(
        (stream, text) in stream(),
        damage in damage(),
        block in 16_usize..40_000,
        ahead in 100_usize..300_000,
    ) {
        let (_folder, path) = file("a.jsonl.zst", &damaged(&stream, &damage));
        let alone = outcome(&path, &salvaging(block, 1, 0));
        prop_assert_eq!(&alone, &outcome(&path, &salvaging(block, 4, ahead)));
        // Neither rows nor error depend on the cut of blocks.
        prop_assert_eq!(&alone, &outcome(&path, &salvaging(1 << 20, 2, ahead)));
        if let Damage::None = damage {
            let (_plain, plain) = file("a.jsonl", &text);
            prop_assert_eq!(&alone.0, &outcome(&plain, &options(1000)).0);
            prop_assert_eq!(alone.1, Ok(digest_file(&path).unwrap()));
        }
    }

    /// What is told of a cut is what the library itself can decode of it.
    #[test]
    fn rows_before_a_cut_are_there_and_are_right(
        sizes in prop::collection::vec(1_usize..30_000, 1..6),
        cut in any::<prop::sample::Index>(),
        block in 16_usize..40_000,
    ) {
        let lines = lines(0, 10_000);
        let mut at = 0;
        let frames: Vec<Vec<u8>> = sizes.iter().map(|size| {
            at += size;
            frame(Kind::Checked, &lines[at - size..at])
        }).collect();
        let bytes = frames.concat();
        let cut = cut.index(bytes.len());
        let (_folder, path) = file("a.jsonl.zst", &bytes[..cut]);
        let (_, end) = outcome(&path, &salvaging(block, 2, 100_000));
        let mut whole = 0;
        let mut sound = 0;
        for (frame, size) in frames.iter().zip(&sizes) {
            whole += frame.len();
            if whole > cut {
                break;
            }
            sound += size;
        }
        let ends = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count() as u64;
        if let Err((error, rows)) = end {
            prop_assert!(error.starts_with("E-ZST-TRUNC"), "{}", error);
            let rows = rows.unwrap();
            prop_assert!(rows >= ends(&lines[..sound]), "{} rows", rows);
            let stopped = ReadOptions { stop_after: Some(rows), ..options(block) };
            let (kept, end) = outcome(&path, &stopped);
            prop_assert_eq!(end, Ok(digest_file(&path).unwrap()));
            let (_plain, plain) = file("a.jsonl", &lines);
            let mut all = outcome(&plain, &options(1000)).0;
            all.truncate(kept.len());
            prop_assert_eq!((kept.len() as u64, kept), (rows, all));
        } else {
            // A cut at the end of a frame cannot be seen.
            let mut ends = frames.iter().scan(0, |sum, frame| {
                *sum += frame.len();
                Some(*sum)
            });
            let at_an_end = cut == 0 || ends.any(|end| end == cut);
            prop_assert!(at_an_end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A frame of several blocks of its own: those that find room among the lines are decoded there, the
    /// others apart.
    #[test]
    fn blocks_decoded_in_their_place_are_blocks_decoded_apart(
        kind in prop_oneof![Just(Kind::Checked), Just(Kind::Streamed)],
        damage in damage(),
        after in 0_usize..4,
    ) {
        let text = lines(0, 20_000);
        let stream = [frame(kind, &text), frame(Kind::Checked, b"{\"text\":1}\n").repeat(after)].concat();
        let stream = [frame(Kind::Checked, b"{\"text\":1}\n").repeat(after), stream].concat();
        let (_folder, path) = file("a.jsonl.zst", &damaged(&stream, &damage));
        let apart = outcome(&path, &salvaging(10_000, 1, 0));
        for (block_bytes, threads) in [(150_000, 1), (300_000, 2), (1 << 20, 1), (1 << 20, 2)] {
            let ahead_bytes = 100_000;
            let options = salvaging(block_bytes, threads, ahead_bytes);
            prop_assert_eq!(&apart, &outcome(&path, &options));
        }
        if let Damage::None = damage {
            prop_assert_eq!(apart.0.len(), 20_000 + 2 * after);
        }
    }
}

#[test]
fn a_checksum_that_fails_makes_its_whole_frame_unsound() {
    let parts = [lines(0, 100), lines(100, 20_000), lines(20_000, 20_100)];
    let mut frames = parts.map(|part| frame(Kind::Checked, &part));
    let at = frames[1].len() - 2;
    frames[1][at] ^= 1;
    let (_folder, path) = file("a.jsonl.zst", &frames.concat());
    let (rows, end) = outcome(&path, &salvaging(1000, 2, 1 << 20));
    assert!((100..=20_000).contains(&rows.len()));
    let (error, sound) = end.unwrap_err();
    assert_eq!(sound, Some(100));
    assert!(
        error.contains("E-ZST-CHECKSUM") && error.contains(" in frame 1, near byte "),
        "{error}"
    );
}

#[test]
fn damage_is_placed_by_frame_and_byte() {
    let frames = [lines(0, 100), lines(100, 200)].map(|part| frame(Kind::Checked, &part));
    let second = frames[0].len();
    let mut bytes = frames.concat();
    bytes.truncate(bytes.len() - 10);
    let (_folder, path) = file("a.jsonl.zst", &bytes);
    let (_, end) = outcome(&path, &salvaging(1000, 1, 0));
    let (error, rows) = end.unwrap_err();
    // The header of the second frame is whole, its one block is cut.
    let place = (second + 6..second + 12)
        .any(|at| error.contains(&format!("in frame 1, near byte {at} of")));
    assert!(place, "{error}");
    assert_eq!(rows, Some(100));
}

#[test]
fn rows_before_damage_are_told_for_gzip_as_well() {
    let member = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let members = [member(&lines(0, 500)), member(&lines(500, 20_000))];
    let whole = members.concat();
    let of = |bytes: &[u8]| {
        let (_folder, path) = file("a.jsonl.gz", bytes);
        let ends = [16, 1000, 1 << 20].map(|block| outcome(&path, &salvaging(block, 1, 0)).1);
        assert!(ends[0] == ends[1] && ends[1] == ends[2], "{ends:?}");
        ends[0].clone()
    };
    assert!(of(&whole).is_ok());
    let (error, rows) = of(&whole[..whole.len() - 20_000]).unwrap_err();
    assert!(
        error.contains("E-GZ-TRUNC") && error.contains(" in member 1, near byte"),
        "{error}"
    );
    assert!((5_000..20_000).contains(&rows.unwrap()), "{rows:?}");
    let mut flipped = whole.clone();
    let crc = whole.len() - 6;
    flipped[crc] ^= 1;
    let (error, rows) = of(&flipped).unwrap_err();
    assert!(error.contains("E-GZ-CHECKSUM"), "{error}");
    assert_eq!(rows, Some(500));
    let (error, rows) = of(&[&whole[..], b"more"].concat()).unwrap_err();
    assert!(
        error.contains("E-GZ-TRAILING") && error.contains("2 members"),
        "{error}"
    );
    assert_eq!(rows, Some(20_000));
}

#[test]
fn a_byte_order_mark_counts_at_the_very_start_only() {
    let marked = [b"\xEF\xBB\xBF", &lines(0, 1)[..]].concat();
    let frames = [frame(Kind::Checked, &marked), frame(Kind::Checked, &marked)].concat();
    let (_folder, path) = file("a.jsonl.zst", &frames);
    let (rows, end) = outcome(&path, &options(1000));
    assert!(end.is_ok());
    assert_eq!(rows, ["row 0 0", "E-JSON"]);
}

#[test]
fn a_window_is_allowed_by_its_logarithm() {
    for log in [12, 27, 28] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(&lines(0, 10)).unwrap();
        let (_folder, path) = file("a.jsonl.zst", &encoder.finish().unwrap());
        let allowing = |zstd_window_log| ReadOptions {
            zstd_window_log,
            ..salvaging(1000, 2, 1 << 20)
        };
        let (rows, end) = outcome(&path, &allowing(log));
        assert!(rows.len() == 10 && end.is_ok());
        let (error, rows) = outcome(&path, &allowing(log - 1)).1.unwrap_err();
        assert!(error.starts_with("E-ZST-WINDOW"), "{error}");
        assert!(error.contains(&format!("`limits.zstd_window_log = {log}` allows it")));
        // Nothing is damaged, so nothing is to be salvaged.
        assert_eq!(rows, None);
    }
}

#[test]
fn a_frame_that_needs_a_dictionary_is_told() {
    let dictionary = b"row 1 row 2 row 3 text";
    let mut compressor = zstd::bulk::Compressor::with_dictionary(3, dictionary).unwrap();
    let mut bytes = compressor.compress(&lines(0, 10)).unwrap();
    // A raw dictionary has no number, so the header is given one: two bytes behind the descriptor's flag.
    assert_eq!(bytes[4] & 3, 0);
    bytes[4] |= 2;
    let single = usize::from(bytes[4] & 0b10_0000 == 0);
    bytes.splice(5 + single..5 + single, [7, 0]);
    let (_folder, path) = file("a.jsonl.zst", &bytes);
    let (error, _) = outcome(&path, &options(1000)).1.unwrap_err();
    assert!(
        error.contains("E-ZST-DICTIONARY") && error.contains("dictionary 7"),
        "{error}"
    );
}

#[test]
fn a_stream_that_swells_without_end_is_refused_unless_it_is_meant() {
    let chunk = vec![b'\n'; 1 << 20];
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..258 {
        encoder.write_all(&chunk).unwrap();
        gz.write_all(&chunk).unwrap();
    }
    let swelling = |max_ratio, ahead_threads| ReadOptions {
        max_ratio,
        ahead_threads,
        ..options(1 << 20)
    };
    let refused = |name: &str, bytes: &[u8]| {
        let (folder, path) = file(name, bytes);
        let alone = outcome(&path, &swelling(500, 1)).1;
        let (error, _) = alone.clone().unwrap_err();
        assert!(
            error.starts_with("E-BOMB") && error.contains("`limits.max_ratio`"),
            "{error}"
        );
        (folder, path, alone)
    };
    let _ = refused("a.jsonl.zst", &encoder.finish().unwrap());
    let _ = refused("a.jsonl.gz", &gz.finish().unwrap());
    let many = frame(Kind::Checked, &chunk).repeat(258);
    let (_folder, path, alone) = refused("a.jsonl.zst", &many);
    assert_eq!(alone, outcome(&path, &swelling(500, 4)).1);
    assert!(outcome(&path, &swelling(1_000_000, 2)).1.is_ok());
}

#[test]
fn a_reader_that_stops_early_leaves_no_thread_waiting() {
    let frames: Vec<u8> = (0..50)
        .flat_map(|n| frame(Kind::Checked, &lines(n * 100, n * 100 + 100)))
        .collect();
    let (_folder, path) = file("a.jsonl.zst", &frames);
    let columns = columns(&[]);
    for blocks in [0, 1, 3, 20] {
        let mut reader = open(&shard(&path), &columns, &salvaging(1000, 4, 1 << 20)).unwrap();
        for _ in 0..blocks {
            reader.next_block().unwrap().unwrap();
        }
        assert_eq!(reader.finish().unwrap(), digest_file(&path).unwrap());
        let mut reader = open(&shard(&path), &columns, &salvaging(1000, 4, 1 << 20)).unwrap();
        for _ in 0..blocks {
            reader.next_block().unwrap().unwrap();
        }
        drop(reader);
    }
}
