//! The master keys and the keys made from them.
//!
//! Masters form a ring, the newest first: it seals and signs; the older ones only open and verify what they made. A
//! retired master leaves the ring, and of it stays the public key with which its batches of the audit verify.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use lakegate_model::{Fault, Random};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zeroize::Zeroizing;

pub mod file;
pub mod rotate;

type Master = Zeroizing<[u8; 32]>;

/// Begins a line that holds the public key of a retired master.
const RETIRED: &str = "audit:";

/// Keys for sealing, signing and hashing. `Debug` shows none of them.
#[derive(Clone)]
pub struct Keys {
    newest: Master,
    /// Masters before it, the newer first.
    older: Arc<[Master]>,
    /// Public keys that signed batches of the audit under masters that are gone.
    retired: Arc<[VerifyingKey]>,
    /// Names the newest master beside everything sealed with it.
    pub key_id: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys made from one master of 32 bytes.
    pub fn from_bytes(master: [u8; 32]) -> Self {
        Self::of(Zeroizing::new(master), Vec::new(), Vec::new())
    }

    fn of(newest: Master, older: Vec<Master>, retired: Vec<VerifyingKey>) -> Self {
        let key_id = id_of(&newest);
        Self { newest, older: older.into(), retired: retired.into(), key_id }
    }

    fn ring(&self) -> impl Iterator<Item = &Master> {
        std::iter::once(&self.newest).chain(self.older.iter())
    }

    /// Keys made from masters in base64, the newest first, as configuration and key file carry them: one a line, or
    /// divided by commas.
    ///
    /// # Errors
    /// `invalid` if one of them is not 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, Fault> {
        let words = || text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty());
        let retired =
            words().filter_map(|word| word.strip_prefix(RETIRED)).map(public_key).collect::<Result<_, _>>()?;
        let mut masters =
            words().filter(|word| !word.starts_with(RETIRED)).map(master).collect::<Result<Vec<_>, _>>()?;
        if masters.is_empty() {
            return Err(malformed());
        }
        let older = masters.split_off(1);
        masters.pop().map(|newest| Self::of(newest, older, retired)).ok_or_else(malformed)
    }

    /// The text that [`Keys::from_base64`] reads.
    fn to_base64(&self) -> Zeroizing<String> {
        let masters = self.ring().map(|master| format!("{}\n", STANDARD.encode(master.as_slice())));
        let retired = self.retired.iter().map(|key| format!("{RETIRED}{}\n", hex::encode(key.as_bytes())));
        Zeroizing::new(masters.chain(retired).collect())
    }

    /// These keys with a new master in front.
    fn with_new(&self, random: &dyn Random) -> Self {
        Self::of(new_master(random), self.ring().cloned().collect(), self.retired.to_vec())
    }

    /// These keys with the newest master alone.
    fn without_older(&self) -> Self {
        let gone = self.older.iter().map(|master| signing_key(master, "audit").verifying_key());
        Self::of(self.newest.clone(), Vec::new(), gone.chain(self.retired.iter().copied()).collect())
    }

    /// Names of all masters, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = String> + '_ {
        self.ring().map(id_of)
    }

    /// A key for one purpose: HMAC-SHA256 of the purpose under the newest master.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(self.newest.as_slice(), purpose.as_bytes()))
    }

    /// The key for one purpose under each master, the newest first.
    pub fn derived<'a>(&'a self, purpose: &'a str) -> impl Iterator<Item = Zeroizing<[u8; 32]>> + 'a {
        self.ring().map(|master| Zeroizing::new(mac(master.as_slice(), purpose.as_bytes())))
    }

    /// The key that signs access tokens.
    pub fn token_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.derive("access tokens"))
    }

    /// The keys whose access tokens are accepted.
    pub fn token_verifying_keys(&self) -> impl Iterator<Item = VerifyingKey> + '_ {
        self.derived("access tokens").map(|key| SigningKey::from_bytes(&key).verifying_key())
    }

    /// The key that signs sealed batches of the audit.
    pub fn audit_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.derive("audit"))
    }

    /// The keys whose batches are ours, those of retired masters among them.
    pub fn audit_verifying_keys(&self) -> impl Iterator<Item = VerifyingKey> + '_ {
        let ring = self.derived("audit").map(|key| SigningKey::from_bytes(&key).verifying_key());
        ring.chain(self.retired.iter().copied())
    }
}

/// A digest for looking up a secret that is itself 32 random bytes, such as a token. It needs no key: nobody guesses such
/// a secret, and sessions outlive a change of the master.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest([b"lakegate token\0".as_slice(), token.as_bytes()].concat()))
}

fn new_master(random: &dyn Random) -> Master {
    let mut master = Zeroizing::new([0_u8; 32]);
    random.fill(master.as_mut_slice());
    master
}

fn signing_key(master: &Master, purpose: &str) -> SigningKey {
    SigningKey::from_bytes(&mac(master.as_slice(), purpose.as_bytes()))
}

fn id_of(master: &Master) -> String {
    hex::encode(&Sha256::digest([b"lakegate key id".as_slice(), master.as_slice()].concat())[..6])
}

fn master(text: &str) -> Result<Master, Fault> {
    let bytes = Zeroizing::new(STANDARD.decode(text).unwrap_or_default());
    bytes.as_slice().try_into().map(Zeroizing::new).map_err(|_| malformed())
}

fn malformed() -> Fault {
    Fault::invalid("keys.master_key", "a master key has to be 32 bytes in base64")
        .fix("make one with `openssl rand -base64 32`")
}

fn public_key(text: &str) -> Result<VerifyingKey, Fault> {
    let bytes: Option<[u8; 32]> = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or_else(|| Fault::invalid("keys.master_key", "the public key of a retired master is 32 bytes in hex"))
}

/// A short name for a public key.
pub fn public_key_id(key: &VerifyingKey) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..8])
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; the empty MAC would only make a lookup miss.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}
