//! What every handler works with.

use axum::{http::StatusCode, response::Response};
use lakegate_app::App;
use std::sync::Arc;

use crate::{Metrics, WebConfig, error::Problem, live::Live};

/// Shows a problem as a page, in the reader's theme: `light`, `dark`, or empty for what the system says.
pub type ErrorPage = fn(StatusCode, &Problem, theme: &str) -> Response;

/// The web side of the application: cheap to clone.
#[derive(Debug, Clone)]
pub struct Web(Arc<Parts>);

/// The parts of [`Web`].
#[derive(Debug)]
pub struct Parts {
    pub app: App,
    pub config: WebConfig,
    pub metrics: Metrics,
    pub error_page: ErrorPage,
    /// Answers that go on for long.
    pub live: Live,
}

impl Web {
    /// Puts the web side together.
    pub fn new(app: App, config: WebConfig, metrics: Metrics, error_page: ErrorPage) -> Self {
        Self(Arc::new(Parts { app, config, metrics, error_page, live: Live::default() }))
    }
}

impl std::ops::Deref for Web {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
