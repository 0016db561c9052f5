//! Users and what they may do in the installation.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::UserId,
    people::User,
    text,
    words::{ProductRole, Theme},
};
use lakegate_policy::{Granted, action::ManageUsers, resource::Platform};

use crate::{StoreError, Tx, WriteTx, like};

statements! {
    INSERT = "INSERT INTO users (id, username, username_key, display_name, email, password_hash, issuer, subject, disabled, theme, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    BY_ID = "SELECT id, username, display_name, email, issuer, disabled, theme, created_at FROM users WHERE id = $1";
    BY_NAME = "SELECT id, username, display_name, email, issuer, disabled, theme, created_at FROM users WHERE username_key = $1";
    BY_SUBJECT = "SELECT id, username, display_name, email, issuer, disabled, theme, created_at FROM users WHERE issuer = $1 AND subject = $2";
    LIST = "SELECT id, username, display_name, email, issuer, disabled, theme, created_at FROM users WHERE username_key > $1 AND (username_key LIKE $2 ESCAPE '\\' OR LOWER(display_name) LIKE $2 ESCAPE '\\') ORDER BY username_key LIMIT $3";
    COUNT = "SELECT COUNT(*) FROM users";
    PASSWORD = "SELECT password_hash FROM users WHERE id = $1";
    SET_PASSWORD = "UPDATE users SET password_hash = $2 WHERE id = $1";
    SET_DISABLED = "UPDATE users SET disabled = $2 WHERE id = $1";
    SET_THEME = "UPDATE users SET theme = $2 WHERE id = $1";
    SET_PROFILE = "UPDATE users SET display_name = $2, email = $3 WHERE id = $1";
    ROLES = "SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role";
    ADD_ROLE = "INSERT INTO user_roles (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CLEAR_ROLES = "DELETE FROM user_roles WHERE user_id = $1";
    WITH_ROLE = "SELECT u.id FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = $1 AND NOT u.disabled ORDER BY u.id";
}

/// A user to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Argon2id in PHC form; `None` for external identities and before an invitation is taken up.
    pub password_hash: Option<String>,
    /// Issuer and subject of an external identity.
    pub external: Option<(String, String)>,
    pub created_at: Timestamp,
}

/// Creates a user.
///
/// Callers are set-up, the command line and administrators; the use case holds their proof.
pub async fn user_insert(tx: &mut WriteTx, user: &NewUser) -> Result<(), StoreError> {
    let (issuer, subject) = user.external.clone().unzip();
    execute_one!(
        tx,
        INSERT,
        user.id,
        &user.username,
        text::fold(&user.username),
        &user.display_name,
        &user.email,
        &user.password_hash,
        issuer,
        subject,
        false,
        Theme::System,
        user.created_at
    )
}

/// The user of an id.
pub async fn user_find(tx: &mut Tx, id: UserId) -> Result<Option<User>, StoreError> {
    fetch_optional!(tx, User, BY_ID, id)
}

/// The user of a name, however it is capitalised.
pub async fn user_by_name(tx: &mut Tx, username: &str) -> Result<Option<User>, StoreError> {
    fetch_optional!(tx, User, BY_NAME, text::fold(username))
}

/// The user of an external identity.
pub async fn user_by_subject(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<User>, StoreError> {
    fetch_optional!(tx, User, BY_SUBJECT, issuer, subject)
}

/// Users in order of their names; `search` matches inside user name and display name.
pub async fn user_list(
    tx: &mut Tx,
    _proof: &Granted<'_, Platform, ManageUsers>,
    search: &str,
    page: &PageRequest,
) -> Result<Page<User>, StoreError> {
    people_search(tx, search, page).await
}

/// Users by name for pickers: any signed-in person may look up colleagues by name.
pub async fn people_search(tx: &mut Tx, search: &str, page: &PageRequest) -> Result<Page<User>, StoreError> {
    let pattern = like::containing(&text::fold(search));
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, User, LIST, after, pattern, page.fetch())?;
    Ok(Page::cut(rows, page, |user| text::fold(&user.username)))
}

/// How many users there are.
pub async fn user_count(tx: &mut Tx) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), COUNT).map(|row| row.0)
}

/// The password hash of a user, if one is set.
pub async fn password_hash(tx: &mut Tx, id: UserId) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional!(tx, (Option<String>,), PASSWORD, id)?.and_then(|row| row.0))
}

/// Replaces the password hash.
pub async fn password_set(tx: &mut WriteTx, id: UserId, hash: &str) -> Result<(), StoreError> {
    execute_one!(tx, SET_PASSWORD, id, hash)
}

/// Disables or enables a user.
pub async fn user_set_disabled(
    tx: &mut WriteTx,
    _proof: &Granted<'_, Platform, ManageUsers>,
    id: UserId,
    disabled: bool,
) -> Result<(), StoreError> {
    execute_one!(tx, SET_DISABLED, id, disabled)
}

/// Sets the theme of the portal.
pub async fn theme_set(tx: &mut WriteTx, id: UserId, theme: Theme) -> Result<(), StoreError> {
    execute_one!(tx, SET_THEME, id, theme)
}

/// Changes display name and address.
pub async fn profile_set(tx: &mut WriteTx, id: UserId, name: &str, email: Option<&str>) -> Result<(), StoreError> {
    execute_one!(tx, SET_PROFILE, id, name, email)
}

/// The roles of a user in the installation.
pub async fn roles_of(tx: &mut Tx, id: UserId) -> Result<Vec<ProductRole>, StoreError> {
    Ok(fetch_all!(tx, (ProductRole,), ROLES, id)?.into_iter().map(|row| row.0).collect())
}

/// Replaces the roles of a user.
pub async fn roles_set(tx: &mut WriteTx, id: UserId, roles: &[ProductRole]) -> Result<(), StoreError> {
    execute!(tx, CLEAR_ROLES, id)?;
    for role in roles {
        execute!(tx, ADD_ROLE, id, *role)?;
    }
    Ok(())
}

/// Enabled users who hold a role.
pub async fn holders_of(tx: &mut Tx, role: ProductRole) -> Result<Vec<UserId>, StoreError> {
    Ok(fetch_all!(tx, (UserId,), WITH_ROLE, role)?.into_iter().map(|row| row.0).collect())
}
