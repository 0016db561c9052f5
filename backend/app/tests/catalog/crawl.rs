//! Data sources: what a run finds, what a later run finds new, and what interrupts it.

use chrono::TimeDelta;
use lakegate_app::{
    Caller,
    catalog::{
        assets::{self, Standing},
        edit::{AssetEdit, ColumnEdit},
        publish, revisions, suggestions,
    },
    sources::{manage, runs},
};
use lakegate_model::{
    Code, PageRequest,
    columns::ColumnType,
    words::{AssetStatus, ColumnState, ProjectRole, RunState, SuggestionState},
};
use lakegate_store::{in_write, job_claims};

use crate::{
    stage::{Stage, case, columns},
    support::refused,
};

#[tokio::test]
async fn catalog_sales_from_the_folder_to_the_first_hit() {
    for stage in Stage::each().await {
        stage.write("sales/catalog_sales.csv", std::fs::read(case("catalog_sales.csv")).unwrap());
        let source = stage.source("sales", None).await;
        let run = stage.run(&source).await;
        let outcome = run.outcome.unwrap();
        assert_eq!((run.state, outcome.tables_new, outcome.files), (RunState::Succeeded, 1, 1));
        let [asset] = stage.inventory().await.try_into().unwrap();
        assert_eq!((asset.name.as_str(), asset.status, asset.revision), ("catalog_sales", AssetStatus::Inventory, 1));
        let view = stage.view(&stage.owner, asset.id).await;
        assert_eq!(view.columns.len(), 12);
        assert_eq!(view.columns[3].column.column_type, ColumnType::Decimal { precision: 3, scale: 1 }, "list_price");
        assert_eq!(view.standing, Standing::Member(ProjectRole::Owner));
        assert_eq!(view.totals.unwrap().files, 1);
        assert_eq!(view.owner_name, "olga");
        names_are_taken_up_one_by_one(&stage, asset.id).await;
        publishing_takes_two_steps(&stage, asset.id).await;
    }
}

/// Adding files can change the name that a run gives, and never which table it is.
#[tokio::test]
async fn a_second_file_of_a_kind_joins_the_table_of_the_first() {
    for stage in Stage::each().await {
        for (folder, first, second) in [
            ("a", "orders-2020.csv", "orders-2021.csv"),
            ("b", "x/orders.csv", "x/more.csv"),
            ("c", "q1.csv", "q2.csv"),
        ] {
            stage.write(&format!("{folder}/{first}"), "id,price\n1,2.50\n");
            let (source, asset) = stage.crawled(folder).await;
            let before = stage.view(&stage.owner, asset).await;
            stage.write(&format!("{folder}/{second}"), "id,price\n2,3.50\n");
            let outcome = stage.run(&source).await.outcome.unwrap();
            assert_eq!((outcome.tables_new, outcome.tables_changed), (0, 1), "{folder}");
            let after = stage.view(&stage.owner, asset).await;
            assert_eq!((after.table, after.asset.name), (before.table, before.asset.name), "{folder}");
            assert_eq!(after.totals.unwrap().files, 2, "{folder}");
            assert_eq!(stage.run(&source).await.outcome.unwrap().tables_same, 1, "{folder}");
        }
        assert_eq!(stage.inventory().await.len(), 3);
    }
}

async fn names_are_taken_up_one_by_one(stage: &Stage, id: lakegate_model::ids::AssetId) {
    let (app, owner) = (stage.app(), &stage.owner.caller);
    let proposed = suggestions::list(app, owner, id).await.unwrap();
    assert_eq!(proposed.len(), 13);
    let of = |value: &str| proposed.iter().find(|suggestion| suggestion.value == value).unwrap().id;
    assert_eq!(stage.hits(&stage.owner, "\"ship customer key\"").await, 0, "an unaccepted name is not searched");
    let view = suggestions::accept(app, owner, of("Ship customer key")).await.unwrap();
    assert!(view.columns.iter().any(|shown| shown.column.title == "Ship customer key"));
    assert_eq!(stage.hits(&stage.owner, "\"ship customer key\"").await, 1);
    suggestions::reject(app, owner, of("Item key")).await.unwrap();
    refused(suggestions::accept(app, owner, of("Item key")).await, Code::Conflict, None);
    refused(suggestions::accept(app, &stage.outsider.caller, of("Discount")).await, Code::NotFound, None);
    let view = suggestions::accept_all(app, owner, id).await.unwrap();
    let untitled: Vec<_> = view.columns.iter().filter(|shown| shown.column.title.is_empty()).collect();
    assert_eq!(untitled.len(), 1);
    assert_eq!((view.asset.title.as_str(), view.suggestions.len()), ("Catalog sales", 0));
}

