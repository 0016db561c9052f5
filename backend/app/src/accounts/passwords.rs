//! Passwords: which are good enough, and how they are kept and compared.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use lakegate_model::{Fault, Random, text};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Shortest password, in characters.
pub const MIN_LENGTH: usize = 10;
/// Longest password, in bytes.
pub const MAX_LENGTH: usize = 512;
/// Argon2id computations at once; each takes 19 MiB.
const PARALLEL: usize = 2;

/// Passwords and parts of passwords that everybody tries first.
const COMMON: &str = include_str!("common_passwords.txt");

/// Hashes and compares passwords, a bounded number at a time.
#[derive(Debug, Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    random: Arc<dyn Random>,
}

impl Passwords {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { slots: Arc::new(Semaphore::new(PARALLEL)), random }
    }

    /// Argon2id in PHC form.
    ///
    /// # Errors
    /// `invalid` naming `password`, as [`check`] says.
    pub async fn hash(&self, username: &str, password: &str) -> Result<String, Fault> {
        check(username, password)?;
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        let password = Zeroizing::new(password.to_owned());
        self.turn()
            .await?
            .blocking(move || {
                let salt = SaltString::encode_b64(&salt).map_err(Fault::internal)?;
                let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(Fault::internal)?;
                Ok(hash.to_string())
            })
            .await
    }

    /// Waits for a turn to compute. Whoever holds it while a failure is counted leaves no room for guesses that were
    /// begun before the count.
    pub async fn turn(&self) -> Result<Turn, Fault> {
        Ok(Turn { _slot: Arc::clone(&self.slots).acquire_owned().await.map_err(Fault::internal)? })
    }
}

/// One of the few computations that go on at once.
#[derive(Debug)]
pub struct Turn {
    _slot: OwnedSemaphorePermit,
}

impl Turn {
    /// Whether the password belongs to the hash. Without a hash (no such user) it takes as long and says no.
    pub async fn matches(&self, hash: Option<String>, password: &str) -> Result<bool, Fault> {
        let password = Zeroizing::new(password.chars().take(MAX_LENGTH).collect::<String>());
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let equal = self
            .blocking(move || {
                let hash = PasswordHash::new(&hash).map_err(Fault::internal)?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(known && equal)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
    }
}

/// A hash of no password anybody knows, with the parameters of all others.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bGFrZWdhdGUgbm9ib2R5IQ$7v1lC3pJ0cM2m4m0H1l9o3m9wqg3n0pZ2R2V6x5yW1Q";

/// Refuses short, endless and well-known passwords, and those that hold the user's own name.
///
/// # Errors
/// `invalid` naming `password`.
pub fn check(username: &str, password: &str) -> Result<(), Fault> {
    let folded = text::fold(password);
    let name = text::fold(username);
    if password.chars().count() < MIN_LENGTH {
        return Err(Fault::invalid("password", format!("at least {MIN_LENGTH} characters are needed")));
    }
    if password.len() > MAX_LENGTH {
        return Err(Fault::invalid("password", format!("at most {MAX_LENGTH} bytes are allowed")));
    }
    if name.chars().count() >= 3 && folded.contains(&name) {
        return Err(Fault::invalid("password", "it contains the user name"));
    }
    let bare: String = folded.chars().filter(|c| c.is_alphabetic()).collect();
    if COMMON.lines().any(|common| common == folded || (bare == common && common.len() >= 5)) {
        return Err(Fault::invalid("password", "it is one that everybody tries first").fix("use a few unrelated words"));
    }
    if folded.chars().collect::<std::collections::BTreeSet<_>>().len() < 4 {
        return Err(Fault::invalid("password", "it repeats too few characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        for password in
            ["short", "password123", "Password2024!", "qwertyuiop", "1111111111", "ada-lovelace-99", "1234567890"]
        {
            assert!(check("ada", password).is_err(), "{password}");
        }
        assert!(check("ada", "correct horse staple").is_ok());
    }

    #[test]
    fn nobody_has_a_readable_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
