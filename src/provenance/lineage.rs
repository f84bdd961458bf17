//! From a score row and the plan to a fate, and to the `tamis` column of what is written.
//!
//! `plan` finds its cuts with the same code that `write` follows and `verify` checks by.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::config::{Gates, Rule, Unit, nearest};
use crate::document::{EditRecord, Key, Origin, OriginBy, Provenance};
use crate::edit::{Edited, Settings};
use crate::mix::{EditPlan, Fate, Judge, Judgement, Plan, Pool, Row, Thresholds};
use crate::score::measure::quantised;
use crate::score::row::{ColumnRef, RowSchema, ScoreRow, column_names};

/// A score row together with the source it comes from.
#[derive(Debug, Clone, Copy)]
pub struct SourceRow<'a> {
    /// The score row.
    pub row: &'a ScoreRow,
    /// Name of its source.
    pub source: &'a str,
}

/// A column of a score row, or the name of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The pseudo-column `source`.
    Source,
    /// A column of the score row.
    Score(ColumnRef),
}

impl Row for SourceRow<'_> {
    type Column = Column;

    fn number(&self, column: Column) -> Option<f64> {
        match column {
            Column::Source => None,
            Column::Score(column) => self.row.number(column),
        }
    }

    fn text(&self, column: Column) -> Option<Cow<'_, str>> {
        match column {
            Column::Source => Some(Cow::Borrowed(self.source)),
            Column::Score(column) => self.row.text(column),
        }
    }

    fn declared(&self) -> Option<(Origin, OriginBy)> {
        let by = self.row.declared_by.unwrap_or(OriginBy::Declared);
        self.row.declared_origin.map(|origin| (origin, by))
    }

    fn generation(&self) -> Option<u32> {
        self.row.generation
    }

    fn kind(&self) -> Option<&str> {
        self.row.kind.as_deref()
    }

    fn lang(&self) -> Option<&str> {
        self.row.lang.as_deref()
    }

    fn edited(&self) -> bool {
        self.row.edited
    }

    fn editable(&self) -> bool {
        self.row.editable
    }

    fn logit(&self) -> Option<f64> {
        self.row.logit
    }

    fn count(&self, unit: Unit) -> Option<u64> {
        match unit {
            Unit::Words => Some(self.row.words),
            Unit::Bytes => Some(self.row.bytes),
            Unit::Documents => Some(1),
            Unit::Tokens => self.row.tokens,
        }
    }
}

/// A plan made ready to follow for the score rows of one schema.
pub struct Lineage<'a> {
    plan: &'a Plan,
    judge: Judge<Column>,
}

/// A column name that no score row has.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "`{key}` names the column `{name}`, which the scores do not have{}",
    .hint.as_ref().map_or(String::new(), |hint| format!(": {hint}"))
)]
pub struct UnknownColumn {
    /// The configuration key.
    pub key: String,
    /// The name.
    pub name: String,
    /// What might help.
    pub hint: Option<String>,
}

/// The judge of these rules for score rows of this schema.
///
/// # Errors
/// Every column that the schema does not have, with the nearest that it has.
pub fn judge(
    plan_rules: &[Rule],
    mix: &crate::config::Mix,
    assign: (crate::config::Uncertain, crate::config::Unverified),
    languages: &[String],
    schema: &RowSchema,
) -> Result<Judge<Column>, Vec<UnknownColumn>> {
    let resolve = |name: &str| match name {
        "source" => Some(Column::Source),
        name => schema.column(name).map(Column::Score),
    };
    let rules: Vec<Rule> = plan_rules
        .iter()
        .map(|rule| match schema.column(&rule.column) {
            Some(ColumnRef::Measure(_)) => in_steps(rule),
            _ => rule.clone(),
        })
        .collect();
    Judge::new(&rules, mix, assign, languages, resolve)
        .map_err(|unknown| unknown.into_iter().map(UnknownColumn::from).collect())
}

/// The rule with its bounds in the steps that measures come in: else a share of exactly .3, which is
/// stored a little above, would be more than a `max` of .3.
fn in_steps(rule: &Rule) -> Rule {
    Rule {
        min: rule.min.and_then(quantised),
        max: rule.max.and_then(quantised),
        ..rule.clone()
    }
}

/// The columns of `gates.mean`, each once, by name.
///
/// # Errors
/// Every one that the schema does not have.
pub fn gated(
    gates: &Gates,
    schema: &RowSchema,
) -> Result<Vec<(String, ColumnRef)>, Vec<UnknownColumn>> {
    let names: BTreeSet<&String> = gates.mean.iter().map(|mean| &mean.column).collect();
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match schema.column(name) {
            Some(column) => found.push((name.clone(), column)),
            None => unknown.push(("gates.mean.column".to_owned(), name.clone()).into()),
        }
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    Err(unknown)
}

