//! Lists in pages.

use serde::Serialize;

/// The name of a list with what filters and orders it, to which its cursors are bound. `filters` leaves `first` and
/// `after` out when it is written.
pub fn named(list: &str, filters: &impl Serialize) -> String {
    format!("{list} {}", serde_json::to_string(filters).unwrap_or_default())
}

/// Answers a page of a list: `paged!(web, auth, params, "name with filters", |page| use_case(page))`, in which `params`
/// has the members `first` and `after`.
///
/// A macro: a function could not promise that the future of every borrowing use case moves between threads.
macro_rules! paged {
    ($web:expr, $auth:expr, $params:expr, $list:expr, |$page:ident| $find:expr) => {{
        let list: String = $list;
        let asked = lakegate_http::extract::PageParams { first: $params.first, after: $params.after.clone() };
        let $page = &asked.request(&$web, &$auth, &list)?;
        let found = $find.await?;
        Ok(axum::Json(lakegate_http::extract::PageOf::new(&$web, &$auth, &list, found)?))
    }};
}
pub(crate) use paged;
