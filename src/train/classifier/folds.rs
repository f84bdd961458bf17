//! Which rows are left out together: whole domains, and domains that share a group.

use std::collections::BTreeMap;

use super::TrainError;
use super::rows::Rows;

/// The fold of each row. Units are dealt out by size, the largest first, each to the fold that has
/// the fewest rows of the unit's larger label.
pub(super) fn assign(rows: &Rows<'_>, folds: usize) -> Result<Vec<usize>, TrainError> {
    let units = units(rows);
    let mut sizes: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
    for (row, &unit) in units.iter().enumerate() {
        sizes.entry(unit).or_default()[usize::from(rows.machine(row))] += 1;
    }
    for (label, name) in [(0, "human"), (1, "machine")] {
        let found = sizes.values().filter(|size| size[label] > 0).count();
        if found < 2 {
            return Err(TrainError::FewDomains {
                label: name,
                found,
                needed: 2,
            });
        }
    }
    let mut order: Vec<(usize, [usize; 2])> = sizes.into_iter().collect();
    order.sort_by_key(|&(unit, size)| (usize::MAX - size[0].max(size[1]), unit));
    let mut loads = vec![[0usize; 2]; folds];
    let mut fold_of = BTreeMap::new();
    for (unit, size) in order {
        let label = usize::from(size[1] > size[0]);
        let fold = (0..folds)
            .min_by_key(|&fold| (loads[fold][label], fold))
            .unwrap_or(0);
        loads[fold][0] += size[0];
        loads[fold][1] += size[1];
        fold_of.insert(unit, fold);
    }
    Ok(units.iter().map(|unit| fold_of[unit]).collect())
}

/// The unit of each row: domains joined where they have a group in common.
fn units(rows: &Rows<'_>) -> Vec<usize> {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for row in 0..rows.len() {
        ids.entry(&rows.example(row).domain).or_default();
    }
    for (id, slot) in ids.values_mut().enumerate() {
        *slot = id;
    }
    let mut parent: Vec<usize> = (0..ids.len()).collect();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for row in 0..rows.len() {
        let example = rows.example(row);
        let domain = ids[example.domain.as_str()];
        if !example.group.is_empty() {
            let other = *first.entry(&example.group).or_insert(domain);
            let (a, b) = (root(&parent, domain), root(&parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    (0..rows.len())
        .map(|row| root(&parent, ids[rows.example(row).domain.as_str()]))
        .collect()
}

fn root(parent: &[usize], mut unit: usize) -> usize {
    while parent[unit] != unit {
        unit = parent[unit];
    }
    unit
}
