//! Generations: what a corpus has of each, what their text is like, and where that is going.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::score::generations::CollapseMetrics;
use crate::score::measure::quantised;

/// Collapse metrics of one generation of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationLine {
    /// The source.
    pub source: String,
    /// The generation; null where nothing is declared.
    pub generation: Option<u32>,
    /// The metrics.
    #[serde(flatten)]
    pub metrics: CollapseMetrics,
    /// True if they are of a sample, not of the whole source.
    pub sampled: bool,
}

/// How much of a language is of one generation, over all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LanguageGeneration {
    /// The language; `null` as text where none was found.
    pub lang: String,
    /// The generation, a lower bound where the classifier assigned the origin; null for uncertain and
    /// unverified documents.
    pub generation: Option<u32>,
    /// What there is.
    #[serde(flatten)]
    pub amount: GenerationAmount,
}

/// Documents and words, before the plan and as it takes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationAmount {
    /// Documents that could be read.
    pub documents_before: u64,
    /// Their words.
    pub words_before: u64,
    /// Documents that the plan takes, copies counted; variants as of the next generation.
    pub documents_after: u64,
    /// Their words; of a variant, its original's.
    pub words_after: u64,
}

impl GenerationAmount {
    /// Adds another amount.
    pub fn add(&mut self, more: &GenerationAmount) {
        self.documents_before += more.documents_before;
        self.words_before += more.words_before;
        self.documents_after += more.documents_after;
        self.words_after += more.words_after;
    }
}

/// Where one metric goes from generation to generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// The source; null for all together.
    pub source: Option<String>,
    /// The metric: those that do not depend on how much text there is, and `avg_length`.
    pub metric: String,
    /// Change of the metric for each generation: least squares over the generations' means, each weighted by its
    /// documents.
    pub slope: f64,
    /// The generations, rising.
    pub points: Vec<TrendPoint>,
}

/// One generation of a trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// The generation.
    pub generation: u32,
    /// Documents that were measured.
    pub documents: u64,
    /// The metric; of several sources the mean, each weighted by its documents.
    pub value: f64,
    /// `value` over that of generation 0; null without one, or where that is 0.
    pub of_first: Option<f64>,
}

/// A metric's value in a line, if it has one.
type Metric = fn(&CollapseMetrics) -> Option<f64>;

const METRICS: [(&str, Metric); 6] = [
    ("unique_tokens", |of| {
        Some(of.at_10000_tokens?.unique_tokens)
    }),
    ("entropy", |of| Some(of.at_10000_tokens?.entropy)),
    ("hapax_ratio", |of| Some(of.at_10000_tokens?.hapax_ratio)),
    ("self_similarity", |of| Some(of.self_similarity?.mean)),
    ("length_variance", |of| of.length_variance),
    ("avg_length", |of| of.avg_length),
];

/// The trends of each source with two generations or more, and of all sources together.
pub fn trends(lines: &[GenerationLine]) -> Vec<Trend> {
    let mut sources: Vec<Option<&str>> = Vec::new();
    for line in lines {
        let source = Some(line.source.as_str());
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.push(None);
    let mut trends = Vec::new();
    for source in sources {
        let of = |line: &&GenerationLine| source.is_none_or(|source| source == line.source);
        let lines: Vec<&GenerationLine> = lines.iter().filter(of).collect();
        trends.extend(METRICS.iter().filter_map(|(metric, value)| {
            let points = points(&lines, *value);
            Some(Trend {
                source: source.map(str::to_owned),
                metric: (*metric).to_owned(),
                slope: slope(&points)?,
                points,
            })
        }));
    }
    trends
}

fn points(lines: &[&GenerationLine], value: Metric) -> Vec<TrendPoint> {
    let mut sums: BTreeMap<u32, (u64, f64)> = BTreeMap::new();
    for line in lines {
        if let (Some(generation), Some(value)) = (line.generation, value(&line.metrics)) {
            let (documents, sum) = sums.entry(generation).or_default();
            *documents += line.metrics.documents;
            *sum += value * line.metrics.documents as f64;
        }
    }
    let mean = |(documents, sum): &(u64, f64)| *sum / (*documents).max(1) as f64;
    let first = sums.get(&0).map(mean).filter(|first| *first != 0.0);
    sums.iter()
        .map(|(generation, of)| TrendPoint {
            generation: *generation,
            documents: of.0,
            value: quantised(mean(of)).unwrap_or_default(),
            of_first: first.and_then(|first| quantised(mean(of) / first)),
        })
        .collect()
}

/// Weighted least squares; `None` under two generations.
fn slope(points: &[TrendPoint]) -> Option<f64> {
    let mean = |value: &dyn Fn(&TrendPoint) -> f64| {
        let weighted: f64 = points.iter().map(|p| p.documents as f64 * value(p)).sum();
        weighted / points.iter().map(|p| p.documents as f64).sum::<f64>()
    };
    let x = |point: &TrendPoint| f64::from(point.generation);
    let (mean_x, mean_y) = (mean(&x), mean(&|point| point.value));
    let across = mean(&|point| (x(point) - mean_x) * (point.value - mean_y));
    let along = mean(&|point| (x(point) - mean_x) * (x(point) - mean_x));
    (points.len() >= 2 && along > 0.0).then(|| quantised(across / along))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::generations::TokenTally;

    fn line(source: &str, generation: Option<u32>, documents: u64, mean: f64) -> GenerationLine {
        GenerationLine {
            source: source.to_owned(),
            generation,
            metrics: CollapseMetrics {
                documents,
                avg_length: Some(mean),
                ..TokenTally::default().metrics()
            },
            sampled: false,
        }
    }

    #[test]
    fn trends_by_hand() {
        let lines = [
            line("a", Some(0), 10, 4.0),
            line("a", Some(1), 10, 6.0),
            line("a", None, 10, 99.0),
            line("b", Some(2), 20, 5.0),
            line("c", Some(1), 30, 2.0),
        ];
        let trends = trends(&lines);
        let told: Vec<_> = trends
            .iter()
            .map(|t| (t.source.as_deref(), t.metric.as_str(), t.slope))
            .collect();
        // All: 4 (10 documents), 3 (40), 5 (20). Mean generation 80/70, mean length 260/70.
        let (x, y) = (80.0 / 70.0, 260.0 / 70.0);
        let across = 10.0 * (0.0 - x) * (4.0 - y)
            + 40.0 * (1.0 - x) * (3.0 - y)
            + 20.0 * (2.0 - x) * (5.0 - y);
        let along = 10.0 * x * x + 40.0 * (1.0 - x) * (1.0 - x) + 20.0 * (2.0 - x) * (2.0 - x);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], (Some("a"), "avg_length", 2.0));
        assert_eq!((told[1].0, told[1].1), (None, "avg_length"));
        assert!((told[1].2 - across / along).abs() < 1e-9);
        let of_first: Vec<_> = trends[1].points.iter().map(|p| p.of_first).collect();
        assert_eq!(of_first, [Some(1.0), Some(0.75), Some(1.25)]);
    }
}
