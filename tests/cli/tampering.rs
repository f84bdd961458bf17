//! `verify` against someone who changes a run and then makes every digest anew.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{Float64Type, UInt64Type};
use parquet::arrow::ArrowWriter;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tamis::mix::Plan;
use tamis::provenance::inputs::InputList;
use tamis::provenance::manifest::{files_of, line};
use tamis::provenance::{Manifest, RunDir, ShardRecord};
use tamis::report::Report;
use tamis::shard::{digest_file, sampled_digest};
use tamis::stage::profile::Summary;

use crate::place::{Place, files};
use crate::run::{Tree, assert_same, read_lines, read_table};
use crate::shards::{MIXED, THREE, docs, lines, packed};
use crate::texts::Lang::En;

/// A finished run and its bytes, to be tampered with again and again.
pub struct Victim {
    pub place: Place,
    tree: Tree,
}

impl Victim {
    /// A run over both formats and all compressions.
    pub fn new() -> Victim {
        let place = Place::new();
        place.mixed();
        Victim::of(place, &format!("run {MIXED} {THREE} --out mix"))
    }

    /// What this call makes in `mix`.
    pub fn of(place: Place, call: &str) -> Victim {
        place.tamis(call).code(0);
        let tree = place.run("mix").tree();
        let victim = Victim { place, tree };
        victim.reseal();
        // Resealing what nobody changed is faithful.
        assert_same(&victim.tree, &victim.place.run("mix").tree());
        victim
    }

    /// Makes all digests anew: those of the records, those of the manifest, and its own.
    fn reseal(&self) {
        let run = RunDir::new(self.place.path("mix"));
        for path in files(&run.root().join("manifest")) {
            let mut record = ShardRecord::read(&path).unwrap();
            for file in &mut record.files {
                let path = run.resolve(&file.path);
                let digest = digest_file(&path).unwrap();
                (file.digest, file.bytes) = (digest.hex, digest.bytes);
                file.sampled = sampled_digest(&path).unwrap();
            }
            write_json(&path, &record);
        }
        let plan: Plan = serde_json::from_slice(&fs::read(run.plan()).unwrap()).unwrap();
        write_json(&run.plan(), &plan.sealed());
        let mut manifest: Manifest =
            serde_json::from_slice(&fs::read(run.manifest()).unwrap()).unwrap();
        let found = files_of(&run).unwrap();
        manifest.files = found.iter().map(|path| line(&run, path).unwrap()).collect();
        fs::write(run.manifest(), manifest.sealed()).unwrap();
    }

    /// Asserts that `verify` finds the change, then undoes it.
    #[track_caller]
    pub fn finds(&self, flags: &str, what: &str) {
        self.reseal();
        let found = self.place.tamis(&format!("verify mix {flags}"));
        assert_eq!(found.code, Some(3), "not found: {what}");
        for (name, bytes) in &self.tree {
            fs::write(self.place.path("mix").join(name), bytes).unwrap();
        }
    }

    pub fn lines(&self, name: &str) -> Vec<String> {
        read_lines(&self.place.path("mix").join(name))
    }

    pub fn write_lines(&self, name: &str, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let bytes = packed(name, text.as_bytes());
        fs::write(self.place.path("mix").join(name), bytes).unwrap();
    }

    /// Changes a JSON file of the run.
    pub fn change_json(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let path = self.place.path("mix").join(name);
        let bytes = fs::read(&path).unwrap();
        let before: Value = serde_json::from_slice(&bytes).unwrap();
        let write = |value: Value| match name {
            "plan.json" => write_as::<Plan>(&path, value),
            "report.json" => write_as::<Report>(&path, value),
            "inputs.json" => write_as::<InputList>(&path, value),
            "manifest.json" => write_as::<Manifest>(&path, value),
            _ => write_as::<Summary>(&path, value),
        };
        write(before.clone());
        assert_eq!(bytes, fs::read(&path).unwrap(), "{name} as it was");
        let mut value = before.clone();
        change(&mut value);
        assert_ne!(before, value, "{name} did change");
        write(value);
    }
}

/// Writes a value through the program's own type, so that no order of keys gives the change away.
fn write_as<T: DeserializeOwned + Serialize>(path: &Path, value: Value) {
    write_json(path, &serde_json::from_value::<T>(value).unwrap());
}

