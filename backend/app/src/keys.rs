//! The master key and the keys made from it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use lakegate_model::{Code, Fault, Random};
use sha2::{Digest, Sha256};
use std::{fs, io::Write, path::Path};
use zeroize::Zeroizing;

/// Keys for sealing, signing and hashing. `Debug` shows none of them.
#[derive(Clone)]
pub struct Keys {
    master: Zeroizing<[u8; 32]>,
    /// Names the master key beside everything sealed with it.
    pub key_id: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys made from a master key of 32 bytes.
    pub fn from_bytes(master: [u8; 32]) -> Self {
        let key_id = hex::encode(&Sha256::digest([b"lakegate key id".as_slice(), &master].concat())[..6]);
        Self { master: Zeroizing::new(master), key_id }
    }

    /// Keys made from a master key in base64, as configuration carries it.
    ///
    /// # Errors
    /// `invalid` if the text is not 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, Fault> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).unwrap_or_default());
        let master: [u8; 32] = bytes.as_slice().try_into().map_err(|_| {
            Fault::invalid("keys.master_key", "the master key has to be 32 bytes in base64")
                .fix("make one with `openssl rand -base64 32`")
        })?;
        Ok(Self::from_bytes(master))
    }

    /// Reads the master key from a file that only its owner may read; makes one if the file is absent.
    ///
    /// # Errors
    /// `invalid` if others may read the file, or if it cannot be read or written.
    pub fn from_file(path: &Path, random: &dyn Random) -> Result<Self, Fault> {
        if path.exists() {
            check_mode(path)?;
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            return Self::from_base64(&text);
        }
        let mut master = Zeroizing::new([0_u8; 32]);
        random.fill(master.as_mut_slice());
        write_private(path, STANDARD.encode(master.as_slice()).as_bytes()).map_err(|error| unreadable(path, &error))?;
        Ok(Self::from_bytes(*master))
    }

    /// A key for one purpose: HMAC-SHA256 of the purpose under the master key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(self.master.as_slice(), purpose.as_bytes()))
    }

    /// The key that signs access tokens.
    pub fn token_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.derive("access tokens"))
    }

    /// The key that signs sealed batches of the audit.
    pub fn audit_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.derive("audit"))
    }

    /// A digest for looking up a secret that is itself random, such as a token.
    pub fn token_hash(&self, token: &str) -> String {
        hex::encode(mac(self.derive("token lookup").as_slice(), token.as_bytes()))
    }
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

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let place = path.display();
    Fault::new(Code::Invalid, format!("the master key file {place} cannot be used: {error}")).on("keys.master_key_file")
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::MetadataExt;
    let mode = fs::metadata(path).map_err(|error| unreadable(path, &error))?.mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let place = path.display();
    Err(Fault::invalid("keys.master_key_file", format!("others may read {place}"))
        .fix(format!("run `chmod 600 {place}`")))
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), Fault> {
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
