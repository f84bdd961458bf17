//! The most frequent n-grams of a stream in bounded memory, with a bound on what is not known of
//! them (as SpaceSaving, Metwally et al. 2005, and as mergeable as Agarwal et al. 2012).
//!
//! An entry counts exactly from when it comes in; `missed` bounds what it may have had before. When
//! there are twice as many entries as there is room for, those of the largest `count + missed` stay.
//! So for every n-gram, `count <= true count <= count + missed`, and with room for k entries `missed`
//! is at most 1/k of all that was counted: each rise of the bound by d is paid with d counts of each of
//! the k entries that stay, and a count pays once. The same holds after merging, where bounds add up.

use super::ByHash;

/// What is known of one n-gram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Occurrences that were counted.
    pub count: u64,
    /// Most occurrences that were not.
    pub missed: u64,
    /// Documents with a counted occurrence; `u32::MAX` for more.
    pub documents: u32,
    /// Hashes of its two words; of one word, twice that.
    pub words: [u64; 2],
    /// The last document, so that each counts once; document numbers begin at 1.
    last: u32,
}

/// The sketch.
#[derive(Debug, Clone)]
pub struct Heavy {
    entries: ByHash<Entry>,
    room: usize,
    missed: u64,
    counted: u64,
    /// Entries by what may stay; scratch.
    order: Vec<(u64, u64)>,
}

impl Heavy {
    /// A sketch with room for `room` n-grams at least.
    pub fn new(room: usize) -> Heavy {
        Heavy {
            entries: ByHash::default(),
            room: room.max(1),
            missed: 0,
            counted: 0,
            order: Vec::new(),
        }
    }

    /// Counts occurrences of an n-gram in a document, numbered from 1; gives the documents with a counted one.
    pub fn add(&mut self, ngram: u64, words: [u64; 2], document: u32, count: u64) -> u32 {
        self.counted += count;
        let missed = self.missed;
        let mut new = false;
        let entry = self.entries.entry(ngram).or_insert_with(|| {
            new = true;
            Entry {
                count: 0,
                missed,
                documents: 0,
                words,
                last: 0,
            }
        });
        entry.count += count;
        entry.documents = entry
            .documents
            .saturating_add(u32::from(entry.last != document));
        entry.last = document;
        let documents = entry.documents;
        if new && self.entries.len() >= 2 * self.room {
            self.shrink();
        }
        documents
    }

    /// Adds what another sketch of the same room counted of other documents.
    pub fn merge(&mut self, other: &Heavy) {
        for (ngram, theirs) in &other.entries {
            let missed = self.missed;
            let mine = self.entries.entry(*ngram).or_insert(Entry {
                count: 0,
                missed,
                documents: 0,
                last: 0,
                ..*theirs
            });
            mine.count += theirs.count;
            mine.documents = mine.documents.saturating_add(theirs.documents);
            mine.missed += theirs.missed;
            // Both number their documents from 1.
            mine.last = 0;
        }
        for (ngram, mine) in &mut self.entries {
            if !other.entries.contains_key(ngram) {
                mine.missed += other.missed;
                mine.last = 0;
            }
        }
        self.missed += other.missed;
        self.counted += other.counted;
        if self.entries.len() >= 2 * self.room {
            self.shrink();
        }
    }

    /// Keeps the n-grams of the largest `count + missed`; of the same, those of the smaller hash.
    fn shrink(&mut self) {
        let rank = |(ngram, of): (&u64, &Entry)| (u64::MAX - (of.count + of.missed), *ngram);
        self.order.clear();
        self.order.extend(self.entries.iter().map(rank));
        let (_, &mut (first_out, _), _) = self.order.select_nth_unstable(self.room);
        for (_, ngram) in self.order.drain(self.room..) {
            self.entries.remove(&ngram);
        }
        self.missed = u64::MAX - first_out;
    }

    /// All that was counted.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Most occurrences of an n-gram that has no entry.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// What is known of an n-gram.
    pub fn get(&self, ngram: u64) -> Option<&Entry> {
        self.entries.get(&ngram)
    }

    /// Every n-gram of which something is known, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().map(|(ngram, entry)| (*ngram, entry))
    }
}
