//! JSONL in all its forms: what it is packed in, where its texts are, and what is mended in it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::place::Place;
use crate::run::read_lines;
use crate::shards::{docs, lines, packed};
use crate::texts::Lang::{De, En};
use crate::texts::{Draw, text};

/// The line as it came in, and the provenance that was added to it.
fn split(line: &str) -> (String, Value) {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
    let tamis = members["tamis"].get();
    let without = line.replace(&format!(",\"tamis\":{tamis}"), "");
    (without, serde_json::from_str(tamis).unwrap())
}

/// Lines of the mix by the row that they were.
fn written(place: &Place, shard: &str) -> Vec<(usize, String, Value)> {
    let path = place.run("mix").path(&format!("data/{shard}"));
    let split = |line: &String| {
        let (line, tamis) = split(line);
        (tamis["row"].as_u64().unwrap() as usize, line, tamis)
    };
    read_lines(&path).iter().map(split).collect()
}

#[test]
fn frames_of_every_kind_line_ends_and_blank_lines_are_read() {
    let place = Place::new();
    let rows: Vec<String> = String::from_utf8(lines(&docs("f", 30, &[En, De])))
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let skippable = [
        &0x184D_2A5F_u32.to_le_bytes()[..],
        &3_u32.to_le_bytes(),
        b"xyz",
    ]
    .concat();
    // Cut in the middle of a line, with a mark at the start, three line ends, and none at the end.
    let text = format!(
        "\u{FEFF}{}\r\n\n \t\n{}\r\n\n{}",
        rows[0],
        rows[1],
        rows[2..].join("\n")
    );
    let (first, second) = text.as_bytes().split_at(text.len() / 3);
    let frames = [
        skippable.clone(),
        packed("x.zst", b""),
        packed("x.zst", first),
        skippable.clone(),
        packed("x.zst", second),
        skippable,
    ];
    place.file("human/f.jsonl.zst", frames.concat());
    let members = [
        packed("x.gz", first),
        packed("x.gz", b""),
        packed("x.gz", second),
    ];
    place.file("human/g.jsonl.gz", members.concat());
    place
        .tamis("run --human human --mix human=1 --out mix")
        .code(0);
    for shard in ["human/f.jsonl.zst", "human/g.jsonl.gz"] {
        let found = written(&place, shard);
        let found: Vec<(usize, &str)> = found
            .iter()
            .map(|(row, line, _)| (*row, &line[..]))
            .collect();
        let rows: Vec<(usize, &str)> = rows.iter().map(|row| &row[..]).enumerate().collect();
        assert_eq!(found, rows);
    }
    place.tamis("verify mix --inputs").code(0);
}

/// Half of the documents as they are, half with one word in five drawn anew.
fn halves(paths: &str, text: &str) -> String {
    format!(
        "out = \"mix\"\n[mix]\nhuman = 50\nsemi_synthetic = 50\n[edit]\nchange = 0.2\n\
         [[source]]\nname = \"human\"\npaths = [\"{paths}\"]\norigin = \"human\"\ntext = {text}\n"
    )
}

/// A conversation with fields that are easily spoiled, a tool call without content, and two turns of text.
fn chat(draw: &mut Draw, i: usize) -> String {
    let mut turn = |role: &str| {
        let content = serde_json::to_string(&text(draw, En, 3))
            .unwrap()
            .replace(" a ", " \\u0061 ");
        format!("{{\"role\" : \"{role}\",\"content\": {content} }}")
    };
    let (user, model) = (turn("user"), turn("assistant"));
    let tool = r#"{"content":null,"tool_calls":[{"arguments":"{\"n\":1e400}"}]}"#;
    format!(
        "{{\"n\":1{i}234567890123456789012345678901234567890,\"messages\":[{user},{tool}, {model}] }}"
    )
}

fn turns(line: &str) -> Vec<String> {
    let record: BTreeMap<&str, &RawValue> = serde_json::from_str(line).unwrap();
    let messages: Vec<BTreeMap<&str, &RawValue>> =
        serde_json::from_str(record["messages"].get()).unwrap();
    let contents = messages.iter().map(|message| message["content"].get());
    let texts = contents.map(|content| serde_json::from_str::<Option<String>>(content).unwrap());
    texts.flatten().collect()
}

