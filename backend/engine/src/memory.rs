//! The memory of one query: a share of the pool that all queries use, with a limit of its own.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::DataType,
};
use datafusion::{
    common::{DataFusionError, Result},
    execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::ledger::Ledger;

/// Begins the error of a query that is over its own limit.
pub(crate) const OWN_LIMIT: &str = "query memory limit";
/// Begins the error of a query that others left no room for.
pub(crate) const SHARED_LIMIT: &str = "server memory limit";

/// Most bytes an operator gathers before it spills: sorting and writing them is one step that no cancel interrupts.
const SPILL_PIECE: usize = 128 << 20;

/// Bytes of the values of a batch; shared buffers count by what the batch shows of them.
pub(crate) fn size(batch: &RecordBatch) -> u64 {
    batch.columns().iter().map(|column| column_size(column)).sum()
}

fn column_size(column: &dyn Array) -> u64 {
    let seen = match column.data_type() {
        DataType::Utf8View => column.as_string_view().lengths().map(u64::from).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(u64::from).sum(),
        _ => 0,
    };
    seen + column.to_data().get_slice_memory_size().map_or(0, |bytes| bytes as u64)
}

/// Reservations of one query, counted here and in the shared pool.
#[derive(Debug)]
pub(crate) struct QueryPool {
    shared: Arc<dyn MemoryPool>,
    used: AtomicUsize,
    ledger: Arc<Ledger>,
}

impl QueryPool {
    pub fn new(shared: Arc<dyn MemoryPool>, ledger: Arc<Ledger>) -> Self {
        Self { shared, used: AtomicUsize::new(0), ledger }
    }

    fn take(&self, bytes: usize) -> Result<usize> {
        let limit = self.ledger.limits.memory_bytes;
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|total| *total <= limit)
            })
            .map(|before| before + bytes)
            .map_err(|_| DataFusionError::ResourcesExhausted(OWN_LIMIT.to_owned()))
    }
}

impl MemoryPool for QueryPool {
    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let total = self.used.fetch_add(additional, Ordering::Relaxed) + additional;
        self.shared.grow(reservation, additional);
        self.ledger.reserved(total);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
        self.shared.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        // An operator that only collects would otherwise not notice that it is to stop.
        if let Some(stop) = self.ledger.stopped() {
            return Err(DataFusionError::External(Box::new(stop)));
        }
        if reservation.consumer().can_spill() && reservation.size() > 0 && reservation.size() + additional > SPILL_PIECE
        {
            return Err(DataFusionError::ResourcesExhausted(OWN_LIMIT.to_owned()));
        }
        let total = self.take(additional)?;
        if self.shared.try_grow(reservation, additional).is_err() {
            self.used.fetch_sub(additional, Ordering::Relaxed);
            return Err(DataFusionError::ResourcesExhausted(SHARED_LIMIT.to_owned()));
        }
        self.ledger.reserved(total);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.ledger.limits.memory_bytes)
    }
}
