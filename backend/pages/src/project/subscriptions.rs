//! What a project uses of others and what others use of it, with the way to end either.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::{
    RequestFilter, Side, subscriptions,
    views::{self, RequestView, SubscriptionView},
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectId, SubscriptionId},
    words::{RequestState, SubscriptionState},
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{Pager, Place, Tab, When, Who, Wrong, address, again, counted, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/subscriptions", get(list))
        .route("/projects/{project}/subscriptions/{subscription}/end", get(end_form).post(end))
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    /// `in`: what this project uses; `out`: what others use of it.
    #[serde(default)]
    way: String,
    /// `ended` also shows what is over.
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
}

struct Row {
    asset: String,
    href: String,
    /// The project at the other end.
    other: Who,
    columns: String,
    tables: Vec<String>,
    until: When,
    since: When,
    state: String,
    tone: &'static str,
    request: String,
    export: bool,
    reason: String,
    /// Where it is ended; empty if the reader may not or it is over.
    end: String,
    end_label: &'static str,
}

struct Asked {
    reference: String,
    href: String,
    asset: String,
    other: String,
    state: String,
    when: When,
    can_decide: bool,
}

#[derive(Template)]
#[template(path = "project/subscriptions.html")]
struct SubscriptionsPage {
    shell: Shell,
    head: Head,
    ways: Vec<Tab>,
    outgoing: bool,
    /// The same list with or without what is over.
    other_list: String,
    with_ended: bool,
    subscriptions: Vec<Row>,
    requests: Vec<Asked>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let (outgoing, with_ended) = (query.way == "out", query.show == "ended");
    let head = head(&web, reader, id, Section::Subscriptions).await?;
    let path = format!("{}/subscriptions", head.base);
    let way = if outgoing { "out" } else { "" };
    let at = |show| address(&path, &[("way", way), ("show", show)]);
    let place = Place::new(at(if with_ended { "ended" } else { "" }), &query.after);
    let wanted = place.request(&web, reader, 25)?;
    let page = if outgoing {
        views::given_by(&web.app, &reader.caller, id, !with_ended, &wanted).await?
    } else {
        views::my_access(&web.app, &reader.caller, Some(id), !with_ended, &wanted).await?
    };
    let pager = place.pager(&web, reader, &page)?;
    let tab = |label, way: &str, active| Tab { label, href: address(&path, &[("way", way)]), active, count: 0 };
    let page = SubscriptionsPage {
        requests: open_requests(&web, &framed, id, outgoing).await?,
        subscriptions: page.items.into_iter().map(|view| row(&head, view, outgoing)).collect(),
        ways: vec![tab("Used by us", "", !outgoing), tab("Used by others", "out", outgoing)],
        other_list: at(if with_ended { "" } else { "ended" }),
        shell: framed.shell,
        head,
        outgoing,
        with_ended,
        pager,
    };
    show(StatusCode::OK, &page)
}

async fn open_requests(web: &Web, framed: &Framed, id: ProjectId, outgoing: bool) -> Result<Vec<Asked>, Fault> {
    let side = if outgoing { Side::Received } else { Side::Sent };
    let filter = RequestFilter { side, open_only: true, project: None, asset: None };
    let page = PageRequest::new(Some(50), None)?;
    let found = views::list(&web.app, &framed.reader.caller, filter, &page).await?;
    let ours = |view: &RequestView| if outgoing { view.producer == id } else { view.request.project_id == id };
    Ok(found.items.into_iter().filter(ours).map(|view| asked(view, outgoing)).collect())
}

fn asked(view: RequestView, outgoing: bool) -> Asked {
    Asked {
        reference: view.request.reference(),
        href: format!("/requests/{}", view.request.reference()),
        asset: view.asset_name,
        other: if outgoing { view.project_name } else { view.producer_name },
        state: match view.request.state {
            RequestState::NeedsInformation => "Waits for an answer".to_owned(),
            state => spoken(state.as_str()),
        },
        when: When::at(view.request.created_at),
        can_decide: view.can_decide,
    }
}

