//! Uploading files.

use futures::Stream;
use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;

use crate::{Answer, Client};

/// The address that takes a file as a new table of an environment.
pub fn path(environment: &str, table: &str) -> String {
    format!("/api/v1/environments/{environment}/uploads?table={table}")
}

/// A file's name as its header holds it.
pub fn encoded(file_name: &str) -> String {
    file_name
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// An upload that is about to be sent.
pub fn request(
    client: &Client,
    environment: &str,
    table: &str,
    file_name: &str,
    body: impl Into<Body>,
) -> RequestBuilder {
    raw(client, &path(environment, table), file_name, body)
}

/// A raw body that is about to be sent to an address for uploads.
pub fn raw(client: &Client, path: &str, file_name: &str, body: impl Into<Body>) -> RequestBuilder {
    let request = client.request(Method::POST, path).header("x-file-name", encoded(file_name));
    request.header("content-type", "application/octet-stream").body(body)
}

/// Uploads a file as a new table.
pub async fn upload(client: &Client, environment: &str, table: &str, file_name: &str, bytes: Vec<u8>) -> Answer {
    client.send(request(client, environment, table, file_name, bytes)).await
}

/// The asset of an upload that has to succeed.
#[track_caller]
pub fn asset(answer: Answer) -> (String, Value) {
    let made = answer.is(201).ok();
    (made["asset_id"].as_str().unwrap_or_else(|| panic!("no asset in {made}")).to_owned(), made)
}

/// A body without a length: it is sent in chunks.
pub fn chunked(chunk: Vec<u8>, count: usize) -> Body {
    Body::wrap_stream(chunks(chunk, count))
}

fn chunks(chunk: Vec<u8>, count: usize) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static {
    futures::stream::iter((0..count).map(move |_| Ok(chunk.clone())))
}
