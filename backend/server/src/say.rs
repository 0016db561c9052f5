//! Words on standard output. Logs go to standard error.

use std::io::{self, Write};

/// Writes a line for people. Nobody may be listening any more; that is no failure.
pub fn line(text: impl AsRef<str>) {
    let mut out = io::stdout().lock();
    let _closed = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}

/// Writes text as it is, for other programs.
///
/// # Errors
/// If it could not be written whole: a file cut short must not look like a good one.
pub fn exactly(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Says on standard error why the program ends: the sentence, then its causes.
pub fn error(error: &anyhow::Error) {
    let mut out = io::stderr().lock();
    let _closed = writeln!(out, "lakegate: {error}");
    for cause in error.chain().skip(1) {
        let _closed = writeln!(out, "  because: {cause}");
    }
}
