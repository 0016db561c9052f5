//! Deciding by hand what a reported dataset is, and rules for many of them.

use lakegate_model::{
    Code, Fault,
    ids::{AssetId, DatabaseId, ProjectId, ReportedDatasetId, ReportedRuleId, ReportedRunId},
    reported::{ReportedDataset, ReportedRule, Sameness},
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, WriteTx, environments, lineage, reported as jobs, reported_datasets as store};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{
    draw,
    event::{NAME_MAX, NAMESPACE_MAX},
    identity, read,
    read::DatasetView,
};
use crate::{
    App, Caller,
    audit::{self, Event},
    catalog::granted,
    places::inside_proof,
};

/// What somebody says that a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// The table of an asset.
    Asset(AssetId),
    /// Another dataset that was reported to the project.
    Dataset(ReportedDatasetId),
    /// A thing of its own, whatever names and rules say.
    Itself,
}

/// Decides what a dataset is. Its lineage follows.
///
/// # Errors
/// `not_found` for what the caller may not know; `invalid` for what cannot be: itself, a file set, a circle.
pub async fn decide(app: &App, caller: &Caller, id: ReportedDatasetId, is: Is) -> Result<DatasetView, Fault> {
    change!(app, caller, "reported_dataset.decide", |tx, scope, actor| {
        let dataset = read::dataset::<action::Contribute>(tx, (scope, actor), id).await?;
        let same = sameness(tx, (scope, actor), &dataset, is).await?;
        store::decide(tx, (app.new_id(), id), same, (&actor.name, app.now())).await?;
        let dataset = settle(app, tx, dataset, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("reported_dataset.decide", &dataset)).await?;
        read::viewed(tx, actor, dataset).await
    })
}

/// Undoes what was decided last about a dataset: what was decided before holds again, or what names and rules say.
///
/// # Errors
/// `conflict` where nothing was decided.
pub async fn undo(app: &App, caller: &Caller, id: ReportedDatasetId) -> Result<DatasetView, Fault> {
    change!(app, caller, "reported_dataset.undo", |tx, scope, actor| {
        let dataset = read::dataset::<action::Contribute>(tx, (scope, actor), id).await?;
        if !store::undo(tx, id, app.now()).await? {
            return Err(Fault::new(Code::Conflict, "nobody has decided what this is"));
        }
        let dataset = settle(app, tx, dataset, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("reported_dataset.undo", &dataset)).await?;
        read::viewed(tx, actor, dataset).await
    })
}

/// Makes a rule: names of a namespace that begin with `prefix` are tables of a database of the project, called what follows.
///
/// # Errors
/// `conflict` on `prefix` if there is a rule for it; `not_found` on `database` for one that is not the project's.
pub async fn create_rule(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    (namespace, prefix, database): (&str, &str, DatabaseId),
) -> Result<ReportedRule, Fault> {
    for (field, text, most) in [("namespace", namespace, NAMESPACE_MAX), ("prefix", prefix, NAME_MAX)] {
        if text.contains('\0') || text.len() > most {
            return Err(Fault::invalid(field, format!("at most {most} bytes, and no NUL")));
        }
    }
    change!(app, caller, "reported_rule.create", |tx, scope, actor| {
        inside_proof::<action::Contribute>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        let own = environments::databases_of(tx, project).await?;
        let database = own.into_iter().find(|own| own.id == database);
        let database = database.ok_or_else(|| Fault::not_found("database").on("database"))?;
        let rule = ReportedRule {
            id: app.new_id(),
            project_id: project,
            namespace: namespace.to_owned(),
            prefix: prefix.to_owned(),
            database_id: database.id,
            database_name: database.name,
            created_by: actor.name.clone(),
            created_at: app.now(),
        };
        store::rule_insert(tx, &rule).await?;
        again(app, tx, &rule, &actor.name).await?;
        audit::record(app, tx, caller, actor, rule_event("reported_rule.create", &rule)).await?;
        Ok(rule)
    })
}

/// Removes a rule. What it matched is what else is known of it.
pub async fn delete_rule(app: &App, caller: &Caller, id: ReportedRuleId) -> Result<(), Fault> {
    change!(app, caller, "reported_rule.delete", |tx, scope, actor| {
        let rule = store::rule_find(tx, id).await?;
        let project = rule.as_ref().map(|rule| rule.project_id);
        inside_proof::<action::Contribute>(tx, scope, actor, project, "rule").await.map(drop)?;
        let rule = rule.ok_or_else(|| Fault::not_found("rule"))?;
        store::rule_delete(tx, id).await?;
        again(app, tx, &rule, &actor.name).await?;
        audit::record(app, tx, caller, actor, rule_event("reported_rule.delete", &rule)).await
    })
}

