//! Texts inside a JSON record, several of one record, and rows that are mended: read together, written in place.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::*;
use super::{file, options, provenance, shard};
use crate::config::{Repair, TextPaths};

fn paths(paths: &[&str]) -> Columns {
    let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
    Columns {
        text: TextPaths::new(paths).unwrap(),
        id: None,
        extra: Vec::new(),
    }
}

fn block_of(bytes: &[u8], columns: &Columns, options: &ReadOptions) -> Block {
    let (_folder, path) = file("a.jsonl", bytes);
    let mut reader = open(&shard(&path), columns, options).unwrap();
    reader.next_block().unwrap().unwrap().decode(columns)
}

fn mending() -> ReadOptions {
    ReadOptions {
        invalid_utf8: Repair::Replace,
        lone_surrogates: Repair::Replace,
        ..options(1 << 20)
    }
}

/// The line of row `i` as it is written, without `tamis`; `texts` are its texts if they are edited.
fn written(block: &Block, index: usize, texts: Option<&[&str]>) -> String {
    let mark = provenance(0);
    let row = OutputRow {
        index,
        texts,
        provenance: &mark,
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.jsonl");
    let (_folder, path) = file("a.jsonl", b"");
    let template = open(&shard(&path), &paths(&["text"]), &options(1000))
        .unwrap()
        .template();
    let mut writer = Writer::create(&out, &template, &WriteOptions::default()).unwrap();
    writer.write(block.encode(&[row]).unwrap()).unwrap();
    writer.finish().unwrap();
    let mark = format!(",\"tamis\":{}", serde_json::to_string(&mark).unwrap());
    let line = std::fs::read_to_string(&out).unwrap();
    assert_eq!(line.matches(&mark).count(), 1, "{line}");
    line.replace(&mark, "")
}

#[test]
fn texts_of_a_chat_are_one_document_and_are_edited_in_place() {
    let line = "{\"messages\" : [{\"role\":\"user\",\"content\":\"H\\u00e9\\/llo\"}, {\"content\":null,\"tool_calls\":[{\"id\":1e400}]},\
                {\"role\":\"tool\"},{\"content\" : \"By\\u0000e\" }],\"n\":12345678901234567890123456789012345678901}\n";
    let block = block_of(
        line.as_bytes(),
        &paths(&["messages[].content"]),
        &options(1000),
    );
    let text = block.text(0).unwrap();
    assert_eq!(text, "Hé/llo\n\nBy\0e");
    let parts: Vec<&str> = block.parts(0).into_iter().map(|part| &text[part]).collect();
    assert_eq!(parts, ["Hé/llo", "By\0e"]);
    assert_eq!(written(&block, 0, None), line);
    // Only what changed is written anew.
    let edited = written(&block, 0, Some(&["Hé/llo", "By\0e!"]));
    assert_eq!(edited, line.replace("By\\u0000e", "By\\u0000e!"));
    let other = block_of(
        edited.as_bytes(),
        &paths(&["messages[].content"]),
        &options(1000),
    );
    assert!(block.same_otherwise(0, &other, 0));
    let elsewhere = edited.replace("\"user\"", "\"bot\"");
    let other = block_of(
        elsewhere.as_bytes(),
        &paths(&["messages[].content"]),
        &options(1000),
    );
    assert!(!block.same_otherwise(0, &other, 0));
}

#[test]
fn texts_come_in_the_order_of_the_paths_and_stay_where_they_are() {
    let line = "{\"tamis\":{\"a\":1},\"rejected\":\"r\",\"tamis\":2,\"deep\":{\"chosen\":\"c\"},\"tamis\":{}}\n";
    let columns = paths(&["deep.chosen", "rejected"]);
    let block = block_of(line.as_bytes(), &columns, &options(1000));
    assert_eq!(block.text(0).unwrap(), "c\n\nr");
    let edited = written(&block, 0, Some(&["C", "R"]));
    assert_eq!(edited, "{\"rejected\":\"R\",\"deep\":{\"chosen\":\"C\"}}\n");
}

#[test]
fn the_number_of_texts_must_be_right() {
    let columns = paths(&["a", "b"]);
    let block = block_of(b"{\"a\":\"1\",\"b\":\"2\"}\n", &columns, &options(1000));
    let mark = provenance(0);
    for texts in [&["1"][..], &["1", "2", "3"]] {
        let row = OutputRow {
            index: 0,
            texts: Some(texts),
            provenance: &mark,
        };
        assert!(block.encode(&[row]).is_err());
    }
}

#[test]
fn records_whose_texts_cannot_be_had_are_bad_rows() {
    let chat = &["messages[].content"][..];
    let pair = &["chosen", "rejected"][..];
    for (paths, line, code) in [
        (chat, r#"{"messages":[{"content":"a"},null,{}]}"#, None),
        (
            chat,
            r#"{"messages":[{"content":["a"]}]}"#,
            Some("E-TEXT-TYPE"),
        ),
        (chat, r#"{"messages":"a"}"#, Some("E-TEXT-TYPE")),
        (chat, r#"{"messages":[]}"#, Some("E-TEXT-MISSING")),
        (chat, r#"{"messages":null}"#, Some("E-TEXT-MISSING")),
        (
            chat,
            r#"{"messages":[{"content":null}]}"#,
            Some("E-TEXT-MISSING"),
        ),
        (chat, "{}", Some("E-TEXT-MISSING")),
        (
            chat,
            r#"{"messages":[],"messages":[]}"#,
            Some("E-JSON-DUPLICATE"),
        ),
        (
            chat,
            r#"{"messages":[{"content":"a","content":"b"}]}"#,
            Some("E-JSON-DUPLICATE"),
        ),
        (
            chat,
            r#"{"messages":[{"content":"\ud800"}]}"#,
            Some("E-SURROGATE"),
        ),
        (pair, r#"{"chosen":"a","rejected":"b"}"#, None),
        (pair, r#"{"chosen":"a"}"#, Some("E-TEXT-MISSING")),
        (
            pair,
            r#"{"chosen":"a","rejected":null}"#,
            Some("E-TEXT-NULL"),
        ),
        (pair, r#"{"chosen":"a","rejected":1}"#, Some("E-TEXT-TYPE")),
    ] {
        let block = block_of(line.as_bytes(), &self::paths(paths), &options(1000));
        let bad = block.text(0).err();
        assert_eq!(bad.map(|bad| bad.code), code, "{line}");
        assert!(bad.is_none_or(|bad| bad.raw == line.as_bytes()));
        assert_eq!(block.parts(0).is_empty(), code.is_some());
    }
    let many = format!("{{\"t\":[{}\"\"]}}", "\"\",".repeat(1 << 20));
    let options = ReadOptions {
        max_document: 64 << 20,
        ..options(1 << 20)
    };
    let block = block_of(many.as_bytes(), &self::paths(&["t[]"]), &options);
    assert_eq!(block.text(0).unwrap_err().code, "E-TEXT-MANY");
}

#[test]
fn a_million_keys_and_numbers_beyond_all_bounds_stay_as_they_are() {
    let keys: String = (0..1_000_000).map(|n| format!("\"k{n}\":1e{n},")).collect();
    let line = format!("{{{keys}\"text\":\"t\",\"n\":{}}}\n", "9".repeat(4000));
    let options = ReadOptions {
        max_document: 64 << 20,
        ..options(1 << 20)
    };
    let block = block_of(line.as_bytes(), &paths(&["text"]), &options);
    assert!(written(&block, 0, None) == line);
    assert!(written(&block, 0, Some(&["u"])) == line.replace("\"text\":\"t\"", "\"text\":\"u\""));
}

#[test]
fn lines_that_are_no_utf8_are_mended_where_that_is_wished() {
    let bytes = b"{\"text\":\"a\xFF\xE2\x82b\",\"x\":\"\xC0\"}\r\n{\"text\":\"good\"}\n{\"text\":\"a\"\xFF}\n{\"text\":\"\xF0\"}";
    let block = block_of(bytes, &paths(&["text"]), &mending());
    assert_eq!(block.text(0), Ok("a\u{FFFD}\u{FFFD}b"));
    assert_eq!(block.replaced(0), ["E-UTF8"]);
    assert_eq!((block.text(1), block.replaced(1)), (Ok("good"), vec![]));
    // What cannot be mended is kept as it was, not as it would have been.
    let bad = block.text(2).unwrap_err();
    let raw = &b"{\"text\":\"a\"\xFF}"[..];
    let offset = bytes
        .windows(raw.len())
        .position(|window| window == raw)
        .unwrap();
    assert_eq!((bad.code, &bad.raw[..]), ("E-JSON", raw));
    assert_eq!(bad.offset, Some(offset as u64));
    assert_eq!(block.text(3), Ok("\u{FFFD}"));
    let first =
        String::from_utf8_lossy(&bytes[..bytes.iter().position(|&b| b == b'\n').unwrap() + 1]);
    assert_eq!(written(&block, 0, None), first);
    // A line that would grow above the cap is not mended.
    let tight = ReadOptions {
        max_document: 16,
        ..mending()
    };
    let block = block_of(b"{\"text\":\"\xFF\xFF\xFF\"}", &paths(&["text"]), &tight);
    assert_eq!(block.text(0).unwrap_err().code, "E-UTF8");
}

#[test]
fn half_surrogate_pairs_are_mended_where_that_is_wished() {
    let line = r#"{"x":"\udfff","text":"\ud83d\ude00 \ud800 \udc00\u0000"}"#;
    let block = block_of(line.as_bytes(), &paths(&["text"]), &mending());
    assert_eq!(block.text(0), Ok("😀 \u{FFFD} \u{FFFD}\0"));
    assert_eq!(block.replaced(0), ["E-SURROGATE"]);
    // Only the text is mended; other fields are nobody's business.
    let mended = r#"{"x":"\udfff","text":"\ud83d\ude00 \ufffd \ufffd\u0000"}"#;
    assert_eq!(written(&block, 0, None), format!("{mended}\n"));
    let both = b"{\"a\":\"\\ud800\",\"b\":\"\xFF\"}";
    let block = block_of(both, &paths(&["a", "b"]), &mending());
    assert_eq!(block.text(0), Ok("\u{FFFD}\n\n\u{FFFD}"));
    assert_eq!(block.replaced(0), ["E-UTF8", "E-SURROGATE"]);
}

fn message() -> impl Strategy<Value = Json> {
    let content = prop_oneof![
        4 => any::<String>().prop_map(Json::from),
        1 => Just(Json::Null),
    ];
    (content, any::<String>(), any::<bool>()).prop_map(|(content, name, has)| {
        let mut message = json!({ "a": name, "z": [{ "content": "not me" }] });
        if has {
            message["content"] = content;
        }
        message
    })
}

proptest! {
    /// Values are the twin: the record with its texts replaced is what the line with its texts replaced says.
    #[test]
    fn editing_in_place_is_editing_values(
        messages in prop::collection::vec(message(), 0..5),
        title in any::<String>(),
        changed in any::<u8>(),
    ) {
        let mut record = json!({ "messages": messages, "title": title, "o": { "title": title } });
        let columns = paths(&["title", "messages[].content"]);
        let line = record.to_string();
        let block = block_of(line.as_bytes(), &columns, &options(1000));
        let text = block.text(0).unwrap();
        let mut texts = vec![title];
        texts.extend(messages.iter().filter_map(|m| m["content"].as_str().map(str::to_owned)));
        prop_assert_eq!(text, texts.join(BETWEEN_TEXTS));
        let parts: Vec<&str> = block.parts(0).into_iter().map(|part| &text[part]).collect();
        prop_assert_eq!(&parts, &texts);
        for (at, text) in texts.iter_mut().enumerate() {
            if changed >> at & 1 == 1 {
                text.push_str("\"é\u{0}");
            }
        }
        let edited: Vec<&str> = texts.iter().map(String::as_str).collect();
        let output = written(&block, 0, Some(&edited));
        let mut texts = texts.into_iter();
        record["title"] = texts.next().unwrap().into();
        for message in record["messages"].as_array_mut().unwrap() {
            if message["content"].is_string() {
                message["content"] = texts.next().unwrap().into();
            }
        }
        prop_assert_eq!(serde_json::from_str::<Json>(&output).unwrap(), record);
        let again = block_of(output.as_bytes(), &columns, &options(1000));
        prop_assert!(block.same_otherwise(0, &again, 0));
    }
}
