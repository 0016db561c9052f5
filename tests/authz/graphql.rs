//! The root fields of `/graphql`, as the program's own schema lists them, each asked with inputs made from the schema.

use lakegate_tests::{Answer, Server, Value, json};
use reqwest::Method;
use serde_json::Map;
use std::{collections::BTreeMap, pin::Pin};

use crate::{
    judge,
    matrix::Cell,
    rest::changed,
    values,
    world::{Ids, World},
};

/// An argument or a member of an input.
#[derive(Debug, Clone)]
struct Input {
    name: String,
    /// As the schema writes it, such as `[ID!]!`.
    kind: String,
}

impl Input {
    fn base(&self) -> &str {
        self.kind.trim_matches(['[', ']', '!'])
    }

    fn is_list(&self) -> bool {
        self.kind.starts_with('[')
    }

    fn is_required(&self) -> bool {
        self.kind.ends_with('!')
    }
}

/// One root field.
#[derive(Debug, Clone)]
pub struct Field {
    operation: &'static str,
    field: String,
    arguments: Vec<Input>,
    kind: String,
}

impl Field {
    /// As the log and the matrix name it.
    pub fn name(&self) -> String {
        format!("{} {}", self.operation, self.field)
    }
}

/// The root fields, and what inputs and enums hold.
#[derive(Debug, Default)]
pub struct Fields {
    pub all: Vec<Field>,
    inputs: BTreeMap<String, Vec<Input>>,
    enums: BTreeMap<String, Vec<String>>,
    /// Members of object types, by type.
    objects: BTreeMap<String, Vec<Input>>,
}

/// Reads the schema.
pub async fn fields(app: &Server) -> Fields {
    let text = app.command(&["schema", "graphql"]).await.ok();
    let fields = parse(&without_descriptions(&text));
    assert!(fields.all.len() > 60, "the schema lists {} root fields", fields.all.len());
    fields
}

fn without_descriptions(text: &str) -> String {
    let parts: Vec<&str> = text.split("\"\"\"").collect();
    let kept: Vec<&str> = parts.iter().step_by(2).copied().collect();
    kept.join("").lines().filter(|line| !line.trim_start().starts_with(['#', '"'])).collect::<Vec<_>>().join("\n")
}

