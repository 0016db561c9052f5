//! "How do I query this": the same rows by every door.

use axum::http::{HeaderMap, header};
use lakegate_app::{accounts::me::Me, query::schema::ReadableTable};
use serde_json::json;

use super::verdict::first_query;
use lakegate_http::Web;

/// A text to copy.
#[derive(Debug)]
pub struct Snippet {
    pub title: &'static str,
    pub text: String,
}

/// Texts that read a table, acting in the reader's project.
pub fn of(web: &Web, headers: &HeaderMap, me: &Me, table: &ReadableTable) -> Vec<Snippet> {
    let sql = first_query(table);
    let Some(project) = &me.acting else { return Vec::new() };
    let project = project.id.to_string();
    let origin = origin(web, headers);
    vec![
        Snippet { title: "SQL", text: sql.clone() },
        Snippet { title: "curl", text: curl(&origin, &sql, &project) },
        Snippet { title: "Python", text: python(&origin, &sql, &project) },
        Snippet { title: "GraphQL", text: graphql(&sql, &project) },
    ]
}

/// The address by which the reader reaches us.
fn origin(web: &Web, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost:8080");
    let scheme = if web.config.secure { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn one_line(sql: &str) -> String {
    sql.replace("\n  ", " ").replace('\n', " ")
}

fn curl(origin: &str, sql: &str, project: &str) -> String {
    let body = json!({ "sql": one_line(sql), "project": project, "format": "csv" }).to_string();
    // A single quote ends the shell's string, is written, and begins it anew.
    let body = body.replace('\'', r"'\''");
    format!(
        "curl -sS {origin}/api/v1/query \\\n  -H \"Authorization: Bearer $LAKEGATE_TOKEN\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
}

fn python(origin: &str, sql: &str, project: &str) -> String {
    let sql = json!(one_line(sql)).to_string();
    [
        "import json, os, urllib.request".to_owned(),
        String::new(),
        "request = urllib.request.Request(".to_owned(),
        format!("    \"{origin}/api/v1/query\","),
        format!("    data=json.dumps({{\"sql\": {sql}, \"project\": \"{project}\", \"format\": \"json\"}}).encode(),"),
        "    headers={".to_owned(),
        "        \"Authorization\": f\"Bearer {os.environ['LAKEGATE_TOKEN']}\",".to_owned(),
        "        \"Content-Type\": \"application/json\",".to_owned(),
        "    },".to_owned(),
        ")".to_owned(),
        "for row in json.load(urllib.request.urlopen(request))[\"rows\"]:".to_owned(),
        "    print(row)".to_owned(),
    ]
    .join("\n")
}

fn graphql(sql: &str, project: &str) -> String {
    let sql = json!(one_line(sql)).to_string();
    format!(
        "mutation {{\n  runQuery(sql: {sql}, project: \"{project}\") {{\n    ok\n    problem {{ message fix }}\n  }}\n}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_for_where_they_go() {
        let sql = "select \"it's\" from a.b";
        let text = curl("http://h", sql, "p");
        assert!(text.contains(r#"\"it'\''s\""#), "{text}");
        assert!(python("http://h", sql, "p").contains(r#""sql": "select \"it's\" from a.b""#));
    }
}
