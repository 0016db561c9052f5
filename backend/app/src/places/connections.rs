//! Connections of a project to S3-compatible stores. Their secret goes in and never comes out.

use lakegate_lake::Storage;
use lakegate_model::{
    Fault,
    ids::{ConnectionId, ProjectId, SecretId},
    places::{Connection, ConnectionSettings},
    storage::StorageAccess,
    text,
};
use lakegate_policy::{Actor, Granted, Scope, action, decide, resource::ProjectFacts};
use lakegate_store::{Tx, environments as store};
use serde_json::json;
use zeroize::Zeroizing;

use super::{inside_proof, locations, outgoing, project_proof};
use crate::{
    App, Caller,
    audit::{self, Event},
    seal,
};

/// Longest access key id or secret, in characters.
const KEY_MAX: usize = 256;
/// Under which the secrets of the table `secrets` are sealed, those of webhooks too.
pub(crate) const PURPOSE: &str = "connection secret";

/// A secret on its way in. `Debug` does not show it, and its memory is wiped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText")
    }
}

/// The open part of an S3 connection, as somebody wrote it.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// `None` for Amazon's own endpoint of the region.
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: String,
}

/// A connection to be created.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub project: ProjectId,
    pub name: String,
    pub settings: S3Settings,
    pub secret_access_key: SecretText,
}

/// Creates a connection.
///
/// # Errors
/// Besides the usual: `invalid` on `endpoint` if the server does not connect there.
pub async fn create(app: &App, caller: &Caller, new: &NewConnection) -> Result<Connection, Fault> {
    let name = text::name("name", &new.name)?;
    let settings = check_settings(app, &new.settings)?;
    check_secret(&new.secret_access_key)?;
    look!(app, caller, "connection.create", |tx, scope, actor| {
        project_proof::<action::ManageProject>(tx, scope, actor, new.project).await.map(drop)
    })?;
    reach(app, &settings).await?;
    let id: ConnectionId = app.new_id();
    let secret_id: SecretId = app.new_id();
    let sealed = seal_secret(app, secret_id, &new.secret_access_key)?;
    change!(app, caller, "connection.create", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, new.project).await?;
        store::secret_insert(tx, secret_id, &app.keys.key_id, &sealed, app.now()).await?;
        let connection = Connection {
            id,
            project_id: new.project,
            name: name.clone(),
            settings: settings.clone(),
            secret_id: Some(secret_id),
            created_at: app.now(),
            updated_at: app.now(),
        };
        store::connection_insert(tx, &proof, &connection).await?;
        audit::record(app, tx, caller, actor, event("connection.create", &connection)).await?;
        Ok(connection)
    })
}

fn event(action: &'static str, connection: &Connection) -> Event {
    let ConnectionSettings::S3 { endpoint, region, .. } = &connection.settings;
    let detail = json!({ "name": connection.name, "endpoint": endpoint, "region": region });
    Event::on(action, "connection", connection.id).owned_by(connection.project_id).with(detail)
}

/// Replaces the settings of a connection, and its secret if one is given.
///
/// Another endpoint or access key needs the secret again: whoever does not know it cannot send it elsewhere.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: ConnectionId,
    settings: &S3Settings,
    secret: Option<&SecretText>,
) -> Result<Connection, Fault> {
    let settings = check_settings(app, settings)?;
    secret.map(check_secret).transpose()?;
    look!(app, caller, "connection.update", |tx, scope, actor| { managed(tx, scope, actor, id).await.map(drop) })?;
    reach(app, &settings).await?;
    let secret_id: SecretId = app.new_id();
    let sealed = secret.map(|secret| seal_secret(app, secret_id, secret)).transpose()?;
    change!(app, caller, "connection.update", |tx, scope, actor| {
        let (proof, before) = managed(tx, scope, actor, id).await?;
        if sealed.is_none() && !same_keys(&before.settings, &settings) {
            return Err(Fault::invalid("secret_access_key", "another endpoint or key needs its secret"));
        }
        let mut after = Connection { settings: settings.clone(), updated_at: app.now(), ..before.clone() };
        if let Some(sealed) = &sealed {
            store::secret_insert(tx, secret_id, &app.keys.key_id, sealed, app.now()).await?;
            after.secret_id = Some(secret_id);
        }
        store::connection_update(tx, &proof, &after).await?;
        if let Some(old) = before.secret_id.filter(|old| Some(*old) != after.secret_id) {
            store::secret_delete(tx, old).await?;
        }
        audit::record(app, tx, caller, actor, event("connection.update", &after)).await?;
        Ok(after)
    })
}

fn same_keys(before: &ConnectionSettings, after: &ConnectionSettings) -> bool {
    let ConnectionSettings::S3 { endpoint: old_endpoint, access_key_id: old_key, .. } = before;
    let ConnectionSettings::S3 { endpoint, access_key_id, .. } = after;
    (old_endpoint, old_key) == (endpoint, access_key_id)
}

