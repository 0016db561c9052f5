//! Keys of tables: what identifies rows, and which columns name rows of another table.
//!
//! They are declared by people ([`declare`]); [`suggest`] proposes foreign ones by names and types. Files enforce no key,
//! so one is a statement about the data and not a promise. It holds ids of columns: a rename changes nothing, and a column
//! that is dropped leaves a *broken* key, which is shown to those who may mend it and used by nothing.

mod declare;
mod known;
mod suggest;
mod view;

pub use declare::{NewForeignKey, declare_foreign, remove, set_primary};
pub use suggest::{ForeignKeySuggestion, suggestions, targets};
pub use view::{AssetRef, ForeignKeyView, KeysView, PrimaryKeyView, view};
