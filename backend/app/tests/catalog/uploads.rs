//! Files that people bring.

use bytes::Bytes;
use chrono::TimeDelta;
use futures::stream;
use lakegate_app::sources::{
    unfinished,
    upload::{self, Target, Uploaded},
};
use lakegate_model::{
    Clock, Code, Fault,
    clock::SystemClock,
    words::{ColumnState, ProjectRole},
};

use crate::{
    stage::{Stage, columns},
    support::{Person, refused},
};

async fn send(stage: &Stage, person: &Person, target: &Target, text: &str) -> Result<Uploaded, Fault> {
    let chunks: Vec<Result<Bytes, String>> =
        text.as_bytes().chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    upload::upload(stage.app(), &person.caller, target, "sales.csv", stream::iter(chunks)).await
}

fn new(stage: &Stage, table: &str) -> Target {
    Target::New { environment: stage.environment, table: table.into() }
}

/// Files that no table names, young ones too. Files carry the machine's time.
async fn orphans(stage: &Stage) -> Vec<String> {
    let later = SystemClock.now() + TimeDelta::days(1);
    upload::orphans(stage.app(), stage.environment, later).await.unwrap()
}

#[tokio::test]
async fn an_upload_becomes_a_table_and_takes_more() {
    for stage in Stage::each().await {
        let first = send(&stage, &stage.owner, &new(&stage, "sales"), "id,price\n1,2.50\n2,\n").await.unwrap();
        assert_eq!(first.rows, 2);
        let view = stage.view(&stage.owner, first.asset).await;
        assert_eq!((view.asset.name.as_str(), columns(&view)), ("sales", vec!["id", "price"]));
        assert_eq!(view.table.as_ref().unwrap().1, "sales");
        stage.publish(first.asset, "Sales").await;

        let more = Target::Append { asset: first.asset };
        let second = send(&stage, &stage.owner, &more, "id,price,note\n3,4.25,x\n").await.unwrap();
        assert_eq!((second.table, second.rows), (first.table, 1));
        let view = stage.view(&stage.owner, first.asset).await;
        assert_eq!(view.totals.unwrap().files, 2);
        assert_eq!(view.columns[2].column.state, ColumnState::Pending);
        assert_eq!(orphans(&stage).await, [""; 0]);
    }
}

#[tokio::test]
async fn what_is_refused_leaves_no_file() {
    for stage in Stage::each().await {
        let made = send(&stage, &stage.owner, &new(&stage, "t"), "id,price\n1,2.50\n").await.unwrap();
        let again = send(&stage, &stage.owner, &new(&stage, "t"), "id\n1\n").await;
        refused(again, Code::Conflict, Some("table"));
        let more = Target::Append { asset: made.asset };
        let unlike = send(&stage, &stage.owner, &more, "id,price\n1,cheap\n").await;
        let fault = refused(unlike, Code::Unprocessable, Some("file"));
        assert!(!fault.to_string().contains("cheap"), "{fault}");
        let strange = send(&stage, &stage.owner, &more, "city,zip\nBerlin,10115\n").await;
        let fault = refused(strange, Code::Unprocessable, Some("file"));
        assert!(fault.message.ends_with("it has city, zip, the table has id, price"), "{fault}");
        let empty = send(&stage, &stage.owner, &new(&stage, "empty"), "").await;
        assert!(empty.is_err());
        let large = "x".repeat(9 << 20);
        let large = send(&stage, &stage.owner, &new(&stage, "large"), &large).await;
        refused(large, Code::TooLarge, None);
        assert_eq!(orphans(&stage).await, [""; 0]);
        assert_eq!(stage.inventory().await.len(), 1);
    }
}

/// Files that have a note: an upload is between its file and its row.
fn under_way(stage: &Stage) -> usize {
    unfinished::list(&stage.app().settings.data_dir).unwrap().len()
}

#[tokio::test]
async fn whoever_leaves_after_the_last_byte_leaves_no_file_without_a_row() {
    let stage = Stage::each().await.remove(0);
    let mut left = 0;
    for round in 0..10 {
        let (app, caller) = (stage.app().clone(), stage.owner.caller.clone());
        let target = new(&stage, &format!("t{round}"));
        let sent = tokio::spawn(async move {
            let chunks = stream::iter([Ok::<_, String>(Bytes::from_static(b"a,b\n1,2\n"))]);
            upload::upload(&app, &caller, &target, "t.csv", chunks).await
        });
        while under_way(&stage) == 0 && !sent.is_finished() {
            tokio::task::yield_now().await;
        }
        sent.abort();
        left += usize::from(sent.await.is_err());
        while under_way(&stage) > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(left > 0, "no upload was left between its file and its row");
    assert_eq!(orphans(&stage).await, [""; 0]);
    for asset in stage.inventory().await {
        assert_eq!(stage.view(&stage.owner, asset.id).await.totals.unwrap().files, 1);
    }
}

#[tokio::test]
async fn uploads_are_for_contributors() {
    for stage in Stage::each().await {
        let viewer = stage.world.person("vera").await;
        stage.world.join(&stage.owner, stage.project, &viewer, ProjectRole::Viewer).await;
        refused(send(&stage, &viewer, &new(&stage, "t"), "a\n1\n").await, Code::Forbidden, None);
        refused(send(&stage, &stage.outsider, &new(&stage, "t"), "a\n1\n").await, Code::NotFound, None);
        let helper = stage.world.person("carl").await;
        stage.world.join(&stage.owner, stage.project, &helper, ProjectRole::Contributor).await;
        send(&stage, &helper, &new(&stage, "t"), "a\n1\n").await.unwrap();
        stage.write("c/x.csv", "a\n1\n");
        let (_, crawled) = stage.crawled("c").await;
        let more = send(&stage, &stage.owner, &Target::Append { asset: crawled }, "a\n1\n").await;
        refused(more, Code::Conflict, Some("asset"));
    }
}

#[tokio::test]
async fn what_a_crash_left_is_found() {
    for stage in Stage::each().await {
        let made = send(&stage, &stage.owner, &new(&stage, "t"), "a\n1\n").await.unwrap();
        let table = stage.app().settings.data_dir.join("lake").join(stage.project.to_string());
        let folder = walk(&table).into_iter().find(|path| path.ends_with("_tables/t")).unwrap();
        std::fs::write(folder.join("part-lost.parquet"), "x").unwrap();
        assert_eq!(orphans(&stage).await, ["t/part-lost.parquet"]);
        assert_eq!(stage.view(&stage.owner, made.asset).await.totals.unwrap().files, 1);
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.flat_map(|path| walk(&path).into_iter().chain([path.clone()]).collect::<Vec<_>>()).collect()
}
