//! One row through scoring: what is declared and measured of it, or why it cannot be used.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::shard::{Scored, Task};
use crate::config::{Config, Weight};
use crate::document::{Origin, Value};
use crate::edit;
use crate::score::Scorer;
use crate::score::classifier::{Classifier, Scratch};
use crate::score::fasttext::LineScratch;
use crate::score::measure::Measure;
use crate::score::row::{InputType, RowSchema, ScoreRow, Status};
use crate::shard::{BadRow, Block};
use crate::text::normalise::Unmasked;
use crate::text::{MEASURED_BYTES, Scan, beginning};

/// A score that is no number would sort nowhere and be written as null.
const NOT_FINITE: &str = "E-SCORE-NAN";
/// A score that is a number and cannot be what it is used as.
const OUT_OF_RANGE: &str = "E-SCORE-RANGE";

/// What a worker uses for one row after the other.
#[derive(Default)]
pub(in crate::stage) struct Room {
    pub(in crate::stage) scan: Scan,
    pub(in crate::stage) scratch: Scratch,
    line: LineScratch,
    /// Rows of a block, on their way into a batch.
    pub(in crate::stage) rows: Vec<ScoreRow>,
}

thread_local! {
    /// Of each worker, for one block after the other.
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Does work on a block in this worker's room. Work that panics leaves a new room behind: scratch half
/// used would be read as that of the next document.
pub(in crate::stage) fn in_room<T>(work: impl FnOnce(&mut Room) -> T) -> T {
    let mut room = ROOM.take();
    let done = work(&mut room);
    ROOM.set(room);
    done
}

/// Which input column must be fit to be a weight.
pub(super) struct Wanted {
    weight: Option<(usize, Weight)>,
}

impl Wanted {
    pub(super) fn new(config: &Config, schema: &RowSchema) -> Wanted {
        let weight = config.mix.weight.as_ref().and_then(|weight| {
            let name = weight.column.strip_prefix("input.")?;
            let place = schema.inputs.iter().position(|input| input.0 == name)?;
            Some((place, weight.clone()))
        });
        Wanted { weight }
    }

    /// What is wrong with the value of the `place`-th input column as a weight, if anything is.
    fn fault(&self, place: usize, value: f64, declared: Option<Origin>) -> Option<&'static str> {
        let (of, weight) = self.weight.as_ref()?;
        if *of != place || !weighs(weight, declared) {
            return None;
        }
        match weight.complement {
            true => (!(0.0..=1.0).contains(&value))
                .then_some("is not between 0 and 1, and its complement is no weight"),
            false => (value < 0.0).then_some("is negative, and no weight"),
        }
    }
}

/// Whether a document may be drawn for a part that is weighted.
fn weighs(weight: &Weight, declared: Option<Origin>) -> bool {
    let holds = |origin| weight.origins.contains(&origin);
    weight.origins.is_empty()
        || declared.is_none_or(holds)
        || declared == Some(Origin::Human) && holds(Origin::SemiSynthetic)
}

