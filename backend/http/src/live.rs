//! Answers that go on for long: how many there are, and their end when the server stops.

use lakegate_model::{Code, Fault};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Open at once for one principal.
const MOST_OF_ONE: usize = 16;
/// Open at once in all.
const MOST: usize = 1_000;

/// The answers that go on: cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    stop: CancellationToken,
    open: Mutex<HashMap<String, usize>>,
}

impl Live {
    /// Takes a place for an answer of a principal, free again when it is dropped.
    ///
    /// # Errors
    /// `throttled` if the principal, or everybody together, has too many; `unavailable` once the server stops.
    pub fn enter(&self, principal: &str) -> Result<Place, Fault> {
        if self.0.stop.is_cancelled() {
            return Err(Fault::new(Code::Unavailable, "the server is stopping").retry_after(5));
        }
        let mut open = self.open();
        let of_one = open.get(principal).copied().unwrap_or_default();
        if of_one >= MOST_OF_ONE || open.values().sum::<usize>() >= MOST {
            let message = format!("at most {MOST_OF_ONE} streams of one caller, and {MOST} in all, are open at once");
            return Err(Fault::new(Code::Throttled, message).fix("close one first").retry_after(5));
        }
        open.insert(principal.to_owned(), of_one + 1);
        Ok(Place { live: self.clone(), principal: principal.to_owned() })
    }

    /// Ends all of them, now and from now on.
    pub fn end(&self) {
        self.0.stop.cancel();
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one answer that goes on.
#[derive(Debug)]
pub struct Place {
    live: Live,
    principal: String,
}

impl Place {
    /// Ends when the answer has to.
    pub fn ended(&self) -> WaitForCancellationFutureOwned {
        self.live.0.stop.clone().cancelled_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.live.open();
        match open.get_mut(&self.principal) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.principal)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let live = Live::default();
        let mut held: Vec<Place> = (0..MOST_OF_ONE).map(|_| live.enter("ann").unwrap()).collect();
        assert_eq!(live.enter("ann").unwrap_err().code, Code::Throttled);
        held.push(live.enter("olga").unwrap());
        held.remove(0);
        assert!(live.enter("ann").is_ok());
        held.clear();
        assert!(live.open().is_empty());
    }

    #[test]
    fn all_together_are_bounded() {
        let live = Live::default();
        let held: Vec<Place> = (0..MOST).map(|nth| live.enter(&format!("app {}", nth / 8)).unwrap()).collect();
        assert_eq!(live.enter("one more").unwrap_err().code, Code::Throttled);
        drop(held);
        assert!(live.enter("one more").is_ok());
    }

    #[test]
    fn none_begins_once_the_server_stops() {
        let live = Live::default();
        let place = live.enter("ann").unwrap();
        live.end();
        assert_eq!(live.enter("ann").unwrap_err().code, Code::Unavailable);
        futures::executor::block_on(place.ended());
    }
}
