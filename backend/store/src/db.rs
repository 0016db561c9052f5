//! Connections and transactions.

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    ops::{Deref, DerefMut},
    path::Path,
    str::FromStr,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::StoreError;

/// How often a write transaction is tried before the caller is told that the database is busy.
pub const MAX_ATTEMPTS: u32 = 12;

/// A connection that was used within this time is taken to stand: asking costs every transaction a round.
const FRESH: Duration = Duration::from_secs(1);

/// Wait for a lock or a free connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The metadata database. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// Reads and writes have pools of their own: SQLite has one writer.
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    /// Writers of one process take turns, so that the counters at their end do not make them fail each other.
    Postgres { pool: PgPool, turn: Arc<Mutex<()>> },
}

/// A transaction on either database.
#[derive(Debug)]
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A read-only snapshot.
#[derive(Debug)]
pub struct ReadTx(Tx);

/// A transaction that may change things: the only one at its time on SQLite, serializable on PostgreSQL.
#[derive(Debug)]
pub struct WriteTx {
    tx: Tx,
    /// Whether its commit tells other processes that there is work.
    pub(crate) signalled: bool,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Db {
    /// Opens a SQLite file; creates it if absent.
    ///
    /// # Errors
    /// A driver error if the file cannot be opened.
    pub async fn sqlite(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .before_acquire(|connection, _| Box::pin(is_usable(connection)))
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            // A file does not hang up: asking each connection whether it still lives would cost every read a round.
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        Ok(Self::Sqlite { readers, writer })
    }

    /// Connects to PostgreSQL.
    ///
    /// # Errors
    /// A driver error if the address is malformed or nobody answers.
    pub async fn postgres(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("lakegate");
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(still_answers(connection, meta.idle_for)))
            .connect_with(options)
            .await?;
        Ok(Self::Postgres { pool, turn: Arc::default() })
    }

    /// The word for messages: `SQLite` or `PostgreSQL`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Begins a read-only snapshot.
    pub async fn begin_read(&self) -> Result<ReadTx, StoreError> {
        let tx = match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres { pool, .. } => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(ReadTx(tx))
    }

    /// Begins a write transaction. Use [`crate::in_write`], which also starts over when it must.
    pub async fn begin_write(&self) -> Result<WriteTx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => Ok(WriteTx {
                tx: Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
                signalled: false,
                _turn: None,
            }),
            Self::Postgres { pool, turn } => {
                let turn = turn.clone().lock_owned().await;
                let tx = pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
                Ok(WriteTx { tx: Tx::Postgres(tx), signalled: false, _turn: Some(turn) })
            }
        }
    }

    /// Begins a write transaction of the queue: on PostgreSQL it sees what others commit meanwhile, and waits for rows
    /// that they hold, instead of starting over. Use [`crate::in_queue`].
    pub async fn begin_queue(&self) -> Result<WriteTx, StoreError> {
        match self {
            Self::Sqlite { .. } => self.begin_write().await,
            Self::Postgres { pool, .. } => {
                let tx = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
                Ok(WriteTx { tx: Tx::Postgres(tx), signalled: false, _turn: None })
            }
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }

    /// Writes a consistent copy of a SQLite database to `path`, while others read and write.
    ///
    /// # Errors
    /// An unsupported operation on PostgreSQL, which has `pg_dump`.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let Self::Sqlite { readers, .. } = self else {
            return Err(StoreError::Unsupported("copying a PostgreSQL database; use pg_dump"));
        };
        let target = path.to_str().ok_or(StoreError::Unsupported("a path that is not UTF-8"))?;
        let mut connection = readers.acquire().await?.detach();
        sqlx::query("PRAGMA query_only = OFF").execute(&mut connection).await?;
        sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await?;
        Ok(())
    }
}

impl WriteTx {
    /// Makes the changes durable.
    ///
    /// # Errors
    /// A transient error when the database asks to start over.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.tx {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Undoes the changes; dropping a transaction does too, but later.
    pub(crate) async fn roll_back(self) -> Result<(), StoreError> {
        match self.tx {
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// Whether a writer can begin a transaction. SQLite rolls back by itself when the disk is full, which the driver does not
/// notice: such a connection still counts as inside a transaction, and is closed for a new one.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// Whether a connection to PostgreSQL still stands.
async fn still_answers(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    Ok(idle_for < FRESH || connection.ping().await.is_ok())
}

/// Waits before the next attempt: longer each time, and not the same for everyone.
pub async fn back_off(attempt: u32) {
    let jitter = u64::from(std::process::id() % 7) + u64::from(attempt);
    let millis = (1_u64 << attempt.min(7)) + jitter;
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

impl Deref for ReadTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.0
    }
}
impl DerefMut for ReadTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0
    }
}
impl Deref for WriteTx {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.tx
    }
}
impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.tx
    }
}
