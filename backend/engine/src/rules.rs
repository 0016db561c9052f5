//! Row filters and masks: the rules of the compiled access as expressions that the barrier evaluates on raw values.

mod filter;
mod mapping;
mod mask;

pub(crate) use filter::plan;
pub use filter::{Filter, Subject};
pub use mapping::Mapping;
pub(crate) use mask::{is_keyed, shown};

/// What masks with a key need.
#[derive(Clone)]
pub struct MaskKeys {
    /// For `sha-256-query-local`: drawn anew for every query.
    pub salt: [u8; 16],
    /// For `hmac`: one for the installation.
    pub hmac: [u8; 32],
}

impl std::fmt::Debug for MaskKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKeys")
    }
}
