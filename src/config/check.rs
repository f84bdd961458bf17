//! Values in range, keys that do not conflict: everything that can be said without reading data.

use std::collections::BTreeSet;

use super::rules::{MeanGate, Rule};
use super::schema::{Config, Source, Unit, Unverified, Weight};
use crate::document::{Origin, iso_day};

/// Every fault of the values of a configuration, each with its key; empty if there is none.
pub fn check(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    sources(config, &mut faults);
    mix(config, &mut faults);
    ranges(config, &mut faults);
    unmeasured(config, &mut faults);
    for (i, rule) in config.filters.rule.iter().enumerate() {
        filter_rule(&format!("filters.rule[{i}]"), rule, &mut faults);
    }
    models(config, &mut faults);
    faults
}

fn sources(config: &Config, faults: &mut Vec<String>) {
    if config.source.is_empty() {
        faults.push("no source: name at least one with `[[source]]`".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (i, source) in config.source.iter().enumerate() {
        let key = format!("source[{i}]");
        if !is_plain_name(&source.name) {
            faults.push(format!(
                "`{key}.name` is `{}`: use letters, digits, `-`, `_` and `.`, not beginning with `.`",
                source.name
            ));
        }
        if !seen.insert(source.name.to_lowercase()) {
            faults.push(format!(
                "`{key}.name` is `{}`, which another source has already (case does not count)",
                source.name
            ));
        }
        if source.paths.is_empty() {
            faults.push(format!(
                "`{key}.paths` is empty: name files, folders or globs"
            ));
        }
        if source.text.column() == Some(&source.id) {
            faults.push(format!("`{key}.text` and `{key}.id` are the same column"));
        }
        if source.text.begins_in("tamis") {
            faults.push(format!(
                "`{key}.text` is inside `tamis`, which is provenance: name another column"
            ));
        }
        declared(&key, source, faults);
        if config.mix.unit == Unit::Tokens && source.tokens_column.is_none() {
            faults.push(format!(
                "`mix.unit = \"tokens\"` needs `{key}.tokens_column`, a column with the token count"
            ));
        }
    }
}

fn declared(key: &str, source: &Source, faults: &mut Vec<String>) {
    if let Some(lang) = &source.lang
        && (lang.is_empty() || !lang.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    {
        faults.push(format!(
            "`{key}.lang` is `{lang}`: use an ISO 639-1 code such as `en`"
        ));
    }
    if let Some(label) = &source.label
        && label.human.is_empty()
        && label.synthetic.is_empty()
        && label.semi_synthetic.is_empty()
    {
        faults.push(format!(
            "`{key}.label` names no value: give `human`, `synthetic` or `semi_synthetic` lists"
        ));
    }
    if let Some(sample) = &source.sample
        && (sample.human.is_empty() || sample.synthetic.is_empty())
    {
        faults.push(format!(
            "`{key}.sample` needs both lists, `human` and `synthetic`: documents with other values are not in the sample"
        ));
    }
    if let Some(sample) = &source.sample
        && let Some(both) = sample
            .human
            .iter()
            .find(|value| sample.synthetic.contains(value))
    {
        faults.push(format!(
            "`{key}.sample` has `{both}` in both lists: a document is one or the other"
        ));
    }
    if let Some(date) = &source.date {
        if iso_day(&date.before).is_none() {
            faults.push(format!(
                "`{key}.date.before` is `{}`: use YYYY-MM-DD",
                date.before
            ));
        }
        if date.origin == Origin::Unknown {
            faults.push(format!(
                "`{key}.date.origin` is `unknown`, which declares nothing"
            ));
        }
    }
}

fn mix(config: &Config, faults: &mut Vec<String>) {
    let mix = &config.mix;
    let parts = [
        ("mix.human", mix.human),
        ("mix.semi_synthetic", mix.semi_synthetic),
        ("mix.synthetic", mix.synthetic),
        ("mix.unverified", mix.unverified),
    ];
    for (key, part) in parts {
        if !(part.is_finite() && part >= 0.0) {
            faults.push(format!("`{key}` is {part}: a part is 0 or more"));
        }
    }
    let sum: f64 = parts.iter().map(|(_, part)| part).sum();
    if sum.is_infinite() && parts.iter().all(|(_, part)| part.is_finite()) {
        faults.push("`mix` has parts whose sum is beyond all numbers: use smaller ones".to_owned());
    }
    if sum <= 0.0 && sum.is_finite() {
        faults.push(
            "`mix` asks for nothing: give parts, such as human = 70, semi_synthetic = 15, synthetic = 15"
                .to_owned(),
        );
    }
    if mix.unverified > 0.0 && config.assign.unverified != Unverified::Own {
        faults.push("`mix.unverified` needs `assign.unverified = \"own\"`".to_owned());
    }
    for (key, value) in [("seed", Some(config.seed)), ("mix.total", mix.total)] {
        if value.is_some_and(|value| i64::try_from(value).is_err()) {
            faults.push(format!("`{key}` is too large: at most {}", i64::MAX));
        }
    }
    if mix.total == Some(0) {
        faults.push("`mix.total` is 0: leave it out for the largest mix without copies".to_owned());
    }
    if !(1..=100).contains(&mix.max_copies) {
        faults.push(format!(
            "`mix.max_copies` is {}: use 1 to 100",
            mix.max_copies
        ));
    }
    if config.edit.base == super::BaseMode::Both && mix.max_copies < 2 {
        faults.push(
            "`edit.base = \"both\"` needs `mix.max_copies` of 2 or more: a document is used as itself and as a variant"
                .to_owned(),
        );
    }
    if let Some(weight) = &mix.weight {
        self::weight(weight, faults);
    }
}

fn weight(weight: &Weight, faults: &mut Vec<String>) {
    in_range("mix.weight.power", weight.power, 0.0, 1000.0, faults);
    in_range("mix.weight.missing", weight.missing, 0.0, 65_536.0, faults);
    if weight.origins.contains(&Origin::Unknown) {
        faults.push("`mix.weight.origins` holds `unknown`, which is no part of a mix".to_owned());
    }
}

fn ranges(config: &Config, faults: &mut Vec<String>) {
    in_range("assign.fpr", config.assign.fpr, 1e-6, 0.5, faults);
    in_range(
        "assign.human_below",
        config.assign.human_below,
        0.0,
        1.0,
        faults,
    );
    in_range("edit.change", config.edit.change, 1e-6, 0.5, faults);
    if let Some(threshold) = config.edit.threshold {
        in_range("edit.threshold", threshold, 0.0, 1.0, faults);
    }
    in_range(
        "edit.top_k",
        f64::from(config.edit.top_k),
        1.0,
        1000.0,
        faults,
    );
    in_range(
        "edit.temperature",
        config.edit.temperature,
        0.01,
        100.0,
        faults,
    );
    in_range(
        "gates.max_synthetic",
        config.gates.max_synthetic,
        0.0,
        1.0,
        faults,
    );
    if let Some(least) = config.gates.min_retention {
        in_range("gates.min_retention", least, 0.0, 1.0, faults);
    }
    if let Some(largest) = config.gates.max_error_pp {
        in_range("gates.max_error_pp", largest, 0.0, 100.0, faults);
    }
    for (i, mean) in config.gates.mean.iter().enumerate() {
        mean_gate(&format!("gates.mean[{i}]"), mean, faults);
    }
    in_range(
        "limits.quarantine",
        config.limits.quarantine,
        0.0,
        1.0,
        faults,
    );
    let size = config.limits.max_document as f64;
    in_range(
        "limits.max_document",
        size,
        1.0,
        (1u64 << 30) as f64,
        faults,
    );
    let window = f64::from(config.limits.zstd_window_log);
    in_range("limits.zstd_window_log", window, 10.0, 31.0, faults);
    let ratio = config.limits.max_ratio as f64;
    in_range("limits.max_ratio", ratio, 2.0, 1e6, faults);
    let level = f64::from(config.output.zstd_level);
    in_range("output.zstd_level", level, 1.0, 22.0, faults);
    let prior = &config.edit.prior;
    if prior != "embedded" && prior.strip_prefix("ngram:").is_none_or(str::is_empty) {
        faults.push(format!(
            "`edit.prior` is `{prior}`: use `embedded` or `ngram:PATH`"
        ));
    }
}

fn in_range(key: &str, value: f64, low: f64, high: f64, faults: &mut Vec<String>) {
    if !(low..=high).contains(&value) {
        faults.push(format!("`{key}` is {value}: use {low} to {high}"));
    }
}

fn filter_rule(key: &str, rule: &Rule, faults: &mut Vec<String>) {
    if rule.min.is_none() && rule.max.is_none() && rule.one_of.is_empty() {
        faults.push(format!(
            "`{key}` has no bound: give `min`, `max` or `one_of`"
        ));
    }
    if !rule.one_of.is_empty() && (rule.min.is_some() || rule.max.is_some()) {
        faults.push(format!(
            "`{key}` has both `one_of` and a bound: use two rules"
        ));
    }
    if let (Some(min), Some(max)) = (rule.min, rule.max)
        && min > max
    {
        faults.push(format!(
            "`{key}` keeps nothing: min {min} is above max {max}"
        ));
    }
    if [rule.min, rule.max].into_iter().flatten().any(f64::is_nan) {
        faults.push(format!("`{key}` has a bound that is no number"));
    }
    if let Some([least, most]) = rule.when.words
        && least > most
    {
        faults.push(format!(
            "`{key}.when.words` holds for nothing: {least} is above {most}"
        ));
    }
    const TAKEN: [&str; 5] = [
        "uncertain",
        "unverified",
        "zero_weight",
        "not_drawn",
        "quarantined",
    ];
    if TAKEN.contains(&rule.name.as_str()) {
        faults.push(format!(
            "`{key}.name` is `{}`, a reason that the program itself gives",
            rule.name
        ));
    }
}

/// Columns that are measured only where the configuration says so.
fn unmeasured(config: &Config, faults: &mut Vec<String>) {
    for (key, name) in config.named_columns() {
        let needed = match name.as_str() {
            "nll" | "novelty" if !config.score.nll => "score.nll = true",
            "non_symbol_words" if config.score.compat.is_none() => "score.compat = \"datatrove\"",
            _ => continue,
        };
        faults.push(format!(
            "`{key}` names `{name}`, which is measured with `{needed}` alone"
        ));
    }
}

fn mean_gate(key: &str, mean: &MeanGate, faults: &mut Vec<String>) {
    let MeanGate {
        min,
        max,
        max_loss,
        max_rise,
        ..
    } = mean;
    let limits = [*min, *max, *max_loss, *max_rise];
    if limits.iter().all(Option::is_none) {
        faults.push(format!(
            "`{key}` has no limit: give `min`, `max`, `max_loss` or `max_rise`"
        ));
    }
    if limits.into_iter().flatten().any(f64::is_nan) {
        faults.push(format!("`{key}` has a limit that is no number"));
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.push(format!("`{key}` never holds: min {min} is above max {max}"));
    }
    for (name, limit) in [("max_loss", max_loss), ("max_rise", max_rise)] {
        if limit.is_some_and(|limit| limit < 0.0) {
            faults.push(format!("`{key}.{name}` is below 0"));
        }
    }
}

fn models(config: &Config, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (i, model) in config.model.iter().enumerate() {
        if !is_plain_name(&model.name) || !seen.insert(&model.name) {
            faults.push(format!(
                "`model[{i}].name` is `{}`: use letters, digits, `-`, `_` and `.`, each name once",
                model.name
            ));
        }
    }
}

/// True for names that are safe as a folder or column: ASCII letters, digits, `-`, `_`, `.`.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
