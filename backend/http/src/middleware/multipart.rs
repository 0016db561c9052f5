//! The token of a multipart form, read from its first part without taking the rest of the body into memory.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, header},
};
use futures::{StreamExt, stream};
use lakegate_model::Fault;

use crate::csrf;

/// By how many bytes the token has to be there: it is the form's first field.
const HEAD: usize = 4 * 1024;

/// Whether the body is a multipart form.
pub fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

/// The token that the first part carries, if it does, and the request as it came.
///
/// # Errors
/// `invalid` if the body breaks off.
pub async fn take_token(request: Request) -> Result<(Request, Option<String>), Fault> {
    let (parts, body) = request.into_parts();
    let mut rest = body.into_data_stream();
    let mut seen: Vec<Bytes> = Vec::new();
    let mut head = Vec::new();
    while head.len() < HEAD && first_value(&head).is_none() {
        match rest.next().await {
            Some(Ok(chunk)) => {
                head.extend(chunk.iter().take(HEAD).copied());
                seen.push(chunk);
            }
            Some(Err(_)) => return Err(Fault::invalid("body", "the form did not arrive whole")),
            None => break,
        }
    }
    let token = first_value(&head);
    let whole = stream::iter(seen.into_iter().map(Ok)).chain(rest);
    Ok((Request::from_parts(parts, Body::from_stream(whole)), token))
}

/// The value of the first part, once it is there whole, if it is the token's.
fn first_value(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let (headers, rest) = text.split_once("\r\n\r\n")?;
    let (value, _) = rest.split_once("\r\n")?;
    let name = format!("name=\"{}\"", csrf::FIELD);
    headers.contains(&name).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::body::to_bytes;

    const FORM: &str = "--x\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nabc\r\n--x\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\na,b\r\n--x--\r\n";

    fn request(pieces: Vec<&'static str>) -> Request {
        let stream =
            stream::iter(pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))));
        Request::new(Body::from_stream(stream))
    }

    #[tokio::test]
    async fn the_token_is_found_and_the_body_stays_whole() {
        let (left, right) = FORM.split_at(60);
        let (request, token) = take_token(request(vec![left, right])).await.unwrap();
        assert_eq!(token.as_deref(), Some("abc"));
        assert_eq!(to_bytes(request.into_body(), 10_000).await.unwrap(), FORM.as_bytes());
    }

    #[tokio::test]
    async fn another_first_part_is_no_token() {
        let other = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--x--\r\n";
        assert_eq!(take_token(request(vec![other])).await.unwrap().1, None);
        assert_eq!(take_token(request(vec![])).await.unwrap().1, None);
    }
}
