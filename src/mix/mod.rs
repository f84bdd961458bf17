//! Origins, pools, weights, cuts, a document's fate: pure functions, no input or output.
//!
//! - [`judge`]: one document against the rules: filters, assigned origin, pool, weight, stratum.
//! - [`mod@allocate`]: from what the pools hold to the total and to each part's target, or a refusal
//!   with the nearest target that works.
//! - [`select`]: the cut at which a cell's documents add up to its target, found on exact sums in
//!   two streaming passes.
//! - [`fate`]: how many copies of a document the plan takes, and in what form.
//! - [`plan`]: all decisions of a run, as written to `plan.json`; with a score row it gives a fate.
//! - [`anchor`]: a source's logits brought to where the model's calibration holds.
//! - [`Platt`]: the straight line that calibrates logits.
//! - [`prevalence`]: the share of machine text in a pool, with an interval.

pub mod allocate;
pub mod anchor;
mod cut;
pub mod fate;
pub mod judge;
mod logits;
mod means;
pub mod plan;
mod platt;
pub mod prevalence;
pub mod select;

pub use allocate::{Allocation, Capacity, Refusal, allocate};
pub use anchor::Anchoring;
pub use cut::Cut;
pub use fate::{Fate, copies_at, steps, weight_to_fixed};
pub use judge::{Judge, Judgement, Pool, Row, Thresholds};
pub use logits::{LogitCounts, MeanLogit};
pub use means::{BandedMean, BeforeAndAfter, LEAST_MEAN, MeanShift};
pub use plan::{Assignment, Cell, EditPlan, Level, Plan, SourcePlan, StratumPlan};
pub use platt::Platt;
pub use select::{Histogram, Select};

#[cfg(test)]
mod tests;
