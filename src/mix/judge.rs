//! One document against the rules, before any cut: filters, origin, pool, weight, stratum.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::fate::weight_to_fixed;
use crate::config::{Mix, Rule, Uncertain, Unit, Unverified, Weight};
use crate::document::{Origin, OriginBy};

/// Where a cell draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// Human documents, as they are.
    Human,
    /// Human documents, to be edited.
    Variant,
    /// Documents that came in as semi-synthetic.
    GivenSemi,
    /// Machine-written documents.
    Synthetic,
    /// Unverified documents as a part of their own.
    Unverified,
}

impl Pool {
    /// The part of the mix that the pool serves.
    pub fn origin(self) -> Origin {
        match self {
            Pool::Human => Origin::Human,
            Pool::Variant | Pool::GivenSemi => Origin::SemiSynthetic,
            Pool::Synthetic => Origin::Synthetic,
            Pool::Unverified => Origin::Unknown,
        }
    }
}

/// What a judgement needs to see of a score row.
pub trait Row {
    /// A column, resolved from its name once.
    type Column: Copy;
    /// The column as a number; null and text give none.
    fn number(&self, column: Self::Column) -> Option<f64>;
    /// The column as text; null gives none.
    fn text(&self, column: Self::Column) -> Option<Cow<'_, str>>;
    /// The origin that was declared.
    fn declared(&self) -> Option<(Origin, OriginBy)>;
    /// The declared generation.
    fn generation(&self) -> Option<u32>;
    /// The declared kind.
    fn kind(&self) -> Option<&str>;
    /// The language.
    fn lang(&self) -> Option<&str>;
    /// True if the text was edited before.
    fn edited(&self) -> bool;
    /// True if the prior has an alternative for at least one token of the text.
    fn editable(&self) -> bool;
    /// The classifier's logit; none where it abstained.
    fn logit(&self) -> Option<f64>;
    /// The document's size in a unit; none for tokens that nobody counted.
    fn count(&self, unit: Unit) -> Option<u64>;
}

/// The thresholds of one source or stratum, as logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Unknown documents below this are assigned `human`.
    pub human_below: f64,
    /// Unknown documents at or above this are assigned `synthetic`.
    pub synthetic_at: f64,
}

/// What is known of a document before any cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The first reason to drop it, if there is one.
    pub reason: Option<String>,
    /// Every filter that would drop it.
    pub filters: Vec<usize>,
    /// Its origin, declared or assigned.
    pub origin: Origin,
    /// Who said so.
    pub origin_by: OriginBy,
    /// Between the thresholds.
    pub uncertain: bool,
    /// Declared by nobody and not judged.
    pub unverified: bool,
    /// The pool it may be drawn from.
    pub pool: Option<Pool>,
    /// May be the base of a variant.
    pub editable: bool,
    /// Its size in the unit.
    pub count: u64,
    /// Its weight in fixed point.
    pub weight: u64,
    /// Its weight as the base of a variant; 0 if it may not be one.
    pub variant_weight: u64,
    /// Its stratum, as `column=value,..`.
    pub stratum: String,
}

struct Bound<C> {
    rule: Rule,
    name: String,
    column: C,
}

impl Judgement {
    /// Its weight when it is drawn for a pool.
    pub fn weight_in(&self, pool: Pool) -> u64 {
        match pool {
            Pool::Variant => self.variant_weight,
            _ => self.weight,
        }
    }
}

/// The rules of a plan, with their columns resolved.
pub struct Judge<C> {
    rules: Vec<Bound<C>>,
    unit: Unit,
    uncertain: Uncertain,
    unverified: Unverified,
    weight: Option<(Weight, C)>,
    strata: Vec<(String, C)>,
    languages: Vec<String>,
}

impl<C: Copy> Judge<C> {
    /// Resolves the columns of rules, weight and strata; `resolve` gives none for unknown names.
    ///
    /// # Errors
    /// The names that `resolve` does not know, each with the key that uses it.
    pub fn new(
        rules: &[Rule],
        mix: &Mix,
        (uncertain, unverified): (Uncertain, Unverified),
        languages: &[String],
        resolve: impl Fn(&str) -> Option<C>,
    ) -> Result<Judge<C>, Vec<(String, String)>> {
        let mut unknown = Vec::new();
        let mut find = |key: &str, name: &str| {
            let column = resolve(name);
            if column.is_none() {
                unknown.push((key.to_owned(), name.to_owned()));
            }
            column
        };
        let mut bound = Vec::new();
        for rule in rules {
            if let Some(column) = find("filters.rule.column", &rule.column) {
                let name = if rule.name.is_empty() {
                    &rule.column
                } else {
                    &rule.name
                };
                bound.push(Bound {
                    rule: rule.clone(),
                    name: name.clone(),
                    column,
                });
            }
        }
        let weight = mix.weight.as_ref().and_then(|weight| {
            find("mix.weight.column", &weight.column).map(|column| (weight.clone(), column))
        });
        let strata = mix
            .strata
            .iter()
            .filter_map(|name| find("mix.strata", name).map(|column| (name.clone(), column)))
            .collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        Ok(Judge {
            rules: bound,
            unit: mix.unit,
            uncertain,
            unverified,
            weight,
            strata,
            languages: languages.to_vec(),
        })
    }

