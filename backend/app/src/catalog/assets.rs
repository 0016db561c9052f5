//! Looking at assets: one in full, or a project's inventory.

use lakegate_model::{
    Fault, Page, PageRequest,
    catalog::{Asset, Column, Suggestion, TermLink},
    grants::Grantee,
    ids::{AssetId, ColumnId, DomainId, ProjectId, TableId},
    words::{AssetStatus, ColumnState, Discover, Mark, ProjectRole, SuggestionState},
};
use lakegate_policy::{
    Actor, Verdict,
    action::{self, Action},
    decide,
    resource::AssetFacts,
    verdict,
};
use lakegate_store::{
    Tx, asset_words, assets as store, coarse, domains, environments, marks, projects, sources,
    tables::{self, FileTotals},
};
use std::collections::HashSet;

use super::{
    granted,
    state::{self, State},
};
use crate::{
    App, Caller,
    query::{grants, rules},
};

/// How the caller stands to an asset: the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Member of the owning project.
    Member(ProjectRole),
    /// Member of a project with an active subscription.
    Subscriber,
    /// Member of a project whose request is open; its number.
    Requested(i64),
    /// May ask for access.
    Requestable,
    /// May look, and that is all.
    Listed,
}

/// A column as the caller may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnView {
    pub column: Column,
    pub tags: Vec<String>,
    pub terms: Vec<TermLink>,
}

/// An asset as the caller may see it.
#[derive(Debug, Clone)]
pub struct AssetView {
    pub asset: Asset,
    /// All that are in the files, for members; else those listed, and unlisted ones that a grant names.
    pub columns: Vec<ColumnView>,
    pub tags: Vec<String>,
    pub terms: Vec<TermLink>,
    pub project_name: String,
    /// From the root of the tree to the asset's own domain.
    pub domain_path: Vec<(DomainId, String)>,
    /// Display name; empty for none.
    pub owner_name: String,
    /// The level in force.
    pub discover: Discover,
    pub standing: Standing,
    pub may_edit: bool,
    pub may_certify: bool,
    /// May open pending columns.
    pub may_release: bool,
    /// May see who has access.
    pub may_review: bool,
    /// May put restrictions in force.
    pub may_restrict: bool,
    /// Whether the caller may give access without a request.
    pub may_grant: bool,
    /// Whether the caller may open it for himself in an emergency.
    pub may_break_glass: bool,
    /// Database and table, for members; consumers read it under their own database.
    pub table: Option<(String, String)>,
    /// Counts are for those who read the whole table (access rule 5).
    pub totals: Option<FileTotals>,
    /// Digest of the data, for the same.
    pub data_version: Option<String>,
    pub source_name: Option<String>,
    /// What to use instead, if the caller may find it.
    pub successor: Option<(AssetId, String)>,
    /// Proposed names still open, for those who may edit.
    pub suggestions: Vec<Suggestion>,
    pub marks: Vec<Mark>,
}

/// An asset as the caller may see it.
pub async fn view(app: &App, caller: &Caller, id: AssetId) -> Result<AssetView, Fault> {
    look!(app, caller, "asset.discover", |tx, scope, actor| {
        let (asset, proof) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
        let state = match actor.role_in(asset.project_id) {
            Some(_) => state::load(tx, asset).await?,
            None => state::load_described(tx, asset).await?,
        };
        view_of(app, tx, actor, proof.on(), state).await
    })
}

/// The assets of a project in order of names: for its members.
pub async fn of_project(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    status: Option<AssetStatus>,
    page: &PageRequest,
) -> Result<Page<Asset>, Fault> {
    look!(app, caller, "asset.list", |tx, scope, actor| {
        let facts = projects::project_facts(tx, project).await?.ok_or_else(|| Fault::not_found("project"))?;
        let proof = decide::<action::ViewProject, _>(scope, actor, facts)?;
        Ok(store::assets_of_project(tx, &proof, status, page).await?)
    })
}

/// Builds the view after the right to discover was proved.
pub(crate) async fn view_of(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    facts: AssetFacts,
    state: State,
) -> Result<AssetView, Fault> {
    let may = |action| verdict(actor, action, &facts.into()) == Verdict::Allow;
    let member = actor.role_in(facts.project).is_some();
    let mut visible = visible_columns(app, tx, actor, &state).await?;
    if may(Action::ReleaseColumns) {
        visible.extend(pending_columns(&state));
    }
    let whole = member && !rules::is_restricted(app, tx, actor, &state.asset, &state.columns).await?;
    let may_edit = may(Action::EditAsset);
    let mut view = AssetView {
        columns: column_views(&state, &visible),
        tags: state.tags_on(None),
        terms: state.terms_on(None),
        project_name: projects::project_label(tx, facts.project).await?.map(|label| label.0).unwrap_or_default(),
        domain_path: domain_path(tx, facts.domain).await?,
        owner_name: state.owner_name.clone(),
        discover: facts.discover,
        standing: standing(tx, actor, &facts).await?,
        may_edit,
        may_certify: may(Action::CertifyAsset),
        may_release: may(Action::ReleaseColumns),
        may_review: may(Action::ReviewAsset),
        may_restrict: may(Action::ManageRules),
        may_grant: may(Action::GrantAccess),
        may_break_glass: !member && may(Action::BreakGlass),
        table: None,
        totals: whole.then_some(state.totals),
        data_version: whole.then(|| state.data_version.clone()),
        source_name: None,
        successor: successor(tx, actor, state.asset.successor_id).await?,
        suggestions: Vec::new(),
        marks: own_marks(tx, actor, facts.id).await?,
        asset: state.asset,
    };
    if member {
        view.table = table_name(tx, &view.asset).await?;
        view.source_name = source_name(tx, &view.asset).await?;
    }
    if may_edit {
        view.suggestions = open_suggestions(tx, facts.id).await?;
    }
    Ok(view)
}

