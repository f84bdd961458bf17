//! Which columns of a source are wanted besides the text, and what they declare.

use crate::config::{Config, Source};
use crate::document::{Origin, OriginBy, Value, iso_day};
use crate::shard::Columns;

/// The columns of one source, and where each wanted one stands among the extra ones.
#[derive(Debug, Clone)]
pub struct SourceColumns {
    /// What a shard reader is to decode.
    pub columns: Columns,
    label: Option<usize>,
    date: Option<usize>,
    kind: Option<usize>,
    generator: Option<usize>,
    tokens: Option<usize>,
    /// Places of the `input.` columns, in the order of [`input_names`].
    pub inputs: Vec<usize>,
}

/// What is declared of one document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Origin and who declared it.
    pub origin: Option<(Origin, OriginBy)>,
    /// Generation.
    pub generation: Option<u32>,
    /// Kind.
    pub kind: Option<String>,
    /// Generator.
    pub generator: Option<String>,
    /// The text was edited before.
    pub edited: bool,
}

/// Names of the input columns that filters, weight and strata use as `input.NAME`, sorted.
pub fn input_names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = config
        .named_columns()
        .iter()
        .filter_map(|(_, name)| name.strip_prefix("input."))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

impl SourceColumns {
    /// The wanted columns of a source; `inputs` as [`input_names`] gives them.
    pub fn new(source: &Source, inputs: &[String]) -> SourceColumns {
        let mut extra: Vec<String> = Vec::new();
        let mut place = |name: &String| {
            extra.iter().position(|x| x == name).unwrap_or_else(|| {
                extra.push(name.clone());
                extra.len() - 1
            })
        };
        let label = source.label.as_ref().map(|rule| place(&rule.column));
        let date = source.date.as_ref().map(|rule| place(&rule.column));
        let kind = source.kind_column.as_ref().map(&mut place);
        let generator = source.generator_column.as_ref().map(&mut place);
        let tokens = source.tokens_column.as_ref().map(&mut place);
        let inputs = inputs.iter().map(&mut place).collect();
        SourceColumns {
            columns: Columns {
                text: source.text.clone(),
                id: Some(source.id.clone()),
                extra,
            },
            label,
            date,
            kind,
            generator,
            tokens,
            inputs,
        }
    }

    /// Names of the columns that declare something, token counts included.
    pub fn declaring(&self) -> Vec<String> {
        let places = [
            self.label,
            self.date,
            self.kind,
            self.generator,
            self.tokens,
        ];
        let places = places.into_iter().flatten();
        places
            .map(|place| self.columns.extra[place].clone())
            .collect()
    }

    /// The token count of a row, if a column gives one.
    pub fn tokens(&self, value: impl Fn(usize) -> Option<Value>) -> Option<u64> {
        match value(self.tokens?)? {
            Value::Int(n) => u64::try_from(n).ok(),
            Value::Float(x) if x >= 0.0 && x.fract() == 0.0 && x < 1e15 => Some(x as u64),
            _ => None,
        }
    }

    /// What is declared of a row: by provenance that it carries, else by its label, else by its
    /// date, else by its source.
    pub fn declared(
        &self,
        source: &Source,
        value: impl Fn(usize) -> Option<Value>,
        provenance: Option<&str>,
    ) -> Declared {
        let text = |place: Option<usize>| place.and_then(&value).map(|v| v.to_string());
        let mut declared = Declared {
            kind: text(self.kind).or_else(|| source.kind.clone()),
            generator: text(self.generator).or_else(|| source.generator.clone()),
            ..Declared::default()
        };
        declared.origin = source
            .label
            .as_ref()
            .and_then(|rule| {
                let label = text(self.label)?;
                let is = |values: &[String]| values.contains(&label);
                if is(&rule.human) {
                    Some((Origin::Human, OriginBy::Tag))
                } else if is(&rule.synthetic) {
                    Some((Origin::Synthetic, OriginBy::Tag))
                } else if is(&rule.semi_synthetic) {
                    Some((Origin::SemiSynthetic, OriginBy::Tag))
                } else {
                    None
                }
            })
            .or_else(|| {
                let rule = source.date.as_ref()?;
                let day = iso_day(&text(self.date)?)?;
                (day < iso_day(&rule.before)?).then_some((rule.origin, OriginBy::Date))
            })
            .or_else(|| {
                (source.origin != Origin::Unknown).then_some((source.origin, OriginBy::Declared))
            });
        if let Some(text) = provenance {
            carried(text, &mut declared);
        }
        if declared.generation.is_none()
            && declared
                .origin
                .is_some_and(|(origin, _)| origin != Origin::Human)
        {
            declared.generation = source.generation;
        }
        if declared
            .origin
            .is_some_and(|(origin, _)| origin == Origin::SemiSynthetic)
        {
            declared.edited = true;
        }
        declared
    }
}

