//! How long runs are kept: by age and by count, failed ones until somebody has looked after them.

use chrono::TimeDelta;
use lakegate_app::{
    Caller, Identity,
    jobs::{
        self, Keep,
        runs::{self, Wanted},
    },
    sources::runs as of_source,
};
use lakegate_model::{PageRequest, ids::RunId, words::JobState};

use crate::stage::Stage;

const LONG: TimeDelta = TimeDelta::days(90);

/// The owner as his identity provider names him: his session ends while the clock moves.
fn owner(stage: &Stage) -> Caller {
    Caller { identity: Identity::External(stage.owner.id), ..stage.owner.caller.clone() }
}

async fn kept(stage: &Stage) -> Vec<RunId> {
    let page = runs::list(stage.app(), &owner(stage), &Wanted::default(), &PageRequest::default()).await.unwrap();
    page.items.into_iter().map(|view| view.run.id).collect()
}

#[tokio::test]
async fn the_latest_of_each_kind_are_kept_and_failures_until_somebody_has_looked() {
    for stage in Stage::each().await {
        stage.write("prices/prices.csv", "id,price\n1,2.5\n");
        let source = stage.source("prices", None).await;
        std::fs::remove_dir_all(stage.world.folder("in").join("prices")).unwrap();
        let failed = of_source::start(stage.app(), &owner(&stage), source.id).await.unwrap().id;
        stage.work_off().await;
        assert_eq!(runs::get(stage.app(), &owner(&stage), failed).await.unwrap().run.state, JobState::Failed);
        stage.write("prices/prices.csv", "id,price\n1,2.5\n");
        for _ in 0..5 {
            stage.world.wait(TimeDelta::seconds(1));
            of_source::start(stage.app(), &owner(&stage), source.id).await.unwrap();
            stage.work_off().await;
        }
        let all = kept(&stage).await;
        assert_eq!((all.len(), all.last()), (6, Some(&failed)));

        jobs::forget(stage.app(), Keep { age: LONG, runs: 6 }).await.unwrap();
        assert_eq!(kept(&stage).await, all, "as many as are kept");
        jobs::forget(stage.app(), Keep { age: LONG, runs: 3 }).await.unwrap();
        assert_eq!(kept(&stage).await, [&all[..3], &[failed]].concat());
        runs::discard(stage.app(), &owner(&stage), failed).await.unwrap();
        jobs::forget(stage.app(), Keep { age: LONG, runs: 3 }).await.unwrap();
        assert_eq!(kept(&stage).await, all[..3]);

        stage.world.wait(LONG - TimeDelta::seconds(60));
        jobs::forget(stage.app(), Keep { age: LONG, runs: 3 }).await.unwrap();
        assert_eq!(kept(&stage).await, all[..3]);
        stage.world.wait(TimeDelta::seconds(120));
        jobs::forget(stage.app(), Keep { age: LONG, runs: 3 }).await.unwrap();
        assert_eq!(kept(&stage).await, []);
    }
}
