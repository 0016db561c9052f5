//! Deprecating, archiving, certifying; levels of discovery and unlisted columns.

use lakegate_app::{
    access::{
        decisions::{self, Approval},
        notices,
        requests::{self, Wish},
    },
    catalog::{
        assets::{self, Standing},
        edit::{self, AssetEdit, ColumnEdit},
        publish::{self, Deprecation},
    },
    places::{domains, environments},
};
use lakegate_model::{
    Code, PageRequest,
    ids::{AssetId, ProjectId, SubscriptionId},
    words::{AssetStatus, Discover, ProjectRole},
};

use crate::{
    stage::{Stage, columns},
    support::{Person, refused},
};

async fn published(stage: &Stage, folder: &str, title: &str) -> AssetId {
    stage.write(&format!("{folder}/{folder}.csv"), "id,salary\n1,2.50\n");
    let (_, id) = stage.crawled(folder).await;
    stage.publish(id, title).await;
    id
}

/// A project of the outsider that can receive tables.
async fn consumer(stage: &Stage) -> ProjectId {
    let project = stage.world.project(&stage.outsider, stage.domain, "Marketing").await;
    let new = environments::NewEnvironment { project, name: "use".into(), location: None, connection: None };
    environments::create(stage.app(), &stage.outsider.caller, &new).await.unwrap();
    project
}

async fn subscribed(stage: &Stage, person: &Person, project: ProjectId, id: AssetId) -> SubscriptionId {
    let wish = Wish { project, assets: vec![id], reason: "a report".into(), columns: None, until: None };
    let [request] = requests::request(stage.app(), &person.caller, &wish).await.unwrap().try_into().unwrap();
    assert!(matches!(stage.view(person, id).await.standing, Standing::Requested(_)));
    let approval = Approval { reason: "fine".into(), ..Approval::default() };
    decisions::approve(stage.app(), &stage.owner.caller, request, &approval).await.unwrap()
}

#[tokio::test]
async fn deprecated_then_archived() {
    for stage in Stage::each().await {
        let (app, owner) = (stage.app(), &stage.owner.caller);
        let old = published(&stage, "old", "Old sales").await;
        let next = published(&stage, "next", "New sales").await;
        let consumer = consumer(&stage).await;
        let subscription = subscribed(&stage, &stage.outsider, consumer, old).await;
        assert_eq!(stage.view(&stage.outsider, old).await.standing, Standing::Subscriber);

        let revision = stage.view(&stage.owner, old).await.asset.revision;
        let how = Deprecation { successor: Some(next), from: None, note: "use the new one".into() };
        refused(publish::deprecate(app, &stage.outsider.caller, old, revision, &how).await, Code::Forbidden, None);
        let itself = Deprecation { successor: Some(old), ..how.clone() };
        refused(publish::deprecate(app, owner, old, revision, &itself).await, Code::Invalid, Some("successor"));
        let deprecated = publish::deprecate(app, owner, old, revision, &how).await.unwrap();
        assert_eq!(deprecated.status, AssetStatus::Deprecated);
        let notices = notices::list(app, &stage.outsider.caller, &PageRequest::default()).await.unwrap();
        assert!(notices.items.iter().any(|notice| notice.title == "Old sales is deprecated"), "{notices:?}");
        let view = stage.view(&stage.outsider, old).await;
        assert_eq!(view.successor, Some((next, "New sales".to_owned())));

        let stay = publish::archive(app, owner, old, deprecated.revision).await;
        assert!(refused(stay, Code::Conflict, None).message.contains("1 projects still subscribe"));
        lakegate_app::access::subscriptions::revoke(app, owner, subscription, "moved on").await.unwrap();
        let archived = publish::archive(app, owner, old, deprecated.revision).await.unwrap();
        assert_eq!(archived.status, AssetStatus::Archived);
        refused(assets::view(app, &stage.outsider.caller, old).await, Code::NotFound, None);
        assert_eq!(stage.hits(&stage.outsider, "old sales").await, 0);
        assert_eq!(stage.hits(&stage.owner, "old sales").await, 1);
        refused(publish::publish(app, owner, old, archived.revision).await, Code::Conflict, Some("status"));
    }
}

