//! Purposes, the projects that may use data for them, and the rules that demand one.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ProjectId, ProjectPurposeId, PurposeId, ServiceAccountId, SessionId, UserId},
    purposes::{ProjectPurpose, Purpose},
    text,
    words::PurposeState,
};
use lakegate_policy::{
    Granted,
    action::{ManageProject, ManagePurposes},
    resource::{Platform, ProjectFacts},
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

/// The columns of a project's purpose, in the order of its struct.
macro_rules! fields {
    () => {
        "id, project_id, purpose_id, state, reason, asked_by, asked_at, decided_by, decided_at, decision, ended_at"
    };
}

statements! {
    INSERT = "INSERT INTO purposes (id, name, name_key, description, legal_basis, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_ID = "SELECT id, name, description, legal_basis, created_by, created_at, ended_at FROM purposes WHERE id = $1";
    LIST = "SELECT id, name, description, legal_basis, created_by, created_at, ended_at FROM purposes WHERE name_key > $1 ORDER BY name_key LIMIT $2";
    END = "UPDATE purposes SET ended_at = $2, ended_by = $3 WHERE id = $1 AND ended_at IS NULL";
    END_EVERYWHERE = "UPDATE project_purposes SET state = 'ended', ended_at = $2 WHERE purpose_id = $1 AND state IN ('asked', 'approved')";
    ASK = "INSERT INTO project_purposes (id, project_id, purpose_id, state, reason, asked_by, asked_at, decision) VALUES ($1, $2, $3, 'asked', $4, $5, $6, '')";
    ASKED_BY_ID = concat!("SELECT ", fields!(), " FROM project_purposes WHERE id = $1");
    DECIDE = "UPDATE project_purposes SET state = $2, decided_by = $3, decided_at = $4, decision = $5 WHERE id = $1 AND state = 'asked'";
    WITHDRAW = "UPDATE project_purposes SET state = 'ended', ended_at = $2 WHERE id = $1 AND state IN ('asked', 'approved')";
    OF_PROJECT = concat!("SELECT ", fields!(), " FROM project_purposes WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    IN_STATE = concat!("SELECT ", fields!(), " FROM project_purposes WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3");
    APPROVED = "SELECT p.id, p.name, p.description, p.legal_basis, p.created_by, p.created_at, p.ended_at FROM project_purposes a JOIN purposes p ON p.id = a.purpose_id WHERE a.project_id = $1 AND a.state = 'approved' AND p.ended_at IS NULL ORDER BY p.name_key";
    DEMAND = "INSERT INTO rule_purposes (rule_id, purpose_id) VALUES ($1, $2)";
    DEMANDED = "SELECT purpose_id FROM rule_purposes WHERE rule_id = $1 ORDER BY purpose_id";
    DEMANDED_NAMES = "SELECT p.name FROM rule_purposes r JOIN purposes p ON p.id = r.purpose_id WHERE r.rule_id = $1 ORDER BY p.name_key";
    DEMANDING_ASSETS = "SELECT DISTINCT a.id FROM rule_purposes r JOIN grants g ON g.id = r.rule_id JOIN assets a ON a.table_id = g.table_id WHERE r.purpose_id = $1 AND g.project_id = $2 AND g.ended_at IS NULL UNION SELECT DISTINCT a.id FROM rule_purposes r JOIN direct_grants g ON g.id = r.rule_id JOIN assets a ON a.table_id = g.table_id WHERE r.purpose_id = $1 AND g.ended_at IS NULL AND (g.grantee_id = $2 OR g.grantee_id IN (SELECT m.member_id FROM project_members m WHERE m.project_id = $2))";
    SET_SESSION = "UPDATE sessions SET role = $2, purpose_id = $3 WHERE id = $1";
    SET_ACCOUNT = "UPDATE service_accounts SET purpose_id = $2 WHERE id = $1 AND project_id = $3";
}

/// Adds a purpose.
pub async fn purpose_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManagePurposes>,
    purpose: &Purpose,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        purpose.id,
        &purpose.name,
        text::fold(&purpose.name),
        &purpose.description,
        &purpose.legal_basis,
        purpose.created_by,
        purpose.created_at
    )
}

/// A purpose, ended or not. Purposes are open to everyone who is signed in.
pub async fn purpose_find(tx: &mut Tx, id: PurposeId) -> Result<Option<Purpose>, StoreError> {
    fetch_optional!(tx, Purpose, BY_ID, id)
}

/// All purposes in order of their names.
pub async fn purpose_list(tx: &mut Tx, page: &PageRequest) -> Result<Page<Purpose>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, Purpose, LIST, after, page.fetch())?;
    Ok(Page::cut(rows, page, |purpose| text::fold(&purpose.name)))
}

