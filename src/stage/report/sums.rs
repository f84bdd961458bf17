//! What one pass over the score rows counts for the report, in sums that do not depend on order.

use std::collections::BTreeMap;

use crate::document::OriginBy;
use crate::mix::{BandedMean, Judgement};
use crate::provenance::lineage;
use crate::report::generations::{GenerationAmount, LanguageGeneration};
use crate::report::{Change, Means, Origins};
use crate::score::measure::Measure;
use crate::score::row::ScoreRow;
use crate::stage::plan::sweep::Sum;

/// Measures of lexical diversity.
pub(in crate::stage) const DIVERSITY: [Measure; 6] = [
    Measure::Ttr,
    Measure::Mattr,
    Measure::Mtld,
    Measure::Hdd,
    Measure::HapaxRatio,
    Measure::WordEntropy,
];

/// Measures of repetition and over-concentration.
pub(in crate::stage) const CONCENTRATION: [Measure; 7] = [
    Measure::LogImportance,
    Measure::DupLineFrac,
    Measure::DupParaFrac,
    Measure::Top2GramCharFrac,
    Measure::Top4GramCharFrac,
    Measure::Dup5GramCharFrac,
    Measure::Dup10GramCharFrac,
];

/// What is counted of one group of rows.
#[derive(Default)]
pub(in crate::stage) struct Group {
    before: u64,
    after: u64,
    kept: u64,
    documents_before: u64,
    documents_after: u64,
    unverified: u64,
    uncertain: u64,
}

impl Group {
    fn add(&mut self, judged: &Judgement, copies: u64) {
        self.before += judged.count;
        self.after += judged.count * copies;
        self.kept += if copies > 0 { judged.count } else { 0 };
        self.documents_before += 1;
        self.documents_after += copies;
        self.unverified += u64::from(judged.unverified);
        self.uncertain += u64::from(judged.uncertain);
    }

    fn merge(&mut self, more: &Group) {
        self.before += more.before;
        self.after += more.after;
        self.kept += more.kept;
        self.documents_before += more.documents_before;
        self.documents_after += more.documents_after;
        self.unverified += more.unverified;
        self.uncertain += more.uncertain;
    }

    pub(in crate::stage) fn change(&self) -> Change {
        Change {
            before: self.before,
            after: self.after,
            retention: (self.before > 0).then(|| self.kept as f64 / self.before as f64),
            documents_before: self.documents_before,
            documents_after: self.documents_after,
            unverified: self.unverified,
            uncertain: self.uncertain,
        }
    }
}

/// Everything that one pass over the score rows counts.
#[derive(Default)]
pub(in crate::stage) struct Sums {
    pub(in crate::stage) origins: Origins,
    pub(in crate::stage) by_source: BTreeMap<String, Group>,
    pub(in crate::stage) by_lang: BTreeMap<String, Group>,
    pub(in crate::stage) by_stratum: BTreeMap<String, Group>,
    by_generation: BTreeMap<String, BTreeMap<Option<u32>, GenerationAmount>>,
    measures: BTreeMap<&'static str, BandedMean>,
}

impl Sum for Sums {
    fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.origins, other.origins);
        mine.uncertain += theirs.uncertain;
        mine.unverified += theirs.unverified;
        for (mine, theirs) in [
            (&mut mine.declared, theirs.declared),
            (&mut mine.assigned, theirs.assigned),
            (&mut mine.abstained, theirs.abstained),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        for (mine, theirs) in [
            (&mut self.by_source, other.by_source),
            (&mut self.by_lang, other.by_lang),
            (&mut self.by_stratum, other.by_stratum),
        ] {
            for (name, more) in theirs {
                mine.entry(name).or_default().merge(&more);
            }
        }
        for (lang, generations) in other.by_generation {
            let mine = self.by_generation.entry(lang).or_default();
            for (generation, more) in generations {
                mine.entry(generation).or_default().add(&more);
            }
        }
        for (name, more) in other.measures {
            self.measures.entry(name).or_default().merge(&more);
        }
    }
}

