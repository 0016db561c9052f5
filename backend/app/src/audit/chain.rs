//! The chain: events are sealed in batches, each signed and bound to the one before.
//!
//! The head of every batch is also written to a file outside the database, so that a cut tail, a rewritten chain and an
//! older copy of the database are each found.

use ed25519_dalek::{Signature, Signer, Verifier};
use lakegate_model::{Code, Fault, audit::AuditBatch, audit::AuditEvent};
use lakegate_store::{audit as store, in_read, in_write};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{App, keys::public_key_id};

/// Most events of a batch.
const BATCH: i64 = 1_000;
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The file that holds the heads of all batches, one a line: number, last event, hash, signature.
pub fn anchor_path(app: &App) -> PathBuf {
    app.settings.data_dir.join("audit-anchors.log")
}

/// Seals events that are not sealed yet. Returns the number of batches made.
///
/// # Errors
/// `storage_full` or `internal` if the anchor cannot be written; the batch is then anchored by the next call.
pub async fn seal(app: &App) -> Result<u32, Fault> {
    let mut made = 0;
    loop {
        let batch = in_write!(&app.db, |tx, _scope| {
            let last = store::batch_last(tx).await?;
            let (number, sealed, previous) = match &last {
                None => (1, 0, GENESIS.to_owned()),
                Some(batch) => (batch.number + 1, batch.last_event, batch.hash.clone()),
            };
            let events = store::events_after(tx, sealed, BATCH).await?;
            let Some(batch) = make(app, number, &previous, &events) else { return Ok(None) };
            store::batch_insert(tx, &batch).await?;
            Ok(Some(batch))
        })?;
        let Some(_) = batch else { break };
        lakegate_model::failpoint!("audit.sealed");
        made += 1;
    }
    anchor(app).await?;
    Ok(made)
}

fn make(app: &App, number: i64, previous: &str, events: &[AuditEvent]) -> Option<AuditBatch> {
    let (first, last) = (events.first()?.number, events.last()?.number);
    let hash = hash(number, previous, events);
    let key = app.keys.audit_key();
    let signature = hex::encode(key.sign(hash.as_bytes()).to_bytes());
    Some(AuditBatch {
        number,
        first_event: first,
        last_event: last,
        previous_hash: previous.to_owned(),
        hash,
        key_id: public_key_id(&key.verifying_key()),
        signature,
        sealed_at: app.now(),
    })
}

fn hash(number: i64, previous: &str, events: &[AuditEvent]) -> String {
    let mut digest = Sha256::new();
    digest.update(number.to_be_bytes());
    digest.update(previous.as_bytes());
    for event in events {
        let text = canonical(event);
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    hex::encode(digest.finalize())
}

/// The exact text of an event that is hashed: every field in a fixed order, each after its length, so that no two events
/// have the same text.
fn canonical(event: &AuditEvent) -> String {
    let optional = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    [
        event.number.to_string(),
        event.id.to_string(),
        event.at.timestamp_micros().to_string(),
        event.actor_kind.clone(),
        optional(event.actor_id),
        event.actor_name.clone(),
        optional(event.project_id.map(Into::into)),
        event.action.clone(),
        event.outcome.to_string(),
        event.subject_kind.clone(),
        optional(event.subject_id),
        optional(event.owner_project_id.map(Into::into)),
        event.request_id.clone(),
        event.detail.clone(),
    ]
    .map(|field| format!("{}:{field}", field.len()))
    .concat()
}

/// Writes heads to the anchor file that are not in it yet.
async fn anchor(app: &App) -> Result<(), Fault> {
    let path = anchor_path(app);
    let known = read_anchors(app)?;
    let after = known.keys().next_back().copied().unwrap_or(0);
    let fresh = in_read!(&app.db, |tx, _scope| { Ok(store::batches_after(tx, after, i64::MAX).await?) })?;
    if fresh.is_empty() {
        return Ok(());
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).map_err(disk)?;
    if ends_torn(&path).map_err(disk)? {
        // A crash cut the last line short. It stays as it is, and the next begins on a line of its own.
        file.write_all(b"\n").map_err(disk)?;
    }
    for batch in fresh {
        let line = format!("{} {} {} {}\n", batch.number, batch.last_event, batch.hash, batch.signature);
        file.write_all(line.as_bytes()).map_err(disk)?;
        lakegate_model::failpoint!("audit.anchor_written");
    }
    file.sync_all().map_err(disk)
}

fn disk(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => {
            Fault::new(Code::StorageFull, "the disk of the audit's anchors is full").caused_by(error)
        }
        _ => Fault::internal(error),
    }
}

