#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

fn rules(allow: &[&str]) -> OutgoingRules {
    OutgoingRules { allow: allow.iter().map(|entry| (*entry).to_owned()).collect() }
}

async fn refused(rules: &OutgoingRules, address: &str) -> bool {
    match check(rules, "endpoint", address).await {
        Ok(()) => false,
        Err(fault) => {
            assert_eq!(fault.field.as_deref(), Some("endpoint"));
            fault.code == Code::Invalid
        }
    }
}

#[tokio::test]
async fn inner_addresses_are_refused_in_every_form() {
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "[2001:0:1::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
    ] {
        assert!(refused(&rules(&[]), &format!("https://{host}:9000")).await, "{host}");
    }
}

#[tokio::test]
async fn public_addresses_pass_over_https_alone() {
    for host in ["8.8.8.8", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]"] {
        assert!(!refused(&rules(&[]), &format!("https://{host}")).await, "{host}");
        assert!(refused(&rules(&[]), &format!("http://{host}")).await, "{host}");
    }
}

#[tokio::test]
async fn configuration_opens_exactly_what_it_lists() {
    let port = rules(&["127.0.0.1:9000"]);
    assert!(!refused(&port, "http://127.0.0.1:9000").await);
    assert!(!refused(&port, "http://2130706433:9000").await, "another form of the same address");
    assert!(refused(&port, "http://127.0.0.1:9001").await);
    assert!(refused(&port, "http://127.0.0.2:9000").await);
    let host = rules(&["Storage.Internal", "[::1]:9000"]);
    assert!(!refused(&host, "http://storage.internal:1234").await);
    assert!(refused(&host, "http://storage.internal.example.com").await);
    assert!(!refused(&host, "http://[0:0:0:0:0:0:0:1]:9000").await);
}

/// A server on this machine that answers every connection once and counts them; it ends with its first `end`.
struct Listener {
    port: u16,
    thread: JoinHandle<usize>,
}

impl Listener {
    fn answering(answer: String) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let mut reached = 0;
            for stream in socket.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap();
                if request[..read].starts_with(b"END") {
                    return reached;
                }
                reached += 1;
                stream.write_all(answer.as_bytes()).unwrap();
            }
            reached
        });
        Self { port, thread }
    }

    /// How many connections came in.
    fn end(self) -> usize {
        std::net::TcpStream::connect(("127.0.0.1", self.port)).unwrap().write_all(b"END").unwrap();
        self.thread.join().unwrap()
    }
}

fn ok() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_owned()
}

fn not_allowed(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(crate::error::in_chain::<NotReached>(error), Some(NotReached::NotAllowed))
}

async fn get(client: &reqwest::Client, url: &str) -> Result<u16, reqwest::Error> {
    client.get(url).send().await.map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_service_of_this_machine_is_reached_only_when_it_is_listed() {
    let listener = Listener::answering(ok());
    let port = listener.port;
    for host in ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]"] {
        let error = client(&rules(&[]), &format!("https://{host}:{port}"), CONNECT).unwrap_err();
        assert_eq!(error, LakeError::NotAllowed, "{host}");
    }
    let named = format!("https://localhost:{port}");
    let error = get(&client(&rules(&[]), &named, CONNECT).unwrap(), &named).await.unwrap_err();
    assert!(not_allowed(&error), "{error:?}");
    let listed = format!("http://localhost:{port}");
    let rules = rules(&[&format!("localhost:{port}")]);
    assert_eq!(get(&client(&rules, &listed, CONNECT).unwrap(), &listed).await.unwrap(), 200);
    assert_eq!(listener.end(), 1, "only the listed endpoint was reached");
}

#[tokio::test]
async fn a_listed_endpoint_opens_no_other_host() {
    let listener = Listener::answering(ok());
    let client = client(&rules(&["storage.internal"]), "http://storage.internal", CONNECT).unwrap();
    let error = get(&client, &format!("http://localhost:{}", listener.port)).await.unwrap_err();
    assert!(not_allowed(&error), "{error:?}");
    assert_eq!(listener.end(), 0);
}

/// A name that is public when it is looked at and this machine when it is used.
fn rebinding(_name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let first = ASKED.fetch_add(1, Ordering::SeqCst) == 0;
    let ip: IpAddr = if first { [93, 184, 215, 14].into() } else { [127, 0, 0, 1].into() };
    async move { Ok(vec![SocketAddr::new(ip, 0)]) }.boxed()
}

#[tokio::test]
async fn a_name_that_moves_between_check_and_use_is_refused() {
    let listener = Listener::answering(ok());
    let endpoint = format!("https://moving.example:{}", listener.port);
    let client = client_with(&rules(&[]), &endpoint, CONNECT, rebinding).unwrap();
    assert!(public_addresses(rebinding("moving.example".to_owned())).await.is_ok(), "the look before");
    let error = get(&client, &endpoint).await.unwrap_err();
    assert!(not_allowed(&error), "{error:?}");
    assert_eq!(listener.end(), 0);
}

/// One good address does not carry a bad one along.
fn mixed(_name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    async move { Ok(vec![([93, 184, 215, 14], 0).into(), ([169, 254, 169, 254], 0).into()]) }.boxed()
}

#[tokio::test]
async fn one_inner_address_among_public_ones_is_enough_to_refuse() {
    let client = client_with(&rules(&[]), "https://mixed.example", CONNECT, mixed).unwrap();
    assert!(not_allowed(&get(&client, "https://mixed.example").await.unwrap_err()));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let inner = Listener::answering(ok());
    let target = format!("http://127.0.0.1:{}/latest/meta-data", inner.port);
    let outer = Listener::answering(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ));
    let endpoint = format!("http://127.0.0.1:{}", outer.port);
    let rules = rules(&[&format!("127.0.0.1:{}", outer.port)]);
    assert_eq!(get(&client(&rules, &endpoint, CONNECT).unwrap(), &endpoint).await.unwrap(), 307);
    let access = StorageAccess::S3 {
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: "secret".to_owned(),
        outgoing: rules,
    };
    let storage = crate::Storage::open(&access, "s3://bucket/").unwrap();
    assert!(storage.probe().await.is_err());
    assert_eq!(inner.end(), 0, "the redirect was followed");
    assert!(outer.end() >= 2);
}

#[tokio::test]
async fn a_bucket_at_a_name_that_is_not_allowed_says_so_and_is_not_reached() {
    let listener = Listener::answering(ok());
    let access = |endpoint: String| StorageAccess::S3 {
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: "secret".to_owned(),
        outgoing: OutgoingRules::default(),
    };
    let named = access(format!("https://localhost:{}", listener.port));
    let storage = crate::Storage::open(&named, "s3://bucket/x/").unwrap();
    assert_eq!(storage.probe().await.unwrap_err(), LakeError::NotAllowed);
    assert_eq!(storage.read("a.csv", 10).await.unwrap_err(), LakeError::NotAllowed);
    assert_eq!(storage.put("a.csv", "x".into()).await.unwrap_err(), LakeError::NotAllowed);
    assert_eq!(check_access(&named).await.unwrap_err().code, Code::Invalid);
    let literal = access(format!("https://127.0.0.1:{}", listener.port));
    assert_eq!(crate::Storage::open(&literal, "s3://bucket/x/").unwrap_err(), LakeError::NotAllowed);
    assert_eq!(listener.end(), 0);
}