async fn publishing_takes_two_steps(stage: &Stage, id: lakegate_model::ids::AssetId) {
    let (app, owner, outsider) = (stage.app(), &stage.owner.caller, &stage.outsider.caller);
    assert_eq!(stage.hits(&stage.outsider, "catalog sales").await, 0);
    refused(assets::view(app, outsider, id).await, Code::NotFound, None);
    let ready = publish::readiness(app, owner, id).await.unwrap();
    assert_eq!(ready.missing.iter().map(|missing| missing.field).collect::<Vec<_>>(), ["description"]);
    let refusal = publish::publish(app, owner, id, ready.revision).await;
    refused(refusal, Code::Unprocessable, Some("description"));
    refused(publish::publish(app, owner, id, ready.revision - 1).await, Code::Conflict, Some("revision"));
    let published = stage.publish(id, "Catalog Sales Data").await;
    assert_eq!(published.status, AssetStatus::Published);
    assert_eq!(stage.hits(&stage.outsider, "catalog sales").await, 1);
    let view = stage.view(&stage.outsider, id).await;
    assert_eq!(view.standing, Standing::Requestable);
    assert_eq!((view.columns.len(), view.totals, view.table.clone(), view.may_edit), (12, None, None, false));
    refused(publish::publish(app, outsider, id, published.revision).await, Code::Forbidden, None);
    refused(publish::publish(app, owner, id, published.revision).await, Code::Conflict, Some("status"));
}

#[tokio::test]
async fn a_later_run_finds_files_and_columns_and_keeps_words() {
    for stage in Stage::each().await {
        stage.write("orders/daily/part-0000.csv", "id,amount\n1,2.50\n2,3.75\n");
        let (source, id) = stage.crawled("orders").await;
        let amount = stage.view(&stage.owner, id).await.columns[1].column.id;
        let words = ColumnEdit { description: Some("In euros.".into()), ..ColumnEdit::of(amount) };
        stage.edit(id, &AssetEdit { columns: vec![words], ..AssetEdit::default() }).await;
        let published = stage.publish(id, "Orders").await;

        let same = stage.run(&source).await.outcome.unwrap();
        assert_eq!((same.tables_same, same.tables_changed), (1, 0));
        assert_eq!(stage.view(&stage.owner, id).await.asset.revision, published.revision);

        stage.write("orders/daily/part-0001.csv", "id,amount\n3,4.25\n");
        assert_eq!(stage.run(&source).await.outcome.unwrap().tables_changed, 1);
        let lines = compare(&stage, id, published.revision).await;
        assert!(lines.contains(&"files from \"1\" to \"2\"".to_owned()), "{lines:?}");

        for part in ["part-0000.csv", "part-0001.csv"] {
            stage.write(&format!("orders/daily/{part}"), "id,amount,note\n1,2.50,x\n");
        }
        stage.run(&source).await;
        assert_eq!(stage.inventory().await.len(), 1);
        let lines = compare(&stage, id, published.revision + 1).await;
        assert!(lines.contains(&"column note added (text, pending)".to_owned()), "{lines:?}");
        a_new_column_is_closed_until_released(&stage, id, amount).await;
    }
}

async fn compare(stage: &Stage, id: lakegate_model::ids::AssetId, from: i64) -> Vec<String> {
    let now = stage.view(&stage.owner, id).await.asset.revision;
    assert_eq!(now, from + 1);
    let lines = revisions::compare(stage.app(), &stage.owner.caller, id, (from, now)).await.unwrap();
    lines.iter().map(ToString::to_string).collect()
}