#[test]
fn conversations_are_one_document_and_their_turns_are_edited_in_place() {
    let place = Place::new();
    let mut draw = Draw::new(4);
    let rows: Vec<String> = (0..60).map(|i| chat(&mut draw, i)).collect();
    place.file(
        "human/chat.jsonl.zst",
        packed("x.zst", rows.join("\n").as_bytes()),
    );
    place.file("mix.toml", halves("human", "\"messages[].content\""));
    place.tamis("run mix.toml").code(0);
    let config = std::fs::read_to_string(place.path("mix/config.toml")).unwrap();
    assert!(config.contains("text = \"messages[].content\""));
    let (mut edited, mut both) = (0, 0);
    for (row, line, tamis) in written(&place, "human/chat.jsonl.zst") {
        if tamis["edit"]["changed"] == 0 {
            assert_eq!(line, rows[row]);
            continue;
        }
        edited += 1;
        assert_eq!(tamis["origin"], "semi_synthetic");
        let (before, after) = (turns(&rows[row]), turns(&line));
        assert_eq!((before.len(), after.len()), (2, 2));
        let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        assert!(changed >= 1);
        both += usize::from(changed == 2);
        // With the edits undone, turn by turn, the line has all its bytes again; a turn without one keeps its escapes.
        let mut undone = line;
        for (before, after) in before.iter().zip(&after).filter(|(a, b)| a != b) {
            let literal = |text: &str| serde_json::to_string(text).unwrap();
            let original = literal(before).replace(" a ", " \\u0061 ");
            assert!(undone.contains(&literal(after)));
            undone = undone.replace(&literal(after), &original);
        }
        assert_eq!(undone, rows[row]);
    }
    assert!(
        edited >= 20 && both >= 1,
        "{edited} edited, {both} in both turns"
    );
    place.tamis("verify mix --inputs").code(0);
}

#[test]
fn pairs_of_texts_are_one_document_and_each_is_edited_in_place() {
    let place = Place::new();
    let mut draw = Draw::new(5);
    let rows: Vec<String> = (0..40)
        .map(|i| {
            let (a, b) = (text(&mut draw, En, 3), text(&mut draw, En, 3));
            json!({ "rejected": b, "n": i, "chosen": a }).to_string()
        })
        .collect();
    place.file("pairs.jsonl", rows.join("\n"));
    place.file(
        "mix.toml",
        halves("pairs.jsonl", "[\"chosen\", \"rejected\"]"),
    );
    place.tamis("run mix.toml").code(0);
    let mut changed = [0, 0];
    for (row, line, tamis) in written(&place, "human/pairs.jsonl") {
        let (before, after): (Value, Value) = (
            serde_json::from_str(&rows[row]).unwrap(),
            serde_json::from_str(&line).unwrap(),
        );
        let differ = ["chosen", "rejected"].map(|key| before[key] != after[key]);
        assert_eq!(differ.contains(&true), tamis["edit"]["changed"] != 0);
        assert_eq!(before["n"], after["n"]);
        changed[0] += usize::from(differ[0]);
        changed[1] += usize::from(differ[1]);
    }
    assert!(changed[0] > 0 && changed[1] > 0, "{changed:?}");
    place.tamis("verify mix --inputs").code(0);
    // The words of both are the document's.
    place
        .tamis("score --loose pairs.jsonl --text chosen --text rejected --out two.parquet")
        .code(0);
    place
        .tamis("score --loose pairs.jsonl --text chosen --out one.parquet")
        .code(0);
    let words = |name: &str| {
        use arrow::array::AsArray;
        let table = crate::run::read_table(&place.path(name));
        let words = table.column_by_name("words").unwrap();
        let words = words
            .as_primitive::<arrow::datatypes::UInt64Type>()
            .values();
        words.iter().sum::<u64>()
    };
    assert!(words("two.parquet") > words("one.parquet") * 3 / 2);
}

#[test]
fn a_path_inside_provenance_is_refused() {
    let place = Place::new();
    place.file("a.jsonl", "{\"text\":\"x\"}\n");
    let refused = place.tamis("run --human a.jsonl --text tamis.previous --mix human=1 --out mix");
    refused.code(2).says("is inside `tamis`");
}

#[test]
fn rows_are_mended_where_that_is_wished_and_counted() {
    let place = Place::new();
    let mut bytes = lines(&docs("m", 20, &[En]));
    bytes.extend(b"{\"text\":\"One \xFF two \xE2\x82.\",\"x\":\"\xC3\"}\r\n");
    bytes
        .extend(b"{\"text\":\"Half \\ud800 a pair, a whole \\ud83d\\ude00, a nought \\u0000.\"}\n");
    place.file("human/m.jsonl", &bytes);
    let args = "run --human human --mix human=1 --out mix";
    place
        .tamis(args)
        .code(3)
        .says("2 of 22 rows are quarantined");
    let config = std::fs::read_to_string(place.path("mix/config.toml")).unwrap();
    let config = config.replace(
        "invalid_utf8 = \"quarantine\"",
        "invalid_utf8 = \"replace\"",
    );
    let config = config.replace(
        "lone_surrogates = \"quarantine\"",
        "lone_surrogates = \"replace\"",
    );
    place.file("mix.toml", config);
    place.tamis("run mix.toml --out mix").code(0).says("limits");
    let report = place.run("mix").report();
    assert_eq!(report["replaced"], json!({ "E-SURROGATE": 1, "E-UTF8": 1 }));
    assert_eq!(
        (&report["rows"]["quarantined"], &report["rows"]["written"]),
        (&0.into(), &22.into())
    );
    let found = written(&place, "human/m.jsonl");
    let replaced = "{\"text\":\"One \u{FFFD} two \u{FFFD}.\",\"x\":\"\u{FFFD}\"}";
    assert_eq!(found[20].1, replaced);
    let replaced = r#"{"text":"Half \ufffd a pair, a whole \ud83d\ude00, a nought \u0000."}"#;
    assert_eq!(found[21].1, replaced);
    place.tamis("verify mix --inputs").code(0);
}
