//! The classifier's file: little-endian, sized by its header, sealed by a digest.
//!
//! ```text
//! 0   8   magic "tamisclf"
//! 8   4   version
//! 12  32  BLAKE3 of everything after it
//! 44      human bins and worst domain's tails (f64 each), threshold f64, anchored mean and sd f64, misfit f64, and for
//!         human and machine: mean and its sd, log sd and its sd (f64 each), shape (f64 a knot)
//!         regions u32, then each:
//!             languages u32, then each: length u8, its ASCII letters, AUROC f64
//!             bias f64, scale f64, slots_log2 u32
//!             common tokens u32, then their hashes u64, rising
//!         a weight i8 for each slot of each region, and nothing more
//! ```

use super::features::{FeatureSpace, MAX_COMMON, SLOTS_LOG2};
use super::reference::Side;
use super::{AnsweredLanguage, Classifier, ModelError, Reference, Region};
use crate::score::sealed::seal;

const MAGIC: &[u8; 8] = b"tamisclf";
const VERSION: u32 = 3;
/// Bound of biases, scales and spreads: no training comes near it, and no sum of logits overflows.
const MOST: f64 = 1e3;

pub(super) fn write(model: &Classifier) -> Vec<u8> {
    seal(MAGIC, VERSION, &body(model))
}

/// BLAKE3 of the whole file, in hexadecimal.
pub(super) fn digest(model: &Classifier) -> String {
    blake3::hash(&write(model)).to_hex().to_string()
}

fn body(model: &Classifier) -> Vec<u8> {
    let mut out = Vec::new();
    write_reference(&model.reference, &mut out);
    out.extend_from_slice(&(model.regions.len() as u32).to_le_bytes());
    for region in &model.regions {
        out.extend_from_slice(&(region.languages.len() as u32).to_le_bytes());
        for known in &region.languages {
            out.push(known.lang.len() as u8);
            out.extend_from_slice(known.lang.as_bytes());
            out.extend_from_slice(&known.auroc.to_le_bytes());
        }
        out.extend_from_slice(&region.bias.to_le_bytes());
        out.extend_from_slice(&region.scale.to_le_bytes());
        out.extend_from_slice(&region.space.slots_log2().to_le_bytes());
        let common = region.space.common();
        out.extend_from_slice(&(common.len() as u32).to_le_bytes());
        out.extend(common.iter().flat_map(|hash| hash.to_le_bytes()));
    }
    for region in &model.regions {
        out.extend(region.weights.iter().map(|w| w.to_le_bytes()[0]));
    }
    out
}

fn write_reference(reference: &Reference, out: &mut Vec<u8>) {
    let mut float = |x: f64| out.extend_from_slice(&x.to_le_bytes());
    for share in reference.histogram.iter().chain(&reference.worst) {
        float(*share);
    }
    let (mean, sd) = reference.anchored;
    for value in [reference.threshold, mean, sd, reference.misfit] {
        float(value);
    }
    for side in [&reference.human, &reference.machine] {
        for value in [side.mean.0, side.mean.1, side.log_sd.0, side.log_sd.1] {
            float(value);
        }
        for share in &side.shape {
            float(*share);
        }
    }
}

/// The fields after the digest, and the digest.
fn open(bytes: &[u8]) -> Result<(Fields<'_>, &[u8]), ModelError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(ModelError::Magic);
    }
    let mut file = Fields {
        rest: &bytes[MAGIC.len()..],
        bytes: bytes.len(),
    };
    let found = file.u32("version")?;
    if found != VERSION {
        return Err(ModelError::Version {
            found,
            expected: VERSION,
        });
    }
    let seal = file.take(32, "digest")?;
    Ok((file, seal))
}

/// The languages that the model answers for, sorted; its digest and its weights are not looked at.
pub(super) fn languages(bytes: &[u8]) -> Result<Vec<AnsweredLanguage>, ModelError> {
    let (mut file, _) = open(bytes)?;
    read_reference(&mut file)?;
    let regions = read_regions(&mut file)?;
    let languages = regions.into_iter().flat_map(|region| region.languages);
    Ok(super::sorted(languages.collect()))
}

pub(super) fn read(bytes: &[u8]) -> Result<Classifier, ModelError> {
    let (mut file, seal) = open(bytes)?;
    if blake3::hash(file.rest).as_bytes() != seal {
        return Err(ModelError::Digest);
    }
    let reference = read_reference(&mut file)?;
    let mut regions = read_regions(&mut file)?;
    for region in &mut regions {
        let weights = file.take(region.space.slots_len(), "weights")?;
        region.weights = weights.iter().map(|&w| i8::from_le_bytes([w])).collect();
    }
    if !file.rest.is_empty() {
        return Err(ModelError::Length {
            bytes: bytes.len(),
            part: "end",
        });
    }
    Ok(Classifier {
        regions,
        reference,
        digest: blake3::hash(bytes).to_hex().to_string(),
    })
}

