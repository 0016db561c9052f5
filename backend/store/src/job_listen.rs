//! What the queue needs of PostgreSQL alone: waking other processes, and the one clock that they share.

use lakegate_model::Timestamp;
use sqlx::postgres::PgListener;

use crate::{Db, StoreError, Tx, WriteTx};

const CHANNEL: &str = "lakegate_jobs";

/// Tells other processes, once the transaction is committed, that there is work; once is enough. On SQLite there are none.
pub async fn signal(tx: &mut WriteTx) -> Result<(), StoreError> {
    if std::mem::replace(&mut tx.signalled, true) {
        return Ok(());
    }
    if let Tx::Postgres(transaction) = &mut **tx {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Now, by the database's clock; `None` on SQLite, which has no other clock than the process.
pub async fn database_now(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let Tx::Postgres(transaction) = tx else { return Ok(None) };
    let (now,): (Timestamp,) = sqlx::query_as("SELECT clock_timestamp()").fetch_one(&mut **transaction).await?;
    Ok(Some(now))
}

/// Hears from other processes that there is work.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Listens; `None` on SQLite.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn open(db: &Db) -> Result<Option<Self>, StoreError> {
        let Db::Postgres { pool, .. } = db else { return Ok(None) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Self(listener)))
    }

    /// Waits for the next signal, or for a broken connection to stand again.
    ///
    /// # Errors
    /// If the connection cannot be had again.
    pub async fn heard(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await?;
        Ok(())
    }
}
