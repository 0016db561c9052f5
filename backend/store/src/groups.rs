//! Groups and their members.

use lakegate_model::{
    Page, PageRequest,
    ids::{GroupId, UserId},
    people::{Group, User},
    text,
};

use crate::{StoreError, Tx, WriteTx, like};

statements! {
    INSERT = "INSERT INTO groups (id, name, name_key, description, issuer, external_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_ID = "SELECT id, name, description, issuer, external_id, created_at FROM groups WHERE id = $1";
    BY_NAME = "SELECT id, name, description, issuer, external_id, created_at FROM groups WHERE name_key = $1";
    BY_EXTERNAL = "SELECT id, name, description, issuer, external_id, created_at FROM groups WHERE issuer = $1 AND external_id = $2";
    LIST = "SELECT id, name, description, issuer, external_id, created_at FROM groups WHERE name_key > $1 AND name_key LIKE $2 ESCAPE '\\' ORDER BY name_key LIMIT $3";
    MEMBERS = "SELECT u.id, u.username, u.display_name, u.email, u.issuer, u.disabled, u.theme, u.created_at FROM users u JOIN group_members m ON m.user_id = u.id WHERE m.group_id = $1 ORDER BY u.username_key";
    ADD_MEMBER = "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    REMOVE_MEMBER = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2";
    OF_USER = "SELECT g.id, g.name, g.description, g.issuer, g.external_id, g.created_at FROM groups g JOIN group_members m ON m.group_id = g.id WHERE m.user_id = $1 ORDER BY g.name_key";
}

/// Creates a group.
pub async fn group_insert(tx: &mut WriteTx, group: &Group) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        group.id,
        &group.name,
        text::fold(&group.name),
        &group.description,
        &group.issuer,
        &group.external_id,
        group.created_at
    )
}

/// The group of an id.
pub async fn group_find(tx: &mut Tx, id: GroupId) -> Result<Option<Group>, StoreError> {
    fetch_optional!(tx, Group, BY_ID, id)
}

/// The group of a name.
pub async fn group_by_name(tx: &mut Tx, name: &str) -> Result<Option<Group>, StoreError> {
    fetch_optional!(tx, Group, BY_NAME, text::fold(name))
}

/// The group that an identity provider knows under an id.
pub async fn group_by_external(tx: &mut Tx, issuer: &str, id: &str) -> Result<Option<Group>, StoreError> {
    fetch_optional!(tx, Group, BY_EXTERNAL, issuer, id)
}

/// Groups in order of their names.
pub async fn group_list(tx: &mut Tx, search: &str, page: &PageRequest) -> Result<Page<Group>, StoreError> {
    let pattern = like::containing(&text::fold(search));
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, Group, LIST, after, pattern, page.fetch())?;
    Ok(Page::cut(rows, page, |group| text::fold(&group.name)))
}

/// The users in a group.
pub async fn group_members(tx: &mut Tx, id: GroupId) -> Result<Vec<User>, StoreError> {
    fetch_all!(tx, User, MEMBERS, id)
}

/// Puts a user into a group; once is enough.
pub async fn group_member_add(tx: &mut WriteTx, group: GroupId, user: UserId) -> Result<(), StoreError> {
    execute!(tx, ADD_MEMBER, group, user).map(|_| ())
}

/// Takes a user out of a group. Returns whether he was in it.
pub async fn group_member_remove(tx: &mut WriteTx, group: GroupId, user: UserId) -> Result<bool, StoreError> {
    Ok(execute!(tx, REMOVE_MEMBER, group, user)? == 1)
}

/// The groups a user is in.
pub async fn groups_of(tx: &mut Tx, user: UserId) -> Result<Vec<Group>, StoreError> {
    fetch_all!(tx, Group, OF_USER, user)
}
