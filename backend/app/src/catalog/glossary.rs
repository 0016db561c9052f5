//! The glossary: terms of the business, per domain, and the assets that use them.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::Term,
    ids::{DomainId, TermId},
    text,
};
use lakegate_policy::{action, decide, resource::DomainFacts};
use lakegate_store::{WriteTx, assets, changes, domains, glossary as store};
use serde_json::json;

use super::{Card, need_reader, shelf::Shelf};
use crate::places::need_known;
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Words of a term.
#[derive(Debug, Clone)]
pub struct TermInput {
    pub name: String,
    /// Markdown.
    pub definition: String,
}

impl TermInput {
    fn checked(&self) -> Result<Self, Fault> {
        let name = text::name("name", &self.name)?;
        if name.contains(';') {
            return Err(Fault::invalid("name", "a term has no semicolon: it separates terms in lists"));
        }
        Ok(Self { name, definition: text::prose("definition", &self.definition, text::DESCRIPTION_MAX)? })
    }
}

/// Defines a term in a domain: its steward.
pub async fn create(app: &App, caller: &Caller, domain: DomainId, input: &TermInput) -> Result<Term, Fault> {
    let input = input.checked()?;
    change!(app, caller, "glossary.create", |tx, scope, actor| {
        need_known(actor)?;
        domains::domain_find(tx, domain).await?.ok_or_else(|| Fault::not_found("domain"))?;
        let proof = decide::<action::ManageTerms, _>(scope, actor, DomainFacts { id: domain })?;
        let now = app.now();
        let term = Term {
            id: app.new_id(),
            domain_id: domain,
            name: input.name.clone(),
            definition: input.definition.clone(),
            created_by: actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "a person has to define a term"))?,
            created_at: now,
            updated_at: now,
        };
        store::term_insert(tx, &proof, &term).await?;
        changes::change_record(tx, "term", term.id.into()).await?;
        let event = Event::on("glossary.create", "term", term.id).with(json!({ "name": term.name }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(term)
    })
}

/// Changes a term: a steward of its domain.
pub async fn update(app: &App, caller: &Caller, id: TermId, input: &TermInput) -> Result<Term, Fault> {
    let input = input.checked()?;
    change!(app, caller, "glossary.update", |tx, scope, actor| {
        need_known(actor)?;
        let term = store::term_find(tx, id).await?.ok_or_else(|| Fault::not_found("term"))?;
        let proof = decide::<action::ManageTerms, _>(scope, actor, DomainFacts { id: term.domain_id })?;
        let changed = Term {
            name: input.name.clone(),
            definition: input.definition.clone(),
            updated_at: app.now(),
            ..term.clone()
        };
        store::term_update(tx, &proof, &changed).await?;
        changes::change_record(tx, "term", id.into()).await?;
        record_update(app, tx, (caller, actor), &term, &changed).await?;
        Ok(changed)
    })
}

async fn record_update(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &lakegate_policy::Actor),
    before: &Term,
    after: &Term,
) -> Result<(), Fault> {
    let detail = json!({ "before": before.name, "after": after.name });
    audit::record(app, tx, caller, actor, Event::on("glossary.update", "term", after.id).with(detail)).await
}

/// Terms in order of names: of one domain or all, those whose name contains `search`.
pub async fn list(
    app: &App,
    caller: &Caller,
    domain: Option<DomainId>,
    search: &str,
    page: &PageRequest,
) -> Result<Page<Term>, Fault> {
    look!(app, caller, "glossary.list", |tx, scope, actor| {
        need_reader(actor)?;
        Ok(store::term_list(tx, domain, search, page).await?)
    })
}

/// A term, and a page of the assets that use it and that the caller may discover.
pub async fn get(app: &App, caller: &Caller, id: TermId, page: &PageRequest) -> Result<(Term, Page<Card>), Fault> {
    look!(app, caller, "glossary.get", |tx, scope, actor| {
        need_reader(actor)?;
        let term = store::term_find(tx, id).await?.ok_or_else(|| Fault::not_found("term"))?;
        Ok((term, Shelf::WithTerm(id).page(tx, actor, page).await?))
    })
}

/// How many assets use a term that the caller may change: said before it is changed.
pub async fn uses(app: &App, caller: &Caller, id: TermId) -> Result<usize, Fault> {
    look!(app, caller, "glossary.get", |tx, scope, actor| {
        need_known(actor)?;
        let term = store::term_find(tx, id).await?.ok_or_else(|| Fault::not_found("term"))?;
        let _proof = decide::<action::ManageTerms, _>(scope, actor, DomainFacts { id: term.domain_id })?;
        Ok(assets::asset_ids_of_term(tx, id).await?.len())
    })
}
