//! What tells languages of one alphabet apart: sums of weights of hashed n-grams of letters.
//!
//! Every run of four letters (a space counts as one) and every whole word has a row of weights, one
//! for each language of the alphabet. A language's score is the sum over the text, divided by the
//! root of the number of n-grams; scores become probabilities by a scale for each length that is
//! looked at. Weights and sums are integers, so the answer is the same on every machine.

use prefetch_index::prefetch_index;
use wide::u32x4;

use super::file;
use super::letters::{Alphabet, Counts, Letters, SPACE, main_alphabet};

/// Units ([`super::letters`]) after which a text is judged, as long as it is not settled.
pub const LOOKS: [usize; 4] = [64, 160, 400, 1000];
/// Probability at which a look settles it.
pub const SETTLED: f64 = 0.98;
/// Most columns of an alphabet: one cache line.
pub const MOST_COLUMNS: usize = 64;
/// Probability of the only language of an alphabet.
pub const ONLY: f64 = 0.999;
/// Stands for a weight of 0: weights are kept from 0 on, so that they need no sign. It raises all
/// columns alike and drops out of every difference.
pub const BIAS: u8 = 32;
/// Largest kept weight: four of them fit in a byte.
pub const MOST_WEIGHT: u8 = 63;
/// Units scored before sixteen-bit sums are carried over: two n-grams each, [`MOST_WEIGHT`] at most.
const CHUNK: usize = 64;
/// Room for the rows of a chunk; a power of two.
const ROOM: usize = 2 * CHUNK;
/// Score differences beyond which a language adds nothing to a probability.
const FAR: f64 = 12.0;

/// The languages of an alphabet, and what tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The alphabet.
    pub alphabet: Alphabet,
    /// The language of each column, as its place among the model's codes; `None` for a column of
    /// text that the model answers null for.
    pub columns: Vec<Option<u16>>,
    /// Weights; `None` where there is one column alone.
    pub table: Option<Table>,
}

/// Weights of hashed n-grams.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Number of rows, as a power of two.
    pub rows_log2: u32,
    /// What a sum over the root of its number of n-grams is multiplied with, at each of [`LOOKS`].
    pub scales: [f64; LOOKS.len()],
    /// Row by row, [`width`] of the columns a row.
    pub weights: Weights,
}

/// Weights, each with [`BIAS`] added: 0 to [`MOST_WEIGHT`].
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(Vec<Line>);

/// As much as a processor fetches at once, where it can do so: a row is in one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
struct Line([u8; MOST_COLUMNS]);

impl Weights {
    /// Of `bytes`, which fill lines of [`MOST_COLUMNS`]; what fills none is left out.
    pub fn new(bytes: &[u8]) -> Weights {
        let (lines, _) = bytes.as_chunks();
        Weights(lines.iter().copied().map(Line).collect())
    }

    /// All of them, row by row.
    pub fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.iter().flat_map(|line| line.0)
    }

    /// The row at place `row`, all rows being of `width`, which is one of [`width`].
    pub fn of_row(&self, row: usize, width: usize) -> &[u8] {
        let in_line = MOST_COLUMNS / width;
        let from = row % in_line * width;
        &self.0[row / in_line].0[from..from + width]
    }

    /// The same for a width that the compiler knows; rows are counted round.
    #[inline(always)]
    fn row<const W: usize>(&self, row: u32) -> &[u8; W] {
        const { assert!(W.is_power_of_two() && W <= MOST_COLUMNS) };
        let in_line = MOST_COLUMNS / W;
        let row = row as usize;
        let line = &self.0[(row / in_line) & self.0.len().wrapping_sub(1)];
        &line.0.as_chunks().0[row % in_line]
    }
}

/// A model of which language a text is in.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageModel {
    codes: Vec<String>,
    parts: Vec<Part>,
    /// Place of each alphabet's part.
    by_alphabet: [Option<u8>; Alphabet::COUNT],
    digest: String,
}

/// Weights a row where there are `columns`: the next of 8, 16, 32 and 64.
pub fn width(columns: usize) -> usize {
    columns.next_power_of_two().clamp(8, MOST_COLUMNS)
}

/// What stands before the first unit.
pub const START: u64 = SPACE as u64;

/// The row of the four letters of `window` among `2^rows_log2`.
#[inline]
pub fn letters_row(window: u64, rows_log2: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - rows_log2)) as usize
}