    /// Names of the filters, in the order of [`Judgement::filters`].
    pub fn filter_names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|bound| bound.name.as_str())
    }

    /// Judges one document of a source, with the thresholds that it has for a stratum.
    pub fn judge<R: Row<Column = C>>(
        &self,
        row: &R,
        thresholds: impl Fn(&str) -> Thresholds,
    ) -> Judgement {
        let stratum = self.stratum(row);
        let filters: Vec<usize> = (0..self.rules.len())
            .filter(|&i| self.rules[i].drops(row))
            .collect();
        let (origin, origin_by, uncertain, unverified) = self.origin(row, &thresholds(&stratum));
        let pool = self.pool(origin, uncertain, unverified);
        let editable = pool == Some(Pool::Human)
            && !uncertain
            && !unverified
            && !row.edited()
            && row.editable()
            && row
                .lang()
                .is_some_and(|lang| self.languages.iter().any(|known| known == lang));
        let weight = pool.map_or(0, |pool| self.weight(row, pool));
        let variant_weight = if editable {
            self.weight(row, Pool::Variant)
        } else {
            0
        };
        let reason = match filters.first() {
            Some(&first) => Some(self.rules[first].name.clone()),
            None if pool.is_none() && uncertain => Some("uncertain".to_owned()),
            None if pool.is_none() && unverified => Some("unverified".to_owned()),
            None if weight == 0 && variant_weight == 0 => Some("zero_weight".to_owned()),
            None => None,
        };
        Judgement {
            reason,
            filters,
            origin,
            origin_by,
            uncertain,
            unverified,
            pool,
            editable,
            count: row.count(self.unit).unwrap_or(0),
            weight,
            variant_weight,
            stratum,
        }
    }

    fn origin<R: Row>(&self, row: &R, at: &Thresholds) -> (Origin, OriginBy, bool, bool) {
        if let Some((origin, by)) = row.declared() {
            return (origin, by, false, false);
        }
        let Some(logit) = row.logit() else {
            let origin = match self.unverified {
                Unverified::Human => Origin::Human,
                Unverified::Own | Unverified::Drop => Origin::Unknown,
            };
            return (origin, OriginBy::Default, false, true);
        };
        if logit >= at.synthetic_at {
            (Origin::Synthetic, OriginBy::Classifier, false, false)
        } else if logit < at.human_below {
            (Origin::Human, OriginBy::Classifier, false, false)
        } else {
            let origin = match self.uncertain {
                Uncertain::Drop => Origin::Unknown,
                Uncertain::Human => Origin::Human,
                Uncertain::Synthetic => Origin::Synthetic,
            };
            (origin, OriginBy::Default, true, false)
        }
    }

    fn pool(&self, origin: Origin, uncertain: bool, unverified: bool) -> Option<Pool> {
        match origin {
            Origin::Human => Some(Pool::Human),
            Origin::SemiSynthetic => Some(Pool::GivenSemi),
            Origin::Synthetic => Some(Pool::Synthetic),
            Origin::Unknown if uncertain => None,
            Origin::Unknown => {
                (unverified && self.unverified == Unverified::Own).then_some(Pool::Unverified)
            }
        }
    }

    fn weight<R: Row<Column = C>>(&self, row: &R, pool: Pool) -> u64 {
        let Some((weight, column)) = &self.weight else {
            return weight_to_fixed(1.0);
        };
        if !weight.origins.is_empty() && !weight.origins.contains(&pool.origin()) {
            return weight_to_fixed(1.0);
        }
        let value = match row.number(*column) {
            None => weight.missing,
            Some(x) => {
                let base = if weight.complement { 1.0 - x } else { x };
                libm::pow(base.max(0.0), weight.power)
            }
        };
        weight_to_fixed(value)
    }

    /// A document's stratum, as `column=value,..`; empty where there are none.
    pub fn stratum<R: Row<Column = C>>(&self, row: &R) -> String {
        let mut stratum = String::new();
        for (name, column) in &self.strata {
            if !stratum.is_empty() {
                stratum.push(',');
            }
            stratum.push_str(name);
            stratum.push('=');
            stratum.push_str(row.text(*column).as_deref().unwrap_or("null"));
        }
        stratum
    }
}

impl<C: Copy> Bound<C> {
    fn drops<R: Row<Column = C>>(&self, row: &R) -> bool {
        if !self.holds_for(row) {
            return false;
        }
        if !self.rule.one_of.is_empty() {
            return row
                .text(self.column)
                .is_some_and(|value| self.rule.one_of.iter().all(|kept| *kept != value));
        }
        row.number(self.column).is_some_and(|x| {
            self.rule.min.is_some_and(|min| x < min) || self.rule.max.is_some_and(|max| x > max)
        })
    }

    fn holds_for<R: Row>(&self, row: &R) -> bool {
        let when = &self.rule.when;
        let origin = row.declared().map_or(Origin::Unknown, |(origin, _)| origin);
        let listed = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|v| list.iter().any(|x| x == v))
        };
        (when.origin.is_empty() || when.origin.contains(&origin))
            && (when.generation.is_empty()
                || row
                    .generation()
                    .is_some_and(|generation| when.generation.contains(&generation)))
            && listed(&when.kind, row.kind())
            && listed(&when.lang, row.lang())
            && (when.not_lang.is_empty() || !listed(&when.not_lang, row.lang()))
            && when.words.is_none_or(|[least, most]| {
                row.count(Unit::Words)
                    .is_some_and(|words| (least..=most).contains(&words))
            })
    }
}
