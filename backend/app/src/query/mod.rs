//! Governed queries: resolve what the caller may read, run it, keep it, remember it.
//!
//! Every door to rows (SQL, previews, downloads, kept results) goes through [`resolve`], which compiles the caller's
//! access afresh in the transaction at hand.

pub mod history;
pub mod kept;
pub mod preview;
pub mod resolve;
pub mod run;
pub mod running;
pub mod saved;
pub mod schema;

use lakegate_engine::Limits;
use lakegate_model::ids::ProjectId;

pub use lakegate_engine::encode::{Format, JsonOptions};

/// A query as it is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    pub sql: String,
    /// The project to act in; `None` takes the session's.
    pub project: Option<ProjectId>,
    /// Whether the rows leave as a file: needs the permission to export (access rule 19).
    pub export: bool,
    /// Limits of this query; `None` takes the installation's.
    pub limits: Option<Limits>,
}

impl Ask {
    /// A query in a project, under the installation's limits.
    pub fn new(sql: impl Into<String>, project: Option<ProjectId>) -> Self {
        Self { sql: sql.into(), project, export: false, limits: None }
    }
}

/// The text with strings and numbers replaced by `?`: what others than the asker may see of it (access rule 27).
pub fn mask_literals(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    let mut in_word = false;
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                skip_string(&mut chars);
                out.push('?');
                in_word = false;
            }
            '"' => {
                out.push('"');
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == '"' {
                        break;
                    }
                }
                in_word = false;
            }
            '0'..='9' if !in_word => {
                while chars.next_if(|next| next.is_ascii_alphanumeric() || *next == '.').is_some() {}
                out.push('?');
            }
            _ => {
                in_word = c.is_alphanumeric() || c == '_';
                out.push(c);
            }
        }
    }
    out
}

/// Skips to the end of a string literal; a doubled quote belongs to it.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        if c == '\'' && chars.next_if_eq(&'\'').is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_masked_and_names_kept() {
        assert_eq!(mask_literals("select a1, \"b 2\" from t where x = 'O''Hara' and y > 10.5e3"), "select a1, \"b 2\" from t where x = ? and y > ?");
        assert_eq!(mask_literals("select 'unclosed"), "select ?");
    }
}
