//! Who can read an asset: since when, through what, approved by whom and why, and when it was used last.

use lakegate_model::{
    Fault, Timestamp,
    ids::{AssetId, GrantId},
};
use lakegate_policy::{access::TableAccess, action};
use lakegate_store::{Tx, coarse, concerned, direct_grants, reviews, subscriptions, users};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    explain::RuleKind,
    rule_words,
    simulate::{
        ColumnRead, Subject, compare, compiled,
        concern::{Who, readers_of},
        sight::Sights,
    },
    usage::{Uses, uses_of},
};
use crate::{App, Caller, catalog::granted};

/// Through what somebody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    pub kind: RuleKind,
    /// The grant; none for membership of the project that owns the table.
    pub id: Option<Uuid>,
    pub words: String,
    /// When the grant began; none for membership.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Display name of who approved or gave it.
    pub approved_by: String,
    pub reason: String,
    /// When anybody read the asset under it last.
    pub last_used: Option<Timestamp>,
}

/// Somebody who can read an asset now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub subject: Subject,
    pub columns: Vec<ColumnRead>,
    pub export: bool,
    pub through: Vec<Through>,
    /// When he himself read it last, in whatever project.
    pub last_read: Option<Timestamp>,
}

/// Everybody who can read an asset now.
#[derive(Debug, Clone)]
pub struct Readers {
    pub readers: Vec<Reader>,
    /// Whether all reads were looked at; otherwise the latest [`super::usage::MOST_READS`] were, and what is older is not
    /// known.
    pub usage_complete: bool,
}

/// Tells a reviewer who can read an asset.
///
/// # Errors
/// `forbidden` for who does not review it, `limit_exceeded` where more than [`super::simulate::MOST_PAIRS`] may read it.
pub async fn of(app: &App, caller: &Caller, asset: AssetId) -> Result<Readers, Fault> {
    look!(app, caller, "access.readers", |tx, scope, actor| {
        let (asset, _proof) = granted::<action::ReviewAsset>(tx, scope, actor, asset).await?;
        let place = concerned::place_of_asset(tx, asset.id).await?;
        let place = place.ok_or_else(|| Fault::invalid("asset", "this asset has no table to read"))?;
        let pairs = readers_of(tx, place).await?;
        let sights = Sights::of(app, tx, actor, &pairs).await?;
        let uses = uses_of(tx, &place, None).await?;
        let mut ways = Ways::new(&uses);
        let mut readers = Vec::new();
        for ((who, project, _), access) in compiled(app, tx, &pairs, app.now()).await? {
            let (Some(access), Some(sight)) = (access, sights.of_asset(asset.id)) else { continue };
            let Some(subject) = sights.subject(sight, who, project) else { continue };
            let through = ways.of(tx, &access).await?;
            let reading = compare::reading(sight, subject, Some(&access));
            let last_read = uses.last_by(uuid_of(who)).filter(|_| reading.subject.who.is_some());
            let (subject, columns, export) = (reading.subject, reading.columns, reading.export);
            readers.push(Reader { subject, columns, export, through, last_read });
        }
        Ok(Readers { readers, usage_complete: uses.complete })
    })
}

fn uuid_of(who: Who) -> Uuid {
    match who {
        Who::Person(id) => id.into(),
        Who::Account(id) => id.into(),
    }
}

/// The ways to read one asset, each described once.
pub(super) struct Ways<'u> {
    uses: &'u Uses,
    known: BTreeMap<GrantId, Through>,
}

impl<'u> Ways<'u> {
    pub(super) fn new(uses: &'u Uses) -> Self {
        Self { uses, known: BTreeMap::new() }
    }

    pub(super) async fn of(&mut self, tx: &mut Tx, access: &TableAccess) -> Result<Vec<Through>, Fault> {
        let mut through = Vec::new();
        for id in &access.grants {
            if let Some(held) = self.known.get(id) {
                through.push(held.clone());
                continue;
            }
            let found = self.describe(tx, *id).await?;
            self.known.insert(*id, found.clone());
            through.push(found);
        }
        if through.is_empty() {
            through.push(member());
        }
        Ok(through)
    }

    async fn describe(&self, tx: &mut Tx, id: GrantId) -> Result<Through, Fault> {
        if let Some(grant) = subscriptions::grant_find(tx, id).await? {
            let all = reviews::grants_of_subscription(tx, grant.subscription_id).await?;
            let began = subscriptions::subscription_by_id(tx, grant.subscription_id).await?;
            return Ok(Through {
                kind: RuleKind::Subscription,
                id: Some(id.into()),
                words: rule_words::subscription(tx, &grant, true).await?,
                since: began.map(|subscription| subscription.created_at),
                until: grant.valid_until,
                approved_by: name_of(tx, grant.granted_by).await?,
                reason: grant.reason,
                last_used: self.uses.under(&all).last,
            });
        }
        if let Some(right) = coarse::coarse_right_find(tx, id).await? {
            return Ok(Through {
                kind: RuleKind::CoarseRight,
                id: Some(id.into()),
                words: rule_words::coarse_right(tx, &right).await?,
                since: Some(right.valid_from),
                until: right.valid_until,
                approved_by: name_of(tx, right.granted_by).await?,
                reason: right.reason,
                last_used: self.uses.under(&[id]).last,
            });
        }
        let words = rule_words::direct_grant(tx, id, true).await?;
        let Some(grant) = direct_grants::direct_grant_find(tx, id).await? else { return Ok(member()) };
        Ok(Through {
            kind: if grant.break_glass { RuleKind::BreakGlass } else { RuleKind::DirectGrant },
            id: Some(id.into()),
            words,
            since: Some(grant.valid_from),
            until: grant.valid_until,
            approved_by: name_of(tx, grant.granted_by).await?,
            reason: grant.reason,
            last_used: self.uses.under(&[id]).last,
        })
    }
}

fn member() -> Through {
    Through {
        kind: RuleKind::Membership,
        id: None,
        words: "a member of the project that owns it".to_owned(),
        since: None,
        until: None,
        approved_by: String::new(),
        reason: String::new(),
        last_used: None,
    }
}

async fn name_of(tx: &mut Tx, user: lakegate_model::ids::UserId) -> Result<String, Fault> {
    Ok(users::user_find(tx, user).await?.map(|user| user.display_name).unwrap_or_default())
}
