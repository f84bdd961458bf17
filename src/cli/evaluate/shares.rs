//! `tamis evaluate shares`: how far estimated shares are to be believed, from held-out logits.

use clap::Args;

use super::super::Session;
use super::super::labelled::{by_column, pair};
use super::super::run::print_json;
use super::at_least_one;
use crate::config::TextPaths;
use crate::stage::StageError;
use crate::stage::documents::{self, Wanted};
use crate::study::shares::{MIN_ANCHORS, MIN_DOCUMENTS, Options, Row, Study};

/// What `--help` shows below the flags.
pub const EXAMPLE: &str = "\
Example:
  tamis train classifier labelled/ --out classifier.bin --held-out held-out.parquet
  tamis evaluate shares held-out.parquet --lang en --json > figures.json
  tamis evaluate shares held-out.parquet --where-not subset=edited

From every domain with 100 human and 100 machine documents pools are drawn at known shares of machine
text, and judged as by `audit`, with what the other domains say.";

/// Columns that say what a row is of.
const COLUMNS: [&str; 4] = ["label", "domain", "lang", "logit_full"];

/// The flags of `evaluate shares`.
#[derive(Debug, Args)]
pub struct SharesArgs {
    /// A file of held-out logits, by `train classifier --held-out`
    #[arg(value_name = "HELD_OUT")]
    file: String,
    /// Domains of this language only, for pools and for what the others say of them: one that the model answers for
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// Documents of a pool
    #[arg(long, value_name = "N", default_value = "500", value_parser = at_least_one)]
    documents: usize,
    /// Pools for each domain and share
    #[arg(long, value_name = "N", default_value = "100", value_parser = at_least_one)]
    draws: usize,
    /// Anchors of each label, and labelled documents of a random sample, 30 or more
    #[arg(long, value_name = "N", default_value = "100", value_parser = enough_anchors)]
    anchors: usize,
    /// Only rows whose column has this value; repeatable, values of one column are alternatives
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// No rows whose column has this value; repeatable
    #[arg(long = "where-not", value_name = "COLUMN=VALUE", value_parser = pair)]
    never: Vec<(String, String)>,
    /// Print the figures as JSON to stdout
    #[arg(long)]
    json: bool,
}

fn enough_anchors(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= MIN_ANCHORS => Ok(number),
        _ => Err(format!("use a whole number, {MIN_ANCHORS} or more")),
    }
}

/// Evaluates estimates of shares.
///
/// # Errors
/// A file that cannot be read or holds no held-out logits, or no domain with enough documents.
pub fn run(args: &SharesArgs, session: &Session) -> Result<(), StageError> {
    let study = args.read(session)?;
    let evaluation = session.in_threads(|| study.finish())?.ok_or_else(|| {
        StageError::Usage(format!(
            "{}: no domain has {MIN_DOCUMENTS} human and {MIN_DOCUMENTS} machine rows{}",
            args.file,
            args.lang
                .as_ref()
                .map_or(String::new(), |lang| format!(" of language {lang}"))
        ))
    })?;
    session.finish();
    session.say(&evaluation.to_string());
    if args.json {
        print_json(&evaluation)?;
    }
    Ok(())
}

impl SharesArgs {
    /// A study with every row that a model of left-out domains judged.
    fn read(&self, session: &Session) -> Result<Study, StageError> {
        let mut study = Study::new(Options {
            lang: self.lang.clone(),
            documents: self.documents,
            draws: self.draws,
            anchors: self.anchors,
        });
        let mut only = by_column(&self.only);
        only.insert("grouping".to_owned(), vec!["domain".to_owned()]);
        let wanted = Wanted {
            task: "evaluate",
            patterns: vec![self.file.clone()],
            text: TextPaths::of_column("text_blake3"),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            only,
            never: by_column(&self.never),
        };
        let (mut taken, mut odd) = (0u64, 0u64);
        documents::for_each(&wanted, &session.options(0), |(_, values)| {
            match row(values) {
                Some(row) => {
                    taken += 1;
                    study.add(row);
                }
                None => odd += 1,
            }
            Ok(())
        })?;
        if taken == 0 {
            return Err(StageError::Usage(format!(
                "{}: no row has a label and a logit with its domain left out: give the file that `tamis train classifier --held-out` writes",
                self.file
            )));
        }
        if odd > 0 {
            tracing::warn!(rows = odd, "rows without label or logit were passed over");
        }
        Ok(study)
    }
}

/// The row of these [`COLUMNS`].
fn row(values: Vec<String>) -> Option<Row> {
    let [label, domain, lang, logit] = <[String; COLUMNS.len()]>::try_from(values).ok()?;
    let machine = match label.as_str() {
        "human" => false,
        "machine" => true,
        _ => return None,
    };
    let logit: f64 = logit.parse().ok()?;
    logit.is_finite().then_some(Row {
        domain,
        lang,
        machine,
        logit,
    })
}
