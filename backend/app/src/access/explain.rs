//! Why somebody reads what he reads of an asset's table, column by column.

use lakegate_model::{
    Fault, Timestamp,
    catalog::{Asset, Column},
    ids::{AssetId, ColumnId, GrantId, ProjectId, PurposeId, RestrictionId, TableId, UserId},
    words::{ColumnState, Mask, TokenScope},
};
use lakegate_policy::{
    Actor,
    access::{Standing, compile},
    action, decide,
    explain::{Shown, Why, explain},
    resource::AssetFacts,
};
use lakegate_store::{Tx, actors, coarse, direct_grants, projects, purposes, restrictions, subscriptions, users};
use std::collections::HashSet;
use uuid::Uuid;

use super::rule_words;
use crate::{
    App, Caller,
    caller::known,
    catalog::{assets::visible_columns, granted, state},
    derived::behind,
    query::resolve::{Deciding, deciding},
};

/// Whose reading is to be explained.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// A person; the caller himself if nobody is named. Reviewers of the asset ask about others.
    pub user: Option<UserId>,
    /// The project that he acts in; the likeliest one if none is named.
    pub project: Option<ProjectId>,
    /// The purpose that he states; for his own the one that he states now, for others none, if nothing is said.
    pub purpose: Option<PurposeId>,
}

/// What shows of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Every cell as it is.
    Whole,
    /// Some rows' cells.
    Partial,
    /// Something else instead of the values.
    Masked,
    /// Nothing: for him the column does not exist.
    Nothing,
}

/// What kind of rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Being a member of the project that owns the table.
    Membership,
    /// The grant of a subscription.
    Subscription,
    /// A grant that came without a request.
    DirectGrant,
    /// A grant that its holder gave to himself in an emergency.
    BreakGlass,
    /// A right on the whole database.
    CoarseRight,
    Restriction,
}

/// A rule that decides about a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidingRule {
    pub kind: RuleKind,
    pub id: Option<Uuid>,
    pub words: String,
}

/// A column with what shows of it and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnExplained {
    pub id: ColumnId,
    pub name: String,
    pub shows: Shows,
    pub mask: Option<Mask>,
    pub words: String,
    /// Without all of these it would read otherwise; without any other rule it would read the same.
    pub rules: Vec<DecidingRule>,
}

/// Why somebody reads what he reads.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Display name.
    pub person: String,
    /// The project that he acts in, if he is in any that matters.
    pub project: Option<(ProjectId, String)>,
    /// Whether the caller asked about himself.
    pub own: bool,
    /// In one sentence.
    pub words: String,
    /// Which model decides, coarse rights or fine grants, and what says so; empty where fine grants alone count.
    pub model: String,
    pub columns: Vec<ColumnExplained>,
    pub export: bool,
    /// When the access changes by itself.
    pub valid_until: Option<Timestamp>,
    /// Names of purposes of which grants demand one that is not stated.
    pub demanding: Vec<String>,
    /// Names the access: equal fingerprints see equal cells of an equal data version.
    pub fingerprint: Option<String>,
}

/// Explains what a person reads of an asset's table.
///
/// # Errors
/// `not_found` for an asset that the caller may not find, `forbidden` for who asks about others without reviewing the asset,
/// `invalid` naming `user` or `project`.
pub async fn of(app: &App, caller: &Caller, asset: AssetId, asked: Asked) -> Result<Explained, Fault> {
    look!(app, caller, "access.explain", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let (asset, found) = granted::<action::DiscoverAsset>(tx, scope, actor, asset).await?;
        let facts = found.on();
        let own = asked.user.is_none() || asked.user == actor.user();
        let subject = match asked.user {
            Some(user) if !own => {
                let _may = decide::<action::ReviewAsset, _>(scope, actor, facts)?;
                let unknown = || Fault::invalid("user", "there is no such enabled person");
                actors::user_actor(tx, user).await?.ok_or_else(unknown)?
            }
            _ => actor.clone(),
        };
        let mut subject = placed(tx, subject, (&facts, actor), asked.project).await?;
        if let Some(purpose) = asked.purpose {
            let approved = crate::lens::approved(tx, subject.acting).await?;
            subject.purpose = crate::lens::find(&approved, &purpose.to_string())?;
        }
        let review = decide::<action::ReviewAsset, _>(scope, actor, facts).is_ok();
        seen_by(app, tx, (actor, review), &subject, (&asset, facts)).await
    })
}

/// What a subject reads of an asset where he acts, as far as a reader may know, who reviews the asset or does not.
pub(super) async fn seen_by(
    app: &App,
    tx: &mut Tx,
    (reader, review): (&Actor, bool),
    subject: &Actor,
    (asset, facts): (&Asset, AssetFacts),
) -> Result<Explained, Fault> {
    let own = reader.principal == subject.principal;
    let project = named(tx, (&facts, reader), subject).await?;
    let table = asset.table_id.ok_or_else(|| Fault::invalid("asset", "this asset has no table to read"))?;
    let seen = seen_columns(app, tx, reader, asset, review).await?;
    let view = View { app, review, own, seen, facts, table };
    view.explain(tx, subject, project).await
}

