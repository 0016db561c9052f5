//! What the command line understands.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, process::ExitCode};

use crate::{
    commands::{audit, backup, config, doctor, keys, migrate, policy, reindex, restore, schema, serve, user, worker},
    config::{Config, Flags, read},
};

/// Find, request, approve and use data, in one program.
#[derive(Debug, Parser)]
#[command(name = "lakegate", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Common {
    /// Configuration file; `lakegate.toml` of the present folder if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database, keys, index and local files.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a sample organisation on this machine alone, to try things out.
    Demo(Listen),
    /// Serve.
    Serve(Listen),
    /// Work on jobs beside the servers of a PostgreSQL database.
    Worker,
    /// Bring the database to the schema of this program.
    Migrate,
    /// Build the search index anew, while a running server goes on.
    Reindex,
    /// Look after users.
    #[command(subcommand)]
    User(user::Command),
    /// Copy everything but the master key to a new folder, or to a .tar.gz file; a server may run meanwhile.
    Backup { path: PathBuf },
    /// Fill an unused data directory from a backup.
    Restore {
        path: PathBuf,
        /// The data directory that was in use since: what was taken away there meanwhile is listed.
        #[arg(long, value_name = "FOLDER")]
        former: Option<PathBuf>,
    },
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Look whether everything is in order, and say how to mend what is not.
    Doctor {
        /// Also compare rows, files and index entries one by one.
        #[arg(long)]
        deep: bool,
    },
    /// Print what the program says about itself.
    Schema { what: Schema },
    /// Check the audit.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look after keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Rules from files: check, plan, apply, export.
    #[command(subcommand)]
    Policy(policy::Command),
    /// The part of the server that reads foreign files, in a process of its own.
    #[command(name = lakegate_lake::sandbox::CHILD_COMMAND, hide = true)]
    InternalLake,
}

#[derive(Debug, Args)]
struct Listen {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
}

/// What `schema` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// The schema of the endpoint `/graphql`.
    Graphql,
    /// The REST operations as an OpenAPI document.
    Openapi,
    /// All error codes, as a table.
    Errors,
    /// Who may do what, as a table.
    Rights,
    /// Every key of the configuration with its default.
    Config,
}

/// Runs what the command line says.
///
/// # Errors
/// What the command could not do.
pub fn run() -> anyhow::Result<ExitCode> {
    let Cli { common, command } = Cli::parse();
    let flags = Flags { file: common.config, data_dir: common.data_dir, listen: None };
    match command {
        Command::InternalLake => Ok(lakegate_lake::sandbox::child_main().map(|()| ExitCode::SUCCESS)?),
        Command::Worker => in_runtime(worker::run(settings(&flags)?)),
        Command::Schema { what } => schema::print(what),
        Command::Config(command) => config::run(&command, &flags),
        Command::Demo(Listen { listen }) => in_runtime(serve::run(demo_settings(&Flags { listen, ..flags })?, true)),
        Command::Serve(Listen { listen }) => in_runtime(serve::run(settings(&Flags { listen, ..flags })?, false)),
        Command::Migrate => short(&flags, async |config| migrate::run(&config).await),
        Command::Reindex => short(&flags, async |config| reindex::run(&config).await),
        Command::User(command) => short(&flags, async |config| user::run(command, &config).await),
        Command::Backup { path } => short(&flags, async |config| backup::run(&config, &path).await),
        Command::Restore { path, former } => {
            short(&flags, async |config| restore::run(&config, &path, former.as_deref()).await)
        }
        Command::Doctor { deep } => short(&flags, async |config| doctor::run(&config, deep).await),
        Command::Audit(command) => short(&flags, async |config| audit::run(&command, &config).await),
        Command::Policy(command) => in_runtime(policy::run(command)),
        Command::Keys(command) => short(&flags, async |config| keys::run(&command, &config).await),
    }
}

/// Runs a command that ends by itself, with its log for people.
fn short(flags: &Flags, work: impl AsyncFnOnce(Config) -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    let config = settings(flags)?;
    config.log.start(true);
    in_runtime(work(config))
}

fn settings(flags: &Flags) -> anyhow::Result<Config> {
    let config = read(flags)?;
    config.validate()?;
    Ok(config)
}

/// The demonstration has advice of its own for an address that others can reach.
fn demo_settings(flags: &Flags) -> anyhow::Result<Config> {
    let config = read(flags)?;
    serve::need_this_machine(&config)?;
    config.validate()?;
    Ok(config)
}

fn in_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