fn row(head: &Head, view: SubscriptionView, outgoing: bool) -> Row {
    let may_end = if outgoing { view.can_revoke } else { view.can_cancel };
    let way = if outgoing { "out" } else { "" };
    let end = format!("{}/subscriptions/{}/end", head.base, view.subscription.id);
    let active = view.subscription.state == SubscriptionState::Active;
    let columns = match (&view.columns, active) {
        (Some(names), true) => counted(names.len(), "column", "columns"),
        (None, true) => "All columns".to_owned(),
        (_, false) => String::new(),
    };
    Row {
        href: format!("/assets/{}", view.subscription.asset_id),
        asset: view.asset_name,
        other: Who::named(if outgoing { &view.project_name } else { &view.producer_name }),
        columns,
        tables: view.tables,
        until: When::maybe(view.grant.as_ref().and_then(|grant| grant.valid_until)),
        since: When::at(view.subscription.created_at),
        state: spoken(view.subscription.state.as_str()),
        tone: if active { "good" } else { "" },
        request: view.request_reference,
        export: view.grant.is_some_and(|grant| grant.can_export),
        reason: view.subscription.end_reason.unwrap_or_default(),
        end: if may_end { address(&end, &[("way", way)]) } else { String::new() },
        end_label: if outgoing { "Take back" } else { "Give back" },
    }
}

#[derive(Debug, Default, Deserialize)]
struct EndForm {
    #[serde(default)]
    way: String,
    #[serde(default)]
    reason: String,
}

#[derive(Template)]
#[template(path = "project/subscription_end.html")]
struct EndPage {
    shell: Shell,
    head: Head,
    asset: String,
    href: String,
    consumer: String,
    tables: Vec<String>,
    revoke: bool,
    action: String,
    form: EndForm,
    wrong: Wrong,
}

async fn end_page(
    web: &Web,
    framed: Framed,
    (project, id): (ProjectId, SubscriptionId),
    form: EndForm,
    wrong: Wrong,
) -> Result<EndPage, Refusal> {
    let head = head(web, &framed.reader, project, Section::Subscriptions).await?;
    let view = views::subscription(&web.app, &framed.reader.caller, id).await?;
    if view.producer != project && view.subscription.project_id != project {
        return Err(Fault::not_found("subscription").into());
    }
    let revoke = form.way == "out";
    Ok(EndPage {
        action: format!("{}/subscriptions/{id}/end", head.base),
        head: head.below(Section::Subscriptions, if revoke { "Take back" } else { "Give back" }),
        href: format!("/assets/{}", view.subscription.asset_id),
        shell: framed.shell,
        asset: view.asset_name,
        consumer: view.project_name,
        tables: view.tables,
        revoke,
        form,
        wrong,
    })
}

async fn end_form(
    State(web): State<Web>,
    framed: Framed,
    Path(which): Path<(ProjectId, SubscriptionId)>,
    Query(form): Query<EndForm>,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &end_page(&web, framed, which, form, Wrong::default()).await?)
}

async fn end(
    State(web): State<Web>,
    framed: Framed,
    Path(which): Path<(ProjectId, SubscriptionId)>,
    Form(form): Form<EndForm>,
) -> Result<Response, Refusal> {
    let (project, id) = which;
    let caller = &framed.reader.caller;
    let ended = if form.way == "out" {
        subscriptions::revoke(&web.app, caller, id, &form.reason).await
    } else {
        subscriptions::cancel(&web.app, caller, id, &form.reason).await
    };
    match ended {
        Ok(()) => {
            let to = address(&format!("/projects/{project}/subscriptions"), &[("way", &form.way)]);
            Ok(done(&to, "Access has ended. The next query of this table is refused."))
        }
        Err(fault) => again(fault, |wrong| end_page(&web, framed, which, form, wrong)).await,
    }
}
