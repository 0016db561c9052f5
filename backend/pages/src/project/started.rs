//! What triggers and schedules of a project start: a data source, a workflow or the query of a derived table, as their pages
//! show it.

use lakegate_app::{
    derived,
    jobs::{Target, workflows},
    sources::manage,
};
use lakegate_model::{
    Fault,
    ids::{DataSourceId, DerivedTableId, ProjectId, WorkflowId},
};

use super::Section;
use lakegate_http::{Web, extract::SignedIn};

/// The page of a data source or a workflow.
pub(crate) fn href(project: ProjectId, target: Target) -> String {
    match target {
        Target::Source(id) => format!("/projects/{project}/sources/{id}"),
        Target::Workflow(id) => format!("/projects/{project}/workflows/{id}"),
        Target::Derived(id) => format!("/projects/{project}/derived/{id}"),
    }
}

/// A data source or a workflow of a project.
pub(super) struct Started {
    pub target: Target,
    pub project: ProjectId,
    pub name: String,
    /// Whether it is a folder, in which objects are found by listing alone; `None` for a workflow, which has no place.
    pub folder: Option<bool>,
}

impl Started {
    /// The page of what is started.
    pub fn href(&self) -> String {
        href(self.project, self.target)
    }

    /// The tab below which its pages stand.
    pub fn section(&self) -> Section {
        match self.target {
            Target::Source(_) => Section::Sources,
            Target::Workflow(_) => Section::Workflows,
            Target::Derived(_) => Section::Queries,
        }
    }

    /// What is started, if it belongs to the project; of another project it is absent here.
    pub async fn find(web: &Web, reader: &SignedIn, project: ProjectId, target: Target) -> Result<Self, Fault> {
        let (found, noun) = match target {
            Target::Source(id) => (Self::source(web, reader, id).await?, "data source"),
            Target::Workflow(id) => (Self::workflow(web, reader, id).await?, "workflow"),
            Target::Derived(id) => (Self::derived(web, reader, id).await?, "derived table"),
        };
        if found.project == project { Ok(found) } else { Err(Fault::not_found(noun)) }
    }

    async fn source(web: &Web, reader: &SignedIn, id: DataSourceId) -> Result<Self, Fault> {
        let source = manage::get(&web.app, &reader.caller, id).await?;
        let folder = Some(source.connection_id.is_none());
        Ok(Self { target: Target::Source(id), project: source.project_id, name: source.name, folder })
    }

    async fn workflow(web: &Web, reader: &SignedIn, id: WorkflowId) -> Result<Self, Fault> {
        let workflow = workflows::get(&web.app, &reader.caller, id).await?;
        Ok(Self { target: Target::Workflow(id), project: workflow.project_id, name: workflow.name, folder: None })
    }

    async fn derived(web: &Web, reader: &SignedIn, id: DerivedTableId) -> Result<Self, Fault> {
        let derived = derived::get(&web.app, &reader.caller, id).await?;
        Ok(Self { target: Target::Derived(id), project: derived.project_id, name: derived.name, folder: None })
    }
}
