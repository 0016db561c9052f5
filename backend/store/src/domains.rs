//! The tree of domains and its stewards.

use lakegate_model::{ids::DomainId, ids::UserId, people::User, places::Domain, text, words::Discover};
use lakegate_policy::{Granted, action::ManageDomain, resource::DomainFacts};

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO domains (id, parent_id, name, name_key, description, discover, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_ID = "SELECT id, parent_id, name, description, discover, created_at FROM domains WHERE id = $1";
    BY_NAME = "SELECT id, parent_id, name, description, discover, created_at FROM domains WHERE name_key = $1";
    ALL = "SELECT id, parent_id, name, description, discover, created_at FROM domains ORDER BY name_key";
    ANCESTORS = "WITH RECURSIVE above (id, parent_id, depth) AS (SELECT id, parent_id, CAST(0 AS BIGINT) FROM domains WHERE id = $1 UNION SELECT d.id, d.parent_id, a.depth + 1 FROM domains d JOIN above a ON d.id = a.parent_id) SELECT id FROM above ORDER BY depth";
    PATH = "WITH RECURSIVE above (id, parent_id, name, depth) AS (SELECT id, parent_id, name, CAST(0 AS BIGINT) FROM domains WHERE id = $1 UNION SELECT d.id, d.parent_id, d.name, a.depth + 1 FROM domains d JOIN above a ON d.id = a.parent_id) SELECT id, name FROM above ORDER BY depth DESC";
    UPDATE = "UPDATE domains SET name = $2, name_key = $3, description = $4, discover = $5 WHERE id = $1";
    STEWARDS = "SELECT u.id, u.username, u.display_name, u.email, u.issuer, u.disabled, u.theme, u.created_at FROM users u JOIN domain_stewards s ON s.user_id = u.id WHERE s.domain_id = $1 ORDER BY u.username_key";
    ADD_STEWARD = "INSERT INTO domain_stewards (domain_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    REMOVE_STEWARD = "DELETE FROM domain_stewards WHERE domain_id = $1 AND user_id = $2";
}

/// Creates a domain; the use case holds the proof for its parent or for the installation.
pub async fn domain_insert(tx: &mut WriteTx, domain: &Domain) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        domain.id,
        domain.parent_id,
        &domain.name,
        text::fold(&domain.name),
        &domain.description,
        domain.discover,
        domain.created_at
    )
}

/// The domain of an id.
pub async fn domain_find(tx: &mut Tx, id: DomainId) -> Result<Option<Domain>, StoreError> {
    fetch_optional!(tx, Domain, BY_ID, id)
}

/// The domain of a name.
pub async fn domain_by_name(tx: &mut Tx, name: &str) -> Result<Option<Domain>, StoreError> {
    fetch_optional!(tx, Domain, BY_NAME, text::fold(name))
}

/// Every domain in order of names: the tree is small.
pub async fn domain_all(tx: &mut Tx) -> Result<Vec<Domain>, StoreError> {
    fetch_all!(tx, Domain, ALL)
}

/// A domain and those above it, the nearest first.
pub async fn domain_ancestors(tx: &mut Tx, id: DomainId) -> Result<Vec<DomainId>, StoreError> {
    Ok(fetch_all!(tx, (DomainId,), ANCESTORS, id)?.into_iter().map(|row| row.0).collect())
}

/// The way from the root of the tree to a domain, itself included, with names.
pub async fn domain_path(tx: &mut Tx, id: DomainId) -> Result<Vec<(DomainId, String)>, StoreError> {
    fetch_all!(tx, (DomainId, String), PATH, id)
}

/// Changes a domain's words and default.
pub async fn domain_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, ManageDomain>,
    name: &str,
    description: &str,
    discover: Discover,
) -> Result<(), StoreError> {
    execute_one!(tx, UPDATE, proof.on().id, name, text::fold(name), description, discover)
}

/// The stewards named for a domain itself.
pub async fn steward_list(tx: &mut Tx, id: DomainId) -> Result<Vec<User>, StoreError> {
    fetch_all!(tx, User, STEWARDS, id)
}

/// Names a steward; once is enough.
pub async fn steward_add(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, ManageDomain>,
    user: UserId,
) -> Result<(), StoreError> {
    execute!(tx, ADD_STEWARD, proof.on().id, user).map(|_| ())
}

/// Takes a steward's office away.
pub async fn steward_remove(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, ManageDomain>,
    user: UserId,
) -> Result<(), StoreError> {
    execute_one!(tx, REMOVE_STEWARD, proof.on().id, user)
}
