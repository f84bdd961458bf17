//! The flags that say which documents are wanted and which columns label them, and the reading of
//! such documents: shared by `train` and `evaluate`.

use std::collections::BTreeMap;

use clap::Args;

use super::{Session, text_paths};
use crate::config::TextPath;
use crate::stage::StageError;
use crate::stage::documents::{self, Wanted};

/// Which documents, and in which language each is.
#[derive(Debug, Args)]
pub struct DocumentArgs {
    /// Files, folders or globs
    #[arg(value_name = "G", required = true)]
    patterns: Vec<String>,
    /// Where the text is: a column, or a path such as `messages[].content`; repeatable
    #[arg(long, value_name = "PATH", default_value = "text")]
    text: Vec<TextPath>,
    /// Column that holds the language, ISO 639-1
    #[arg(long, value_name = "COLUMN", default_value = "lang")]
    pub lang_column: String,
    /// Only documents whose column has this value; repeatable, values of one column are alternatives
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    only: Vec<(String, String)>,
    /// No documents whose column has this value; repeatable
    #[arg(long = "where-not", value_name = "COLUMN=VALUE", value_parser = pair)]
    never: Vec<(String, String)>,
}

/// Which columns say who wrote a document, and what it belongs to.
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// Column that holds the label
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    label: String,
    /// Label of human documents
    #[arg(long, value_name = "VALUE", default_value = "human")]
    human: String,
    /// Label of machine documents
    #[arg(long, value_name = "VALUE", default_value = "machine")]
    machine: String,
    /// Column that holds topic or register
    #[arg(long, value_name = "COLUMN", default_value = "domain")]
    domain: String,
    /// Column that holds the model that wrote a document
    #[arg(long, value_name = "COLUMN", default_value = "generator")]
    generator: String,
    /// Column of what belongs together, such as answers to one prompt
    #[arg(long, value_name = "COLUMN", default_value = "group")]
    group: String,
    /// Column of the sort of text within a label
    #[arg(long, value_name = "COLUMN", default_value = "subset")]
    subset: String,
}

/// A labelled document; what its columns do not say is empty.
#[derive(Debug, Default)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// Topic or register.
    pub domain: String,
    /// Which model wrote it.
    pub generator: String,
    /// What belongs together.
    pub group: String,
    /// What sort of text within its label.
    pub subset: String,
    /// ISO 639-1 code.
    pub lang: String,
    /// Values of further columns, in the order in which they were asked for.
    pub further: Vec<String>,
}

/// A column and a value of it, from `COLUMN=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(column, value)| (column.to_owned(), value.to_owned()))
        .ok_or_else(|| "use COLUMN=VALUE".to_owned())
}

/// The values of each column.
pub fn by_column(pairs: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (column, value) in pairs {
        columns
            .entry(column.clone())
            .or_default()
            .push(value.clone());
    }
    columns
}

impl DocumentArgs {
    /// These documents with `columns` of theirs; `task` names the work on the progress bar.
    ///
    /// # Errors
    /// If a text path is there twice.
    pub fn wanted(&self, task: &'static str, columns: &[&String]) -> Result<Wanted, StageError> {
        Ok(Wanted {
            task,
            patterns: self.patterns.clone(),
            text: text_paths(&self.text)?,
            columns: columns.iter().map(|c| (*c).clone()).collect(),
            only: by_column(&self.only),
            never: by_column(&self.never),
        })
    }
}

impl LabelArgs {
    /// Calls `each` for every document that has one of the two labels, in the order of shards and
    /// rows, with the values of `further` columns. The others are counted in a log line.
    ///
    /// # Errors
    /// Shards that cannot be read.
    pub fn for_each(
        &self,
        documents: &DocumentArgs,
        (task, further): (&'static str, &[String]),
        session: &Session,
        mut each: impl FnMut(Labelled),
    ) -> Result<(), StageError> {
        let mut columns = vec![
            &self.label,
            &self.domain,
            &self.generator,
            &self.group,
            &self.subset,
            &documents.lang_column,
        ];
        columns.extend(further);
        let mut unlabelled = 0u64;
        let wanted = documents.wanted(task, &columns)?;
        documents::for_each(&wanted, &session.options(0), |(text, mut values)| {
            let further = values.split_off(6);
            let [label, domain, generator, group, subset, lang] =
                <[String; 6]>::try_from(values).unwrap_or_default();
            let machine = label == self.machine;
            if machine || label == self.human {
                each(Labelled {
                    text,
                    machine,
                    domain,
                    generator,
                    group,
                    subset,
                    lang,
                    further,
                });
            } else {
                unlabelled += 1;
            }
            Ok(())
        })?;
        if unlabelled > 0 {
            tracing::warn!(
                rows = unlabelled,
                "rows with another label were passed over"
            );
        }
        Ok(())
    }
}
