//! Assets: words, life, marks.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::{
    edit::{self, AssetEdit, ColumnEdit},
    publish, social, suggestions, words_csv,
};
use lakegate_model::{Fault, ids, words};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Discover, Id, Long},
    types::assets::{Asset, AssetSummary},
};

payloads! {
    /// An asset after its words changed.
    AssetPayload { asset: Asset }
    /// An asset after a step of its life.
    AssetStepPayload { asset: AssetSummary }
}

/// What to change of an asset; what is left out stays as it is.
#[derive(Debug, Default, InputObject)]
pub struct UpdateAssetInput {
    /// Empty takes the business name away.
    title: Option<String>,
    /// Markdown.
    description: Option<String>,
    /// Null leaves the asset without an owner.
    owner: MaybeUndefined<Id>,
    /// Null takes the domain's default.
    discover: MaybeUndefined<Discover>,
    /// Replaces the tags of the asset itself.
    tags: Option<Vec<String>>,
    /// Replaces the glossary terms of the asset itself.
    terms: Option<Vec<Id>>,
    #[graphql(default)]
    columns: Vec<UpdateColumnInput>,
}

/// What to change of a column; what is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateColumnInput {
    id: Id,
    /// Empty takes the business name away.
    title: Option<String>,
    description: Option<String>,
    /// Whether the column is absent from what others may discover.
    unlisted: Option<bool>,
    /// Replaces the tags of the column.
    tags: Option<Vec<String>>,
    /// Replaces the glossary terms of the column.
    terms: Option<Vec<Id>>,
}

fn terms(ids: Vec<Id>) -> Vec<ids::TermId> {
    ids.into_iter().map(Into::into).collect()
}

impl From<UpdateColumnInput> for ColumnEdit {
    fn from(input: UpdateColumnInput) -> Self {
        Self {
            id: input.id.into(),
            title: input.title,
            description: input.description,
            unlisted: input.unlisted,
            tags: input.tags,
            terms: input.terms.map(terms),
        }
    }
}

impl From<UpdateAssetInput> for AssetEdit {
    fn from(input: UpdateAssetInput) -> Self {
        Self {
            title: input.title,
            description: input.description,
            owner: input.owner.map_value(ids::UserId::from).into(),
            discover: input.discover.map_value(words::Discover::from).into(),
            tags: input.tags,
            terms: input.terms.map(terms),
            columns: input.columns.into_iter().map(Into::into).collect(),
        }
    }
}

/// How an asset goes out of use.
#[derive(Debug, InputObject)]
pub struct DeprecateAssetInput {
    /// What to use instead.
    successor: Option<Id>,
    /// From when; now if not given.
    from: Option<DateTime<Utc>>,
    /// Why, and what subscribers should do.
    note: String,
}

/// Changes of assets.
#[derive(Debug, Default)]
pub struct AssetsMutation;

#[Object]
impl AssetsMutation {
    /// Changes the words of an asset. `revision` is the one that was read: a change meanwhile refuses this one.
    async fn update_asset(
        &self,
        ctx: &Context<'_>,
        id: Id,
        revision: Long,
        input: UpdateAssetInput,
    ) -> Maybe<AssetPayload> {
        let at = At::of(ctx);
        outcome(&at, edit::update(at.app(), &at.caller, id.into(), revision.0, &input.into()).await)
    }

    /// Changes words of several columns at once, all or none.
    async fn update_columns(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        revision: Long,
        columns: Vec<UpdateColumnInput>,
    ) -> Maybe<AssetPayload> {
        let at = At::of(ctx);
        let change = AssetEdit::from(UpdateAssetInput { columns, ..UpdateAssetInput::default() });
        outcome(&at, edit::update(at.app(), &at.caller, asset.into(), revision.0, &change).await)
    }

    /// Takes descriptions, titles, terms and tags of columns from CSV, all or none.
    async fn import_column_words(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        revision: Long,
        csv: String,
    ) -> Maybe<AssetPayload> {
        let at = At::of(ctx);
        outcome(&at, words_csv::import(at.app(), &at.caller, asset.into(), revision.0, &csv).await)
    }

    /// Accepts one proposed name, or with `asset` all that are open.
    async fn accept_suggestions(
        &self,
        ctx: &Context<'_>,
        asset: Option<Id>,
        suggestion: Option<Id>,
    ) -> Maybe<AssetPayload> {
        let at = At::of(ctx);
        outcome(
            &at,
            match (asset, suggestion) {
                (Some(asset), None) => suggestions::accept_all(at.app(), &at.caller, asset.into()).await,
                (None, Some(id)) => suggestions::accept(at.app(), &at.caller, id.into()).await,
                _ => Err(Fault::invalid("suggestion", "name a suggestion, or an asset to accept all of its")),
            },
        )
    }

    /// Rejects a proposed name; it stays away.
    async fn reject_suggestion(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, suggestions::reject(at.app(), &at.caller, id.into()).await)
    }

    /// Publishes an asset, exactly the revision that was looked at.
    async fn publish_asset(&self, ctx: &Context<'_>, id: Id, revision: Long) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        outcome(&at, publish::publish(at.app(), &at.caller, id.into(), revision.0).await)
    }

    /// Announces the end of an asset: no new requests, subscribers are told.
    async fn deprecate_asset(
        &self,
        ctx: &Context<'_>,
        id: Id,
        revision: Long,
        input: DeprecateAssetInput,
    ) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        let successor = input.successor.map(Into::into);
        let how = publish::Deprecation { successor, from: input.from, note: input.note };
        outcome(&at, publish::deprecate(at.app(), &at.caller, id.into(), revision.0, &how).await)
    }

    /// Takes a deprecation back.
    async fn undeprecate_asset(&self, ctx: &Context<'_>, id: Id, revision: Long) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        outcome(&at, publish::undeprecate(at.app(), &at.caller, id.into(), revision.0).await)
    }

    /// Archives an asset without active subscriptions.
    async fn archive_asset(&self, ctx: &Context<'_>, id: Id, revision: Long) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        outcome(&at, publish::archive(at.app(), &at.caller, id.into(), revision.0).await)
    }

    /// Certifies an asset, or no longer: a steward does.
    async fn certify_asset(&self, ctx: &Context<'_>, id: Id, certified: bool) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        outcome(&at, publish::certify(at.app(), &at.caller, id.into(), certified).await)
    }

    /// Opens pending columns.
    async fn release_columns(&self, ctx: &Context<'_>, asset: Id, columns: Vec<Id>) -> Maybe<AssetStepPayload> {
        let at = At::of(ctx);
        let columns: Vec<ids::ColumnId> = columns.into_iter().map(Into::into).collect();
        outcome(&at, publish::release(at.app(), &at.caller, asset.into(), &columns).await)
    }

    /// Watches an asset (notices on changes), or no longer.
    async fn watch_asset(&self, ctx: &Context<'_>, id: Id, #[graphql(default = true)] on: bool) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, social::mark(at.app(), &at.caller, id.into(), words::Mark::Watch, on).await)
    }

    /// Notes that the caller opened an asset, for his list of the recently seen.
    async fn mark_seen(&self, ctx: &Context<'_>, asset: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, social::seen(at.app(), &at.caller, asset.into()).await)
    }

    /// Bookmarks an asset, or no longer.
    async fn bookmark_asset(
        &self,
        ctx: &Context<'_>,
        id: Id,
        #[graphql(default = true)] on: bool,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, social::mark(at.app(), &at.caller, id.into(), words::Mark::Bookmark, on).await)
    }
}
