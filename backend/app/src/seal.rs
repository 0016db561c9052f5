//! Sealing: texts that only this installation can read, bound to what they are for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use lakegate_model::{Fault, PageRequest, ids::SecretId};
use lakegate_store::{Tx, WriteTx, environments};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{App, places::connections};

/// Seals `text`; `bound_to` has to be the same when it is opened.
pub fn seal(app: &App, purpose: &str, bound_to: &str, text: &[u8]) -> Result<String, Fault> {
    let mut nonce = [0_u8; 24];
    app.random.fill(&mut nonce);
    seal_with(&app.keys.derive(purpose), nonce, bound_to, text)
}

/// [`seal`] under a key of the caller's.
pub fn seal_with(key: &[u8; 32], nonce: [u8; 24], bound_to: &str, text: &[u8]) -> Result<String, Fault> {
    let payload = Payload { msg: text, aad: bound_to.as_bytes() };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(XNonce::from_slice(&nonce), payload);
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed.map_err(Fault::internal)?].concat()))
}

/// Opens what [`seal`] made; `None` if it is not ours, was changed, or is bound to something else.
pub fn open(app: &App, purpose: &str, bound_to: &str, sealed: &str) -> Option<Vec<u8>> {
    app.keys.derived(purpose).find_map(|key| open_with(&key, bound_to, sealed))
}

/// Keeps a secret of an integration; it moves with the masters when they are rotated.
pub async fn keep(app: &App, tx: &mut WriteTx, id: SecretId, secret: &[u8]) -> Result<(), Fault> {
    let sealed = seal(app, connections::PURPOSE, &id.to_string(), secret)?;
    Ok(environments::secret_insert(tx, id, &app.keys.key_id, &sealed, app.now()).await?)
}

/// A secret that [`keep`] keeps; `None` if it is gone, or opens with none of the masters.
pub async fn kept(app: &App, tx: &mut Tx, id: SecretId) -> Result<Option<Vec<u8>>, Fault> {
    let found = environments::secret_find(tx, id).await?;
    Ok(found.and_then(|(_, sealed)| open(app, connections::PURPOSE, &id.to_string(), &sealed)))
}

/// [`open`] under a key of the caller's.
pub fn open_with(key: &[u8; 32], bound_to: &str, sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(24)?;
    let payload = Payload { msg: sealed, aad: bound_to.as_bytes() };
    XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload).ok()
}

#[derive(Serialize, Deserialize)]
struct Position {
    after: String,
}

/// A cursor for clients: the position sealed, bound to who lists what in which order.
pub fn cursor(app: &App, list: &str, principal: &str, after: &str) -> Result<String, Fault> {
    let position = serde_json::to_vec(&Position { after: after.to_owned() }).map_err(Fault::internal)?;
    seal(app, "cursor", &binding(list, principal), &position)
}

/// The page that a client asks for with a cursor of [`cursor`].
///
/// # Errors
/// `invalid` naming `after`, if the cursor is not from this list and caller.
pub fn page(
    app: &App,
    list: &str,
    principal: &str,
    first: Option<i64>,
    after: Option<&str>,
) -> Result<PageRequest, Fault> {
    let after = match after.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(open_cursor(app, list, principal, text)?),
    };
    PageRequest::new(first, after)
}

fn open_cursor(app: &App, list: &str, principal: &str, text: &str) -> Result<String, Fault> {
    open(app, "cursor", &binding(list, principal), text)
        .and_then(|bytes| serde_json::from_slice::<Position>(&bytes).ok())
        .map(|position| position.after)
        .ok_or_else(|| Fault::invalid("after", "this cursor belongs to another list").fix("start without a cursor"))
}

fn binding(list: &str, principal: &str) -> String {
    hex::encode(Sha256::digest(format!("{principal}\n{list}")))
}
