//! Listening, and ending in order.

use anyhow::Context;
use axum::{Router, http::header, routing::get};
use lakegate_web::{Web, router};
use std::{future::IntoFuture, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{config::Config, job_metrics};

/// How long requests under way may take once the server is told to end.
const DRAIN: Duration = Duration::from_secs(20);

/// The addresses that are listened on.
#[derive(Debug)]
pub struct Doors {
    main: TcpListener,
    address: SocketAddr,
    metrics: Option<TcpListener>,
}

impl Doors {
    /// The main address, as a browser on this machine writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Takes the configured addresses.
///
/// # Errors
/// One is taken or may not be used; the message names the key.
pub async fn open(config: &Config) -> anyhow::Result<Doors> {
    let wanted = config.server.address().context("server.listen: no address")?;
    let main = TcpListener::bind(wanted).await.with_context(|| format!("server.listen: {wanted} cannot be used"))?;
    let metrics = match config.metrics.address() {
        Some(address) => Some(
            TcpListener::bind(address).await.with_context(|| format!("metrics.listen: {address} cannot be used"))?,
        ),
        None => None,
    };
    let address = main.local_addr()?;
    Ok(Doors { main, address, metrics })
}

/// A token that is cancelled by SIGINT or SIGTERM.
///
/// # Errors
/// If signals cannot be heard.
pub fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("told to end");
        told.cancel();
    });
    Ok(stop)
}

/// Serves until `stop`, then lets requests under way end, up to 20 seconds.
///
/// # Errors
/// If accepting fails for good.
pub async fn serve(doors: Doors, web: Web, stop: CancellationToken) -> anyhow::Result<()> {
    if let Some(listener) = doors.metrics {
        tokio::spawn(serve_metrics(listener, web.clone(), stop.clone()));
    }
    let live = web.live.clone();
    let service = router(web).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(doors.main, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        live.end();
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving.into_future() => served.context("serving failed"),
        () = patience => {
            tracing::warn!("requests were cut off after {} seconds", DRAIN.as_secs());
            Ok(())
        }
    }
}

async fn serve_metrics(listener: TcpListener, web: Web, stop: CancellationToken) {
    let text = move || async move {
        measure(&web);
        let text = web.metrics.render() + &job_metrics::text(&web.app).await;
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
    };
    let app: Router = Router::new().route("/metrics", get(text));
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "serving metrics failed");
    }
}

/// What is true at this moment.
fn measure(web: &Web) {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (app, metrics) = (&web.app, &web.metrics);
    metrics.set("lakegate_queries_running", "Queries that run.", number(app.queries.count()));
    metrics.set(
        "lakegate_query_memory_bytes",
        "Working memory that queries hold.",
        number(app.engine.reserved_bytes()),
    );
    let position = u64::try_from(app.search.position()).unwrap_or_default();
    metrics.set("lakegate_search_position", "The last change that searches show.", position);
}
