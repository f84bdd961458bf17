//! The known keys, by full path, and the nearest one to a key that is not known.
//!
//! serde alone stops at the first unknown key and cannot say which one was meant; a list of paths
//! can, and the same list holds the reference configuration to the schema.

/// Every key, by full path; `[]` stands for one table of a list.
pub const KEYS: &[&str] = &[
    "out",
    "seed",
    "mix.human",
    "mix.semi_synthetic",
    "mix.synthetic",
    "mix.unverified",
    "mix.unit",
    "mix.total",
    "mix.max_copies",
    "mix.strata",
    "mix.weight.column",
    "mix.weight.power",
    "mix.weight.complement",
    "mix.weight.missing",
    "mix.weight.origins",
    "assign.fpr",
    "assign.human_below",
    "assign.min_anchors",
    "assign.uncertain",
    "assign.unverified",
    "filters.preset",
    "filters.rule[].name",
    "filters.rule[].column",
    "filters.rule[].min",
    "filters.rule[].max",
    "filters.rule[].one_of",
    "filters.rule[].when.origin",
    "filters.rule[].when.generation",
    "filters.rule[].when.kind",
    "filters.rule[].when.lang",
    "filters.rule[].when.not_lang",
    "filters.rule[].when.words",
    "edit.prior",
    "edit.preset",
    "edit.change",
    "edit.threshold",
    "edit.top_k",
    "edit.temperature",
    "edit.base",
    "gates.max_synthetic",
    "gates.min_retention",
    "gates.max_error_pp",
    "gates.mean[].column",
    "gates.mean[].min",
    "gates.mean[].max",
    "gates.mean[].max_loss",
    "gates.mean[].max_rise",
    "classifier.path",
    "classifier.digest",
    "profile.sample",
    "profile.sample_per_shard",
    "profile.reference",
    "score.language",
    "score.nll",
    "score.compat",
    "limits.max_document",
    "limits.quarantine",
    "limits.salvage",
    "limits.zstd_window_log",
    "limits.max_ratio",
    "limits.invalid_utf8",
    "limits.lone_surrogates",
    "output.zstd_level",
    "model[].name",
    "model[].path",
    "model[].label",
    "model[].digest",
    "source[].name",
    "source[].paths",
    "source[].text",
    "source[].id",
    "source[].key_from_id",
    "source[].origin",
    "source[].label.column",
    "source[].label.human",
    "source[].label.synthetic",
    "source[].label.semi_synthetic",
    "source[].date.column",
    "source[].date.before",
    "source[].date.origin",
    "source[].sample.column",
    "source[].sample.human",
    "source[].sample.synthetic",
    "source[].lang",
    "source[].generation",
    "source[].kind",
    "source[].kind_column",
    "source[].generator",
    "source[].generator_column",
    "source[].tokens_column",
];

/// One message for each key of `table` that is not known, with the nearest known one.
pub(super) fn unknown(table: &toml::Table) -> Vec<String> {
    let mut found = Vec::new();
    walk(table, "", &mut found);
    found
        .into_iter()
        .map(|path: String| match nearest(&path, KEYS.iter().copied()) {
            Some(known) => format!("unknown key `{path}`: did you mean `{known}`?"),
            None => {
                format!("unknown key `{path}`: `tamis config show` prints every key that there is")
            }
        })
        .collect()
}

fn walk(table: &toml::Table, prefix: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        let inner = |suffix: &str| {
            let start = format!("{path}{suffix}.");
            KEYS.iter().any(|known| known.starts_with(&start))
        };
        match value {
            toml::Value::Table(sub) if inner("") => walk(sub, &path, found),
            toml::Value::Array(items)
                if inner("[]") && items.iter().all(|item| item.is_table()) =>
            {
                for item in items.iter().filter_map(|item| item.as_table()) {
                    walk(item, &format!("{path}[]"), found);
                }
            }
            _ if KEYS.contains(&path.as_str()) || inner("") || inner("[]") => {}
            _ => found.push(path),
        }
    }
}

/// The known name nearest to `name` by edit distance, if any is near enough to have been meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .min_by_key(|(d, _)| *d)
        .filter(|(d, candidate)| *d <= 2 + candidate.len().max(name.len()) / 4)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes: names here are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
