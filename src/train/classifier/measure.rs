//! How well logits tell two labels apart.

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
    let human = sorted(human);
    // 100 times 0.07 is a little more or less than 7 in binary.
    let allowed = (human.len() as f64 * fpr + 1e-9) as usize;
    let threshold = human[human.len() - 1 - allowed.min(human.len() - 1)];
    Some(machine.iter().filter(|&&m| m > threshold).count() as f64 / machine.len() as f64)
}

/// Expected calibration error over 15 equal bins of probability (Guo et al., ICML 2017), for
/// weighted judgements of (logit, is machine, weight); 0 where there is none.
pub fn expected_calibration_error(judged: &[(f64, bool, f64)]) -> f64 {
    let mut bins = [[0.0f64; 3]; 15];
    for &(logit, machine, weight) in judged {
        let probability = 1.0 / (1.0 + libm::exp(-logit));
        let bin = &mut bins[((probability * 15.0) as usize).min(14)];
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

pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
