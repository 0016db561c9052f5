//! Fills the metadata database, many rows a statement and some thousand assets a transaction: the use cases, which write
//! one asset at a time with its history, would take hours.

use super::{
    names::{COLUMNS, Described, OWNERS, Of, TERMS, described, id, is_own, owner_name, term_name},
    site::CALLER,
};
use crate::corpus::{Corpus, DOMAINS, PROJECTS, is_visible};
use anyhow::{Result, bail, ensure};
use lakegate_app::App;
use lakegate_model::{
    Timestamp,
    storage::{Compression, FileFormat},
    text,
    words::{AssetKind, AssetStatus, ColumnState, DatabaseKind, Discover, MemberKind, ProjectRole, Theme},
};
use lakegate_store::{Db, Tx, WriteTx};
use sqlx::{QueryBuilder, Sqlite, query_builder::Separated, types::Json};
use uuid::Uuid;

/// Assets of a transaction.
const BATCH: u32 = 5_000;
/// Most values of one statement.
const VALUES: usize = 30_000;

/// Fills an empty database; returns how many rows were written, 0 if it was full already.
pub async fn fill(app: &App, corpus: &Corpus) -> Result<u64> {
    let Db::Sqlite { writer, .. } = &app.db else { bail!("this fills SQLite alone") };
    let (there,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM assets").fetch_one(writer).await?;
    if there != 0 {
        ensure!(there == i64::from(corpus.documents), "the folder holds {there} assets; choose another one");
        return Ok(0);
    }
    // A crash while filling only costs the folder.
    sqlx::raw_sql("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000").execute(writer).await?;
    let now = app.now();
    let mut rows = in_one(app, async |rows| places(rows, now).await).await?;
    for first in (0..corpus.documents).step_by(BATCH as usize) {
        let last = (first + BATCH).min(corpus.documents);
        let batch: Vec<(u32, Described)> = (first..last).map(|number| (number, described(corpus, number))).collect();
        rows += in_one(app, async |rows| assets(rows, &batch, now).await).await?;
    }
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL; PRAGMA cache_size = -2000")
        .execute(writer)
        .await?;
    Ok(rows)
}

/// One transaction that counts the rows written in it.
struct Rows {
    tx: WriteTx,
    written: u64,
}

async fn in_one(app: &App, work: impl AsyncFnOnce(&mut Rows) -> Result<()>) -> Result<u64> {
    let mut rows = Rows { tx: app.db.begin_write().await?, written: 0 };
    work(&mut rows).await?;
    rows.tx.commit().await?;
    Ok(rows.written)
}

/// The values of one row, pushed one after the other.
type Values<'q, 'a> = Separated<'q, Sqlite, &'static str>;

impl Rows {
    /// Inserts items into a table given as `name (column, ...)`.
    async fn insert<T>(
        &mut self,
        into: &str,
        items: impl IntoIterator<Item = T>,
        mut row: impl FnMut(&mut Values<'_, '_>, T),
    ) -> Result<()> {
        let width = into.matches(',').count() + 1;
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let mut query = QueryBuilder::<Sqlite>::new(format!("INSERT INTO {into} "));
            query.push_values(items.by_ref().take(VALUES / width), |mut values, item| row(&mut values, item));
            let tx: &mut Tx = &mut self.tx;
            let Tx::Sqlite(connection) = tx else { bail!("this fills SQLite alone") };
            self.written += query.build().execute(&mut **connection).await?.rows_affected();
        }
        Ok(())
    }
}

