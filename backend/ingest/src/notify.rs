//! Sends one notice of a run to somebody who asked for it.

use lakegate_app::{
    App,
    jobs::notices::{NOTIFY, sending},
};
use lakegate_jobs::{Kind, KindSpec, RunContext, RunFuture};

/// The kind.
#[derive(Debug)]
pub(crate) struct Notify {
    app: App,
}

impl Notify {
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

impl Kind for Notify {
    fn spec(&self) -> &'static KindSpec {
        &NOTIFY
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(sending::send(&self.app, context))
    }
}