/// The hash of a word that ends with `unit`, from that of the letters before, 0 at first.
#[inline]
pub fn word_hash(before: u64, unit: u16) -> u64 {
    (before.rotate_left(21) ^ u64::from(unit)).wrapping_mul(0xC4CE_B9FE_1A85_EC53)
}

/// The row of a whole word among `2^rows_log2`.
#[inline]
pub fn word_row(hash: u64, rows_log2: u32) -> usize {
    (hash.wrapping_mul(0xFF51_AFD7_ED55_8CCD) >> (64 - rows_log2)) as usize
}

/// The n-grams of a text so far: what the next unit continues.
#[derive(Debug, Clone, Copy)]
struct Reading {
    window: u64,
    word: u64,
    ngrams: u32,
}

impl Reading {
    const NEW: Reading = Reading {
        window: START,
        word: 0,
        ngrams: 0,
    };

    /// Puts the rows of the n-grams that `units`, at most [`CHUNK`], complete into `rows`; says how
    /// many they are.
    fn rows(&mut self, units: &[u16], log2: u32, rows: &mut [u32; ROOM]) -> usize {
        let mut count = 0;
        for &unit in units {
            self.window = (self.window << 16) | u64::from(unit);
            rows[count % ROOM] = letters_row(self.window, log2) as u32;
            count += 1;
            // Where words end cannot be foreseen: the row is written in any case, and counts if one does.
            rows[count % ROOM] = word_row(self.word, log2) as u32;
            let space = unit == SPACE;
            count += usize::from(space && self.word != 0);
            let longer = word_hash(self.word, unit);
            self.word = if space { 0 } else { longer };
        }
        self.ngrams += count as u32;
        count
    }
}

/// Sums of weights by column, each raised by [`BIAS`] an n-gram.
type Sums = [u32; MOST_COLUMNS];

/// Adds `rows`, at most [`ROOM`], to `sums`.
fn add<const W: usize>(table: &Table, rows: &[u32], sums: &mut Sums) {
    let of = |row: u32| table.weights.row::<W>(row);
    let (fours, rest) = rows.as_chunks::<4>();
    let mut part = [0u16; W];
    for four in fours {
        let [a, b, c, d] = four.map(of);
        let bytes: [u8; W] = std::array::from_fn(|i| a[i] + b[i] + c[i] + d[i]);
        for (sum, byte) in part.iter_mut().zip(bytes) {
            *sum += u16::from(byte);
        }
    }
    for &row in rest {
        for (sum, &weight) in part.iter_mut().zip(of(row)) {
            *sum += u16::from(weight);
        }
    }
    for (sum, part) in sums.iter_mut().zip(part) {
        *sum += u32::from(part);
    }
}

impl Table {
    fn add(&self, columns: usize, rows: &[u32], sums: &mut Sums) {
        match width(columns) {
            8 => add::<8>(self, rows, sums),
            16 => add::<16>(self, rows, sums),
            32 => add::<32>(self, rows, sums),
            _ => add::<64>(self, rows, sums),
        }
    }

    /// Has the weights of `rows` fetched into a near cache.
    fn fetch(&self, columns: usize, rows: &[u32]) {
        let in_line = MOST_COLUMNS / width(columns);
        for &row in rows {
            prefetch_index(&self.weights.0, row as usize / in_line);
        }
    }
}

/// e^-x for `x` from 0 to [`FAR`], to twelve digits: a series for the 256th root, and eight squares. It takes
/// every `x` the same way, so that the columns are worked on at once, and sums and products in one order, so
/// that it is the same on every machine.
fn faded(x: f64) -> f64 {
    /// 1 / n, for n from 7 down to 2.
    const INVERSE: [f64; 6] = [1. / 7., 1. / 6., 1. / 5., 1. / 4., 1. / 3., 1. / 2.];
    let root = -x / 256.0;
    let series = INVERSE
        .iter()
        .fold(1.0, |sum, inverse| 1.0 + root * inverse * sum);
    (0..8).fold(1.0 + root * series, |power, _| power * power)
}

