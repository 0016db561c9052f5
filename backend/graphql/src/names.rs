//! Names beside ids in lists: gathered and looked up together, one transaction for all of a level.

use async_graphql::{
    Context, Error, SimpleObject,
    dataloader::{DataLoader, Loader},
};
use lakegate_app::names;
use lakegate_model::{
    Fault,
    ids::{DomainId, ProjectId, UserId},
};
use std::{collections::HashMap, sync::Arc};

use super::{at, errors, scalars::Id};

/// Something else, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Named {
    pub id: Id,
    pub name: String,
}

/// Looks names up on behalf of one request's caller.
pub struct Names(pub at::At);

impl Names {
    /// The loader of one request.
    pub fn loader(at: at::At) -> DataLoader<Self> {
        DataLoader::new(Self(at), tokio::spawn)
    }
}

/// Faults are shared by all that waited for the same batch.
type Shared = Arc<Fault>;

impl Loader<ProjectId> for Names {
    type Value = String;
    type Error = Shared;
    async fn load(&self, ids: &[ProjectId]) -> Result<HashMap<ProjectId, String>, Shared> {
        names::of_projects(self.0.app(), &self.0.caller, ids).await.map_err(Arc::new)
    }
}

impl Loader<UserId> for Names {
    type Value = String;
    type Error = Shared;
    async fn load(&self, ids: &[UserId]) -> Result<HashMap<UserId, String>, Shared> {
        names::of_users(self.0.app(), &self.0.caller, ids).await.map_err(Arc::new)
    }
}

impl Loader<DomainId> for Names {
    type Value = String;
    type Error = Shared;
    async fn load(&self, ids: &[DomainId]) -> Result<HashMap<DomainId, String>, Shared> {
        names::of_domains(self.0.app(), &self.0.caller, ids).await.map_err(Arc::new)
    }
}

/// The thing that an id names, if there is one.
pub async fn named<K>(ctx: &Context<'_>, id: Option<K>) -> Result<Option<Named>, Error>
where
    K: Copy + Send + Sync + std::hash::Hash + Eq + Into<Id> + 'static,
    Names: Loader<K, Value = String, Error = Shared>,
{
    let Some(id) = id else { return Ok(None) };
    let found = at::names(ctx).load_one(id).await;
    let name = found.map_err(|fault| errors::error(&at::At::of(ctx), fault.as_ref().clone()))?;
    Ok(name.map(|name| Named { id: id.into(), name }))
}
