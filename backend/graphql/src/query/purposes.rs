//! Purposes, and the register of what data is used for.

use async_graphql::{Context, Object};
use lakegate_app::access::{purposes, register};
use lakegate_model::{Fault, words};

use crate::{
    at::At,
    errors::{Maybe, answer_all, error},
    lists::{Connection, list},
    scalars::{Id, PurposeState},
    types::purposes::{ProcessingActivity, ProjectPurpose, Purpose},
};

/// Queries about purposes.
#[derive(Debug, Default)]
pub struct PurposesQuery;

#[Object]
impl PurposesQuery {
    /// What data may be used for, by name; ended ones included.
    async fn purposes(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Purpose>> {
        let at = At::of(ctx);
        list!(at, first, after, "purposes".to_owned(), |page| purposes::list(at.app(), &at.caller, page))
    }

    /// The purposes that the caller may state where he acts: the header `Lakegate-Purpose` names one.
    async fn my_purposes(&self, ctx: &Context<'_>) -> Maybe<Vec<Purpose>> {
        let at = At::of(ctx);
        answer_all(&at, purposes::to_state(at.app(), &at.caller).await)
    }

    /// What a project asked for, for its members; or, without a project, what all asked for in one state, for data
    /// protection officers and auditors.
    async fn project_purposes(
        &self,
        ctx: &Context<'_>,
        project: Option<Id>,
        state: Option<PurposeState>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ProjectPurpose>> {
        let at = At::of(ctx);
        match (project, state) {
            (Some(project), None) => {
                let name = format!("purposes of {}", project.0);
                list!(at, first, after, name, |page| {
                    purposes::of_project(at.app(), &at.caller, project.into(), page)
                })
            }
            (None, state) => {
                let state = state.map_or(words::PurposeState::Asked, Into::into);
                let name = format!("purposes {state}");
                list!(at, first, after, name, |page| purposes::in_state(at.app(), &at.caller, state, page))
            }
            (Some(_), Some(_)) => {
                Some(Err(error(&at, Fault::invalid("state", "of a project all are listed: leave the state out"))))
            }
        }
    }

    /// The register of processing activities: who uses what for what, on which basis, and who allowed it. For data
    /// protection officers and auditors.
    async fn processing_activities(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<ProcessingActivity>> {
        let at = At::of(ctx);
        list!(at, first, after, "processing activities".to_owned(), |page| {
            register::activities(at.app(), &at.caller, page)
        })
    }
}