fn parse(text: &str) -> Fields {
    let mut fields = Fields::default();
    let root = |word: &str, otherwise: &str| {
        let named = text.split_once("schema {").and_then(|(_, rest)| rest.split_once(word)).map(|(_, rest)| rest);
        named.and_then(|rest| rest.split_whitespace().next()).unwrap_or(otherwise).to_owned()
    };
    let (query, mutation) = (root("query:", "Query"), root("mutation:", "Mutation"));
    let subscription = root("subscription:", "Following");
    for (head, body) in blocks(text) {
        let mut words = head.split_whitespace();
        let (keyword, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
        match keyword {
            "input" => drop(fields.inputs.insert(name, members(&body))),
            "enum" => drop(fields.enums.insert(name, body.split_whitespace().map(str::to_owned).collect())),
            "type" if name == query => fields.all.extend(roots("query", &body)),
            "type" if name == mutation => fields.all.extend(roots("mutation", &body)),
            "type" if name == subscription => fields.all.extend(roots("subscription", &body)),
            "type" => drop(
                fields.objects.insert(
                    name,
                    roots("", &body)
                        .into_iter()
                        .filter(|field| field.arguments.is_empty())
                        .map(|field| Input { name: field.field, kind: field.kind })
                        .collect(),
                ),
            ),
            _ => {}
        }
    }
    fields
}

/// Each `head { body }`.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((head, after)) = rest.split_once('{') {
        // Defaults of arguments may hold braces; those of members do too.
        let mut depth = 1;
        let end = after.char_indices().find(|(_, c)| {
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        let end = end.map_or(after.len(), |(at, _)| at);
        found.push((head.trim().rsplit("\n\n").next().unwrap_or_default().trim().to_owned(), after[..end].to_owned()));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    found
}

/// Arguments without what stands in the braces of their defaults.
fn without_braces(text: &str) -> String {
    let mut depth = 0;
    let outside = text.chars().filter(|c| {
        depth += i32::from(*c == '{');
        let kept = depth == 0;
        depth -= i32::from(*c == '}');
        kept
    });
    outside.collect()
}

fn input(text: &str) -> Option<Input> {
    let (name, kind) = text.trim().trim_end_matches(',').split_once(':')?;
    let kind = kind.split(['=', '@']).next().unwrap_or_default().trim();
    Some(Input { name: name.trim().to_owned(), kind: kind.to_owned() })
}

fn members(body: &str) -> Vec<Input> {
    body.lines().filter_map(input).collect()
}

fn roots(operation: &'static str, body: &str) -> Vec<Field> {
    let mut found = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let name_end = rest.find(['(', ':']).unwrap_or(rest.len());
        let field = rest[..name_end].trim().to_owned();
        let (arguments, after) = match rest.as_bytes().get(name_end) {
            Some(b'(') => {
                let end = rest.find(')').unwrap();
                let arguments = without_braces(&rest[name_end + 1..end]);
                (arguments.split([',', '\n']).filter_map(input).collect(), &rest[end + 1..])
            }
            _ => (Vec::new(), &rest[name_end..]),
        };
        let line = after.trim_start_matches(':').lines().next().unwrap_or_default();
        let kind = line.split('@').next().unwrap_or_default().trim().to_owned();
        if !field.is_empty() {
            found.push(Field { operation, field, arguments, kind });
        }
        rest = after.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    found
}

/// `accessKeyId` is `access_key_id` in the table of values.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

type Made<'a> = Pin<Box<dyn Future<Output = Option<Value>> + 'a>>;

/// A value for an input, made from the schema; `None` where it may be left out and nothing fits.
fn make<'a>(world: &'a World, fields: &'a Fields, ids: &'a Ids, door: &'a str, input: &'a Input) -> Made<'a> {
    Box::pin(async move {
        if let Some(members) = fields.inputs.get(input.base()) {
            if !input.is_required() {
                return None;
            }
            let mut object = Map::new();
            for member in members {
                // An id inside an input names a part of the subject, or who is given something.
                let part = if input.base() == "GranteeInput" { "principal_id" } else { "column" };
                let part = Input { name: part.to_owned(), kind: member.kind.clone() };
                let asked = if member.name == "id" { &part } else { member };
                if let Some(value) = make(world, fields, ids, door, asked).await {
                    object.insert(member.name.clone(), value);
                }
            }
            let object = Value::Object(object);
            return Some(if input.is_list() { json!([object]) } else { object });
        }
        let name = snake(&input.name);
        let name = if name == "id" || name == "ids" { subject(door) } else { name };
        let found = values::value(world, ids, door, &name).await;
        let found = if input.base() == "Boolean" { found.map(|_| json!(true)) } else { found };
        let found = match (found, fields.enums.get(input.base())) {
            (Some(Value::String(text)), Some(words)) => {
                words.iter().find(|word| word.eq_ignore_ascii_case(&text)).or(words.first()).map(|word| json!(word))
            }
            (Some(Value::Array(all)), Some(words)) => {
                let given = |text: &&String| {
                    all.iter().any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(text)))
                };
                words.iter().find(given).or(words.first()).map(|word| json!([word]))
            }
            (None, Some(words)) if input.is_required() => words.first().map(|word| json!(word)),
            (found, _) => found,
        };
        let found = found.or_else(|| input.is_required().then(|| stand_in(input)));
        match found {
            Some(value) if input.is_list() && !value.is_array() => Some(json!([value])),
            Some(Value::Array(values)) if !input.is_list() => values.into_iter().next(),
            other => other,
        }
    })
}

fn stand_in(input: &Input) -> Value {
    match input.base() {
        "Int" | "Long" => json!(1),
        "Float" => json!(1.0),
        "Boolean" => json!(true),
        "ID" | "UUID" | "Uuid" => json!("018f0000-0000-7000-8000-000000000000"),
        _ => json!("x"),
    }
}

