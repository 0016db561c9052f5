//! The key of the mask `hmac`: one for the installation, so that equal values stay equal in every table. It is kept sealed
//! beside the other secrets, and moves with them when master keys change.

use lakegate_engine::{GovernedTable, MaskKeys};
use lakegate_model::{Fault, ids::SecretId, words::Mask};
use lakegate_store::{Tx, WriteTx, environments as store};
use uuid::Uuid;

use crate::{App, places::connections::PURPOSE, seal};

/// Under which it is kept: the same in every installation.
const ID: SecretId = SecretId(Uuid::from_u128(0x6d61_736b_2d6b_4579_8000_0000_0000_0001));

/// Makes the key unless there is one: a rule that needs it brings it.
pub async fn ensure(app: &App, tx: &mut WriteTx) -> Result<(), Fault> {
    if store::secret_find(tx, ID).await?.is_some() {
        return Ok(());
    }
    let mut key = [0_u8; 32];
    app.random.fill(&mut key);
    let sealed = seal::seal(app, PURPOSE, &ID.to_string(), &key)?;
    Ok(store::secret_insert(tx, ID, &app.keys.key_id, &sealed, app.now()).await?)
}

/// What the masks of a query show values under.
///
/// # Errors
/// `internal` if a rule needs the key and it does not open.
pub async fn keys(app: &App, tx: &mut Tx, tables: &[GovernedTable]) -> Result<MaskKeys, Fault> {
    let mut keys = MaskKeys { salt: [0; 16], hmac: [0; 32] };
    app.random.fill(&mut keys.salt);
    if tables.iter().any(needs_key) {
        keys.hmac = installed(app, tx).await?;
    }
    Ok(keys)
}

fn needs_key(table: &GovernedTable) -> bool {
    let rules = table.access.rules.as_ref();
    rules.is_some_and(|rules| rules.cells.values().any(|cell| cell.mask == Some(Mask::Hmac)))
}

async fn installed(app: &App, tx: &mut Tx) -> Result<[u8; 32], Fault> {
    let (_, sealed) =
        store::secret_find(tx, ID).await?.ok_or_else(|| Fault::internal("the key of the mask hmac is absent"))?;
    seal::open(app, PURPOSE, &ID.to_string(), &sealed)
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| Fault::internal("the key of the mask hmac does not open"))
}
