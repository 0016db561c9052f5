//! What happened in the sample organisation so far.

use anyhow::{Context, bail};
use lakegate_app::{
    App, Caller,
    access::{
        RequestFilter, Side,
        decisions::{self, Approval},
        requests::{self, Wish},
        views,
    },
    catalog::{
        assets,
        edit::{self, AssetEdit},
        publish, suggestions,
    },
    jobs::workflows,
    sources::{
        manage::{self, NewSource},
        runs,
    },
};
use lakegate_model::{
    Fault, PageRequest,
    catalog::Asset,
    ids::{AssetId, DataSourceId, ProjectId, UserId},
    words::{AssetStatus, RunState},
};
use serde_json::json;
use std::time::Duration;

use super::{
    files,
    people::{Cast, acting_as},
    places::{Place, Places},
};

/// Time between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks until a run counts as stuck.
const LOOKS: u32 = 1_200;

/// What an asset is called and what is said of it.
struct Words {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
}

const SALES: [Words; 1] = [Words {
    name: "catalog_sales",
    title: "Catalog Sales Data",
    description: "Orders that came through the printed catalogue: **one row an order line**, with prices in euros. \
                  Fed once a night.",
    tags: &["sales", "orders"],
}];

const COMPANIES: [Words; 2] = [
    Words {
        name: "companies",
        title: "Companies",
        description: "Companies of three continents with what they do and whether they still operate.",
        tags: &["reference"],
    },
    Words {
        name: "owners",
        title: "Company owners",
        description: "The people who own the companies. Names and addresses are personal data.",
        tags: &["reference"],
    },
];

/// Brings the tables in, publishes them, approves one request and leaves one waiting.
///
/// # Errors
/// What the use cases say, or a run of a data source that failed.
pub async fn tell(app: &App, cast: &Cast, places: &Places) -> anyhow::Result<()> {
    let olga = acting_as(cast.olga);
    bring_in(app, &olga, &places.sales, "Catalogue orders", files::SALES, "sales").await?;
    order_work(app, &olga, places.sales.project).await?;
    bring_in(app, &olga, &places.research, "Company register", files::COMPANIES, "register").await?;
    let [sales] = publish_all(app, &olga, places.sales.project, cast.olga, &SALES).await?;
    let [companies, owners] = publish_all(app, &olga, places.research.project, cast.olga, &COMPANIES).await?;
    let marketing = places.marketing.project;
    let mark = acting_as(cast.mark);
    ask(app, &mark, marketing, vec![companies, owners], "Choose the companies for the spring campaign").await?;
    for asset in [companies, owners] {
        approve(app, &olga, asset, "Fits the purpose of marketing").await?;
    }
    let ann = acting_as(cast.ann);
    ask(app, &ann, marketing, vec![sales], "See which items sold best in the catalogue").await?;
    Ok(())
}