/// Which columns have a sum of `least` or more, a bit each: which they are cannot be foreseen, so nothing branches
/// on one of them.
fn at_least(sums: &Sums, least: u32) -> u64 {
    let fours = sums.as_chunks::<4>().0.iter().zip((0..).step_by(4));
    fours.fold(0, |columns, (&four, first)| {
        let reached = u32x4::new(four).simd_ge(u32x4::splat(least));
        columns | u64::from(reached.to_bitmask()) << first
    })
}

/// What a text is judged to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Place of the language among the model's codes; `None` for text of no language of the model.
    pub language: Option<u16>,
    /// Probability of that.
    pub probability: f64,
    /// More text would hardly change it.
    pub settled: bool,
}

/// A text that is being judged: its units so far, scored by the part of its alphabet.
pub struct Judge<'m, 't> {
    model: &'m LanguageModel,
    /// Fewest letters for a verdict.
    least: u32,
    letters: Letters<'t>,
    counts: Counts,
    units: [u16; LOOKS[LOOKS.len() - 1]],
    filled: usize,
    /// Units whose rows were found.
    taken: usize,
    part: Option<&'m Part>,
    reading: Reading,
    sums: Sums,
    /// The first `ready` are not in the sums yet.
    rows: [u32; ROOM],
    ready: usize,
}

impl<'m, 't> Judge<'m, 't> {
    fn new(model: &'m LanguageModel, text: &'t str, least: u32) -> Judge<'m, 't> {
        Judge {
            model,
            least,
            letters: Letters::new(text),
            counts: [0; _],
            units: [0; _],
            filled: 0,
            taken: 0,
            part: None,
            reading: Reading::NEW,
            sums: [0; _],
            rows: [0; _],
            ready: 0,
        }
    }

    /// Reads as far as a look goes; gives the part of the alphabet that the text is in until there.
    fn read(&mut self, look: usize) -> Option<&'m Part> {
        let room = &mut self.units[self.filled..LOOKS[look]];
        self.filled += self.letters.read(room, &mut self.counts);
        let (alphabet, of_it, all) = main_alphabet(&self.counts);
        let enough = all >= self.least && of_it * 2 >= all;
        let part = enough.then(|| self.model.part(alphabet)).flatten()?;
        if (self.part).is_none_or(|before| before.alphabet != part.alphabet) {
            self.part = Some(part);
            (self.taken, self.ready) = (0, 0);
            (self.reading, self.sums) = (Reading::NEW, [0; _]);
        }
        Some(part)
    }

    /// Finds the rows of the next units, and has them fetched.
    fn fetch(&mut self, part: &Part, table: &Table) {
        let until = self.filled.min(self.taken + CHUNK);
        let units = &self.units[self.taken..until];
        self.ready = self.reading.rows(units, table.rows_log2, &mut self.rows);
        self.taken = until;
        table.fetch(part.columns.len(), &self.rows[..self.ready]);
    }

    /// Judges what is read, which is in the alphabet of `part`.
    fn look(&mut self, part: &Part, look: usize) -> Verdict {
        let Some(table) = &part.table else {
            return Verdict {
                language: part.columns[0],
                probability: ONLY,
                settled: true,
            };
        };
        loop {
            table.add(part.columns.len(), &self.rows[..self.ready], &mut self.sums);
            self.ready = 0;
            if self.taken == self.filled {
                return part.verdict(table, &self.sums, self.reading.ngrams, look);
            }
            self.fetch(part, table);
        }
    }

    /// What the text is judged to be: `None` where fewer than `least` of its letters, or fewer than half,
    /// are of one alphabet that the model knows. The text is read on as far as that needs.
    pub fn verdict(mut self) -> Option<Verdict> {
        let mut part = self.part;
        let mut verdict = None;
        for (look, until) in LOOKS.into_iter().enumerate() {
            if look > 0 {
                part = self.read(look);
            }
            verdict = part.map(|part| self.look(part, look));
            let ended = self.filled < until;
            if ended || verdict.is_some_and(|verdict| verdict.settled) {
                break;
            }
        }
        verdict
    }
}