/// The subject where he acts: as asked, or where he most likely reads the asset.
pub(super) async fn placed(
    tx: &mut Tx,
    mut subject: Actor,
    (facts, reader): (&AssetFacts, &Actor),
    project: Option<ProjectId>,
) -> Result<Actor, Fault> {
    let mut likely = vec![facts.project];
    likely.extend(lakegate_store::assets::subscribers_of(tx, facts.id).await?);
    let own = reader.principal == subject.principal;
    if let Some(project) = project {
        // Which other projects somebody is in is their business.
        let may_name = own || likely.contains(&project) || reader.role_in(project).is_some();
        if !may_name || subject.role_in(project).is_none() {
            return Err(Fault::invalid("project", "that person is not in such a project"));
        }
        subject = subject.acting_in(Some(project));
    }
    if subject.acting.is_none() {
        likely.extend(subject.projects.keys().copied());
        let found = likely.into_iter().find(|project| subject.role_in(*project).is_some());
        subject = subject.acting_in(found);
    }
    Ok(subject)
}

/// The name of the project in which the subject acts, for a reader who may know of it.
pub(super) async fn named(
    tx: &mut Tx,
    (facts, reader): (&AssetFacts, &Actor),
    subject: &Actor,
) -> Result<Option<(ProjectId, String)>, Fault> {
    let Some(id) = subject.acting else { return Ok(None) };
    let known = id == facts.project
        || reader.role_in(id).is_some()
        || lakegate_store::assets::subscribers_of(tx, facts.id).await?.contains(&id);
    if !known {
        return Ok(None);
    }
    Ok(Some((id, projects::project_label(tx, id).await?.map(|(name, _)| name).unwrap_or_default())))
}

/// The columns of an asset that somebody may know of who asks about access to it.
pub(crate) async fn seen_columns(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: &Asset,
    review: bool,
) -> Result<HashSet<ColumnId>, Fault> {
    let state = state::load(tx, asset.clone()).await?;
    if review {
        let there = state.columns.iter().filter(|column| column.state != ColumnState::Dropped);
        return Ok(there.map(|column| column.id).collect());
    }
    visible_columns(app, tx, actor, &state).await
}

/// Nothing shows of a column whose table was made from more than the subject sees (access rule 18).
fn close_behind(column: &mut ColumnExplained) {
    "a query made the table from data of which he does not see as much as its maker saw".clone_into(&mut column.words);
    (column.shows, column.mask) = (Shows::Nothing, None);
    column.rules.clear();
}

/// One look at an asset.
struct View<'a> {
    app: &'a App,
    /// Whether the caller may read the texts of rules.
    review: bool,
    own: bool,
    /// The columns that the caller may know of.
    seen: HashSet<ColumnId>,
    facts: AssetFacts,
    table: TableId,
}

