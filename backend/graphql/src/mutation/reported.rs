//! Deciding what reported datasets are.

use async_graphql::{Context, Object};
use lakegate_app::reported::{self, Is};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::Id,
    types::reported::{ReportedDataset, ReportedRule},
};

payloads! {
    /// A reported dataset after a change.
    ReportedDatasetPayload { reported_dataset: ReportedDataset }
    /// A rule after a change.
    ReportedRulePayload { reported_rule: ReportedRule }
}

/// Changes of what reported datasets are.
#[derive(Debug, Default)]
pub struct ReportedMutation;

#[Object]
impl ReportedMutation {
    /// Says that a reported dataset is the table of an asset. Its lineage follows.
    async fn match_reported_dataset(&self, ctx: &Context<'_>, id: Id, asset: Id) -> Maybe<ReportedDatasetPayload> {
        let at = At::of(ctx);
        let is = Is::Asset(asset.into());
        outcome(&at, reported::decide(at.app(), &at.caller, id.into(), is).await)
    }

    /// Says that a reported dataset is the same as another one. Their lineage is one.
    async fn merge_reported_dataset(&self, ctx: &Context<'_>, id: Id, into: Id) -> Maybe<ReportedDatasetPayload> {
        let at = At::of(ctx);
        let is = Is::Dataset(into.into());
        outcome(&at, reported::decide(at.app(), &at.caller, id.into(), is).await)
    }

    /// Says that a reported dataset is a thing of its own, whatever names and rules say.
    async fn split_reported_dataset(&self, ctx: &Context<'_>, id: Id) -> Maybe<ReportedDatasetPayload> {
        let at = At::of(ctx);
        outcome(&at, reported::decide(at.app(), &at.caller, id.into(), Is::Itself).await)
    }

    /// Undoes what was decided last about a reported dataset.
    async fn undo_reported_dataset(&self, ctx: &Context<'_>, id: Id) -> Maybe<ReportedDatasetPayload> {
        let at = At::of(ctx);
        outcome(&at, reported::undo(at.app(), &at.caller, id.into()).await)
    }

    /// Makes a rule: names of `namespace` that begin with `prefix` are tables of a database of the project, called what
    /// follows.
    async fn create_reported_rule(
        &self,
        ctx: &Context<'_>,
        project: Id,
        namespace: String,
        #[graphql(default)] prefix: String,
        database: Id,
    ) -> Maybe<ReportedRulePayload> {
        let at = At::of(ctx);
        let rule = (namespace.as_str(), prefix.as_str(), database.into());
        outcome(&at, reported::create_rule(at.app(), &at.caller, project.into(), rule).await)
    }

    /// Removes a rule. What it matched is what else is known of it.
    async fn delete_reported_rule(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, reported::delete_rule(at.app(), &at.caller, id.into()).await)
    }
}
