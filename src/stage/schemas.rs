//! How the schemas of a source's shards differ: each shard keeps its own, but a column that decides
//! something must hold the same kind of values in all of them.

use std::collections::BTreeMap;

use crate::shard::{SchemaSummary, Shard, ValueKind};

/// The schemas of one source's shards, as far as they say any.
#[derive(Debug, Default)]
pub struct Schemas {
    /// The columns of the first shard that has any.
    first: Option<Vec<(String, String)>>,
    /// How many shards have other columns, types or order, and the first of them.
    others: u64,
    other: Option<String>,
    /// What each column that decides something holds, each kind with the first shard that says so.
    kinds: BTreeMap<String, BTreeMap<ValueKind, String>>,
}

impl Schemas {
    /// Takes in the schema of one shard.
    pub fn add(&mut self, shard: &Shard, summary: SchemaSummary) {
        for (column, kind) in summary.values {
            let kinds = self.kinds.entry(column).or_default();
            kinds.entry(kind).or_insert_with(|| shard.name.clone());
        }
        match (&self.first, summary.columns) {
            (None, columns) => self.first = columns,
            (Some(first), Some(columns)) if *first != columns => {
                self.others += 1;
                self.other.get_or_insert_with(|| shard.name.clone());
            }
            (Some(_), _) => {}
        }
    }

    /// Columns that hold one kind of values in one shard and another in another, all of them.
    pub fn clashes(&self, source: &str) -> Vec<String> {
        let clash = |(column, kinds): (&String, &BTreeMap<ValueKind, String>)| {
            let said: Vec<String> = kinds
                .iter()
                .map(|(kind, shard)| format!("{} in {shard}", kind.name()))
                .collect();
            format!(
                "column `{column}` of the source `{source}` is {}: make it one type, or make two sources of it",
                said.join(", and ")
            )
        };
        let kinds = self.kinds.iter().filter(|(_, kinds)| kinds.len() > 1);
        kinds.map(clash).collect()
    }

    /// Says in the log that columns differ, if they do.
    pub fn tell(&self, source: &str) {
        if let Some(shard) = &self.other {
            tracing::info!(
                source,
                shards = self.others,
                shard,
                "some shards have other columns than the first; each keeps its own"
            );
        }
    }
}
