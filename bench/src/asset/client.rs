//! As little HTTP as asking takes: one connection kept alive, one request at a time, bodies of a stated length.
//!
//! A whole client library would take more of the processors than what is measured leaves.

use super::{
    names::{Of, id},
    site::Door,
    truth::DOCUMENT,
};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Stands in the request where the id comes.
const PLACE: &str = "00000000-0000-0000-0000-000000000000";

/// A connection.
pub struct Client {
    stream: TcpStream,
    /// The request, its id to be written at `at`.
    request: Vec<u8>,
    at: usize,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Client {
    pub async fn connect(door: &Door) -> Result<Self> {
        let stream = TcpStream::connect(door.address).await?;
        stream.set_nodelay(true)?;
        let body = json!({ "query": DOCUMENT, "variables": { "id": PLACE } }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n{body}",
            door.address,
            door.bearer,
            body.len()
        );
        let at = request.find(PLACE).context("the request has no place for the id")?;
        Ok(Self { stream, request: request.into_bytes(), at, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Asks for the asset of a number.
    pub async fn read(&mut self, number: u32) -> Result<Answer<'_>> {
        let place = self.request.get_mut(self.at..self.at + PLACE.len()).context("no place for the id")?;
        id(Of::Asset, number, 0).hyphenated().encode_lower(place);
        self.stream.write_all(&self.request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let (status, length) = head_of(self.buffer.get(..head).unwrap_or_default())?;
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(Answer { status, body: self.buffer.get(head..head + length).unwrap_or_default() })
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

fn head_of(head: &[u8]) -> Result<(u16, usize)> {
    let text = std::str::from_utf8(head)?;
    let status = text.split(' ').nth(1).context("no status")?.parse()?;
    let length = text.lines().filter_map(|line| line.split_once(':'));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.next().context("an answer without content-length")?;
    Ok((status, length.trim().parse()?))
}
