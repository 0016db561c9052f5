//! Environments, their databases and locations, connections and sealed secrets, storage roots.

use lakegate_model::{
    Timestamp,
    ids::{ConnectionId, DatabaseId, EnvironmentId, ProjectId, RootId, SecretId, UserId},
    places::{Connection, Database, Environment, StorageRoot},
    text,
};
use lakegate_policy::{
    Granted,
    action::{ManageProject, ManageStorage, ViewProject},
    resource::{Platform, ProjectFacts},
};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO environments (id, project_id, name, name_key, location, connection_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_ID = "SELECT id, project_id, name, location, connection_id, created_at FROM environments WHERE id = $1";
    OF_PROJECT = "SELECT id, project_id, name, location, connection_id, created_at FROM environments WHERE project_id = $1 ORDER BY name_key";
    DATABASE_INSERT = "INSERT INTO databases (id, environment_id, name, kind) VALUES ($1, $2, $3, $4)";
    DATABASE_BY_ID = "SELECT id, environment_id, name, kind FROM databases WHERE id = $1";
    DATABASES = "SELECT d.id, d.environment_id, d.name, d.kind FROM databases d JOIN environments e ON e.id = d.environment_id WHERE e.project_id = $1 ORDER BY d.name";
    DATABASE_BY_NAME = "SELECT id, environment_id, name, kind FROM databases WHERE name = $1";
    LOCATION_INSERT = "INSERT INTO locations (uri, environment_id, created_at) VALUES ($1, $2, $3)";
    LOCATIONS = "SELECT uri, environment_id FROM locations ORDER BY uri";
    CONNECTION_INSERT = "INSERT INTO connections (id, project_id, name, name_key, kind, settings, secret_id, created_at, updated_at) VALUES ($1, $2, $3, $4, 's3', $5, $6, $7, $7)";
    CONNECTION_UPDATE = "UPDATE connections SET settings = $3, secret_id = $4, updated_at = $5 WHERE id = $1 AND project_id = $2";
    CONNECTION_BY_ID = "SELECT id, project_id, name, settings, secret_id, created_at, updated_at FROM connections WHERE id = $1";
    CONNECTIONS = "SELECT id, project_id, name, settings, secret_id, created_at, updated_at FROM connections WHERE project_id = $1 ORDER BY name_key";
    SECRET_INSERT = "INSERT INTO secrets (id, key_id, sealed, created_at) VALUES ($1, $2, $3, $4)";
    SECRET_BY_ID = "SELECT key_id, sealed FROM secrets WHERE id = $1";
    SECRET_DELETE = "DELETE FROM secrets WHERE id = $1";
    ROOT_INSERT = "INSERT INTO storage_roots (id, uri, project_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5)";
    ROOTS = "SELECT id, uri, project_id, created_at FROM storage_roots ORDER BY uri";
    ROOT_DELETE = "DELETE FROM storage_roots WHERE id = $1";
}

/// Creates an environment in the project of the proof.
pub async fn environment_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    environment: &Environment,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        environment.id,
        proof.on().id,
        &environment.name,
        text::fold(&environment.name),
        &environment.location,
        environment.connection_id,
        environment.created_at
    )
}

/// The environment of an id; what a caller may see of it is decided on its project.
pub async fn environment_find(tx: &mut Tx, id: EnvironmentId) -> Result<Option<Environment>, StoreError> {
    fetch_optional!(tx, Environment, BY_ID, id)
}

/// The environments of the project of the proof.
pub async fn environment_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
) -> Result<Vec<Environment>, StoreError> {
    fetch_all!(tx, Environment, OF_PROJECT, proof.on().id)
}

/// Creates a database of an environment.
pub async fn database_insert(tx: &mut WriteTx, database: &Database) -> Result<(), StoreError> {
    execute_one!(tx, DATABASE_INSERT, database.id, database.environment_id, &database.name, database.kind)
}

/// The database of an id.
pub async fn database_find(tx: &mut Tx, id: DatabaseId) -> Result<Option<Database>, StoreError> {
    fetch_optional!(tx, Database, DATABASE_BY_ID, id)
}

/// The database of a name.
pub async fn database_by_name(tx: &mut Tx, name: &str) -> Result<Option<Database>, StoreError> {
    fetch_optional!(tx, Database, DATABASE_BY_NAME, name)
}

/// The databases of a project's environments, in order of names.
pub async fn databases_of(tx: &mut Tx, project: ProjectId) -> Result<Vec<Database>, StoreError> {
    fetch_all!(tx, Database, DATABASES, project)
}

/// Gives a location to an environment. The use case has checked overlaps in the same transaction.
pub async fn location_insert(
    tx: &mut WriteTx,
    uri: &str,
    environment: EnvironmentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, LOCATION_INSERT, uri, environment, now)
}

/// Every location and the environment it belongs to.
pub async fn location_all(tx: &mut Tx) -> Result<Vec<(String, EnvironmentId)>, StoreError> {
    fetch_all!(tx, (String, EnvironmentId), LOCATIONS)
}

/// Creates a connection in the project of the proof.
pub async fn connection_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    connection: &Connection,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        CONNECTION_INSERT,
        connection.id,
        proof.on().id,
        &connection.name,
        text::fold(&connection.name),
        Json(&connection.settings),
        connection.secret_id,
        connection.created_at
    )
}

/// Replaces settings and secret of a connection of the project of the proof.
pub async fn connection_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    connection: &Connection,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        CONNECTION_UPDATE,
        connection.id,
        proof.on().id,
        Json(&connection.settings),
        connection.secret_id,
        connection.updated_at
    )
}

/// The connection of an id; what a caller may see of it is decided on its project.
pub async fn connection_find(tx: &mut Tx, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    fetch_optional!(tx, Connection, CONNECTION_BY_ID, id)
}

/// The connections of the project of the proof.
pub async fn connection_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
) -> Result<Vec<Connection>, StoreError> {
    fetch_all!(tx, Connection, CONNECTIONS, proof.on().id)
}

/// Keeps a sealed secret.
pub async fn secret_insert(
    tx: &mut WriteTx,
    id: SecretId,
    key_id: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, SECRET_INSERT, id, key_id, sealed, now)
}

/// A sealed secret: the id of its key and the sealed text.
pub async fn secret_find(tx: &mut Tx, id: SecretId) -> Result<Option<(String, String)>, StoreError> {
    fetch_optional!(tx, (String, String), SECRET_BY_ID, id)
}

/// Forgets a secret.
pub async fn secret_delete(tx: &mut WriteTx, id: SecretId) -> Result<(), StoreError> {
    execute_one!(tx, SECRET_DELETE, id)
}

/// Assigns a storage root.
pub async fn root_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManageStorage>,
    root: &StorageRoot,
    by: UserId,
) -> Result<(), StoreError> {
    execute_one!(tx, ROOT_INSERT, root.id, &root.uri, root.project_id, by, root.created_at)
}

/// Every storage root.
pub async fn root_all(tx: &mut Tx) -> Result<Vec<StorageRoot>, StoreError> {
    fetch_all!(tx, StorageRoot, ROOTS)
}

/// Takes a storage root back; environments below it stay.
pub async fn root_delete(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManageStorage>,
    id: RootId,
) -> Result<(), StoreError> {
    execute_one!(tx, ROOT_DELETE, id)
}
