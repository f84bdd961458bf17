//! Pools, targets and cuts: the passes that turn judged documents into cells.

use std::collections::{BTreeMap, BTreeSet};

use super::sweep::{Scored, Sum};
use crate::config::BaseMode;
use crate::document::Key;
use crate::mix::allocate::{Copies, Shares};
use crate::mix::fate::{CUT_BITS, WEIGHT_BITS, draw, steps};
use crate::mix::{
    Allocation, Capacity, Cell, Cut, Histogram, Judgement, Plan, Pool, Select, allocate,
};
use crate::provenance::Lineage;
use crate::stage::error::StageError;

/// A pool and a stratum in it.
type CellKey = (Pool, String);

/// More strata than this cannot have been meant.
pub(super) const MOST_STRATA: usize = 5_000;

/// What a pool holds: for [`Pool::Variant`] the human documents that may be edited.
#[derive(Debug, Clone, Copy, Default)]
struct Holding {
    count: u64,
    /// Least and largest weight of the documents, 0 where there are none.
    weights: (u64, u64),
}

impl Holding {
    fn add(&mut self, count: u64, (least, largest): (u64, u64)) {
        self.count += count;
        self.weights.1 = self.weights.1.max(largest);
        self.weights.0 = match self.weights.0 {
            0 => least,
            known => known.min(least),
        };
    }
}

impl Sum for BTreeMap<Pool, Holding> {
    fn merge(&mut self, other: Self) {
        for (pool, more) in other {
            self.entry(pool).or_default().add(more.count, more.weights);
        }
    }
}

/// Pools, and the strata seen (no more of them than there may be cells).
#[derive(Default)]
struct Holdings {
    pools: BTreeMap<Pool, Holding>,
    strata: BTreeSet<String>,
}

impl Sum for Holdings {
    fn merge(&mut self, other: Self) {
        Sum::merge(&mut self.pools, other.pools);
        for stratum in other.strata {
            self.see(&stratum);
        }
    }
}

impl Holdings {
    fn see(&mut self, stratum: &str) {
        if self.strata.len() <= MOST_STRATA && !self.strata.contains(stratum) {
            self.strata.insert(stratum.to_owned());
        }
    }
}

impl Sum for BTreeMap<Pool, u64> {
    fn merge(&mut self, other: Self) {
        for (pool, more) in other {
            *self.entry(pool).or_default() += more;
        }
    }
}

impl Sum for Histogram {
    fn merge(&mut self, other: Self) {
        Histogram::merge(self, &other);
    }
}

impl Sum for Select {
    fn merge(&mut self, other: Self) {
        Select::merge(self, other);
    }
}

/// What is drawn for one cell: documents, their sum, and the steps at which they gain copies.
#[derive(Default)]
struct Draws {
    documents: u64,
    count: u64,
    largest: u64,
    histogram: Histogram,
}

impl Sum for BTreeMap<CellKey, Draws> {
    fn merge(&mut self, other: Self) {
        for (key, more) in other {
            let draws = self.entry(key).or_default();
            draws.documents += more.documents;
            draws.count += more.count;
            draws.largest = draws.largest.max(more.largest);
            draws.histogram.merge(&more.histogram);
        }
    }
}

impl Sum for BTreeMap<CellKey, Select> {
    fn merge(&mut self, other: Self) {
        for (key, more) in other {
            match self.get_mut(&key) {
                Some(select) => select.merge(more),
                None => {
                    self.insert(key, more);
                }
            }
        }
    }
}

