//! `tamis evaluate classifier`: figures, JSON, and what is refused.

use serde_json::Value;

use crate::place::Place;
use crate::shards::docs;
use crate::texts::Lang::{De, En};

const MODEL: &[u8] = include_bytes!("../reference/fasttext-words.bin");

/// Labelled documents of two domains and two languages; those of machines have the words that the
/// fastText model takes for a machine's.
fn place() -> Place {
    let place = Place::new();
    let mut lines = String::new();
    for (i, doc) in docs("e", 400, &[En, De]).into_iter().enumerate() {
        let machine = i % 4 >= 2;
        let words = if machine {
            " crucial tapestry delve leverage foster holistic vibrant realm"
        } else {
            ""
        };
        let line = serde_json::json!({
            "text": format!("{}{words} {}", doc.text, doc.text),
            "label": if machine { "machine" } else { "human" },
            "domain": if i % 8 < 4 { "letters" } else { "notices" },
            "generator": if machine { "model-a" } else { "" },
            "group": format!("g{}", i / 8),
            "lang": if i % 2 == 0 { "en" } else { "de" },
            "subset": if machine { "pure" } else { "" },
            "licence": "CC0",
        });
        lines.push_str(&format!("{line}\n"));
    }
    lines.push_str("{\"text\":\"nobody knows\",\"label\":\"unsure\"}\n");
    place.file("in/a.jsonl", lines);
    place.file("words.bin", MODEL);
    place
}

fn json(place: &Place, args: &str) -> Value {
    let outcome = place
        .tamis(&format!("evaluate classifier in {args} --json"))
        .code(0);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn set<'v>(figures: &'v Value, column: &str, name: &str) -> &'v Value {
    let named = |of: &&'v Value, key: &str, name: &str| of[key] == name;
    let groups = figures["groups"].as_array().unwrap();
    let grouping = groups.iter().find(|g| named(g, "column", column)).unwrap();
    let sets = grouping["sets"].as_array().unwrap();
    sets.iter().find(|s| named(s, "name", name)).unwrap()
}

#[test]
fn a_fasttext_model_is_measured_by_group_and_cell() {
    let place = place();
    let figures = json(&place, "--fasttext words.bin:machine --by licence");
    assert_eq!(figures["model"]["kind"], "fasttext");
    assert_eq!(figures["threshold"]["from"], "documents");
    assert_eq!(figures["overall"]["documents"]["human"], 200);
    assert!(figures["overall"]["auroc"]["value"].as_f64().unwrap() > 0.95);
    let fpr = &figures["overall"]["fpr"]["value"];
    assert!(fpr.as_f64().unwrap() <= 0.01);
    assert_eq!(
        set(&figures, "domain", "letters")["documents"]["machine"],
        100
    );
    assert_eq!(set(&figures, "licence", "CC0")["against"], "own");
    let generator = set(&figures, "generator", "model-a");
    assert_eq!(generator["against"], "domain");
    assert_eq!(generator["against_documents"], 200);
    let subsets = figures["means"].as_array().unwrap();
    assert!(
        subsets
            .iter()
            .any(|mean| mean["cells"] == "subset=pure" && mean["count"] == 4)
    );
}

#[test]
fn the_embedded_classifier_abstains_as_in_score() {
    let place = place();
    let figures = json(&place, "--chars 150");
    assert_eq!(figures["overall"]["abstained"]["too_short"], 400);
    assert!(figures["overall"]["auroc"].is_null());
    assert_eq!(figures["threshold"]["from"], "model");
    let said = place.tamis("evaluate classifier in").code(0);
    assert!(said.stdout.is_empty());
    said.says("letters")
        .says("not anchored")
        .says("another label");
}

#[test]
fn figures_do_not_depend_on_threads() {
    let place = place();
    let args = "evaluate classifier in --fasttext words.bin:machine --json --threads";
    let one = place.tamis(&format!("{args} 1")).code(0).stdout;
    assert!(one == place.tamis(&format!("{args} 3")).code(0).stdout);
}