/// The columns that an actor who may discover the asset may know of.
pub(crate) async fn visible_columns(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    state: &State,
) -> Result<HashSet<ColumnId>, Fault> {
    columns_known(app, tx, actor, (state.asset.project_id, state.asset.table_id), &state.columns).await
}

/// Of the columns of an asset that an actor may discover, those that he may know of.
pub(crate) async fn columns_known(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    (owner, table): (ProjectId, Option<TableId>),
    columns: &[Column],
) -> Result<HashSet<ColumnId>, Fault> {
    let there = columns.iter().filter(|column| column.state != ColumnState::Dropped);
    if actor.role_in(owner).is_some() || actor.principal == lakegate_policy::actor::Principal::System {
        return Ok(there.map(|column| column.id).collect());
    }
    let mut granted = HashSet::new();
    // Grants matter for unlisted columns alone, which few tables have.
    let unlisted = there.clone().any(|column| column.unlisted);
    if let Some(table) = table.filter(|_| unlisted) {
        let rows = store::granted_columns(tx, table, app.now()).await?;
        let registered = coarse::registered(tx, table).await?;
        let counts = |project: &ProjectId| {
            let grantee = Grantee::Project(*project);
            registered.as_ref().is_some_and(|found| grants::counts_somewhere(found, &grantee, false, actor))
        };
        granted.extend(rows.into_iter().filter(|row| counts(&row.0)).map(|row| row.1));
        granted.extend(grants::named_to(tx, actor, table).await?);
    }
    let open = there.filter(|column| column.state == ColumnState::Active);
    Ok(open.filter(|column| !column.unlisted || granted.contains(&column.id)).map(|column| column.id).collect())
}

/// Whoever may open pending columns has to see which ones wait, as a steward of the domain.
fn pending_columns(state: &State) -> impl Iterator<Item = ColumnId> + '_ {
    state.columns.iter().filter(|column| column.state == ColumnState::Pending).map(|column| column.id)
}

fn column_views(state: &State, visible: &HashSet<ColumnId>) -> Vec<ColumnView> {
    let shown = state.columns.iter().filter(|column| visible.contains(&column.id));
    let view = |column: &Column| ColumnView {
        tags: state.tags_on(Some(column.id)),
        terms: state.terms_on(Some(column.id)),
        column: column.clone(),
    };
    shown.map(view).collect()
}

/// The way from the root of the tree to a domain.
pub(crate) async fn domain_path(tx: &mut Tx, id: DomainId) -> Result<Vec<(DomainId, String)>, Fault> {
    Ok(domains::domain_path(tx, id).await?)
}

async fn standing(tx: &mut Tx, actor: &Actor, facts: &AssetFacts) -> Result<Standing, Fault> {
    if let Some(role) = actor.role_in(facts.project) {
        return Ok(Standing::Member(role));
    }
    if facts.granted {
        return Ok(Standing::Subscriber);
    }
    let open = store::open_requests_of(tx, facts.id).await?;
    if let Some((_, number)) = open.into_iter().find(|(project, _)| actor.role_in(*project).is_some()) {
        return Ok(Standing::Requested(number));
    }
    let requestable = verdict(actor, Action::RequestAsset, &(*facts).into()) != Verdict::Hide
        && facts.status == AssetStatus::Published
        && matches!(facts.discover, Discover::Requestable | Discover::Open);
    Ok(if requestable { Standing::Requestable } else { Standing::Listed })
}

async fn successor(tx: &mut Tx, actor: &Actor, id: Option<AssetId>) -> Result<Option<(AssetId, String)>, Fault> {
    let Some(id) = id else { return Ok(None) };
    let found = store::asset_facts(tx, actor, id).await?;
    let visible = found.filter(|(_, facts)| verdict(actor, Action::DiscoverAsset, &(*facts).into()) == Verdict::Allow);
    Ok(visible.map(|(asset, _)| (id, asset.display_name().to_owned())))
}

async fn own_marks(tx: &mut Tx, actor: &Actor, id: AssetId) -> Result<Vec<Mark>, Fault> {
    let Some(user) = actor.user() else { return Ok(Vec::new()) };
    Ok(marks::marks_of(tx, user, id).await?.into_iter().map(|(mark, _)| mark).collect())
}

async fn table_name(tx: &mut Tx, asset: &Asset) -> Result<Option<(String, String)>, Fault> {
    let Some(id) = asset.table_id else { return Ok(None) };
    let Some(table) = tables::table_find(tx, id).await? else { return Ok(None) };
    let database = environments::database_find(tx, table.database_id).await?;
    Ok(database.map(|database| (database.name, table.name)))
}

async fn source_name(tx: &mut Tx, asset: &Asset) -> Result<Option<String>, Fault> {
    let Some(id) = asset.source_id else { return Ok(None) };
    Ok(sources::source_find(tx, id).await?.map(|source| source.name))
}

async fn open_suggestions(tx: &mut Tx, id: AssetId) -> Result<Vec<Suggestion>, Fault> {
    let all = asset_words::suggestions_of(tx, id).await?;
    Ok(all.into_iter().filter(|suggestion| suggestion.state == SuggestionState::Open).collect())
}
