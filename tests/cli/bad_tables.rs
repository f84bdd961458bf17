//! Parquet shards that are damaged, that lie, or that differ: what is said, and what comes of it.

use std::fs;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use base64::Engine;

use crate::bad_input::{fails_alone, good, run};
use crate::place::Place;
use crate::run::read_table;
use crate::shards::{docs, table};
use crate::texts::Lang::{De, En};

#[test]
fn a_broken_page_fails_its_shard_alone() {
    let place = good();
    let mut bytes = fs::read(place.path("human/b.parquet")).unwrap();
    // The first page's header is right behind the magic.
    bytes[4..16].fill(0xff);
    fails_alone(
        "human/bad.parquet",
        &bytes,
        "E-PARQUET-CORRUPT",
        "row group 0: column `id`, page at byte 4: its header cannot be understood",
    );
}

#[test]
fn a_footer_that_lies_fails_its_shard_alone() {
    let place = good();
    let mut bytes = fs::read(place.path("human/b.parquet")).unwrap();
    let at = bytes.len() - 8;
    bytes[at..at + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    fails_alone(
        "human/bad.parquet",
        &bytes,
        "E-PARQUET-CORRUPT",
        "the footer shall have 2147483647 bytes where",
    );
}

#[test]
fn a_text_that_is_no_utf8_is_quarantined_with_its_bytes() {
    let place = good();
    let docs = docs("n", 3, &[En]);
    place.table("human/bad.parquet", &table(&docs));
    let path = place.path("human/bad.parquet");
    let mut bytes = fs::read(&path).unwrap();
    let text = docs[1].text.as_bytes();
    let at = bytes.windows(text.len()).position(|at| at == text).unwrap();
    bytes[at + 5] = 0xff;
    fs::write(&path, &bytes).unwrap();
    run(&place, "")
        .code(3)
        .says("1 of 103 rows are quarantined");
    let record = place.run("mix").json("quarantine/human/bad.parquet.jsonl");
    assert_eq!(
        (&record["row"], &record["code"]),
        (&1.into(), &"E-UTF8".into())
    );
    let raw = record["raw"].as_str().unwrap();
    let raw = base64::engine::general_purpose::STANDARD
        .decode(raw)
        .unwrap();
    assert_eq!(raw, bytes[at..at + text.len()]);
}

#[test]
fn an_id_that_is_no_utf8_loses_its_row_and_no_other() {
    let place = good();
    let docs = docs("human-id", 12, &[En]);
    place.table("human/bad.parquet", &table(&docs));
    let path = place.path("human/bad.parquet");
    let mut bytes = fs::read(&path).unwrap();
    // Neither the least nor the greatest, which the statistics hold as well.
    let id = docs[5].id.as_bytes();
    let at = bytes.windows(id.len()).position(|at| at == id).unwrap();
    bytes[at] = 0xff;
    fs::write(&path, &bytes).unwrap();
    for (repair, lost) in [("quarantine", 1), ("replace", 0)] {
        place.file(
            "mix.toml",
            format!(
                "[mix]\nhuman = 100\n[limits]\nquarantine = 1.0\ninvalid_utf8 = \"{repair}\"\n\
                 [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n"
            ),
        );
        place.tamis(&format!("run mix.toml --out {repair}")).code(0);
        place.tamis(&format!("verify {repair} --inputs")).code(0);
        let written = read_table(&place.path(&format!("{repair}/data/human/bad.parquet")));
        assert_eq!(written.num_rows(), docs.len() - lost, "{repair}");
    }
}

#[test]
fn a_table_of_no_bytes_gives_a_table_of_no_rows() {
    let place = good();
    place.file("human/bare.parquet", "");
    run(&place, "").code(0);
    assert_eq!(place.run("mix").report()["rows"]["read"], 100);
    let out = read_table(&place.path("mix/data/human/bare.parquet"));
    assert_eq!((out.num_rows(), out.num_columns()), (0, 2));
    place.tamis("verify mix --inputs").code(0);
    run(&place, "").code(0).never_says("again");
}

#[test]
fn columns_of_two_types_are_told_before_any_work_all_at_once() {
    let place = good();
    let batch = table(&docs("d", 5, &[En]));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5));
    let named = |id: ArrayRef, count: ArrayRef| {
        RecordBatch::try_from_iter(vec![
            ("text", batch.column_by_name("text").unwrap().clone()),
            ("id", id),
            ("count", count),
        ])
        .unwrap()
    };
    let words: ArrayRef = Arc::new(StringArray::from(vec!["x"; 5]));
    place.table("human/c.parquet", &named(numbers.clone(), numbers.clone()));
    place.table("human/d.parquet", &named(words.clone(), words));
    place.file(
        "mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 1\n\
         [[filters.rule]]\nname = \"low\"\ncolumn = \"input.count\"\nmin = 1\n\
         [[source]]\nname = \"human\"\npaths = [\"human\"]\norigin = \"human\"\n",
    );
    place
        .tamis("run mix.toml")
        .code(2)
        .says("column `id` of the source `human` is text in b.parquet, and a number in c.parquet")
        .says(
            "column `count` of the source `human` is text in d.parquet, and a number in b.parquet",
        )
        .says("two sources");
    assert!(!place.path("mix").exists());
}

