//! Running SQL by the door that every query goes through: planned, allowed, recorded and limited there.

use async_graphql::{Name, Value};
use futures::TryStreamExt;
use lakegate_app::query::{Ask, Format, run};
use lakegate_model::{Code, Fault, access::ResultColumn};
use lakegate_protocol::At;
use serde::Deserialize;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Mutex;

use crate::{kind::Kind, shape::Shape};

/// What the resolvers of one request share.
#[derive(Debug, Clone)]
pub struct Looking {
    /// What the caller sees, as it was decided for this request.
    pub shape: Arc<Shape>,
    /// Fields of one request are answered one after the other: together they would take all places that the caller has.
    turn: Arc<Mutex<()>>,
    /// Fields of relations that the request may still ask for: each is a query of its own.
    relations: Arc<AtomicUsize>,
}

/// Most fields of relations in one operation.
const RELATIONS: usize = 40;

impl Looking {
    /// The resolvers of a request that sees a shape.
    pub fn at(shape: Arc<Shape>) -> Self {
        Self { shape, turn: Arc::default(), relations: Arc::new(RELATIONS.into()) }
    }

    /// Counts fields of relations, before anything of their root field runs.
    ///
    /// # Errors
    /// `limit_exceeded` naming `query`
    pub fn count_relations(&self, more: usize) -> Result<(), Fault> {
        let left = self.relations.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(more));
        let message = || format!("an operation asks for at most {RELATIONS} fields of relations");
        left.map(drop).map_err(|_| Fault::new(Code::LimitExceeded, message()).on("query"))
    }
}

/// The rows of a result, exact.
#[derive(Debug)]
pub struct Rows {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// The body of a result.
#[derive(Deserialize)]
struct Body {
    rows: Vec<Vec<serde_json::Value>>,
    error: Option<Failure>,
}

/// Why a result ended early.
#[derive(Deserialize)]
struct Failure {
    code: String,
    message: String,
}

/// Runs a query and gathers its rows: the text says how many there are at most.
///
/// # Errors
/// Those of queries, without the words of the text.
pub async fn rows(at: &At, looking: &Looking, sql: String) -> Result<Rows, Fault> {
    let _turn = looking.turn.lock().await;
    let answer = run::run(at.app(), &at.caller, &Ask::new(sql, None), Format::Json { exact: true }).await;
    let answer = answer.map_err(without_words)?;
    let bytes = answer.body.try_fold(Vec::new(), async |mut all: Vec<u8>, part| {
        all.extend_from_slice(&part);
        Ok(all)
    });
    let body: Body = serde_json::from_slice(&bytes.await.map_err(without_words)?).map_err(Fault::internal)?;
    match body.error {
        Some(failure) => Err(without_words(failure.fault())),
        None => Ok(Rows { columns: answer.columns, rows: body.rows }),
    }
}

impl Failure {
    fn fault(self) -> Fault {
        let known = Code::ALL.iter().find(|code| code.as_str() == self.code);
        Fault::new(known.copied().unwrap_or(Code::Unavailable), self.message)
    }
}

/// Nobody wrote the text, so its words help nobody: access or data changed after the schema was made, or the values
/// cannot be computed with.
fn without_words(fault: Fault) -> Fault {
    match fault.code {
        Code::Unprocessable => Fault::new(fault.code, "this cannot be computed over the data as you see it")
            .fix("look at the schema again: what you see may have changed meanwhile"),
        _ if fault.field.as_deref() == Some("sql") => Fault { field: Some("query".to_owned()), ..fault },
        _ => fault,
    }
}

/// A cell as GraphQL shows it. What is no number stands as text in exact JSON, and is null here.
pub fn cell(kind: Kind, value: &serde_json::Value) -> Value {
    match (kind, value) {
        (Kind::Float, serde_json::Value::String(_)) => Value::Null,
        // Plain JSON is always a value of GraphQL.
        (_, value) => Value::from_json(value.clone()).unwrap_or_default(),
    }
}

/// An object of GraphQL.
pub fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
}

/// Tells of which columns of a field's answer cells are withheld (access rule 2). `path` are the keys of the answer that
/// lead to it.
pub fn tell_withheld(at: &At, path: &str, columns: &[ResultColumn], names: &[String]) {
    let of = |flag: fn(&ResultColumn) -> bool| {
        let flagged = columns.iter().zip(names).filter(|(column, _)| flag(column));
        flagged.map(|(_, name)| Value::String(name.clone())).collect::<Vec<_>>()
    };
    let parts = [("masked", of(|column| column.masked)), ("partial", of(|column| column.partial))];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let told = object(parts.map(|(word, names)| (word.to_owned(), Value::List(names))));
    if told != object([]) {
        at.beside.tell("withheld", path, told);
    }
}
