//! The `tamis` object of JSONL outputs, byte for byte what `serde_json` makes of a [`Provenance`].
//!
//! One stands in every line, so the keys are written as they are and only values are looked at.

use serde::Serialize;

use super::error::ShardError;
use crate::document::{Origin, Provenance};

/// Most bytes of an object whose texts are short, for those who make room beforehand.
pub(crate) const USUAL_BYTES: usize = 640;

/// Appends the object: every key, in the order of the struct.
///
/// # Errors
/// A number is not finite. Nothing was appended then.
pub(crate) fn push_provenance(
    out: &mut Vec<u8>,
    provenance: &Provenance,
) -> Result<(), ShardError> {
    check_finite(provenance)?;
    let of = provenance;
    name(out, br#"{"origin":"#, Some(of.origin.name()));
    name(out, br#","origin_by":"#, Some(of.origin_by.name()));
    let declared = of.declared_origin.map(Origin::name);
    name(out, br#","declared_origin":"#, declared);
    value(out, br#","p_synthetic":"#, &of.p_synthetic);
    value(out, br#","generation":"#, &of.generation);
    text(out, br#","kind":"#, of.kind.as_deref());
    text(out, br#","generator":"#, of.generator.as_deref());
    text(out, br#","key":"#, Some(&of.key));
    text(out, br#","source":"#, Some(&of.source));
    text(out, br#","shard":"#, Some(&of.shard));
    value(out, br#","row":"#, &of.row);
    value(out, br#","copy":"#, &of.copy);
    value(out, br#","weight":"#, &of.weight);
    text(out, br#","edit":{"prior":"#, Some(&of.edit.prior));
    value(out, br#","threshold":"#, &of.edit.threshold);
    value(out, br#","top_k":"#, &of.edit.top_k);
    value(out, br#","temperature":"#, &of.edit.temperature);
    value(out, br#","eligible":"#, &of.edit.eligible);
    value(out, br#","resampled":"#, &of.edit.resampled);
    value(out, br#","changed":"#, &of.edit.changed);
    text(out, br#"},"run":"#, Some(&of.run));
    text(out, br#","previous":"#, of.previous.as_deref());
    out.push(b'}');
    Ok(())
}

/// JSON would show a number that is not finite as null, and nobody would notice.
pub(crate) fn check_finite(provenance: &Provenance) -> Result<(), ShardError> {
    let edit = &provenance.edit;
    let finite = provenance.p_synthetic.is_none_or(f64::is_finite)
        && [provenance.weight, edit.threshold, edit.temperature]
            .iter()
            .all(|number| number.is_finite());
    if finite {
        Ok(())
    } else {
        Err(ShardError::Row {
            cause: "its provenance holds a number that is not finite",
        })
    }
}

/// A name of ours, which needs no escape.
fn name(out: &mut Vec<u8>, key: &[u8], name: Option<&'static str>) {
    out.extend_from_slice(key);
    match name {
        Some(name) => quoted(out, name),
        None => out.extend_from_slice(b"null"),
    }
}

fn text(out: &mut Vec<u8>, key: &[u8], text: Option<&str>) {
    let plain = |text: &str| text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\');
    match text {
        Some(text) if plain(text) => {
            out.extend_from_slice(key);
            quoted(out, text);
        }
        other => value(out, key, &other),
    }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn value(out: &mut Vec<u8>, key: &[u8], value: &impl Serialize) {
    out.extend_from_slice(key);
    serde_json::to_writer(out, value).expect("numbers and texts have a JSON form");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{EditRecord, OriginBy};
    use proptest::prelude::*;

    type Texts = (String, String, String, String, String);
    type Maybe = (Option<String>, Option<String>, Option<String>);

    fn made(
        (key, source, shard, run, prior): Texts,
        (kind, generator, previous): Maybe,
        whole: [u64; 5],
        floats: [f64; 4],
        names: (usize, usize, Option<usize>),
    ) -> Provenance {
        const ORIGINS: [Origin; 4] = [
            Origin::Human,
            Origin::SemiSynthetic,
            Origin::Synthetic,
            Origin::Unknown,
        ];
        const BY: [OriginBy; 5] = [
            OriginBy::Declared,
            OriginBy::Tag,
            OriginBy::Date,
            OriginBy::Classifier,
            OriginBy::Default,
        ];
        Provenance {
            origin: ORIGINS[names.0],
            origin_by: BY[names.1],
            declared_origin: names.2.map(|at| ORIGINS[at]),
            p_synthetic: names.2.map(|_| floats[0]),
            generation: whole[0] as u32,
            kind,
            generator,
            key,
            source,
            shard,
            row: whole[1],
            copy: whole[2] as u32,
            weight: floats[1],
            edit: EditRecord {
                prior,
                threshold: floats[2],
                top_k: whole[0] as u32,
                temperature: floats[3],
                eligible: whole[2],
                resampled: whole[3],
                changed: whole[4],
            },
            run,
            previous,
        }
    }

    proptest! {
        #[test]
        fn the_object_is_what_serde_makes_of_it(
            texts in any::<Texts>(),
            maybe in any::<Maybe>(),
            whole in any::<[u64; 5]>(),
            floats in any::<[f64; 4]>(),
            names in (0..4usize, 0..5usize, proptest::option::of(0..4usize)),
        ) {
            let provenance = made(texts, maybe, whole, floats, names);
            let mut out = b"before".to_vec();
            if push_provenance(&mut out, &provenance).is_ok() {
                let expected = serde_json::to_string(&provenance).unwrap();
                prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
            } else {
                prop_assert!(floats.iter().any(|x| !x.is_finite()));
                prop_assert_eq!(out, b"before");
            }
        }
    }
}
