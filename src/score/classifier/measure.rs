//! How well logits tell two labels apart, and how far their probabilities are to be believed.
//!
//! One definition of each figure, for validation in training and for studies of a finished model.

/// Bins of probability of the expected calibration error (Guo et al., ICML 2017).
pub const CALIBRATION_BINS: usize = 15;

/// Area under the ROC curve: the chance that a machine document's logit is above a human one's,
/// ties counted half. `None` where a side is empty.
pub fn auroc(human: &[f64], machine: &[f64]) -> Option<f64> {
    if human.is_empty() || machine.is_empty() {
        return None;
    }
    let human = sorted(human);
    let wins: f64 = machine
        .iter()
        .map(|&m| {
            let below = human.partition_point(|&h| h < m);
            let upto = human.partition_point(|&h| h <= m);
            (below + upto) as f64 / 2.0
        })
        .sum();
    Some(wins / (human.len() as f64 * machine.len() as f64))
}

/// The share of machine documents above the lowest threshold that at most `fpr` of the human ones
/// exceed. `None` where a side is empty.
pub fn true_positive_rate(human: &[f64], machine: &[f64], fpr: f64) -> Option<f64> {
    if human.is_empty() || machine.is_empty() {
        return None;
    }
    let threshold = exceeded_by(human, fpr)?;
    Some(machine.iter().filter(|&&m| m > threshold).count() as f64 / machine.len() as f64)
}

/// The lowest of `logits` that at most a share of `fpr` of them exceeds. `None` where there is none.
pub fn exceeded_by(logits: &[f64], fpr: f64) -> Option<f64> {
    let last = logits.len().checked_sub(1)?;
    Some(sorted(logits)[last - allowed(logits.len() as u64, fpr).min(last as u64) as usize])
}

/// How many of `count` documents a share of `fpr` is, rounded down.
pub fn allowed(count: u64, fpr: f64) -> u64 {
    // 100 times 0.07 is a little more or less than 7 in binary.
    (count as f64 * fpr + 1e-9) as u64
}

/// The share of `logits` at or above `threshold`; `None` where there is none.
pub fn share_at(logits: &[f64], threshold: f64) -> Option<f64> {
    let at = logits.iter().filter(|&&logit| logit >= threshold).count();
    (!logits.is_empty()).then(|| at as f64 / logits.len() as f64)
}

/// The probability of a logit.
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// The bin of a probability among [`CALIBRATION_BINS`] equal ones.
pub fn calibration_bin(probability: f64) -> usize {
    ((probability * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1)
}

/// Expected calibration error over equal bins of probability, for weighted judgements of
/// (logit, is machine, weight); 0 where there is none.
pub fn expected_calibration_error(judged: &[(f64, bool, f64)]) -> f64 {
    let mut bins = [[0.0f64; 3]; CALIBRATION_BINS];
    for &(logit, machine, weight) in judged {
        let probability = probability(logit);
        let bin = &mut bins[calibration_bin(probability)];
        bin[0] += weight;
        bin[1] += weight * probability;
        bin[2] += weight * f64::from(u8::from(machine));
    }
    let total: f64 = bins.iter().map(|bin| bin[0]).sum();
    if total > 0.0 {
        bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum::<f64>() / total
    } else {
        0.0
    }
}

/// Brier score: the mean squared distance of probability and label, for weighted judgements of
/// (logit, is machine, weight); `None` where there is none.
pub fn brier(judged: &[(f64, bool, f64)]) -> Option<f64> {
    let total: f64 = judged.iter().map(|(_, _, weight)| weight).sum();
    let sum: f64 = judged
        .iter()
        .map(|&(logit, machine, weight)| {
            let off = probability(logit) - f64::from(u8::from(machine));
            weight * off * off
        })
        .sum();
    (total > 0.0).then(|| sum / total)
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
