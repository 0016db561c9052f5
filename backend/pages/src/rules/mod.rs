//! Rules that stand on no single table: grants and restrictions on tags, and grants on whole databases.

mod database;
mod on_tags;
mod restrict;
mod tags;

use askama::Template;
use axum::Router;
use lakegate_app::access::grants::{GrantOn, NewGrant};
use lakegate_http::Web;
use lakegate_model::{Fault, ids::ProjectId};

use crate::{
    asset::{
        grants::{group_choices, holder},
        simulated::{self, Simulated},
    },
    fields::Fields,
    kit::{Choice, Crumb, Tab, Wrong, people},
    proof::{self, Proof},
    purposes,
    shell::{Framed, Shell},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().merge(tags::routes()).merge(on_tags::routes()).merge(restrict::routes()).merge(database::routes())
}

/// The tabs of the rules, with one of them open.
pub(crate) fn tabs(active: &str) -> Vec<Tab> {
    let tab = |label: &'static str, href: &str| Tab { label, href: href.to_owned(), active: label == active, count: 0 };
    vec![tab("From files", "/admin/policy"), tab("On tags", "/rules/tags")]
}

/// The form by which access is given to more than one table.
#[derive(Template)]
#[template(path = "rules/grant.html")]
struct GrantPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    title: String,
    lead: &'static str,
    back: String,
    /// Whether the form asks for a tag.
    asks_tag: bool,
    tag: String,
    form: GrantForm,
    preview: Option<Simulated>,
    wrong: Wrong,
}

/// What the form of a grant holds, whatever the grant is on.
struct GrantForm {
    to: String,
    person: String,
    people: Vec<Choice>,
    group: String,
    groups: Vec<Choice>,
    project: String,
    projects: Vec<Choice>,
    purposes: Vec<Choice>,
    /// The purposes that are ticked.
    demanded: Vec<String>,
    export: bool,
    hand_on: bool,
    until: String,
    reason: String,
    proof: Proof,
}

impl GrantForm {
    /// The form as it was filled in; `owner` is the project whose own data it is, to which nothing is given.
    async fn of(web: &Web, frame: &Framed, fields: &Fields, owner: Option<ProjectId>) -> Result<Self, Fault> {
        let own = frame.me.projects.iter().filter(|(project, _)| Some(project.id) != owner);
        let own = own.map(|(project, _)| Choice::new(project.id.to_string(), project.name.clone()));
        Ok(Self {
            to: if fields.one("to").is_empty() { "person" } else { fields.one("to") }.to_owned(),
            person: fields.one("person").to_owned(),
            people: people(web, &frame.reader).await?,
            group: fields.one("group").to_owned(),
            groups: group_choices(web, &frame.reader).await?,
            project: fields.one("project").to_owned(),
            projects: own.collect(),
            purposes: purposes::choices(web, &frame.reader).await?,
            demanded: fields.all("purpose").map(str::to_owned).collect(),
            export: fields.has("export"),
            hand_on: fields.has("hand_on"),
            until: fields.one("until").to_owned(),
            reason: fields.one("reason").to_owned(),
            proof: Proof::of(web, frame),
        })
    }
}

/// The grant that a form asks for.
async fn read(web: &Web, frame: &Framed, on: GrantOn, fields: &Fields) -> Result<NewGrant, Fault> {
    Ok(NewGrant {
        on,
        to: holder(web, frame, fields).await?,
        row_filter: None,
        export: fields.has("export"),
        hand_on: fields.has("hand_on"),
        from: None,
        until: fields.day("until")?,
        purposes: fields.ids("purpose")?,
        reason: simulated::reason(fields),
    })
}

/// A fault beside the field of the form that it is about.
fn misplaced(fault: Fault) -> Fault {
    proof::missing(fault)
}