impl Task<'_> {
    /// Scores the rows of a block, whose bad rows are taken out of it; also gives the bytes of text.
    pub(super) fn rows(&self, block: &mut Block) -> (Scored, u64) {
        in_room(|room| self.rows_in(block, room))
    }

    fn rows_in(&self, block: &mut Block, room: &mut Room) -> (Scored, u64) {
        let mut rows = std::mem::take(&mut room.rows);
        let mut bad_rows = Vec::new();
        let mut replaced = BTreeMap::new();
        let mut bytes = 0;
        for i in 0..block.len() {
            let row = block.first_row() + i as u64;
            let score = match block.take_bad(i) {
                Some(bad) => Err(bad),
                None => self.row((block, i), room),
            };
            match score {
                Ok(score) => {
                    bytes += score.bytes;
                    for code in block.replaced(i) {
                        *replaced.entry(code).or_default() += 1;
                    }
                    rows.push(score);
                }
                Err(bad) => {
                    rows.push(self.quarantined(row, block.id(i)));
                    bad_rows.push((row, bad));
                }
            }
        }
        let scored = Scored {
            rows: self.schema.batch(&rows),
            bad: bad_rows,
            replaced,
        };
        rows.clear();
        room.rows = rows;
        (scored, bytes)
    }

    fn quarantined(&self, row: u64, id: Option<&str>) -> ScoreRow {
        ScoreRow {
            id: id.map(str::to_owned),
            models: vec![None; self.schema.models.len()],
            inputs: vec![None; self.schema.inputs.len()],
            ..ScoreRow::new(row, Status::Quarantined)
        }
    }

    /// The score row of one row, or why it cannot be used.
    pub(super) fn row(
        &self,
        (block, i): (&Block, usize),
        room: &mut Room,
    ) -> Result<ScoreRow, BadRow> {
        let text = block.text(i).map_err(Clone::clone)?;
        let bad = |code, cause: String| block.refuse(i, code, cause);
        let value = |place: usize| block.extra(place, i);
        let declared = self
            .columns
            .declared(self.source, value, block.provenance(i).as_deref());
        let mut row = ScoreRow::new(block.first_row() + i as u64, Status::Ok);
        let scratch = (&mut room.scan, &mut room.scratch);
        let models = (self.scorer, &self.job.models.classifier);
        score_text(&mut row, text, models, scratch);
        row.id = block.id(i).map(str::to_owned);
        (row.declared_origin, row.declared_by) = declared.origin.unzip();
        row.generation = declared.generation;
        row.kind = declared.kind;
        row.generator = declared.generator;
        row.edited = declared.edited;
        row.editable = self
            .editable(&row, text)
            .map_err(|cause| bad("E-PRIOR", cause))?;
        self.surprise(&mut row, text)
            .map_err(|cause| bad("E-PRIOR", cause))?;
        row.tokens = self.columns.tokens(value);
        if let (None, Some(column)) = (row.tokens, &self.source.tokens_column) {
            let cause = format!("the token count `{column}` is missing or no whole number from 0");
            return Err(bad("E-TOKENS", cause));
        }
        for (_, model) in &self.job.models.fasttext {
            row.models.push(model.score(text, &mut room.line));
        }
        finite(&row, &self.schema.models).map_err(|cause| bad(NOT_FINITE, cause))?;
        for place in 0..self.schema.inputs.len() {
            let value = self.input((block, i), place, row.declared_origin);
            row.inputs
                .push(value.map_err(|(code, cause)| bad(code, cause))?);
        }
        Ok(row)
    }

    /// The value of the `place`-th input column, or what is wrong with it.
    fn input(
        &self,
        (block, i): (&Block, usize),
        place: usize,
        declared: Option<Origin>,
    ) -> Result<Option<Value>, (&'static str, String)> {
        let (name, holds) = &self.schema.inputs[place];
        let column = self.columns.inputs[place];
        if block.not_finite(column, i) {
            let cause = format!("`input.{name}` holds a number that is not finite");
            return Err((NOT_FINITE, cause));
        }
        let value = block.extra(column, i);
        let number = value.as_ref().map(Value::number);
        if *holds != InputType::Text && number == Some(None) {
            let cause =
                format!("`input.{name}`, which filters, weight or strata use as a number, is text");
            return Err(("E-COLUMN-TYPE", cause));
        }
        let fault = number
            .flatten()
            .and_then(|number| self.wanted.fault(place, number, declared));
        match fault {
            Some(fault) => Err((OUT_OF_RANGE, format!("`input.{name}` {fault}"))),
            None => Ok(value),
        }
    }

    /// Fills in what the prior says of a text, where that is asked for.
    fn surprise(&self, row: &mut ScoreRow, text: &str) -> Result<(), String> {
        let (true, Some(lang)) = (self.job.config.score.nll, row.lang.as_deref()) else {
            return Ok(());
        };
        let text = beginning(text, MEASURED_BYTES);
        let said = edit::surprise(text, lang, &*self.job.models.prior);
        if let Some(said) = said.map_err(|e| e.to_string())? {
            row.measures.set(Measure::Nll, said.nll);
            row.measures.set(Measure::Novelty, said.novelty);
        }
        Ok(())
    }

    /// Whether a variant can be made of a text; asked only where one might be wanted.
    fn editable(&self, row: &ScoreRow, text: &str) -> Result<bool, String> {
        let (false, Some(lang), None | Some(Origin::Human)) =
            (row.edited, row.lang.as_deref(), row.declared_origin)
        else {
            return Ok(false);
        };
        edit::is_editable(text, lang, &*self.job.models.prior).map_err(|e| e.to_string())
    }
}

/// Refuses answers of models that are no numbers; a measure of our own is finite or absent.
fn finite(row: &ScoreRow, models: &[String]) -> Result<(), String> {
    if row.logit.is_some_and(|logit| !logit.is_finite()) {
        return Err("the classifier gives a number that is not finite".to_owned());
    }
    let unsound = |score: &Option<f64>| score.is_some_and(|score| !score.is_finite());
    match row.models.iter().position(unsound) {
        Some(place) => Err(format!(
            "`model_{}` gives a number that is not finite",
            models[place]
        )),
        None => Ok(()),
    }
}

/// Fills in what the scorers and the classifier say of a text.
pub(in crate::stage) fn score_text(
    row: &mut ScoreRow,
    text: &str,
    (scorer, classifier): (&Scorer, &Classifier),
    (scan, scratch): (&mut Scan, &mut Scratch),
) {
    let text = Unmasked::new(text);
    let measured = scorer.measure(&text, scan);
    match classifier.logit((&text, Some(scan)), measured.lang.as_deref(), scratch) {
        Ok(logit) => {
            row.logit = Some(logit);
            row.p_synthetic = Some(1.0 / (1.0 + libm::exp(-logit)));
        }
        Err(abstain) => row.abstain = Some(Cow::Borrowed(abstain.name())),
    }
    row.lang = measured.lang;
    row.lang_p = measured.lang_p;
    row.bytes = measured.bytes;
    row.chars = measured.chars;
    row.words = measured.words;
    row.measures = measured.measures;
}
