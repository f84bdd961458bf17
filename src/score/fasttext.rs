//! Scores by any supervised fastText model (`.bin` or `.ftz`) that the user names.
//!
//! Probabilities equal those of fastText's own program to the last bits of a 32-bit float: a text
//! is read as one line (line breaks become spaces, a line end is added, since fastText makes a
//! token and n-grams of it), and probabilities that its logarithm pushed above 1 are cut to 1.
//!
//! A file holds, after its magic number and version, the training's arguments, the `dictionary`,
//! and a table of input rows and one of output rows (`matrix`); the `loss` makes a probability
//! of what they give. Everything is held against the file's length and against each other before it
//! is used, since the format has no checksum: what cannot be is refused with a reason.

mod cursor;
mod dictionary;
mod loss;
mod matrix;
#[cfg(test)]
mod tests;

use thiserror::Error;

use cursor::{Cursor, Fault};
use dictionary::Dictionary;
use loss::Loss;
use matrix::Matrix;

const MAGIC: i32 = 793_712_314;
const PREFIX: &str = "__label__";

/// Why a fastText model cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FastTextError {
    /// The file contradicts itself.
    #[error("no sound fastText model: {fault}; copy or train it anew")]
    Layout {
        /// What is wrong.
        fault: &'static str,
    },
    /// The model has no such label.
    #[error("fastText model has no label `{label}`: it has {labels}")]
    Label {
        /// The label that was asked for.
        label: String,
        /// The labels that it has, at most twenty.
        labels: String,
    },
}

/// Rows that are gathered before they are summed, so that their loads overlap.
const GATHERED: usize = 1024;

/// Room that one worker uses for one document after the other.
#[derive(Debug, Default)]
pub struct LineScratch {
    hashes: Vec<i32>,
    rows: Vec<u32>,
    hidden: Vec<f32>,
    scores: Vec<f32>,
}

/// What a file says of how its model was trained, as far as answers depend on it.
struct Args {
    dim: usize,
    loss: i32,
    /// Longest n-gram of words.
    grams: usize,
    /// Rows of hashed n-grams, where there are any.
    buckets: u64,
    /// Shortest and longest n-gram of characters; none where the longest is 0.
    shortest: usize,
    longest: usize,
}

/// A model and the label whose probability is the score; shared by all workers.
pub struct FastTextModel {
    dictionary: Dictionary,
    input: Matrix,
    output: Matrix,
    loss: Loss,
    /// Place of the label among the labels.
    place: usize,
    label: String,
    digest: String,
}

impl std::fmt::Debug for FastTextModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FastTextModel")
            .field("label", &self.label)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl FastTextModel {
    /// Reads a whole model file; `label` may be given with or without its `__label__`.
    ///
    /// # Errors
    /// A file that contradicts itself, ends early or holds weights that are no numbers; a label
    /// that the model does not have.
    pub fn from_bytes(bytes: &[u8], label: &str) -> Result<FastTextModel, FastTextError> {
        let layout = |fault| FastTextError::Layout { fault };
        let (args, dictionary, input, output) = read(bytes).map_err(layout)?;
        let labels: Vec<String> = dictionary.labels().collect();
        let is = |name: &String| name == label || name.strip_prefix(PREFIX) == Some(label);
        let place = labels
            .iter()
            .position(is)
            .ok_or_else(|| no_such_label(label, &labels))?;
        let loss = Loss::new(args.loss, dictionary.label_counts(), place).map_err(layout)?;
        Ok(FastTextModel {
            loss,
            place,
            label: labels[place].clone(),
            digest: blake3::hash(bytes).to_hex().to_string(),
            dictionary,
            input,
            output,
        })
    }

    /// The probability of the label for `text`, in [0, 1]; `None` where the model knows no word
    /// of it, and nothing of the end of a line either. A model whose weights add up to what is
    /// beyond all numbers gives NaN, which the caller must not take for a score.
    pub fn score(&self, text: &str, scratch: &mut LineScratch) -> Option<f64> {
        let LineScratch {
            hashes,
            rows,
            hidden,
            scores,
        } = scratch;
        hidden.clear();
        hidden.resize(self.input.dim(), 0.0);
        rows.clear();
        let mut count = 0usize;
        let mut sum = |rows: &mut Vec<u32>| {
            count += rows.len();
            rows.drain(..)
                .for_each(|row| self.input.add_row(row, hidden));
        };
        self.dictionary.rows_of(text.as_bytes(), hashes, |row| {
            rows.push(row);
            if rows.len() == GATHERED {
                sum(rows);
            }
        });
        sum(rows);
        if count == 0 {
            return None;
        }
        let share = (1.0 / count as f64) as f32;
        hidden.iter_mut().for_each(|sum| *sum *= share);
        if hidden.iter().any(|mean| !mean.is_finite()) {
            return Some(f64::NAN);
        }
        let probability = self
            .loss
            .probability(&self.output, hidden, self.place, scores);
        Some(f64::from(probability).clamp(0.0, 1.0))
    }

    /// BLAKE3 of the model file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The label, as the model spells it.
    pub fn label(&self) -> &str {
        &self.label
    }
}

