//! One run of a derived table's query: it is asked as the account, its result is written beside the earlier one and takes its
//! place in one transaction.

use lakegate_engine::{lineage::Lineage, references};
use lakegate_jobs::RunContext;
use lakegate_lake::import::{self, ImportRequest, Imported, Prepared};
use lakegate_model::{
    Code, Fault,
    catalog::{Asset, Column},
    derived::{DerivedSource, DerivedTable},
    ids::{AssetId, DerivedTableId, TableId},
    places::Environment,
    storage::StorageAccess,
    words::{LineageOrigin, LineageTarget, LogLevel},
};
use lakegate_policy::{Actor, Scope, action, decide};
use lakegate_store::{
    Tx, WriteTx, assets, derived as store, environments, in_read, in_write, projects,
    tables::{self, files_of},
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use uuid::Uuid;

use super::{ancestry, inherit, plan};
use crate::{
    App, Caller, caller,
    catalog::granted,
    lineage::record::{self, Filled, Planned},
    places::outgoing::check_access,
    query::{
        Ask, Format,
        resolve::{self, takes_away},
        run::{Allowed, allow, stream},
    },
    sources::{
        self, own_database,
        register::{self, Home, Registered},
        unfinished::{Noted, Unfinished},
        upload,
    },
};

/// What a run has made. How many rows is for those who read the table whole (access rule 5), not for all who read of runs.
#[derive(Debug, Clone, Serialize)]
pub struct Built {
    pub table: TableId,
    pub asset: AssetId,
    /// The number of the definition that it ran.
    pub version: i64,
}

/// A derived table with its place, as a run finds it.
struct Work<'a> {
    app: &'a App,
    run: &'a RunContext,
    derived: DerivedTable,
    environment: Environment,
    access: StorageAccess,
    location: String,
    /// The account, doing this run.
    caller: Caller,
}

/// Runs the query of a derived table.
///
/// # Errors
/// `not_found` if it was removed; what the query says under the account's rights; what the storage says.
pub async fn build(app: &App, run: &RunContext, id: DerivedTableId) -> Result<Built, Fault> {
    let work = find(app, run, id).await?;
    check_access(&work.access).await?;
    run.progress(|progress| "running the query".clone_into(&mut progress.phase));
    let allowed = work.ask().await?;
    let (sources, lineage) = (work.sources(&allowed)?, allowed.prepared.lineage());
    let spool = upload::spool(app).await?;
    let part = Part { id: app.new_id(), spool };
    let prepared = work.receive(allowed, &part).await?;
    run.progress(|progress| "storing the result".clone_into(&mut progress.phase));
    let built = work.finish(&part, prepared, (&sources, &lineage)).await?;
    app.search.changed();
    Ok(built)
}

/// The file of a run.
struct Part {
    id: Uuid,
    spool: PathBuf,
}

impl Part {
    fn name(&self) -> String {
        format!("part-{}", self.id)
    }
}

async fn find<'a>(app: &'a App, run: &'a RunContext, id: DerivedTableId) -> Result<Work<'a>, Fault> {
    in_read!(&app.db, |tx, _scope| {
        let derived = store::derived_find(tx, id).await?;
        // What a workflow names when it runs may be anybody's.
        let derived = derived.filter(|derived| derived.project_id == run.run().project_id);
        let derived = derived.ok_or_else(|| Fault::not_found("derived table"))?;
        let environment = environments::environment_find(tx, derived.environment_id).await?;
        let environment = environment.ok_or_else(|| Fault::internal("a derived table without environment"))?;
        let (access, location) = place(app, tx, &derived, &environment).await?;
        let name = format!("run {}", run.run().id);
        let caller = Caller::work(derived.service_account_id, derived.project_id, &name);
        Ok(Work { app, run, derived, environment, access, location, caller })
    })
}

/// Where the table is, or will be.
async fn place(
    app: &App,
    tx: &mut Tx,
    derived: &DerivedTable,
    environment: &Environment,
) -> Result<(StorageAccess, String), Fault> {
    let table = match derived.table_id {
        Some(table) => tables::table_find(tx, table).await?,
        None => None,
    };
    Ok(match table {
        Some(table) => (sources::access(app, tx, table.connection_id).await?, table.location),
        None => (
            sources::access(app, tx, environment.connection_id).await?,
            upload::managed_location(environment, &derived.name)?,
        ),
    })
}