impl Sums {
    pub(in crate::stage) fn add(
        &mut self,
        source: &str,
        row: &ScoreRow,
        judged: &Judgement,
        (plain, variants): (u32, u32),
    ) {
        let copies = u64::from(plain + variants);
        self.origin(row, judged);
        let lang = row.lang.as_deref().unwrap_or("null");
        self.generation(lang, row, judged, (plain, variants));
        let stratum = match judged.stratum.as_str() {
            "" => judged.origin.name().to_owned(),
            stratum => format!("{},{stratum}", judged.origin.name()),
        };
        for (groups, name) in [
            (&mut self.by_source, source),
            (&mut self.by_lang, lang),
            (&mut self.by_stratum, &stratum),
        ] {
            match groups.get_mut(name) {
                Some(group) => group.add(judged, copies),
                None => groups
                    .entry(name.to_owned())
                    .or_default()
                    .add(judged, copies),
            }
        }
        for measure in DIVERSITY.iter().chain(&CONCENTRATION) {
            if let Some(value) = row.measures.get(*measure) {
                let mean = self.measures.entry(measure.name()).or_default();
                mean.add(row.words, value, copies);
            }
        }
    }

    fn generation(
        &mut self,
        lang: &str,
        row: &ScoreRow,
        judged: &Judgement,
        (plain, variants): (u32, u32),
    ) {
        if !self.by_generation.contains_key(lang) {
            self.by_generation.insert(lang.to_owned(), BTreeMap::new());
        }
        let Some(generations) = self.by_generation.get_mut(lang) else {
            return;
        };
        let unsure = judged.uncertain || judged.unverified;
        let generation = (!unsure).then(|| lineage::generation(judged.origin, row.generation));
        for (generation, before, copies) in [
            (generation, 1, plain),
            (generation.map(|own| own.saturating_add(1)), 0, variants),
        ] {
            if before > 0 || copies > 0 {
                let amount = generations.entry(generation).or_default();
                amount.add(&GenerationAmount {
                    documents_before: before,
                    words_before: before * row.words,
                    documents_after: u64::from(copies),
                    words_after: u64::from(copies) * row.words,
                });
            }
        }
    }

    pub(in crate::stage) fn languages_by_generation(&self) -> Vec<LanguageGeneration> {
        let languages = self.by_generation.iter();
        let line = |lang: &String, generation: &Option<u32>, amount: &GenerationAmount| {
            LanguageGeneration {
                lang: lang.clone(),
                generation: *generation,
                amount: *amount,
            }
        };
        languages
            .flat_map(|(lang, of)| of.iter().map(move |(g, amount)| line(lang, g, amount)))
            .collect()
    }

    fn origin(&mut self, row: &ScoreRow, judged: &Judgement) {
        let name = || judged.origin.name().to_owned();
        if judged.uncertain {
            self.origins.uncertain += 1;
        } else if judged.unverified {
            self.origins.unverified += 1;
            let why = row.abstain.as_deref().unwrap_or("unknown").to_owned();
            *self.origins.abstained.entry(why).or_default() += 1;
        } else if judged.origin_by == OriginBy::Classifier {
            *self.origins.assigned.entry(name()).or_default() += 1;
        } else {
            *self.origins.declared.entry(name()).or_default() += 1;
        }
    }

    pub(in crate::stage) fn means(&self, of: &[Measure]) -> Means {
        let mut means = Means::default();
        for measure in of {
            let name = measure.name();
            let mean = self.measures.get(name);
            let [before, after] = mean.map_or([None; 2], BandedMean::plain);
            means.before.insert(name.to_owned(), before);
            means.after.insert(name.to_owned(), after);
            let same = mean.and_then(BandedMean::means);
            means.same_lengths.insert(name.to_owned(), same);
        }
        means
    }
}