async fn a_new_column_is_closed_until_released(
    stage: &Stage,
    id: lakegate_model::ids::AssetId,
    amount: lakegate_model::ids::ColumnId,
) {
    let (app, owner) = (stage.app(), &stage.owner.caller);
    let view = stage.view(&stage.owner, id).await;
    assert_eq!(view.columns[1].column.id, amount);
    assert_eq!(view.columns[1].column.description, "In euros.");
    let note = view.columns[2].column.clone();
    assert_eq!((note.name.as_str(), note.state), ("note", ColumnState::Pending));
    assert_eq!(columns(&stage.view(&stage.outsider, id).await), ["id", "amount"]);
    assert_eq!(stage.hits(&stage.outsider, "column:note").await, 0);
    assert_eq!(stage.hits(&stage.owner, "column:note").await, 1);
    let page = PageRequest::default();
    let seen = revisions::list(app, &stage.outsider.caller, id, &page).await.unwrap().items;
    assert_eq!(seen.iter().map(|step| step.summary.as_str()).collect::<Vec<_>>(), ["published"]);
    refused(publish::release(app, &stage.outsider.caller, id, &[note.id]).await, Code::Forbidden, None);
    publish::release(app, owner, id, &[note.id]).await.unwrap();
    refused(publish::release(app, owner, id, &[note.id]).await, Code::Conflict, Some("columns"));
    assert_eq!(columns(&stage.view(&stage.outsider, id).await), ["id", "amount", "note"]);
    assert_eq!(stage.hits(&stage.outsider, "column:note").await, 1);
}

#[tokio::test]
async fn a_column_that_goes_and_returns_is_the_same_one_and_closed() {
    for stage in Stage::each().await {
        stage.write("t/t.csv", "a,b\n1,2\n");
        let (source, id) = stage.crawled("t").await;
        stage.publish(id, "T").await;
        let b = stage.view(&stage.owner, id).await.columns[1].column.id;
        stage.write("t/t.csv", "a\n1\n");
        stage.run(&source).await;
        assert_eq!(columns(&stage.view(&stage.owner, id).await), ["a"]);
        stage.write("t/t.csv", "a,b\n1,3\n");
        stage.run(&source).await;
        let back = stage.view(&stage.owner, id).await.columns[1].column.clone();
        assert_eq!((back.id, back.state), (b, ColumnState::Pending));
    }
}

#[tokio::test]
async fn companies_are_two_tables() {
    for stage in Stage::each().await {
        for path in ["companies/continent=us/part-00000.csv", "companies/continent=eu/part-00000.csv", "owners.csv"] {
            stage.write(&format!("c/{path}"), std::fs::read(case("companies").join(path)).unwrap());
        }
        let source = stage.source("c", None).await;
        assert_eq!(stage.run(&source).await.outcome.unwrap().tables_new, 2);
        let [companies, owners] = stage.inventory().await.try_into().unwrap();
        assert_eq!((companies.name.as_str(), owners.name.as_str()), ("companies", "owners"));
        let view = stage.view(&stage.owner, companies.id).await;
        let last = &view.columns.last().unwrap().column;
        assert_eq!((last.name.as_str(), last.is_partition), ("continent", true));
        assert_eq!(view.totals.unwrap().partitions, 2);
        assert_eq!(stage.view(&stage.owner, owners.id).await.columns.len(), 7);

        let asia = "companies/continent=asia/part-00000.csv";
        stage.write(&format!("c/{asia}"), std::fs::read(case("companies").join(asia)).unwrap());
        let outcome = stage.run(&source).await.outcome.unwrap();
        assert_eq!((outcome.tables_changed, outcome.tables_same), (1, 1));
        let lines = compare(&stage, companies.id, 1).await;
        assert!(lines.contains(&"partitions from \"2\" to \"3\"".to_owned()), "{lines:?}");
        assert!(!lines.concat().contains("asia"), "values of partitions are cells: {lines:?}");
    }
}

