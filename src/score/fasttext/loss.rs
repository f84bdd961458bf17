//! From a text's vector to the probability of one label, by each of fastText's losses.
//!
//! fastText passes a probability through a logarithm that is kept from zero, `ln(p + 1e-5)`, and
//! back; it looks a logistic up in a table of 512 steps. What it prints has both in it, so this has.

use super::cursor::Fault;
use super::matrix::Matrix;

/// What keeps a logarithm from zero.
const LEAST: f64 = 1e-5;
/// Steps of the table of the logistic, and the number at both its ends.
const STEPS: usize = 512;
const LIMIT: f32 = 8.0;

/// How a label's probability is found.
pub(super) enum Loss {
    /// A share of all labels.
    Softmax,
    /// Each label by itself: one against all, or negative sampling.
    Logistic(Vec<f32>),
    /// The choices from the root of a tree to the label: a row of the output table, and whether
    /// the way goes right.
    Hierarchical(Vec<(usize, bool)>),
}

impl Loss {
    /// The loss of number `loss` of the file format, made for the label at `label`.
    pub(super) fn new(loss: i32, counts: &[i64], label: usize) -> Result<Loss, Fault> {
        match loss {
            1 => Ok(Loss::Hierarchical(path(counts, label)?)),
            2 | 4 => Ok(Loss::Logistic(logistic_table())),
            3 => Ok(Loss::Softmax),
            _ => Err("its loss is unknown"),
        }
    }

    /// The probability of the label at `label`, where fastText would print it; 0 where the label
    /// is too unlikely for it. NaN where sums went beyond all numbers.
    pub(super) fn probability(
        &self,
        output: &Matrix,
        hidden: &[f32],
        label: usize,
        scores: &mut Vec<f32>,
    ) -> f32 {
        match self {
            Loss::Softmax => {
                scores.clear();
                scores.extend((0..output.rows() as usize).map(|row| output.dot(row, hidden)));
                let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let own = libm::expf(scores[label] - largest);
                let sum = scores
                    .iter()
                    .fold(0.0, |sum, score| sum + libm::expf(score - largest));
                libm::expf(logarithm(own / sum))
            }
            Loss::Logistic(table) => {
                libm::expf(logarithm(logistic(table, output.dot(label, hidden))))
            }
            Loss::Hierarchical(path) => {
                let least = logarithm(0.0);
                let mut score = 0.0f32;
                for &(row, right) in path {
                    let choice = 1.0 / (1.0 + libm::expf(-output.dot(row, hidden)));
                    score += logarithm(if right { choice } else { 1.0 - choice });
                    if score < least {
                        return 0.0;
                    }
                }
                libm::expf(score)
            }
        }
    }
}

fn logarithm(p: f32) -> f32 {
    libm::log(f64::from(p) + LEAST) as f32
}

fn logistic_table() -> Vec<f32> {
    (0..=STEPS)
        .map(|step| {
            let x = (step as f32 * 2.0 * LIMIT) / STEPS as f32 - LIMIT;
            (1.0 / (1.0 + f64::from(libm::expf(-x)))) as f32
        })
        .collect()
}

fn logistic(table: &[f32], x: f32) -> f32 {
    if x < -LIMIT {
        0.0
    } else if x > LIMIT {
        1.0
    } else if x.is_nan() {
        x
    } else {
        table[((x + LIMIT) * STEPS as f32 / LIMIT / 2.0) as usize]
    }
}

/// The way from the root of the Huffman tree over `counts` to `label`.
///
/// The labels come by falling count, so that the rarest are at hand at their end, and the inner
/// nodes by rising count, as they are made.
fn path(counts: &[i64], label: usize) -> Result<Vec<(usize, bool)>, Fault> {
    const UNSORTED: Fault = "its labels are not sorted by their counts";
    if counts.iter().any(|&count| count < 0) || counts.windows(2).any(|two| two[0] < two[1]) {
        return Err(UNSORTED);
    }
    let labels = counts.len();
    // Parent of each node and whether it is its right child.
    let mut parents = vec![(0, false); 2 * labels - 1];
    let mut inner: Vec<i64> = Vec::with_capacity(labels);
    let (mut leaves, mut next) = (labels, 0);
    for made in 0..labels - 1 {
        let mut sum = 0i64;
        for right in [false, true] {
            let leaf = leaves.checked_sub(1).map(|leaf| (leaf, counts[leaf]));
            let node = inner.get(next).copied();
            let (child, count) = match (leaf, node) {
                (Some((leaf, count)), node) if node.is_none_or(|node| count < node) => {
                    leaves -= 1;
                    (leaf, count)
                }
                (_, Some(count)) => {
                    next += 1;
                    (labels + next - 1, count)
                }
                (_, None) => return Err(UNSORTED),
            };
            parents[child] = (labels + made, right);
            sum = sum.checked_add(count).ok_or(UNSORTED)?;
        }
        inner.push(sum);
    }
    let mut path = Vec::new();
    let mut node = label;
    while node + 1 < parents.len() {
        let (parent, right) = parents[node];
        path.push((parent - labels, right));
        node = parent;
    }
    path.reverse();
    Ok(path)
}
