//! Benchmarks of Lakegate, each a command that prints a table: `cargo run --release -p lakegate-bench -- search`.

mod asset;
mod corpus;
mod governed;
mod search;
mod start;

use std::io::Write;

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match name.as_str() {
        "asset" => asset::run(&rest),
        "governed" => governed::run(&rest),
        "search" => search::run(&rest),
        "start" => start::run(&rest),
        other => {
            writeln!(std::io::stderr(), "unknown benchmark {other:?}; there are: asset, governed, search, start")?;
            std::process::exit(2)
        }
    }
}