#[tokio::test]
async fn a_file_beside_a_single_one_joins_its_table() {
    for stage in Stage::each().await {
        stage.write("x/sales_2020.csv", "a,b\n1,2\n");
        let (source, id) = stage.crawled("x").await;
        stage.write("x/sales_2021.csv", "a,b\n3,4\n");
        let outcome = stage.run(&source).await.outcome.unwrap();
        assert_eq!((outcome.tables_new, outcome.tables_changed), (0, 1));
        assert_eq!(stage.view(&stage.owner, id).await.totals.unwrap().files, 2);
    }
}

#[tokio::test]
async fn two_sources_with_tables_of_one_name() {
    for stage in Stage::each().await {
        stage.write("one/t.csv", "a\n1\n");
        stage.write("two/t.csv", "b\n1\n");
        let (first, _) = stage.crawled("one").await;
        let (second, id) = stage.crawled("two").await;
        assert_eq!(stage.view(&stage.owner, id).await.asset.name, "t_2");
        for source in [first, second] {
            assert_eq!(stage.run(&source).await.outcome.unwrap().tables_same, 1);
        }
        assert_eq!(stage.inventory().await.len(), 2);
    }
}

#[tokio::test]
async fn a_folder_that_vanished_fails_the_run_and_nothing_else() {
    for stage in Stage::each().await {
        stage.write("gone/t.csv", "a\n1\n");
        let (source, id) = stage.crawled("gone").await;
        std::fs::remove_dir_all(stage.world.folder("in").join("gone")).unwrap();
        let run = stage.run(&source).await;
        assert_eq!(run.state, RunState::Failed);
        assert!(run.error.unwrap().contains("the folder is gone"));
        let view = stage.view(&stage.owner, id).await;
        assert_eq!((view.columns.len(), view.totals.unwrap().files), (1, 1));
    }
}

#[tokio::test]
async fn a_table_that_vanished_is_kept_and_said_so() {
    for stage in Stage::each().await {
        stage.write("two/a.csv", "a\n1\n");
        stage.write("two/b.csv", "x,y\n1,2\n");
        let source = stage.source("two", None).await;
        stage.run(&source).await;
        std::fs::remove_file(stage.world.folder("in").join("two/b.csv")).unwrap();
        let outcome = stage.run(&source).await.outcome.unwrap();
        assert_eq!(outcome.skipped, ["table b was not found any more; it is kept"]);
        assert_eq!(stage.inventory().await.len(), 2);
    }
}

#[tokio::test]
async fn intervals_come_round() {
    for stage in Stage::each().await {
        stage.write("i/t.csv", "a\n1\n");
        let source = stage.source("i", Some(3_600)).await;
        assert_eq!(stage.work_off().await, 1, "the first run is due at once");
        assert_eq!(stage.work_off().await, 0);
        stage.world.wait(TimeDelta::minutes(59));
        assert_eq!(stage.work_off().await, 0);
        stage.world.wait(TimeDelta::minutes(1));
        assert_eq!(stage.work_off().await, 1);
        let listed = runs::list(stage.app(), &stage.owner.caller, source.id, &PageRequest::default()).await.unwrap();
        assert!(listed.items.iter().all(|run| run.trigger_kind == "schedule"));
        assert_eq!(listed.items.len(), 2);
    }
}

#[tokio::test]
async fn a_run_of_a_dead_worker_is_taken_up_again() {
    for stage in Stage::each().await {
        stage.write("d/t.csv", "a\n1\n");
        let source = stage.source("d", None).await;
        let run = runs::start(stage.app(), &stage.owner.caller, source.id).await.unwrap();
        let again = runs::start(stage.app(), &stage.owner.caller, source.id).await.unwrap();
        assert_eq!(run.id, again.id, "one open run a source");
        let now = stage.app().now();
        let lease = TimeDelta::seconds(30);
        let lost = in_write!(&stage.app().db, |tx, _scope| {
            Ok(job_claims::take(tx, run.id, stage.app().new_id(), (now, now + lease)).await?)
        });
        let lost = lost.unwrap().unwrap();
        assert_eq!(stage.work_off().await, 0, "its worker may still live");
        stage.world.wait(lease + TimeDelta::seconds(1));
        assert_eq!(stage.work_off().await, 1);
        let run = runs::get(stage.app(), &stage.owner.caller, run.id).await.unwrap();
        assert_eq!((run.state, run.attempt), (RunState::Succeeded, 2));
        let beat = in_write!(&stage.app().db, |tx, _scope| {
            Ok(job_claims::holds(tx, (lost.id, lost.attempt), stage.app().now()).await?)
        });
        assert!(!beat.unwrap(), "the former worker has lost the run");
    }
}

