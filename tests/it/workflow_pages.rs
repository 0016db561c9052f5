//! The portal's pages for workflows: written, started, watched, mended, run over days, removed.

use lakegate_tests::{
    Browser, Server, both,
    files::write,
    story::{self, Team, folder_uri},
    wait::eventually,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// A project with a data source, whose folder can be put aside, and its owner's browser.
struct Place {
    team: Team,
    source: String,
    folder: PathBuf,
    browser: Browser,
    /// The path of the project's workflows.
    path: String,
}

impl Place {
    async fn of(app: &Server) -> Self {
        let domain = app.domain("Sales").await;
        let team = app.team("olga", &domain, "Producer", "lake").await;
        let folder = app.files().join("prices");
        write(&folder.join("prices.csv"), b"id,price\n1,2.50\n");
        let source = story::source(&team, "Price lists", &folder_uri(&folder)).await;
        let path = format!("/projects/{}/workflows", team.project);
        Self { source, folder, browser: app.browser("olga").await, path, team }
    }

    fn look(&self) -> Value {
        json!({ "name": "look", "kind": "crawl", "subject": self.source, "tries": 1 })
    }

    /// Makes a workflow by the form; gives its path.
    async fn made(&self, name: &str, steps: Value) -> String {
        let definition = json!({ "steps": steps }).to_string();
        let fields = [("name", name), ("definition", definition.as_str())];
        self.browser.submit(&self.path, &fields).await.is(303).header("location").to_owned()
    }

    /// Starts a workflow; gives the path of the run.
    async fn started(&self, workflow: &str, input: &str) -> String {
        let begun = self.browser.submit(&format!("{workflow}/start"), &[("input", input)]).await.is(303);
        let to = begun.header("location").to_owned();
        assert!(to.starts_with(&format!("{workflow}/runs/")), "{to}");
        to
    }
}

/// The page once nothing on it goes on any more: it does not look again by itself.
async fn ended(browser: &Browser, path: &str) -> String {
    eventually("the end of what a page shows", async || {
        let page = browser.open(path).await.is(200).text();
        (!page.contains("hx-trigger=\"every")).then_some(page)
    })
    .await
}

fn says(page: &str, all: &[&str]) {
    for words in all {
        assert!(page.contains(words), "{words:?} is not on the page:\n{page}");
    }
}

both!(
    async fn a_workflow_is_written_started_and_what_failed_is_tried_again(app) {
        let place = Place::of(app).await;
        let browser = &place.browser;
        says(&browser.open(&place.path).await.is(200).text(), &["No workflow", "New workflow"]);
        let form = browser.open(&format!("{}/new", place.path)).await.is(200).text();
        says(&form, &["Price lists", &place.source, "&#34;kind&#34;: &#34;crawl&#34;"]);
        let then = json!({ "name": "then", "kind": "crawl", "subject": place.source,
            "after": [{ "step": "look" }] });
        let sorry = json!({ "name": "sorry", "kind": "crawl", "subject": place.source, "tries": 1,
            "after": [{ "step": "look", "on": "failed" }] });
        let workflow = place.made("Nightly", json!([place.look(), then, sorry])).await;
        let page = browser.open(&workflow).await.is(200).text();
        says(&page, &["Nightly", "It has not run yet", "if it failed", "Looks through Price lists", "Version 1"]);

        let aside = app.files().join("aside");
        fs::rename(&place.folder, &aside).unwrap();
        let run = place.started(&workflow, "").await;
        // The step for failures fails as well: it reads the same folder.
        let page = ended(browser, &run).await;
        says(&page, &["Failed", "Skipped", "Try again what failed", "/jobs/runs/", "3 of 3 steps", "0 of 1"]);
        assert!(!page.contains(">Stop<"), "{page}");
        // The run of the queue that worked on a part leads back to it.
        let (_, part) = page.split_once("/jobs/runs/").unwrap();
        let part = format!("/jobs/runs/{}", part.split('"').next().unwrap());
        says(&browser.open(&part).await.is(200).text(), &["Part of", &run]);
        let page = browser.open(&place.path).await.text();
        says(&page, &["3 steps, version 1", "Last 1 run", "1 failed"]);

        fs::rename(&aside, &place.folder).unwrap();
        browser.submit(&format!("{run}/retry"), &[]).await.is(303);
        let page = ended(browser, &run).await;
        says(&page, &["Succeeded", "1 of 1", "2 runs", "tables_new"]);
        assert!(!page.contains("Try again what failed"), "{page}");
        // What has succeeded is neither tried again nor stopped.
        for verb in ["retry", "cancel"] {
            browser.submit(&format!("{run}/{verb}"), &[]).await.is(303);
            assert!(browser.open(&run).await.text().contains("toast danger"));
        }
    }
);

both!(
    async fn a_definition_that_cannot_be_carried_out_comes_back_with_its_place(app) {
        let place = Place::of(app).await;
        let browser = &place.browser;
        let elsewhere = "018f0000-0000-7000-8000-000000000000";
        let step = |subject: &str, after: &str| {
            json!({ "steps": [place.look(), { "name": "shops", "kind": "crawl", "subject": subject,
                "after": [{ "step": after }] }] })
            .to_string()
        };
        for (definition, told) in [
            ("{ \"steps\": [ }".to_owned(), "at line 1 column 14"),
            (json!({ "steps": [{ "name": "look", "kind": "crawl", "surprise": 1 }] }).to_string(), "unknown field `surprise`"),
            (json!({ "steps": [] }).to_string(), "A workflow has 1 to 200 steps, not 0"),
            (step(&place.source, "nobody"), "In the step shops, at after[0].step: there is no step &#34;nobody&#34;. One of: look, shops."),
            (step(elsewhere, "look"), "In the step shops, at subject: there is no such data source"),
            (json!({ "steps": [{ "name": "tell", "kind": "notify" }] }).to_string(), "In the step tell, at kind: no step may do work"),
        ] {
            let fields = [("name", "Broken one"), ("definition", definition.as_str())];
            let page = browser.submit(&place.path, &fields).await.is(422).text();
            let typed = definition.replace('"', "&#34;");
            says(&page, &[told, "Broken one", &typed, "aria-invalid=\"true\""]);
        }
        let workflow = place.made("Taken", json!([place.look()])).await;
        let definition = json!({ "steps": [place.look()] }).to_string();
        let again = browser.submit(&place.path, &[("name", "TAKEN"), ("definition", &definition)]).await;
        says(&again.is(409).text(), &["aria-invalid=\"true\"", "TAKEN"]);

        // Whoever changes what somebody else has changed meanwhile is told, keeps his words, and may go on.
        let edit = format!("{workflow}/edit");
        let two = json!({ "steps": [place.look(), { "name": "again", "kind": "crawl", "subject": place.source }] }).to_string();
        browser.submit(&edit, &[("version", "1"), ("definition", &two)]).await.is(303);
        let page = browser.submit(&edit, &[("version", "1"), ("definition", &definition)]).await.is(409).text();
        says(&page, &["Somebody else has saved another version", "/versions/2", "name=\"version\" value=\"2\""]);
        browser.submit(&edit, &[("version", "2"), ("definition", &definition)]).await.is(303);
        let all = browser.open(&format!("{workflow}/versions")).await.is(200).text();
        says(&all, &["Version 3", "Version 2", "2 steps", "Version 1"]);
        says(&browser.open(&format!("{workflow}/versions/2")).await.is(200).text(), &["again", "Start this version"]);
        browser.open(&format!("{workflow}/versions/4")).await.is(404);
        says(&browser.open(&format!("{edit}?from=2")).await.is(200).text(), &["again", "name=\"version\" value=\"3\""]);
        let old = browser.submit(&format!("{workflow}/start"), &[("version", "2")]).await.is(303);
        says(&ended(browser, old.header("location")).await, &["version 2", "2 of 2 steps"]);
    }
);

both!(
    async fn members_see_contributors_change_and_strangers_know_of_nothing(app) {
        let place = Place::of(app).await;
        let workflow = place.made("Nightly", json!([place.look()])).await;
        let run = place.started(&workflow, "").await;
        ended(&place.browser, &run).await;
        let days = [("first", "2026-05-03"), ("last", "2026-05-03")];
        let begun = place.browser.submit(&format!("{workflow}/backfills"), &days).await.is(303);
        let backfill = begun.header("location").to_owned();
        ended(&place.browser, &backfill).await;
        let pages = [
            place.path.clone(),
            workflow.clone(),
            format!("{workflow}/versions"),
            format!("{workflow}/versions/1"),
            format!("{workflow}/backfills"),
            run.clone(),
            backfill.clone(),
        ];
        let viewer = app.person("vera").await;
        place.team.join(&viewer, "viewer").await;
        app.person("sam").await;
        let (viewer, stranger) = (app.browser("vera").await, app.browser("sam").await);
        for path in &pages {
            let page = viewer.open(path).await.is(200).text();
            let own = page.split_once("<main").unwrap().1;
            assert!(!own.contains("<form") && !own.contains("/edit") && !own.contains("/new"), "{path}: {own}");
            stranger.open(path).await.is(404);
        }
        let definition = json!({ "steps": [place.look()] }).to_string();
        let forms = [
            (place.path.clone(), vec![("name", "Another"), ("definition", definition.as_str())]),
            (format!("{workflow}/edit"), vec![("version", "1"), ("definition", definition.as_str())]),
            (format!("{workflow}/start"), vec![]),
            (format!("{workflow}/rename"), vec![("name", "Mine")]),
            (format!("{workflow}/remove"), vec![("confirm", "Nightly")]),
            (format!("{workflow}/backfills"), days.to_vec()),
        ];
        for (path, fields) in &forms {
            viewer.submit(path, fields).await.is(403);
            stranger.submit(path, fields).await.is(404);
        }
        for path in [format!("{run}/retry"), format!("{run}/cancel"), format!("{backfill}/cancel")] {
            viewer.submit(&path, &[]).await.is(303);
            assert!(viewer.open(&workflow).await.text().contains("toast danger"), "{path}");
            stranger.submit(&path, &[]).await.is(404);
        }
        assert!(!viewer.open(&place.path).await.text().contains("Another"));

        // Below another project, or another workflow, they are absent.
        let other = app.team_of(app.person("nora").await, &app.domain("Stock").await, "Neighbours", "pond").await;
        let nora = app.browser("nora").await;
        let id = workflow.rsplit('/').next().unwrap();
        nora.open(&format!("/projects/{}/workflows/{id}", other.project)).await.is(404);
        let second = place.made("Second", json!([place.look()])).await;
        for path in [&run, &backfill] {
            place.browser.open(&path.replace(&workflow, &second)).await.is(404);
        }
    }
);

both!(
    async fn parts_days_names_and_the_end_of_a_workflow(app) {
        let place = Place::of(app).await;
        let browser = &place.browser;
        let each = json!([{ "name": "each", "kind": "crawl", "subject": { "from": "item" },
            "for_each": { "from": "input.sources" }, "at_most": 2 }]);
        let workflow = place.made("Each of them", each).await;
        // The form begins with the input that the steps name.
        let page = browser.open(&workflow).await.text();
        says(&page, &["each of input.sources, 2 at once", "&#34;sources&#34;: [", &place.source, "href=\"#start\""]);
        let start = format!("{workflow}/start");
        for (input, told) in [("{ nothing", "This is no JSON"), ("[1]", "The input of a run is an object")] {
            let page = browser.submit(&start, &[("input", input)]).await.is(422).text();
            says(&page, &[told, input]);
        }
        let input = json!({ "sources": vec![place.source.clone(); 30] }).to_string();
        let run = place.started(&workflow, &input).await;
        let page = ended(browser, &run).await;
        says(&page, &["30 of 30", "Parts of", "rel=\"next\"", "Price lists"]);
        let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
        let rest = browser.open(&next).await.is(200).text();
        assert_eq!(rest.matches("The run of part").count(), 5, "{rest}");

        let backfills = format!("{workflow}/backfills");
        let days = |first: &'static str, last: &'static str, most: &'static str, input: &'static str| {
            [("first", first), ("last", last), ("at_most", most), ("days_input", input)]
        };
        for (fields, told) in [
            (days("", "2026-05-04", "1", ""), "This is no day"),
            (days("2026-05-05", "2026-05-04", "1", ""), "A backfill is over 1 to 3660 days"),
            (days("2026-05-03", "2026-05-04", "many", ""), "This is a whole number"),
            (days("2026-05-03", "2026-05-04", "0", ""), "A number from 1 to 100"),
            (days("2026-05-03", "2026-05-04", "1", "[]"), "The input of a run is an object"),
        ] {
            let page = browser.submit(&backfills, &fields).await.is(422).text();
            says(&page, &[told, fields[1].1]);
        }
        let begun = browser.submit(&backfills, &days("2026-05-03", "2026-05-05", "2", "{\"sources\": []}")).await.is(303);
        let page = ended(browser, begun.header("location")).await;
        says(&page, &["2026-05-03 to 2026-05-05", "3 days: 3 succeeded", "2026-05-04", "&#34;sources&#34;: []"]);
        let again = browser.submit(&backfills, &days("2026-05-03", "2026-05-05", "", "")).await.is(303);
        says(&ended(browser, again.header("location")).await, &["Nothing was left to do", "3 left out, done before"]);
        says(&browser.open(&workflow).await.text(), &["3 days: 3 succeeded", "backfill, 2026-05-05"]);

        browser.submit(&format!("{workflow}/rename"), &[("name", "")]).await.is(422);
        browser.submit(&format!("{workflow}/rename"), &[("name", "All of them")]).await.is(303);
        let remove = format!("{workflow}/remove");
        let page = browser.submit(&remove, &[("confirm", "Each of them")]).await.is(422).text();
        says(&page, &["This is not the name of the workflow"]);
        browser.submit(&remove, &[("confirm", "All of them")]).await.is(303);
        browser.open(&workflow).await.is(404);
        says(&browser.open(&place.path).await.text(), &["All of them is gone", "No workflow"]);
    }
);

both!(
    async fn what_starts_a_workflow_is_set_on_its_page(app) {
        let place = Place::of(app).await;
        let (browser, team) = (&place.browser, &place.team);
        let workflow = place.made("Nightly", json!([place.look()])).await;
        says(&browser.open(&workflow).await.is(200).text(), &["By hand", "New trigger", "Start it by schedule"]);
        let at = format!("{workflow}/schedule");
        let wrong = browser.submit(&at, &[("cron", "every day"), ("zone", "UTC")]).await.is(422).text();
        assert!(wrong.contains("every day"), "{wrong}");
        browser.submit(&at, &[("cron", "0 6 * * MON-FRI"), ("zone", "Europe/Berlin")]).await.is(303);
        says(&browser.open(&workflow).await.text(), &["Schedule saved", "value=\"0 6 * * MON-FRI\"", "Next"]);
        // It stands among what comes, with a link.
        says(&browser.open("/jobs").await.is(200).text(), &["Nightly", &workflow]);
        browser.submit(&at, &[("interval", "86400")]).await.is(303);
        let page = browser.open(&workflow).await.text();
        assert!(!page.contains("value=\"0 6 * * MON-FRI\"") && page.contains("Every day"), "{page}");
        for _ in 0..2 {
            browser.submit(&at, &[("interval", "")]).await.is(303);
            says(&browser.open(&workflow).await.text(), &["By hand"]);
        }

        // Objects arrive nowhere in a workflow; it waits for the data source instead.
        let form = browser.open(&format!("{workflow}/triggers/new")).await.is(200).text();
        says(&form, &["Price lists", "Another run ends", "Somebody calls"]);
        assert!(!form.contains("An object arrives"), "{form}");
        let other = place.made("Afterwards", json!([place.look()])).await;
        let form = browser.open(&format!("{workflow}/triggers/new?on=run_ended")).await.text();
        says(&form, &["Afterwards (workflow)"]);
        let watched = other.rsplit('/').next().unwrap();
        let fields = [("on", "run_ended"), ("name", "After the other"), ("watched", watched), ("enabled", "yes")];
        let made = browser.submit(&format!("{workflow}/triggers"), &fields).await.is(303).header("location").to_owned();
        says(&browser.open(&made).await.is(200).text(), &["After the other", "Nightly", "Another run ends"]);
        says(&browser.open(&workflow).await.text(), &["After the other"]);
        // One that would start what it waits for comes back with what was typed.
        let circle = [("on", "run_ended"), ("name", "In a circle"), ("watched", &place.source), ("enabled", "yes")];
        says(&browser.submit(&format!("{workflow}/triggers"), &circle).await.is(409).text(), &["In a circle", "without an end"]);
        browser.submit(&format!("{made}/remove"), &[]).await.is(303);
        assert!(!browser.open(&workflow).await.text().contains("After the other</a>"));

        let viewer = app.person("vera").await;
        team.join(&viewer, "viewer").await;
        let viewer = app.browser("vera").await;
        let page = viewer.open(&workflow).await.is(200).text();
        assert!(!page.contains("Start it by schedule") && !page.contains("New trigger"), "{page}");
        viewer.submit(&at, &[("interval", "86400")]).await.is(403);
        app.person("sam").await;
        let stranger = app.browser("sam").await;
        stranger.submit(&at, &[("interval", "86400")]).await.is(404);
        stranger.open(&format!("{workflow}/triggers/new")).await.is(404);
    }
);