fn no_such_label(label: &str, labels: &[String]) -> FastTextError {
    let mut listed = labels[..labels.len().min(20)].join(", ");
    if labels.len() > 20 {
        listed.push_str(&format!(" and {} more", labels.len() - 20));
    }
    FastTextError::Label {
        label: label.to_owned(),
        labels: listed,
    }
}

/// The arguments, dictionary, input and output table of a file that holds one supervised model and
/// nothing else.
fn read(bytes: &[u8]) -> Result<(Args, Dictionary, Matrix, Matrix), Fault> {
    let mut cursor = Cursor::new(bytes);
    if cursor.i32()? != MAGIC {
        return Err("it does not begin as a fastText model");
    }
    let version = cursor.i32()?;
    if !(11..=12).contains(&version) {
        return Err("its format version is neither 11 nor 12");
    }
    let args = Args::read(&mut cursor, version)?;
    let dictionary = Dictionary::read(&mut cursor, &args)?;
    let quantised = cursor.flag()?;
    if dictionary.is_pruned() && !quantised {
        return Err("its dictionary is pruned and its table is not quantised");
    }
    let input = Matrix::read(&mut cursor, quantised, args.dim)?;
    if input.rows() != dictionary.rows() {
        return Err("its input table does not match its dictionary");
    }
    let quantised_output = cursor.flag()?;
    let output = Matrix::read(&mut cursor, quantised && quantised_output, args.dim)?;
    if output.rows() != dictionary.label_counts().len() as u64 {
        return Err("its output table does not match its labels");
    }
    match cursor.left() {
        0 => Ok((args, dictionary, input, output)),
        _ => Err("it has bytes too many"),
    }
}

impl Args {
    /// Twelve integers and the sampling threshold.
    fn read(cursor: &mut Cursor<'_>, version: i32) -> Result<Args, Fault> {
        let mut fields = [0i32; 12];
        for field in &mut fields {
            *field = cursor.i32()?;
        }
        cursor.bytes(8)?;
        let [
            dim,
            _,
            _,
            _,
            _,
            grams,
            loss,
            model,
            bucket,
            shortest,
            longest,
            _,
        ] = fields;
        if !(1..=1 << 16).contains(&dim) {
            return Err("its dimension is not between 1 and 65,536");
        }
        if !(1..=4).contains(&loss) {
            return Err("its loss is unknown");
        }
        if model != 3 {
            return Err("it is no supervised model");
        }
        if !(0..=64).contains(&grams) || !(0..=1_000).contains(&longest) || shortest < 0 {
            return Err("its n-gram sizes are impossible");
        }
        let buckets = u64::try_from(bucket).map_err(|_| "a size is negative")?;
        if buckets == 0 && (grams > 1 || longest > 0) {
            return Err("it has n-grams but no room for them");
        }
        Ok(Args {
            dim: dim as usize,
            loss,
            grams: grams as usize,
            buckets,
            shortest: shortest as usize,
            // Supervised models of the old version had none, whatever their file says.
            longest: if version == 11 { 0 } else { longest as usize },
        })
    }
}
