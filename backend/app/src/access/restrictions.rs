//! Restrictions: what narrows grants, for everyone whom it does not spare.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::{Asset, Column},
    ids::{AssetId, ColumnId, RestrictionId},
    rules::{Exemption, PinnedMapping, Restriction},
    text,
    words::{ColumnState, ExemptKind, Mask, RestrictionEffect, TokenScope},
};
use lakegate_policy::{
    Action, Actor, Verdict, action,
    binding::binds,
    decide,
    resource::{AssetFacts, Platform},
    verdict,
};
use lakegate_store::{Tx, WriteTx, assets, purposes, readable, restrictions as store, rule_mappings, users};
use serde_json::json;
use uuid::Uuid;

use super::{filters::check_filter, principals::spared_name, reason_for};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::{Acting, person},
    catalog::{granted, granted_for},
    query::mask_key,
};

/// What a restriction stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The table of an asset: these columns, or all of it where none are named.
    Asset(AssetId, Vec<ColumnId>),
    /// Everything under a tag, today's and tomorrow's.
    Tag(String),
}

/// What a restriction does, with what that needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrowing {
    Hide,
    Mask(Mask),
    /// Only rows for which the condition is true.
    Filter(String),
}

/// A restriction to be put in force.
#[derive(Debug, Clone)]
pub struct NewRestriction {
    pub target: Target,
    pub narrowing: Narrowing,
    pub exempt: Vec<Exemption>,
    pub reason: String,
}

/// Puts a restriction in force: the next query of everyone whom it binds obeys it.
///
/// # Errors
/// `invalid` for a mask that is not defined for a column's type, a filter that does not fit, columns of another table;
/// `forbidden` for who may not, who would spare himself (access rule 11), and who does not read what his filter names
/// (access rule 21).
pub async fn create(app: &App, caller: &Caller, new: &NewRestriction) -> Result<Restriction, Fault> {
    reason_for(&new.reason)?;
    change!(app, caller, "restriction.create", |tx, scope, actor| {
        create_in(app, tx, (caller, scope, actor), new).await
    })
}

/// [`create`] in the caller's transaction.
pub(super) async fn create_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    new: &NewRestriction,
) -> Result<Restriction, Fault> {
    let mut rule = Restriction {
        id: app.new_id(),
        table_id: None,
        tag: None,
        effect: effect(&new.narrowing),
        mask: None,
        filter: None,
        reason: reason_for(&new.reason)?,
        created_by: person(actor, TokenScope::Write)?,
        created_at: app.now(),
        ended_by: None,
        ended_at: None,
        columns: Vec::new(),
        exempt: exemptions(new),
    };
    if let Narrowing::Mask(mask) = new.narrowing {
        rule.mask = Some(mask);
    }
    let (mut owner, mut mappings) = (None, Vec::new());
    match &new.target {
        Target::Tag(tag) => {
            let _may = decide::<action::ManageRules, _>(scope, actor, Platform)?;
            rule.tag = Some(on_tag(tag, &new.narrowing)?);
        }
        Target::Asset(asset, columns) => {
            let (asset, proof) = granted::<action::ManageRules>(tx, scope, actor, *asset).await?;
            let facts = proof.on();
            owner = Some(facts.project);
            mappings = on_table(app, tx, (actor, &facts, &asset), columns, &new.narrowing, &mut rule).await?;
        }
    }
    for exemption in &rule.exempt {
        known_principal(tx, exemption).await?;
    }
    if !binds(&rule, &anywhere(actor, &rule)) || may_state(tx, actor, &rule).await? {
        return Err(second_person("this would spare yourself"));
    }
    if rule.mask == Some(Mask::Hmac) {
        mask_key::ensure(app, tx).await?;
    }
    store::restriction_insert(tx, &rule).await?;
    rule_mappings::rule_mappings_insert(tx, rule.id.into(), &mappings).await?;
    record(app, tx, (caller, actor), "restriction.create", &rule, owner).await?;
    Ok(rule)
}

/// Lifts a restriction.
///
/// # Errors
/// `not_found` for one that the caller may not know of, `conflict` for one that was lifted, `forbidden` for who may not, and
/// for whom it binds unless he put it in force himself (access rule 11).
pub async fn lift(app: &App, caller: &Caller, id: RestrictionId) -> Result<(), Fault> {
    change!(app, caller, "restriction.lift", |tx, scope, actor| { lift_in(app, tx, (caller, scope, actor), id).await })
}

