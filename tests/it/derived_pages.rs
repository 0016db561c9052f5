//! The portal's pages for derived tables: written, run, changed, closed to strangers, removed; and who acts as accounts.

use lakegate_tests::{Browser, Server, both, upload, wait::eventually};

use crate::derived::Side;

/// A team with a table and an account, and its owner's browser.
struct Place {
    side: Side,
    browser: Browser,
    /// The path of the project.
    project: String,
    /// The path of its derived tables.
    path: String,
}

impl Place {
    async fn of(app: &Server) -> Self {
        let domain = app.domain("Market").await;
        let team = app.team("olga", &domain, "Producer", "lake").await;
        let people = b"id,city\n1,Oslo\n2,Rome\n3,Oslo\n".to_vec();
        upload::asset(upload::upload(&team.owner, &team.environment.id, "people", "people.csv", people).await);
        let project = format!("/projects/{}", team.project);
        let path = format!("{project}/derived");
        Self { side: Side::of(team).await, browser: app.browser("olga").await, project, path }
    }

    fn sql(&self) -> String {
        format!("select city, count(*) as people from {} group by city", self.side.table("people"))
    }

    /// What the form of a new derived table sends.
    fn fields<'a>(&'a self, name: &'a str, sql: &'a str) -> Vec<(&'a str, &'a str)> {
        let environment = self.side.team.environment.id.as_str();
        vec![("name", name), ("environment", environment), ("account", self.side.account.as_str()), ("sql", sql)]
    }

    /// Makes a derived table by the form; gives its path.
    async fn made(&self, name: &str) -> String {
        let sql = self.sql();
        self.browser.submit(&self.path, &self.fields(name, &sql)).await.is(303).header("location").to_owned()
    }

    /// Runs a derived table and waits for its end; the page then.
    async fn built(&self, derived: &str) -> String {
        self.browser.submit(&format!("{derived}/run"), &[]).await.is(303);
        eventually("the end of a run", async || {
            let page = self.browser.open(derived).await.is(200).text();
            (!page.contains("hx-trigger=\"every")).then_some(page)
        })
        .await
    }
}

fn says(page: &str, all: &[&str]) {
    for words in all {
        assert!(page.contains(words), "{words:?} is not on the page:\n{page}");
    }
}

