//! Notices of runs: somebody says of which runs he wants to hear what, and is told in the portal, by a webhook, or by mail.
//!
//! What is to be told is written down in the transaction in which it happens ([`planning`]), as a delivery and a run of
//! [`NOTIFY`] that sends it ([`sending`]). So none is lost, and one may be sent twice: its id tells. Whether the reader
//! may see the run is decided when it is sent, not when it was asked for.

pub mod deliveries;
pub mod mail;
mod mail_tls;
pub mod planning;
pub mod seen;
pub mod sending;
pub mod watches;
mod webhook;
mod words;

use lakegate_jobs::{Backoff, KindSpec};
use lakegate_model::words::SlotClass;
use std::time::Duration;

pub use mail::{MailSecurity, MailSettings};

/// Sends one notice. About an hour passes between the first try and the last.
pub const NOTIFY: KindSpec = KindSpec {
    name: "notify",
    title: "Send a notice",
    class: SlotClass::Light,
    at_once: 4,
    bound: 100_000,
    max_tries: 12,
    deadline: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_secs(2), most: Duration::from_secs(1_800) },
    memory_bytes: 1 << 20,
};

/// What configuration says about notices.
#[derive(Debug, Clone, Default)]
pub struct NoticeSettings {
    /// The address under which people open the portal, such as `https://data.example.org`; links begin with it.
    pub base: Option<String>,
    /// How mail is sent, if it is.
    pub mail: Option<MailSettings>,
}
