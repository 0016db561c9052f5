//! Tests of the search index through its public face.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod brute;
mod generations;
mod hostile;
mod life;
mod relevance;
mod support;
mod unlisted;
