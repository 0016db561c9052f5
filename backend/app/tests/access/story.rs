//! Two projects and a table of real rows between them.

use chrono::TimeDelta;
use futures::StreamExt;
use lakegate_app::{
    App, Caller, Identity,
    access::{
        decisions::{self, Approval},
        requests::{self, Wish},
        views::{self, SubscriptionView},
    },
    accounts::api_tokens,
    places::environments,
    query::{Ask, run},
};
use lakegate_engine::encode::Format;
use lakegate_model::{
    Fault, PageRequest,
    catalog::Column,
    ids::{AssetId, ColumnId, ProjectId, RequestId, SubscriptionId},
    words::{ProjectRole, TokenScope},
};

use crate::{
    stage::{Stage, case},
    support::{Person, World, anonymous},
};

/// The name of the table in the consumer's sub database.
pub const TABLE: &str = "subscriber_environment_sub.catalog_sales";

/// The producing side of [`Stage`] with a published table, and a consuming project.
pub struct Story {
    pub stage: Stage,
    pub asset: AssetId,
    pub consumer: ProjectId,
    /// Owns the consuming project.
    pub mara: Person,
    /// Contributes to it.
    pub carl: Person,
    /// Looks on in it.
    pub vera: Person,
}

impl Story {
    pub async fn each() -> Vec<Self> {
        let mut stories = Vec::new();
        for stage in Stage::each().await {
            stories.push(Self::on(stage).await);
        }
        stories
    }

    pub async fn sqlite() -> Self {
        Self::on(Stage::on(World::sqlite().await).await).await
    }

    async fn on(stage: Stage) -> Self {
        stage.write("sales/catalog_sales.csv", std::fs::read(case("catalog_sales.csv")).unwrap());
        let (_, asset) = stage.crawled("sales").await;
        stage.publish(asset, "Catalog Sales Data").await;
        let (mara, carl, vera) =
            (stage.world.person("mara").await, stage.world.person("carl").await, stage.world.person("vera").await);
        let consumer = stage.world.project(&mara, stage.domain, "Marketing consumer project").await;
        stage.world.join(&mara, consumer, &carl, ProjectRole::Contributor).await;
        stage.world.join(&mara, consumer, &vera, ProjectRole::Viewer).await;
        let new = environments::NewEnvironment {
            project: consumer,
            name: "subscriber-environment".into(),
            location: None,
            connection: None,
        };
        environments::create(&stage.world.app, &mara.caller, &new).await.unwrap();
        Self { stage, asset, consumer, mara, carl, vera }
    }

    pub fn app(&self) -> &App {
        &self.stage.world.app
    }

    pub fn owner(&self) -> &Caller {
        &self.stage.owner.caller
    }

    /// Ids of columns by their names.
    pub async fn columns(&self, names: &[&str]) -> Vec<ColumnId> {
        let view = self.stage.view(&self.stage.owner, self.asset).await;
        let known: Vec<Column> = view.columns.into_iter().map(|shown| shown.column).collect();
        names.iter().map(|name| known.iter().find(|column| column.name == *name).unwrap().id).collect()
    }

    pub fn wish(&self) -> Wish {
        Wish {
            project: self.consumer,
            assets: vec![self.asset],
            reason: "A model of what sells".into(),
            columns: None,
            until: None,
        }
    }

    pub async fn ask(&self, person: &Person, wish: &Wish) -> RequestId {
        requests::request(self.app(), &person.caller, wish).await.unwrap()[0]
    }

    pub async fn approve(&self, request: RequestId, approval: &Approval) -> SubscriptionId {
        decisions::approve(self.app(), self.owner(), request, approval).await.unwrap()
    }

    /// A subscription to some columns, for some days.
    pub async fn subscribed(&self, columns: Option<&[&str]>, days: Option<i64>) -> SubscriptionId {
        let columns = match columns {
            Some(names) => Some(self.columns(names).await),
            None => None,
        };
        let until = days.map(|days| self.app().now() + TimeDelta::days(days));
        let request = self.ask(&self.carl, &Wish { columns, until, ..self.wish() }).await;
        self.approve(request, &Approval { reason: "fits".into(), export: true, ..Approval::default() }).await
    }

    pub fn asked(&self, sql: &str) -> Ask {
        Ask::new(sql, Some(self.consumer))
    }

    /// The rows of a query in the consuming project as CSV.
    pub async fn query(&self, caller: &Caller, sql: &str) -> Result<String, Fault> {
        rows(self.app(), caller, &self.asked(sql)).await
    }

    pub async fn subscription(&self, id: SubscriptionId) -> SubscriptionView {
        views::subscription(self.app(), &self.mara.caller, id).await.unwrap()
    }

    /// Titles of what a person was told, the oldest first.
    pub async fn told(&self, person: &Person) -> Vec<String> {
        let page = PageRequest::default();
        let notices = lakegate_app::access::notices::list(self.app(), &person.caller, &page).await.unwrap();
        notices.items.into_iter().rev().map(|notice| notice.title).collect()
    }
}

/// Runs a query to its end.
pub async fn rows(app: &App, caller: &Caller, ask: &Ask) -> Result<String, Fault> {
    let answer = run::run(app, caller, ask, Format::Csv { spreadsheet_safe: false }).await?;
    read(answer).await
}

/// The whole body of an answer, or its fault.
pub async fn read(mut answer: run::Answer) -> Result<String, Fault> {
    let mut body = Vec::new();
    while let Some(bytes) = answer.body.next().await {
        body.extend(bytes?);
    }
    Ok(String::from_utf8(body).unwrap())
}

/// A caller with an API token of a person.
pub async fn token(app: &App, person: &Person, scopes: &[TokenScope]) -> Caller {
    let new = api_tokens::NewToken { name: "t".into(), scopes: scopes.to_vec(), days: 1, account: None };
    let made = api_tokens::create(app, &person.caller, &new).await.unwrap();
    let identity = api_tokens::verify(app, &made.secret).await.unwrap();
    assert!(matches!(identity, Identity::ApiToken(_)));
    Caller { identity, ..anonymous() }
}
