//! Terms of the business, per domain.

use lakegate_model::{
    Page, PageRequest,
    catalog::Term,
    ids::{DomainId, TermId},
    text,
};
use lakegate_policy::{Granted, action::ManageTerms, resource::DomainFacts};

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO glossary_terms (id, domain_id, name, name_key, definition, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    UPDATE = "UPDATE glossary_terms SET name = $3, name_key = $4, definition = $5, updated_at = $6 WHERE id = $1 AND domain_id = $2";
    BY_ID = "SELECT id, domain_id, name, definition, created_by, created_at, updated_at FROM glossary_terms WHERE id = $1";
    BY_NAME = "SELECT id, domain_id, name, definition, created_by, created_at, updated_at FROM glossary_terms WHERE name_key = $1 ORDER BY id";
    LIST = "SELECT id, domain_id, name, definition, created_by, created_at, updated_at FROM glossary_terms WHERE ($1 = 0 OR domain_id = $2) AND ($3 = '' OR name_key LIKE $3 ESCAPE '!') AND (name_key > $4 OR (name_key = $4 AND id > $5)) ORDER BY name_key, id LIMIT $6";
    IDS = "SELECT id FROM glossary_terms WHERE id > $1 ORDER BY id LIMIT $2";
    IDS_OF_DOMAIN = "SELECT id FROM glossary_terms WHERE domain_id = $1 ORDER BY id";
}

/// Creates a term in the domain of the proof.
pub async fn term_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, ManageTerms>,
    term: &Term,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        term.id,
        proof.on().id,
        &term.name,
        text::fold(&term.name),
        &term.definition,
        term.created_by,
        term.created_at,
        term.updated_at
    )
}

/// Changes a term of the domain of the proof.
pub async fn term_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, ManageTerms>,
    term: &Term,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        UPDATE,
        term.id,
        proof.on().id,
        &term.name,
        text::fold(&term.name),
        &term.definition,
        term.updated_at
    )
}

/// The term of an id. Terms are open to everyone who is signed in.
pub async fn term_find(tx: &mut Tx, id: TermId) -> Result<Option<Term>, StoreError> {
    fetch_optional!(tx, Term, BY_ID, id)
}

/// The terms of a name: at most one a domain.
pub async fn terms_by_name(tx: &mut Tx, name: &str) -> Result<Vec<Term>, StoreError> {
    fetch_all!(tx, Term, BY_NAME, text::fold(name))
}

/// Terms in order of names: of one domain or of all, those whose name contains `search`.
pub async fn term_list(
    tx: &mut Tx,
    domain: Option<DomainId>,
    search: &str,
    page: &PageRequest,
) -> Result<Page<Term>, StoreError> {
    let (after_name, after_id) = position(page);
    let one = i64::from(domain.is_some());
    let domain = domain.unwrap_or(DomainId(uuid::Uuid::nil()));
    let rows = fetch_all!(tx, Term, LIST, one, domain, pattern(search), after_name, after_id, page.fetch())?;
    Ok(Page::cut(rows, page, |term| format!("{} {}", term.id, text::fold(&term.name))))
}

/// Ids of all terms in pages, for the search index.
pub async fn term_ids(tx: &mut Tx, after: TermId, limit: i64) -> Result<Vec<TermId>, StoreError> {
    Ok(fetch_all!(tx, (TermId,), IDS, after, limit)?.into_iter().map(|row| row.0).collect())
}

/// Ids of a domain's own terms, for the search index.
pub async fn term_ids_of_domain(tx: &mut Tx, domain: DomainId) -> Result<Vec<TermId>, StoreError> {
    Ok(fetch_all!(tx, (TermId,), IDS_OF_DOMAIN, domain)?.into_iter().map(|row| row.0).collect())
}

fn position(page: &PageRequest) -> (String, TermId) {
    let parsed = page.after.as_deref().and_then(|after| after.split_once(' '));
    match parsed.and_then(|(id, name)| Some((name.to_owned(), id.parse::<TermId>().ok()?))) {
        Some(position) => position,
        None => (String::new(), TermId(uuid::Uuid::nil())),
    }
}

fn pattern(search: &str) -> String {
    let text = text::fold(search.trim());
    if text.is_empty() {
        return text;
    }
    format!("%{}%", text.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}