/// [`lift`] in the caller's transaction.
pub(super) async fn lift_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: RestrictionId,
) -> Result<(), Fault> {
    let by = person(actor, TokenScope::Write)?;
    let rule = store::restriction_find(tx, id).await?.ok_or_else(|| Fault::not_found("restriction"))?;
    let mut owner = None;
    match rule.table_id {
        None => drop(decide::<action::ManageRules, _>(scope, actor, Platform)?),
        Some(table) => {
            let asset = assets::asset_of_table(tx, table).await?;
            let (_, proof) = granted_for::<action::ManageRules>(tx, scope, actor, asset, "restriction").await?;
            owner = Some(proof.on().project);
        }
    }
    if rule.ended_at.is_some() {
        return Err(Fault::new(Code::Conflict, "this restriction was lifted already"));
    }
    if rule.created_by != by && binds(&rule, &anywhere(actor, &rule)) {
        return Err(second_person("this restriction binds you"));
    }
    store::restriction_end(tx, id, by, app.now()).await?;
    record(app, tx, (caller, actor), "restriction.lift", &rule, owner).await
}

/// The restrictions on an asset's table, ended ones included.
pub async fn of_asset(
    app: &App,
    caller: &Caller,
    asset: AssetId,
    page: &PageRequest,
) -> Result<Page<Restriction>, Fault> {
    look!(app, caller, "restriction.list", |tx, scope, actor| {
        let (asset, proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        match asset.table_id {
            Some(table) => Ok(store::restrictions_on(tx, &proof, table, page).await?),
            None => Ok(Page { items: Vec::new(), next: None }),
        }
    })
}

/// A restriction with the names of what it is about.
#[derive(Debug, Clone)]
pub struct RestrictionView {
    pub rule: Restriction,
    pub columns: Vec<String>,
    /// Names of those whom it spares.
    pub exempt: Vec<String>,
    /// Display name.
    pub created_by: String,
    /// Whether the caller may try to lift it.
    pub may_lift: bool,
}

/// The restrictions on an asset's table with names, the latest first: at most 200.
pub async fn of_asset_named(app: &App, caller: &Caller, asset: AssetId) -> Result<Vec<RestrictionView>, Fault> {
    let page = PageRequest::new(Some(200), None)?;
    look!(app, caller, "restriction.list", |tx, scope, actor| {
        let (asset, proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        let may_lift = verdict(actor, Action::ManageRules, &proof.on().into()) == Verdict::Allow;
        let Some(table) = asset.table_id else { return Ok(Vec::new()) };
        let columns = readable::table_columns(tx, table).await?;
        let mut views = Vec::new();
        for rule in store::restrictions_on(tx, &proof, table, &page).await?.items {
            views.push(named(tx, rule, &columns, may_lift).await?);
        }
        views.reverse();
        Ok(views)
    })
}

async fn named(tx: &mut Tx, rule: Restriction, columns: &[Column], may_lift: bool) -> Result<RestrictionView, Fault> {
    let chosen = columns.iter().filter(|column| rule.columns.contains(&column.id));
    let mut exempt = Vec::new();
    for exemption in &rule.exempt {
        let name = spared_name(tx, exemption).await?;
        exempt.push(name.unwrap_or_else(|| exemption.principal_id.to_string()));
    }
    let author = users::user_find(tx, rule.created_by).await?;
    Ok(RestrictionView {
        columns: chosen.map(|column| column.name.clone()).collect(),
        exempt,
        created_by: author.map(|user| user.display_name).unwrap_or_default(),
        may_lift,
        rule,
    })
}

/// The restrictions on tags, ended ones included.
pub async fn of_tags(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Restriction>, Fault> {
    look!(app, caller, "restriction.list", |tx, scope, actor| {
        let proof = decide::<action::ManageRules, _>(scope, actor, Platform)?;
        Ok(store::restrictions_on_tags(tx, &proof, page).await?)
    })
}

/// The restrictions on tags with the names of what they are about, the latest first: as many as a page holds.
///
/// # Errors
/// `forbidden` for who makes no rules.
pub async fn of_tags_named(app: &App, caller: &Caller) -> Result<Vec<RestrictionView>, Fault> {
    let page = PageRequest::new(Some(200), None)?;
    look!(app, caller, "restriction.list", |tx, scope, actor| {
        let proof = decide::<action::ManageRules, _>(scope, actor, Platform)?;
        let mut views = Vec::new();
        for rule in store::restrictions_on_tags(tx, &proof, &page).await?.items {
            views.push(named(tx, rule, &[], true).await?);
        }
        views.reverse();
        Ok(views)
    })
}

fn effect(narrowing: &Narrowing) -> RestrictionEffect {
    match narrowing {
        Narrowing::Hide => RestrictionEffect::Hide,
        Narrowing::Mask(_) => RestrictionEffect::Mask,
        Narrowing::Filter(_) => RestrictionEffect::Filter,
    }
}

fn exemptions(new: &NewRestriction) -> Vec<Exemption> {
    let mut exempt = new.exempt.clone();
    exempt.sort_unstable();
    exempt.dedup();
    exempt
}

async fn known_principal(tx: &mut Tx, exemption: &Exemption) -> Result<(), Fault> {
    match spared_name(tx, exemption).await? {
        Some(_) => Ok(()),
        None => {
            let Exemption { kind, principal_id } = exemption;
            Err(Fault::invalid("exempt", format!("there is no {kind} {principal_id}")))
        }
    }
}

/// The actor as he would be in whichever of his projects is spared.
pub(crate) fn anywhere(actor: &Actor, rule: &Restriction) -> Actor {
    let spared =
        actor.projects.keys().find(|project| rule.exempt.iter().any(|exemption| exemption.principal_id == project.0));
    Actor { acting: spared.copied().or(actor.acting), narrowed: None, purpose: None, ..actor.clone() }
}

/// Whether an actor could state a purpose that a rule spares, in some project of his.
async fn may_state(tx: &mut Tx, actor: &Actor, rule: &Restriction) -> Result<bool, Fault> {
    let spared = |id: Uuid| rule.exempt.iter().any(|one| one.kind == ExemptKind::Purpose && one.principal_id == id);
    if !rule.exempt.iter().any(|one| one.kind == ExemptKind::Purpose) {
        return Ok(false);
    }
    for project in actor.projects.keys() {
        if purposes::purposes_approved(tx, *project).await?.iter().any(|purpose| spared(purpose.id.into())) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn second_person(why: &str) -> Fault {
    Fault::new(Code::Forbidden, format!("{why}: that needs a second person"))
        .fix("ask another owner, a steward of the domain or a security administrator")
}

fn on_tag(tag: &str, narrowing: &Narrowing) -> Result<String, Fault> {
    let tag = text::name("tag", tag)?;
    match narrowing {
        Narrowing::Filter(_) => Err(Fault::invalid("filter", "a filter names columns, so it stands on one table")
            .fix("put it on the asset, or hide or mask what carries the tag")),
        Narrowing::Hide | Narrowing::Mask(_) => Ok(tag),
    }
}

/// Puts a rule on a table, and gives the mapping tables of its filter.
async fn on_table(
    app: &App,
    tx: &mut WriteTx,
    (actor, facts, asset): (&Actor, &AssetFacts, &Asset),
    columns: &[ColumnId],
    narrowing: &Narrowing,
    rule: &mut Restriction,
) -> Result<Vec<PinnedMapping>, Fault> {
    let table = asset.table_id.ok_or_else(|| Fault::invalid("asset", "this asset has no table to restrict"))?;
    let known = readable::table_columns(tx, table).await?;
    let chosen = chosen(&known, columns)?;
    let mut mappings = Vec::new();
    match narrowing {
        Narrowing::Mask(mask) => fits(*mask, &chosen)?,
        Narrowing::Filter(filter) => {
            if !columns.is_empty() {
                return Err(Fault::invalid("columns", "a filter is about rows; leave the columns out"));
            }
            let checked = check_filter(app, tx, (actor, facts), table, filter).await?;
            rule.filter = Some(checked.text);
            mappings = checked.mappings;
        }
        Narrowing::Hide => {}
    }
    rule.table_id = Some(table);
    rule.columns = columns.to_vec();
    rule.columns.sort_unstable();
    rule.columns.dedup();
    if rule.mask.is_some() && rule.columns.is_empty() {
        return Err(Fault::invalid("columns", "say which columns are masked"));
    }
    Ok(mappings)
}

/// The columns that were named, or all.
fn chosen<'c>(known: &'c [Column], named: &[ColumnId]) -> Result<Vec<&'c Column>, Fault> {
    let there: Vec<&Column> = known.iter().filter(|column| column.state != ColumnState::Dropped).collect();
    if let Some(strange) = named.iter().find(|id| !there.iter().any(|column| column.id == **id)) {
        return Err(Fault::invalid("columns", format!("{strange} is not a column of this table")));
    }
    Ok(there.into_iter().filter(|column| named.is_empty() || named.contains(&column.id)).collect())
}

fn fits(mask: Mask, columns: &[&Column]) -> Result<(), Fault> {
    match columns.iter().find(|column| !mask.applies_to(&column.column_type)) {
        Some(column) => Err(Fault::invalid(
            "mask",
            format!("{mask} is not defined for {}, the type of {}", column.column_type, column.name),
        )
        .fix("choose replace-with-null, or a mask for this type")),
        None => Ok(()),
    }
}

pub(crate) async fn record(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    action: &'static str,
    rule: &Restriction,
    owner: Option<lakegate_model::ids::ProjectId>,
) -> Result<(), Fault> {
    let exempt: Vec<_> =
        rule.exempt.iter().map(|spared| json!({ "kind": spared.kind, "id": spared.principal_id })).collect();
    let mut event = Event::on(action, "restriction", rule.id).with(json!({
        "table": rule.table_id, "tag": rule.tag, "columns": rule.columns, "effect": rule.effect, "mask": rule.mask,
        "filter": rule.filter.as_deref().map(lakegate_engine::mask_literals), "exempt": exempt, "reason": rule.reason,
    }));
    event.owner_project = owner;
    audit::record(app, tx, caller, actor, event).await
}
