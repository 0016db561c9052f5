//! Lists in pages, with sealed cursors.

use lakegate_app::seal;
use lakegate_model::{Fault, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Auth;
use crate::Web;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageParams {
    /// Items of the page, 1 to 200; 50 if absent.
    pub first: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl PageParams {
    /// The page that is asked for. `list` names the list with all that filters and orders it.
    ///
    /// # Errors
    /// `invalid` naming `first` or `after`.
    pub fn request(&self, web: &Web, auth: &Auth, list: &str) -> Result<PageRequest, Fault> {
        seal::page(&web.app, list, &auth.principal.to_string(), self.first, self.after.as_deref())
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOf<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Send this as `after` for the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> PageOf<T> {
    /// Shows a page with its position sealed for this caller and list.
    ///
    /// # Errors
    /// `internal` if sealing fails.
    pub fn new<S: Into<T>>(web: &Web, auth: &Auth, list: &str, page: Page<S>) -> Result<Self, Fault> {
        let principal = auth.principal.to_string();
        let next = page.next.map(|after| seal::cursor(&web.app, list, &principal, &after)).transpose()?;
        Ok(Self { items: page.items.into_iter().map(Into::into).collect(), next })
    }
}
