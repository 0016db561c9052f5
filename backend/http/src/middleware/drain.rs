//! Lets the answer to a body that is too large be read.
//!
//! A server that answers before it has read the body, and closes, makes most clients fail while they still send: they
//! see a broken connection and not the 413. So the rest of the body is read and thrown away, up to a bound, first.

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

/// Bytes that are thrown away at most.
const MOST: usize = 16 << 20;
/// Time that this takes at most.
const LONGEST: Duration = Duration::from_secs(5);

/// Reads what is left of a refused body before the refusal goes out.
pub async fn drain(request: Request, next: Next) -> Response {
    // Who asks before sending waits for the answer, and has sent nothing.
    let asks = request.headers().contains_key(header::EXPECT);
    if asks || matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body.into_data_stream())));
    let response = next.run(Request::from_parts(parts, Body::from_stream(shared.clone()))).await;
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        // Whether the time runs out, the client breaks off or all is read: the answer goes out now.
        let _ = tokio::time::timeout(LONGEST, shared.throw_away(MOST)).await;
    }
    response
}

/// The bytes of a body that can still be read when whoever got it has dropped it.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<BodyDataStream>>);

impl Shared {
    async fn throw_away(mut self, most: usize) {
        let mut read = 0;
        while read < most {
            let Some(Ok(piece)) = self.next().await else { return };
            read += piece.len();
        }
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::{Router, extract::DefaultBodyLimit, middleware::from_fn, routing::post};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tower::ServiceExt as _;

    /// Sends pieces of 64 KiB until `sent` bytes are through, to a handler that takes 1 KiB; gives the status and how
    /// many bytes were read.
    async fn send(sent: usize, expect: bool) -> (StatusCode, usize) {
        const PIECE: usize = 64 << 10;
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let pieces = futures::stream::iter(0..sent / PIECE).map(move |_| {
            count.fetch_add(PIECE, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from(vec![0; PIECE]))
        });
        let router = Router::new()
            .route("/", post(async |body: Bytes| body.len().to_string()))
            .layer(DefaultBodyLimit::max(1024))
            .layer(from_fn(drain));
        let mut request = Request::post("/").body(Body::from_stream(pieces)).unwrap();
        if expect {
            request.headers_mut().insert(header::EXPECT, "100-continue".parse().unwrap());
        }
        let answer = router.oneshot(request).await.unwrap();
        (answer.status(), read.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_read_to_its_end() {
        assert_eq!(send(1 << 20, false).await, (StatusCode::PAYLOAD_TOO_LARGE, 1 << 20));
    }

    #[tokio::test]
    async fn an_endless_body_is_not() {
        let (status, read) = send(1 << 30, false).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!((MOST..MOST + (1 << 20)).contains(&read), "{read}");
    }

    #[tokio::test]
    async fn who_asks_before_sending_sends_nothing_in_vain() {
        let (status, read) = send(1 << 30, true).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(read <= 128 << 10, "{read}");
    }
}
