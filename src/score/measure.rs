//! The table of measures: what the scorers measure of a text, each named in this one place.
//!
//! A measure is a finite number or null. Values are cut to multiples of 2^-40, so that a last bit
//! that differs between two ways of summing never reaches a file.

use std::fmt;

/// One measure of a document's text; the discriminant is its place in [`Measures`] and in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "the meaning of each stands in `SPECS`, which is public"
)]
pub enum Measure {
    DupLineFrac,
    DupLineCharFrac,
    DupParaFrac,
    DupParaCharFrac,
    Top2GramCharFrac,
    Top3GramCharFrac,
    Top4GramCharFrac,
    Dup5GramCharFrac,
    Dup6GramCharFrac,
    Dup7GramCharFrac,
    Dup8GramCharFrac,
    Dup9GramCharFrac,
    Dup10GramCharFrac,
    MeanWordLength,
    SymbolWordRatio,
    BulletLineFrac,
    EllipsisLineFrac,
    AlphaWordFrac,
    StopWords,
    NonSymbolWords,
    LineEndPunctFrac,
    ShortLineFrac,
    CharDupRatio,
    NewlineWordRatio,
    MeanSentenceLength,
    SdSentenceLength,
    Ttr,
    Mattr,
    Mtld,
    Hdd,
    HapaxRatio,
    WordEntropy,
    LogImportance,
    Nll,
    Novelty,
}

/// What is fixed about a measure.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The measure.
    pub measure: Measure,
    /// The public name: the column of the score row, and what filters and weights call it.
    pub name: &'static str,
    /// The unit of the value.
    pub unit: &'static str,
    /// Whether a readable text may have no value; the scorer's module says when.
    pub nullable: bool,
    /// What is measured, in a line.
    pub meaning: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
}

const GOPHER: &str = "Rae et al. 2021, arXiv 2112.11446, Table A1";
const GOPHER_QUALITY: &str = "Rae et al. 2021, arXiv 2112.11446, appendix A.1.1";
const FINEWEB: &str = "Penedo et al. 2024, arXiv 2406.17557, section 3.6";

const fn always(
    measure: Measure,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    source: &'static str,
) -> Spec {
    Spec {
        measure,
        name,
        unit,
        nullable: false,
        meaning,
        source,
    }
}

const fn sometimes(
    measure: Measure,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    source: &'static str,
) -> Spec {
    Spec {
        measure,
        name,
        unit,
        nullable: true,
        meaning,
        source,
    }
}

