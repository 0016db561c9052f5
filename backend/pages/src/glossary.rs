//! The glossary: what the words of the business mean, and which data they are about.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    catalog::{
        Card,
        glossary::{self, TermInput},
    },
    places::domains,
};
use lakegate_model::{
    Fault,
    catalog::Term,
    ids::{DomainId, TermId, UserId},
};
use serde::Deserialize;

use super::{
    flash::done,
    kit::{After, Choice, Crumb, Pager, Place, When, Wrong, address, again, counted, crumbs, spoken},
    projects::domain_choices,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
    markdown,
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/glossary", get(list).post(create))
        .route("/glossary/new", get(new_form))
        .route("/glossary/{term}", get(term))
        .route("/glossary/{term}/edit", get(edit_form).post(update))
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

struct Row {
    name: String,
    href: String,
    definition: String,
    domain: String,
}

#[derive(Template)]
#[template(path = "glossary/list.html")]
struct ListPage {
    shell: Shell,
    terms: Vec<Row>,
    domains: Vec<Choice>,
    domain: String,
    search: String,
    filtered: bool,
    may_add: bool,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<ListQuery>) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let domain: Option<DomainId> = match query.domain.as_str() {
        "" => None,
        id => Some(id.parse()?),
    };
    let place = Place::new(address("/glossary", &[("domain", &query.domain), ("q", &query.q)]), &query.after);
    let wanted = place.request(&web, reader, 50)?;
    let page = glossary::list(&web.app, &reader.caller, domain, query.q.trim(), &wanted).await?;
    let pager = place.pager(&web, reader, &page)?;
    let mut domains = domain_choices(&web, reader).await?;
    let terms = page.items.into_iter().map(|term| row(term, &domains)).collect();
    domains.insert(0, Choice::new("", "All domains"));
    let page = ListPage {
        filtered: domain.is_some() || !query.q.trim().is_empty(),
        may_add: framed.me.is_steward,
        shell: framed.shell,
        terms,
        domains,
        domain: query.domain,
        search: query.q,
        pager,
    };
    show(StatusCode::OK, &page)
}

fn row(term: Term, domains: &[Choice]) -> Row {
    Row {
        href: format!("/glossary/{}", term.id),
        definition: markdown::plain(&term.definition, 240),
        domain: domain_name(domains, term.domain_id),
        name: term.name,
    }
}

fn domain_name(domains: &[Choice], id: DomainId) -> String {
    let wanted = id.to_string();
    let found = domains.iter().find(|choice| choice.value == wanted);
    found.map(|choice| choice.label.trim_start_matches('\u{a0}').to_owned()).unwrap_or_default()
}

struct Used {
    title: String,
    name: String,
    href: String,
    project: String,
    teaser: String,
    status: String,
    certified: bool,
}

#[derive(Template)]
#[template(path = "glossary/term.html")]
struct TermPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: String,
    domain: String,
    domain_href: String,
    /// Sanitised.
    definition: String,
    updated: When,
    assets: Vec<Used>,
    edit: String,
    pager: Pager,
}

async fn term(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<TermId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let place = Place::new(format!("/glossary/{id}"), &query.after);
    let (term, used) = glossary::get(&web.app, &reader.caller, id, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &used)?;
    let view = domains::get(&web.app, &reader.caller, term.domain_id).await?;
    let edits = stewards(&view, reader.session.user_id);
    let page = TermPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Glossary", "/glossary"), (&term.name, "")]),
        domain: view.domain.name,
        domain_href: address("/glossary", &[("domain", &term.domain_id.to_string())]),
        definition: markdown::html(&term.definition),
        updated: When::at(term.updated_at),
        assets: used.items.into_iter().map(used_row).collect(),
        edit: if edits { format!("/glossary/{id}/edit") } else { String::new() },
        name: term.name,
        pager,
    };
    show(StatusCode::OK, &page)
}

/// Whether somebody looks after a domain, by himself or from above.
pub(super) fn stewards(view: &domains::DomainView, user: UserId) -> bool {
    view.stewards.iter().chain(&view.inherited_stewards).any(|steward| steward.id == user)
}

