//! Moving what is sealed to the newest master, so that an older one can be taken away.

use lakegate_model::{Fault, ids::SecretId};
use lakegate_store::{WriteTx, in_read, in_write, sealed as store};

use crate::{App, audit::sql_text, places::connections, seal};

/// Values of a kind that one transaction moves.
const AT_ONCE: i64 = 200;

/// Seals everything anew that an older master has sealed; may be broken off and begun again. Returns how many values.
///
/// # Errors
/// `internal` if a value opens with none of the masters.
pub async fn reseal(app: &App) -> Result<u64, Fault> {
    let mut moved = 0;
    loop {
        let step = in_write!(&app.db, |tx, _scope| {
            let secrets = reseal_secrets(app, tx).await?;
            Ok(secrets + reseal_sql_keys(app, tx).await?)
        })?;
        if step == 0 {
            return Ok(moved);
        }
        moved += step;
    }
}

async fn reseal_secrets(app: &App, tx: &mut WriteTx) -> Result<u64, Fault> {
    let old = store::secrets_of_other_keys(tx, &app.keys.key_id, AT_ONCE).await?;
    for (id, sealed) in &old {
        let sealed = again(app, connections::PURPOSE, &id.to_string(), sealed)?;
        store::secret_reseal(tx, *id, &app.keys.key_id, &sealed).await?;
    }
    Ok(old.len() as u64)
}

async fn reseal_sql_keys(app: &App, tx: &mut WriteTx) -> Result<u64, Fault> {
    let old = store::sql_keys_of_other_keys(tx, &app.keys.key_id, AT_ONCE).await?;
    for (id, sealed) in &old {
        let sealed = again(app, sql_text::KEY_PURPOSE, &id.to_string(), sealed)?;
        store::sql_key_reseal(tx, *id, &app.keys.key_id, &sealed).await?;
    }
    Ok(old.len() as u64)
}

fn again(app: &App, purpose: &str, bound_to: &str, sealed: &str) -> Result<String, Fault> {
    let opened = seal::open(app, purpose, bound_to, sealed)
        .ok_or_else(|| Fault::internal(format!("{purpose} {bound_to} opens with none of the master keys")))?;
    seal::seal(app, purpose, bound_to, &opened)
}

/// Whether anything is still sealed under an older master.
///
/// # Errors
/// Only if the database fails.
pub async fn is_resealed(app: &App) -> Result<bool, Fault> {
    in_read!(&app.db, |tx, _scope| {
        let secrets: Vec<(SecretId, String)> = store::secrets_of_other_keys(tx, &app.keys.key_id, 1).await?;
        Ok(secrets.is_empty() && store::sql_keys_of_other_keys(tx, &app.keys.key_id, 1).await?.is_empty())
    })
}
