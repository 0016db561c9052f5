//! Writing and running SQL: the editor, what its script asks for, and the same without script.

mod api;
mod editor;
mod history;
mod results;

use axum::Router;

use lakegate_http::Web;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().merge(editor::routes()).merge(api::routes()).merge(history::routes()).merge(results::routes())
}

/// What to do about a failed query. A table that is hidden and one that is absent get the same words.
fn way_on(message: &str) -> Option<&'static str> {
    let absent = message.contains("table '") && message.contains("' not found");
    absent.then_some("Check its name, or find it in Search and ask for access to it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_table_has_a_way_on() {
        assert!(way_on("Error during planning: table 'lakegate.public.sales' not found").is_some());
        assert_eq!(way_on("Schema error: No field named price."), None);
    }
}
