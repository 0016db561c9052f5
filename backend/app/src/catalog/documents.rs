//! What search knows of an asset, a term or a project, and who may find it.

use lakegate_model::{
    Fault, Timestamp,
    catalog::{Asset, Column, Term},
    ids::{AssetId, ColumnId, DomainId, ProjectId, TermId},
    words::{AccessMode, AssetStatus, ColumnState},
};
use lakegate_policy::{
    Actor,
    access::ColumnScope,
    action, decide,
    resource::{AssetFacts, visibility_tokens},
};
use lakegate_search::{Change, Document, Facets, UnlistedText};
use lakegate_store::{Tx, assets, coarse, direct_grants, domains, glossary, projects, sources};
use serde_json::json;

use super::{
    assets::domain_path,
    state::{self, State},
};
use crate::query::grants;

/// The index's key of an asset.
pub(super) fn asset_key(id: AssetId) -> String {
    format!("asset:{id}")
}

/// The document of an asset as the snapshot has it; `change` is the last change of that snapshot.
pub(super) async fn asset(tx: &mut Tx, id: AssetId, change: i64, now: Timestamp) -> Result<Change, Fault> {
    let Some((asset, facts)) = assets::asset_facts(tx, &Actor::system(), id).await? else {
        return Ok(Change::Remove { key: asset_key(id), change });
    };
    let state = state::load(tx, asset).await?;
    let path = domain_path(tx, facts.domain).await?;
    let project_name = projects::project_label(tx, facts.project).await?.map(|label| label.0).unwrap_or_default();
    let source = match state.asset.source_id {
        Some(source) => sources::source_find(tx, source).await?.map(|found| found.id.to_string()),
        None => None,
    };
    let mut visible_to = visibility_tokens(&facts);
    visible_to.extend(assets::subscribers_of(tx, id).await?.iter().map(project_token));
    let mut granted = Vec::new();
    let registered = match state.asset.table_id {
        Some(table) => coarse::registered(tx, table).await?,
        None => None,
    };
    if registered.as_ref().is_some_and(|registered| registered.mode != AccessMode::Fine) {
        visible_to.push(found_token(id));
    } else if let Some(table) = state.asset.table_id {
        let columns = assets::granted_columns(tx, table, now).await?;
        granted.extend(columns.into_iter().map(|(project, column)| (project_token(&project), column)));
        for grant in direct_grants::direct_grants_touching(tx, table).await? {
            let Some(opened) = grants::opened(tx, &grant, table).await? else { continue };
            let holder = grant.grantee().to_string();
            if let ColumnScope::Only(columns) = opened {
                granted.extend(columns.into_iter().map(|column| (holder.clone(), column)));
            }
            visible_to.push(holder);
        }
    }
    let place = Place { path, project_name, source, visible_to };
    Ok(Change::Upsert(Box::new(asset_document(&state, &facts, &granted, place, change))))
}

/// The token of whoever finds an asset by rights of which no document can tell: who holds what, and which model decides for him,
/// is asked when he searches.
pub(super) fn found_token(id: AssetId) -> String {
    format!("found:{id}")
}

/// Where an asset stands.
struct Place {
    path: Vec<(DomainId, String)>,
    project_name: String,
    source: Option<String>,
    visible_to: Vec<String>,
}

fn project_token(project: &ProjectId) -> String {
    format!("project:{project}")
}

