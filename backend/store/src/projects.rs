//! Projects, their members and invitations.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{DomainId, ProjectId, UserId},
    places::{Invitation, Project, ProjectMember},
    text,
    words::{MemberKind, ProjectRole},
};
use lakegate_policy::{
    Granted,
    action::{CreateProject, ManageProject, ViewProject},
    resource::{DomainFacts, ProjectFacts},
};
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO projects (id, domain_id, name, name_key, description, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    BY_ID = "SELECT id, domain_id, name, description, created_at FROM projects WHERE id = $1";
    BY_NAME = "SELECT id, domain_id, name, description, created_at FROM projects WHERE name_key = $1";
    OF_MEMBER = "SELECT p.id, p.domain_id, p.name, p.description, p.created_at FROM projects p WHERE p.name_key > $2 AND p.id IN (SELECT m.project_id FROM project_members m WHERE m.member_kind = 'user' AND m.member_id = $1 UNION SELECT m.project_id FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE g.user_id = $1) ORDER BY p.name_key LIMIT $3";
    UPDATE = "UPDATE projects SET name = $2, name_key = $3, description = $4 WHERE id = $1";
    MEMBERS = "SELECT m.project_id, m.member_kind, m.member_id, COALESCE(u.display_name, g.name, '') AS name, m.role, m.added_at FROM project_members m LEFT JOIN users u ON m.member_kind = 'user' AND u.id = m.member_id LEFT JOIN groups g ON m.member_kind = 'group' AND g.id = m.member_id WHERE m.project_id = $1 ORDER BY m.role, m.member_kind, m.member_id";
    MEMBER_SET = "INSERT INTO project_members (project_id, member_kind, member_id, role, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (project_id, member_kind, member_id) DO UPDATE SET role = excluded.role";
    MEMBER_REMOVE = "DELETE FROM project_members WHERE project_id = $1 AND member_kind = $2 AND member_id = $3";
    OWNERS = "SELECT DISTINCT u.id FROM users u WHERE NOT u.disabled AND (EXISTS (SELECT 1 FROM project_members m WHERE m.project_id = $1 AND m.role = 'owner' AND m.member_kind = 'user' AND m.member_id = u.id) OR EXISTS (SELECT 1 FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.project_id = $1 AND m.role = 'owner' AND g.user_id = u.id)) ORDER BY u.id";
    PEOPLE = "SELECT DISTINCT u.id FROM users u WHERE NOT u.disabled AND (EXISTS (SELECT 1 FROM project_members m WHERE m.project_id = $1 AND m.member_kind = 'user' AND m.member_id = u.id) OR EXISTS (SELECT 1 FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE m.project_id = $1 AND g.user_id = u.id)) ORDER BY u.id";
    SOLE_OWNER = "SELECT m.project_id FROM project_members m WHERE m.role = 'owner' AND m.member_kind = $1 AND m.member_id = $2";
    INVITE = "INSERT INTO project_invitations (project_id, user_id, role, invited_by, invited_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role, invited_by = excluded.invited_by, invited_at = excluded.invited_at";
    INVITATION = "SELECT i.project_id, p.name AS project_name, i.user_id, u.display_name AS user_name, i.role, i.invited_at FROM project_invitations i JOIN projects p ON p.id = i.project_id JOIN users u ON u.id = i.user_id WHERE i.project_id = $1 AND i.user_id = $2";
    INVITATIONS_OF_USER = "SELECT i.project_id, p.name AS project_name, i.user_id, u.display_name AS user_name, i.role, i.invited_at FROM project_invitations i JOIN projects p ON p.id = i.project_id JOIN users u ON u.id = i.user_id WHERE i.user_id = $1 ORDER BY p.name_key";
    INVITATIONS_OF_PROJECT = "SELECT i.project_id, p.name AS project_name, i.user_id, u.display_name AS user_name, i.role, i.invited_at FROM project_invitations i JOIN projects p ON p.id = i.project_id JOIN users u ON u.id = i.user_id WHERE i.project_id = $1 ORDER BY u.username_key";
    INVITATION_DELETE = "DELETE FROM project_invitations WHERE project_id = $1 AND user_id = $2";
    SESSIONS_LEAVE = "UPDATE sessions SET project_id = NULL WHERE project_id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3";
    OPEN_REQUESTS = "SELECT COUNT(*) FROM subscription_requests WHERE project_id = $1 AND requester_id = $2 AND state IN ('pending', 'needs_information')";
}

/// Creates a project in the domain of the proof.
pub async fn project_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, DomainFacts, CreateProject>,
    project: &Project,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        project.id,
        proof.on().id,
        &project.name,
        text::fold(&project.name),
        &project.description,
        project.created_at
    )
}

/// The facts of a project for a decision. Everything else about it takes a proof.
pub async fn project_facts(tx: &mut Tx, id: ProjectId) -> Result<Option<ProjectFacts>, StoreError> {
    let row = fetch_optional!(tx, Project, BY_ID, id)?;
    Ok(row.map(|project| ProjectFacts { id: project.id, domain: project.domain_id }))
}

