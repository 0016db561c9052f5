//! `lakegate doctor`: whether everything is in order, and how to mend what is not.

mod checks;
mod deep;

use lakegate_store::Db;
use std::{path::PathBuf, process::ExitCode};

use crate::{config::Config, data_dir::DataDir, say, wire};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub about: &'static str,
    pub text: String,
    /// How to mend it; `None` if there is nothing to mend.
    pub mend: Option<String>,
}

impl Finding {
    fn good(about: &'static str, text: impl Into<String>) -> Self {
        Self { about, text: text.into(), mend: None }
    }

    fn bad(about: &'static str, text: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { about, text: text.into(), mend: Some(mend.into()) }
    }
}

/// What is looked at.
struct Patient<'a> {
    config: &'a Config,
    dir: &'a DataDir,
    db: Db,
}

impl Patient<'_> {
    fn index_folder(&self) -> PathBuf {
        self.dir.path.join("index")
    }
}

/// Looks at everything; fails if anything is to be mended. Changes nothing.
///
/// # Errors
/// If the data directory or the database cannot be opened at all.
pub async fn run(config: &Config, deeply: bool) -> anyhow::Result<ExitCode> {
    let path = config.absolute_data_dir()?;
    anyhow::ensure!(path.exists(), "there is no data directory {} yet; the first start makes it", path.display());
    let dir = DataDir::open_shared(&path)?;
    let db = wire::database(config, &dir).await?;
    let patient = Patient { config, dir: &dir, db };
    let mut findings = checks::database(&patient).await;
    let current = findings.iter().all(|finding| finding.mend.is_none());
    findings.extend(checks::storage(&patient).await);
    findings.extend(checks::keys(&patient));
    findings.extend(checks::clock(&patient).await);
    findings.extend(checks::space(&patient));
    if current {
        findings.extend(checks::index(&patient).await);
    }
    if current && deeply {
        findings.extend(deep::rows(&patient).await);
        findings.extend(deep::files(&patient).await);
        findings.extend(deep::index(&patient).await);
    }
    patient.db.close().await;
    Ok(report(&findings))
}

fn report(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        match &finding.mend {
            None => say::line(format!("ok     {}: {}", finding.about, finding.text)),
            Some(mend) => {
                say::line(format!("WRONG  {}: {}", finding.about, finding.text));
                say::line(format!("       mend: {mend}"));
            }
        }
    }
    let wrong = findings.iter().filter(|finding| finding.mend.is_some()).count();
    say::line(format!("{} looked at, {wrong} to mend", findings.len()));
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
