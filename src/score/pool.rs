//! What is kept of a pool's text besides its bucket counts: which n-grams it says too often
//! ([`phrases`], on the sketch of [`heavy`]), a sample of its documents ([`drawn`]) and a sample of
//! its rare n-grams ([`tail`]).
//!
//! The last two know where their documents are. So what becomes of a pool under a plan, its shape
//! and its tail, follows from the fates of the rows alone, and no text is read a second time.

pub mod drawn;
pub mod heavy;
pub mod phrases;
pub mod tail;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::concentration::{put, take};

/// A map whose keys are good hashes already.
pub(super) type ByHash<V> = HashMap<u64, V, BuildHasherDefault<Same>>;

/// Gives a 64-bit key as its own hash.
#[derive(Debug, Default, Clone, Copy)]
pub struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Where a document of a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// xxh3 of the shard's name.
    pub shard: u64,
    /// Row of the shard, from 0.
    pub row: u64,
}

/// The rows of each shard that a sample speaks of, by the shard's [`Place::shard`].
pub type Rows = BTreeMap<u64, BTreeSet<u64>>;

/// Shards by number, for [`put_place`]: eight bytes each, once.
fn put_shards(bytes: &mut Vec<u8>, places: impl Iterator<Item = Place>) -> Vec<u64> {
    let shards: BTreeSet<u64> = places.map(|place| place.shard).collect();
    put(bytes, shards.len() as u64);
    for shard in &shards {
        bytes.extend_from_slice(&shard.to_le_bytes());
    }
    shards.into_iter().collect()
}

fn take_shards(rest: &mut &[u8]) -> Option<Vec<u64>> {
    let count = usize::try_from(take(rest)?).ok()?;
    let (taken, after) = rest.split_at_checked(count.checked_mul(8)?)?;
    *rest = after;
    let shards: Vec<u64> = taken
        .as_chunks::<8>()
        .0
        .iter()
        .map(|eight| u64::from_le_bytes(*eight))
        .collect();
    shards.is_sorted().then_some(shards)
}

fn put_place(bytes: &mut Vec<u8>, shards: &[u64], place: Place) {
    let number = shards.partition_point(|&shard| shard < place.shard);
    put(bytes, number as u64);
    put(bytes, place.row);
}

fn take_place(rest: &mut &[u8], shards: &[u64]) -> Option<Place> {
    let number = usize::try_from(take(rest)?).ok()?;
    Some(Place {
        shard: *shards.get(number)?,
        row: take(rest)?,
    })
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests;
