//! Unpredictable bytes from the system.

use lakegate_model::Random;
use rand::{RngCore, rngs::OsRng};

/// The system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        OsRng.fill_bytes(buffer);
    }
}
