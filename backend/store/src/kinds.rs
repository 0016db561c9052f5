//! What kind of thing an id names. Ids are unique over all kinds.

use uuid::Uuid;

use crate::{StoreError, Tx};

statements! {
    KIND = "SELECT 'project' FROM projects WHERE id = $1 UNION ALL SELECT 'domain' FROM domains WHERE id = $1 UNION ALL SELECT 'environment' FROM environments WHERE id = $1 UNION ALL SELECT 'source' FROM data_sources WHERE id = $1 UNION ALL SELECT 'run' FROM job_runs WHERE id = $1 AND kind = 'crawl' UNION ALL SELECT 'asset' FROM assets WHERE id = $1 UNION ALL SELECT 'term' FROM glossary_terms WHERE id = $1 UNION ALL SELECT 'request' FROM subscription_requests WHERE id = $1 UNION ALL SELECT 'subscription' FROM subscriptions WHERE id = $1 UNION ALL SELECT 'query' FROM queries WHERE id = $1 UNION ALL SELECT 'saved query' FROM saved_queries WHERE id = $1";
}

/// Kinds of things that can be looked up by their id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Project,
    Domain,
    Environment,
    Source,
    Run,
    Asset,
    Term,
    Request,
    Subscription,
    Query,
    SavedQuery,
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "project" => Self::Project,
            "domain" => Self::Domain,
            "environment" => Self::Environment,
            "source" => Self::Source,
            "run" => Self::Run,
            "asset" => Self::Asset,
            "term" => Self::Term,
            "request" => Self::Request,
            "subscription" => Self::Subscription,
            "query" => Self::Query,
            "saved query" => Self::SavedQuery,
            _ => return None,
        })
    }
}

/// The kind of the thing with an id; whether a caller may know of it is decided on the thing itself.
pub async fn kind_of(tx: &mut Tx, id: Uuid) -> Result<Option<Kind>, StoreError> {
    let found = fetch_optional!(tx, (String,), KIND, id)?;
    Ok(found.and_then(|(word,)| Kind::of(&word)))
}
