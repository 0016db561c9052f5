//! The texts of queries in the audit. Each is sealed under a random key of its own; the key is sealed under the master and
//! kept beside the audit. Erasing the key erases the text, while the event and the chain stay as they are.

use lakegate_model::{Fault, Timestamp, ids::QueryId};
use lakegate_store::{Tx, WriteTx, in_write, sealed as store, users};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Event, record};
use crate::{App, Caller, caller, seal};

/// Under which the keys of texts are sealed, each bound to the id of its query.
pub(crate) const KEY_PURPOSE: &str = "audit sql key";

/// What stands in the history where a text was erased.
const ERASED: &str = "-- this text was erased";

/// A sealed text, and its sealed key.
pub(crate) struct SealedText {
    pub(crate) text: String,
    key: String,
}

/// Seals the text of a query under a new key.
pub(crate) fn seal_text(app: &App, query: QueryId, sql: &str) -> Result<SealedText, Fault> {
    let (mut key, mut nonce) = (Zeroizing::new([0_u8; 32]), [0_u8; 24]);
    app.random.fill(key.as_mut_slice());
    app.random.fill(&mut nonce);
    let bound_to = query.to_string();
    Ok(SealedText {
        text: seal::seal_with(&key, nonce, &bound_to, sql.as_bytes())?,
        key: seal::seal(app, KEY_PURPOSE, &bound_to, key.as_slice())?,
    })
}

/// Keeps the key of a sealed text, in the transaction that records the event.
pub(crate) async fn keep_key(
    app: &App,
    tx: &mut WriteTx,
    query: QueryId,
    actor: Option<Uuid>,
    sealed: &SealedText,
) -> Result<(), Fault> {
    Ok(store::sql_key_insert(tx, query, actor, &app.keys.key_id, &sealed.key, app.now()).await?)
}

/// The text of a query; `None` if it was erased.
pub(crate) async fn open_text(app: &App, tx: &mut Tx, query: Uuid, sealed: &str) -> Result<Option<String>, Fault> {
    let Some(sealed_key) = store::sql_key_find(tx, query).await? else { return Ok(None) };
    let bound_to = query.to_string();
    let key = seal::open(app, KEY_PURPOSE, &bound_to, &sealed_key).map(Zeroizing::new);
    let key: Option<[u8; 32]> = key.and_then(|key| key.as_slice().try_into().ok());
    let text = key.and_then(|key| seal::open_with(&key, &bound_to, sealed));
    Ok(text.and_then(|text| String::from_utf8(text).ok()))
}

/// Erases the texts of queries that started before a moment: of everybody, or of the user with this name. The history
/// loses them too. Returns how many texts of the audit are gone for good.
///
/// # Errors
/// `not_found` if there is no such user.
pub async fn erase(app: &App, by: &Caller, username: Option<&str>, before: Timestamp) -> Result<u64, Fault> {
    in_write!(&app.db, |tx, _scope| {
        let actor = caller::enter(tx, by, app.now()).await?;
        let of = match username {
            None => None,
            Some(name) => {
                Some(users::user_by_name(tx, name).await?.ok_or_else(|| Fault::not_found("user").on("user"))?.id.into())
            }
        };
        let erased = store::sql_keys_erase(tx, of, before).await?;
        store::query_texts_erase(tx, of, before, ERASED).await?;
        let detail = json!({ "texts": erased, "before": before });
        let event =
            Event { action: "audit.erase_sql", subject_kind: "audit", subject_id: of, owner_project: None, detail };
        record(app, tx, by, &actor, event).await?;
        Ok(erased)
    })
}
