//! Schedules start runs: once each, whoever plans, whatever was missed.

use chrono::TimeDelta;
use lakegate_jobs::{Queue, schedule};
use lakegate_model::{
    PageRequest,
    ids::ScheduleId,
    jobs::{JobRun, JobSchedule},
    words::CatchUp,
};
use lakegate_store::{in_read, in_write, job_runs, job_schedules};
use serde_json::json;
use std::time::Instant;
use uuid::Uuid;

use crate::bench_kind::{Bench, project};

fn every(bench: &Bench, number: u128, seconds: i64, catch_up: CatchUp) -> JobSchedule {
    let now = bench.now();
    JobSchedule {
        id: ScheduleId(Uuid::from_u128(number)),
        kind: "note".into(),
        project_id: project(number % 7 + 1),
        subject_id: None,
        name: format!("schedule {number}"),
        cron: None,
        every_seconds: Some(seconds),
        once_at: None,
        zone: "UTC".into(),
        jitter_seconds: 0,
        catch_up,
        input: json!({}),
        enabled: true,
        next_tick: Some(now + TimeDelta::seconds(seconds)),
        next_at: Some(now + TimeDelta::seconds(seconds)),
        last_tick: None,
        version: 1,
        created_by: "ann".into(),
        created_at: now,
        changed_at: now,
    }
}

async fn keep(bench: &Bench, schedules: &[JobSchedule]) {
    in_write!(bench.db(), |tx, _scope| {
        for schedule in schedules {
            job_schedules::schedule_insert(tx, schedule).await?;
        }
        Ok(())
    })
    .unwrap();
}

async fn runs(bench: &Bench) -> Vec<JobRun> {
    let page = PageRequest { size: 10_000, after: None };
    let filter = job_runs::RunFilter::default();
    in_read!(bench.db(), |tx, _scope| { Ok(job_runs::run_list(tx, &filter, &page).await?.items) }).unwrap()
}

/// The queue of a second server on the same database, whose clock stands where the first one's does.
async fn second(bench: &Bench) -> Queue {
    bench.queue_of(bench.fresh.second_server().await)
}

#[tokio::test]
async fn three_thousand_in_one_second_are_planned_once_by_two_servers() {
    for bench in Bench::each().await {
        let schedules: Vec<_> = (1..=3_000).map(|number| every(&bench, number, 60, CatchUp::One)).collect();
        keep(&bench, &schedules).await;
        assert_eq!(schedule::plan(&bench.queue).await.unwrap(), 0);
        bench.wait(TimeDelta::seconds(60));
        let other = second(&bench).await;
        let begun = Instant::now();
        let (one, two) = tokio::join!(schedule::plan(&bench.queue), schedule::plan(&other));
        eprintln!("3,000 schedules planned in {:?} on {}", begun.elapsed(), bench.db().kind());
        assert_eq!(one.unwrap() + two.unwrap(), 3_000);
        assert_eq!(runs(&bench).await.len(), 3_000);
        assert_eq!(schedule::plan(&bench.queue).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_nobody_was_there_for() {
    for bench in Bench::each().await {
        let each = [CatchUp::Skip, CatchUp::One, CatchUp::All];
        let schedules: Vec<_> =
            (1..).zip(each).map(|(number, catch_up)| every(&bench, number, 600, catch_up)).collect();
        keep(&bench, &schedules).await;
        bench.wait(TimeDelta::seconds(3_000 + 90));
        schedule::plan(&bench.queue).await.unwrap();
        let all = runs(&bench).await;
        let of = |number: usize| all.iter().filter(|run| run.schedule_id == Some(schedules[number].id)).count();
        assert_eq!([of(0), of(1), of(2)], [0, 1, 5]);
        // From then on all of them tick again, but a run that has not ended is not queued a second time.
        bench.wait(TimeDelta::seconds(600));
        schedule::plan(&bench.queue).await.unwrap();
        let all = runs(&bench).await;
        let of = |number: usize| all.iter().filter(|run| run.schedule_id == Some(schedules[number].id)).count();
        assert_eq!([of(0), of(1), of(2)], [0, 1, 6]);
        let next = in_read!(bench.db(), |tx, _scope| { Ok(job_schedules::schedule_find(tx, schedules[0].id).await?) });
        let next = next.unwrap().unwrap().next_tick.unwrap();
        assert!(next > bench.now() && next - bench.now() <= TimeDelta::seconds(600), "{next}");
    }
}

#[tokio::test]
async fn a_kind_without_room_keeps_its_ticks() {
    for bench in Bench::each().await {
        let mut schedules: Vec<_> = (1..=7).map(|number| every(&bench, number, 60, CatchUp::One)).collect();
        schedules.iter_mut().take(6).for_each(|schedule| schedule.kind = "narrow".into());
        keep(&bench, &schedules).await;
        bench.wait(TimeDelta::seconds(60));
        assert_eq!(schedule::plan(&bench.queue).await.unwrap(), 6, "five narrow ones, and the other kind");
        bench.slots(8).work_off().await.unwrap();
        bench.wait(TimeDelta::seconds(31));
        assert_eq!(schedule::plan(&bench.queue).await.unwrap(), 1, "the sixth comes late, but comes");
    }
}
