//! Whether a query can make a table: looked at when it is written, as the account that will run it.

use lakegate_engine::{QuerySpec, references};
use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, ServiceAccountId},
    text,
};
use std::collections::HashSet;

use crate::{
    App, Caller,
    query::resolve::{Resolved, resolve},
};

/// Longest text of a query, in bytes: what the engine accepts.
const SQL_MAX: usize = 256 * 1024;

/// Plans a query as an account, and looks at what it would give. Nothing is read but the heads of files.
///
/// # Errors
/// `invalid` or `unprocessable` on `sql`; `forbidden` on `account` if it may not take away what it reads.
pub(super) async fn check(
    app: &App,
    (account, project): (ServiceAccountId, ProjectId),
    sql: &str,
) -> Result<(), Fault> {
    if sql.trim().is_empty() {
        return Err(Fault::invalid("sql", "this may not be empty"));
    }
    if sql.len() > SQL_MAX || sql.contains('\0') {
        return Err(Fault::invalid("sql", format!("at most {SQL_MAX} bytes, without NUL")));
    }
    let caller = Caller::work(account, project, "planning of a derived table");
    let wanted = references(sql).map_err(|fault| fault.on("sql"))?;
    need_tables_alone(wanted.lists_catalog)?;
    let resolved =
        look!(app, &caller, "derived_table.plan", |tx, scope, actor| { resolve(app, tx, actor, &wanted).await })?;
    let spec = QuerySpec {
        sql: sql.to_owned(),
        tables: resolved.tables.clone(),
        default_database: resolved.default_database.clone(),
        limits: app.settings.query_limits.clone(),
        now: app.now(),
        mask_keys: resolved.mask_keys.clone(),
    };
    let prepared = app.engine.prepare(spec).await.map_err(|fault| fault.on("sql"))?;
    need_names(prepared.schema().fields().iter().map(|field| field.name().as_str()))?;
    need_leave(&resolved)
}

/// What the catalogue lists depends on who asks; a table that keeps it would tell everybody.
pub(super) fn need_tables_alone(lists_catalog: bool) -> Result<(), Fault> {
    if lists_catalog {
        return Err(
            Fault::invalid("sql", "a derived table cannot keep what the catalogue lists").fix("name the tables")
        );
    }
    Ok(())
}

/// The result leaves as files of the project's own storage, where no rule of Lakegate reaches (access rule 19).
///
/// # Errors
/// `forbidden` on `account`.
pub(super) fn need_leave(resolved: &Resolved) -> Result<(), Fault> {
    if resolved.export {
        return Ok(());
    }
    let message = "the account may look at this data, but not take it away, and a stored result is a file";
    Err(Fault::new(Code::Forbidden, message).on("account").fix("ask the owner of the data for the right to export"))
}

fn need_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() || !seen.insert(text::fold(name)) {
            let message = format!("two columns of the result are called {name:?}");
            return Err(Fault::new(Code::Unprocessable, message).on("sql").fix("name them with AS"));
        }
    }
    Ok(())
}
