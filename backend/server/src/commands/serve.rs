//! `lakegate serve` and `lakegate demo`.

use anyhow::ensure;
use lakegate_app::{App, Caller, accounts::set_up, keys::rotate, places::roots, query::kept, sources::unfinished};
use lakegate_web::Metrics;
use std::process::ExitCode;

use crate::{
    background,
    config::Config,
    demo,
    listen::{self, Doors},
    say,
    wire::{self, Use},
};

/// Serves until it is told to end, then ends in order.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn run(config: Config, as_demo: bool) -> anyhow::Result<ExitCode> {
    if as_demo {
        need_this_machine(&config)?;
    }
    config.log.start(as_demo);
    let opened = wire::open(&config, Use::Server, as_demo).await?;
    let app = opened.app.clone();
    ensure!(
        as_demo || is_loopback(&config) || !demo::is_demo(&app),
        "the data directory {} is the demo's, whose people have a published password; serve another one to others",
        opened.dir.path.display()
    );
    let doors = listen::open(&config).await?;
    assign_roots(&app, &config).await?;
    reseal(&app).await?;
    kept::recover(&app).await?;
    unfinished::recover(&app).await?;
    let stop = listen::stop_signal()?;
    let work = background::start(&app, &config, &stop);
    let mut web_config = wire::web_config(&config);
    if as_demo {
        demo::seed(&app).await?;
        web_config.demo_people = demo::people::for_sign_in();
    }
    let web = lakegate_web::web(app.clone(), web_config, Metrics::default());
    greet(&app, &config, &doors, as_demo).await?;
    listen::serve(doors, web, stop).await?;
    app.queries.cancel_all();
    work.end().await;
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The demonstration is for whoever sits at the machine.
///
/// # Errors
/// An address that other machines can reach.
pub fn need_this_machine(config: &Config) -> anyhow::Result<()> {
    let elsewhere = config.server.address().filter(|address| !address.ip().is_loopback());
    let Some(address) = elsewhere else { return Ok(()) };
    anyhow::bail!(
        "server.listen: {address} can be reached from other machines, and the demo's people sign in without a password, so \
         it listens on 127.0.0.1 alone; for others start `lakegate serve` on a data directory of its own"
    )
}

fn is_loopback(config: &Config) -> bool {
    config.server.address().is_some_and(|address| address.ip().is_loopback())
}

/// After a new master key: nothing stays sealed with an older one.
async fn reseal(app: &App) -> anyhow::Result<()> {
    let moved = rotate::reseal(app).await?;
    if moved > 0 {
        tracing::info!(moved, key_id = app.keys.key_id, "sealed values were moved to the newest master key");
    }
    Ok(())
}

/// Folders that the configuration names may be used from now on.
async fn assign_roots(app: &App, config: &Config) -> anyhow::Result<()> {
    let caller = Caller::system("configuration");
    let known = roots::list(app, &caller).await?;
    for root in &config.sources.roots {
        let uri = url::Url::from_directory_path(root)
            .map_err(|()| anyhow::anyhow!("sources.roots: {} has to be an absolute path", root.display()))?;
        if !known.iter().any(|known| known.uri == uri.as_str()) {
            roots::assign(app, &caller, uri.as_str(), None).await?;
        }
    }
    Ok(())
}

/// One line for programs, then lines for people.
async fn greet(app: &App, config: &Config, doors: &Doors, as_demo: bool) -> anyhow::Result<()> {
    let url = doors.url();
    say::line(serde_json::json!({ "event": "listening", "url": url }).to_string());
    if as_demo {
        demo::greet(&url);
    } else if let Some(secret) = set_up::new_link(app).await? {
        let base = config.server.public_url.as_ref().map_or(url, |url| url.as_str().trim_end_matches('/').to_owned());
        say::line("There are no users yet. Create the first administrator within 30 minutes at");
        say::line(format!("  {base}/set-up/{secret}"));
    }
    Ok(())
}
