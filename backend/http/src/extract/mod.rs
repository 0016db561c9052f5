//! What handlers take: who calls, and input whose errors name the field.

mod auth;
mod input;
mod page;
mod path;
mod visitor;

pub use auth::{Auth, Known};
pub use input::{Form, Json, Query, Raw};
pub use page::{PageOf, PageParams};
pub use path::Path;
pub use visitor::{SignedIn, Visitor};