/// What a rule speaks of is looked at again.
async fn again(app: &App, tx: &mut WriteTx, rule: &ReportedRule, by: &str) -> Result<(), Fault> {
    for dataset in store::datasets_of_namespace(tx, rule.project_id, &rule.namespace).await? {
        if dataset.name.starts_with(&rule.prefix) {
            settle(app, tx, dataset, by).await?;
        }
    }
    Ok(())
}

async fn sameness(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    dataset: &ReportedDataset,
    is: Is,
) -> Result<Sameness, Fault> {
    match is {
        Is::Itself => Ok(Sameness::default()),
        Is::Asset(id) => {
            let (asset, _found) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await?;
            let table = asset.table_id.ok_or_else(|| Fault::invalid("asset", "this is no table"))?;
            Ok(Sameness { table_id: Some(table), same_as: None })
        }
        Is::Dataset(id) => {
            let other = store::dataset_find(tx, id).await?.filter(|other| other.project_id == dataset.project_id);
            let other = other.ok_or_else(|| Fault::not_found("reported dataset").on("dataset"))?;
            if identity::leads_to(tx, &other, dataset.id).await? {
                return Err(Fault::invalid("dataset", "this is the same already"));
            }
            Ok(Sameness { table_id: None, same_as: Some(other.id) })
        }
    }
}

/// Says anew what a dataset is, and what those are that are known through it.
async fn settle(app: &App, tx: &mut WriteTx, mut dataset: ReportedDataset, by: &str) -> Result<ReportedDataset, Fault> {
    one(app, tx, &mut dataset, by).await?;
    followers(app, tx, dataset.id, by).await?;
    store::dataset_find(tx, dataset.id).await?.ok_or_else(|| Fault::not_found("reported dataset"))
}

/// Says anew what those are that are known through a dataset.
pub(super) async fn followers(app: &App, tx: &mut WriteTx, id: ReportedDatasetId, by: &str) -> Result<(), Fault> {
    let mut seen = BTreeSet::from([id]);
    let mut ahead = vec![id];
    while let Some(id) = ahead.pop() {
        for mut follower in store::datasets_via(tx, id).await? {
            if seen.insert(follower.id) {
                one(app, tx, &mut follower, by).await?;
                ahead.push(follower.id);
            }
        }
    }
    Ok(())
}

async fn one(app: &App, tx: &mut WriteTx, dataset: &mut ReportedDataset, by: &str) -> Result<(), Fault> {
    let before = dataset.node();
    identity::settle(tx, dataset).await?;
    store::dataset_set(tx, dataset).await?;
    if before == dataset.node() { Ok(()) } else { redraw(app, tx, dataset, (before, by)).await }
}

/// Draws the jobs anew that speak of a dataset which was another node before.
pub(super) async fn redraw(
    app: &App,
    tx: &mut WriteTx,
    dataset: &ReportedDataset,
    (before, by): (Uuid, &str),
) -> Result<(), Fault> {
    for job in jobs::jobs_using(tx, dataset.id).await? {
        let mut runs: BTreeSet<ReportedRunId> = job.drawn_run.into_iter().collect();
        for flow in lineage::flows_of_process(tx, job.id.into()).await? {
            let own = flow.target_id == dataset.id.0 && dataset.node() != dataset.id.0;
            if flow.target_id == before || own {
                runs.extend(flow.run_id.map(ReportedRunId));
                lineage::flow_delete(tx, flow.id).await?;
            }
        }
        for run in runs {
            if let Some(run) = jobs::run_find(tx, run).await? {
                draw::draw(app, tx, (&job, &run), by).await?;
            }
        }
    }
    Ok(())
}

fn event(action: &'static str, dataset: &ReportedDataset) -> Event {
    let is = match (dataset.table_id, dataset.same_as) {
        (Some(_), _) => "table",
        (None, Some(_)) => "dataset",
        (None, None) => "itself",
    };
    let detail = json!({ "namespace": dataset.namespace, "name": dataset.name, "is": is });
    Event::on(action, "reported_dataset", dataset.id).owned_by(dataset.project_id).with(detail)
}

fn rule_event(action: &'static str, rule: &ReportedRule) -> Event {
    let detail = json!({ "namespace": rule.namespace, "prefix": rule.prefix, "database": rule.database_name });
    Event::on(action, "reported_rule", rule.id).owned_by(rule.project_id).with(detail)
}