impl View<'_> {
    async fn explain(
        &self,
        tx: &mut Tx,
        subject: &Actor,
        project: Option<(ProjectId, String)>,
    ) -> Result<Explained, Fault> {
        let deciding = deciding(self.app, tx, subject, (self.table, self.facts.project), true).await?;
        let mut columns = Vec::new();
        let mut access = None;
        let demanding = self.demanding(tx, deciding.as_ref()).await?;
        let model = match deciding.as_ref().filter(|deciding| deciding.standing == Standing::Outsider) {
            Some(deciding) => rule_words::model(tx, &deciding.judged, self.review).await?,
            None => String::new(),
        };
        if let Some(deciding) = &deciding {
            let Deciding { facts, standing, grants, restrictions, .. } = deciding;
            let now = self.app.now();
            access = compile(self.table, facts, *standing, grants, restrictions, now);
            for (column, why) in deciding.columns.iter().zip(explain(facts, *standing, grants, restrictions, now)) {
                if self.seen.contains(&column.id) {
                    columns.push(self.column(tx, *standing, column, why.1).await?);
                }
            }
            if let Some(compiled) = access.take() {
                access = behind::narrow(self.app, tx, subject, compiled).await?;
                if access.is_none() {
                    columns.iter_mut().for_each(close_behind);
                }
            }
        }
        Ok(Explained {
            person: self.person(tx, subject).await?,
            own: self.own,
            words: summary(&columns, subject.acting.is_some()),
            model,
            export: access.as_ref().is_some_and(|access| access.export),
            valid_until: access.as_ref().and_then(|access| access.valid_until),
            fingerprint: access.map(|access| access.fingerprint),
            demanding,
            project,
            columns,
        })
    }

    /// Purposes that would open more: told to the one who asks of himself, and to reviewers.
    async fn demanding(&self, tx: &mut Tx, deciding: Option<&Deciding>) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for id in deciding.iter().flat_map(|deciding| &deciding.demanding) {
            names.extend(purposes::purpose_find(tx, *id).await?.map(|purpose| purpose.name));
        }
        Ok(names)
    }

    async fn person(&self, tx: &mut Tx, subject: &Actor) -> Result<String, Fault> {
        let Some(user) = subject.user() else { return Ok(subject.name.clone()) };
        Ok(users::user_find(tx, user).await?.map(|user| user.display_name).unwrap_or_default())
    }

    async fn column(
        &self,
        tx: &mut Tx,
        standing: Standing,
        column: &Column,
        why: Why,
    ) -> Result<ColumnExplained, Fault> {
        let mut explained = ColumnExplained {
            id: column.id,
            name: column.name.clone(),
            shows: Shows::Nothing,
            mask: None,
            words: String::new(),
            rules: Vec::new(),
        };
        match why {
            Why::Closed => explained.words = "nothing opens it".to_owned(),
            Why::Pending => explained.words = "it arrived after publishing and waits for its release".to_owned(),
            Why::Broken(by) => {
                explained.words = "the row filter no longer fits the table, so it opens nothing".to_owned();
                for id in by {
                    explained.rules.push(self.grant(tx, id).await?);
                }
            }
            Why::Hidden(by) => {
                explained.words = "it is hidden".to_owned();
                for id in by {
                    explained.rules.push(self.restriction(tx, id, column.id).await?);
                }
            }
            Why::Shown(shown) => self.shown(tx, standing, shown, &mut explained).await?,
        }
        Ok(explained)
    }

    async fn shown(
        &self,
        tx: &mut Tx,
        standing: Standing,
        shown: Shown,
        explained: &mut ColumnExplained,
    ) -> Result<(), Fault> {
        (explained.shows, explained.words) = shows(&shown);
        explained.mask = shown.mask.as_ref().map(|(mask, _)| *mask);
        if standing != Standing::Outsider {
            let words = "a member of the project that owns it".to_owned();
            explained.rules.push(DecidingRule { kind: RuleKind::Membership, id: None, words });
        }
        for id in &shown.grants {
            explained.rules.push(self.grant(tx, *id).await?);
            for above in direct_grants::direct_grants_above(tx, *id).await? {
                explained.rules.push(self.grant(tx, above).await?);
            }
        }
        let masks = shown.mask.iter().flat_map(|(_, by)| by.iter().copied());
        let narrowing: Vec<RestrictionId> = shown.all_of.iter().map(|(_, id)| *id).chain(masks).collect();
        for id in narrowing {
            explained.rules.push(self.restriction(tx, id, explained.id).await?);
        }
        Ok(())
    }

    async fn grant(&self, tx: &mut Tx, id: GrantId) -> Result<DecidingRule, Fault> {
        if let Some(subscribed) = subscriptions::grant_find(tx, id).await? {
            let words = rule_words::subscription(tx, &subscribed, self.review).await?;
            return Ok(DecidingRule { kind: RuleKind::Subscription, id: Some(id.into()), words });
        }
        if let Some(right) = coarse::coarse_right_find(tx, id).await? {
            let words = rule_words::coarse_right(tx, &right).await?;
            return Ok(DecidingRule { kind: RuleKind::CoarseRight, id: Some(id.into()), words });
        }
        let words = rule_words::direct_grant(tx, id, self.review).await?;
        let glass = direct_grants::direct_grant_find(tx, id).await?.is_some_and(|grant| grant.break_glass);
        let kind = if glass { RuleKind::BreakGlass } else { RuleKind::DirectGrant };
        Ok(DecidingRule { kind, id: Some(id.into()), words })
    }

    async fn restriction(&self, tx: &mut Tx, id: RestrictionId, column: ColumnId) -> Result<DecidingRule, Fault> {
        let tags = restrictions::tags_on(tx, self.table).await?;
        let words = rule_words::restriction(tx, id, (Some(column), &tags), self.review).await?;
        Ok(DecidingRule { kind: RuleKind::Restriction, id: Some(id.into()), words })
    }
}

fn shows(shown: &Shown) -> (Shows, String) {
    let some = !shown.any_of.is_empty() || !shown.all_of.is_empty();
    match (&shown.mask, some) {
        (None, false) => (Shows::Whole, "every cell shows".to_owned()),
        (None, true) => (Shows::Partial, "cells of some rows show".to_owned()),
        (Some((mask, _)), false) => (Shows::Masked, format!("masked: {mask}")),
        (Some((mask, _)), true) => (Shows::Masked, format!("masked: {mask}, in some rows")),
    }
}

fn summary(columns: &[ColumnExplained], acts: bool) -> String {
    let of = |shows: Shows| columns.iter().filter(|column| column.shows == shows).count();
    let (whole, nothing) = (of(Shows::Whole), of(Shows::Nothing));
    match (acts, columns.len()) {
        (false, _) => "reads nothing: queries run in a project, and none was found to act in".to_owned(),
        (true, all) if nothing == all => "reads nothing of it".to_owned(),
        (true, all) if whole == all => "reads all of it".to_owned(),
        (true, all) => format!(
            "reads {whole} of {all} columns whole, {} in some rows, {} masked, and {nothing} not at all",
            of(Shows::Partial),
            of(Shows::Masked),
        ),
    }
}
