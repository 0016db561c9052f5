//! Schemas by shape: built once at a time, kept in bounded memory.

use async_graphql::dynamic::Schema;
use lakegate_model::Fault;
use lakegate_protocol::Endpoint;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
};
use tokio::sync::Mutex;

use crate::{schema, shape::Shape};

/// Most columns over all kept schemas: what they take grows with these.
const COLUMNS: usize = 50_000;
/// Most schemas that are kept.
const SCHEMAS: usize = 256;

/// A schema that was built.
struct Kept {
    digest: [u8; 32],
    size: usize,
    endpoint: Arc<Endpoint<Schema>>,
}

/// The schemas of this process.
#[derive(Default)]
pub struct Cache {
    /// Those used last stand last.
    kept: Lock<VecDeque<Kept>>,
    building: Mutex<()>,
}

impl Cache {
    /// The schema of a shape.
    ///
    /// # Errors
    /// Failures of ours.
    pub async fn get(&self, shape: &Arc<Shape>) -> Result<Arc<Endpoint<Schema>>, Fault> {
        let digest = shape.digest();
        if let Some(found) = self.find(&digest) {
            return Ok(found);
        }
        let _alone = self.building.lock().await;
        if let Some(found) = self.find(&digest) {
            return Ok(found);
        }
        let building = Arc::clone(shape);
        let built = tokio::task::spawn_blocking(move || schema::build(&building)).await;
        let endpoint = Arc::new(built.map_err(Fault::internal)??);
        self.keep(Kept { digest, size: shape.size(), endpoint: Arc::clone(&endpoint) });
        Ok(endpoint)
    }

    fn find(&self, digest: &[u8; 32]) -> Option<Arc<Endpoint<Schema>>> {
        let mut kept = self.all();
        let at = kept.iter().position(|known| known.digest == *digest)?;
        let found = kept.remove(at)?;
        let endpoint = Arc::clone(&found.endpoint);
        kept.push_back(found);
        Some(endpoint)
    }

    /// Keeps a schema, and forgets those that were not used for longest. One that is too large alone is not kept.
    fn keep(&self, new: Kept) {
        let mut kept = self.all();
        kept.push_back(new);
        while kept.len() > SCHEMAS || kept.iter().map(|known| known.size).sum::<usize>() > COLUMNS {
            kept.pop_front();
        }
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fixtures;

    fn shape(columns: usize) -> Arc<Shape> {
        let mut shape = fixtures::shape();
        let names =
            (0..columns).map(|nth| fixtures::column(&format!("c{nth}"), lakegate_model::columns::ColumnType::Text));
        shape.tables[0].columns = names.collect();
        Arc::new(shape)
    }

    #[tokio::test]
    async fn equal_shapes_share_a_schema() {
        let cache = Cache::default();
        let [first, second] = [(); 2].map(|()| Arc::new(fixtures::shape()));
        let (one, same) = tokio::join!(cache.get(&first), cache.get(&second));
        assert!(Arc::ptr_eq(&one.unwrap(), &same.unwrap()));
        let mut masked = fixtures::shape();
        masked.tables[0].columns[0].masked = true;
        cache.get(&Arc::new(masked)).await.unwrap();
        assert_eq!(cache.all().len(), 2);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let cache = Cache::default();
        for columns in 1..SCHEMAS + 10 {
            let endpoint = cache.get(&shape(1)).await.unwrap();
            cache.keep(Kept { digest: [u8::try_from(columns % 256).unwrap(); 32], size: columns, endpoint });
        }
        assert!(cache.all().len() <= SCHEMAS);
        let endpoint = cache.get(&shape(1)).await.unwrap();
        cache.keep(Kept { digest: [7; 32], size: COLUMNS, endpoint: Arc::clone(&endpoint) });
        assert_eq!(cache.all().len(), 1);
        cache.keep(Kept { digest: [8; 32], size: COLUMNS + 1, endpoint });
        assert_eq!(cache.all().len(), 0);
    }
}
