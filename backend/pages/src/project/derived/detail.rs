//! One derived table: its query, how its table stands, and its runs.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{catalog::assets, derived, jobs::Target, places::environments};
use lakegate_model::{
    Code, Fault, PageRequest,
    derived::DerivedTable,
    ids::{DerivedTableId, ProjectId},
};
use serde::Deserialize;

use super::{
    super::{
        Head,
        spark::{Spark, last_builds},
        starts::{Starts, TimingForm},
    },
    find, page_head, path,
    rows::{BuildRow, VersionRow},
};
use crate::{
    kit::{After, Pager, Place, When, Wrong},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

/// Definitions that are shown here; the others have a list of their own.
const SHOWN: i64 = 5;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/projects/{project}/derived/{derived}", get(detail))
}

/// What was typed into the forms of the page, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Forms {
    timing: Option<TimingForm>,
    timing_wrong: Wrong,
    remove_wrong: Wrong,
    /// Which of them was sent: `timing`, `remove`, or empty.
    sent: &'static str,
}

impl Forms {
    /// The form of the schedule that came back.
    pub fn timing(timing: TimingForm, timing_wrong: Wrong) -> Self {
        Self { timing: Some(timing), timing_wrong, sent: "timing", ..Self::default() }
    }

    /// The form of the removal that came back.
    pub fn remove(remove_wrong: Wrong) -> Self {
        Self { remove_wrong, sent: "remove", ..Self::default() }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RemoveForm {
    #[serde(default)]
    pub confirm: String,
}

#[derive(Template)]
#[template(path = "derived/detail.html")]
pub(super) struct DetailPage {
    shell: Shell,
    head: Head,
    base: String,
    name: String,
    sql: String,
    account: String,
    environment: String,
    version: i64,
    changed: When,
    made: When,
    table: Table,
    spark: Spark,
    runs: Vec<BuildRow>,
    pager: Pager,
    /// Whether a run is under way: this part then looks again by itself.
    live: bool,
    versions: Vec<VersionRow>,
    more_versions: bool,
    starts: Starts,
    forms: Forms,
}

/// What stands there of the table.
struct Table {
    /// As one writes it in a query; its name alone where the reader does not see it in the catalogue.
    written: String,
    /// Its page in the catalogue; empty if there is none.
    href: String,
    built: When,
    /// The definition that gave it; 0 if none has run well.
    built_version: i64,
}

impl Table {
    async fn of(web: &Web, reader: &SignedIn, derived: &DerivedTable) -> Result<Self, Fault> {
        let mut table = Self {
            written: derived.name.clone(),
            href: String::new(),
            built: When::maybe(derived.built_at),
            built_version: derived.built_version.unwrap_or_default(),
        };
        let Some(asset) = derived.asset_id else { return Ok(table) };
        let found = match assets::view(&web.app, &reader.caller, asset).await {
            Err(fault) if matches!(fault.code, Code::NotFound | Code::Forbidden) => return Ok(table),
            found => found?,
        };
        table.href = format!("/assets/{asset}");
        if let Some((database, name)) = found.table {
            table.written = format!("{database}.{name}");
        }
        Ok(table)
    }
}

pub(super) async fn detail_page(
    web: &Web,
    framed: Framed,
    derived: DerivedTable,
    after: &str,
    forms: Forms,
) -> Result<DetailPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let (app, caller, now) = (&web.app, &reader.caller, web.app.now());
    let base = path(&derived);
    let place = Place::new(base.clone(), after);
    let page = derived::runs(app, caller, derived.id, &place.request(web, &reader, 15)?).await?;
    let versions = derived::versions(app, caller, derived.id, &PageRequest::new(Some(SHOWN), None)?).await?;
    let runs: Vec<BuildRow> = page.items.iter().map(|run| BuildRow::of(run, now)).collect();
    let row = |version| VersionRow::of(version, derived.version, derived.built_version);
    Ok(DetailPage {
        head: page_head(web, &reader, derived.project_id, &derived.name).await?,
        environment: environments::get(app, caller, derived.environment_id).await?.environment.name,
        table: Table::of(web, &reader, &derived).await?,
        spark: last_builds(web, &reader, derived.id).await?.1,
        starts: Starts::of(web, &reader, Target::Derived(derived.id), forms.timing.clone()).await?,
        pager: place.pager(web, &reader, &page)?,
        live: runs.iter().any(|run| run.live),
        more_versions: versions.next.is_some(),
        versions: versions.items.into_iter().map(row).collect(),
        version: derived.version,
        changed: When::at(derived.changed_at),
        made: When::at(derived.created_at),
        name: derived.name,
        sql: derived.sql_text,
        account: derived.service_account_name,
        shell,
        base,
        runs,
        forms,
    })
}

async fn detail(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let derived = find(&web, &framed.reader, project, id).await?;
    show(StatusCode::OK, &detail_page(&web, framed, derived, &query.after, Forms::default()).await?)
}