/// What the argument `id` of a field names.
fn subject(door: &str) -> String {
    let known = [
        ("reported_dataset", "reported_dataset"),
        ("reported_rule", "rule"),
        ("reported_job", "job"),
        ("remove_table_key", "table_key"),
        ("break_glass", "glass"),
        ("end_purpose", "purpose"),
        ("decide_purpose", "project_purpose"),
        ("withdraw_purpose", "project_purpose"),
        ("review", "review"),
        ("workflow_backfill", "backfill"),
        ("workflow_run", "flow"),
        ("workflow", "workflow"),
        ("derived_table", "derived"),
        ("job_schedule", "schedule"),
        ("trigger", "trigger"),
        ("run_watch", "watch"),
        ("run_delivery", "delivery"),
        ("ata_source", "source"),
        ("service_account", "account"),
        ("saved_quer", "query"),
        ("quer", "query"),
        ("restriction", "restriction"),
        ("revoke_grant", "grant"),
        ("suggestion", "suggestion"),
        ("subscription", "request_or_subscription"),
        ("request", "request"),
        ("asset", "asset"),
        ("column", "asset"),
        ("environment", "environment"),
        ("connection", "connection"),
        ("project", "project"),
        ("domain", "domain"),
        ("term", "term"),
        ("group", "group"),
        ("token", "token"),
        ("session", "session"),
        ("root", "root"),
        ("run", "run"),
        ("source", "source"),
        ("user", "user"),
    ];
    let field = snake(door.split(' ').next_back().unwrap_or_default());
    let found = known.iter().find(|(word, _)| field.contains(word)).map_or("asset", |(_, name)| name);
    match found {
        "request_or_subscription" if field.starts_with("approve") || field.starts_with("reject") => {
            "request".to_owned()
        }
        "request_or_subscription" => "subscription".to_owned(),
        other => other.to_owned(),
    }
}

/// What is selected of a value of this kind.
fn selection(fields: &Fields, kind: &str) -> String {
    match fields.objects.get(kind.trim_matches(['[', ']', '!'])) {
        Some(members) if members.iter().any(|member| member.name == "problem") => "{ problem { code } }".to_owned(),
        Some(_) => "{ __typename }".to_owned(),
        None if kind.trim_matches('!') == "Node" => "{ __typename }".to_owned(),
        None => String::new(),
    }
}

/// An answer, or the first of those that come as events.
fn first(answer: &Answer) -> Value {
    if answer.header("content-type") != "text/event-stream" {
        return answer.json();
    }
    let text = answer.text();
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event with data");
    serde_json::from_str(data).expect("JSON")
}

/// Asks a field as somebody.
pub async fn try_out(app: &Server, world: &World, fields: &Fields, field: &Field, actor: &str) -> Cell {
    let door = field.name();
    let ids = world.ids(app, &door, actor).await;
    let mut variables = Map::new();
    for argument in &field.arguments {
        if let Some(value) = make(world, fields, &ids, &door, argument).await {
            variables.insert(argument.name.clone(), value);
        }
    }
    let given: Vec<&Input> = field.arguments.iter().filter(|argument| variables.contains_key(&argument.name)).collect();
    let declared: Vec<String> = given.iter().map(|argument| format!("${}: {}", argument.name, argument.kind)).collect();
    let passed: Vec<String> = given.iter().map(|argument| format!("{0}: ${0}", argument.name)).collect();
    let wrap = |list: Vec<String>| if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
    let text = format!(
        "{} Try{} {{ {}{} {} }}",
        field.operation,
        wrap(declared),
        field.field,
        wrap(passed),
        selection(fields, &field.kind)
    );
    let before = world.database.state().await;
    let client = world.client(app, actor).await;
    let request = client.request(Method::POST, "/graphql").header("accept", "application/json, text/event-stream");
    let answer = client.send(request.json(&json!({ "query": text, "variables": variables }))).await;
    let json = first(&answer);
    let problem = &json["data"][&field.field]["problem"]["code"];
    let error = &json["errors"][0]["extensions"]["code"];
    let code = problem.as_str().or(error.as_str()).unwrap_or_default();
    assert!(json["errors"].is_null() || !code.is_empty(), "{door} as {actor}: {text}: {answer}");
    let cell = match code {
        "" => Cell::Done,
        "unauthenticated" => Cell::SignIn,
        "forbidden" => Cell::Refused,
        "not_found" => Cell::Hidden,
        "internal" => panic!("{door} as {actor}: {answer}"),
        other => Cell::Unfit(other.to_owned()),
    };
    let changed = changed(&before, &world.database.state().await);
    judge(&door, actor, cell, &changed)
}