/// Ends a purpose, for every project too.
pub async fn purpose_end(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManagePurposes>,
    id: PurposeId,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, END, id, now, by)?;
    execute!(tx, END_EVERYWHERE, id, now)?;
    Ok(())
}

/// Asks for a purpose on behalf of a project.
pub async fn purpose_ask(
    tx: &mut WriteTx,
    _proof: &Granted<'_, ProjectFacts, ManageProject>,
    asked: &ProjectPurpose,
) -> Result<(), StoreError> {
    execute_one!(tx, ASK, asked.id, asked.project_id, asked.purpose_id, &asked.reason, asked.asked_by, asked.asked_at)
}

/// A purpose that a project asked for.
pub async fn project_purpose_find(tx: &mut Tx, id: ProjectPurposeId) -> Result<Option<ProjectPurpose>, StoreError> {
    fetch_optional!(tx, ProjectPurpose, ASKED_BY_ID, id)
}

/// Decides on an asked purpose.
pub async fn purpose_decide(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManagePurposes>,
    id: ProjectPurposeId,
    state: PurposeState,
    (by, decision): (UserId, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, DECIDE, id, state, by, now, decision)
}

/// Ends a project's use of a purpose. Callers hold a proof for the project or for purposes.
pub async fn purpose_withdraw(tx: &mut WriteTx, id: ProjectPurposeId, now: Timestamp) -> Result<(), StoreError> {
    execute_one!(tx, WITHDRAW, id, now)
}

/// What a project asked for, ended ones included. Callers hold a proof for the project or for purposes.
pub async fn purposes_of_project(
    tx: &mut Tx,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<ProjectPurpose>, StoreError> {
    let rows = fetch_all!(tx, ProjectPurpose, OF_PROJECT, project, after(page), page.fetch())?;
    Ok(Page::cut(rows, page, |asked| asked.id.to_string()))
}

/// What projects asked for, in one state. Callers hold a proof for purposes or for the audit.
pub async fn purposes_in_state(
    tx: &mut Tx,
    state: PurposeState,
    page: &PageRequest,
) -> Result<Page<ProjectPurpose>, StoreError> {
    let rows = fetch_all!(tx, ProjectPurpose, IN_STATE, state, after(page), page.fetch())?;
    Ok(Page::cut(rows, page, |asked| asked.id.to_string()))
}

fn after(page: &PageRequest) -> Uuid {
    page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default()
}

/// The purposes that whoever acts in a project may state now, in order of their names.
pub async fn purposes_approved(tx: &mut Tx, project: ProjectId) -> Result<Vec<Purpose>, StoreError> {
    fetch_all!(tx, Purpose, APPROVED, project)
}

/// Makes a rule demand one of these purposes.
pub async fn rule_purposes_insert(tx: &mut WriteTx, rule: Uuid, purposes: &[PurposeId]) -> Result<(), StoreError> {
    for purpose in purposes {
        execute_one!(tx, DEMAND, rule, *purpose)?;
    }
    Ok(())
}

/// The purposes of which a rule demands one; none if it demands none.
pub async fn rule_purposes_of(tx: &mut Tx, rule: Uuid) -> Result<Vec<PurposeId>, StoreError> {
    Ok(fetch_all!(tx, (PurposeId,), DEMANDED, rule)?.into_iter().map(|(purpose,)| purpose).collect())
}

/// Names of the purposes of which a rule demands one.
pub async fn purpose_names(tx: &mut Tx, rule: Uuid) -> Result<Vec<String>, StoreError> {
    Ok(fetch_all!(tx, (String,), DEMANDED_NAMES, rule)?.into_iter().map(|(name,)| name).collect())
}

/// The assets whose tables grants open to a project, or to its members, for a purpose.
pub async fn assets_for_purpose(
    tx: &mut Tx,
    project: ProjectId,
    purpose: PurposeId,
) -> Result<Vec<lakegate_model::ids::AssetId>, StoreError> {
    let rows = fetch_all!(tx, (lakegate_model::ids::AssetId,), DEMANDING_ASSETS, purpose, project)?;
    Ok(rows.into_iter().map(|(asset,)| asset).collect())
}

/// Narrows a session to a role, and states its purpose.
pub async fn session_set_lens(
    tx: &mut WriteTx,
    session: SessionId,
    role: Option<&str>,
    purpose: Option<PurposeId>,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_SESSION, session, role, purpose)
}

/// Fixes the purpose of a service account of the proof's project.
pub async fn account_set_purpose(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    account: ServiceAccountId,
    purpose: Option<PurposeId>,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_ACCOUNT, account, purpose, proof.on().id)
}
