//! Writers that read before they write, and followers of what they changed.

use chrono::DateTime;
use lakegate_model::{Code, Fault, PageRequest, Timestamp, ids::UserId};
use lakegate_store::{
    Db,
    changes::{change_last, change_record, changes_since},
    drafts::{draft_get, draft_set},
    in_read, in_write,
    users::{NewUser, people_search, user_find, user_insert},
};
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

use crate::databases::Fresh;

const WRITERS: u32 = 8;
const ROUNDS: u32 = 25;
const TOTAL: i64 = (WRITERS * ROUNDS) as i64;
const COUNT: &str = "count";

fn now() -> Timestamp {
    DateTime::from_timestamp(1_750_000_000, 0).unwrap()
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        id: Uuid::now_v7().into(),
        username: name.to_owned(),
        display_name: name.to_owned(),
        email: None,
        password_hash: None,
        external: None,
        created_at: now(),
    }
}

async fn add_user(db: &Db, name: &str) -> UserId {
    let user = new_user(name);
    in_write!(db, |tx, _scope| { Ok(user_insert(tx, &user).await?) }).unwrap();
    user.id
}

/// Reads a count, adds one, and records the change under the new count as its entity.
async fn add_one(db: &Db, user: UserId) -> Result<(i64, i64), Fault> {
    in_write!(db, |tx, _scope| {
        let count = draft_get(tx, user, COUNT).await?.map_or(0, |text| text.parse().unwrap()) + 1_i64;
        draft_set(tx, user, COUNT, &count.to_string(), now()).await?;
        let number = change_record(tx, "count", Uuid::from_u128(count as u128)).await?;
        Ok((count, number))
    })
}

/// Reads all changes in batches until the writers are done; panics at the first gap.
async fn follow(db: Db, done: &AtomicBool) -> i64 {
    let mut position = 0;
    loop {
        // Asked before the look, so that nothing written between the two is missed.
        let last_look = done.load(Ordering::SeqCst);
        let batch = in_read!(&db, |tx, _scope| { Ok(changes_since(tx, position, 7).await?) }).unwrap();
        let empty = batch.is_empty();
        for change in batch {
            assert_eq!(change.number, position + 1, "a change was skipped");
            assert_eq!(change.entity_id, Uuid::from_u128(change.number as u128), "numbers follow commits");
            position = change.number;
        }
        if empty && last_look {
            return position;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_lose_nothing_and_followers_skip_nothing() {
    for fresh in Fresh::each().await {
        let servers = [fresh.db().clone(), fresh.second_server().await];
        let user = add_user(fresh.db(), "counter").await;
        let done: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let followers: Vec<_> = servers.iter().map(|db| tokio::spawn(follow(db.clone(), done))).collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write_rounds(servers[writer as usize % servers.len()].clone(), user)))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for follower in followers {
            assert_eq!(follower.await.unwrap(), TOTAL);
        }
        let (count, last) =
            in_read!(fresh.db(), |tx, _scope| { Ok((draft_get(tx, user, COUNT).await?, change_last(tx).await?)) })
                .unwrap();
        assert_eq!((count.as_deref(), last), (Some(TOTAL.to_string().as_str()), TOTAL));
    }
}

async fn write_rounds(db: Db, user: UserId) {
    for _ in 0..ROUNDS {
        let mut answer = add_one(&db, user).await;
        // A busy database says so after its own attempts; the caller of an interface would try again, too.
        while answer.as_ref().is_err_and(|fault| fault.code == Code::Unavailable) {
            answer = add_one(&db, user).await;
        }
        let (count, number) = answer.unwrap();
        assert_eq!(count, number, "the change number is the count of commits");
    }
}

#[tokio::test]
async fn a_refused_transaction_leaves_nothing() {
    for fresh in Fresh::each().await {
        let user = new_user("nobody");
        let refused: Result<(), Fault> = in_write!(fresh.db(), |tx, _scope| {
            user_insert(tx, &user).await?;
            change_record(tx, "user", user.id.into()).await?;
            Err(Fault::invalid("name", "no"))
        });
        assert_eq!(refused.unwrap_err().code, Code::Invalid);
        let (found, last) =
            in_read!(fresh.db(), |tx, _scope| { Ok((user_find(tx, user.id).await?, change_last(tx).await?)) }).unwrap();
        assert_eq!((found, last), (None, 0), "and its number is given again");
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_told_by_field() {
    for fresh in Fresh::each().await {
        add_user(fresh.db(), "ann").await;
        let twin = new_user("ANN");
        let taken: Result<(), Fault> = in_write!(fresh.db(), |tx, _scope| { Ok(user_insert(tx, &twin).await?) });
        let fault = taken.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (Code::Conflict, Some("username")));
        let orphan: Result<(), Fault> =
            in_write!(fresh.db(), |tx, _scope| { Ok(draft_set(tx, Uuid::nil().into(), "x", "text", now()).await?) });
        assert_eq!(orphan.unwrap_err().code, Code::Conflict, "a foreign key");
    }
}

#[tokio::test]
async fn a_name_with_an_underscore_is_found_by_it() {
    for fresh in Fresh::each().await {
        let user = add_user(fresh.db(), "ann_lee").await;
        let page = PageRequest::default();
        let found = in_read!(fresh.db(), |tx, _scope| { Ok(people_search(tx, "Ann_L", &page).await?) }).unwrap();
        assert_eq!(found.items.into_iter().map(|found| found.id).collect::<Vec<_>>(), [user]);
    }
}

#[tokio::test]
async fn a_look_sees_one_moment_and_changes_nothing() {
    for fresh in Fresh::each().await {
        let user = add_user(fresh.db(), "ann").await;
        add_one(fresh.db(), user).await.unwrap();
        let mut look = fresh.db().begin_read().await.unwrap();
        assert_eq!(change_last(&mut look).await.unwrap(), 1);
        add_one(fresh.db(), user).await.unwrap();
        assert_eq!(change_last(&mut look).await.unwrap(), 1, "the snapshot stands");
        drop(look);
        let after = in_read!(fresh.db(), |tx, _scope| { Ok(change_last(tx).await?) });
        assert_eq!(after.unwrap(), 2);
    }
}
