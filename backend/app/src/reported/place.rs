//! Putting a way that was reported into the history of its job, in whatever order runs are told.

use lakegate_model::{
    Fault,
    ids::ReportedRunId,
    lineage::{LineageEdge, LineageFlow, LineageLink},
    reported::ReportedRun,
};
use lakegate_store::{WriteTx, lineage as store, reported};

/// Notes that a job filled something this way at `flow.began_at`. Of runs that are told later than those after them, what is
/// between two sightings of another way is left out.
pub(super) async fn place(
    tx: &mut WriteTx,
    (flow, run): (LineageFlow, &ReportedRun),
    links: &[LineageLink],
    edges: &[LineageEdge],
) -> Result<(), Fault> {
    let (of, at) = ((flow.target_id, flow.process_id), flow.began_at);
    let own = |known: &LineageFlow| known.began_at == at && known.run_id == flow.run_id;
    if let Some(own) = store::flow_before(tx, of, at).await?.filter(own) {
        if own.digest == flow.digest {
            return Ok(());
        }
        store::flow_delete(tx, own.id).await?;
    }
    let before = store::flow_before(tx, of, at).await?;
    let after = store::flow_after(tx, of, at).await?;
    let until = after.as_ref().map(|after| after.began_at);
    if let Some(before) = before {
        if before.digest == flow.digest {
            return seen(tx, &before, &flow, until).await;
        }
        if before.seen_at > at || (before.began_at == at && outranks(tx, &before, run).await?) {
            return Ok(());
        }
        match before.began_at == at {
            true => store::flow_delete(tx, before.id).await?,
            false => store::flow_lasts(tx, before.id, Some(at)).await?,
        }
    }
    match after.filter(|after| after.digest == flow.digest) {
        Some(after) => store::flow_begins(tx, after.id, at).await?,
        None => store::flow_insert(tx, &LineageFlow { ended_at: until, ..flow }, links, edges).await?,
    }
    Ok(())
}

/// Of two runs that ended at the same time always the same counts.
async fn outranks(tx: &mut WriteTx, known: &LineageFlow, run: &ReportedRun) -> Result<bool, Fault> {
    let Some(id) = known.run_id else { return Ok(false) };
    Ok(reported::run_find(tx, ReportedRunId(id)).await?.is_some_and(|known| known.run_id > run.run_id))
}

/// The way was gone before, and was gone again.
async fn seen(
    tx: &mut WriteTx,
    before: &LineageFlow,
    again: &LineageFlow,
    until: Option<lakegate_model::Timestamp>,
) -> Result<(), Fault> {
    if before.ended_at != until {
        store::flow_lasts(tx, before.id, until).await?;
    }
    if again.began_at >= before.seen_at {
        let run = (again.process_id, again.version, again.run_id);
        store::flow_seen(tx, before.id, run, (&again.made_by, again.began_at)).await?;
    }
    Ok(())
}

/// Takes a way out again: the one before it goes on.
pub(super) async fn withdraw(tx: &mut WriteTx, flow: &LineageFlow) -> Result<(), Fault> {
    store::flow_delete(tx, flow.id).await?;
    let of = (flow.target_id, flow.process_id);
    if let Some(before) = store::flow_before(tx, of, flow.began_at).await? {
        store::flow_lasts(tx, before.id, flow.ended_at).await?;
    }
    Ok(())
}
