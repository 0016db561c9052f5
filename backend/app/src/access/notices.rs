//! Messages to people in the portal.

use lakegate_model::{
    Fault, Page, PageRequest,
    access::Notice,
    ids::{NoticeId, UserId},
    words::TokenScope,
};
use lakegate_store::{WriteTx, notices as store};

use crate::{App, Caller, caller::person};

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it is about, such as `request.received`.
    pub kind: &'static str,
    pub title: String,
    pub body: String,
    /// Path inside the portal.
    pub link: String,
    /// A second message to the same person under the same key is dropped.
    pub once_key: Option<String>,
}

/// Sends a message to people, in the transaction of what it tells.
pub async fn notify(
    app: &App,
    tx: &mut WriteTx,
    people: impl IntoIterator<Item = UserId>,
    message: &Message,
) -> Result<(), Fault> {
    for user_id in people {
        let notice = Notice {
            id: app.new_id(),
            user_id,
            kind: message.kind.to_owned(),
            title: message.title.clone(),
            body: message.body.clone(),
            link: message.link.clone(),
            created_at: app.now(),
            read_at: None,
        };
        store::notice_insert(tx, &notice, message.once_key.as_deref()).await?;
    }
    Ok(())
}

/// The caller's messages, the newest first.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Notice>, Fault> {
    look!(app, caller, "notice.list", |tx, scope, actor| {
        Ok(store::notice_list(tx, person(actor, TokenScope::Read)?, page).await?)
    })
}

/// How many messages the caller has not read.
pub async fn unread(app: &App, caller: &Caller) -> Result<i64, Fault> {
    look!(app, caller, "notice.list", |tx, scope, actor| {
        Ok(store::notices_unread(tx, person(actor, TokenScope::Read)?).await?)
    })
}

/// Marks one of the caller's messages as read, or all of them; one that was read stays so.
///
/// # Errors
/// `not_found` for a message that is absent or somebody else's.
pub async fn mark_read(app: &App, caller: &Caller, id: Option<NoticeId>) -> Result<(), Fault> {
    change!(app, caller, "notice.read", |tx, scope, actor| {
        let user = person(actor, TokenScope::Write)?;
        match id {
            Some(id) => {
                if !store::notice_is_of(tx, id, user).await? {
                    return Err(Fault::not_found("message"));
                }
                store::notice_read(tx, id, user, app.now()).await?;
            }
            None => {
                store::notices_read_all(tx, user, app.now()).await?;
            }
        }
        Ok(())
    })
}