/// Writes a value as the program would.
pub fn write_json(path: &Path, value: &impl serde::Serialize) {
    let mut text = serde_json::to_vec_pretty(value).unwrap();
    text.push(b'\n');
    fs::write(path, text).unwrap();
}

/// A shard with rows of every part of the mix.
pub const LINES: &str = "data/human/a.jsonl.zst";
const TABLE: &str = "data/human/b.parquet";

#[test]
fn a_row_dropped_doubled_or_moved_is_found() {
    let victim = Victim::new();
    for name in [
        LINES,
        "data/synthetic/s.jsonl.gz",
        "data/human/deep/c.jsonl",
    ] {
        let lines = victim.lines(name);
        for i in [0, lines.len() / 2, lines.len() - 1] {
            let mut fewer = lines.clone();
            fewer.remove(i);
            victim.write_lines(name, &fewer);
            victim.finds("", "a row less");
            let mut more = lines.clone();
            more.insert(i, lines[i].clone());
            victim.write_lines(name, &more);
            victim.finds("", "a row twice");
        }
        let mut swapped = lines.clone();
        swapped.swap(0, 1);
        victim.write_lines(name, &swapped);
        victim.finds("", "two rows swapped");
    }
}

#[test]
fn a_row_dropped_with_its_counts_is_found() {
    let victim = Victim::new();
    let mut lines = victim.lines(LINES);
    lines.pop();
    victim.write_lines(LINES, &lines);
    let less = |rows: &mut Value, key: &str, by: i64| {
        rows[key] = (rows[key].as_i64().unwrap() + by).into();
    };
    let recount = |value: &mut Value| {
        less(&mut value["rows"], "kept", -1);
        less(&mut value["rows"], "written", -1);
        less(&mut value["rows"], "dropped", 1);
        less(&mut value["reasons"], "not_drawn", 1);
    };
    victim.change_json("report.json", recount);
    // Through the record's own type, so that the file is written as the program would.
    let path = victim
        .place
        .path("mix/manifest/write/human/a.jsonl.zst.json");
    let mut record = ShardRecord::read(&path).unwrap();
    record.rows.kept -= 1;
    record.rows.written -= 1;
    record.rows.dropped += 1;
    record.count_reason("not_drawn", 1);
    record.files[0].rows -= 1;
    write_json(&path, &record);
    victim.finds("", "a row less in data, record and report");
}

#[test]
fn a_changed_provenance_is_found() {
    let victim = Victim::new();
    let lines = victim.lines(LINES);
    let place = |with: &str| {
        let found = lines.iter().position(|line| line.contains(with));
        found.unwrap_or_else(|| panic!("no row has {with}"))
    };
    for (from, to) in [
        ("\"origin\":\"human\"", "\"origin\":\"synthetic\""),
        ("\"origin\":\"semi_synthetic\"", "\"origin\":\"human\""),
        ("\"origin_by\":\"declared\"", "\"origin_by\":\"tag\""),
        ("\"declared_origin\":\"human\"", "\"declared_origin\":null"),
        ("\"generation\":0", "\"generation\":1"),
        ("\"generation\":1", "\"generation\":0"),
        ("\"kind\":null", "\"kind\":\"x\""),
        ("\"copy\":0", "\"copy\":1"),
        ("\"weight\":1.0", "\"weight\":2.0"),
        ("\"source\":\"human\"", "\"source\":\"other\""),
        ("\"key\":\"", "\"key\":\"0"),
        ("\"top_k\":8", "\"top_k\":9"),
        ("\"run\":\"", "\"run\":\"0"),
        ("\"tamis\":{", "\"tamis\":{}, \"x\":{"),
    ] {
        let mut changed = lines.clone();
        let at = place(from);
        changed[at] = changed[at].replace(from, to);
        victim.write_lines(LINES, &changed);
        victim.finds("", to);
    }
}

#[test]
fn a_changed_table_is_found() {
    let victim = Victim::new();
    let path = victim.place.path("mix").join(TABLE);
    let batch = read_table(&path);
    let rewrite = |batches: &[RecordBatch]| {
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        batches
            .iter()
            .for_each(|batch| writer.write(batch).unwrap());
        writer.close().unwrap();
    };
    let n = batch.num_rows();
    rewrite(&[batch.slice(1, n - 1)]);
    victim.finds("", "the first row dropped");
    rewrite(&[batch.slice(0, n - 1)]);
    victim.finds("", "the last row dropped");
    rewrite(&[batch.slice(1, 1), batch.slice(0, 1), batch.slice(2, n - 2)]);
    victim.finds("", "two rows swapped");
    rewrite(&[batch.clone(), batch.slice(n - 1, 1)]);
    victim.finds("", "a row twice");
}

