//! The program as a person or a pipeline meets it: commands, files, messages and exit codes.
//!
//! Every test makes its own shards from generated text in a folder of its own, calls the binary, and
//! reads what it left behind with readers that are not the program's own.

// Outside functions marked as tests the lint does not know that this is one.
#![allow(clippy::unwrap_used)]

mod bad_config;
mod bad_input;
mod bad_tables;
mod bad_values;
mod changed;
mod commands;
mod compat;
mod decided_again;
mod evaluate;
mod gates;
mod jsonl;
mod main_job;
mod models;
mod names;
mod origins;
mod place;
mod pools;
mod quarantine;
mod rebalance;
mod resume;
mod run;
mod salvage;
mod same_bytes;
mod shards;
mod shares;
mod signals;
mod tampering;
mod tasks;
mod texts;
mod twins;
mod verify;
