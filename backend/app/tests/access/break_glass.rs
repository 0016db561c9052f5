//! An emergency ends by the clock.

use chrono::TimeDelta;
use lakegate_app::{
    App, Caller,
    access::{
        break_glass::{self, NewBreakGlass, views},
        expiry,
    },
    audit::{AuditFilter, read},
    places::environments,
    query::{Ask, run},
};
use lakegate_engine::encode::Format;
use lakegate_model::{
    Code, Fault, PageRequest,
    ids::ProjectId,
    words::{BreakGlassVerdict, ProductRole},
};

use crate::{
    story::{Story, read as body, rows},
    support::{Person, refused},
};

const REASON: &str = "The model of tomorrow morning fails, and nobody answers";

/// The story, and a security administrator with a project of his own.
struct Watch {
    story: Story,
    guard: Person,
    project: ProjectId,
}

impl Watch {
    async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for story in Story::each().await {
            let world = &story.stage.world;
            let guard = world.person_with("guard", &[ProductRole::SecurityAdministrator]).await;
            let project = world.project(&guard, story.stage.domain, "Watch").await;
            all.push(Self { story, guard, project });
        }
        all
    }

    fn app(&self) -> &App {
        self.story.app()
    }

    /// The table under the name of its own database.
    async fn table(&self) -> String {
        let stage = &self.story.stage;
        let all = environments::list(self.app(), &stage.owner.caller, stage.project).await.unwrap();
        let own = all.iter().flat_map(|one| &one.databases).find(|database| database.name.ends_with("_pub")).unwrap();
        format!("{}.catalog_sales", own.name)
    }

    async fn ask(&self) -> Ask {
        Ask::new(format!("select quantity from {}", self.table().await), Some(self.project))
    }

    async fn count(&self) -> Result<usize, Fault> {
        Ok(rows(self.app(), &self.guard.caller, &self.ask().await).await?.lines().count())
    }

    fn wish(&self, minutes: Option<i64>) -> NewBreakGlass {
        NewBreakGlass { asset: self.story.asset, reason: REASON.to_owned(), minutes }
    }
}

async fn recorded(app: &App, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    read::events(app, &Caller::system("test"), &filter, &PageRequest::default()).await.unwrap().items.len()
}

#[tokio::test]
async fn an_emergency_ends_at_its_minute_while_fetching_too() {
    for watch in Watch::each().await {
        let (app, guard, world) = (watch.app(), &watch.guard.caller, &watch.story.stage.world);
        refused(watch.count().await, Code::Unprocessable, Some("sql"));
        let opened = break_glass::open(app, guard, &watch.wish(None)).await.unwrap();
        assert_eq!(opened.glass.until - opened.glass.opened_at, TimeDelta::minutes(60), "an hour, if nothing is said");
        world.wait(TimeDelta::minutes(60) - TimeDelta::microseconds(1));
        assert_eq!(watch.count().await.unwrap(), 12);
        let csv = Format::Csv { spreadsheet_safe: false };
        let running = run::run(app, guard, &watch.ask().await, csv).await.unwrap();
        world.wait(TimeDelta::seconds(1));
        refused(body(running).await, Code::Cancelled, None);
        refused(watch.count().await, Code::Unprocessable, Some("sql"));
        // It was over by itself; this lets search and the audit know.
        assert_eq!((expiry::run(app).await.unwrap(), expiry::run(app).await.unwrap()), (1, 0));
        assert_eq!((recorded(app, "break_glass.expire").await, recorded(app, "grant.expire").await), (1, 0));
        // The review waits on, and the next emergency is another one.
        let owner = watch.story.owner();
        assert_eq!(views::waiting_count(app, owner).await.unwrap(), 1);
        let again = world.sign_in("guard").await;
        let second = break_glass::open(app, &again, &watch.wish(Some(480))).await.unwrap();
        assert_ne!(second.glass.id, opened.glass.id);
        assert_eq!(views::waiting_count(app, owner).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn opening_and_reviewing_want_the_password_again() {
    for watch in Watch::each().await {
        let (app, world) = (watch.app(), &watch.story.stage.world);
        world.wait(TimeDelta::minutes(11));
        refused(break_glass::open(app, &watch.guard.caller, &watch.wish(None)).await, Code::Reauthenticate, None);
        let guard = world.sign_in("guard").await;
        let glass = break_glass::open(app, &guard, &watch.wish(None)).await.unwrap().glass.id;
        let said = (BreakGlassVerdict::Confirmed, "Seen");
        refused(break_glass::review(app, watch.story.owner(), glass, said).await, Code::Reauthenticate, None);
        refused(break_glass::open(app, &guard, &watch.wish(Some(481))).await, Code::Invalid, Some("minutes"));
    }
}

#[tokio::test]
async fn a_running_query_ends_with_the_emergency() {
    for watch in Watch::each().await {
        let (app, guard) = (watch.app(), &watch.guard.caller);
        let glass = break_glass::open(app, guard, &watch.wish(None)).await.unwrap().glass.id;
        let csv = Format::Csv { spreadsheet_safe: false };
        let running = run::run(app, guard, &watch.ask().await, csv).await.unwrap();
        break_glass::end(app, watch.story.owner(), glass).await.unwrap();
        refused(body(running).await, Code::Cancelled, None);
        let running = break_glass::open(app, guard, &watch.wish(None)).await.unwrap().glass.id;
        let answer = run::run(app, guard, &watch.ask().await, csv).await.unwrap();
        let said = (BreakGlassVerdict::Objected, "We were there");
        break_glass::review(app, watch.story.owner(), running, said).await.unwrap();
        refused(body(answer).await, Code::Cancelled, None);
    }
}