fn read_reference(from: &mut Fields<'_>) -> Result<Reference, ModelError> {
    let mut reference = Reference::default();
    for share in reference.histogram.iter_mut().chain(&mut reference.worst) {
        *share = from.rate("histogram")?;
    }
    reference.threshold = from.finite("threshold")?;
    reference.anchored = (
        from.finite("anchored mean")?,
        from.above_zero("anchored sd")?,
    );
    reference.misfit = from.above_zero("misfit")?;
    for side in [&mut reference.human, &mut reference.machine] {
        *side = read_side(from)?;
    }
    Ok(reference)
}

fn read_side(from: &mut Fields<'_>) -> Result<Side, ModelError> {
    let mut side = Side {
        mean: (from.finite("mean")?, from.above_zero("mean's sd")?),
        log_sd: (from.finite("log sd")?, from.above_zero("log sd's sd")?),
        ..Reference::default().human
    };
    let mut before = 0.0;
    for share in &mut side.shape {
        *share = from.rate("shape")?;
        if *share < before {
            return Err(ModelError::Field { field: "shape" });
        }
        before = *share;
    }
    Ok(side)
}

/// The regions without their weights.
fn read_regions(from: &mut Fields<'_>) -> Result<Vec<Region>, ModelError> {
    let mut regions: Vec<Region> = Vec::new();
    for _ in 0..from.u32("regions")? {
        let region = read_region(from)?;
        let known = |language: &AnsweredLanguage| {
            let mut others = regions.iter();
            others.any(|other| other.answers_for(&language.lang))
        };
        if region.languages.iter().any(known) {
            return Err(ModelError::Field { field: "languages" });
        }
        regions.push(region);
    }
    Ok(regions)
}

fn read_region(from: &mut Fields<'_>) -> Result<Region, ModelError> {
    let mut languages: Vec<AnsweredLanguage> = Vec::new();
    for _ in 0..from.u32("languages")? {
        let length = usize::from(from.take(1, "languages")?[0]);
        let name = std::str::from_utf8(from.take(length, "languages")?)
            .map_err(|_| ModelError::Field { field: "languages" })?;
        if name.is_empty() || languages.iter().any(|known| known.lang == name) {
            return Err(ModelError::Field { field: "languages" });
        }
        languages.push(AnsweredLanguage {
            lang: name.to_owned(),
            auroc: from.rate("AUROC")?,
        });
    }
    let bias = from.finite("bias")?;
    let scale = from.above_zero("scale")?;
    if bias.abs() > MOST {
        return Err(ModelError::Field { field: "bias" });
    }
    let slots_log2 = from.u32("slots")?;
    if !SLOTS_LOG2.contains(&slots_log2) {
        return Err(ModelError::Field { field: "slots" });
    }
    let common = from.u32("common tokens")? as usize;
    if common > MAX_COMMON {
        return Err(ModelError::Field {
            field: "common tokens",
        });
    }
    let common: Vec<u64> = (0..common)
        .map(|_| from.array("common tokens").map(u64::from_le_bytes))
        .collect::<Result<_, _>>()?;
    let space = FeatureSpace::new(slots_log2, &common);
    if space.common() != common {
        return Err(ModelError::Field {
            field: "common tokens",
        });
    }
    Ok(Region {
        languages,
        space,
        bias,
        scale,
        weights: Vec::new(),
    })
}

struct Fields<'b> {
    rest: &'b [u8],
    bytes: usize,
}

impl<'b> Fields<'b> {
    fn take(&mut self, count: usize, part: &'static str) -> Result<&'b [u8], ModelError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(ModelError::Length {
                bytes: self.bytes,
                part,
            });
        };
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], ModelError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, part)?);
        Ok(out)
    }

    fn u32(&mut self, part: &'static str) -> Result<u32, ModelError> {
        Ok(u32::from_le_bytes(self.array(part)?))
    }

    fn finite(&mut self, field: &'static str) -> Result<f64, ModelError> {
        let value = f64::from_le_bytes(self.array(field)?);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(ModelError::Field { field })
        }
    }

    fn above_zero(&mut self, field: &'static str) -> Result<f64, ModelError> {
        let value = self.finite(field)?;
        if value > 0.0 && value < MOST {
            Ok(value)
        } else {
            Err(ModelError::Field { field })
        }
    }

    fn rate(&mut self, field: &'static str) -> Result<f64, ModelError> {
        let value = self.finite(field)?;
        if (0.0..=1.0).contains(&value) {
            Ok(value)
        } else {
            Err(ModelError::Field { field })
        }
    }
}
