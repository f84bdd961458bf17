//! All decisions of a run, as written to `plan.json`.
//!
//! A plan and a score row give a document's fate, with nothing else: whoever holds both can check
//! what was written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anchor::Anchoring;
use super::cut::Cut;
use super::fate::{self, Fate, draw};
use super::judge::{Judgement, Pool};
use super::means::MeanShift;
use super::prevalence::Estimate;
use crate::config::{BaseMode, Mix, Rule, Uncertain, Unverified};
use crate::document::{Key, Origin};

/// Whose documents calibrate a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Those of the stratum.
    Stratum,
    /// Those of the whole source.
    Source,
}

/// What is decided for the documents of a source, or of a stratum inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Logit at or above which an unknown document is assigned `synthetic`.
    pub synthetic_at: f64,
    /// Logit below which an unknown document is assigned `human`.
    pub human_below: f64,
    /// True if declared-human documents calibrated the threshold.
    pub anchored: bool,
    /// Whose they were; null where there were not enough.
    pub anchored_by: Option<Level>,
    /// Declared-human documents with a logit, of this source or stratum.
    pub anchors: u64,
    /// Declared-synthetic documents with a logit, of this source or stratum.
    pub machine_anchors: u64,
    /// From a document's logit to the anchored one, on which `assign.human_below` is judged.
    #[serde(flatten)]
    pub anchoring: Anchoring,
    /// Documents with a logit, whoever declared them or not.
    pub judged: u64,
    /// Those of them that nobody declared, of which `prevalence` is.
    pub pool: u64,
    /// Their mean logit.
    pub mean_logit: Option<f64>,
    /// Its standard error.
    pub mean_logit_error: Option<f64>,
    /// The share of machine text among the unknown documents that the classifier judged.
    pub prevalence: Option<Estimate>,
}

/// What is decided for the documents of one stratum of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumPlan {
    /// The stratum, as `column=value,..`.
    pub stratum: String,
    /// What is decided for it.
    #[serde(flatten)]
    pub assignment: Assignment,
}

/// What is decided for the documents of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourcePlan {
    /// Name of the source.
    pub source: String,
    /// Keys come from the id instead of shard and row.
    pub key_from_id: bool,
    /// What is decided for the whole of it.
    #[serde(flatten)]
    pub assignment: Assignment,
    /// Its strata that have documents with a logit, sorted; none where the mix has no strata.
    pub strata: Vec<StratumPlan>,
}

impl SourcePlan {
    /// What holds for a document of this stratum: the stratum's own, else the source's.
    pub fn of_stratum(&self, stratum: &str) -> &Assignment {
        self.strata
            .binary_search_by(|plan| plan.stratum.as_str().cmp(stratum))
            .map_or(&self.assignment, |place| &self.strata[place].assignment)
    }
}

/// How variants are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditPlan {
    /// Name of the prior.
    pub prior: String,
    /// Languages that the prior knows; no other is drawn.
    pub languages: Vec<String>,
    /// Probability at or above which a token is eligible, by language.
    pub thresholds: BTreeMap<String, f64>,
    /// The same in languages that no sample had.
    pub threshold: f64,
    /// How many of the likeliest tokens a draw chooses among.
    pub top_k: u32,
    /// Temperature of the draw.
    pub temperature: f64,
    /// The original token is never drawn.
    pub exclude_original: bool,
    /// A document in which no token is eligible has its likeliest one drawn anew.
    pub at_least_one: bool,
}

impl EditPlan {
    /// The threshold in a language.
    pub fn threshold_in(&self, lang: Option<&str>) -> f64 {
        lang.and_then(|lang| self.thresholds.get(lang))
            .copied()
            .unwrap_or(self.threshold)
    }
}

/// One cell: the documents of a pool and stratum, and how many of them are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The pool that the cell draws from.
    pub pool: Pool,
    /// The stratum inside the pool, as `column=value,..`; empty where there are none.
    pub stratum: String,
    /// The cut.
    pub cut: Cut,
    /// Most copies of one document in this cell.
    pub max_copies: u32,
    /// Documents in the pool.
    pub pool_documents: u64,
    /// Their sum in the unit.
    pub pool_count: u64,
    /// The largest of them: a cell is exact to one document.
    pub largest: u64,
    /// What was asked for, in the unit.
    pub target: u64,
    /// What the cut gives, in the unit.
    pub planned: u64,
    /// Copies that the cut gives.
    pub documents: u64,
}

/// All decisions of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// What the plan was made from.
    pub fingerprint: BTreeMap<String, String>,
    /// Digest of config, models and seed; in the `run` field of every row.
    pub run: String,
    /// Seed of every draw.
    pub seed: u64,
    /// The mix that was asked for.
    pub mix: Mix,
    /// What becomes of uncertain documents.
    pub uncertain: Uncertain,
    /// What becomes of unverified documents.
    pub unverified: Unverified,
    /// Whether human documents may be used as themselves and as variants.
    pub base: BaseMode,
    /// Every filter, those of the preset first.
    pub rules: Vec<Rule>,
    /// Thresholds by source, in the order of the configuration.
    pub sources: Vec<SourcePlan>,
    /// How variants are made.
    pub edit: EditPlan,
    /// Editable human documents whose split draw this takes are bases of variants.
    pub split: Cut,
    /// The size of the mix, in the unit.
    pub total: u64,
    /// Every cell.
    pub cells: Vec<Cell>,
    /// What following the plan comes to.
    pub expected: Expected,
    /// blake3 of this plan as JSON with this field empty: a plan that was changed is not followed.
    pub digest: String,
}