/// The facts of the project of a name.
pub async fn project_facts_by_name(tx: &mut Tx, name: &str) -> Result<Option<ProjectFacts>, StoreError> {
    let row = fetch_optional!(tx, Project, BY_NAME, text::fold(name))?;
    Ok(row.map(|project| ProjectFacts { id: project.id, domain: project.domain_id }))
}

/// The project of the proof.
pub async fn project_get(tx: &mut Tx, proof: &Granted<'_, ProjectFacts, ViewProject>) -> Result<Project, StoreError> {
    fetch_one!(tx, Project, BY_ID, proof.on().id)
}

/// The name and domain of a project, which go with every published asset and every request of it.
pub async fn project_label(tx: &mut Tx, id: ProjectId) -> Result<Option<(String, DomainId)>, StoreError> {
    Ok(fetch_optional!(tx, Project, BY_ID, id)?.map(|project| (project.name, project.domain_id)))
}

/// The projects that a user is a member of, in order of names.
pub async fn projects_of(tx: &mut Tx, user: UserId, page: &PageRequest) -> Result<Page<Project>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, Project, OF_MEMBER, user, after, page.fetch())?;
    Ok(Page::cut(rows, page, |project| text::fold(&project.name)))
}

/// Changes a project's words.
pub async fn project_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    name: &str,
    description: &str,
) -> Result<(), StoreError> {
    execute_one!(tx, UPDATE, proof.on().id, name, text::fold(name), description)
}

/// The members of the project of the proof.
pub async fn member_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
) -> Result<Vec<ProjectMember>, StoreError> {
    fetch_all!(tx, ProjectMember, MEMBERS, proof.on().id)
}

/// Adds a member or changes his role. The use case holds the proof, or an invitation.
pub async fn member_set(
    tx: &mut WriteTx,
    project: ProjectId,
    member: (MemberKind, Uuid),
    role: ProjectRole,
    by: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, MEMBER_SET, project, member.0, member.1, role, by, now)
}

/// Removes a member. Returns whether there was one.
pub async fn member_remove(
    tx: &mut WriteTx,
    project: ProjectId,
    member: (MemberKind, Uuid),
) -> Result<bool, StoreError> {
    Ok(execute!(tx, MEMBER_REMOVE, project, member.0, member.1)? == 1)
}

/// Enabled people who own a project, by themselves or through a group.
pub async fn owners_of(tx: &mut Tx, project: ProjectId) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), OWNERS, project)?.into_iter().map(|row| row.0).collect())
}

/// Enabled people in a project, by themselves or through a group.
pub async fn people_of(tx: &mut Tx, project: ProjectId) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), PEOPLE, project)?.into_iter().map(|row| row.0).collect())
}

/// Projects that a user or group owns by a membership of its own.
pub async fn owned_by(tx: &mut Tx, member: (MemberKind, Uuid)) -> Result<Vec<ProjectId>, StoreError> {
    Ok(fetch_all!(tx, (ProjectId,), SOLE_OWNER, member.0, member.1)?.into_iter().map(|row| row.0).collect())
}

/// Invites a user into the project of the proof, or changes the role of the invitation.
pub async fn invitation_set(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, ManageProject>,
    user: UserId,
    role: ProjectRole,
    by: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute_one!(tx, INVITE, proof.on().id, user, role, by, now)
}

/// An open invitation.
pub async fn invitation_find(tx: &mut Tx, project: ProjectId, user: UserId) -> Result<Option<Invitation>, StoreError> {
    fetch_optional!(tx, Invitation, INVITATION, project, user)
}

/// The open invitations of a user.
pub async fn invitations_of(tx: &mut Tx, user: UserId) -> Result<Vec<Invitation>, StoreError> {
    fetch_all!(tx, Invitation, INVITATIONS_OF_USER, user)
}

/// The open invitations into the project of the proof.
pub async fn invitations_into(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
) -> Result<Vec<Invitation>, StoreError> {
    fetch_all!(tx, Invitation, INVITATIONS_OF_PROJECT, proof.on().id)
}

/// Ends an invitation. Returns whether there was one.
pub async fn invitation_delete(tx: &mut WriteTx, project: ProjectId, user: UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, INVITATION_DELETE, project, user)? == 1)
}

/// Lets a user's living sessions act in no project instead of this one. Returns how many did.
pub async fn sessions_leave(
    tx: &mut WriteTx,
    project: ProjectId,
    user: UserId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    execute!(tx, SESSIONS_LEAVE, project, user, now)
}

/// How many requests that a user made for a project are undecided.
pub async fn open_requests_of(tx: &mut Tx, project: ProjectId, user: UserId) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), OPEN_REQUESTS, project, user).map(|row| row.0)
}