/// Chats of two or three messages, one of them a call without content.
fn chats(count: usize) -> RecordBatch {
    let texts = docs("chat", count * 2, &[En, De]);
    let roles = (0..count * 3).map(|n| ["user", "tool", "assistant"][n % 3]);
    let content = (0..count * 3).map(|n| match n % 3 {
        1 => None,
        part => Some(texts[n / 3 * 2 + part / 2].text.as_str()),
    });
    let members: Vec<(Arc<Field>, ArrayRef)> = vec![
        (
            Arc::new(Field::new("role", DataType::Utf8, false)),
            Arc::new(StringArray::from_iter_values(roles)),
        ),
        (
            Arc::new(Field::new("content", DataType::Utf8, true)),
            Arc::new(content.collect::<StringArray>()),
        ),
    ];
    let items = StructArray::from(members);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(vec![3; count]);
    let lists = ListArray::try_new(field, offsets, Arc::new(items), None).unwrap();
    let ids = StringArray::from_iter_values((0..count).map(|n| format!("c{n}")));
    RecordBatch::try_from_iter(vec![
        ("id", Arc::new(ids) as ArrayRef),
        ("messages", Arc::new(lists) as ArrayRef),
    ])
    .unwrap()
}

/// Roles and contents of the messages of a row.
fn messages(table: &RecordBatch, row: usize) -> Vec<(String, Option<String>)> {
    let lists = table.column_by_name("messages").unwrap().as_list::<i32>();
    let items = lists.value(row);
    let items = items.as_struct();
    let (roles, contents) = (
        items.column(0).as_string::<i32>(),
        items.column(1).as_string::<i32>(),
    );
    (0..items.len())
        .map(|n| {
            let content = contents.is_valid(n).then(|| contents.value(n).to_owned());
            (roles.value(n).to_owned(), content)
        })
        .collect()
}

#[test]
fn messages_of_chats_are_edited_in_their_places() {
    let place = Place::new();
    place.table("chats/c.parquet", &chats(60));
    place.file(
        "mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 50\nsemi_synthetic = 50\n\
         [[source]]\nname = \"chats\"\npaths = [\"chats\"]\norigin = \"human\"\n\
         text = \"messages[].content\"\n",
    );
    place.tamis("run mix.toml").code(0);
    place.tamis("verify mix --inputs").code(0);
    let input = read_table(&place.path("chats/c.parquet"));
    let output = read_table(&place.path("mix/data/chats/c.parquet"));
    let marks = output.column_by_name("tamis").unwrap().as_struct();
    let rows = marks.column_by_name("row").unwrap();
    let rows = rows.as_primitive::<arrow::datatypes::Int64Type>();
    let origins = marks.column_by_name("origin").unwrap().as_string::<i32>();
    let mut edited = 0;
    for at in 0..output.num_rows() {
        let own = messages(&input, rows.value(at) as usize);
        let written = messages(&output, at);
        let fixed = |all: &[(String, Option<String>)]| -> Vec<(String, bool)> {
            let of = all.iter();
            of.map(|(role, content)| (role.clone(), content.is_some()))
                .collect()
        };
        assert_eq!(fixed(&own), fixed(&written));
        assert_eq!(own != written, origins.value(at) == "semi_synthetic");
        edited += usize::from(own != written);
    }
    assert!(edited > 10 && edited < output.num_rows(), "{edited}");
}
