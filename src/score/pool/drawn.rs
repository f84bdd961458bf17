//! A sample of a pool's documents, as the buckets of their n-grams.
//!
//! A document's draw depends on its key alone. Those of the smallest draws are kept until their n-grams
//! make [`BUDGET`], so the sample is the same whatever the order in which shards are merged. It serves to
//! compare pools, and a pool before and after a plan, at one size: entropy, the fullest buckets and
//! divergence depend on how much text there is. A document counts with its first [`FROM_ONE`] n-grams, so
//! that a few long ones are not the sample.
//!
//! Buckets are the [`WIDE`] ones, each of the profile's parted into [`PARTS`]. At [`FIXED`] n-grams a
//! wide bucket is hardly ever shared, and the profile's own buckets follow from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Place, Rows, put_place, put_shards, put_text, take_place, take_shards, take_text};
use crate::score::concentration::{
    Counts, Divergence, PARTS, Shape, WIDE, put, shape_of, take, wide_buckets,
};
use crate::score::measure::{quantised, share};
use crate::score::reference::ReferenceLanguage;
use crate::text::Scan;

/// N-grams that are kept of a pool, over all languages.
pub const BUDGET: u64 = 1 << 19;
/// N-grams at which pools are measured.
pub const FIXED: u64 = 1 << 17;
/// N-grams of one document at most.
pub const FROM_ONE: usize = 512;

/// A document of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Document {
    lang: String,
    /// Wide buckets of its n-grams, sorted.
    buckets: Vec<u32>,
}

/// The sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    documents: BTreeMap<(u64, Place), Document>,
    ngrams: u64,
}

/// The shape of a pool at a number of n-grams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// Documents that were measured, copies counted.
    pub documents: u64,
    /// Their words and pairs of words.
    pub ngrams: u64,
    /// Shannon entropy over the 10,000 buckets, bits.
    pub entropy: f64,
    /// Gini coefficient over them.
    pub gini: f64,
    /// Share of the n-grams in the fullest 1% of them.
    pub top_1_percent: f64,
    /// Kullback-Leibler divergence from the human reference, bits; null without one.
    pub kl: Option<f64>,
    /// Jensen-Shannon divergence from it, bits; null without one.
    pub js: Option<f64>,
    /// Shannon entropy over the 1,280,000 buckets, bits.
    pub wide_entropy: f64,
    /// Share of the n-grams in the fullest 1% of those that are filled: about the commonest 1% of the distinct
    /// n-grams.
    pub wide_top_1_percent: f64,
    /// Filled buckets among them per n-gram: about the distinct n-grams per n-gram.
    pub wide_filled: f64,
}

impl Drawn {
    /// Puts the document that `scan` read last into the sample, if its draw is small enough.
    pub fn add(&mut self, draw: u64, place: Place, lang: &str, scan: &Scan) {
        let out = |(&last, _): (&(u64, Place), &Document)| last < (draw, place);
        if scan.words() == 0
            || self.ngrams >= BUDGET && self.documents.last_key_value().is_some_and(out)
        {
            return;
        }
        let mut buckets: Vec<u32> = wide_buckets(scan).take(FROM_ONE).collect();
        buckets.sort_unstable();
        self.ngrams += buckets.len() as u64;
        let lang = lang.to_owned();
        self.documents
            .insert((draw, place), Document { lang, buckets });
        self.trim();
    }

    /// Adds another part's sample; the order of merges does not matter.
    pub fn merge(&mut self, other: Drawn) {
        self.ngrams += other.ngrams;
        self.documents.extend(other.documents);
        self.trim();
    }

    /// The shortest beginning that has the budget is kept.
    fn trim(&mut self) {
        while let Some(last) = self.documents.last_entry() {
            let without = self.ngrams - last.get().buckets.len() as u64;
            if without < BUDGET {
                break;
            }
            last.remove();
            self.ngrams = without;
        }
    }

    /// Languages of the sample.
    pub fn languages(&self) -> std::collections::BTreeSet<&str> {
        self.documents.values().map(|of| of.lang.as_str()).collect()
    }

    /// Adds the places of the sample's documents.
    pub fn places(&self, rows: &mut Rows) {
        for (_, place) in self.documents.keys() {
            rows.entry(place.shard).or_default().insert(place.row);
        }
    }

    /// The shapes of a language's documents and of what is taken of them, `copies` of each, both at the same
    /// size: at [`FIXED`] n-grams, or at what the smaller has. Null where either has nothing.
    pub fn before_and_after(
        &self,
        lang: &str,
        human: Option<&ReferenceLanguage>,
        copies: impl Fn(Place) -> u64,
    ) -> Option<(Fixed, Fixed)> {
        let all = |of: &dyn Fn(Place) -> u64| -> u64 {
            self.of(lang)
                .map(|(place, document)| of(place) * document.buckets.len() as u64)
                .sum()
        };
        let size = FIXED.min(all(&|_| 1)).min(all(&copies));
        let before = self.at(lang, human, size, |_| 1)?;
        Some((before, self.at(lang, human, size, copies)?))
    }

