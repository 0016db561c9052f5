//! By which server notices are mailed.

use lakegate_app::jobs::notices::{MailSecurity, MailSettings, mail::is_mailbox};
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// The section `mail`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The mail server. Absent: no mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port; absent, the usual one of the security.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// `tls`, `starttls` or `none`.
    pub security: MailSecurity,
    /// Who signs in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Who writes: `Lakegate <data@example.org>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Mail {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        if self.host.is_some() && self.from.is_none() {
            wrong.push("mail.from: say who writes, such as Lakegate <data@example.org>".to_owned());
        }
        if let Some(from) = self.from.as_ref().filter(|from| !is_mailbox(from)) {
            wrong.push(format!("mail.from: {from:?} is not like Lakegate <data@example.org>"));
        }
        if self.username.is_some() != self.password.is_some() {
            wrong.push("mail.password: user name and password go together".to_owned());
        }
        if self.password.is_some() && self.security == MailSecurity::None {
            wrong.push("mail.security: a password is not sent in the open".to_owned());
        }
    }

    /// What the use cases need of it.
    pub fn settings(&self) -> Option<MailSettings> {
        let credentials = self.username.clone().zip(self.password.as_ref());
        Some(MailSettings {
            host: self.host.clone()?,
            port: self.port,
            security: self.security,
            credentials: credentials.map(|(name, word)| (name, word.reveal().to_owned().into())),
            from: self.from.clone()?,
        })
    }
}
