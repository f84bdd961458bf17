//! Gates: what must hold before anything is written.

use crate::document::Origin;
use crate::mix::Plan;
use crate::report::Gate;
use crate::stage::error::StageError;
use crate::stage::job::Job;

/// The gates that are judged here.
pub fn judge(job: &Job, plan: &Plan) -> Vec<Gate> {
    let limits = &job.config.gates;
    let planned = |origin: Option<Origin>| -> u64 {
        let cells = plan.cells.iter();
        cells
            .filter(|cell| origin.is_none_or(|origin| cell.pool.origin() == origin))
            .map(|cell| cell.planned)
            .sum()
    };
    let share = planned(Some(Origin::Synthetic)) as f64 / planned(None).max(1) as f64;
    // A share is exact to one document, so a target that meets the limit may miss it by one.
    let slack = plan.shares()[2].1 <= limits.max_synthetic;
    let mut gates = vec![Gate {
        name: "max_synthetic".to_owned(),
        stage: "plan".to_owned(),
        limit: limits.max_synthetic,
        value: share,
        ok: slack || share <= limits.max_synthetic,
    }];
    if let Some(least) = limits.min_retention {
        let retained = plan
            .cells
            .iter()
            .filter(|cell| cell.target > 0 && cell.pool_count > 0)
            .map(|cell| cell.planned as f64 / cell.pool_count as f64)
            .fold(f64::INFINITY, f64::min);
        let value = if retained.is_finite() { retained } else { 0.0 };
        gates.push(Gate {
            name: "min_retention".to_owned(),
            stage: "plan".to_owned(),
            limit: least,
            value,
            ok: value >= least,
        });
    }
    gates
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
