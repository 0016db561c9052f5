//! Access given without a request.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use lakegate_app::access::grants::{self, GrantOn, NewGrant};
use lakegate_model::Fault;

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{GrantColumns, Id},
    types::grants::{DirectGrant, GranteeInput},
};

payloads! {
    /// A direct grant after a change.
    GrantPayload { grant: DirectGrant }
}

/// A grant to be given, on the table of an asset, on a database or on a tag.
#[derive(Debug, InputObject)]
pub struct CreateGrantInput {
    asset: Option<Id>,
    /// Every table of it, those to come included.
    database: Option<Id>,
    /// `class=public`, or `class` for every value of the key: what carries it, today and tomorrow.
    tag: Option<String>,
    to: GranteeInput,
    /// Which columns of the asset's table it opens; all, if nothing is said.
    columns_mode: Option<GrantColumns>,
    /// What `columnsMode` names.
    #[graphql(default)]
    columns: Vec<Id>,
    /// A condition on the columns of the asset's table: only rows for which it is true.
    row_filter: Option<String>,
    /// Whether rows may leave through downloads and exports.
    #[graphql(default)]
    export: bool,
    /// Whether the holder may hand on what it opens.
    #[graphql(default)]
    hand_on: bool,
    /// When it begins; now, if nothing is said.
    valid_from: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    /// It serves whoever states one of these purposes; none serve everybody whom it names.
    #[graphql(default)]
    purposes: Vec<Id>,
    reason: String,
}

impl CreateGrantInput {
    pub(super) fn read(self) -> Result<NewGrant, Fault> {
        let columns: Vec<_> = self.columns.into_iter().map(Into::into).collect();
        let mode = self.columns_mode.map_or(lakegate_model::words::GrantColumns::All, Into::into);
        let on = match (self.asset, self.database, self.tag) {
            (Some(asset), None, None) => GrantOn::Asset(asset.into(), mode, columns),
            _ if self.columns_mode.is_some() || !columns.is_empty() => {
                return Err(Fault::invalid("columns", "columns belong to a grant on one asset"));
            }
            (None, Some(database), None) => GrantOn::Database(database.into()),
            (None, None, Some(tag)) => GrantOn::Tag(tag),
            _ => return Err(Fault::invalid("asset", "a grant is on an asset, a database or a tag: name one of them")),
        };
        Ok(NewGrant {
            on,
            to: self.to.read()?,
            row_filter: self.row_filter,
            export: self.export,
            hand_on: self.hand_on,
            from: self.valid_from,
            until: self.valid_until,
            purposes: self.purposes.into_iter().map(Into::into).collect(),
            reason: self.reason,
        })
    }
}

/// Changes of direct grants.
#[derive(Debug, Default)]
pub struct GrantsMutation;

#[Object]
impl GrantsMutation {
    /// Gives access without a request: the holder's next query may use it. Owners give tables and databases, security
    /// administrators what is under a tag; whoever holds a grant that may be handed on gives no more than he has. Nobody opens
    /// sensitive data to himself. Needs a password given within the last ten minutes.
    async fn create_grant(&self, ctx: &Context<'_>, input: CreateGrantInput) -> Maybe<GrantPayload> {
        let at = At::of(ctx);
        let made = match input.read() {
            Ok(new) => grants::create(at.app(), &at.caller, &new).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, made)
    }

    /// Takes a grant back, with everything that was handed on under it. Running queries that need it are cancelled.
    async fn revoke_grant(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, grants::revoke(at.app(), &at.caller, id.into()).await)
    }
}
