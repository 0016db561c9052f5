//! `lakegate policy`: rules from files, checked here, planned and applied by a running server.

mod files;
mod remote;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use lakegate_app::policy_files::check::check;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use url::Url;

use crate::say;
use remote::Remote;

/// The plan would change something.
const DIFFERS: u8 = 2;
/// The rules wait for a second security administrator.
const WAITS: u8 = 3;

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check files by themselves, without a server.
    Validate(Files),
    /// Show what applying files would change.
    Plan {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        server: Server,
        /// End with 2 if something would change, with 0 if nothing would.
        #[arg(long)]
        detailed_exitcode: bool,
    },
    /// Apply files: all of them, or nothing. Ends with 3 if they wait for a second security administrator.
    Apply {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        server: Server,
    },
    /// Write the rules in force, and those that were made by hand, as files into a folder.
    Export {
        #[command(flatten)]
        server: Server,
        /// A folder that is empty or not there yet.
        folder: PathBuf,
    },
    /// Give the coarse rights of a JSON document of statements (Effect, Action, Resource, Principal): all of them, or none.
    Import {
        #[command(flatten)]
        server: Server,
        /// The document.
        file: PathBuf,
    },
}

/// Which files.
#[derive(Debug, Args)]
pub struct Files {
    /// Files, or folders with all their .yaml and .yml files.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Which server, as whom: the token of a security administrator stands in LAKEGATE_TOKEN.
#[derive(Debug, Args)]
pub struct Server {
    /// Where the server answers, such as https://lakegate.example
    #[arg(long, env = "LAKEGATE_URL", value_name = "URL")]
    url: Url,
}

/// Runs one of them.
///
/// # Errors
/// What is wrong with the files, or what the server says.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Validate(files) => validate(&files),
        Command::Plan { files, server, detailed_exitcode } => plan(&files, &server, detailed_exitcode).await,
        Command::Apply { files, server } => apply(&files, &server).await,
        Command::Export { server, folder } => export(&server, &folder).await,
        Command::Import { server, file } => import(&server, &file).await,
    }
}

fn validate(files: &Files) -> anyhow::Result<ExitCode> {
    let files = files::read(&files.paths)?;
    match check(&files) {
        Ok(set) => {
            let counts = [
                (files.len(), "file"),
                (set.personas.len(), "persona"),
                (set.tags.len(), "tag rule"),
                (set.grants.len(), "grant"),
                (set.restrictions.len(), "restriction"),
            ];
            let words: Vec<String> = counts.iter().map(|(n, what)| counted(*n, what)).collect();
            say::line(format!("in order: {}", words.join(", ")));
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            for problem in &problems {
                say::line(problem.to_string());
            }
            bail!("{} in the files", counted(problems.len(), "problem"))
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The files as the server takes them, checked here first: that tells all problems at once.
fn checked(files: &Files) -> anyhow::Result<Value> {
    let read = files::read(&files.paths)?;
    if let Err(problems) = check(&read) {
        for problem in &problems {
            say::line(problem.to_string());
        }
        bail!("{} in the files; nothing was sent", counted(problems.len(), "problem"));
    }
    let files: Vec<Value> = read.iter().map(|file| json!({ "name": file.name, "text": file.text })).collect();
    Ok(json!({ "files": files }))
}

async fn plan(files: &Files, server: &Server, detailed: bool) -> anyhow::Result<ExitCode> {
    let variables = checked(files)?;
    let text =
        "query ($files: [PolicyFileInput!]!) { policyPlan(files: $files) { text approval alone changes { rule } } }";
    let data = Remote::new(&server.url)?.ask(text, variables).await?;
    let plan = &data["policyPlan"];
    show(plan);
    let differs = plan["changes"].as_array().is_some_and(|changes| !changes.is_empty());
    Ok(if differs && detailed { ExitCode::from(DIFFERS) } else { ExitCode::SUCCESS })
}

/// Prints a plan as the server words it.
fn show(plan: &Value) {
    say::line(plan["text"].as_str().unwrap_or_default().trim_end());
    let approval = plan["approval"].as_array().into_iter().flatten();
    for why in approval.filter_map(Value::as_str) {
        say::line(format!("  needs a second security administrator: {why}"));
    }
}

async fn apply(files: &Files, server: &Server) -> anyhow::Result<ExitCode> {
    let variables = checked(files)?;
    let text = "mutation ($files: [PolicyFileInput!]!) { applyPolicy(files: $files) {
        problem { message field fix } done { outcome version plan { text approval alone } } } }";
    let data = Remote::new(&server.url)?.ask(text, variables).await?;
    let payload = &data["applyPolicy"];
    if let Some(message) = payload["problem"]["message"].as_str() {
        bail!("nothing was applied: {}", remote::with_fix(message, &payload["problem"]["fix"]));
    }
    let done = &payload["done"];
    let version = &done["version"];
    show(&done["plan"]);
    match done["outcome"].as_str() {
        Some("PROPOSED") => {
            say::line(format!("version {version} waits for a second security administrator; nothing was applied yet"));
            return Ok(ExitCode::from(WAITS));
        }
        Some("UNCHANGED") => say::line(format!("version {version} is in force already")),
        _ if done["plan"]["alone"] == true => say::line(format!(
            "version {version} is in force; there is no second security administrator, which is marked in the audit"
        )),
        _ => say::line(format!("version {version} is in force")),
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(server: &Server, folder: &Path) -> anyhow::Result<ExitCode> {
    let in_use = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if in_use {
        bail!("{} is not empty; name a folder that is", folder.display());
    }
    let data = Remote::new(&server.url)?.ask("{ policyExport { name text } }", json!({})).await?;
    let files = data["policyExport"].as_array().cloned().unwrap_or_default();
    for file in &files {
        let (name, text) = (file["name"].as_str().unwrap_or_default(), file["text"].as_str().unwrap_or_default());
        let path = folder.join(files::inside(name)?);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        say::line(path.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(server: &Server, file: &Path) -> anyhow::Result<ExitCode> {
    let document = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let text = "mutation ($document: String!) { importCoarseRights(document: $document) {
        problem { message fix } imported { standing given { database export grantee { kind name } } } } }";
    let data = Remote::new(&server.url)?.ask(text, json!({ "document": document })).await?;
    let payload = &data["importCoarseRights"];
    if let Some(message) = payload["problem"]["message"].as_str() {
        bail!("{}", remote::with_fix(message, &payload["problem"]["fix"]));
    }
    let given = payload["imported"]["given"].as_array().cloned().unwrap_or_default();
    for right in &given {
        let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (of(&right["grantee"]["kind"]).to_lowercase(), of(&right["grantee"]["name"]));
        let export = if right["export"] == true { ", rows may leave as files" } else { "" };
        say::line(format!("{} for {} {name}{export}", of(&right["database"]), kind.replace('_', " ")));
    }
    let standing = payload["imported"]["standing"].as_u64().unwrap_or_default();
    say::line(format!("{} given, {standing} stood already", counted(given.len(), "right")));
    Ok(ExitCode::SUCCESS)
}
