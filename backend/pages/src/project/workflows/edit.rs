//! Workflows are written: new ones, and other definitions of those that there are.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::jobs::workflows;
use lakegate_model::{
    Fault,
    ids::{ProjectId, WorkflowId},
    workflows::{Definition, Workflow},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{Head, Section, head},
    find, path, version,
    words::{Sources, pretty},
};
use crate::{
    flash::done_with_draft,
    kit::{Wrong, again},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/workflows/new", get(new_form))
        .route("/projects/{project}/workflows/{workflow}/edit", get(edit_form).post(revise))
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    definition: String,
    /// The number of the definition that this one is to follow; empty for a new workflow.
    #[serde(default)]
    version: String,
}

#[derive(Template)]
#[template(path = "workflows/edit.html")]
struct EditPage {
    shell: Shell,
    head: Head,
    title: String,
    action: String,
    back: String,
    form: Typed,
    sources: Sources,
    /// Under which the browser keeps what is typed.
    draft: String,
    /// The page of the definition that somebody else saved meanwhile; empty if nobody did.
    newer: String,
    wrong: Wrong,
}

fn draft(id: &str, version: &str) -> String {
    format!("workflow-{id}-{version}")
}

async fn new_page(
    web: &Web,
    framed: Framed,
    id: ProjectId,
    form: Option<Typed>,
    wrong: Wrong,
) -> Result<EditPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, id, Section::Workflows).await?;
    let sources = Sources::of(web, &reader, id).await?;
    let form = form.unwrap_or_else(|| Typed { definition: starter(&sources), ..Typed::default() });
    let back = format!("{}/workflows", head.base);
    Ok(EditPage {
        shell,
        head: head.below(Section::Workflows, "New workflow"),
        title: "New workflow".to_owned(),
        draft: draft(&id.to_string(), "new"),
        action: back.clone(),
        back,
        form,
        sources,
        newer: String::new(),
        wrong,
    })
}

/// A definition to begin with, over the project's own data sources.
fn starter(sources: &Sources) -> String {
    let name = |nth: usize| ["first", "second"][nth];
    let step = |(nth, (id, _)): (usize, &(uuid::Uuid, String))| {
        let mut step = json!({ "name": name(nth), "kind": "crawl", "subject": id });
        if nth > 0 {
            step["after"] = json!([{ "step": name(0) }]);
        }
        step
    };
    let mut steps: Vec<Value> = sources.all.iter().take(2).enumerate().map(step).collect();
    if steps.is_empty() {
        steps.push(json!({ "name": "first", "kind": "crawl", "subject": "the id of a data source" }));
    }
    // Read and written, its members stand in the order in which people write them.
    serde_json::from_value::<Definition>(json!({ "steps": steps })).map(|one| pretty(&one)).unwrap_or_default()
}

async fn new_form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(&web, framed, id, None, Wrong::default()).await?)
}

pub(super) async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let made = async {
        let definition = read(&form.definition)?;
        let made = workflows::create(&web.app, &reader.caller, (id, &form.name), &definition).await;
        made.map_err(|fault| Unsound::of(fault, definition))
    };
    match made.await {
        Ok(workflow) => {
            let text = "The workflow is there. Start it, or change it first.";
            Ok(done_with_draft(&path(&workflow), text, &draft(&id.to_string(), "new")))
        }
        Err(unsound) => {
            let fault = unsound.located(&web, reader, id).await?;
            again(fault, |wrong| new_page(&web, framed, id, Some(form), wrong)).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct EditQuery {
    /// The number of an earlier definition to begin with.
    #[serde(default)]
    from: Option<i64>,
}

async fn edit_page(
    web: &Web,
    framed: Framed,
    workflow: Workflow,
    form: Typed,
    (wrong, newer): (Wrong, String),
) -> Result<EditPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, workflow.project_id, Section::Workflows).await?;
    let sources = Sources::of(web, &reader, workflow.project_id).await?;
    let back = path(&workflow);
    Ok(EditPage {
        shell,
        head: head.below(Section::Workflows, &workflow.name).deeper(&back, "Change what it does"),
        title: format!("What {} does", workflow.name),
        action: format!("{back}/edit"),
        draft: draft(&workflow.id.to_string(), &form.version),
        back,
        form,
        sources,
        newer,
        wrong,
    })
}