#[tokio::test]
async fn runs_are_cancelled_and_sources_removed() {
    for stage in Stage::each().await {
        stage.write("r/t.csv", "a\n1\n");
        let (source, id) = stage.crawled("r").await;
        let (app, owner) = (stage.app(), &stage.owner.caller);
        let run = runs::start(app, owner, source.id).await.unwrap();
        refused(manage::remove(app, owner, source.id).await, Code::Conflict, None);
        refused(runs::cancel(app, &stage.outsider.caller, run.id).await, Code::NotFound, None);
        assert_eq!(runs::cancel(app, owner, run.id).await.unwrap().state, RunState::Cancelled);
        refused(runs::cancel(app, owner, run.id).await, Code::Conflict, None);
        assert_eq!(stage.work_off().await, 0);
        manage::remove(app, owner, source.id).await.unwrap();
        refused(manage::get(app, owner, source.id).await, Code::NotFound, None);
        assert_eq!(stage.view(&stage.owner, id).await.source_name, None);
    }
}

#[tokio::test]
async fn sources_are_for_contributors_and_keep_to_their_places() {
    for stage in Stage::each().await {
        let app = stage.app();
        let viewer = stage.world.person("vera").await;
        stage.world.join(&stage.owner, stage.project, &viewer, ProjectRole::Viewer).await;
        let new = |location: String| manage::NewSource {
            environment: stage.environment,
            name: "s".into(),
            location,
            connection: None,
            interval_seconds: None,
        };
        let inside = new(format!("{}a/", stage.world.folder_uri("in")));
        refused(manage::create(app, &viewer.caller, &inside).await, Code::Forbidden, None);
        refused(manage::create(app, &stage.outsider.caller, &inside).await, Code::NotFound, None);
        let outside = new(stage.world.folder_uri("elsewhere"));
        assert!(manage::create(app, &stage.owner.caller, &outside).await.is_err());
        let bucket = new("s3://bucket/x/".into());
        refused(manage::create(app, &stage.owner.caller, &bucket).await, Code::Invalid, Some("connection"));
        let hasty = manage::NewSource { interval_seconds: Some(1), ..inside.clone() };
        refused(manage::create(app, &stage.owner.caller, &hasty).await, Code::Invalid, Some("interval_seconds"));
        let source = manage::create(app, &stage.owner.caller, &inside).await.unwrap();
        refused(runs::start(app, &viewer.caller, source.id).await, Code::Forbidden, None);
        assert_eq!(manage::get(app, &viewer.caller, source.id).await.unwrap(), source);
        let anonymous = Caller { identity: lakegate_app::Identity::Anonymous, ..viewer.caller.clone() };
        refused(manage::get(app, &anonymous, source.id).await, Code::Unauthenticated, None);
    }
}

#[tokio::test]
async fn a_rejected_name_stays_away() {
    for stage in Stage::each().await {
        stage.write("n/t.csv", "cust_addr_sk\n1\n");
        let (source, id) = stage.crawled("n").await;
        let proposed = suggestions::list(stage.app(), &stage.owner.caller, id).await.unwrap();
        let name = proposed.iter().find(|suggestion| suggestion.value == "Customer address key").unwrap();
        suggestions::reject(stage.app(), &stage.owner.caller, name.id).await.unwrap();
        stage.write("n/t.csv", "cust_addr_sk,qty\n1,2\n");
        stage.run(&source).await;
        let all = suggestions::list(stage.app(), &stage.owner.caller, id).await.unwrap();
        let mut open: Vec<&str> =
            all.iter().filter(|s| s.state == SuggestionState::Open).map(|s| s.value.as_str()).collect();
        open.sort_unstable();
        assert_eq!(open, ["Quantity", "T"]);
    }
}
