//! Styles, scripts and pictures: part of the program, served under the hash of their content, kept by browsers for ever.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use lakegate_model::Fault;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::Write,
    sync::{LazyLock, OnceLock},
};

use crate::Refusal;

#[derive(RustEmbed)]
#[folder = "../../frontend/static"]
struct Static;

#[derive(RustEmbed)]
#[folder = "../../frontend/vendor"]
struct Vendor;

/// Characters of a hash in an address.
const HASH: usize = 12;
/// Smaller files are not worth compressing.
const WORTH: usize = 1_000;

struct Asset {
    bytes: Cow<'static, [u8]>,
    media_type: String,
    hash: String,
    zipped: OnceLock<Option<Vec<u8>>>,
}

static ASSETS: LazyLock<BTreeMap<String, Asset>> = LazyLock::new(load);

/// Scripts import each other by relative addresses, so they share one hash, made of all of them.
static SCRIPTS: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for (path, asset) in ASSETS.iter().filter(|(path, _)| is_script(path)) {
        digest.update(path.as_bytes());
        digest.update(&asset.bytes);
    }
    short(digest)
});

fn short(digest: Sha256) -> String {
    let mut text = hex::encode(digest.finalize());
    text.truncate(HASH);
    text
}

fn is_script(path: &str) -> bool {
    path.ends_with(".js") || path.ends_with(".mjs")
}

fn load() -> BTreeMap<String, Asset> {
    let own = Static::iter().filter_map(|path| Some((path.to_string(), Static::get(&path)?.data)));
    let vendor = Vendor::iter().filter_map(|path| Some((format!("vendor/{path}"), Vendor::get(&path)?.data)));
    own.chain(vendor).map(|(path, bytes)| (path.clone(), asset(&path, bytes))).collect()
}

fn asset(path: &str, bytes: Cow<'static, [u8]>) -> Asset {
    let mut media_type = mime_guess::from_path(path).first_or_octet_stream().to_string();
    if media_type.starts_with("text/") {
        media_type.push_str("; charset=utf-8");
    }
    Asset { hash: short(Sha256::new_with_prefix(&bytes)), bytes, media_type, zipped: OnceLock::new() }
}

/// The address of a file of `frontend/static`, or of `frontend/vendor` as `vendor/…`.
///
/// A file that does not exist gives an address that answers 404: a test renders every page and follows its addresses.
pub fn asset_url(path: &str) -> String {
    let hash = match ASSETS.get(path) {
        Some(_) if is_script(path) => SCRIPTS.as_str(),
        Some(asset) => asset.hash.as_str(),
        None => "absent",
    };
    format!("/assets/{hash}/{path}")
}

/// Serves a file. Under a hash that is not its own (a page kept from an older version) it is not kept.
pub async fn serve(Path((hash, path)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Refusal> {
    let asset = ASSETS.get(&path).ok_or_else(|| Fault::not_found("file"))?;
    let current = hash == asset.hash || (is_script(&path) && hash == *SCRIPTS);
    let keep = if current { "public, max-age=31536000, immutable" } else { "no-store" };
    let mut response = body(asset, &headers);
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(kind) = HeaderValue::from_str(&asset.media_type) {
        answer.insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// Browsers ask for this by themselves.
pub async fn favicon(headers: HeaderMap) -> Result<Response, Refusal> {
    let hash = ASSETS.get("favicon.svg").map(|asset| asset.hash.clone()).unwrap_or_default();
    serve(Path((hash, "favicon.svg".to_owned())), headers).await
}

fn body(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let zips = accepts.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip"));
    match asset.zipped.get_or_init(|| zip(asset)) {
        Some(zipped) if zips => {
            (StatusCode::OK, [(header::CONTENT_ENCODING, "gzip")], zipped.as_slice()).into_response()
        }
        _ => (StatusCode::OK, asset.bytes.as_ref()).into_response(),
    }
}

/// Compressed once and kept; `None` if it gains nothing.
fn zip(asset: &Asset) -> Option<Vec<u8>> {
    let is_text = ["text/", "image/svg", "application/json"].iter().any(|kind| asset.media_type.starts_with(kind));
    if !is_text || asset.bytes.len() < WORTH {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&asset.bytes).ok()?;
    encoder.finish().ok().filter(|zipped| zipped.len() < asset.bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_the_hash_of_the_content() {
        let url = asset_url("tokens.css");
        assert!(url.starts_with("/assets/") && url.ends_with("/tokens.css") && !url.contains("absent"), "{url}");
        let scripts: Vec<_> = ["js/app.js", "js/dom.js"].map(asset_url).to_vec();
        assert_eq!(scripts[0].trim_end_matches("js/app.js"), scripts[1].trim_end_matches("js/dom.js"));
        assert!(asset_url("no-such.css").contains("absent"));
    }
}
