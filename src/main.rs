//! The door: arguments to command to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    tamis::cli::main()
}
