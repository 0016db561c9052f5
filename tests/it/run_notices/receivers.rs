//! Where notices go: a small receiver of webhooks, and a mail server that takes everything.

use hmac::{Hmac, Mac};
use lakegate_tests::Value;
use sha2::Sha256;
use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// One request of a webhook.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it was signed with a secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let signed = format!("{}.{}.{}", self.headers["lakegate-timestamp"], self.headers["lakegate-nonce"], self.body);
        mac.update(signed.as_bytes());
        let wanted = format!("v1={}", hex::encode(mac.finalize().into_bytes()));
        self.headers["lakegate-signature"] == wanted
    }
}

/// A receiver of webhooks that answers as it was told, and with 200 beyond that.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub port: u16,
    answers: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub fn answering(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
            received: Arc::default(),
        };
        let serving = receiver.clone();
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| serving.serve(stream)));
        receiver
    }

    /// The answers to what comes next.
    pub fn answer(&self, answers: &[u16]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/hook?team=3", self.port)
    }

    pub fn received(&self) -> Vec<Request> {
        self.received.lock().unwrap().clone()
    }

    /// What came, by the ids of notices.
    pub fn by_delivery(&self) -> HashMap<String, Vec<Request>> {
        let mut all: HashMap<String, Vec<Request>> = HashMap::new();
        for request in self.received() {
            all.entry(request.headers["lakegate-delivery"].clone()).or_default().push(request);
        }
        all
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read_request(&stream) else { return };
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(200);
        self.received.lock().unwrap().push(request);
        let location = if status == 302 { "location: /elsewhere\r\n" } else { "" };
        let answer = format!("HTTP/1.1 {status} Said\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n");
        // Whoever sent it may be dead by now.
        let _gone = stream.write_all(answer.as_bytes());
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, headers, body: String::from_utf8(body).ok()? })
}

/// A mail server that turns the first messages away for a while, and takes all others.
#[derive(Debug, Clone)]
pub struct MailServer {
    pub port: u16,
    busy: Arc<Mutex<usize>>,
    messages: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub fn busy_for(messages: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, busy: Arc::new(Mutex::new(messages)), messages: Arc::default() };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away ends its own conversation.
                let _ended = serving.talk(&stream);
            }
        });
        server
    }

    /// Messages with the words of their envelope in front.
    pub fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().clone()
    }

    fn talk(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let say = |text: &str| (&*stream).write_all(format!("{text}\r\n").as_bytes());
        say("220 sink")?;
        let (mut line, mut envelope) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 0 {
            let word = line.get(..4).unwrap_or_default().to_uppercase();
            match word.as_str() {
                "MAIL" if self.is_busy() => say("451 come back later")?,
                "MAIL" | "RCPT" => {
                    envelope.push_str(&line);
                    say("250 fine")?;
                }
                "DATA" => {
                    say("354 go on")?;
                    let text = read_message(&mut reader)?;
                    self.messages.lock().unwrap().push(format!("{envelope}{text}"));
                    say("250 taken")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 sink")?,
            }
            line.clear();
        }
        Ok(())
    }

    fn is_busy(&self) -> bool {
        let mut busy = self.busy.lock().unwrap();
        let now = *busy > 0;
        *busy = busy.saturating_sub(1);
        now
    }
}

fn read_message(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(&line);
    }
}
