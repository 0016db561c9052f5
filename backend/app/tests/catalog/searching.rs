//! The follower, the rebuild, and facets with names.

use lakegate_app::{
    accounts::me,
    catalog::{
        edit::AssetEdit,
        follow,
        reindex::{self, Progress},
        search::{self, Facet, Query},
    },
};
use lakegate_store::{changes, in_read};
use std::{sync::Mutex, time::Duration};
use tokio_util::sync::CancellationToken;

use crate::stage::Stage;

async fn three(stage: &Stage) {
    for (folder, title) in [("a", "Catalog sales"), ("b", "Store sales"), ("c", "Web returns")] {
        stage.write(&format!("{folder}/{folder}.csv"), "id,price\n1,2.50\n");
        let (_, id) = stage.crawled(folder).await;
        stage.edit(id, &AssetEdit { tags: Some(vec!["retail".into()]), ..AssetEdit::default() }).await;
        if folder != "b" {
            stage.publish(id, title).await;
        }
    }
}

async fn answers(stage: &Stage) -> Vec<Vec<String>> {
    let mut answers = Vec::new();
    for person in [&stage.owner, &stage.outsider] {
        for text in ["", "sales", "retunrs", "tag:retail", "price", "column:id", "b"] {
            answers.push(stage.search(person, text).await.hits.into_iter().map(|hit| hit.key).collect());
        }
    }
    answers
}

#[tokio::test]
async fn a_rebuilt_index_answers_the_same_and_sees_later_changes() {
    for stage in Stage::each().await {
        three(&stage).await;
        let before = answers(&stage).await;
        assert!(before.iter().any(|hits| hits.len() >= 2));
        let seen = Mutex::new(Vec::new());
        let done = reindex::reindex(stage.app(), &|progress| seen.lock().unwrap().push(progress)).await.unwrap();
        assert!(done.documents >= 3);
        assert!(matches!(seen.into_inner().unwrap().last(), Some(Progress::CatchingUp { .. })));
        assert_eq!(answers(&stage).await, before);
        let first = stage.inventory().await[0].id;
        stage.edit(first, &AssetEdit { title: Some("Mail orders".into()), ..AssetEdit::default() }).await;
        assert_eq!(stage.hits(&stage.outsider, "\"mail orders\"").await, 1);
    }
}

#[tokio::test]
async fn an_owner_is_found_under_his_new_name() {
    for stage in Stage::each().await {
        three(&stage).await;
        let owned = stage.hits(&stage.owner, "owner:zebulon").await;
        assert_eq!(owned, 0);
        me::set_profile(stage.app(), &stage.owner.caller, "Zebulon Quist", None).await.unwrap();
        assert_eq!(stage.hits(&stage.owner, "zebulon").await, 3);
    }
}

#[tokio::test]
async fn changes_long_past_are_forgotten_and_an_index_that_missed_them_is_rebuilt() {
    for stage in Stage::each().await {
        three(&stage).await;
        let before = answers(&stage).await;
        let app = stage.app();
        assert_eq!(follow::forget(app).await.unwrap(), 0, "so few are kept");
        let forgotten = follow::forget_all_but(app, 2).await.unwrap();
        let (last, oldest) = in_read!(&app.db, |tx, _scope| {
            Ok((changes::change_last(tx).await?, changes::change_oldest(tx).await?))
        })
        .unwrap();
        assert!(forgotten > 0 && oldest == last - 1, "{forgotten} forgotten, {oldest} of {last}");
        assert_eq!(answers(&stage).await, before);
        // What the index has not taken up is never forgotten.
        let first = stage.inventory().await[0].id;
        stage.edit(first, &AssetEdit { title: Some("Mail orders".into()), ..AssetEdit::default() }).await;
        follow::forget_all_but(app, 0).await.unwrap();
        assert_eq!(stage.hits(&stage.outsider, "\"mail orders\"").await, 1);
    }
}

#[tokio::test]
async fn writes_go_on_while_the_index_is_rebuilt() {
    for stage in Stage::each().await {
        three(&stage).await;
        let first = stage.inventory().await[0].id;
        let writing = async {
            for n in 0..20 {
                stage.edit(first, &AssetEdit { title: Some(format!("Title number{n}")), ..AssetEdit::default() }).await;
            }
        };
        let (rebuilt, ()) = tokio::join!(reindex::reindex(stage.app(), &|_| {}), writing);
        rebuilt.unwrap();
        assert_eq!(stage.hits(&stage.outsider, "number19").await, 1);
        assert_eq!(stage.hits(&stage.outsider, "\"title number3\"").await, 0);
    }
}

#[tokio::test]
async fn the_follower_takes_up_what_is_committed() {
    for stage in Stage::each().await {
        let stop = CancellationToken::new();
        let follower = tokio::spawn(follow::follow(stage.app().clone(), stop.clone()));
        three(&stage).await;
        let last = in_read!(&stage.app().db, |tx, _scope| { Ok(changes::change_last(tx).await?) }).unwrap();
        assert!(stage.app().search.wait_until(last, Duration::from_secs(60)).await);
        assert!(!stage.app().search.wait_until(last + 1, Duration::ZERO).await);
        assert_eq!(stage.hits(&stage.outsider, "catalog sales").await, 1);
        stop.cancel();
        follower.await.unwrap();
        assert_eq!(follow::catch_up(stage.app()).await.unwrap(), last);
    }
}

#[tokio::test]
async fn facets_and_suggestions_show_what_the_caller_may_see() {
    for stage in Stage::each().await {
        three(&stage).await;
        let query = Query { facets: vec![Facet::Project, Facet::Tag, Facet::Domain], ..Query::default() };
        let found = search::search(stage.app(), &stage.outsider.caller, query).await.unwrap();
        let facets: Vec<Vec<(&str, u64)>> = found
            .facets
            .iter()
            .map(|facet| facet.values.iter().map(|value| (value.label.as_str(), value.count)).collect())
            .collect();
        let expected = [("Sales producer project", 2), ("retail", 2), ("Commerce", 2)];
        assert_eq!(facets, expected.map(|value| vec![value]));
        let names = search::suggest(stage.app(), &stage.outsider.caller, "cat", 10).await.unwrap();
        assert_eq!(names.iter().map(|name| name.text.text.as_str()).collect::<Vec<_>>(), ["Catalog sales"]);
    }
}
