//! HTTP by hand, for requests that no honest client sends.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that sends what it is told.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// Connects to the server at a base address.
    pub async fn connect(base: &str) -> Self {
        Self(TcpStream::connect(base.trim_start_matches("http://")).await.unwrap())
    }

    /// Sends bytes; false once the server has closed the connection.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Ends our half of the connection.
    pub async fn end(&mut self) {
        let _gone = self.0.shutdown().await;
    }

    /// The status and the text of the answer, read until the server closes.
    pub async fn answer(mut self) -> (u16, String) {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A reset after the answer is how a server ends a body that it will not read.
        let _reset = read.expect("an answer in time");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        (status, text)
    }
}

/// Sends one whole request, asks to close after it, and gives status and text.
pub async fn exchange(base: &str, head: &str, body: &[u8]) -> (u16, String) {
    let mut raw = Raw::connect(base).await;
    raw.send(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await;
    raw.send(body).await;
    raw.answer().await
}
