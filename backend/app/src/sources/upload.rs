//! Files that people bring: converted to Parquet in the environment, and in the catalog before they are acknowledged.
//!
//! The file appears in the storage first and in the database after, in one transaction. If that transaction fails the
//! file is deleted; so is, at the next start, what a crash between the two leaves: see [`super::unfinished`]. Whoever
//! sends the file may leave at any time: before the file is all there that ends the upload, afterwards it is finished.

use bytes::Bytes;
use futures::Stream;
use lakegate_lake::{
    LakeError, LocationUri, Storage,
    import::{self, ImportRequest, Imported, Prepared},
    maintain,
};
use lakegate_model::{
    Code, Fault, Timestamp,
    catalog::{Asset, Table},
    ids::{AssetId, ConnectionId, EnvironmentId, TableId},
    places::{Database, Environment},
    storage::StorageAccess,
    text,
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, WriteTx, derived, environments, in_read, tables};
use std::{collections::HashSet, fmt::Display, io, path::PathBuf};
use uuid::Uuid;

use super::{
    access, own_database,
    register::{self, Home, Registered},
    unfinished::{Noted, Unfinished},
};
use crate::{
    App, Caller,
    catalog::granted,
    places::{environments::contribute_to, outgoing::check_access},
};

/// The folder of an environment in which Lakegate keeps the files it wrote. The underline hides it from discovery.
const MANAGED: &str = "_tables";
/// The folder of the data directory for uploads under way.
pub const SPOOL: &str = "uploads";
/// Room that a number takes in a table's name.
const NAME_MAX: usize = 56;

/// Where an upload goes.
#[derive(Debug, Clone)]
pub enum Target {
    /// A new table of this name in the environment; the name becomes an identifier of SQL.
    New { environment: EnvironmentId, table: String },
    /// One more file for a table that was uploaded before.
    Append { asset: AssetId },
}

/// An upload that is durable and in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    pub asset: AssetId,
    pub table: TableId,
    /// Rows of this file.
    pub rows: u64,
}

/// What the place of an upload was found to be before its bytes are taken.
struct Place {
    connection: Option<ConnectionId>,
    access: StorageAccess,
    location: String,
    table: String,
}

/// Takes a file in. When this returns, it survives a kill and a power cut.
///
/// # Errors
/// `too_large`, `unprocessable` for a file that cannot be read or does not fit, `conflict` for a name that is taken,
/// `storage_full`; nothing is left of it then.
pub async fn upload<S, E>(
    app: &App,
    caller: &Caller,
    target: &Target,
    file_name: &str,
    stream: S,
) -> Result<Uploaded, Fault>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Display,
{
    let target = checked(target)?;
    let place = place(app, caller, &target).await?;
    check_access(&place.access).await?;
    let spool = spool(app).await?;
    let id: Uuid = app.new_id();
    let part = Part { id, name: format!("part-{id}"), place, spool, file_name: file_name.to_owned() };
    let prepared = import::prepare(stream, &part.request(app)).await?;
    // From here on files and rows change. That goes on to its end even if whoever sends the file leaves.
    let (app, caller) = (app.clone(), caller.clone());
    let task = tokio::spawn(async move { finish(&app, &caller, &target, &part, prepared).await });
    task.await.map_err(Fault::internal)?
}

/// The file that an upload adds to a table.
struct Part {
    id: Uuid,
    name: String,
    place: Place,
    spool: PathBuf,
    file_name: String,
}

impl Part {
    fn request<'a>(&'a self, app: &'a App) -> ImportRequest<'a> {
        ImportRequest {
            access: &self.place.access,
            location: &self.place.location,
            table: &self.place.table,
            file_name: &self.file_name,
            part_name: &self.name,
            spool: &self.spool,
            limits: app.settings.upload_limits,
            sandbox: &app.sandbox,
        }
    }

    fn unfinished(&self) -> Unfinished {
        Unfinished {
            connection: self.place.connection,
            location: self.place.location.clone(),
            path: import::part_path(&self.name),
        }
    }
}

