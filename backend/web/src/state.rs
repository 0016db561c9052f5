//! What every handler works with.

use lakegate_app::App;
use std::sync::Arc;

use crate::{Metrics, WebConfig};

/// The web side of the application: cheap to clone.
#[derive(Debug, Clone)]
pub struct Web(Arc<Parts>);

/// The parts of [`Web`].
#[derive(Debug)]
pub struct Parts {
    pub app: App,
    pub config: WebConfig,
    pub metrics: Metrics,
}

impl Web {
    /// Puts the web side together.
    pub fn new(app: App, config: WebConfig, metrics: Metrics) -> Self {
        Self(Arc::new(Parts { app, config, metrics }))
    }
}

impl std::ops::Deref for Web {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