#[test]
fn a_changed_text_is_found() {
    let victim = Victim::new();
    let lines = victim.lines(LINES);
    let plain = lines
        .iter()
        .position(|line| line.contains("\"origin\":\"human\""))
        .unwrap();
    let variant = lines
        .iter()
        .position(|line| !line.contains("\"changed\":0"))
        .unwrap();
    let mut longer = lines.clone();
    longer[plain] = longer[plain]
        .replacen("der ", "der der ", 1)
        .replacen("the ", "the the ", 1);
    assert_ne!(longer, lines);
    victim.write_lines(LINES, &longer);
    victim.finds("", "a longer text");
    let mut other = lines.clone();
    other[plain] = other[plain]
        .replacen(" and ", " AND ", 1)
        .replacen(" und ", " UND ", 1);
    assert_ne!(other, lines);
    victim.write_lines(LINES, &other);
    victim.finds("--inputs", "a text of the same length");
    let mut longer = lines.clone();
    longer[variant] =
        longer[variant]
            .replacen(" and ", " and not ", 1)
            .replacen(" und ", " und nicht ", 1);
    assert_ne!(longer, lines);
    victim.write_lines(LINES, &longer);
    victim.finds("", "a longer variant");
}

#[test]
fn a_changed_plan_or_report_is_found() {
    let victim = Victim::new();
    let plan = |change: &dyn Fn(&mut Value), what: &str| {
        victim.change_json("plan.json", change);
        victim.finds("", what);
    };
    plan(&|plan| plan["seed"] = 1.into(), "the seed");
    plan(
        &|plan| plan["cells"][0]["cut"] = "0".repeat(48).into(),
        "a cut",
    );
    plan(
        &|plan| plan["cells"][0]["planned"] = 1.into(),
        "a planned sum",
    );
    plan(&|plan| plan["run"] = "0".into(), "the run's digest");
    plan(
        &|plan| plan["expected"]["kept"] = 1.into(),
        "the expected rows",
    );
    plan(
        &|plan| plan["fingerprint"]["scores"] = "0".into(),
        "the digest of scores",
    );
    plan(
        &|plan| plan["edit"]["thresholds"]["en"] = 0.5.into(),
        "the threshold",
    );
    plan(&|plan| plan["mix"]["human"] = 60.0.into(), "the mix");
    plan(
        &|plan| plan["rules"] = serde_json::json!([{"column": "words", "max": 1e9}]),
        "a rule",
    );
    plan(
        &|plan| plan["fingerprint"]["model.prior"] = "0".into(),
        "a model",
    );
    for file in ["config.toml", "inputs.json"] {
        let path = victim.place.path("mix").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let other = match file {
            "config.toml" => text.replace("human = 70.0", "human = 71.0"),
            _ => text.replace("\"shard\": \"b.parquet\"", "\"shard\": \"x.parquet\""),
        };
        assert_ne!(text, other);
        fs::write(&path, other).unwrap();
        victim.finds("", file);
    }
    let report = |change: &dyn Fn(&mut Value), what: &str| {
        victim.change_json("report.json", change);
        victim.finds("", what);
    };
    report(&|report| report["rows"]["read"] = 1.into(), "rows read");
    report(
        &|report| report["reasons"]["not_drawn"] = 0.into(),
        "a reason",
    );
    report(
        &|report| report["mix"][0]["documents"] = 1.into(),
        "documents",
    );
    report(&|report| report["run"] = "0".into(), "the report's run");
    report(
        &|report| report["mix"][0]["written"] = 0.5.into(),
        "a written share",
    );
    report(&|report| report["max_error_pp"] = 0.0.into(), "the error");
    report(
        &|report| report["edits"]["changed"] = 1.into(),
        "changed tokens",
    );
}

#[test]
fn a_changed_profile_is_found() {
    let victim = Victim::new();
    victim.change_json("profile/human.json", |profile| {
        profile["documents"] = 1.into();
    });
    victim.finds("", "a profile's documents");
    let counts = victim.place.path("mix/profile/human.bin");
    let mut bytes = fs::read(&counts).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&counts, bytes).unwrap();
    victim.finds("", "a profile's counts");
}

