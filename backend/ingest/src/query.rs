//! Runs the query of a derived table and keeps its result, as the service account that the table names.

use lakegate_app::{
    App,
    derived::{QUERY, build},
};
use lakegate_jobs::{JobError, Kind, KindSpec, RunContext, RunFuture};
use lakegate_model::{Fault, words::LogLevel};
use serde_json::Value;

/// The kind.
#[derive(Debug)]
pub(crate) struct StoreQuery {
    app: App,
}

impl StoreQuery {
    pub fn new(app: App) -> Self {
        Self { app }
    }

    async fn store(&self, run: &RunContext) -> Result<Value, JobError> {
        let subject = run.run().subject_id.ok_or_else(|| Fault::internal("a run without a derived table"))?;
        let built = build::build(&self.app, run, subject.into()).await;
        let built = built.inspect_err(|fault| run.log(LogLevel::Error, fault.to_string()))?;
        run.log(LogLevel::Info, "the result is the table now");
        serde_json::to_value(built).map_err(|error| JobError::Final(Fault::internal(error)))
    }
}

impl Kind for StoreQuery {
    fn spec(&self) -> &'static KindSpec {
        &QUERY
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(self.store(context))
    }
}
