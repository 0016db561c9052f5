//! One body, two drivers.

/// Runs the same expression on the concrete connection of whichever database the transaction belongs to.
macro_rules! on_tx {
    ($tx:expr, |$c:ident| $body:expr) => {{
        let tx: &mut $crate::db::Tx = &mut *$tx;
        match tx {
            $crate::db::Tx::Sqlite(transaction) => {
                let $c = &mut **transaction;
                $body
            }
            $crate::db::Tx::Postgres(transaction) => {
                let $c = &mut **transaction;
                $body
            }
        }
    }};
}

/// Declares the SQL texts of a module, and lists them for the test that prepares them all.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}

/// Declares SQL texts about many rows at once, each as a macro that gets what stands for the rows: on SQLite, which has no
/// arrays, places for [`crate::job_batches::HANDFUL`] of them; on PostgreSQL arrays. Lists them for the test.
macro_rules! set_statements {
    ($($name:ident = $text:ident!($sqlite:expr, $postgres:expr);)*) => {
        $(const $name: $crate::job_batches::Both = $crate::job_batches::Both { sqlite: $text!($sqlite), postgres: $text!($postgres) };)*
        pub(crate) const SET_STATEMENTS: &[(&str, $crate::job_batches::Both)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}

/// The rows that a text of [`set_statements!`] gives: at once on PostgreSQL, by the handful on SQLite, where the last places
/// are filled by repeating what is there. Behind the text stand the values that hold for all rows, the rows, and what each
/// of their columns is.
macro_rules! fetch_sets {
    ($tx:expr, $row:ty, $sql:expr, ($($bind:expr),*), $rows:expr, $(|$one:pat_param| $column:expr),+ $(,)?) => {{
        let (tx, rows): (&mut $crate::db::Tx, _) = (&mut *$tx, &$rows[..]);
        let mut all: Vec<$row> = Vec::new();
        match tx {
            _ if rows.is_empty() => {}
            $crate::db::Tx::Postgres(transaction) => {
                let query = sqlx::query_as::<_, $row>($sql.postgres)$(.bind($bind))*;
                let query = query$(.bind(rows.iter().map(|$one| $column).collect::<Vec<_>>()))+;
                all = query.fetch_all(&mut **transaction).await?;
            }
            $crate::db::Tx::Sqlite(transaction) => {
                for handful in rows.chunks($crate::job_batches::HANDFUL) {
                    let mut query = sqlx::query_as::<_, $row>($sql.sqlite)$(.bind($bind))*;
                    $(for $one in handful.iter().cycle().take($crate::job_batches::HANDFUL) {
                        query = query.bind($column);
                    })+
                    all.extend(query.fetch_all(&mut **transaction).await?);
                }
            }
        }
        all
    }};
}

/// As [`fetch_sets!`], for a text that gives nothing.
macro_rules! execute_sets {
    ($tx:expr, $($rest:tt)+) => {{
        let _none: Vec<()> = fetch_sets!($tx, (), $($rest)+);
    }};
}

/// All rows as `$row`.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        on_tx!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_all(c).await)
            .map_err($crate::error::StoreError::from)
    };
}

/// One row or none as `$row`.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        on_tx!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_optional(c).await)
            .map_err($crate::error::StoreError::from)
    };
}

/// Exactly one row as `$row`.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        on_tx!($tx, |c| sqlx::query_as::<_, $row>($sql)$(.bind($bind))*.fetch_one(c).await)
            .map_err($crate::error::StoreError::from)
    };
}

/// Runs a change and returns how many rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        on_tx!($tx, |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))
            .map_err($crate::error::StoreError::from)
    };
}

/// Runs a change that must touch exactly one row.
macro_rules! execute_one {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        execute!($tx, $sql $(, $bind)*).and_then(|rows| $crate::error::expect_one(rows, $sql))
    };
}

/// Begins a write transaction, runs the block, commits; starts over when the database asks for it (SQLSTATE 40001).
///
/// The block sees the transaction as `$tx` and a [`lakegate_policy::Scope`] as `$scope`, and ends in
/// `Ok(value)` or a [`lakegate_model::Fault`]. It may run several times, so it has no effect outside the database.
#[macro_export]
macro_rules! in_write {
    ($db:expr, |$tx:ident, $scope:ident| $body:block) => {
        $crate::write_with!($db, begin_write, |$tx, $scope| $body)
    };
}

/// Like [`in_write!`], for the queue's own bookkeeping: see [`crate::Db::begin_queue`].
#[macro_export]
macro_rules! in_queue {
    ($db:expr, |$tx:ident| $body:block) => {
        $crate::write_with!($db, begin_queue, |$tx, _scope| $body)
    };
}

/// The loop of both.
#[doc(hidden)]
#[macro_export]
macro_rules! write_with {
    ($db:expr, $begin:ident, |$tx:ident, $scope:ident| $body:block) => {{
        let db: &$crate::Db = $db;
        let mut attempt = 0_u32;
        loop {
            attempt += 1;
            let result: Result<_, lakegate_model::Fault> = async {
                let scope = lakegate_policy::Scope::begin();
                let $scope = &scope;
                let mut transaction = db.$begin().await?;
                let value = {
                    let $tx = &mut transaction;
                    let body: Result<_, lakegate_model::Fault> = async { $body }.await;
                    body?
                };
                transaction.commit().await?;
                Ok(value)
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

/// Runs the block in a read-only snapshot, as `$tx` with a [`lakegate_policy::Scope`] as `$scope`.
#[macro_export]
macro_rules! in_read {
    ($db:expr, |$tx:ident, $scope:ident| $body:block) => {{
        let db: &$crate::Db = $db;
        let result: Result<_, lakegate_model::Fault> = async {
            let scope = lakegate_policy::Scope::begin();
            let $scope = &scope;
            let mut transaction = db.begin_read().await?;
            let $tx = &mut transaction;
            $body
        }
        .await;
        result
    }};
}
