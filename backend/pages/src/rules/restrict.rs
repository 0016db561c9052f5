//! The form that restricts what carries a tag.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::access::{
    restrictions::{self, Narrowing, NewRestriction, Target},
    simulate::Change,
};
use lakegate_model::{
    Fault,
    rules::Exemption,
    words::{ExemptKind, Mask},
};

use super::{
    on_tags::{Which, need_rules},
    tags::HERE,
};
use crate::{
    asset::{
        grants::group_choices,
        restrictions::mask_words,
        simulated::{self, Simulated, look_first},
    },
    fields::Fields,
    kit::{Choice, Crumb, Wrong, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/rules/tags/restrictions/new", get(form).post(create))
}

#[derive(Template)]
#[template(path = "rules/restriction.html")]
struct RestrictionPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    back: &'static str,
    tag: String,
    effect: String,
    mask: String,
    masks: Vec<Choice>,
    /// Groups and own projects, as `group:id` and `project:id`.
    circles: Vec<Choice>,
    /// Those that are ticked.
    spared: Vec<String>,
    reason: String,
    preview: Option<Simulated>,
    wrong: Wrong,
}

async fn page(web: &Web, frame: Framed, fields: &Fields, wrong: Wrong) -> Result<RestrictionPage, Fault> {
    need_rules(web, &frame).await?;
    let effect = fields.one("effect");
    Ok(RestrictionPage {
        crumbs: crumbs(&[("Rules on tags", HERE), ("Restrict", "")]),
        back: HERE,
        tag: fields.one("tag").to_owned(),
        effect: if effect.is_empty() { "mask" } else { effect }.to_owned(),
        mask: fields.one("mask").to_owned(),
        masks: Mask::ALL.iter().map(|mask| Choice::new(mask.as_str(), mask_words(*mask))).collect(),
        circles: circles(web, &frame).await?,
        spared: fields.all("spare").map(str::to_owned).collect(),
        reason: fields.one("reason").to_owned(),
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

async fn circles(web: &Web, frame: &Framed) -> Result<Vec<Choice>, Fault> {
    let groups = group_choices(web, &frame.reader).await?.into_iter();
    let groups =
        groups.map(|group| Choice::new(format!("group:{}", group.value), format!("the group {}", group.label)));
    let projects = frame.me.projects.iter().map(|(project, _)| {
        Choice::new(format!("project:{}", project.id), format!("whoever acts in {}", project.name))
    });
    Ok(groups.chain(projects).collect())
}

async fn form(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let fields = Fields(vec![("tag".to_owned(), which.tag)]);
    show(StatusCode::OK, &page(&web, frame, &fields, Wrong::default()).await?)
}

fn exemption(text: &str) -> Result<Exemption, Fault> {
    let wrong = || Fault::invalid("exempt", "choose among those that are offered");
    let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
    let kind = match kind {
        "group" => ExemptKind::Group,
        "project" => ExemptKind::Project,
        _ => return Err(wrong()),
    };
    Ok(Exemption { kind, principal_id: id.parse().map_err(|_| wrong())? })
}

fn read(fields: &Fields) -> Result<NewRestriction, Fault> {
    let narrowing = match fields.one("effect") {
        "hide" => Narrowing::Hide,
        "mask" => Narrowing::Mask(fields.one("mask").parse().map_err(|fault: Fault| fault.on("mask"))?),
        _ => return Err(Fault::invalid("effect", "expected one of: hide mask")),
    };
    Ok(NewRestriction {
        target: Target::Tag(fields.one("tag").trim().to_owned()),
        narrowing,
        exempt: fields.all("spare").map(exemption).collect::<Result<_, _>>()?,
        reason: simulated::reason(fields),
    })
}

async fn preview(web: &Web, frame: &Framed, fields: &Fields) -> Result<Simulated, Fault> {
    simulated::of(web, frame, &Change::CreateRestriction(read(fields)?)).await
}

async fn make(web: &Web, frame: &Framed, fields: &Fields) -> Result<(&'static str, &'static str), Fault> {
    restrictions::create(&web.app, &frame.reader.caller, &read(fields)?).await?;
    Ok((HERE, "The restriction is in force. The next query obeys it."))
}

async fn create(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    need_rules(&web, &frame).await?;
    look_first!(
        &fields,
        look: preview(&web, &frame, &fields),
        make: make(&web, &frame, &fields),
        page: |wrong| page(&web, frame, &fields, wrong),
    )
}