/// Lets the file appear and puts it into the catalog, or leaves nothing of it.
async fn finish(
    app: &App,
    caller: &Caller,
    target: &Target,
    part: &Part,
    prepared: Prepared,
) -> Result<Uploaded, Fault> {
    let noted = Noted::write(app, part.id, part.unfinished()).await?;
    lakegate_model::failpoint!("upload.noted");
    let entered = match prepared.store(&part.request(app)).await {
        Ok(imported) => {
            lakegate_model::failpoint!("upload.file_visible");
            enter(app, caller, target, &imported).await
        }
        Err(error) => Err(error.into()),
    };
    settle(app, noted, entered).await
}

/// Drops the note of an upload; one that did not reach the catalog leaves no file.
async fn settle(app: &App, noted: Noted, entered: Result<Uploaded, Fault>) -> Result<Uploaded, Fault> {
    if entered.is_ok() {
        app.search.changed();
        lakegate_model::failpoint!("upload.committed");
        noted.settled().await;
    } else {
        lakegate_model::failpoint!("upload.refused");
        noted.take_back(app).await;
    }
    entered
}

fn checked(target: &Target) -> Result<Target, Fault> {
    let Target::New { environment, table } = target else { return Ok(target.clone()) };
    Ok(Target::New { environment: *environment, table: table_name("table", table)? })
}

/// The name of a table that Lakegate will write, as an identifier.
pub(crate) fn table_name(field: &str, name: &str) -> Result<String, Fault> {
    let table = text::identifier(field, name)?;
    if table.len() > NAME_MAX {
        return Err(Fault::invalid(field, format!("a table's name has at most {NAME_MAX} characters")));
    }
    Ok(table)
}

/// Proves the right and finds the place before the first byte is taken.
async fn place(app: &App, caller: &Caller, target: &Target) -> Result<Place, Fault> {
    look!(app, caller, "asset.upload", |tx, scope, actor| {
        match target {
            Target::New { environment, table } => {
                let (_proof, environment) = contribute_to(tx, scope, actor, *environment).await?;
                let database = own_database(tx, &environment).await?;
                need_free(tx, &database, table).await?;
                new_place(app, tx, &environment, table).await
            }
            Target::Append { asset } => {
                let (_asset, table) = managed_table(tx, scope, actor, *asset).await?;
                let access = access(app, tx, table.connection_id).await?;
                let connection = table.connection_id;
                Ok(Place { connection, access, location: table.location, table: table.name })
            }
        }
    })
}

async fn new_place(app: &App, tx: &mut Tx, environment: &Environment, table: &str) -> Result<Place, Fault> {
    let access = access(app, tx, environment.connection_id).await?;
    let (connection, location) = (environment.connection_id, managed_location(environment, table)?);
    Ok(Place { connection, access, location, table: table.to_owned() })
}

/// The folder of a table that Lakegate writes in an environment.
pub(crate) fn managed_location(environment: &Environment, table: &str) -> Result<String, Fault> {
    let home = LocationUri::parse(&environment.location).map_err(Fault::internal)?;
    Ok(home.join(&format!("{MANAGED}/{table}")).map_err(Fault::internal)?.to_string())
}

pub(crate) async fn need_free(tx: &mut Tx, database: &Database, table: &str) -> Result<(), Fault> {
    if tables::table_by_name(tx, database.id, table).await?.is_none() {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, "the database has a table of this name")
        .on("table")
        .fix("choose another name, or append to that table"))
}

async fn managed_table(tx: &mut Tx, scope: &Scope, actor: &Actor, id: AssetId) -> Result<(Asset, Table), Fault> {
    let (asset, _proof) = granted::<action::EditAsset>(tx, scope, actor, id).await?;
    let table = match asset.table_id {
        Some(table) => tables::table_find(tx, table).await?,
        None => None,
    };
    let managed = table.filter(|table| table.managed);
    let table = managed
        .ok_or_else(|| Fault::new(Code::Conflict, "only tables that were uploaded take further files").on("asset"))?;
    if derived::is_derived(tx, table.id).await? {
        return Err(Fault::new(Code::Conflict, "a query makes this table").on("asset").fix("change the query"));
    }
    Ok((asset, table))
}