async fn places(rows: &mut Rows, now: Timestamp) -> Result<()> {
    let into = "users (id, username, username_key, display_name, disabled, theme, created_at)";
    rows.insert(into, 0..OWNERS, |row, owner| {
        let name = format!("owner{owner:03}");
        row.push_bind(id(Of::Owner, owner, 0)).push_bind(name.clone()).push_bind(name);
        row.push_bind(owner_name(owner)).push_bind(false).push_bind(Theme::System).push_bind(now);
    })
    .await?;
    let into = "domains (id, parent_id, name, name_key, description, discover, created_at)";
    rows.insert(into, 0..DOMAINS, |row, domain| {
        // The first six are the roots, ten below each.
        let parent = (domain >= 6).then(|| id(Of::Domain, domain / 10, 0));
        let name = format!("Domain {domain}");
        row.push_bind(id(Of::Domain, domain, 0)).push_bind(parent).push_bind(name.clone());
        row.push_bind(text::fold(&name)).push_bind("").push_bind(level(domain)).push_bind(now);
    })
    .await?;
    let into = "glossary_terms (id, domain_id, name, name_key, definition, created_by, created_at, updated_at)";
    rows.insert(into, (0..DOMAINS * TERMS).map(|at| (at / TERMS, at % TERMS)), |row, (domain, term)| {
        let name = term_name(domain, term);
        row.push_bind(id(Of::Term, domain, term)).push_bind(id(Of::Domain, domain, 0)).push_bind(name.clone());
        row.push_bind(text::fold(&name)).push_bind("What it means.").push_bind(id(Of::Owner, 0, 0));
        row.push_bind(now).push_bind(now);
    })
    .await?;
    projects(rows, now).await
}

/// The level of a domain: those of the visible tenth are requestable.
fn level(domain: u32) -> Discover {
    if is_visible(domain) { Discover::Requestable } else { Discover::Hidden }
}

async fn projects(rows: &mut Rows, now: Timestamp) -> Result<()> {
    rows.insert("projects (id, domain_id, name, name_key, description, created_at)", 0..PROJECTS, |row, project| {
        let name = format!("project {project}");
        row.push_bind(id(Of::Project, project, 0)).push_bind(id(Of::Domain, project % DOMAINS, 0));
        row.push_bind(name.clone()).push_bind(text::fold(&name)).push_bind("").push_bind(now);
    })
    .await?;
    rows.insert("environments (id, project_id, name, name_key, location, created_at)", 0..PROJECTS, |row, project| {
        row.push_bind(id(Of::Environment, project, 0)).push_bind(id(Of::Project, project, 0));
        row.push_bind("Main").push_bind("main").push_bind(location(project)).push_bind(now);
    })
    .await?;
    rows.insert("databases (id, environment_id, name, kind)", 0..PROJECTS, |row, project| {
        row.push_bind(id(Of::Database, project, 0)).push_bind(id(Of::Environment, project, 0));
        row.push_bind(format!("project_{project}_pub")).push_bind(DatabaseKind::Published);
    })
    .await?;
    let caller = caller(rows).await?;
    let into = "project_members (project_id, member_kind, member_id, role, added_by, added_at)";
    rows.insert(into, (0..PROJECTS).filter(|project| is_own(*project)), |row, project| {
        row.push_bind(id(Of::Project, project, 0)).push_bind(MemberKind::User).push_bind(caller);
        row.push_bind(ProjectRole::Viewer).push_bind(caller).push_bind(now);
    })
    .await
}

async fn caller(rows: &mut Rows) -> Result<Uuid> {
    let tx: &mut Tx = &mut rows.tx;
    let Tx::Sqlite(connection) = tx else { bail!("this fills SQLite alone") };
    let query = sqlx::query_as::<_, (Uuid,)>("SELECT id FROM users WHERE username_key = $1").bind(CALLER);
    Ok(query.fetch_one(&mut **connection).await?.0)
}

fn location(project: u32) -> String {
    format!("s3://lake/project-{project}/")
}