both!(
    async fn a_derived_table_is_written_run_and_changed(app) {
        let place = Place::of(app).await;
        let browser = &place.browser;
        says(&browser.open(&format!("{}/queries", place.project)).await.is(200).text(), &[&place.path]);
        says(&browser.open(&place.path).await.is(200).text(), &["No derived tables", "New derived table"]);
        says(&browser.open(&format!("{}/new", place.path)).await.is(200).text(), &["worker", "Environment"]);
        let derived = place.made("by_city").await;
        assert!(derived.starts_with(&format!("{}/", place.path)), "{derived}");
        says(&browser.open(&derived).await.is(200).text(), &["Never built", "It has not run yet", "Run now", "worker"]);

        let page = place.built(&derived).await;
        says(&page, &["Built", "from version 1", "Succeeded", "/jobs/runs/", "In the table", "Open the table", "Ran version 1"]);
        assert!(!page.contains("Never built"), "{page}");
        let asset = page.split_once("nowrap\" href=\"/assets/").unwrap().1.split_once('"').unwrap().0;
        says(&browser.open(&format!("/assets/{asset}")).await.is(200).text(), &["Made by", &derived]);
        says(&browser.open(&place.path).await.text(), &["by_city", "select city", "Last 1 run", "Succeeded"]);

        let edit = format!("{derived}/edit");
        let other = format!("select city from {}", place.side.table("people"));
        let revised = |version| vec![("version", version), ("account", place.side.account.as_str()), ("sql", other.as_str())];
        browser.submit(&edit, &revised("1")).await.is(303);
        let page = browser.open(&derived).await.text();
        says(&page, &["The latest definition has not run yet", "from version 1", "Version 2"]);
        // Whoever changes what somebody else has changed meanwhile is told, keeps his words, and may go on.
        let page = browser.submit(&edit, &revised("1")).await.is(409).text();
        says(&page, &["Somebody else has saved another version", "name=\"version\" value=\"2\"", "select city from"]);
        browser.submit(&edit, &revised("2")).await.is(303);
        says(&browser.open(&format!("{derived}/versions")).await.is(200).text(), &["Version 3", "Version 1", "Latest"]);

        // It is started by schedule and by triggers as a workflow is.
        let timing = format!("{derived}/schedule");
        let page = browser.submit(&timing, &[("cron", "at six"), ("zone", "UTC")]).await.is(422).text();
        says(&page, &["at six", "aria-invalid=\"true\""]);
        browser.submit(&timing, &[("interval", "86400"), ("zone", "UTC")]).await.is(303);
        says(&browser.open(&derived).await.text(), &["Next"]);
        let trigger = [("on", "table_changed"), ("name", "New people"), ("batch_events", "1"), ("enabled", "yes")];
        browser.submit(&format!("{derived}/triggers"), &trigger).await.is(303);
        says(&browser.open(&derived).await.text(), &["New people"]);

        let remove = format!("{derived}/remove");
        says(&browser.submit(&remove, &[("confirm", "by")]).await.is(422).text(), &["This is not the name"]);
        browser.submit(&remove, &[("confirm", "by_city")]).await.is(303);
        browser.open(&derived).await.is(404);
        browser.open(&format!("/assets/{asset}")).await.is(200);
    }
);

both!(
    async fn what_is_wrong_stands_at_its_field(app) {
        let place = Place::of(app).await;
        let sql = place.sql();
        let nowhere = "018f0000-0000-7000-8000-000000000000";
        let environment = place.side.team.environment.id.clone();
        let form = |name: &'static str, environment: &str, account: &str, sql: &str| {
            [("name", name), ("environment", environment), ("account", account), ("sql", sql)]
                .map(|(field, value)| (field, value.to_owned()))
        };
        let account = place.side.account.clone();
        for (fields, status, wrong) in [
            (form("by city", &environment, &account, &sql), 422, "name"),
            (form("people", &environment, &account, &sql), 409, "name"),
            (form("by_city", "", &account, &sql), 422, "environment"),
            (form("by_city", nowhere, &account, &sql), 422, "environment"),
            (form("by_city", &environment, "", &sql), 422, "account"),
            (form("by_city", &environment, nowhere, &sql), 422, "account"),
            (form("by_city", &environment, &account, "select nothing from nowhere"), 422, "sql"),
        ] {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(field, value)| (*field, value.as_str())).collect();
            let page = place.browser.submit(&place.path, &fields).await.is(status).text();
            let at = page.split_once("aria-invalid=\"true\"").map(|(_, rest)| rest).unwrap_or_default();
            assert!(at.contains(&format!("aria-describedby=\"f-{wrong}-help")), "{wrong}: {page}");
            let before = page.split_once("aria-invalid=\"true\"").unwrap().0;
            assert!(before.rsplit_once("<label for=\"f-").unwrap().1.starts_with(wrong), "{wrong}: {page}");
        }
        assert!(!place.browser.open(&place.path).await.text().contains("by_city"));
    }
);

both!(
    async fn a_saved_query_becomes_a_table(app) {
        let place = Place::of(app).await;
        let sql = place.sql();
        let saved = [("name", "People by city"), ("description", ""), ("sql", sql.as_str())];
        place.browser.submit(&format!("{}/queries", place.project), &saved).await.is(303);
        let list = place.browser.open(&format!("{}/queries", place.project)).await.is(200).text();
        let to = list.split_once("/derived/new?query=").unwrap().1.split_once('"').unwrap().0;
        let form = place.browser.open(&format!("{}/new?query={to}", place.path)).await.is(200).text();
        says(&form, &["value=\"people_by_city\"", "select city, count(*) as people"]);
        place.browser.open(&format!("{}/new?query=018f0000-0000-7000-8000-000000000000", place.path)).await.is(404);
    }
);