#[test]
fn machine_text_of_few_words_diverges_and_threads_change_no_figure() {
    let place = place();
    let of = |threads: u32| {
        place
            .tamis(&format!(
                "evaluate concentration in --draws 50 --json --threads {threads}"
            ))
            .code(0)
            .stdout
    };
    let figures: Value = serde_json::from_str(&of(1)).unwrap();
    let pool = &figures["pools"][0];
    assert!(pool["human"].as_u64() >= Some(30) && pool["domain"].is_null());
    // The machine documents say the human ones' words and eight more, always the same.
    let kl = &pool["figures"][3];
    assert_eq!(kl["name"], "kl");
    assert!(kl["machine_less_human"]["low"].as_f64() > Some(0.0), "{kl}");
    assert_eq!(of(1), of(3));

    let refused = place.tamis("evaluate concentration in --where label=human");
    assert!(
        refused
            .code(2)
            .stderr
            .contains("30 groups with human and machine")
    );
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let place = place();
    for (args, says) in [
        (
            "in --label nothing",
            "no document has one of the two labels",
        ),
        ("in --model none.bin", "cannot read the model none.bin"),
        ("in --model words.bin", "no tamis classifier"),
        ("in --fasttext words.bin:robot", "robot"),
        ("in --fasttext words.bin", "use FILE:LABEL"),
        ("in --fpr 1.5", "above 0 and below 1"),
        ("in --chars 0", "1 or more"),
    ] {
        let refused = place.tamis(&format!("evaluate classifier {args}"));
        refused.code(2).says(says);
    }
}

/// Held-out logits of three domains with 120 documents of each label, as `train` writes them.
fn held_out() -> Place {
    let place = Place::new();
    let mut lines = String::new();
    for i in 0..720u32 {
        let (machine, domain) = (i % 2 == 1, i % 3);
        let noise = f64::from(i.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
        let middle = if machine { 3.0 } else { -3.0 };
        for grouping in ["domain", "generator"] {
            let line = serde_json::json!({
                "text_blake3": format!("{i:x}"),
                "label": if machine { "machine" } else { "human" },
                "lang": "en",
                "domain": format!("d{domain}"),
                "subset": if machine && i % 4 == 1 { "edited" } else { "" },
                "grouping": grouping,
                "logit_full": middle + 0.3 * f64::from(domain) + 5.0 * noise,
            });
            lines.push_str(&format!("{line}\n"));
        }
    }
    place.file("held.jsonl", lines);
    place
}

#[test]
fn estimated_shares_are_set_beside_true_ones() {
    let place = held_out();
    let args = "evaluate shares held.jsonl --documents 50 --draws 1 --json --threads";
    let one = place.tamis(&format!("{args} 1")).code(0);
    let figures: Value = serde_json::from_str(&one.stdout).unwrap();
    assert!(one.stdout == place.tamis(&format!("{args} 2 --lang en")).code(0).stdout);
    let domains = figures["domains"].as_array().unwrap();
    assert_eq!(domains.len(), 3);
    assert!(
        domains
            .iter()
            .all(|d| d["human"] == 120 && d["machine"] == 120)
    );
    let shares = figures["shares"].as_array().unwrap();
    assert_eq!(shares.len(), 4 * 7);
    let sample = shares.iter().filter(|s| s["method"] == "ppi_plus_plus");
    // A labelled sample of all documents of a pool knows its share.
    assert!(
        sample
            .into_iter()
            .all(|s| s["error"] == 0.0 && s["coverage"] == 1.0)
    );
    one.says("mixture_global").says("calibration error");
}

#[test]
fn shares_are_not_estimated_without_enough_of_both_labels() {
    let place = held_out();
    place.file(
        "other.jsonl",
        "{\"text_blake3\":\"a\",\"label\":\"human\"}\n",
    );
    for (args, says) in [
        ("held.jsonl --lang de", "100 machine rows of language de"),
        (
            "held.jsonl --where-not subset=edited",
            "no domain has 100 human and 100 machine rows",
        ),
        ("other.jsonl", "no row has a label and a logit"),
        ("held.jsonl --anchors 29", "30 or more"),
        ("held.jsonl --draws 0", "1 or more"),
    ] {
        let refused = place.tamis(&format!("evaluate shares {args}"));
        refused.code(2).says(says);
    }
}
