//! Environments: storage of a project, with a database for what it publishes and one for what it subscribed to.

use lakegate_lake::{LocationUri, Storage};
use lakegate_model::{
    Fault,
    ids::{ConnectionId, DatabaseId, EnvironmentId, ProjectId},
    places::{Database, Environment},
    storage::StorageAccess,
    text,
    words::DatabaseKind,
};
use lakegate_policy::{Granted, action, decide, resource::ProjectFacts};
use lakegate_store::{Tx, environments as store, projects};
use serde_json::json;

use super::{
    inside_proof,
    locations::{self, claim_location},
    project_proof,
};
use crate::{
    App, Caller,
    access::registrations,
    audit::{self, Event},
};

/// Longest common part of the names of an environment's databases.
const STEM_MAX: usize = 59;
/// How many numbered names are tried when a name is taken.
const TRIES: usize = 99;

/// An environment to be created.
#[derive(Debug, Clone)]
pub struct NewEnvironment {
    pub project: ProjectId,
    pub name: String,
    /// `file:///…/` or `s3://…/`, below a storage root of the project. `None` takes a folder of the server's own lake.
    pub location: Option<String>,
    /// How an S3 location is reached: a connection of the same project.
    pub connection: Option<ConnectionId>,
}

/// An environment with its two databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentView {
    pub environment: Environment,
    pub databases: Vec<Database>,
}

/// Creates an environment and its databases `<name>_pub` and `<name>_sub`.
///
/// The folder of a `file` location is made first, so that an environment is never without its folder; a failure after
/// that leaves an empty folder at most.
///
/// # Errors
/// Besides the usual: `invalid`, `forbidden` or `conflict` on `location`, `connection` or `name`.
pub async fn create(app: &App, caller: &Caller, new: &NewEnvironment) -> Result<EnvironmentView, Fault> {
    let name = text::name("name", &new.name)?;
    let given = new.location.as_deref().filter(|text| !text.trim().is_empty()).map(locations::parse).transpose()?;
    let id: EnvironmentId = app.new_id();
    let ids: [DatabaseId; 2] = [app.new_id(), app.new_id()];
    let location = look!(app, caller, "environment.create", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, new.project).await?;
        plan(app, tx, &proof, &name, given.as_ref(), new.connection).await
    })?;
    make_folder(&location, given.is_none()).await?;
    lakegate_model::failpoint!("environment.folder_made");
    change!(app, caller, "environment.create", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, new.project).await?;
        check_connection(tx, new.project, new.connection, &location).await?;
        let environment = Environment {
            id,
            project_id: new.project,
            name: name.clone(),
            location: location.to_string(),
            connection_id: new.connection,
            created_at: app.now(),
        };
        store::environment_insert(tx, &proof, &environment).await?;
        claim_location(app, tx, &environment, &location).await?;
        let databases = databases(tx, &environment, ids).await?;
        for database in &databases {
            store::database_insert(tx, database).await?;
        }
        for database in databases.iter().filter(|database| database.kind == DatabaseKind::Published) {
            registrations::born(app, tx, (caller, actor), database).await?;
        }
        let event = Event::on("environment.create", "environment", id)
            .owned_by(new.project)
            .with(json!({ "name": environment.name, "location": environment.location }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(EnvironmentView { environment, databases })
    })
}

/// Where the environment will lie, if it may.
async fn plan(
    app: &App,
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, action::ManageProject>,
    name: &str,
    given: Option<&LocationUri>,
    connection: Option<ConnectionId>,
) -> Result<LocationUri, Fault> {
    let project = proof.on().id;
    let location = match given {
        Some(given) => given.clone(),
        None => default_location(app, tx, project, name).await?,
    };
    check_connection(tx, project, connection, &location).await?;
    locations::check(app, tx, project, None, &location).await?;
    Ok(location)
}

/// The first free folder of the project in the server's own lake.
async fn default_location(app: &App, tx: &mut Tx, project: ProjectId, name: &str) -> Result<LocationUri, Fault> {
    let home = locations::default_home(app, project)?.ok_or_else(|| {
        Fault::invalid("location", "this installation has no storage of its own").fix("name a location")
    })?;
    let slug = text::slug(name);
    let taken = store::location_all(tx).await?;
    for number in 1..=TRIES {
        let folder = home.join(&numbered(&slug, number)).map_err(Fault::internal)?;
        let address = folder.to_string();
        if !taken.iter().any(|(uri, _)| *uri == address) {
            return Ok(folder);
        }
    }
    Err(no_name_left())
}

fn no_name_left() -> Fault {
    Fault::new(lakegate_model::Code::Conflict, "too many environments have this name").on("name").fix("choose another")
}

/// A stem with its number, cut to what a database name can hold; the first goes without.
fn numbered(stem: &str, number: usize) -> String {
    let suffix = if number == 1 { String::new() } else { format!("_{number}") };
    let kept: String = stem.chars().take(STEM_MAX - suffix.len()).collect();
    format!("{}{suffix}", kept.trim_end_matches('_'))
}

