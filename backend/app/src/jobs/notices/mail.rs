//! Mail, by the server that configuration names.

use lakegate_model::{Code, Fault, ids::RunDeliveryId};
use lettre::{
    Address, Message,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream},
        extension::ClientId,
    },
};
use serde::{Deserialize, Serialize};
use std::{fmt, io, time::Duration};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::{mail_tls, words::Words};

/// How long the whole conversation with the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the way to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS as soon as the server was asked for it (RFC 3207); never without.
    StartTls,
    /// Not at all: for a server on the same machine.
    None,
}

/// The mail server and who writes.
#[derive(Clone)]
pub struct MailSettings {
    pub host: String,
    /// `None` is the usual one of the security.
    pub port: Option<u16>,
    pub security: MailSecurity,
    /// User name and password.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// Who writes: `Lakegate <data@example.org>`.
    pub from: String,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings").field("host", &self.host).field("from", &self.from).finish_non_exhaustive()
    }
}

/// Whether a text can stand as who writes.
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Why mail was not sent.
#[derive(Debug)]
pub(super) struct NotSent {
    pub fault: Fault,
    /// Whether another attempt may go better.
    pub again: bool,
}

impl MailSettings {
    /// Sends a notice to an address. A repeated one has the same `Message-ID`.
    pub(super) async fn send(&self, delivery: RunDeliveryId, to: &str, words: &Words) -> Result<(), NotSent> {
        let message = self.message(delivery, to, words).map_err(|fault| NotSent { fault, again: false })?;
        match tokio::time::timeout(PATIENCE, self.submit(&message)).await {
            Ok(said) => said,
            Err(_) => Err(unreached("no answer in time")),
        }
    }

    /// One conversation with the server.
    async fn submit(&self, message: &Message) -> Result<(), NotSent> {
        let stream = self.connect().await.map_err(unreached)?;
        let hello = ClientId::default();
        let mut server = AsyncSmtpConnection::connect_with_transport(stream, &hello).await.map_err(refused)?;
        if let Some((name, word)) = &self.credentials {
            let known = Credentials::new(name.clone(), word.to_string());
            server.auth(&[Mechanism::Plain, Mechanism::Login], &known).await.map_err(refused)?;
        }
        server.send(message.envelope(), &message.formatted()).await.map_err(refused)?;
        // It has the message; how it says good-bye changes nothing.
        let _said = server.quit().await;
        Ok(())
    }

    async fn connect(&self) -> io::Result<Box<dyn AsyncTokioStream>> {
        let usual = match self.security {
            MailSecurity::Tls => 465,
            MailSecurity::StartTls => 587,
            MailSecurity::None => 25,
        };
        let stream = TcpStream::connect((self.host.as_str(), self.port.unwrap_or(usual))).await?;
        match self.security {
            MailSecurity::Tls => Ok(Box::new(mail_tls::open(&self.host, stream).await?)),
            MailSecurity::StartTls => Ok(Box::new(mail_tls::start(&self.host, stream).await?)),
            MailSecurity::None => Ok(Box::new(stream)),
        }
    }

    fn message(&self, delivery: RunDeliveryId, to: &str, words: &Words) -> Result<Message, Fault> {
        let to: Address = to.parse().map_err(|_| Fault::invalid("email", "this is not an e-mail address"))?;
        let from: Mailbox = self.from.parse().map_err(Fault::internal)?;
        let domain = from.email.domain().to_owned();
        let link = words.data["link"].as_str().unwrap_or_default();
        Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(words.title.clone())
            .message_id(Some(format!("<{delivery}@{domain}>")))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\n\n{link}\n", words.body))
            .map_err(Fault::internal)
    }
}

fn unreached(cause: impl fmt::Display) -> NotSent {
    let fault = Fault::new(Code::Dependency, "the mail server could not be reached").caused_by(cause);
    NotSent { fault, again: true }
}

/// What the server said, or that it stopped saying anything.
fn refused(error: SmtpError) -> NotSent {
    if error.is_permanent() {
        let fault = Fault::new(Code::Dependency, "the mail server refused the message").caused_by(error);
        return NotSent { fault, again: false };
    }
    unreached(error)
}
