//! What happens to every request.

pub mod answer;
pub mod drain;
pub mod guard;
pub mod headers;
pub mod multipart;
pub mod observe;

/// Largest body in bytes, uploads apart.
pub const BODY_BYTES: usize = 1 << 20;