impl Part {
    fn verdict(&self, table: &Table, sums: &Sums, ngrams: u32, look: usize) -> Verdict {
        let most = sums[..self.columns.len()]
            .iter()
            .copied()
            .max()
            .unwrap_or(0);
        // Rows may have more weights than there are columns: sums of nothing, which are left out.
        let columns = u64::MAX >> (MOST_COLUMNS - self.columns.len());
        // The first of equals.
        let best = (at_least(sums, most) & columns).trailing_zeros() as usize;
        let scale = table.scales[look] / f64::from(ngrams.max(1)).sqrt();
        let far = (FAR / scale) as u32;
        let mut near = at_least(sums, most.saturating_sub(far)) & columns;
        let (mut behind, count) = ([0; MOST_COLUMNS], near.count_ones() as usize);
        for behind in &mut behind[..count] {
            *behind = most - sums[near.trailing_zeros() as usize];
            near &= near.wrapping_sub(1);
        }
        let odds = behind[..count]
            .iter()
            .map(|&behind| faded(f64::from(behind) * scale));
        // The best one is among them.
        let probability = 1.0 / odds.sum::<f64>();
        let language = self.columns[best];
        Verdict {
            language,
            probability,
            // Code or names before the prose do not speak for all of it.
            settled: language.is_some() && probability >= SETTLED,
        }
    }
}

impl LanguageModel {
    /// A model of `parts`, no alphabet in two of them, whose columns name `codes` by their place.
    pub fn new(codes: Vec<String>, parts: Vec<Part>) -> LanguageModel {
        let mut model = LanguageModel::sealed(codes, parts, String::new());
        model.digest = file::digest(&model);
        model
    }

    /// [`LanguageModel::new`] of a file with this digest.
    pub(super) fn sealed(codes: Vec<String>, parts: Vec<Part>, digest: String) -> LanguageModel {
        let mut by_alphabet = [None; Alphabet::COUNT];
        for (place, part) in parts.iter().enumerate() {
            by_alphabet[part.alphabet as usize] = Some(place as u8);
        }
        LanguageModel {
            codes,
            parts,
            by_alphabet,
            digest,
        }
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// The bytes are no model, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<LanguageModel, file::LanguageModelError> {
        file::read(bytes)
    }

    /// The model as a file's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(self)
    }

    /// BLAKE3 of the model file's content, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The languages, ISO 639 codes, sorted.
    pub fn codes(&self) -> &[String] {
        &self.codes
    }

    /// What the model has of each alphabet.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn part(&self, alphabet: Alphabet) -> Option<&Part> {
        let place = self.by_alphabet[alphabet as usize]?;
        self.parts.get(usize::from(place))
    }

    /// Begins to judge a text, which is unmasked and has at least `least` letters if there is to be a verdict.
    ///
    /// Its first units are read, and their weights are on the way from memory: what is done before
    /// [`Judge::verdict`] hides the wait for them.
    pub fn judge<'t>(&self, text: &'t str, least: u32) -> Judge<'_, 't> {
        let mut judge = Judge::new(self, text, least);
        if let Some(part) = judge.read(0)
            && let Some(table) = &part.table
        {
            judge.fetch(part, table);
        }
        judge
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_that_reach_a_sum_are_those_of_a_loop(
            sums in prop::collection::vec(prop_oneof![0u32..9, any::<u32>()], MOST_COLUMNS),
            least in prop_oneof![0u32..10, any::<u32>()],
        ) {
            let sums: Sums = sums.try_into().unwrap();
            let columns = at_least(&sums, least);
            for (column, sum) in sums.into_iter().enumerate() {
                prop_assert_eq!(columns >> column & 1 == 1, sum >= least);
            }
        }
    }

    #[test]
    fn of_equal_columns_the_first_is_the_answer_and_padding_none() {
        let table = Table {
            rows_log2: 0,
            scales: [1.0; LOOKS.len()],
            weights: Weights::new(&[0; MOST_COLUMNS]),
        };
        let part = Part {
            alphabet: Alphabet::Latin,
            columns: (0..5).map(Some).collect(),
            table: None,
        };
        let mut sums = [900; MOST_COLUMNS];
        sums[..5].copy_from_slice(&[3, 700, 0, 700, 700]);
        let verdict = part.verdict(&table, &sums, 1, 0);
        assert_eq!(verdict.language, Some(1));
        assert!((verdict.probability - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_fades_is_the_exponential_to_twelve_digits() {
        for step in 0..=12_000 {
            let x = FAR * f64::from(step) / 12_000.0;
            let (found, expected) = (faded(x), libm::exp(-x));
            assert!((found / expected - 1.0).abs() < 1e-12, "{x}: {found}");
        }
    }
}
