//! A job on a finished run, from what the run says of its inputs: nothing is written, looked for or locked.

use std::path::PathBuf;

use crate::config::Config;
use crate::provenance::inputs::{InputLine, InputList, scores_of};
use crate::provenance::run_dir::Stage;
use crate::provenance::{RunDir, ShardRecord};
use crate::shard::{Format, Shard};
use crate::stage::columns::input_names;
use crate::stage::error::StageError;
use crate::stage::inputs::{Input, expanded};
use crate::stage::job::{CallOptions, Job, engine, read_json};
use crate::stage::models::Models;

/// The job that made `run`. Its inputs are those that are listed, as their score records saw them; its configuration
/// names their paths and nothing else.
///
/// # Errors
/// If the list is damaged, or names a source or a format that there is not.
pub(super) fn job(
    run: RunDir,
    mut config: Config,
    models: Models,
    options: &CallOptions,
) -> Result<Job, StageError> {
    let measured = scores_of(&run).map_or_else(|| run.clone(), |s| RunDir::new(s.run));
    let list: InputList = read_json(&run.inputs())?;
    let inputs = list
        .inputs
        .iter()
        .map(|line| input(line, &config, &measured))
        .collect::<Result<Vec<_>, _>>()?;
    config.out = Some(".".to_owned());
    for (index, source) in config.source.iter_mut().enumerate() {
        let of = inputs.iter().filter(|input| input.source == index);
        source.paths = of.map(|input| expanded(&input.shard)).collect();
        source.paths.sort();
    }
    Ok(Job {
        input_names: input_names(&config),
        engine: engine(options)?,
        allow_failed: u64::MAX,
        config,
        run,
        measured,
        inputs,
        task: None,
        models,
        lock: None,
    })
}

fn input(line: &InputLine, config: &Config, measured: &RunDir) -> Result<Input, StageError> {
    let fault = |what: String| {
        let (source, shard) = (&line.source, &line.shard);
        StageError::Damaged(format!("inputs.json: {source}/{shard}: {what}"))
    };
    let source = config.source.iter().position(|s| s.name == line.source);
    let source = source.ok_or_else(|| fault("config.toml has no such source".to_owned()))?;
    let format = Format::of_name(&line.shard);
    let format = format.ok_or_else(|| fault("its format is unknown".to_owned()))?;
    let record = measured.record(Stage::Score, &line.source, &line.shard);
    let record = ShardRecord::read(&record);
    let record = record.ok_or_else(|| fault("its score record is missing".to_owned()))?;
    Ok(Input {
        source,
        shard: Shard {
            name: line.shard.clone(),
            path: PathBuf::from(&line.path),
            format,
            bytes: line.size,
        },
        sampled: record.input.sampled,
    })
}