async fn bring_in(
    app: &App,
    caller: &Caller,
    place: &Place,
    name: &str,
    samples: &[(&'static str, &'static [u8])],
    folder: &str,
) -> anyhow::Result<()> {
    let path = place.folder()?.join(folder);
    files::write(&path, samples).with_context(|| path.display().to_string())?;
    let location = format!("{}{folder}/", place.environment.environment.location);
    let source = source(app, caller, place, name, location).await?;
    let ran = runs::list(app, caller, source, &PageRequest::default()).await?;
    if ran.items.iter().any(|run| run.state == RunState::Succeeded) {
        return Ok(());
    }
    let run = runs::start(app, caller, source).await?;
    for _ in 0..LOOKS {
        let now = runs::get(app, caller, run.id).await?;
        match now.state {
            RunState::Succeeded => return Ok(()),
            RunState::Failed | RunState::Cancelled => {
                bail!("the demo's data source \"{name}\" failed: {}", now.error.unwrap_or_default())
            }
            RunState::Queued | RunState::Running => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    bail!("the demo's data source \"{name}\" did not end")
}

async fn source(
    app: &App,
    caller: &Caller,
    place: &Place,
    name: &str,
    location: String,
) -> Result<DataSourceId, Fault> {
    let held = manage::list(app, caller, place.project, &PageRequest::default()).await?;
    if let Some(source) = held.items.into_iter().find(|source| source.name == name) {
        return Ok(source.id);
    }
    let new = NewSource {
        environment: place.environment.environment.id,
        name: name.to_owned(),
        location,
        connection: None,
        interval_seconds: None,
    };
    Ok(manage::create(app, caller, &new).await?.id)
}

/// A workflow over a project's first data source, which nobody has started yet.
async fn order_work(app: &App, caller: &Caller, project: ProjectId) -> anyhow::Result<()> {
    if !workflows::list(app, caller, project, &PageRequest::default()).await?.items.is_empty() {
        return Ok(());
    }
    let held = manage::list(app, caller, project, &PageRequest::default()).await?;
    let source = held.items.first().context("the demo has no data source")?.id;
    let step = |name: &str, after: serde_json::Value| json!({ "name": name, "kind": "crawl", "subject": source, "after": after });
    let definition = serde_json::from_value(json!({ "steps": [
        step("orders", json!([])),
        step("orders_once_more", json!([{ "step": "orders", "on": "failed" }])),
    ] }))?;
    workflows::create(app, caller, (project, "Nightly catalogue"), &definition).await?;
    Ok(())
}

async fn publish_all<const N: usize>(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    owner: UserId,
    words: &[Words; N],
) -> anyhow::Result<[AssetId; N]> {
    let held = assets::of_project(app, caller, project, None, &PageRequest::default()).await?.items;
    let mut ids = Vec::with_capacity(N);
    for words in words {
        let asset = held.iter().find(|asset| asset.name == words.name);
        let asset = asset.with_context(|| format!("the demo's table {} was not found", words.name))?;
        if asset.status == AssetStatus::Inventory {
            publish_one(app, caller, asset, owner, words).await?;
        }
        ids.push(asset.id);
    }
    ids.try_into().map_err(|_| anyhow::anyhow!("the demo lacks a table"))
}

async fn publish_one(app: &App, caller: &Caller, asset: &Asset, owner: UserId, words: &Words) -> Result<(), Fault> {
    let named = suggestions::accept_all(app, caller, asset.id).await?;
    let edit = AssetEdit {
        title: Some(words.title.to_owned()),
        description: Some(words.description.to_owned()),
        owner: Some(Some(owner)),
        tags: Some(words.tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..AssetEdit::default()
    };
    edit::update(app, caller, asset.id, named.asset.revision, &edit).await?;
    let ready = publish::readiness(app, caller, asset.id).await?;
    publish::publish(app, caller, asset.id, ready.revision).await.map(|_| ())
}

/// Asks for assets that were never asked for.
async fn ask(app: &App, caller: &Caller, project: ProjectId, assets: Vec<AssetId>, reason: &str) -> Result<(), Fault> {
    let filter = RequestFilter { side: Side::Sent, open_only: false, project: Some(project), asset: None };
    let sent = views::list(app, caller, filter, &PageRequest::default()).await?;
    let asked = |asset: &AssetId| sent.items.iter().any(|view| view.request.asset_id == *asset);
    let assets: Vec<AssetId> = assets.into_iter().filter(|asset| !asked(asset)).collect();
    if assets.is_empty() {
        return Ok(());
    }
    let wish = Wish { project, assets, reason: reason.to_owned(), columns: None, until: None };
    requests::request(app, caller, &wish).await.map(|_| ())
}

/// Approves the open request for an asset, if there is one.
async fn approve(app: &App, caller: &Caller, asset: AssetId, reason: &str) -> Result<(), Fault> {
    let open = views::tasks(app, caller, &PageRequest::default()).await?;
    for view in open.items.into_iter().filter(|view| view.request.asset_id == asset) {
        let approval = Approval { reason: reason.to_owned(), export: true, ..Approval::default() };
        decisions::approve(app, caller, view.request.id, &approval).await?;
    }
    Ok(())
}
