//! The token that every change by a browser carries.
//!
//! A page shows the session's token under a fresh mask each time, so that the size of compressed pages tells nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lakegate_app::App;
use lakegate_model::people::Session;
use subtle::ConstantTimeEq;

/// The header that carries the token.
pub const HEADER: &str = "x-csrf-token";
/// The form field that carries the token.
pub const FIELD: &str = "csrf_token";

/// The token of a session as a page shows it.
pub fn show(app: &App, session: &Session) -> String {
    let token = session.csrf_token.as_bytes();
    let mut mask = vec![0_u8; token.len()];
    app.random.fill(&mut mask);
    let masked: Vec<u8> = mask.iter().zip(token).map(|(mask, byte)| mask ^ byte).collect();
    URL_SAFE_NO_PAD.encode([mask, masked].concat())
}

/// Whether a shown token belongs to the session.
pub fn matches(session: &Session, shown: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(shown) else { return false };
    let token = session.csrf_token.as_bytes();
    if token.is_empty() || bytes.len() != 2 * token.len() {
        return false;
    }
    let (mask, masked) = bytes.split_at(token.len());
    let unmasked: Vec<u8> = mask.iter().zip(masked).map(|(mask, byte)| mask ^ byte).collect();
    unmasked.ct_eq(token).into()
}
