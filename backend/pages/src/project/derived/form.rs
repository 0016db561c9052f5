//! Derived tables are written: new ones, and other queries of those that there are.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    derived::{self, DerivedInput},
    places::environments,
    query::saved,
};
use lakegate_model::{
    Code, Fault,
    derived::DerivedTable,
    ids::{DerivedTableId, ProjectId, SavedQueryId},
    text,
};
use serde::Deserialize;

use super::{
    super::{Head, account_actors::Workers},
    find, page_head, path,
};
use crate::{
    flash::done_with_draft,
    kit::{Choice, Wrong, again},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/derived/new", get(new_form))
        .route("/projects/{project}/derived/{derived}/edit", get(edit_form).post(revise))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    environment: String,
    account: String,
    sql: String,
    /// The number of the definition that this one is to follow; empty for a new table.
    version: String,
    /// The saved query that the text was taken from; empty for none.
    query: String,
}

impl Typed {
    fn input(&self) -> Result<DerivedInput, Fault> {
        let environment = self.environment.parse().map_err(|_| Fault::invalid("environment", "choose an environment"));
        Ok(DerivedInput {
            environment: environment?,
            name: self.name.clone(),
            sql: self.sql.clone(),
            account: self.account.parse().map_err(|_| choose_account())?,
        })
    }
}

fn choose_account() -> Fault {
    Fault::invalid("account", "choose a service account")
}

#[derive(Template)]
#[template(path = "derived/edit.html")]
struct EditPage {
    shell: Shell,
    head: Head,
    title: String,
    action: String,
    back: String,
    form: Typed,
    environments: Vec<Choice>,
    workers: Workers,
    /// Under which the browser keeps what is typed.
    draft: String,
    /// The definitions among which is the one that somebody else saved meanwhile; empty if nobody did.
    newer: String,
    /// Whether the form was sent and came back.
    sent: bool,
    wrong: Wrong,
}

fn draft(id: &str, of: &str) -> String {
    format!("derived-{id}-{}", if of.is_empty() { "new" } else { of })
}

async fn new_page(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    form: Typed,
    (wrong, sent): (Wrong, bool),
) -> Result<EditPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = page_head(web, &reader, id, "New derived table").await?;
    let places = environments::list(&web.app, &reader.caller, id).await?;
    let places = places.into_iter().map(|view| Choice::new(view.environment.id.to_string(), view.environment.name));
    let back = format!("{}/derived", head.base);
    Ok(EditPage {
        workers: Workers::of(web, &reader, &head).await?,
        title: "New derived table".to_owned(),
        draft: draft(&id.to_string(), &form.query),
        environments: places.collect(),
        action: back.clone(),
        newer: String::new(),
        shell,
        head,
        back,
        form,
        sent,
        wrong,
    })
}

#[derive(Debug, Default, Deserialize)]
struct NewQuery {
    /// A saved query to begin with.
    #[serde(default)]
    query: Option<SavedQueryId>,
}

async fn new_form(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<NewQuery>,
) -> Result<Response, Refusal> {
    let form = match query.query {
        Some(query) => taken(&web, &framed.reader, id, query).await?,
        None => Typed::default(),
    };
    show(StatusCode::OK, &new_page(&web, framed, id, form, (Wrong::default(), false)).await?)
}

/// The form filled with a saved query of this project; one of another project is absent here.
async fn taken(web: &Web, reader: &SignedIn, project: ProjectId, id: SavedQueryId) -> Result<Typed, Fault> {
    let query = saved::get(&web.app, &reader.caller, id).await?;
    if query.project_id != project {
        return Err(Fault::not_found("saved query"));
    }
    Ok(Typed { name: identifier(&query.name), sql: query.sql_text, query: id.to_string(), ..Typed::default() })
}

/// A name of a table after a name for people.
fn identifier(name: &str) -> String {
    let folded = text::fold(name);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

pub(super) async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let made = async {
        let input = form.input()?;
        in_project(&web, &framed.reader, id, &input).await?;
        derived::create(&web.app, &framed.reader.caller, &input).await
    };
    match made.await {
        Ok(derived) => {
            let text = format!("{} is there. Run it to fill its table.", derived.name);
            Ok(done_with_draft(&path(&derived), &text, &draft(&id.to_string(), &form.query)))
        }
        Err(fault) => again(fault, |wrong| new_page(&web, framed, id, form, (wrong, true))).await,
    }
}

/// The environment has to be one of the project in the address.
async fn in_project(web: &Web, reader: &SignedIn, project: ProjectId, input: &DerivedInput) -> Result<(), Fault> {
    let known = environments::list(&web.app, &reader.caller, project).await?;
    if known.iter().any(|view| view.environment.id == input.environment) {
        return Ok(());
    }
    Err(Fault::invalid("environment", "choose an environment"))
}

async fn edit_page(
    web: &Web,
    framed: Framed,
    derived: DerivedTable,
    form: Typed,
    (wrong, newer, sent): (Wrong, String, bool),
) -> Result<EditPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let back = path(&derived);
    let head = page_head(web, &reader, derived.project_id, &derived.name).await?;
    Ok(EditPage {
        workers: Workers::of(web, &reader, &head).await?,
        head: head.deeper(&back, "Change its query"),
        title: format!("What makes {}", derived.name),
        action: format!("{back}/edit"),
        draft: draft(&derived.id.to_string(), &form.version),
        environments: Vec::new(),
        shell,
        back,
        form,
        newer,
        sent,
        wrong,
    })
}

async fn edit_form(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &framed.reader, project, id).await?;
    let form = Typed {
        sql: derived.sql_text.clone(),
        account: derived.service_account_id.to_string(),
        version: derived.version.to_string(),
        ..Typed::default()
    };
    let fresh = (Wrong::default(), String::new(), false);
    show(StatusCode::OK, &edit_page(&web, framed, derived, form, fresh).await?)
}

async fn revise(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Form(mut form): Form<Typed>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &framed.reader, project, id).await?;
    let revised = async {
        let number = form.version.parse().map_err(|_| Fault::invalid("version", "open the page again"))?;
        let account = form.account.parse().map_err(|_| choose_account())?;
        derived::revise(&web.app, &framed.reader.caller, (id, number), (&form.sql, account)).await
    };
    match revised.await {
        Ok(revised) => {
            let text = format!("Version {} is there. The table follows when it has run.", revised.version);
            Ok(done_with_draft(&path(&revised), &text, &draft(&id.to_string(), &form.version)))
        }
        Err(fault) => {
            let mut newer = String::new();
            if fault.code == Code::Conflict && form.version != derived.version.to_string() {
                // Who saves once more has seen that there is another one.
                form.version = derived.version.to_string();
                newer = format!("{}/versions", path(&derived));
            }
            again(fault, |wrong| edit_page(&web, framed, derived, form, (wrong, newer, true))).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_people_become_names_of_tables() {
        assert_eq!(identifier("Sales by month (2026)"), "sales_by_month_2026");
        assert_eq!(identifier("…"), "");
    }
}