#[test]
fn a_changed_field_or_variant_is_found_beside_the_inputs() {
    let victim = Victim::new();
    let name = "data/human/deep/c.jsonl";
    let lines = victim.lines(name);
    let place = lines
        .iter()
        .position(|line| line.contains("\"origin\":\"semi_synthetic\""))
        .unwrap();
    let mut other = lines.clone();
    other[place] = other[place].replacen("\"id\"", "\"iD\"", 1);
    assert_ne!(other, lines);
    victim.write_lines(name, &other);
    victim.finds("--inputs", "a field's name");
    // The last member; the others hold numbers that no parser takes.
    let (_, tamis) = lines[place].split_once("\"tamis\":").unwrap();
    let tamis: Value = serde_json::from_str(&tamis[..tamis.len() - 1]).unwrap();
    let eligible = tamis["edit"]["eligible"].as_u64().unwrap();
    let told = format!("\"eligible\":{eligible}");
    let mut other = lines.clone();
    other[place] = other[place].replacen(&told, &format!("\"eligible\":{}", eligible + 1), 1);
    assert_ne!(other, lines);
    victim.write_lines(name, &other);
    victim.finds("--inputs", "eligible tokens");
}

#[test]
fn a_changed_score_is_found() {
    let victim = Victim::new();
    let path = victim.place.path("mix/scores/human/a.jsonl.zst.parquet");
    let batch = read_table(&path);
    let rewrite = |batch: &RecordBatch| {
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    };
    let with = |name: &str, column: ArrayRef| {
        let at = batch.schema().index_of(name).unwrap();
        let mut columns = batch.columns().to_vec();
        columns[at] = column;
        RecordBatch::try_new(batch.schema(), columns).unwrap()
    };
    rewrite(&batch);
    victim.finds("", "the same rows in another file");
    let words = batch
        .column_by_name("words")
        .unwrap()
        .as_primitive::<UInt64Type>();
    let more = UInt64Array::from_iter_values(words.values().iter().map(|n| n + 1));
    rewrite(&with("words", Arc::new(more)));
    victim.finds("", "words");
    let p = batch
        .column_by_name("p_synthetic")
        .unwrap()
        .as_primitive::<Float64Type>();
    let other: Float64Array = p.iter().map(|p| Some(p.unwrap_or(0.5) / 2.0)).collect();
    rewrite(&with("p_synthetic", Arc::new(other)));
    victim.finds("", "a probability");
    rewrite(&batch.slice(0, batch.num_rows() - 1));
    victim.finds("", "a score row less");
}

#[test]
fn a_shard_salvaged_of_less_than_it_holds_is_found() {
    const BAD: &str = "human/bad.jsonl.zst";
    let place = Place::new();
    place.shard("synthetic/s.jsonl", &docs("s", 60, &[En]));
    let whole = packed(BAD, &lines(&docs("bad", 3000, &[En])));
    let cut = |part: usize| &whole[..whole.len() * part / 8];
    place.file(BAD, cut(5));
    place
        .tamis("run --human human --synthetic synthetic --mix human=1 --salvage --out mix")
        .code(0);
    let tree = place.run("mix").tree();
    let victim = Victim { place, tree };
    // The whole run as it is, over an input that holds more: as if somebody had kept too little of it.
    let path = victim.place.file(BAD, cut(7));
    let now = digest_file(&path).unwrap();
    for stage in ["score", "write"] {
        let path = victim
            .place
            .path(&format!("mix/manifest/{stage}/{BAD}.json"));
        let mut record = ShardRecord::read(&path).unwrap();
        (record.input.digest, record.input.bytes) = (now.hex.clone(), now.bytes);
        write_json(&path, &record);
    }
    victim.change_json("inputs.json", |value| {
        let inputs = value["inputs"].as_array_mut().unwrap();
        let line = inputs.iter_mut().find(|line| line["source"] == "human");
        let line = line.unwrap();
        (line["digest"], line["size"]) = (now.hex.clone().into(), now.bytes.into());
    });
    victim.reseal();
    victim.place.tamis("verify mix").code(0);
    let found = victim.place.tamis("verify mix --inputs").code(3);
    assert!(found.stdout.contains("salvaged from other damage"));
}
