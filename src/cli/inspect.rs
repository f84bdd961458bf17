//! `tamis inspect`: what shards hold, without reading all of them.

use clap::Args;

use super::{print, text_paths};

use crate::config::TextPath;
use crate::shard::{self, Columns};
use crate::stage::StageError;
use crate::stage::inputs::format_name;

/// The flags of `inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tamis inspect 'web/*.parquet' gen/")]
pub struct InspectArgs {
    /// Files, folders or globs
    #[arg(value_name = "G", required = true)]
    patterns: Vec<String>,
    /// Where the text is: a column, or a path such as `messages[].content`; repeatable
    #[arg(long, value_name = "PATH", default_value = "text")]
    text: Vec<TextPath>,
}

/// Prints one line a shard: format, size, rows where the file says, columns.
///
/// # Errors
/// If nothing is found or a shard cannot be read.
pub fn run(args: &InspectArgs) -> Result<(), StageError> {
    let columns = Columns {
        text: text_paths(&args.text)?,
        id: None,
        extra: Vec::new(),
    };
    print("shard\tformat\tbytes\trows\tcolumns\n")?;
    for found in shard::find(&args.patterns)? {
        let line = match shard::schema_of(&found, &columns) {
            Ok(schema) => format!(
                "{}\t{}",
                schema.rows.map_or("?".to_owned(), |n| n.to_string()),
                columns_of(schema.columns)
            ),
            Err(error) => format!("?\t{error}"),
        };
        print(&format!(
            "{}\t{}\t{}\t{line}\n",
            found.name,
            format_name(found.format),
            found.bytes
        ))?;
    }
    Ok(())
}

fn columns_of(columns: Option<Vec<(String, String)>>) -> String {
    columns.map_or("free".to_owned(), |columns| {
        let shown: Vec<String> = columns
            .into_iter()
            .map(|(name, data_type)| format!("{name}: {data_type}"))
            .collect();
        shown.join(", ")
    })
}