/// What following a plan comes to, counted over all score rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Rows of all shards that did not fail.
    pub read: u64,
    /// Rows of which at least one copy is taken.
    pub kept: u64,
    /// Rows dropped.
    pub dropped: u64,
    /// Rows quarantined.
    pub quarantined: u64,
    /// Copies taken.
    pub written: u64,
    /// Rows dropped, by their first reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows that each filter would drop, whether or not another came first.
    pub filters: BTreeMap<String, u64>,
    /// Human documents that no variant may be made of, by why not.
    pub uneditable: BTreeMap<String, u64>,
    /// The columns of `gates.mean`.
    pub means: BTreeMap<String, MeanShift>,
    /// The least share of an origin and stratum of which at least one copy is taken, among the
    /// origins that the mix asks for; null for an empty mix.
    pub least_retention: Option<f64>,
}

impl Plan {
    /// The plan with its own digest.
    pub fn sealed(mut self) -> Plan {
        self.digest = self.own_digest();
        self
    }

    /// True if the plan is as it was sealed.
    pub fn is_sealed(&self) -> bool {
        self.digest == self.own_digest()
    }

    fn own_digest(&self) -> String {
        let open = Plan {
            digest: String::new(),
            ..self.clone()
        };
        let json = serde_json::to_vec(&open).expect("a plan has a JSON form");
        blake3::hash(&json).to_hex().to_string()
    }

    /// The fate of a document that was judged under this plan.
    pub fn fate(&self, key: Key, judged: &Judgement) -> Fate {
        let pool = match (&judged.reason, judged.pool) {
            (Some(reason), _) => return Fate::Dropped(reason.clone()),
            (None, None) => return Fate::Dropped("not_drawn".to_owned()),
            (None, Some(pool)) => pool,
        };
        let (mut plain, mut variants) = (0, 0);
        for (pool, purpose) in self.uses(pool, key, judged.editable).into_iter().flatten() {
            let copies = self.copies(pool, purpose, key, judged);
            match pool {
                Pool::Variant => variants += copies,
                _ => plain += copies,
            }
        }
        if plain + variants == 0 {
            Fate::Dropped("not_drawn".to_owned())
        } else {
            Fate::Kept { plain, variants }
        }
    }

    /// The cells' pools that a document may be drawn for, each with the purpose of its draw.
    pub fn uses(&self, pool: Pool, key: Key, editable: bool) -> [Option<(Pool, u64)>; 2] {
        let as_itself = Some((pool, draw::COPIES));
        match (pool, self.base) {
            (Pool::Human, BaseMode::Disjoint) if editable && self.is_base(key) => {
                [Some((Pool::Variant, draw::COPIES)), None]
            }
            (Pool::Human, BaseMode::Both) if editable => {
                [as_itself, Some((Pool::Variant, draw::VARIANTS))]
            }
            _ => [as_itself, None],
        }
    }

    /// True if the document is on the variants' side of the human split.
    pub fn is_base(&self, key: Key) -> bool {
        self.split != Cut::NONE && self.split.takes(key.draw(self.seed, draw::SPLIT), key)
    }

    /// The seed of a variant's draws.
    pub fn edit_seed(&self, key: Key, copy: u32) -> u64 {
        key.draw(self.seed, draw::EDIT + u64::from(copy))
    }

    fn copies(&self, pool: Pool, purpose: u64, key: Key, judged: &Judgement) -> u32 {
        self.cell(pool, &judged.stratum).map_or(0, |cell| {
            if cell.cut == Cut::NONE {
                return 0;
            }
            let u = key.draw(self.seed, purpose);
            fate::copies_at(&cell.cut, judged.weight_in(pool), u, key, cell.max_copies)
        })
    }

    /// Which cells' pools the copies of a document that is kept come from.
    pub fn taken(
        &self,
        judged: &Judgement,
        plain: u32,
        variants: u32,
    ) -> impl Iterator<Item = (Pool, u32)> + use<> {
        let as_itself = judged.pool.map(|pool| (pool, plain));
        as_itself
            .into_iter()
            .chain([(Pool::Variant, variants)])
            .filter(|(_, copies)| *copies > 0)
    }

    fn cell(&self, pool: Pool, stratum: &str) -> Option<&Cell> {
        self.cell_index(pool, stratum)
            .map(|index| &self.cells[index])
    }

    /// The place of the cell of a pool and stratum, if the plan has one. Cells are sorted.
    pub fn cell_index(&self, pool: Pool, stratum: &str) -> Option<usize> {
        self.cells
            .binary_search_by(|cell| (cell.pool, cell.stratum.as_str()).cmp(&(pool, stratum)))
            .ok()
    }

    /// Share of the mix that each origin is to have, by part.
    pub fn shares(&self) -> [(Origin, f64); 4] {
        let mix = &self.mix;
        let sum = mix.human + mix.semi_synthetic + mix.synthetic + mix.unverified;
        [
            (Origin::Human, mix.human / sum),
            (Origin::SemiSynthetic, mix.semi_synthetic / sum),
            (Origin::Synthetic, mix.synthetic / sum),
            (Origin::Unknown, mix.unverified / sum),
        ]
    }
}