fn used_row(card: Card) -> Used {
    Used {
        href: format!("/assets/{}", card.id),
        title: if card.title.is_empty() { card.name.clone() } else { card.title },
        name: card.name,
        project: card.project_name,
        teaser: markdown::plain(&card.teaser, 160),
        status: spoken(card.status.as_str()),
        certified: card.certified,
    }
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    definition: String,
}

impl Typed {
    fn input(&self) -> TermInput {
        TermInput { name: self.name.clone(), definition: self.definition.clone() }
    }
}

#[derive(Template)]
#[template(path = "glossary/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    title: String,
    action: String,
    back: String,
    /// Where a new term may be; empty for one that is there.
    domains: Vec<Choice>,
    /// What a change touches.
    uses: String,
    form: Typed,
    wrong: Wrong,
}

/// The domains that the reader looks after.
async fn own_domains(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let mut own = Vec::new();
    for node in domains::tree(&web.app, &reader.caller).await? {
        let view = domains::get(&web.app, &reader.caller, node.domain.id).await?;
        if stewards(&view, reader.session.user_id) {
            own.push(Choice::new(node.domain.id.to_string(), node.domain.name));
        }
    }
    Ok(own)
}

async fn new_page(web: &Web, framed: Framed, form: Typed, wrong: Wrong) -> Result<EditPage, Refusal> {
    let domains = own_domains(web, &framed.reader).await?;
    if domains.is_empty() {
        let fault = Fault::new(lakegate_model::Code::Forbidden, "terms are defined by the stewards of a domain");
        return Err(fault.fix("ask a steward, or an administrator to name you one").into());
    }
    Ok(EditPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Glossary", "/glossary"), ("New term", "")]),
        title: "New term".to_owned(),
        action: "/glossary".to_owned(),
        back: "/glossary".to_owned(),
        domains,
        uses: String::new(),
        form,
        wrong,
    })
}

async fn new_form(State(web): State<Web>, framed: Framed, Query(form): Query<Typed>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(&web, framed, form, Wrong::default()).await?)
}

async fn create(State(web): State<Web>, framed: Framed, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    let outcome = async {
        let domain: DomainId = form.domain.parse().map_err(|_| Fault::invalid("domain", "choose a domain"))?;
        glossary::create(&web.app, &framed.reader.caller, domain, &form.input()).await
    };
    match outcome.await {
        Ok(term) => Ok(done(&format!("/glossary/{}", term.id), "Term defined.")),
        Err(fault) => again(fault, |wrong| new_page(&web, framed, form, wrong)).await,
    }
}

async fn find(web: &Web, reader: &SignedIn, id: TermId) -> Result<Term, Fault> {
    let page = lakegate_model::PageRequest::new(Some(1), None)?;
    Ok(glossary::get(&web.app, &reader.caller, id, &page).await?.0)
}

async fn edit_page(web: &Web, framed: Framed, known: &Term, form: Typed, wrong: Wrong) -> Result<EditPage, Refusal> {
    let uses = glossary::uses(&web.app, &framed.reader.caller, known.id).await?;
    let own = format!("/glossary/{}", known.id);
    Ok(EditPage {
        shell: framed.shell,
        crumbs: crumbs(&[("Glossary", "/glossary"), (&known.name, &own), ("Edit", "")]),
        title: format!("Edit {}", known.name),
        action: format!("{own}/edit"),
        back: own,
        domains: Vec::new(),
        uses: counted(uses, "asset uses", "assets use"),
        form,
        wrong,
    })
}

async fn edit_form(State(web): State<Web>, framed: Framed, Path(id): Path<TermId>) -> Result<Response, Refusal> {
    let known = find(&web, &framed.reader, id).await?;
    let form = Typed { name: known.name.clone(), definition: known.definition.clone(), domain: String::new() };
    show(StatusCode::OK, &edit_page(&web, framed, &known, form, Wrong::default()).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<TermId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    match glossary::update(&web.app, &framed.reader.caller, id, &form.input()).await {
        Ok(_) => Ok(done(&format!("/glossary/{id}"), "Term saved.")),
        Err(fault) => {
            again(fault, async |wrong| {
                let known = find(&web, &framed.reader, id).await?;
                edit_page(&web, framed, &known, form, wrong).await
            })
            .await
        }
    }
}
