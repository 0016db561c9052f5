//! Benchmarks of the queue, beside graphile-worker: `cargo run --release -p lakegate-bench-jobs -- rate`.
//!
//! Workers are processes of their own: this program, started with `work`. What ran is counted in them and in the database
//! afterwards; the command ends with an error if a run had its effect more or less often than once.

mod claims;
mod crew;
mod fill;
mod latency;
mod place;
mod processor;
mod rate;
mod settings;
mod work;

use std::io::Write;

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match name.as_str() {
        "claims" => claims::run(&settings::Settings::read(&rest)?).await,
        "latency" => latency::run(&settings::Settings::read(&rest)?).await,
        "rate" => rate::run(&settings::Settings::read(&rest)?).await,
        "work" => work::run(&rest).await,
        other => {
            writeln!(std::io::stderr(), "unknown benchmark {other:?}; there are: claims, latency, rate")?;
            std::process::exit(2)
        }
    }
}
