//! Where an origin comes from: a label, a date, or what a row of an earlier run says of itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::Place;
use crate::run::Row;
use crate::shards::{MIXED, THREE, docs};
use crate::texts::Lang::{De, En};

/// Lines with a label and a date that go round in threes.
fn labelled(place: &Place) {
    let mut lines = String::new();
    for (i, doc) in docs("l", 90, &[En, De]).iter().enumerate() {
        let label = ["person", "model", "?"][i % 3];
        let date = ["2019-05-01", "2024-02-29T10:00:00Z", "soon"][i / 3 % 3];
        let text = serde_json::to_string(&doc.text).unwrap();
        lines.push_str(&format!(
            "{{\"text\":{text},\"label\":\"{label}\",\"date\":\"{date}\"}}\n"
        ));
    }
    place.file("in/l.jsonl", lines);
}

fn by_row(rows: &[Row]) -> BTreeMap<u64, &Row> {
    rows.iter().map(|row| (row.int("row"), row)).collect()
}

#[test]
fn a_label_declares_an_origin() {
    let place = Place::new();
    labelled(&place);
    place.file(
        "mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 70\nsynthetic = 30\n[[source]]\nname = \"all\"\npaths = [\"in\"]\n\
         label = { column = \"label\", human = [\"person\"], synthetic = [\"model\"] }\n",
    );
    place.tamis("run mix.toml").code(0);
    let run = place.run("mix");
    let declared = &run.report()["origins"]["declared"];
    assert_eq!(
        (&declared["human"], &declared["synthetic"]),
        (&30.into(), &30.into())
    );
    for (i, row) in by_row(&run.rows()) {
        match i % 3 {
            0 => assert_eq!((row.str("origin"), row.str("origin_by")), ("human", "tag")),
            1 => assert_eq!(
                (row.str("origin"), row.str("origin_by")),
                ("synthetic", "tag")
            ),
            _ => assert_eq!(row.tamis["declared_origin"], Value::Null),
        }
    }
}

#[test]
fn a_date_declares_an_origin() {
    let place = Place::new();
    labelled(&place);
    place.shard("gen/g.jsonl", &docs("g", 20, &[En]));
    place.file(
        "mix.toml",
        "out = \"mix\"\n[mix]\nhuman = 70\nsynthetic = 30\n\
         [[source]]\nname = \"web\"\npaths = [\"in\"]\n\
         date = { column = \"date\", before = \"2022-11-01\", origin = \"human\" }\n\
         [[source]]\nname = \"gen\"\npaths = [\"gen\"]\norigin = \"synthetic\"\n",
    );
    place.tamis("run mix.toml").code(0);
    let run = place.run("mix");
    assert_eq!(run.report()["origins"]["declared"]["human"], 30);
    let rows: Vec<Row> = run.rows();
    let web: Vec<Row> = rows
        .into_iter()
        .filter(|row| row.str("source") == "web")
        .collect();
    for (i, row) in by_row(&web) {
        let early = i / 3 % 3 == 0;
        assert_eq!(row.str("origin_by") == "date", early);
        assert!(!early || row.str("origin") == "human");
    }
}

#[test]
fn a_mix_that_comes_in_again_keeps_its_history() {
    let place = Place::new();
    place.mixed();
    place
        .tamis(&format!("run {MIXED} {THREE} --out first"))
        .code(0);
    place
        .tamis(&format!("run --unknown first/data {THREE} --out second"))
        .code(0);
    place.tamis("verify second --inputs").code(0);
    let mut before: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in place.run("first").rows() {
        before.entry(row.file.clone()).or_default().push(row);
    }
    let (mut carried, mut anew) = (0, 0);
    for row in place.run("second").rows() {
        let shard = row.file.strip_prefix("unknown/").unwrap();
        let input = &before[shard][row.int("row") as usize];
        let previous: Value = serde_json::from_str(row.str("previous")).unwrap();
        assert_eq!(previous, input.tamis);
        if input.str("origin_by") != "default" {
            assert_eq!(row.tamis["declared_origin"], input.tamis["origin"]);
            assert_eq!(row.str("origin_by"), "declared");
        }
        if input.changed() > 0 {
            carried += 1;
            assert_eq!((row.str("origin"), row.changed()), ("semi_synthetic", 0));
            assert_eq!((&row.text, row.int("generation")), (&input.text, 1));
        }
        if row.changed() > 0 {
            anew += 1;
            assert_eq!((input.str("origin"), input.changed()), ("human", 0));
        }
        if let Some(line) = &row.line {
            assert_eq!(line.matches("\"tamis\":").count(), 1);
        }
    }
    assert!(
        carried > 5,
        "{carried} variants came through, {anew} were made"
    );
}
