//! The classifier's file: little-endian, sized by its header, sealed by a digest.
//!
//! ```text
//! 0   8   magic "tamisclf"
//! 8   4   version
//! 12  32  BLAKE3 of everything after it
//! 44      bias f64, scale f64, slots_log2 u32,
//!         languages u32, then each: length u8 and its ASCII letters
//!         human bins (f64 each), threshold f64, anchored mean and sd f64, misfit f64, and for
//!         human and machine: mean and its sd, log sd and its sd (f64 each), shape (f64 a knot)
//!         2^slots_log2 weights i8, and nothing more
//! ```

use super::reference::Side;
use super::{Classifier, ModelError, Reference};

const MAGIC: &[u8; 8] = b"tamisclf";
const VERSION: u32 = 2;
const SEALED: usize = 8 + 4 + 32;

pub(super) fn write(model: &Classifier) -> Vec<u8> {
    let body = body(model);
    let mut out = Vec::with_capacity(SEALED + body.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(blake3::hash(&body).as_bytes());
    out.extend_from_slice(&body);
    out
}

/// BLAKE3 of the whole file, in hexadecimal.
pub(super) fn digest(model: &Classifier) -> String {
    blake3::hash(&write(model)).to_hex().to_string()
}

fn body(model: &Classifier) -> Vec<u8> {
    let mut out = Vec::with_capacity(model.weights.len() + 2_048);
    let float = |out: &mut Vec<u8>, x: f64| out.extend_from_slice(&x.to_le_bytes());
    float(&mut out, model.bias);
    float(&mut out, model.scale);
    out.extend_from_slice(&model.slots_log2.to_le_bytes());
    out.extend_from_slice(&(model.languages.len() as u32).to_le_bytes());
    for language in &model.languages {
        out.push(language.len() as u8);
        out.extend_from_slice(language.as_bytes());
    }
    let reference = &model.reference;
    for share in &reference.histogram {
        float(&mut out, *share);
    }
    let (mean, sd) = reference.anchored;
    for value in [reference.threshold, mean, sd, reference.misfit] {
        float(&mut out, value);
    }
    for side in [&reference.human, &reference.machine] {
        for value in [side.mean.0, side.mean.1, side.log_sd.0, side.log_sd.1] {
            float(&mut out, value);
        }
        for share in &side.shape {
            float(&mut out, *share);
        }
    }
    out.extend(model.weights.iter().map(|w| w.to_le_bytes()[0]));
    out
}

pub(super) fn read(bytes: &[u8]) -> Result<Classifier, ModelError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(ModelError::Magic);
    }
    let mut head = Fields {
        rest: &bytes[MAGIC.len()..],
        bytes: bytes.len(),
    };
    let found = head.u32("version")?;
    if found != VERSION {
        return Err(ModelError::Version {
            found,
            expected: VERSION,
        });
    }
    let seal = head.take(32, "digest")?;
    if blake3::hash(head.rest).as_bytes() != seal {
        return Err(ModelError::Digest);
    }
    let mut model = fields(&mut head)?;
    let slots = 1usize << model.slots_log2;
    let weights = head.take(slots, "weights")?;
    if !head.rest.is_empty() {
        return Err(ModelError::Length {
            bytes: bytes.len(),
            part: "end",
        });
    }
    model.weights = weights.iter().map(|&w| i8::from_le_bytes([w])).collect();
    model.digest = blake3::hash(bytes).to_hex().to_string();
    Ok(model)
}

/// Everything between the seal and the weights.
fn fields(from: &mut Fields<'_>) -> Result<Classifier, ModelError> {
    let bias = from.finite("bias")?;
    let scale = from.finite("scale")?;
    let slots_log2 = from.u32("slots")?;
    if !(1..=30).contains(&slots_log2) {
        return Err(ModelError::Field { field: "slots" });
    }
    let count = from.u32("languages")?;
    let mut languages = Vec::new();
    for _ in 0..count {
        let length = usize::from(from.take(1, "languages")?[0]);
        let name = std::str::from_utf8(from.take(length, "languages")?);
        languages.push(
            name.map_err(|_| ModelError::Field { field: "languages" })?
                .to_owned(),
        );
    }
    let reference = reference(from)?;
    Ok(Classifier {
        slots_log2,
        languages,
        bias,
        scale,
        reference,
        weights: Vec::new(),
        digest: String::new(),
    })
}

fn reference(from: &mut Fields<'_>) -> Result<Reference, ModelError> {
    let mut reference = Reference::default();
    for share in &mut reference.histogram {
        *share = from.rate("histogram")?;
    }
    reference.threshold = from.finite("threshold")?;
    reference.anchored = (
        from.finite("anchored mean")?,
        from.above_zero("anchored sd")?,
    );
    reference.misfit = from.above_zero("misfit")?;
    for side in [&mut reference.human, &mut reference.machine] {
        *side = self::side(from)?;
    }
    Ok(reference)
}

fn side(from: &mut Fields<'_>) -> Result<Side, ModelError> {
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
        if value > 0.0 && value < 1e6 {
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
