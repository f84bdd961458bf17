//! `tamis config check|show`.

use std::path::PathBuf;

use clap::Subcommand;

use super::print;
use super::stderr::tell;

use crate::config;
use crate::stage::StageError;

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Name every fault of a configuration, and what would be valid
    #[command(after_help = "Example:\n  tamis config check mix.toml")]
    Check {
        /// The file
        config: PathBuf,
    },
    /// Print a configuration with every default written out
    #[command(after_help = "Example:\n  tamis config show mix.toml")]
    Show {
        /// The file; without it, the keys that there are
        config: Option<PathBuf>,
    },
}

/// Checks or shows a configuration.
///
/// # Errors
/// Every fault of the configuration.
pub fn run(command: &ConfigCommand) -> Result<(), StageError> {
    match command {
        ConfigCommand::Check { config } => {
            config::load(config)?;
            tell(&format!("{} is valid", config.display()));
        }
        ConfigCommand::Show { config: Some(path) } => {
            print(&config::to_toml(&config::load(path)?)?)?;
        }
        ConfigCommand::Show { config: None } => {
            for key in config::KEYS {
                print(&format!("{key}\n"))?;
            }
        }
    }
    Ok(())
}