/// Takes over what a row's own `tamis` object says; one that cannot be understood says nothing.
fn carried(text: &str, declared: &mut Declared) {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) else {
        return;
    };
    let field = |name: &str| object.get(name).and_then(|value| value.as_str());
    let by_default = field("origin_by") == Some(OriginBy::Default.name());
    if let Some(origin) = field("origin").and_then(|name| name.parse::<Origin>().ok())
        && origin != Origin::Unknown
        && !by_default
    {
        declared.origin = Some((origin, OriginBy::Declared));
        declared.generation = object
            .get("generation")
            .and_then(|value| value.as_u64())
            .and_then(|generation| u32::try_from(generation).ok());
    }
    if let Some(kind) = field("kind") {
        declared.kind = Some(kind.to_owned());
    }
    if let Some(generator) = field("generator") {
        declared.generator = Some(generator.to_owned());
    }
    let changed = object.get("edit").and_then(|edit| edit.get("changed"));
    if changed.and_then(|n| n.as_u64()).is_some_and(|n| n > 0) {
        declared.edited = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DateRule, LabelRule};

    fn source() -> Source {
        Source {
            origin: Origin::Synthetic,
            generation: Some(2),
            label: Some(LabelRule {
                column: "label".to_owned(),
                human: vec!["human".to_owned()],
                ..LabelRule::default()
            }),
            date: Some(DateRule {
                column: "date".to_owned(),
                before: "2022-11-01".to_owned(),
                origin: Origin::Human,
            }),
            ..Source::new("s", vec!["x".to_owned()], Origin::Synthetic)
        }
    }

    fn declare(label: Option<&str>, date: Option<&str>, provenance: Option<&str>) -> Declared {
        let source = source();
        let columns = SourceColumns::new(&source, &["score".to_owned()]);
        assert_eq!(columns.columns.extra, ["label", "date", "score"]);
        let value = |place: usize| [label, date, None][place].map(|s| Value::Text(s.to_owned()));
        columns.declared(&source, value, provenance)
    }

    #[test]
    fn the_nearest_declaration_wins() {
        let human = |by| Some((Origin::Human, by));
        assert_eq!(
            declare(Some("human"), None, None).origin,
            human(OriginBy::Tag)
        );
        assert_eq!(
            declare(Some("?"), Some("2022-10-31T23:00:00Z"), None).origin,
            human(OriginBy::Date)
        );
        let late = declare(None, Some("2022-11-01"), None);
        assert_eq!(late.origin, Some((Origin::Synthetic, OriginBy::Declared)));
        assert_eq!(late.generation, Some(2));
        assert_eq!(declare(Some("human"), None, None).generation, None);
        let carried =
            r#"{"origin":"semi_synthetic","origin_by":"tag","generation":3,"edit":{"changed":2}}"#;
        let declared = declare(Some("human"), None, Some(carried));
        assert_eq!(
            declared.origin,
            Some((Origin::SemiSynthetic, OriginBy::Declared))
        );
        assert_eq!((declared.generation, declared.edited), (Some(3), true));
    }

    #[test]
    fn an_origin_by_default_declares_nothing() {
        let carried =
            r#"{"origin":"human","origin_by":"default","generation":0,"edit":{"changed":0}}"#;
        let declared = declare(None, None, Some(carried));
        assert_eq!(
            declared.origin,
            Some((Origin::Synthetic, OriginBy::Declared))
        );
    }
}
