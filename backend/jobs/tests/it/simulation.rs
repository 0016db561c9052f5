//! Many workers that die, hang and come back, against a ledger outside the queue's tables.

use chrono::TimeDelta;
use lakegate_jobs::PoolSettings;
use lakegate_model::{
    ids::{RunId, WorkerId},
    jobs::JobRun,
    words::{AttemptOutcome, JobState},
};
use lakegate_store::{
    in_queue, in_write,
    job_claims::{self, AttemptEnd},
    job_lanes::{self, Search},
    job_runs,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::collections::BTreeMap;

use crate::bench_kind::{Bench, project};

/// What happens next. Numbers choose among whatever there is, modulo.
#[derive(Debug, Clone)]
enum Step {
    Submit {
        project: u128,
    },
    Take {
        worker: u128,
    },
    /// A worker writes its effect and ends, whoever has the run by then.
    Finish {
        which: usize,
    },
    Fail {
        which: usize,
    },
    Beat {
        which: usize,
    },
    Cancel {
        which: usize,
    },
    /// Time passes; leases may end.
    Wait {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u128..4).prop_map(|project| Step::Submit { project }),
        6 => (1_u128..9).prop_map(|worker| Step::Take { worker }),
        4 => any::<usize>().prop_map(|which| Step::Finish { which }),
        1 => any::<usize>().prop_map(|which| Step::Fail { which }),
        2 => any::<usize>().prop_map(|which| Step::Beat { which }),
        1 => any::<usize>().prop_map(|which| Step::Cancel { which }),
        3 => (1_i64..40).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What the queue must do, kept beside it.
#[derive(Debug, Default)]
struct Model {
    /// Who believes to have which run: some of them are wrong.
    claims: Vec<(JobRun, WorkerId)>,
    submitted: Vec<RunId>,
    /// Effects by run: the attempts that wrote one.
    effects: BTreeMap<RunId, Vec<i64>>,
    stale: usize,
}

const LEASE: i64 = 30;

impl Model {
    async fn play(&mut self, bench: &Bench, step: &Step) {
        match step {
            Step::Submit { project: number } => self.submitted.push(bench.put(project(*number), "ok").await),
            Step::Take { worker } => self.take(bench, uuid::Uuid::from_u128(*worker).into()).await,
            Step::Finish { which } => self.finish(bench, *which).await,
            Step::Fail { which } => self.fail(bench, *which).await,
            Step::Beat { which } => self.beat(bench, *which).await,
            Step::Cancel { which } => self.cancel(bench, *which).await,
            Step::Wait { seconds } => bench.wait(TimeDelta::seconds(*seconds)),
        }
    }

    /// As a turn of a worker does: the lost are let go, then the head of a lane is taken.
    async fn take(&mut self, bench: &Bench, worker: WorkerId) {
        let now = bench.now();
        let taken = in_queue!(bench.db(), |tx| {
            job_claims::gate(tx).await?;
            for lost in job_claims::lost(tx, now, 10).await? {
                let end = end_of(JobState::Waiting, AttemptOutcome::Lost, None);
                job_claims::end(tx, (lost.id, lost.attempt), &end, now).await?;
            }
            job_claims::promote(tx, now, 10).await?;
            let standing = job_lanes::standing(tx).await?;
            let Some((_, priority)) = standing.waiting.first().cloned() else { return Ok(None) };
            let search =
                Search { kind: "note", priority, behind: None, lanes: 1, free: 1, spare: 0, per_project: i64::MAX };
            let head = job_lanes::heads(tx, search).await?;
            let lease = (now, now + TimeDelta::seconds(LEASE));
            Ok(match head.first() {
                Some(head) => job_claims::take(tx, head.id, worker, lease).await?,
                None => None,
            })
        });
        self.claims.extend(taken.unwrap().map(|run| (run, worker)));
    }

    fn pick(&self, which: usize) -> Option<JobRun> {
        (!self.claims.is_empty()).then(|| self.claims[which % self.claims.len()].0.clone())
    }

    /// The effect stands in the same transaction as the question whether the run is still the worker's.
    async fn finish(&mut self, bench: &Bench, which: usize) {
        let Some(run) = self.pick(which) else { return };
        let claim = (run.id, run.attempt);
        let now = bench.now();
        let own = in_write!(bench.db(), |tx, _scope| { Ok(job_claims::holds(tx, claim, now).await?) }).unwrap();
        if own {
            self.effects.entry(run.id).or_default().push(run.attempt);
        } else {
            self.stale += 1;
        }
        // Work that may not write ends as cancelled; whose run it is not any more ends nothing.
        let (state, outcome) = if own {
            (JobState::Succeeded, AttemptOutcome::Succeeded)
        } else {
            (JobState::Cancelled, AttemptOutcome::Cancelled)
        };
        let end = end_of(state, outcome, None);
        let ended = in_queue!(bench.db(), |tx| { Ok(job_claims::end(tx, claim, &end, now).await?) }).unwrap();
        assert!(ended.is_some() || !own, "who holds a run can end it");
        self.forget(claim);
    }

    async fn fail(&mut self, bench: &Bench, which: usize) {
        let Some(run) = self.pick(which) else { return };
        let claim = (run.id, run.attempt);
        let end = end_of(JobState::Scheduled, AttemptOutcome::Failed, Some(bench.now() + TimeDelta::seconds(5)));
        in_queue!(bench.db(), |tx| { Ok(job_claims::end(tx, claim, &end, bench.now()).await?) }).unwrap();
        self.forget(claim);
    }

    async fn beat(&mut self, bench: &Bench, which: usize) {
        let Some(run) = self.pick(which) else { return };
        let lease = (bench.now(), bench.now() + TimeDelta::seconds(LEASE));
        in_queue!(bench.db(), |tx| { Ok(job_claims::beat(tx, (run.id, run.attempt), &run.progress, lease).await?) })
            .unwrap();
    }

    async fn cancel(&mut self, bench: &Bench, which: usize) {
        if self.submitted.is_empty() {
            return;
        }
        let (id, now) = (self.submitted[which % self.submitted.len()], bench.now());
        in_write!(bench.db(), |tx, _scope| { Ok(job_runs::run_cancel(tx, id, now).await?) }).unwrap();
    }

    fn forget(&mut self, claim: (RunId, i64)) {
        self.claims.retain(|(run, _)| (run.id, run.attempt) != claim);
    }

    /// Each run had its effect once, or was cancelled before it had one; none is left.
    async fn settle(&self, bench: &Bench) {
        let worker = bench.worker(PoolSettings { per_project: 100, ..PoolSettings::default() });
        for _ in 0..4 {
            bench.wait(TimeDelta::seconds(LEASE + 60));
            worker.work_off().await.unwrap();
        }
        let ran = bench.ran();
        for id in &self.submitted {
            let run = bench.run(*id).await;
            let own = self.effects.get(id).map_or(0, Vec::len);
            let last = ran.iter().filter(|ran| *ran == id).count();
            match run.state {
                JobState::Succeeded => assert_eq!(own + last, 1, "{run:?}"),
                JobState::Cancelled => assert!(own + last <= 1, "{run:?}"),
                state => panic!("a run is left {state}: {run:?}"),
            }
        }
    }
}

fn end_of(state: JobState, outcome: AttemptOutcome, next_at: Option<lakegate_model::Timestamp>) -> AttemptEnd {
    AttemptEnd { state, outcome, progress: None, output: None, error: None, next_at, counts: false }
}

#[test]
fn no_run_is_lost_and_no_effect_comes_twice() {
    let cases: u32 = std::env::var("LAKEGATE_TEST_SCALE").ok().and_then(|scale| scale.parse().ok()).unwrap_or(1);
    let config = Config { cases: 12 * cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stale = std::cell::Cell::new(0);
    let steps = prop::collection::vec(step(), 20..120);
    let done = runner.run(&steps, |steps| {
        let late = runtime.block_on(async {
            let mut stale = 0;
            for bench in Bench::each().await {
                let mut model = Model::default();
                for step in &steps {
                    model.play(&bench, step).await;
                }
                model.settle(&bench).await;
                stale += model.stale;
            }
            stale
        });
        stale.set(stale.get() + late);
        Ok(())
    });
    done.unwrap();
    assert!(stale.get() > 0, "no worker ever came late: the simulation is too kind");
}
