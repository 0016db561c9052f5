//! Restrictions and attributes.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::{
    access::restrictions::{self, Narrowing, NewRestriction, Target},
    accounts::attributes,
};
use lakegate_model::Fault;

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, Mask, RestrictionEffect},
    types::rules::{AttributeInput, ExemptionInput, Restriction},
};

payloads! {
    /// A restriction after a change.
    RestrictionPayload { restriction: Restriction }
}

/// A restriction to be put in force, on the table of an asset or on a tag.
#[derive(Debug, InputObject)]
pub struct CreateRestrictionInput {
    asset: Option<Id>,
    /// `pii=email`, or `pii` for every value of the key.
    tag: Option<String>,
    effect: RestrictionEffect,
    /// For the effect `MASK`.
    mask: Option<Mask>,
    /// For the effect `FILTER`: a condition on the table's columns; `session_user()`, `session_groups()` and
    /// `session_attribute('region')` tell who asks.
    filter: Option<String>,
    /// Columns of the asset's table; none mean the whole table.
    #[graphql(default)]
    columns: Vec<Id>,
    /// Whom it spares.
    #[graphql(default)]
    exempt: Vec<ExemptionInput>,
    reason: String,
}

impl CreateRestrictionInput {
    pub(super) fn read(self) -> Result<NewRestriction, Fault> {
        let narrowing = match (self.effect, self.mask, self.filter) {
            (RestrictionEffect::Hide, None, None) => Narrowing::Hide,
            (RestrictionEffect::Mask, Some(mask), None) => Narrowing::Mask(mask.into()),
            (RestrictionEffect::Mask, None, _) => return Err(Fault::invalid("mask", "say what the columns show")),
            (RestrictionEffect::Filter, None, Some(filter)) => Narrowing::Filter(filter),
            (RestrictionEffect::Filter, _, None) => return Err(Fault::invalid("filter", "say which rows exist")),
            (RestrictionEffect::Hide | RestrictionEffect::Filter, Some(_), _) => {
                return Err(Fault::invalid("mask", "a mask belongs to the effect MASK"));
            }
            (_, _, Some(_)) => return Err(Fault::invalid("filter", "a filter belongs to the effect FILTER")),
        };
        let target = match (self.asset, self.tag) {
            (Some(asset), None) => Target::Asset(asset.into(), self.columns.into_iter().map(Into::into).collect()),
            (None, Some(_)) if !self.columns.is_empty() => {
                return Err(Fault::invalid("columns", "a rule on a tag reaches the columns that carry it"));
            }
            (None, Some(tag)) => Target::Tag(tag),
            _ => return Err(Fault::invalid("asset", "a restriction stands on an asset or on a tag: name one of them")),
        };
        let exempt = self.exempt.into_iter().map(Into::into).collect();
        Ok(NewRestriction { target, narrowing, exempt, reason: self.reason })
    }
}

/// Changes of rules on data.
#[derive(Debug, Default)]
pub struct RulesMutation;

#[Object]
impl RulesMutation {
    /// Puts a restriction in force: the next query of everyone whom it does not spare obeys it.
    async fn create_restriction(&self, ctx: &Context<'_>, input: CreateRestrictionInput) -> Maybe<RestrictionPayload> {
        let at = At::of(ctx);
        let made = match input.read() {
            Ok(new) => restrictions::create(at.app(), &at.caller, &new).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, made)
    }

    /// Lifts a restriction. Whom it binds lifts his own ones alone.
    async fn lift_restriction(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, restrictions::lift(at.app(), &at.caller, id.into()).await)
    }

    /// Replaces what is known of a person for row filters. Nobody sets his own. Needs a password given within the last ten
    /// minutes.
    async fn set_user_attributes(
        &self,
        ctx: &Context<'_>,
        user: Id,
        attributes: Vec<AttributeInput>,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let given = attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).collect();
        outcome(&at, attributes::set(at.app(), &at.caller, user.into(), &given).await)
    }
}