async fn managed<'s>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: ConnectionId,
) -> Result<(Granted<'s, ProjectFacts, action::ManageProject>, Connection), Fault> {
    let found = store::connection_find(tx, id).await?;
    let project = found.as_ref().map(|connection| connection.project_id);
    let proof = inside_proof(tx, scope, actor, project, "connection").await?;
    let connection = found.ok_or_else(|| Fault::not_found("connection"))?;
    Ok((proof, connection))
}

/// The connections of a project, without their secrets.
pub async fn list(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<Connection>, Fault> {
    look!(app, caller, "connection.list", |tx, scope, actor| {
        let may_view = project_proof::<action::ViewProject>(tx, scope, actor, project).await?;
        let _proof = decide::<action::Contribute, _>(scope, actor, may_view.on())?;
        Ok(store::connection_list(tx, &may_view).await?)
    })
}

/// Tries a connection on a bucket or prefix: whether its keys may list there. Tells nothing of what was found.
///
/// # Errors
/// `dependency` if the store refuses or does not answer, `invalid` on `location` or `endpoint`.
pub async fn test(app: &App, caller: &Caller, id: ConnectionId, location: &str) -> Result<(), Fault> {
    let location = locations::parse(location)?;
    if location.bucket().is_none() {
        return Err(Fault::invalid("location", "name a bucket to try, such as s3://bucket/"));
    }
    let access = change!(app, caller, "connection.test", |tx, scope, actor| {
        let (_proof, connection) = managed(tx, scope, actor, id).await?;
        let access = storage_access(app, tx, id).await?;
        audit::record(app, tx, caller, actor, event("connection.test", &connection)).await?;
        Ok(access)
    })?;
    outgoing::check_access(&access).await?;
    let storage = Storage::open(&access, &location.to_string())?;
    Ok(storage.probe().await?)
}

/// How a storage is reached, the secret of its connection opened; no connection means a folder of the server's machine.
///
/// What comes back is for the server's own use, and carries the rules that bind every connection to it.
///
/// # Errors
/// `not_found` if there is no such connection, `internal` if its secret was sealed with another master key.
pub async fn storage_access(
    app: &App,
    tx: &mut Tx,
    connection: impl Into<Option<ConnectionId>>,
) -> Result<StorageAccess, Fault> {
    let Some(id) = connection.into() else { return Ok(StorageAccess::Folder) };
    let found = store::connection_find(tx, id).await?.ok_or_else(|| Fault::not_found("connection"))?;
    let secret_id = found.secret_id.ok_or_else(|| Fault::internal("a connection without a secret"))?;
    let (key_id, sealed) =
        store::secret_find(tx, secret_id).await?.ok_or_else(|| Fault::internal("a connection's secret is absent"))?;
    let secret = seal::open(app, PURPOSE, &secret_id.to_string(), &sealed)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| unopened(app, &key_id))?;
    let ConnectionSettings::S3 { endpoint, region, access_key_id } = found.settings;
    Ok(StorageAccess::S3 {
        endpoint,
        region,
        access_key_id,
        secret_access_key: secret,
        outgoing: app.settings.outgoing.clone(),
    })
}

fn unopened(app: &App, key_id: &str) -> Fault {
    let here = &app.keys.key_id;
    Fault::internal(format!("a secret sealed with master key {key_id} does not open with {here}"))
}

fn seal_secret(app: &App, id: SecretId, secret: &SecretText) -> Result<String, Fault> {
    seal::seal(app, PURPOSE, &id.to_string(), secret.0.as_bytes())
}

fn check_secret(secret: &SecretText) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_graphic();
    if secret.0.is_empty() || secret.0.len() > KEY_MAX || !secret.0.chars().all(fits) {
        return Err(Fault::invalid("secret_access_key", format!("a secret key is 1 to {KEY_MAX} visible characters")));
    }
    Ok(())
}

/// The form of the settings. A region goes into host names and signatures, so its letters are few.
fn check_settings(app: &App, settings: &S3Settings) -> Result<ConnectionSettings, Fault> {
    let region = text::line("region", &settings.region, 40)?;
    if !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(Fault::invalid("region", "a region is lower-case letters, digits and hyphens, such as eu-west-1"));
    }
    let access_key_id = text::line("access_key_id", &settings.access_key_id, KEY_MAX)?;
    if !access_key_id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Fault::invalid("access_key_id", "an access key id is visible ASCII characters"));
    }
    let endpoint = settings.endpoint.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let endpoint = endpoint.map(|text| app.settings.outgoing.check_form("endpoint", text)).transpose()?;
    let endpoint = endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned());
    Ok(ConnectionSettings::S3 { endpoint, region, access_key_id })
}

async fn reach(app: &App, settings: &ConnectionSettings) -> Result<(), Fault> {
    match settings {
        ConnectionSettings::S3 { endpoint: Some(endpoint), .. } => {
            outgoing::check(&app.settings.outgoing, "endpoint", endpoint).await
        }
        ConnectionSettings::S3 { endpoint: None, .. } => Ok(()),
    }
}
