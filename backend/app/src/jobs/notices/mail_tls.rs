//! TLS to the mail server, by the authorities that this machine trusts.

use lettre::transport::smtp::{client::AsyncTokioStream, extension::ClientId};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

/// Bytes of one answer in the open.
const ANSWER_MAX: u64 = 64 << 10;

/// What a server says to whoever connects: this one said it in the open, before TLS.
const GREETING: &[u8] = b"220 ready\r\n";

/// Opens TLS to a host over a connection.
pub(super) async fn open(host: &str, stream: TcpStream) -> io::Result<Sealed> {
    sealed(host, stream, config()?, b"").await
}

/// Asks a host in the open to go on under TLS. What it says so far counts for nothing afterwards.
pub(super) async fn start(host: &str, stream: TcpStream) -> io::Result<Sealed> {
    start_with(host, stream, config()?).await
}

async fn start_with(host: &str, stream: TcpStream, config: ClientConfig) -> io::Result<Sealed> {
    let mut server = BufReader::new(stream);
    answer(&mut server, "220").await?;
    let hello = format!("EHLO {}\r\n", ClientId::default());
    server.get_mut().write_all(hello.as_bytes()).await?;
    let offers = answer(&mut server, "250").await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err(io::Error::other("the mail server does not offer STARTTLS"));
    }
    server.get_mut().write_all(b"STARTTLS\r\n").await?;
    answer(&mut server, "220").await?;
    // Whoever sits between could have it taken for an answer under TLS.
    if !server.buffer().is_empty() {
        return Err(io::Error::other("the mail server went on in the open after STARTTLS"));
    }
    sealed(host, server.into_inner(), config, GREETING).await
}

/// Reads one answer of a code, line by line, and returns what follows the code.
async fn answer(server: &mut BufReader<TcpStream>, code: &str) -> io::Result<Vec<String>> {
    let mut server = server.take(ANSWER_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        server.read_line(&mut line).await?;
        let rest = line.strip_prefix(code).filter(|_| line.ends_with('\n'));
        let rest = rest.ok_or_else(|| io::Error::other(format!("the mail server answered {:?}", line.trim_end())))?;
        lines.push(rest.get(1..).unwrap_or_default().trim_end().to_owned());
        if !rest.starts_with('-') {
            return Ok(lines);
        }
    }
}

async fn sealed(host: &str, stream: TcpStream, config: ClientConfig, said: &'static [u8]) -> io::Result<Sealed> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(Sealed { said, stream })
}

fn config() -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A connection under TLS.
#[derive(Debug)]
pub(super) struct Sealed {
    /// What is read before anything else.
    said: &'static [u8],
    stream: TlsStream<TcpStream>,
}

impl AsyncTokioStream for Sealed {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Sealed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.said.is_empty() {
            let (now, later) = self.said.split_at(into.remaining().min(self.said.len()));
            into.put_slice(now);
            self.said = later;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Sealed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::net::TcpListener;
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, pki_types::PrivateKeyDer},
    };

    /// A mail server that says these things in the open, each after a line of the client's but the first, and goes on under
    /// TLS as `host`. Returns its port and what a client trusts.
    async fn server(says: &'static [&'static str], host: &str) -> (u16, ClientConfig) {
        let own = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(own.cert.der().clone()).unwrap();
        let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut client = BufReader::new(listener.accept().await?.0);
            for (at, said) in says.iter().enumerate() {
                if at > 0 {
                    client.read_line(&mut String::new()).await?;
                }
                client.get_mut().write_all(said.as_bytes()).await?;
            }
            let mut sealed = TlsAcceptor::from(Arc::new(config)).accept(client.into_inner()).await?;
            sealed.write_all(b"250 under TLS\r\n").await?;
            sealed.flush().await
        });
        let trusting = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        (port, trusting.with_root_certificates(roots).with_no_client_auth())
    }

    async fn started(says: &'static [&'static str], host: &str) -> io::Result<Vec<String>> {
        let (port, config) = server(says, host).await;
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut lines = BufReader::new(start_with("mail.example", stream, config).await?).lines();
        Ok(vec![lines.next_line().await?.unwrap(), lines.next_line().await?.unwrap()])
    }

    #[tokio::test]
    async fn it_goes_on_under_tls() {
        let says = &["220 sink\r\n", "250-sink\r\n250-SIZE 1000\r\n250 StartTLS\r\n", "220 go on\r\n"];
        assert_eq!(started(says, "mail.example").await.unwrap(), ["220 ready", "250 under TLS"]);
    }

    #[tokio::test]
    async fn never_without_and_never_with_somebody_else() {
        let none = started(&["220 sink\r\n", "250-sink\r\n250 SIZE 1000\r\n"], "mail.example").await.unwrap_err();
        assert_eq!(none.to_string(), "the mail server does not offer STARTTLS");
        let refused =
            started(&["220 sink\r\n", "250 STARTTLS\r\n", "454 not now\r\n"], "mail.example").await.unwrap_err();
        assert_eq!(refused.to_string(), "the mail server answered \"454 not now\"");
        let between = &["220 sink\r\n", "250 STARTTLS\r\n", "220 go on\r\n250 in the open\r\n"];
        let between = started(between, "mail.example").await.unwrap_err();
        assert_eq!(between.to_string(), "the mail server went on in the open after STARTTLS");
        let says = &["220 sink\r\n", "250 STARTTLS\r\n", "220 go on\r\n"];
        let other = started(says, "other.example").await.unwrap_err();
        assert!(other.to_string().contains("certificate"), "{other}");
    }
}
