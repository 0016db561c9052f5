//! What happens to every request.

pub mod answer;
pub mod guard;
pub mod headers;
pub mod multipart;
pub mod observe;