impl Work<'_> {
    /// Asks the query as the account, as anybody's query is asked: planned, allowed, written down before the first row.
    async fn ask(&self) -> Result<Allowed, Fault> {
        let derived = &self.derived;
        let account = format!("running version {} as {}", derived.version, derived.service_account_name);
        self.run.log(LogLevel::Info, account);
        plan::need_tables_alone(references(&derived.sql_text)?.lists_catalog)?;
        let ask = Ask { export: true, ..Ask::new(&derived.sql_text, Some(derived.project_id)) };
        let allowed = allow(self.app, &self.caller, &ask).await.map_err(|fault| {
            hidden(
                fault,
                "the account cannot run this query: names in it are unknown to it, or it is no query any more",
            )
        })?;
        plan::need_leave(&allowed.resolved)?;
        Ok(allowed)
    }

    /// The tables that are read, and what the account sees of them.
    fn sources(&self, allowed: &Allowed) -> Result<Vec<DerivedSource>, Fault> {
        let mut found = Vec::new();
        for read in allowed.prepared.reads() {
            let mut tables = allowed.resolved.tables.iter().zip(&allowed.resolved.named);
            let (table, named) = tables
                .find(|(table, _)| table.table == read.table)
                .ok_or_else(|| Fault::internal("a query reads a table that was not resolved"))?;
            found.push(DerivedSource {
                source_id: read.table,
                owner_id: named.owner_id,
                service_account_id: self.derived.service_account_id,
                project_id: self.derived.project_id,
                columns: read.columns.clone(),
                sight: table.access.sight(&read.columns),
            });
        }
        Ok(found)
    }

    /// Takes the rows in, into a file that nobody sees yet.
    async fn receive(&self, allowed: Allowed, part: &Part) -> Result<Prepared, Fault> {
        let answer = stream(self.app, allowed, Format::Parquet);
        // A stream of bytes tells its reader a text; the fault itself tells what to do about it.
        let (kept, fault) = FaultKeeper::new();
        let bytes = futures::TryStreamExt::inspect_err(answer.body, move |fault| kept.keep(fault));
        let request = (self.app, &self.access, self.location.as_str(), self.derived.name.as_str());
        let (name, received) = (part.name(), self.run.cancelled());
        let request = request_of(request, &name, &part.spool);
        tokio::select! {
            prepared = import::prepare(bytes, &request) => {
                let failed = |fault| hidden(fault, "the query stopped at a value that it cannot work with");
                prepared.map_err(|error| fault.take().map_or_else(|| error.into(), failed))
            }
            // The stream is dropped, which ends the query.
            () = received.cancelled() => Err(RunContext::stopped()),
        }
    }

    /// Lets the file appear, and the table be it; or leaves nothing of it.
    async fn finish(&self, part: &Part, prepared: Prepared, of: (&[DerivedSource], &Lineage)) -> Result<Built, Fault> {
        let unfinished = Unfinished {
            connection: self.environment.connection_id,
            location: self.location.clone(),
            path: import::part_path(&part.name()),
        };
        let noted = Noted::write(self.app, part.id, unfinished).await?;
        let name = part.name();
        let request = (self.app, &self.access, self.location.as_str(), self.derived.name.as_str());
        let stored = prepared.store(&request_of(request, &name, &part.spool)).await;
        lakegate_model::failpoint!("derived.file_visible");
        let entered = match stored {
            Ok(imported) => self.enter(&imported, of).await,
            Err(error) => Err(error.into()),
        };
        lakegate_model::failpoint!("derived.committed");
        match &entered {
            Ok(_) => noted.settled().await,
            Err(_) => noted.take_back(self.app).await,
        }
        entered
    }

    /// The table is the new file from here on, if nothing that matters has changed since the query began.
    async fn enter(&self, imported: &Imported, of: (&[DerivedSource], &Lineage)) -> Result<Built, Fault> {
        let (sources, lineage) = of;
        in_write!(&self.app.db, |tx, scope| {
            self.run.hold(tx).await?;
            let derived = self.unchanged(tx).await?;
            self.need_same_sight(tx, sources).await?;
            let (table, asset) = self.register(tx, scope, &derived, imported).await?;
            let ids: Vec<TableId> = sources.iter().map(|source| source.source_id).collect();
            ancestry::need_no_circle(tx, table, &ids).await?;
            store::sources_replace(tx, table, sources).await?;
            store::derived_built(tx, derived.id, table, (self.app.now(), derived.version)).await?;
            let names: Vec<&str> = imported.table.columns.iter().map(|column| column.name.as_str()).collect();
            let columns = inherit::in_order(tx, table, (&names, lineage)).await?;
            let server = self.server();
            inherit::inherit(self.app, tx, (&server, scope), (table, asset), (&columns, lineage)).await?;
            self.note(tx, &derived, table, (ids, lineage, &columns)).await?;
            Ok(Built { table, asset, version: derived.version })
        })
    }

    /// Keeps where the columns of the table come from.
    async fn note(
        &self,
        tx: &mut WriteTx,
        derived: &DerivedTable,
        table: TableId,
        (tables, lineage, columns): (Vec<TableId>, &Lineage, &[Column]),
    ) -> Result<(), Fault> {
        let filled = Filled {
            kind: LineageTarget::Table,
            target: table.into(),
            project: derived.project_id,
            process: (derived.id.into(), derived.version),
            run: Some(self.run.run().id),
            made_by: &derived.service_account_name,
            origin: LineageOrigin::Executed,
        };
        let columns: Vec<_> = columns.iter().map(|column| column.id).collect();
        let planned = Planned { tables, lineage: lineage.clone() };
        record::note(tx, filled, &planned, &columns, (self.app.new_id(), self.app.now())).await
    }

    /// What the server itself does for the run.
    fn server(&self) -> Caller {
        Caller::system(&self.caller.request_id)
    }

    async fn unchanged(&self, tx: &mut Tx) -> Result<DerivedTable, Fault> {
        let found = store::derived_find(tx, self.derived.id).await?.ok_or_else(|| Fault::not_found("derived table"))?;
        if found.version != self.derived.version || found.table_id != self.derived.table_id {
            let message = "it was given another definition while the query ran";
            return Err(Fault::new(Code::Conflict, message).fix("run it again"));
        }
        Ok(found)
    }

    /// The rows were read under the access of the beginning: it has to be that of the end, too.
    async fn need_same_sight(&self, tx: &mut Tx, sources: &[DerivedSource]) -> Result<(), Fault> {
        let account = caller::enter(tx, &self.caller, self.app.now()).await?;
        let mut holds = takes_away(&account);
        for source in sources {
            let access = resolve::access(self.app, tx, &account, source.source_id, source.owner_id).await?;
            holds &= access.is_some_and(|access| access.export && access.sight(&source.columns) == source.sight);
        }
        if holds {
            return Ok(());
        }
        Err(Fault::new(Code::Conflict, "the account's access changed while the query ran").fix("run it again"))
    }

    async fn register(
        &self,
        tx: &mut WriteTx,
        scope: &Scope,
        derived: &DerivedTable,
        imported: &Imported,
    ) -> Result<(TableId, AssetId), Fault> {
        let (server, system) = (self.server(), Actor::system());
        let database = own_database(tx, &self.environment).await?;
        let home = Home {
            database: &database,
            connection: self.environment.connection_id,
            source: None,
            owner: Some(derived.created_by),
            managed: true,
        };
        let registered = match derived.table_id {
            Some(table) => {
                let (asset, table) = self.known(tx, table).await?;
                for file in files_of(tx, table.id).await? {
                    store::leave(tx, self.app.new_id(), (table.id, &file.path), self.app.now()).await?;
                }
                let (_, proof) = granted::<action::EditAsset>(tx, scope, &system, asset.id).await?;
                let found = (Home { connection: table.connection_id, ..home }, asset, table);
                register::change(self.app, tx, (&server, &system), &proof, found, &imported.table).await?
            }
            None => {
                upload::need_free(tx, &database, &derived.name).await?;
                let facts = projects::project_facts(tx, derived.project_id).await?;
                let facts = facts.ok_or_else(|| Fault::internal("a derived table without a project"))?;
                let proof = decide::<action::Contribute, _>(scope, &system, facts)?;
                register::create(self.app, tx, (&server, &system), &proof, home, &imported.table).await?
            }
        };
        match registered {
            Registered::New(table, asset) | Registered::Changed(table, asset) => Ok((table, asset)),
            Registered::Same(_) => Err(Fault::internal("a new file changed nothing")),
        }
    }

    async fn known(&self, tx: &mut Tx, table: TableId) -> Result<(Asset, lakegate_model::catalog::Table), Fault> {
        let lost = || Fault::internal("a derived table without its asset");
        let found = tables::table_find(tx, table).await?.ok_or_else(lost)?;
        let asset = assets::asset_of_table(tx, table).await?.ok_or_else(lost)?;
        let (asset, _) = assets::asset_facts(tx, &Actor::system(), asset).await?.ok_or_else(lost)?;
        Ok((asset, found))
    }
}

/// What a query says of names and values is for the account that asked: members of the project who read the run's log may
/// see less than it (access rule 6).
fn hidden(fault: Fault, instead: &str) -> Fault {
    match fault.code {
        Code::Unprocessable | Code::Invalid | Code::NotFound => {
            Fault::new(fault.code, instead).fix("run it in the editor, and look at what the account may read")
        }
        _ => fault,
    }
}

fn request_of<'a>(
    (app, access, location, table): (&'a App, &'a StorageAccess, &'a str, &'a str),
    part_name: &'a str,
    spool: &'a Path,
) -> ImportRequest<'a> {
    ImportRequest {
        access,
        location,
        table,
        file_name: "result.parquet",
        part_name,
        spool,
        limits: app.settings.upload_limits,
        sandbox: &app.sandbox,
    }
}

/// Keeps the first fault of a stream.
#[derive(Clone, Default)]
struct FaultKeeper(std::sync::Arc<std::sync::Mutex<Option<Fault>>>);

impl FaultKeeper {
    fn new() -> (Self, Self) {
        let keeper = Self::default();
        (keeper.clone(), keeper)
    }

    fn keep(&self, fault: &Fault) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert_with(|| fault.clone());
    }

    fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }
}
