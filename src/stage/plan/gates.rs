//! Gates: what must hold before anything is written.

use crate::config::MeanGate;
use crate::document::Origin;
use crate::mix::{BeforeAndAfter, Cell, LEAST_MEAN, MeanShift, Plan};
use crate::report::Gate;
use crate::stage::error::StageError;
use crate::stage::job::Job;

/// The gates that are judged here. A part is exact to one document, and so are they.
pub fn judge(job: &Job, plan: &Plan) -> Vec<Gate> {
    let limits = &job.config.gates;
    let planned: u64 = plan.cells.iter().map(|cell| cell.planned).sum();
    let synthetic = |of: fn(&Cell) -> u64| -> u64 {
        let cells = plan.cells.iter();
        cells
            .filter(|cell| cell.pool.origin() == Origin::Synthetic)
            .map(of)
            .sum()
    };
    let share = |count: u64| count as f64 / planned.max(1) as f64;
    let found = share(synthetic(|cell| cell.planned));
    let document = share(synthetic(|cell| cell.largest));
    let mut gates = vec![
        Gate {
            name: "max_synthetic".to_owned(),
            stage: "plan".to_owned(),
            limit: limits.max_synthetic,
            value: found,
            ok: found <= limits.max_synthetic + document,
        },
        target(plan),
    ];
    if let Some(least) = limits.min_retention {
        let value = plan.expected.least_retention.unwrap_or(1.0);
        gates.push(Gate {
            name: "min_retention".to_owned(),
            stage: "plan".to_owned(),
            limit: least,
            value,
            ok: value >= least,
        });
    }
    for mean in &limits.mean {
        let found = plan.expected.means.get(&mean.column);
        gates.extend(found.into_iter().flat_map(|found| of_mean(mean, *found)));
    }
    gates
}

/// The limits of one mean, each a gate.
fn of_mean(mean: &MeanGate, found: MeanShift) -> impl Iterator<Item = Gate> {
    let BeforeAndAfter { before, after } = found.same_lengths;
    // Of a mean of 0 any change is large; the least step of a measure stands for it.
    let change = (after - before) / before.abs().max(LEAST_MEAN);
    let limits = [
        ("min", mean.min, found.taken),
        ("max", mean.max, found.taken),
        ("max_loss", mean.max_loss, -change),
        ("max_rise", mean.max_rise, change),
    ];
    limits.into_iter().filter_map(|(name, limit, value)| {
        let limit = limit?;
        Some(Gate {
            name: format!("mean.{}.{name}", mean.column),
            stage: "plan".to_owned(),
            limit,
            value: value + 0.0,
            ok: if name == "min" {
                value >= limit
            } else {
                value <= limit
            },
        })
    })
}

/// Every cell within one document of its target; the value is the largest distance in documents.
fn target(plan: &Plan) -> Gate {
    let distance =
        |cell: &Cell| cell.planned.abs_diff(cell.target) as f64 / cell.largest.max(1) as f64;
    let value = plan.cells.iter().map(distance).fold(0.0, f64::max);
    Gate {
        name: "target".to_owned(),
        stage: "plan".to_owned(),
        limit: 1.0,
        value,
        ok: value <= 1.0,
    }
}

/// Ends the run if a gate does not hold.
///
/// # Errors
/// The gate's name, value and limit.
pub fn hold(gate: &Gate) -> Result<(), StageError> {
    if gate.ok {
        return Ok(());
    }
    Err(StageError::Gate {
        name: gate.name.clone(),
        stage: gate.stage.clone(),
        value: gate.value,
        limit: gate.limit,
    })
}