impl From<(String, String)> for UnknownColumn {
    fn from((key, name): (String, String)) -> Self {
        let hint = if name.starts_with("input.") {
            Some("score again with a configuration that names it".to_owned())
        } else {
            nearest(&name, column_names()).map(|known| format!("did you mean `{known}`?"))
        };
        UnknownColumn { key, name, hint }
    }
}

impl<'a> Lineage<'a> {
    /// Makes a plan ready for score rows of this schema.
    ///
    /// # Errors
    /// Columns that the plan names and the schema does not have.
    pub fn new(plan: &'a Plan, schema: &RowSchema) -> Result<Lineage<'a>, Vec<UnknownColumn>> {
        let judge = judge(
            &plan.rules,
            &plan.mix,
            (plan.uncertain, plan.unverified),
            &plan.edit.languages,
            schema,
        )?;
        Ok(Lineage { plan, judge })
    }

    /// The place of a source in the plan.
    pub fn source(&self, name: &str) -> Option<usize> {
        self.plan.sources.iter().position(|s| s.source == name)
    }

    /// Names of the filters, in the order of [`Judgement::filters`].
    pub fn filter_names(&self) -> impl Iterator<Item = &str> {
        self.judge.filter_names()
    }

    /// Judges a row of the plan's `source`-th source.
    pub fn judge(&self, source: usize, row: &ScoreRow) -> Judgement {
        let of = &self.plan.sources[source];
        let thresholds = |stratum: &str| {
            let assignment = of.of_stratum(stratum);
            Thresholds {
                human_below: assignment.human_below,
                synthetic_at: assignment.synthetic_at,
            }
        };
        let row = SourceRow {
            row,
            source: &of.source,
        };
        self.judge.judge(&row, thresholds)
    }

    /// Key, judgement and fate of a row.
    pub fn trace(&self, source: usize, shard: &str, row: &ScoreRow) -> (Key, Judgement, Fate) {
        let of = &self.plan.sources[source];
        let key = key(of.key_from_id, &of.source, shard, row);
        let judged = self.judge(source, row);
        let fate = self.plan.fate(key, &judged);
        (key, judged, fate)
    }

    /// The `tamis` column of a copy that is drawn for a pool, before any edit.
    pub fn provenance(
        &self,
        (source, shard, row): (usize, &str, &ScoreRow),
        (key, judged): (Key, &Judgement),
        (copy, pool): (u32, Pool),
        previous: Option<String>,
    ) -> Provenance {
        Provenance {
            origin: judged.origin,
            origin_by: judged.origin_by,
            declared_origin: row.declared_origin,
            p_synthetic: row.p_synthetic,
            generation: generation(judged.origin, row.generation),
            kind: row.kind.clone(),
            generator: row.generator.clone(),
            key: key.to_string(),
            source: self.plan.sources[source].source.clone(),
            shard: shard.to_owned(),
            row: row.row,
            copy,
            weight: judged.weight_in(pool) as f64 / (1u64 << crate::mix::fate::WEIGHT_BITS) as f64,
            edit: EditRecord::default(),
            run: self.plan.run.clone(),
            previous,
        }
    }
}

/// A document's key: from its id where the source says so and it has one, else from its place.
pub fn key(from_id: bool, source: &str, shard: &str, row: &ScoreRow) -> Key {
    match &row.id {
        Some(id) if from_id => Key::of_id(source, id),
        _ => Key::of_row(source, shard, row.row),
    }
}

/// The generation of a text of this origin: what was declared, else 0 for human, 1 for the others.
pub fn generation(origin: Origin, declared: Option<u32>) -> u32 {
    declared.unwrap_or(match origin {
        Origin::Human | Origin::Unknown => 0,
        Origin::Synthetic | Origin::SemiSynthetic => 1,
    })
}

/// The provenance of a variant in which `record.changed` tokens changed: semi-synthetic, one
/// generation on; with no change it is what its base was.
pub fn as_variant(mut provenance: Provenance, record: EditRecord) -> Provenance {
    if record.changed > 0 {
        provenance.origin = Origin::SemiSynthetic;
        provenance.generation += 1;
    }
    provenance.edit = record;
    provenance
}

/// The editor's settings in a language under a plan.
pub fn settings(plan: &EditPlan, lang: &str) -> Settings {
    Settings {
        threshold: plan.threshold_in(Some(lang)),
        top_k: plan.top_k,
        temperature: plan.temperature,
        exclude_original: plan.exclude_original,
        at_least_one: plan.at_least_one,
    }
}

/// What the `tamis` column tells of an edit.
pub fn edit_record(plan: &EditPlan, settings: &Settings, edited: &Edited) -> EditRecord {
    EditRecord {
        prior: plan.prior.clone(),
        threshold: settings.threshold,
        top_k: settings.top_k,
        temperature: settings.temperature,
        eligible: edited.eligible,
        resampled: edited.resampled,
        changed: edited.changed,
    }
}