/// Buckets are reached through a connection of the same project, folders without one.
async fn check_connection(
    tx: &mut Tx,
    project: ProjectId,
    connection: Option<ConnectionId>,
    location: &LocationUri,
) -> Result<(), Fault> {
    match (location.bucket(), connection) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Fault::invalid("connection", "a folder is reached without a connection")),
        (Some(_), None) => Err(Fault::invalid("connection", "a bucket is reached through a connection")
            .fix("create a connection with the keys of the bucket first")),
        (Some(_), Some(id)) => {
            let found = store::connection_find(tx, id).await?.filter(|found| found.project_id == project);
            found.map(drop).ok_or_else(|| Fault::not_found("connection").on("connection"))
        }
    }
}

/// Makes the folder of a `file` location, readable by the server alone; refuses one that a link leads to.
async fn make_folder(location: &LocationUri, ours: bool) -> Result<(), Fault> {
    if location.bucket().is_some() {
        return Ok(());
    }
    let address = location.to_string();
    let made = tokio::task::spawn_blocking(move || Storage::create(&StorageAccess::Folder, &address)).await;
    made.map_err(Fault::internal)?.map(drop).map_err(|error| {
        let fault = Fault::from(error);
        // The path of the server's own folder is nobody's business.
        let message =
            if ours { "the environment's folder could not be made".to_owned() } else { fault.message.clone() };
        Fault { message, field: Some("location".to_owned()), ..fault }
    })
}

/// The two databases, under the first free one of: the environment's name, the project's and the environment's, and
/// that with a number. Names of databases are unique in the installation, for SQL names them.
async fn databases(tx: &mut Tx, environment: &Environment, ids: [DatabaseId; 2]) -> Result<Vec<Database>, Fault> {
    let label = projects::project_label(tx, environment.project_id).await?;
    let (project_name, _) = label.ok_or_else(|| Fault::internal("an environment without a project"))?;
    let own = text::slug(&environment.name);
    let long = format!("{}_{own}", text::slug(&project_name));
    let stems = std::iter::once(numbered(&own, 1)).chain((1..=TRIES).map(|number| numbered(&long, number)));
    for stem in stems {
        let kinds = [DatabaseKind::Published, DatabaseKind::Subscribed];
        let names = kinds.map(|kind| format!("{stem}_{kind}"));
        if is_free(tx, &names).await? {
            let rows = ids.into_iter().zip(names).zip(kinds);
            return Ok(rows
                .map(|((id, name), kind)| Database { id, environment_id: environment.id, name, kind })
                .collect());
        }
    }
    Err(no_name_left())
}

async fn is_free(tx: &mut Tx, names: &[String]) -> Result<bool, Fault> {
    for name in names {
        if store::database_by_name(tx, name).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The environments of a project.
pub async fn list(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<EnvironmentView>, Fault> {
    look!(app, caller, "environment.list", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        let environments = store::environment_list(tx, &proof).await?;
        let databases = store::databases_of(tx, project).await?;
        Ok(environments.into_iter().map(|environment| with_databases(environment, &databases)).collect())
    })
}

fn with_databases(environment: Environment, databases: &[Database]) -> EnvironmentView {
    let own = |database: &&Database| database.environment_id == environment.id;
    EnvironmentView { databases: databases.iter().filter(own).cloned().collect(), environment }
}

/// An environment of a project that the caller is a member of.
pub async fn get(app: &App, caller: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Fault> {
    look!(app, caller, "environment.get", |tx, scope, actor| {
        let found = store::environment_find(tx, id).await?;
        let project = found.as_ref().map(|environment| environment.project_id);
        let proof = inside_proof::<action::ViewProject>(tx, scope, actor, project, "environment").await?;
        let databases = store::databases_of(tx, proof.on().id).await?;
        let environment = found.ok_or_else(|| Fault::not_found("environment"))?;
        Ok(with_databases(environment, &databases))
    })
}

/// An environment in which the actor may bring in data: the proof and its row, for use cases inside a transaction.
pub async fn contribute_to<'s>(
    tx: &mut Tx,
    scope: &'s lakegate_policy::Scope,
    actor: &lakegate_policy::Actor,
    id: EnvironmentId,
) -> Result<(Granted<'s, ProjectFacts, action::Contribute>, Environment), Fault> {
    let found = store::environment_find(tx, id).await?;
    let project = found.as_ref().map(|environment| environment.project_id);
    let proof = inside_proof::<action::ViewProject>(tx, scope, actor, project, "environment").await?;
    let environment = found.ok_or_else(|| Fault::not_found("environment"))?;
    Ok((decide(scope, actor, proof.on())?, environment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_stems_fit_a_database_name() {
        assert_eq!(numbered("sales", 1), "sales");
        assert_eq!(numbered("sales", 12), "sales_12");
        let long = "a".repeat(80);
        for number in [1, 9, 99] {
            assert!(numbered(&long, number).len() + "_pub".len() <= 63);
        }
        assert_ne!(numbered(&long, 2), numbered(&long, 3));
    }
}