async fn assets(rows: &mut Rows, batch: &[(u32, Described)], now: Timestamp) -> Result<()> {
    let format = FileFormat::Csv { delimiter: b',', header: true, compression: Compression::None };
    let into =
        "tables (id, database_id, name, found_name, location, format, data_version, managed, created_at, updated_at)";
    rows.insert(into, batch, |row, (number, asset)| {
        row.push_bind(id(Of::Table, *number, 0)).push_bind(id(Of::Database, asset.project, 0));
        row.push_bind(&asset.name).push_bind(&asset.name).push_bind(format!(
            "{}{}/",
            location(asset.project),
            asset.name
        ));
        row.push_bind(Json(format.clone())).push_bind(format!("{number:064x}")).push_bind(false);
        row.push_bind(now).push_bind(now);
    })
    .await?;
    let into = "assets (id, project_id, table_id, kind, name, name_key, title, description, status, discover, certified, \
        owner_id, deprecation_note, revision, published_at, created_at, updated_at)";
    rows.insert(into, batch, |row, (number, asset)| {
        row.push_bind(id(Of::Asset, *number, 0)).push_bind(id(Of::Project, asset.project, 0));
        row.push_bind(id(Of::Table, *number, 0)).push_bind(AssetKind::Table).push_bind(&asset.name);
        row.push_bind(text::fold(&asset.name)).push_bind(&asset.title).push_bind(&asset.description);
        row.push_bind(AssetStatus::Published).push_bind(asset.discover).push_bind(false);
        row.push_bind(id(Of::Owner, asset.owner, 0)).push_bind("").push_bind(2_i64);
        row.push_bind(now).push_bind(now).push_bind(now);
    })
    .await?;
    columns(rows, batch).await?;
    words(rows, batch).await?;
    files(rows, batch, now).await
}

async fn columns(rows: &mut Rows, batch: &[(u32, Described)]) -> Result<()> {
    let into = "columns (id, table_id, name, ordinal, column_type, nullable, is_partition, state, unlisted, title, description)";
    let all =
        batch.iter().flat_map(|(number, asset)| (0_u32..).zip(&asset.columns).map(move |(at, c)| (*number, at, c)));
    rows.insert(into, all, |row, (number, at, column)| {
        row.push_bind(id(Of::Column, number, at)).push_bind(id(Of::Table, number, 0)).push_bind(&column.name);
        row.push_bind(i64::from(at)).push_bind(Json(column.column_type.clone())).push_bind(true).push_bind(false);
        row.push_bind(ColumnState::Active).push_bind(false).push_bind(&column.title).push_bind("");
    })
    .await
}

async fn words(rows: &mut Rows, batch: &[(u32, Described)]) -> Result<()> {
    let on_assets = batch.iter().flat_map(|(number, asset)| asset.tags.iter().map(move |tag| (*number, None, tag)));
    let on_columns = batch.iter().flat_map(|(number, asset)| {
        (0_u32..).zip(&asset.columns).filter_map(move |(at, column)| Some((*number, Some(at), column.tag.as_ref()?)))
    });
    let mut part = 0;
    rows.insert("asset_tags (id, asset_id, column_id, tag)", on_assets.chain(on_columns), |row, (number, at, tag)| {
        part += 1;
        row.push_bind(id(Of::Tag, number, part)).push_bind(id(Of::Asset, number, 0));
        row.push_bind(at.map(|at| id(Of::Column, number, at))).push_bind(tag);
    })
    .await?;
    let links = batch.iter().flat_map(|(number, asset)| asset.terms.iter().map(move |term| (*number, asset, *term)));
    rows.insert("term_links (id, term_id, asset_id)", links, |row, (number, asset, term)| {
        row.push_bind(id(Of::TermLink, number, term)).push_bind(id(Of::Term, asset.project % DOMAINS, term));
        row.push_bind(id(Of::Asset, number, 0));
    })
    .await
}

/// One to three files each.
async fn files(rows: &mut Rows, batch: &[(u32, Described)], now: Timestamp) -> Result<()> {
    let all = batch.iter().flat_map(|(number, _)| (0..=number % 3).map(move |file| (*number, file)));
    rows.insert("data_files (table_id, path, size, modified_at, partitions)", all, |row, (number, file)| {
        row.push_bind(id(Of::Table, number, 0)).push_bind(format!("part-{file}.csv"));
        row.push_bind(i64::from(COLUMNS * number)).push_bind(now).push_bind("{}");
    })
    .await
}