both!(
    async fn viewers_look_and_strangers_know_of_nothing(app) {
        let place = Place::of(app).await;
        let derived = place.made("by_city").await;
        place.built(&derived).await;
        let viewer = app.person("vera").await;
        place.side.team.join(&viewer, "viewer").await;
        app.person("sam").await;
        let (viewer, stranger) = (app.browser("vera").await, app.browser("sam").await);
        for path in [place.path.clone(), derived.clone(), format!("{derived}/versions")] {
            let page = viewer.open(&path).await.is(200).text();
            let own = page.split_once("<main").unwrap().1;
            assert!(!own.contains("<form") && !own.contains("/edit") && !own.contains("/new"), "{path}: {own}");
            stranger.open(&path).await.is(404);
        }
        let sql = place.sql();
        let revised = vec![("version", "1"), ("account", place.side.account.as_str()), ("sql", sql.as_str())];
        for (path, fields) in [
            (place.path.clone(), place.fields("another", &sql)),
            (format!("{derived}/edit"), revised),
            (format!("{derived}/schedule"), vec![("interval", "86400")]),
            (format!("{derived}/remove"), vec![("confirm", "by_city")]),
        ] {
            viewer.submit(&path, &fields).await.is(403);
            stranger.submit(&path, &fields).await.is(404);
        }
        viewer.submit(&format!("{derived}/run"), &[]).await.is(303);
        says(&viewer.open(&derived).await.text(), &["toast danger"]);
        stranger.submit(&format!("{derived}/run"), &[]).await.is(404);
        // Below another project it is absent.
        let other = app.team_of(app.person("nora").await, &app.domain("Stock").await, "Neighbours", "pond").await;
        let id = derived.rsplit('/').next().unwrap();
        app.browser("nora").await.open(&format!("/projects/{}/derived/{id}", other.project)).await.is(404);
    }
);

both!(
    async fn an_owner_names_who_acts_as_an_account(app) {
        let place = Place::of(app).await;
        let clara = app.person("clara").await;
        place.side.team.join(&clara, "contributor").await;
        let writes = app.browser("clara").await;
        let new = format!("{}/new", place.path);
        says(&writes.open(&new).await.is(200).text(), &["you may act as none of this project"]);
        let sql = place.sql();
        writes.submit(&place.path, &place.fields("by_city", &sql)).await.is(403);

        let accounts = format!("{}/accounts", place.project);
        let actors = format!("{accounts}/{}/actors", place.side.account);
        let page = place.browser.open(&accounts).await.is(200).text();
        says(&page, &["Owners may always", &actors, &format!("value=\"{}\"", clara.id)]);
        writes.submit(&actors, &[("user", &clara.id)]).await.is(303);
        assert!(writes.open(&new).await.text().contains("you may act as none"), "nobody names himself");
        place.browser.submit(&actors, &[("user", &clara.id)]).await.is(303);
        says(&place.browser.open(&accounts).await.text(), &["Remove<span class=\"visually-hidden\"> clara"]);
        let own = writes.open(&accounts).await.is(200).text();
        assert!(own.split_once("<main").unwrap().1.contains("clara") && !own.contains(&actors), "{own}");

        let made = writes.submit(&place.path, &place.fields("by_city", &sql)).await.is(303);
        let derived = made.header("location").to_owned();
        place.browser.submit(&format!("{actors}/remove"), &[("user", &clara.id)]).await.is(303);
        let again = [("version", "1"), ("account", place.side.account.as_str()), ("sql", "select 1 as one")];
        writes.submit(&format!("{derived}/edit"), &again).await.is(403);
    }
);
