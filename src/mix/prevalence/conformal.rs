//! Thresholds with a promised false-positive rate, from known-human documents.

/// The split-conformal threshold (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random
/// World, 2005): a further human document of the same kind exceeds it with probability at most
/// `fpr`, whatever the distribution.
///
/// The ceil((n + 1)(1 - fpr))-th smallest of the n `human_logits`, which are reordered. `None`
/// where there are too few of them for that rate (below 1 / fpr - 1), or where `fpr` is not
/// between 0 and 1.
pub fn conformal_threshold(human_logits: &mut [f64], fpr: f64) -> Option<f64> {
    let count = human_logits.len();
    if count == 0 || !(fpr > 0.0 && fpr < 1.0) {
        return None;
    }
    // The allowed number above is floored from the small side, where a product such as
    // 200 * 0.005 is exact enough; 1 - fpr would lose those bits.
    let above = libm::floor((count as f64 + 1.0) * fpr + 1e-9) as usize;
    let rank = (count + 1).saturating_sub(above);
    if rank > count || rank == 0 {
        return None;
    }
    let (_, threshold, _) = human_logits.select_nth_unstable_by(rank - 1, f64::total_cmp);
    Some(*threshold)
}