/// Whether the file ends in the middle of a line.
fn ends_torn(path: &Path) -> io::Result<bool> {
    let mut file = fs::File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Heads in the anchor file: batch number to hash. A torn last line (a crash while writing) is passed over.
fn read_anchors(app: &App) -> Result<BTreeMap<i64, String>, Fault> {
    let path = anchor_path(app);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let bytes = fs::read(path).map_err(disk)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut heads = BTreeMap::new();
    // What follows the last line break was cut short.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        if let [number, _, hash, signature] = fields.as_slice()
            && let Ok(number) = number.parse()
            && signature.len() == 128
        {
            heads.insert(number, (*hash).to_owned());
        }
    }
    Ok(heads)
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub batches: i64,
    pub events: i64,
    /// Events after the last sealed batch.
    pub unsealed: i64,
    /// What is wrong, in words; empty when the chain holds.
    pub faults: Vec<String>,
}

/// Checks every batch: its events, its place in the chain, its signature and its anchor.
pub async fn verify(app: &App) -> Result<Report, Fault> {
    let anchors = read_anchors(app)?;
    let mut report = Report { batches: 0, events: 0, unsealed: 0, faults: Vec::new() };
    let (mut previous, mut last_event) = (GENESIS.to_owned(), 0);
    loop {
        let checked = in_read!(&app.db, |tx, _scope| {
            let Some(batch) = store::batches_after(tx, report.batches, 1).await?.pop() else { return Ok(None) };
            let events = store::events_between(tx, last_event, batch.last_event).await?;
            Ok(Some((batch, events)))
        })?;
        let Some((batch, events)) = checked else { break };
        report.faults.extend(faults_of(app, &batch, &events, &previous, last_event, &anchors));
        report.batches = batch.number;
        report.events += i64::try_from(events.len()).unwrap_or(i64::MAX);
        (previous, last_event) = (batch.hash, batch.last_event);
    }
    let (newest, counted) =
        in_read!(&app.db, |tx, _scope| { Ok((store::event_last(tx).await?, store::event_counter(tx).await?)) })?;
    report.unsealed = newest - last_event;
    if counted != newest {
        report.faults.push(format!("{counted} events were recorded, but the last one is number {newest}"));
    }
    if report.batches > 0 && anchors.is_empty() {
        report.faults.push("the anchors are gone: nothing outside the database vouches for it".to_owned());
    }
    if let Some((number, _)) = anchors.last_key_value().filter(|(number, _)| **number > report.batches) {
        report.faults.push(format!("batch {number} is anchored, but the database ends at batch {}", report.batches));
    }
    Ok(report)
}

fn faults_of(
    app: &App,
    batch: &AuditBatch,
    events: &[AuditEvent],
    previous: &str,
    last_event: i64,
    anchors: &BTreeMap<i64, String>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let n = batch.number;
    if batch.previous_hash != previous {
        faults.push(format!("batch {n} does not follow the one before it"));
    }
    let whole = events.iter().map(|event| event.number).eq(last_event + 1..=batch.last_event);
    if !whole {
        faults.push(format!("batch {n} lacks events"));
    }
    if hash(n, &batch.previous_hash, events) != batch.hash {
        faults.push(format!("events of batch {n} were changed"));
    }
    if !signature_holds(app, batch) {
        faults.push(format!("the signature of batch {n} is not ours"));
    }
    match anchors.get(&n) {
        Some(hash) if *hash != batch.hash => faults.push(format!("batch {n} differs from its anchor")),
        None if anchors.keys().next_back().is_some_and(|last| *last > n) => {
            faults.push(format!("batch {n} has no anchor"));
        }
        _ => {}
    }
    faults
}

fn signature_holds(app: &App, batch: &AuditBatch) -> bool {
    let Ok(bytes) = hex::decode(&batch.signature) else { return false };
    let Ok(signature) = Signature::from_slice(&bytes) else { return false };
    let ours = app.keys.audit_verifying_keys().find(|key| public_key_id(key) == batch.key_id);
    ours.is_some_and(|key| key.verify(batch.hash.as_bytes(), &signature).is_ok())
}