/// Finds total, split and cells, and writes them into the plan.
///
/// # Errors
/// A refusal, or what a pass may end with.
pub fn fill(scored: &Scored<'_>, plan: &mut Plan) -> Result<(), StageError> {
    let copies = most_copies(plan);
    let (capacity, editable) = capacity(scored, plan)?;
    let allocation = allocate(shares(plan)?, plan.mix.total, capacity, copies)?;
    plan.total = allocation.total;
    if allocation.bases > 0 {
        // Capacities count each document by its weight, the split in full.
        let bases = u128::from(allocation.bases) * u128::from(editable)
            / u128::from(capacity.editable.max(1));
        plan.split = split(scored, plan, bases as u64)?;
    }
    let most = |pool: Pool| match (plan.mix.total, pool) {
        (None, _) => 1,
        (Some(_), Pool::Variant) => copies.variant,
        (Some(_), _) => copies.plain,
    };
    let lineage = lineage(plan, scored)?;
    let draws: BTreeMap<CellKey, Draws> =
        scored.sweep_judged(&lineage, BTreeMap::new, |cells, key, judged, _| {
            for_each_use(plan, key, judged, |pool, purpose| {
                let cell: &mut Draws = cells.entry((pool, judged.stratum.clone())).or_default();
                cell.documents += 1;
                cell.count += judged.count;
                cell.largest = cell.largest.max(judged.count);
                let u = key.draw(plan.seed, purpose);
                for step in steps(judged.weight_in(pool), u, most(pool)) {
                    cell.histogram.add(step, judged.count);
                }
            });
        })?;
    let targets = targets(&draws, &allocation);
    let selects: BTreeMap<CellKey, Select> = draws
        .iter()
        .map(|(key, draws)| (key.clone(), draws.histogram.select(targets[key])))
        .collect();
    let chosen = scored.sweep_judged(
        &lineage,
        || selects.clone(),
        |cells, key, judged, _| {
            for_each_use(plan, key, judged, |pool, purpose| {
                if let Some(select) = cells.get_mut(&(pool, judged.stratum.clone())) {
                    let u = key.draw(plan.seed, purpose);
                    for step in steps(judged.weight_in(pool), u, most(pool)) {
                        select.add(step, key.0, judged.count);
                    }
                }
            });
        },
    )?;
    let cells = chosen.into_iter().map(|(key, select)| {
        let target = targets[&key];
        let draws = &draws[&key];
        let (pool, stratum) = key;
        Cell {
            pool,
            cut: if target == 0 { Cut::NONE } else { select.cut() },
            max_copies: most(pool),
            pool_documents: draws.documents,
            pool_count: draws.count,
            largest: draws.largest,
            target,
            planned: 0,
            documents: 0,
            stratum,
        }
    });
    plan.cells = cells.collect();
    Ok(())
}

fn lineage<'p>(plan: &'p Plan, scored: &Scored<'_>) -> Result<Lineage<'p>, StageError> {
    Lineage::new(plan, &scored.schema).map_err(StageError::from)
}

fn for_each_use(plan: &Plan, key: Key, judged: &Judgement, mut f: impl FnMut(Pool, u64)) {
    if let (None, Some(pool)) = (&judged.reason, judged.pool) {
        for (pool, purpose) in plan.uses(pool, key, judged.editable).into_iter().flatten() {
            f(pool, purpose);
        }
    }
}

/// A document that is used as itself and as a variant shares `max_copies` between the two, in the
/// proportion of the parts.
fn most_copies(plan: &Plan) -> Copies {
    let most = plan.mix.max_copies;
    match plan.base {
        BaseMode::Disjoint => Copies {
            plain: most,
            variant: most,
            disjoint: true,
        },
        BaseMode::Both => {
            let (h, s) = (plan.mix.human, plan.mix.semi_synthetic);
            let part = if h + s > 0.0 { h / (h + s) } else { 0.5 };
            let plain = (f64::from(most) * part).round() as u32;
            let plain = plain.clamp(1, most - 1);
            Copies {
                plain,
                variant: most - plain,
                disjoint: false,
            }
        }
    }
}

fn shares(plan: &Plan) -> Result<Shares, StageError> {
    let mix = &plan.mix;
    Shares::of_parts([mix.human, mix.semi_synthetic, mix.synthetic, mix.unverified])
        .ok_or_else(|| StageError::Usage("`mix` asks for nothing: give parts".to_owned()))
}