    /// The shape of a language's documents at [`FIXED`] n-grams, or at what there is; null for nothing.
    pub fn fixed(&self, lang: &str, human: Option<&ReferenceLanguage>) -> Option<Fixed> {
        self.at(lang, human, FIXED, |_| 1)
    }

    fn of(&self, lang: &str) -> impl Iterator<Item = (Place, &Document)> {
        let documents = self.documents.iter().filter(move |(_, of)| of.lang == lang);
        documents.map(|((_, place), document)| (*place, document))
    }

    /// The shape of the first documents that have `size` n-grams together, `copies` of each.
    fn at(
        &self,
        lang: &str,
        human: Option<&ReferenceLanguage>,
        size: u64,
        copies: impl Fn(Place) -> u64,
    ) -> Option<Fixed> {
        let (mut buckets, mut documents) = (Vec::new(), 0);
        for (place, document) in self.of(lang) {
            for _ in 0..copies(place) {
                let left =
                    (size - buckets.len() as u64).min(document.buckets.len() as u64) as usize;
                if left == 0 {
                    break;
                }
                // Of the last document an even part: its buckets are in order.
                let all = document.buckets.len();
                buckets.extend((0..left).map(|i| document.buckets[i * all / left]));
                documents += 1;
            }
        }
        shape_at(buckets, documents, human)
    }

    /// The sample as bytes, all numbers in LEB128.
    pub(in crate::score) fn put(&self, bytes: &mut Vec<u8>) {
        let places = || self.documents.keys().map(|(_, place)| *place);
        let shards = put_shards(bytes, places());
        put(bytes, self.documents.len() as u64);
        for ((draw, place), document) in &self.documents {
            bytes.extend_from_slice(&draw.to_le_bytes());
            put_place(bytes, &shards, *place);
            put_text(bytes, &document.lang);
            put(bytes, document.buckets.len() as u64);
            let mut last = 0;
            for &bucket in &document.buckets {
                put(bytes, u64::from(bucket - last));
                last = bucket;
            }
        }
    }

    /// Reads what [`Drawn::put`] wrote.
    pub(in crate::score) fn take(rest: &mut &[u8]) -> Option<Drawn> {
        let shards = take_shards(rest)?;
        let mut drawn = Drawn::default();
        for _ in 0..take(rest)? {
            let (draw, after) = rest.split_first_chunk::<8>()?;
            *rest = after;
            let place = take_place(rest, &shards)?;
            let lang = take_text(rest)?;
            let length = usize::try_from(take(rest)?).ok()?;
            if !(1..=FROM_ONE).contains(&length) {
                return None;
            }
            let mut buckets = Vec::with_capacity(length);
            let mut last = 0u64;
            for _ in 0..length {
                last = last
                    .checked_add(take(rest)?)
                    .filter(|&at| at < WIDE as u64)?;
                buckets.push(last as u32);
            }
            drawn.ngrams += length as u64;
            let key = (u64::from_le_bytes(*draw), place);
            let twice = drawn.documents.insert(key, Document { lang, buckets });
            if twice.is_some() {
                return None;
            }
        }
        Some(drawn)
    }
}

fn shape_at(
    mut buckets: Vec<u32>,
    documents: u64,
    human: Option<&ReferenceLanguage>,
) -> Option<Fixed> {
    if buckets.is_empty() {
        return None;
    }
    buckets.sort_unstable();
    let ngrams = buckets.len() as u64;
    let narrow = Counts::of_buckets(buckets.iter().map(|&wide| wide as usize / PARTS), documents);
    let filled: Vec<u64> = buckets
        .chunk_by(|a, b| a == b)
        .map(|same| same.len() as u64)
        .collect();
    let distinct = filled.len();
    let Shape {
        entropy,
        gini,
        top_1_percent,
    } = narrow.shape()?;
    let wide = shape_of(filled, distinct)?;
    let from_human: Option<Divergence> = human.and_then(|human| narrow.divergence(human));
    Some(Fixed {
        documents,
        ngrams,
        entropy,
        gini,
        top_1_percent,
        kl: from_human.map(|d| d.kl),
        js: from_human.map(|d| d.js),
        wide_entropy: wide.entropy,
        wide_top_1_percent: wide.top_1_percent,
        wide_filled: quantised(share(distinct as u64, ngrams))?,
    })
}