#[tokio::test]
async fn a_deprecation_is_taken_back() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "A").await;
        let revision = stage.view(&stage.owner, id).await.asset.revision;
        let how = Deprecation::default();
        let gone = publish::deprecate(stage.app(), &stage.owner.caller, id, revision, &how).await.unwrap();
        assert_eq!(stage.view(&stage.outsider, id).await.standing, Standing::Listed);
        let back = publish::undeprecate(stage.app(), &stage.owner.caller, id, gone.revision).await.unwrap();
        assert_eq!((back.status, back.deprecated_from), (AssetStatus::Published, None));
        assert_eq!(stage.view(&stage.outsider, id).await.standing, Standing::Requestable);
    }
}

#[tokio::test]
async fn levels_of_discovery() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "Hidden treasure").await;
        let set = |level| AssetEdit { discover: Some(level), ..AssetEdit::default() };
        for (level, standing) in [
            (Some(Discover::Listed), Some(Standing::Listed)),
            (Some(Discover::Hidden), None),
            (Some(Discover::Open), Some(Standing::Requestable)),
            (None, Some(Standing::Requestable)),
        ] {
            let view = stage.edit(id, &set(level)).await;
            assert_eq!(view.discover, level.unwrap_or(Discover::Requestable));
            let seen = assets::view(stage.app(), &stage.outsider.caller, id).await;
            assert_eq!(seen.map(|view| view.standing).ok(), standing, "{level:?}");
            assert_eq!(stage.hits(&stage.outsider, "treasure").await, usize::from(standing.is_some()), "{level:?}");
            assert_eq!(stage.hits(&stage.owner, "treasure").await, 1);
        }
        let hide = domains::DomainChange { discover: Some(Discover::Hidden), ..domains::DomainChange::default() };
        domains::update(stage.app(), &stage.admin.caller, stage.domain, &hide).await.unwrap();
        assert_eq!(stage.hits(&stage.outsider, "treasure").await, 0, "the domain's default holds");
        refused(assets::view(stage.app(), &stage.outsider.caller, id).await, Code::NotFound, None);
    }
}

#[tokio::test]
async fn unlisted_columns_are_for_members() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "People").await;
        let salary = stage.view(&stage.owner, id).await.columns[1].column.id;
        assert_eq!(stage.hits(&stage.outsider, "salary").await, 1);
        let unlist = ColumnEdit { unlisted: Some(true), tags: Some(vec!["Money".into()]), ..ColumnEdit::of(salary) };
        stage.edit(id, &AssetEdit { columns: vec![unlist], ..AssetEdit::default() }).await;
        assert_eq!(columns(&stage.view(&stage.outsider, id).await), ["id"]);
        assert_eq!(columns(&stage.view(&stage.owner, id).await), ["id", "salary"]);
        assert_eq!(stage.hits(&stage.outsider, "salary").await, 0);
        assert_eq!(stage.hits(&stage.owner, "salary").await, 1);
        assert_eq!(stage.hits(&stage.outsider, "tag:money").await, 0, "a tag would betray the column");
    }
}

#[tokio::test]
async fn stewards_certify() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "A").await;
        let steward = stage.world.person("stella").await;
        domains::add_steward(stage.app(), &stage.admin.caller, stage.domain, steward.id).await.unwrap();
        refused(publish::certify(stage.app(), &stage.owner.caller, id, true).await, Code::Forbidden, None);
        assert!(publish::certify(stage.app(), &steward.caller, id, true).await.unwrap().certified);
        assert!(stage.view(&stage.outsider, id).await.asset.certified);
    }
}

