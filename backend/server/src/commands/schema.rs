//! `lakegate schema`: what the program says about itself, for documents and tests.

use lakegate_model::Code;
use std::process::ExitCode;

use crate::{cli::Schema, config::Config, say};

/// Prints one of them.
///
/// # Errors
/// If it cannot be written.
pub fn print(what: Schema) -> anyhow::Result<ExitCode> {
    let text = match what {
        Schema::Graphql => lakegate_web::graphql::sdl(),
        Schema::Openapi => lakegate_web::rest::document()?,
        Schema::Errors => errors(),
        Schema::Rights => lakegate_policy::matrix::markdown(),
        Schema::Config => Config::default().dump()?,
    };
    say::exactly(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn errors() -> String {
    let mut out = String::from("| code | status | title | meaning |\n|---|---|---|---|\n");
    for code in Code::ALL {
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", code.as_str(), code.status(), code.title(), code.meaning()));
    }
    out
}