async fn edit_form(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Query(query): Query<EditQuery>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    let from = version(&web, &framed.reader, id, query.from.unwrap_or(workflow.version)).await?;
    let form =
        Typed { name: String::new(), definition: pretty(&from.definition), version: workflow.version.to_string() };
    show(StatusCode::OK, &edit_page(&web, framed, workflow, form, (Wrong::default(), String::new())).await?)
}

async fn revise(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(mut form): Form<Typed>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let workflow = find(&web, reader, project, id).await?;
    let revised = async {
        let number = form.version.parse().map_err(|_| Fault::invalid("version", "open the page again"))?;
        let definition = read(&form.definition)?;
        let revised = workflows::revise(&web.app, &reader.caller, (id, number), &definition).await;
        revised.map_err(|fault| Unsound::of(fault, definition))
    };
    match revised.await {
        Ok(revised) => {
            let text = format!("Version {} is there. Runs that have begun keep theirs.", revised.version);
            Ok(done_with_draft(&path(&revised), &text, &draft(&id.to_string(), &form.version)))
        }
        Err(unsound) => {
            let fault = unsound.located(&web, reader, project).await?;
            let mut newer = String::new();
            if fault.field.as_deref() == Some("version") {
                // Who saves once more has seen that there is another one.
                form.version = workflow.version.to_string();
                newer = format!("{}/versions/{}", path(&workflow), workflow.version);
            }
            again(fault, |wrong| edit_page(&web, framed, workflow, form, (wrong, newer))).await
        }
    }
}

fn read(text: &str) -> Result<Definition, Fault> {
    serde_json::from_str(text).map_err(|error| {
        Fault::invalid("definition", format!("this is no definition: {error}"))
            .fix("an object with steps, each with name, kind and subject, as in the example of a new workflow")
    })
}

/// Why a definition was refused, and the definition if it could be read.
struct Unsound {
    fault: Fault,
    definition: Option<Definition>,
}

impl From<Fault> for Unsound {
    fn from(fault: Fault) -> Self {
        Self { fault, definition: None }
    }
}

impl Unsound {
    fn of(fault: Fault, definition: Definition) -> Self {
        Self { fault, definition: Some(definition) }
    }

    /// The fault as one of the field with the definition, with the step that it is about.
    async fn located(self, web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Fault, Fault> {
        let (Some(definition), Some(field)) = (self.definition, self.fault.field.clone()) else {
            return Ok(self.fault);
        };
        let about = match field.as_str() {
            "subject" => {
                let sources = Sources::of(web, reader, project).await?;
                let strange = |subject: &Value| subject.as_str().is_some_and(|id| !sources.has(id));
                definition.steps.iter().position(|step| strange(&step.subject)).map(|at| (at, "subject"))
            }
            "kind" => definition.steps.iter().position(|step| step.kind != "crawl").map(|at| (at, "kind")),
            field => place_of(field),
        };
        let step = about.and_then(|(at, rest)| Some((definition.steps.get(at)?, at, rest)));
        Ok(match step {
            Some((step, at, rest)) => {
                let name = if step.name.is_empty() { format!("number {}", at + 1) } else { step.name.clone() };
                let message = format!("in the step {name}, at {rest}: {}", self.fault.message);
                Fault { message, field: Some("definition".to_owned()), ..self.fault }
            }
            None if ["steps", "subject", "kind"].contains(&field.as_str()) => self.fault.on("definition"),
            None => self.fault,
        })
    }
}

/// The number of a step and what of it is meant, from `steps[2].after[0].step`.
fn place_of(field: &str) -> Option<(usize, &str)> {
    let (number, rest) = field.strip_prefix("steps[")?.split_once("].")?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_definition_are_read() {
        assert_eq!(place_of("steps[12].after[0].step"), Some((12, "after[0].step")));
        assert_eq!((place_of("steps"), place_of("name"), place_of("steps[x].name")), (None, None, None));
    }
}