/// What each pool holds without copies, and the editable documents in full. Where weights differ,
/// the heaviest document of a pool is taken once and the others by their weight against it.
fn capacity(scored: &Scored<'_>, plan: &Plan) -> Result<(Capacity, u64), StageError> {
    let lineage = lineage(plan, scored)?;
    let held = scored.sweep_judged(&lineage, Holdings::default, |held, _, judged, _| {
        for_each_pool(judged, |pool, weight| {
            let holding = held.pools.entry(pool).or_default();
            holding.add(judged.count, (weight, weight));
            held.see(&judged.stratum);
        });
    })?;
    if held.strata.len() > MOST_STRATA {
        return Err(StageError::Usage(format!(
            "`mix.strata` makes more than {MOST_STRATA} strata: name columns with fewer values"
        )));
    }
    let pools = held.pools;
    let even = pools.values().all(|h| h.weights.0 == h.weights.1);
    let sums: BTreeMap<Pool, u64> = if even || plan.mix.total.is_some() {
        pools.iter().map(|(pool, h)| (*pool, h.count)).collect()
    } else {
        let once = |pool: Pool| (1u64 << (CUT_BITS + WEIGHT_BITS - 1)) / pools[&pool].weights.1 * 2;
        scored.sweep_judged(&lineage, BTreeMap::new, |sums, key, judged, _| {
            for_each_pool(judged, |pool, weight| {
                let u = key.draw(plan.seed, draw::COPIES);
                if steps(weight, u, 1).any(|step| step <= once(pool)) {
                    *sums.entry(pool).or_default() += judged.count;
                }
            });
        })?
    };
    let of = |pool: Pool| sums.get(&pool).copied().unwrap_or_default();
    let capacity = Capacity {
        human: of(Pool::Human),
        editable: of(Pool::Variant).min(of(Pool::Human)),
        given_semi: of(Pool::GivenSemi),
        synthetic: of(Pool::Synthetic),
        unverified: of(Pool::Unverified),
    };
    let editable = pools.get(&Pool::Variant).map_or(0, |held| held.count);
    Ok((capacity, editable))
}

/// The pools that a document counts for, with its weight there.
fn for_each_pool(judged: &Judgement, mut f: impl FnMut(Pool, u64)) {
    if let (None, Some(pool)) = (&judged.reason, judged.pool) {
        if judged.weight > 0 {
            f(pool, judged.weight);
        }
        if judged.editable && judged.variant_weight > 0 {
            f(Pool::Variant, judged.variant_weight);
        }
    }
}

/// The split at which the editable human documents taken add up to `bases`.
fn split(scored: &Scored<'_>, plan: &Plan, bases: u64) -> Result<Cut, StageError> {
    let lineage = lineage(plan, scored)?;
    let drawn = |key: Key| key.draw(plan.seed, draw::SPLIT);
    let editable = |judged: &Judgement| judged.reason.is_none() && judged.editable;
    let histogram = scored.sweep_judged(&lineage, Histogram::default, |sum, key, judged, _| {
        if editable(judged) {
            sum.add(drawn(key), judged.count);
        }
    })?;
    let select = scored.sweep_judged(
        &lineage,
        || histogram.select(bases),
        |select, key, judged, _| {
            if editable(judged) {
                select.add(drawn(key), key.0, judged.count);
            }
        },
    )?;
    Ok(select.cut())
}

/// Each part's target, divided among its strata in proportion to what they hold; what rounding
/// leaves goes on to the next, so that the part as a whole is exact.
fn targets(draws: &BTreeMap<CellKey, Draws>, allocation: &Allocation) -> BTreeMap<CellKey, u64> {
    let mut targets = BTreeMap::new();
    for (pool, target) in [
        (Pool::Human, allocation.human),
        (Pool::Variant, allocation.variant),
        (Pool::GivenSemi, allocation.given_semi),
        (Pool::Synthetic, allocation.synthetic),
        (Pool::Unverified, allocation.unverified),
    ] {
        let cells = || draws.iter().filter(|((p, _), _)| *p == pool);
        let held: u64 = cells().map(|(_, d)| d.count).sum();
        let (mut before, mut given) = (0u128, 0u64);
        for (key, draws) in cells() {
            before += u128::from(draws.count);
            let so_far = match held {
                0 => 0,
                held => (before * u128::from(target) / u128::from(held)) as u64,
            };
            targets.insert(key.clone(), so_far - given);
            given = so_far;
        }
    }
    targets
}