pub(crate) async fn spool(app: &App) -> Result<PathBuf, Fault> {
    let folder = app.settings.data_dir.join(SPOOL);
    let made = folder.clone();
    tokio::task::spawn_blocking(move || make_private(&made)).await.map_err(Fault::internal)?.map_err(|error| {
        match error.kind() {
            io::ErrorKind::StorageFull => LakeError::StorageFull.into(),
            _ => Fault::internal(error),
        }
    })?;
    Ok(folder)
}

fn make_private(folder: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Puts the new file into the catalog. The rights are proved again: they may have ended while the bytes came.
async fn enter(app: &App, caller: &Caller, target: &Target, imported: &Imported) -> Result<Uploaded, Fault> {
    let registered = change!(app, caller, "asset.upload", |tx, scope, actor| {
        match target {
            Target::New { environment, table } => {
                enter_new(app, tx, (caller, actor, scope), (*environment, table), imported).await
            }
            Target::Append { asset } => enter_more(app, tx, (caller, actor, scope), *asset, imported).await,
        }
    })?;
    match registered {
        Registered::New(table, asset) | Registered::Changed(table, asset) => {
            Ok(Uploaded { asset, table, rows: imported.rows })
        }
        Registered::Same(_) => Err(Fault::internal("an upload changed nothing")),
    }
}

async fn enter_new(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor, scope): (&Caller, &Actor, &Scope),
    (environment, table): (EnvironmentId, &str),
    imported: &Imported,
) -> Result<Registered, Fault> {
    let (proof, environment) = contribute_to(tx, scope, actor, environment).await?;
    let database = own_database(tx, &environment).await?;
    need_free(tx, &database, table).await?;
    let home = Home {
        database: &database,
        connection: environment.connection_id,
        source: None,
        owner: actor.user(),
        managed: true,
    };
    let registered = register::create(app, tx, (caller, actor), &proof, home, &imported.table).await?;
    register::tell(app, tx, environment.project_id, registered, &imported.table.name, None).await?;
    Ok(registered)
}

async fn enter_more(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor, scope): (&Caller, &Actor, &Scope),
    asset: AssetId,
    imported: &Imported,
) -> Result<Registered, Fault> {
    let (asset, table) = managed_table(tx, scope, actor, asset).await?;
    let (_, proof) = granted::<action::EditAsset>(tx, scope, actor, asset.id).await?;
    let database = environments::database_find(tx, table.database_id).await?;
    let database = database.ok_or_else(|| Fault::internal("a table without a database"))?;
    let home = Home { database: &database, connection: table.connection_id, source: None, owner: None, managed: true };
    let (project, name) = (asset.project_id, table.name.clone());
    let registered =
        register::append(app, tx, (caller, actor), &proof, (home, asset, table), imported.table.clone()).await?;
    register::tell(app, tx, project, registered, &name, None).await?;
    Ok(registered)
}

/// Files in an environment's own folder that no table names and that were last changed before `before`: what crashes
/// left. For the deep check of the server's operator.
///
/// # Errors
/// What the database or the storage says.
pub async fn orphans(app: &App, environment: EnvironmentId, before: Timestamp) -> Result<Vec<String>, Fault> {
    let (access, location, known) = in_read!(&app.db, |tx, _scope| {
        let environment = super::environment(tx, environment).await?;
        let access = access(app, tx, environment.connection_id).await?;
        let home = LocationUri::parse(&environment.location).and_then(|home| home.join(MANAGED));
        let home = home.map_err(Fault::internal)?.to_string();
        let rows = tables::managed_files(tx, environment.id).await?;
        let known: HashSet<String> = rows.into_iter().filter_map(|(at, path)| below(&home, &at, &path)).collect();
        Ok((access, home, known))
    })?;
    check_access(&access).await?;
    let storage = match Storage::open(&access, &location) {
        Err(LakeError::FolderGone { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    Ok(maintain::orphans(&storage, &known, before).await?.into_iter().map(|file| file.path).collect())
}

/// A file's path below `home`, both locations being in their normal form.
fn below(home: &str, location: &str, path: &str) -> Option<String> {
    let table = LocationUri::parse(location).ok()?.path();
    let folder = LocationUri::parse(home).ok()?.path();
    let inner = table.strip_prefix(&folder)?.trim_start_matches('/');
    Some(if inner.is_empty() { path.to_owned() } else { format!("{inner}/{path}") })
}
