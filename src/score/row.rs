//! The score row: what is known of one input row after scoring, and the names of its columns.
//!
//! A row measures and decides nothing. Everything that names a column (filters, weights, gates)
//! resolves the name here, once, to a [`ColumnRef`]; the Arrow form is in [`arrow`].

use std::borrow::Cow;

use super::measure::{Measure, Measures};
use crate::document::{Origin, OriginBy, Value};

pub mod arrow;
#[cfg(test)]
mod tests;

pub use self::arrow::{InputType, RowError, RowSchema};

/// Whether an input row could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The row has a text and was scored.
    Ok,
    /// The row is bad (null, missing or damaged text); it has counts of 0 and measures of 0 or null.
    Quarantined,
}

impl Status {
    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Quarantined => "quarantined",
        }
    }

    fn named(name: &str) -> Option<Status> {
        [Status::Ok, Status::Quarantined]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// What is known of one input row after scoring.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// Row of the input shard, from 0.
    pub row: u64,
    /// The document's id, where the input has one.
    pub id: Option<String>,
    /// Whether the row could be read.
    pub status: Status,
    /// The origin that was declared, if any.
    pub declared_origin: Option<Origin>,
    /// Who declared it.
    pub declared_by: Option<OriginBy>,
    /// The declared generation.
    pub generation: Option<u32>,
    /// The declared kind of synthetic text.
    pub kind: Option<String>,
    /// The declared generator.
    pub generator: Option<String>,
    /// Whether the row carried an edit history on input: such a text is never a base for editing.
    pub edited: bool,
    /// Whether the prior has an alternative for at least one token: else no variant can be made.
    pub editable: bool,
    /// ISO 639-1 code of the language, null where unsure.
    pub lang: Option<Cow<'static, str>>,
    /// Confidence of `lang`, 0 to 1.
    pub lang_p: Option<f64>,
    /// UTF-8 bytes of the text.
    pub bytes: u64,
    /// Characters (Unicode scalar values) of the text.
    pub chars: u64,
    /// Words of the text, by the rule of [`crate::text::words`].
    pub words: u64,
    /// Tokens of the text, where a tokenizer or a column gives them.
    pub tokens: Option<u64>,
    /// The classifier's logit (natural log odds, machine positive), null where it abstains.
    pub logit: Option<f64>,
    /// The logistic of `logit`.
    pub p_synthetic: Option<f64>,
    /// Why the classifier abstained.
    pub abstain: Option<Cow<'static, str>>,
    /// What the scorers measured.
    pub measures: Measures,
    /// The answers of the named models, in the order of [`RowSchema::models`].
    pub models: Vec<Option<f64>>,
    /// The wanted input columns, in the order of [`RowSchema::inputs`].
    pub inputs: Vec<Option<Value>>,
}

impl ScoreRow {
    /// A row of which nothing is known but its place.
    pub fn new(row: u64, status: Status) -> ScoreRow {
        ScoreRow {
            row,
            id: None,
            status,
            declared_origin: None,
            declared_by: None,
            generation: None,
            kind: None,
            generator: None,
            edited: false,
            editable: false,
            lang: None,
            lang_p: None,
            bytes: 0,
            chars: 0,
            words: 0,
            tokens: None,
            logit: None,
            p_synthetic: None,
            abstain: None,
            measures: Measures::default(),
            models: Vec::new(),
            inputs: Vec::new(),
        }
    }

    /// The value of a column as a number; null where it has none or is text. A boolean is 0 or 1.
    pub fn number(&self, column: ColumnRef) -> Option<f64> {
        match column {
            ColumnRef::Row => Some(self.row as f64),
            ColumnRef::Generation => self.generation.map(f64::from),
            ColumnRef::Edited => Some(f64::from(u8::from(self.edited))),
            ColumnRef::Editable => Some(f64::from(u8::from(self.editable))),
            ColumnRef::LangP => self.lang_p,
            ColumnRef::Bytes => Some(self.bytes as f64),
            ColumnRef::Chars => Some(self.chars as f64),
            ColumnRef::Words => Some(self.words as f64),
            ColumnRef::Tokens => self.tokens.map(|n| n as f64),
            ColumnRef::Logit => self.logit,
            ColumnRef::PSynthetic => self.p_synthetic,
            ColumnRef::Measure(measure) => self.measures.get(measure),
            ColumnRef::Model(place) => self.models.get(place).copied().flatten(),
            ColumnRef::Input(place) => self.inputs.get(place)?.as_ref()?.number(),
            _ => None,
        }
    }

