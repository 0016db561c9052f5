//! What waits for the reader: requests to decide, invitations to answer, his own open requests.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    access::{
        break_glass::views as break_glass,
        views::{self, RequestFilter, Side},
    },
    places::invitations,
};
use lakegate_model::{Fault, ids::ProjectId, places::Invitation};
use serde::Deserialize;

use super::{
    break_glass::Row as Glass,
    flash,
    kit::{Pager, Place, Tab, When, address},
    requests::list::Row,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/inbox", get(page)).route("/inbox/invitations/{project}", post(answer))
}

/// An invitation as a row.
struct Invited {
    project: ProjectId,
    name: String,
    role: String,
    at: When,
}

#[derive(Template)]
#[template(path = "inbox/inbox.html")]
struct InboxPage {
    shell: Shell,
    tabs: Vec<Tab>,
    invitations: Vec<Invited>,
    /// Emergency accesses that wait for his review.
    glasses: Vec<Glass>,
    rows: Vec<Row>,
    pager: Pager,
    waiting: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// `asked` for the reader's own open requests, or else what waits for him.
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
}

async fn page(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let waiting = which.show != "asked";
    let caller = &frame.reader.caller;
    let place = Place::new(address("/inbox", &[("show", if waiting { "" } else { "asked" })]), &which.after);
    let wanted = place.request(&web, &frame.reader, 50)?;
    let found = if waiting {
        views::tasks(&web.app, caller, &wanted).await?
    } else {
        let filter = RequestFilter { side: Side::Sent, open_only: true, project: None, asset: None };
        views::list(&web.app, caller, filter, &wanted).await?
    };
    let pager = place.pager(&web, &frame.reader, &found)?;
    let invited = if waiting { invitations::mine(&web.app, caller).await? } else { Vec::new() };
    let tab = |label, show, active, count| Tab { label, href: address("/inbox", &[("show", show)]), active, count };
    let glasses = if waiting { break_glass::waiting(&web.app, caller).await? } else { Vec::new() };
    let page = InboxPage {
        glasses: glasses.iter().map(Glass::of).collect(),
        tabs: vec![
            tab("Waiting for me", "", waiting, frame.shell.inbox_count),
            tab("Asked by us", "asked", !waiting, 0),
            Tab { label: "All requests", href: "/requests?state=all".into(), active: false, count: 0 },
        ],
        invitations: invited.into_iter().map(invitation).collect(),
        rows: found.items.iter().map(Row::of).collect(),
        pager,
        waiting,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

fn invitation(invitation: Invitation) -> Invited {
    Invited {
        project: invitation.project_id,
        name: invitation.project_name,
        role: invitation.role.to_string(),
        at: When::at(invitation.invited_at),
    }
}

#[derive(Debug, Deserialize)]
struct AnswerForm {
    #[serde(default)]
    verdict: String,
}

async fn answer(
    State(web): State<Web>,
    Path(project): Path<ProjectId>,
    reader: SignedIn,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Refusal> {
    match form.verdict.as_str() {
        "accept" => {
            let role = invitations::accept(&web.app, &reader.caller, project).await?;
            Ok(flash::done(&format!("/projects/{project}"), &format!("You are a {role} of this project now.")))
        }
        "decline" => {
            invitations::decline(&web.app, &reader.caller, project).await?;
            Ok(flash::done("/inbox", "Declined."))
        }
        _ => Err(Fault::invalid("verdict", "expected one of: accept decline").into()),
    }
}