fn asset_document(
    state: &State,
    facts: &AssetFacts,
    granted: &[(String, ColumnId)],
    place: Place,
    change: i64,
) -> Document {
    let asset = &state.asset;
    let listed = listed(state);
    Document {
        key: asset_key(asset.id),
        change,
        kind: "asset".to_owned(),
        title: asset.title.clone(),
        name: asset.name.clone(),
        description: asset.description.clone(),
        columns: listed.iter().flat_map(|column| texts(column)).collect(),
        unlisted_columns: unlisted(state, facts, granted),
        term_names: listed_words(state, &listed, |state, column| {
            state.terms_on(column).into_iter().map(|link| link.name).collect()
        }),
        owners: Some(state.owner_name.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
        project_name: place.project_name.clone(),
        domain_names: place.path.iter().map(|(_, name)| name.clone()).collect(),
        facets: facets(state, facts, &listed, &place),
        updated_at: asset.updated_at.timestamp_micros(),
        published_at: asset.published_at.map(|at| at.timestamp_micros()),
        certified: asset.certified,
        deprecated: asset.status == AssetStatus::Deprecated,
        payload: payload(asset, listed.len(), &place),
        visible_to: place.visible_to,
    }
}

fn listed(state: &State) -> Vec<&Column> {
    state.columns.iter().filter(|column| column.state == ColumnState::Active && !column.unlisted).collect()
}

/// The technical name, and the business name that somebody accepted or gave.
fn texts(column: &Column) -> Vec<String> {
    [&column.name, &column.title].into_iter().filter(|text| !text.is_empty()).cloned().collect()
}

/// Columns that only members, and those a grant names them to, can find: unlisted and pending ones.
fn unlisted(state: &State, facts: &AssetFacts, granted: &[(String, ColumnId)]) -> Vec<UnlistedText> {
    let closed = state.columns.iter().filter(|column| match column.state {
        ColumnState::Active => column.unlisted,
        ColumnState::Pending => true,
        ColumnState::Dropped => false,
    });
    let text = |column: &Column| {
        let mut tokens = vec![project_token(&facts.project)];
        if column.state == ColumnState::Active {
            tokens.extend(granted.iter().filter(|row| row.1 == column.id).map(|row| row.0.clone()));
        }
        texts(column).into_iter().map(move |text| UnlistedText { text, tokens: tokens.clone() }).collect::<Vec<_>>()
    };
    closed.flat_map(text).collect()
}

/// Words on the asset and on its listed columns: those on closed columns would betray them.
fn listed_words(
    state: &State,
    listed: &[&Column],
    words: impl Fn(&State, Option<ColumnId>) -> Vec<String>,
) -> Vec<String> {
    let mut all = words(state, None);
    all.extend(listed.iter().flat_map(|column| words(state, Some(column.id))));
    all.sort();
    all.dedup();
    all
}

fn facets(state: &State, facts: &AssetFacts, listed: &[&Column], place: &Place) -> Facets {
    Facets {
        domains: place.path.iter().map(|(id, _)| id.to_string()).collect(),
        project: Some(facts.project.to_string()),
        asset_type: Some(state.asset.kind.to_string()),
        tags: listed_words(state, listed, State::tags_on),
        terms: listed_words(state, listed, |state, column| {
            state.terms_on(column).into_iter().map(|link| link.term_id.to_string()).collect()
        }),
        source: place.source.clone(),
    }
}

fn payload(asset: &Asset, columns: usize, place: &Place) -> serde_json::Value {
    json!({
        "id": asset.id,
        "name": asset.name,
        "title": asset.title,
        "status": asset.status,
        "certified": asset.certified,
        "project": place.project_name,
        "domain": place.path.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(),
        "columns": columns,
        "updated_at": asset.updated_at,
    })
}

/// The document of a term: open to everyone who is signed in.
pub(super) async fn term(tx: &mut Tx, id: TermId, change: i64) -> Result<Change, Fault> {
    let key = format!("term:{id}");
    let Some(term) = glossary::term_find(tx, id).await? else {
        return Ok(Change::Remove { key, change });
    };
    let path = domain_path(tx, term.domain_id).await?;
    Ok(Change::Upsert(Box::new(term_document(key, term, &path, change))))
}

fn term_document(key: String, term: Term, path: &[(DomainId, String)], change: i64) -> Document {
    Document {
        key,
        change,
        kind: "term".to_owned(),
        payload: json!({ "id": term.id, "name": term.name, "domain": path.iter().map(|p| &p.1).collect::<Vec<_>>() }),
        title: term.name,
        description: term.definition,
        domain_names: path.iter().map(|(_, name)| name.clone()).collect(),
        facets: Facets { domains: path.iter().map(|(id, _)| id.to_string()).collect(), ..Facets::default() },
        updated_at: term.updated_at.timestamp_micros(),
        visible_to: vec!["known".to_owned()],
        ..Document::default()
    }
}

/// The document of a project: for its members.
pub(super) async fn project(tx: &mut Tx, id: ProjectId, change: i64) -> Result<Change, Fault> {
    let key = format!("project:{id}");
    let Some(facts) = projects::project_facts(tx, id).await? else {
        return Ok(Change::Remove { key, change });
    };
    let scope = lakegate_policy::Scope::begin();
    let proof = decide::<action::ViewProject, _>(&scope, &Actor::system(), facts)?;
    let project = projects::project_get(tx, &proof).await?;
    let path = domain_path(tx, facts.domain).await?;
    Ok(Change::Upsert(Box::new(Document {
        key,
        change,
        kind: "project".to_owned(),
        payload: json!({ "id": id, "name": project.name, "domain": path.iter().map(|p| &p.1).collect::<Vec<_>>() }),
        title: project.name,
        description: project.description,
        domain_names: path.iter().map(|(_, name)| name.clone()).collect(),
        facets: Facets {
            domains: path.iter().map(|(id, _)| id.to_string()).collect(),
            project: Some(id.to_string()),
            ..Facets::default()
        },
        updated_at: project.created_at.timestamp_micros(),
        visible_to: vec![project_token(&id)],
        ..Document::default()
    })))
}

/// A domain and those below it.
pub(super) async fn domains_below(tx: &mut Tx, id: DomainId) -> Result<Vec<DomainId>, Fault> {
    let all = domains::domain_all(tx).await?;
    let mut below = vec![id];
    let mut at = 0;
    while let Some(parent) = below.get(at).copied() {
        below.extend(all.iter().filter(|domain| domain.parent_id == Some(parent)).map(|domain| domain.id));
        at += 1;
    }
    Ok(below)
}
