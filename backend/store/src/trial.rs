//! Changes that are looked at and never made.

use crate::{Db, StoreError, WriteTx};

const KEEP: &str = "SAVEPOINT before_the_trial";
const BACK: &str = "ROLLBACK TO SAVEPOINT before_the_trial";

/// A write transaction that has no commit: whatever is done in it is undone, also where nobody asks for that.
///
/// It stands where it began until [`Trial::undo`] takes it back there, so one snapshot shows how things are and how they
/// would be.
#[derive(Debug)]
#[must_use]
pub struct Trial(WriteTx);

impl Db {
    /// Begins a trial. Use [`crate::in_trial`], which also starts over when it must.
    pub async fn begin_trial(&self) -> Result<Trial, StoreError> {
        let mut tx = self.begin_write().await?;
        on_tx!(&mut tx, |c| sqlx::raw_sql(KEEP).execute(c).await.map(drop))?;
        Ok(Trial(tx))
    }
}

impl Trial {
    /// The transaction to try a change in.
    pub fn tx(&mut self) -> &mut WriteTx {
        &mut self.0
    }

    /// Undoes what was done so far: the transaction shows again what it showed at its beginning.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        Ok(on_tx!(&mut self.0, |c| sqlx::raw_sql(BACK).execute(c).await.map(drop))?)
    }

    /// Undoes everything and gives the connection back. A trial that is dropped is undone too.
    pub async fn end(self) -> Result<(), StoreError> {
        self.0.roll_back().await
    }
}

/// Begins a [`Trial`], runs the block, undoes everything; starts over when the database asks for it (SQLSTATE 40001).
///
/// The block sees the trial as `$trial` and a [`lakegate_policy::Scope`] as `$scope`, and ends in `Ok(value)` or a
/// [`lakegate_model::Fault`]. It may run several times.
#[macro_export]
macro_rules! in_trial {
    ($db:expr, |$trial:ident, $scope:ident| $body:block) => {{
        let db: &$crate::Db = $db;
        let mut attempt = 0_u32;
        loop {
            attempt += 1;
            let result: Result<_, lakegate_model::Fault> = async {
                let scope = lakegate_policy::Scope::begin();
                let $scope = &scope;
                let mut trial = db.begin_trial().await?;
                let value = {
                    let $trial = &mut trial;
                    let body: Result<_, lakegate_model::Fault> = async { $body }.await;
                    body
                };
                trial.end().await?;
                value
            }
            .await;
            match result {
                Err(fault) if fault.transient && attempt < $crate::db::MAX_ATTEMPTS => {
                    $crate::db::back_off(attempt).await;
                }
                done => break done,
            }
        }
    }};
}