    /// The value of a column as text; null where it has none or is a measure or a count. An input
    /// column gives text whatever its type.
    pub fn text(&self, column: ColumnRef) -> Option<Cow<'_, str>> {
        let text = match column {
            ColumnRef::Id => self.id.as_deref()?,
            ColumnRef::Status => self.status.name(),
            ColumnRef::DeclaredOrigin => self.declared_origin?.name(),
            ColumnRef::DeclaredBy => self.declared_by?.name(),
            ColumnRef::Kind => self.kind.as_deref()?,
            ColumnRef::Generator => self.generator.as_deref()?,
            ColumnRef::Lang => self.lang.as_deref()?,
            ColumnRef::Abstain => self.abstain.as_deref()?,
            ColumnRef::Input(place) => {
                return match self.inputs.get(place)?.as_ref()? {
                    Value::Text(text) => Some(Cow::Borrowed(text.as_str())),
                    other => Some(Cow::Owned(other.to_string())),
                };
            }
            _ => return None,
        };
        Some(Cow::Borrowed(text))
    }
}

/// A column of the score row, resolved from its name by [`RowSchema::column`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of `ScoreRow` of that name")]
pub enum ColumnRef {
    Row,
    Id,
    Status,
    DeclaredOrigin,
    DeclaredBy,
    Generation,
    Kind,
    Generator,
    Edited,
    Editable,
    Lang,
    LangP,
    Bytes,
    Chars,
    Words,
    Tokens,
    Logit,
    PSynthetic,
    Abstain,
    Measure(Measure),
    /// Place in [`RowSchema::models`].
    Model(usize),
    /// Place in [`RowSchema::inputs`].
    Input(usize),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A whole number from 0, 64 bits.
    Count,
    /// A finite double.
    Number,
    /// True or false.
    Bool,
}

/// A fixed column: its name, what it is, what it holds, and whether it may be null.
pub(crate) struct Fixed {
    pub(crate) name: &'static str,
    pub(crate) column: ColumnRef,
    pub(crate) holds: ColumnType,
    pub(crate) nullable: bool,
}

const fn fixed(name: &'static str, column: ColumnRef, holds: ColumnType, nullable: bool) -> Fixed {
    Fixed {
        name,
        column,
        holds,
        nullable,
    }
}

/// The columns that every score file has, before the measures, in order.
#[rustfmt::skip]
pub(crate) const FIXED: [Fixed; 19] = [
    fixed("row", ColumnRef::Row, ColumnType::Count, false),
    fixed("id", ColumnRef::Id, ColumnType::Text, true),
    fixed("status", ColumnRef::Status, ColumnType::Text, false),
    fixed("declared_origin", ColumnRef::DeclaredOrigin, ColumnType::Text, true),
    fixed("declared_by", ColumnRef::DeclaredBy, ColumnType::Text, true),
    fixed("generation", ColumnRef::Generation, ColumnType::Count, true),
    fixed("kind", ColumnRef::Kind, ColumnType::Text, true),
    fixed("generator", ColumnRef::Generator, ColumnType::Text, true),
    fixed("edited", ColumnRef::Edited, ColumnType::Bool, false),
    fixed("editable", ColumnRef::Editable, ColumnType::Bool, false),
    fixed("lang", ColumnRef::Lang, ColumnType::Text, true),
    fixed("lang_p", ColumnRef::LangP, ColumnType::Number, true),
    fixed("bytes", ColumnRef::Bytes, ColumnType::Count, false),
    fixed("chars", ColumnRef::Chars, ColumnType::Count, false),
    fixed("words", ColumnRef::Words, ColumnType::Count, false),
    fixed("tokens", ColumnRef::Tokens, ColumnType::Count, true),
    fixed("logit", ColumnRef::Logit, ColumnType::Number, true),
    fixed("p_synthetic", ColumnRef::PSynthetic, ColumnType::Number, true),
    fixed("abstain", ColumnRef::Abstain, ColumnType::Text, true),
];

/// The names of all columns but those of models and inputs, in order.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    FIXED
        .iter()
        .map(|fixed| fixed.name)
        .chain(Measure::all().map(Measure::name))
}
