//! Pools, targets and cuts: the passes that turn judged documents into cells.

use std::collections::BTreeMap;

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

/// More cells than this cannot have been meant.
const MOST_CELLS: usize = 10_000;

/// What a set of documents holds.
#[derive(Debug, Clone, Copy, Default)]
struct Holding {
    documents: u64,
    count: u64,
    editable: u64,
    least_weight: u64,
    largest_weight: u64,
}

impl Holding {
    fn add(&mut self, judged: &Judgement) {
        self.documents += 1;
        self.count += judged.count;
        self.editable += if judged.editable { judged.count } else { 0 };
        self.largest_weight = self.largest_weight.max(judged.weight);
        self.least_weight = match self.least_weight {
            0 => judged.weight,
            least => least.min(judged.weight),
        };
    }
}

impl Sum for BTreeMap<Pool, Holding> {
    fn merge(&mut self, other: Self) {
        for (pool, more) in other {
            let held = self.entry(pool).or_default();
            held.documents += more.documents;
            held.count += more.count;
            held.editable += more.editable;
            held.largest_weight = held.largest_weight.max(more.largest_weight);
            held.least_weight = match held.least_weight {
                0 => more.least_weight,
                least => least.min(more.least_weight),
            };
        }
    }
}

/// Sums without copies: all documents, and the editable ones.
impl Sum for BTreeMap<Pool, (u64, u64)> {
    fn merge(&mut self, other: Self) {
        for (pool, more) in other {
            let sum = self.entry(pool).or_default();
            sum.0 += more.0;
            sum.1 += more.1;
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
    histogram: Histogram,
}

impl Sum for BTreeMap<CellKey, Draws> {
    fn merge(&mut self, other: Self) {
        for (key, more) in other {
            let draws = self.entry(key).or_default();
            draws.documents += more.documents;
            draws.count += more.count;
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
    let capacity = capacity(scored, plan)?;
    let allocation = allocate(shares(plan)?, plan.mix.total, capacity, copies)?;
    plan.total = allocation.total;
    if allocation.bases > 0 {
        plan.split = split(scored, plan, allocation.bases)?;
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
                let u = key.draw(plan.seed, purpose);
                for step in steps(judged.weight, u, most(pool)) {
                    cell.histogram.add(step, judged.count);
                }
            });
        })?;
    if draws.len() > MOST_CELLS {
        return Err(StageError::Usage(format!(
            "`mix.strata` makes {} cells, more than {MOST_CELLS}: name columns with fewer values",
            draws.len()
        )));
    }
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
                    for step in steps(judged.weight, u, most(pool)) {
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
    Lineage::new(plan, &scored.schema).map_err(|unknown| super::unknown_columns(&unknown))
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

/// What each pool holds without copies. Where weights differ, the heaviest document is taken once
/// and the others by their weight against it.
fn capacity(scored: &Scored<'_>, plan: &Plan) -> Result<Capacity, StageError> {
    let lineage = lineage(plan, scored)?;
    let pool_of = |judged: &Judgement| match (&judged.reason, judged.pool) {
        (None, Some(pool)) => Some(pool),
        _ => None,
    };
    let held: BTreeMap<Pool, Holding> = scored.sweep_judged(
        &lineage,
        BTreeMap::new,
        |held: &mut BTreeMap<Pool, Holding>, _, judged, _| {
            if let Some(pool) = pool_of(judged) {
                held.entry(pool).or_default().add(judged);
            }
        },
    )?;
    let even = held.values().all(|h| h.least_weight == h.largest_weight);
    let sums: BTreeMap<Pool, (u64, u64)> = if even || plan.mix.total.is_some() {
        held.iter()
            .map(|(pool, h)| (*pool, (h.count, h.editable)))
            .collect()
    } else {
        let once =
            |pool: Pool| (1u64 << (CUT_BITS + WEIGHT_BITS - 1)) / held[&pool].largest_weight * 2;
        scored.sweep_judged(&lineage, BTreeMap::new, |sums, key, judged, _| {
            if let Some(pool) = pool_of(judged) {
                let u = key.draw(plan.seed, draw::COPIES);
                if steps(judged.weight, u, 1)
                    .next()
                    .is_some_and(|step| step <= once(pool))
                {
                    let sum: &mut (u64, u64) = sums.entry(pool).or_default();
                    sum.0 += judged.count;
                    sum.1 += if judged.editable { judged.count } else { 0 };
                }
            }
        })?
    };
    let of = |pool: Pool| sums.get(&pool).copied().unwrap_or_default();
    Ok(Capacity {
        human: of(Pool::Human).0,
        editable: of(Pool::Human).1,
        given_semi: of(Pool::GivenSemi).0,
        synthetic: of(Pool::Synthetic).0,
        unverified: of(Pool::Unverified).0,
    })
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