/// Every measure, in the order of the columns.
#[rustfmt::skip]
pub const SPECS: [Spec; Measure::COUNT] = [
    always(Measure::DupLineFrac, "dup_line_frac", "share of lines", "lines that repeat an earlier line", GOPHER),
    always(Measure::DupLineCharFrac, "dup_line_char_frac", "share of characters", "characters in lines that repeat an earlier line", GOPHER),
    always(Measure::DupParaFrac, "dup_para_frac", "share of paragraphs", "paragraphs that repeat an earlier paragraph", GOPHER),
    always(Measure::DupParaCharFrac, "dup_para_char_frac", "share of characters", "characters in paragraphs that repeat an earlier paragraph", GOPHER),
    always(Measure::Top2GramCharFrac, "top_2_gram_char_frac", "share of characters", "characters covered by the most frequent word 2-gram", GOPHER),
    always(Measure::Top3GramCharFrac, "top_3_gram_char_frac", "share of characters", "characters covered by the most frequent word 3-gram", GOPHER),
    always(Measure::Top4GramCharFrac, "top_4_gram_char_frac", "share of characters", "characters covered by the most frequent word 4-gram", GOPHER),
    always(Measure::Dup5GramCharFrac, "dup_5_gram_char_frac", "share of characters", "characters in word 5-grams seen before", GOPHER),
    always(Measure::Dup6GramCharFrac, "dup_6_gram_char_frac", "share of characters", "characters in word 6-grams seen before", GOPHER),
    always(Measure::Dup7GramCharFrac, "dup_7_gram_char_frac", "share of characters", "characters in word 7-grams seen before", GOPHER),
    always(Measure::Dup8GramCharFrac, "dup_8_gram_char_frac", "share of characters", "characters in word 8-grams seen before", GOPHER),
    always(Measure::Dup9GramCharFrac, "dup_9_gram_char_frac", "share of characters", "characters in word 9-grams seen before", GOPHER),
    always(Measure::Dup10GramCharFrac, "dup_10_gram_char_frac", "share of characters", "characters in word 10-grams seen before", GOPHER),
    always(Measure::MeanWordLength, "mean_word_length", "characters", "mean length of a word", GOPHER_QUALITY),
    always(Measure::SymbolWordRatio, "symbol_word_ratio", "signs per word", "hash signs or ellipses, whichever are more, per word", GOPHER_QUALITY),
    always(Measure::BulletLineFrac, "bullet_line_frac", "share of lines", "lines that begin with a bullet", GOPHER_QUALITY),
    always(Measure::EllipsisLineFrac, "ellipsis_line_frac", "share of lines", "lines that end with an ellipsis", GOPHER_QUALITY),
    always(Measure::AlphaWordFrac, "alpha_word_frac", "share of words", "words with at least one letter", GOPHER_QUALITY),
    always(Measure::StopWords, "stop_words", "distinct words", "how many of the, be, to, of, and, that, have, with occur", GOPHER_QUALITY),
    sometimes(Measure::NonSymbolWords, "non_symbol_words", "words", "under `compat`: words that are more than signs; null without", GOPHER_QUALITY),
    always(Measure::LineEndPunctFrac, "line_end_punct_frac", "share of lines", "lines that end with sentence punctuation", FINEWEB),
    always(Measure::ShortLineFrac, "short_line_frac", "share of lines", "lines of at most 30 characters", FINEWEB),
    always(Measure::CharDupRatio, "char_dup_ratio", "share of characters", "characters in lines that repeat an earlier line, line ends not counted", FINEWEB),
    always(Measure::NewlineWordRatio, "newline_word_ratio", "line ends per word", "line ends per word", FINEWEB),
    sometimes(Measure::MeanSentenceLength, "mean_sentence_length", "words", "mean length of a sentence", "own"),
    sometimes(Measure::SdSentenceLength, "sd_sentence_length", "words", "population standard deviation of sentence lengths", "own"),
    sometimes(Measure::Ttr, "ttr", "share of words", "distinct words per word", "Templin 1957"),
    sometimes(Measure::Mattr, "mattr", "share of words", "mean type-token ratio over all windows of 50 words", "Covington and McFall 2010, doi 10.1080/09296171003643098"),
    sometimes(Measure::Mtld, "mtld", "words", "mean length of word strings that keep a type-token ratio above 0.72", "McCarthy and Jarvis 2010, doi 10.3758/BRM.42.2.381"),
    sometimes(Measure::Hdd, "hdd", "share of words", "expected type-token ratio of 42 words drawn without replacement", "McCarthy and Jarvis 2010, doi 10.3758/BRM.42.2.381"),
    sometimes(Measure::HapaxRatio, "hapax_ratio", "share of distinct words", "distinct words that occur once", "own"),
    sometimes(Measure::WordEntropy, "word_entropy", "bits per word", "Shannon entropy of the word frequencies", "Shannon 1948"),
    sometimes(Measure::LogImportance, "log_importance", "nats per n-gram", "mean log ratio of human-reference to source probability of hashed word 1- and 2-grams", "Xie et al. 2023, arXiv 2302.03169"),
    sometimes(Measure::Nll, "nll", "bits per token", "mean surprise of the prior over the tokens that it knows; null unless score.nll is on", "own"),
    sometimes(Measure::Novelty, "novelty", "share of tokens", "tokens that the prior does not list after the one before them; null unless score.nll is on", "own"),
];

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = Measure::Novelty as usize + 1;

    /// All measures, in the order of the columns.
    pub fn all() -> impl Iterator<Item = Measure> {
        SPECS.iter().map(|spec| spec.measure)
    }

    /// What is fixed about this measure.
    pub fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The public name.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The measure of this public name.
    pub fn named(name: &str) -> Option<Measure> {
        Measure::all().find(|measure| measure.name() == name)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The values of one document, null where there is none; all null to begin with.
#[derive(Clone, Copy)]
pub struct Measures([f64; Measure::COUNT]);

impl Measures {
    /// The value of `measure`: finite, or null.
    pub fn get(&self, measure: Measure) -> Option<f64> {
        let value = self.0[measure as usize];
        (!value.is_nan()).then_some(value)
    }

    /// Sets `measure` to `value`, quantised; what is not finite becomes null.
    pub fn set(&mut self, measure: Measure, value: impl Into<Option<f64>>) {
        self.0[measure as usize] = value.into().and_then(quantised).unwrap_or(f64::NAN);
    }
}

impl Default for Measures {
    fn default() -> Self {
        Measures([f64::NAN; Measure::COUNT])
    }
}

impl PartialEq for Measures {
    fn eq(&self, other: &Self) -> bool {
        Measure::all().all(|measure| self.get(measure) == other.get(measure))
    }
}

impl fmt::Debug for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(Measure::all().map(|measure| (measure.name(), self.get(measure))))
            .finish()
    }
}

/// `value` as the nearest multiple of 2^-40 (ties to even, no negative zero); `None` if not finite.
pub fn quantised(value: f64) -> Option<f64> {
    const STEP: f64 = (1u64 << 40) as f64;
    /// From here on a double has no digits behind the point, so a sum with it is rounded to even.
    const WHOLE: f64 = (1u64 << 52) as f64;
    // Above 2^12 a double is spaced wider than the step, and is one of its multiples already.
    if value.abs() >= 4096.0 {
        return value.is_finite().then_some(value);
    }
    if value.is_nan() {
        return None;
    }
    let whole = WHOLE.copysign(value);
    let scaled = (value * STEP + whole) - whole;
    Some(scaled / STEP + 0.0)
}

/// `part / whole` as a double, 0 where `whole` is 0.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn table_is_in_the_order_of_the_enum_and_names_are_distinct() {
        for (place, spec) in SPECS.iter().enumerate() {
            assert_eq!(spec.measure as usize, place);
            assert_eq!(Measure::named(spec.name), Some(spec.measure));
        }
    }

    #[test]
    fn what_is_not_finite_is_null() {
        let mut measures = Measures::default();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            measures.set(Measure::Ttr, bad);
            assert_eq!(measures.get(Measure::Ttr), None);
        }
        measures.set(Measure::Ttr, 0.5);
        assert_eq!(measures.get(Measure::Ttr), Some(0.5));
        measures.set(Measure::Ttr, None);
        assert_eq!(measures, Measures::default());
    }

    proptest! {
        #[test]
        fn quantising_rounds_ties_to_even(value in prop_oneof![-5e3f64..5e3, -1e-9f64..1e-9, Just(-0.0)]) {
            let step = (1u64 << 40) as f64;
            let plain = (value * step).round_ties_even() / step + 0.0;
            prop_assert_eq!(quantised(value).map(f64::to_bits), Some(plain.to_bits()));
        }

        #[test]
        fn quantising_is_near_and_idempotent(value in -1e6f64..1e6) {
            let once = quantised(value).unwrap();
            prop_assert!((once - value).abs() <= 0.5f64.powi(41));
            prop_assert_eq!(quantised(once), Some(once));
        }
    }
}