#[tokio::test]
async fn the_second_of_two_who_save_is_told() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "A").await;
        let revision = stage.view(&stage.owner, id).await.asset.revision;
        let title = |title: &str| AssetEdit { title: Some(title.into()), ..AssetEdit::default() };
        let (app, owner) = (stage.app(), &stage.owner.caller);
        let saved = edit::update(app, owner, id, revision, &title("B")).await.unwrap();
        assert_eq!(saved.asset.revision, revision + 1);
        refused(edit::update(app, owner, id, revision, &title("C")).await, Code::Conflict, Some("revision"));
        let same = edit::update(app, owner, id, revision + 1, &title("B")).await.unwrap();
        assert_eq!(same.asset.revision, revision + 1, "nothing changed, no revision");
        refused(edit::update(app, &stage.outsider.caller, id, 1, &title("D")).await, Code::Forbidden, None);
        let viewer = stage.world.person("vera").await;
        stage.world.join(&stage.owner, stage.project, &viewer, ProjectRole::Viewer).await;
        refused(edit::update(app, &viewer.caller, id, 1, &title("D")).await, Code::Forbidden, None);
        let stranger = AssetEdit { owner: Some(Some(stage.outsider.id)), ..AssetEdit::default() };
        refused(edit::update(app, owner, id, revision + 1, &stranger).await, Code::Invalid, Some("owner"));
        let tag = AssetEdit { tags: Some(vec!["a,b".into()]), ..AssetEdit::default() };
        refused(edit::update(app, owner, id, revision + 1, &tag).await, Code::Invalid, Some("tags"));
        let column = saved.columns[0].column.id;
        let twice = AssetEdit {
            columns: vec![ColumnEdit::of(column), ColumnEdit { title: Some("x\0".into()), ..ColumnEdit::of(column) }],
            ..AssetEdit::default()
        };
        refused(edit::update(app, owner, id, revision + 1, &twice).await, Code::Invalid, Some("columns[1].id"));
    }
}

#[tokio::test]
async fn governed_tags_come_off_by_a_steward_alone() {
    for stage in Stage::each().await {
        let id = published(&stage, "a", "A").await;
        let tags = |tags: &[&str]| AssetEdit {
            tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
            ..AssetEdit::default()
        };
        let revision = stage.edit(id, &tags(&["pii", "x"])).await.asset.revision;
        let (app, owner) = (stage.app(), &stage.owner.caller);
        refused(edit::update(app, owner, id, revision, &tags(&["x"])).await, Code::Forbidden, Some("tags"));
        assert_eq!(stage.edit(id, &tags(&["pii"])).await.tags, ["pii"]);
        domains::add_steward(app, &stage.admin.caller, stage.domain, stage.owner.id).await.unwrap();
        assert_eq!(stage.edit(id, &tags(&[])).await.tags, [""; 0]);
    }
}

#[tokio::test]
async fn a_grant_that_names_an_unlisted_column_shows_it() {
    for stage in Stage::each().await {
        let app = stage.app();
        let id = published(&stage, "a", "People").await;
        let all = stage.view(&stage.owner, id).await.columns;
        let (key, salary) = (all[0].column.id, all[1].column.id);
        let consumer = consumer(&stage).await;
        let wish = Wish {
            project: consumer,
            assets: vec![id],
            reason: "a report".into(),
            columns: Some(vec![key, salary]),
            until: None,
        };
        let [request] = requests::request(app, &stage.outsider.caller, &wish).await.unwrap().try_into().unwrap();
        let approval = Approval { reason: "fine".into(), ..Approval::default() };
        decisions::approve(app, &stage.owner.caller, request, &approval).await.unwrap();
        let unlist = ColumnEdit { unlisted: Some(true), ..ColumnEdit::of(salary) };
        stage.edit(id, &AssetEdit { columns: vec![unlist], ..AssetEdit::default() }).await;
        let stranger = stage.world.person("sven").await;
        assert_eq!(columns(&stage.view(&stage.outsider, id).await), ["id", "salary"]);
        assert_eq!(columns(&stage.view(&stranger, id).await), ["id"]);
        assert_eq!((stage.hits(&stage.outsider, "salary").await, stage.hits(&stranger, "salary").await), (1, 0));
    }
}
