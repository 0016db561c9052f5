//! Where the server may connect to on somebody's behalf. The rules are data; connections are made, and checked, by the
//! lake.

pub use lakegate_lake::outgoing::{check, check_access, check_hook, post};
pub use lakegate_model::outgoing::OutgoingRules;
