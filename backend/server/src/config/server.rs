//! Where the server listens, and how it is reached.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// The section `server`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port; port 0 takes a free one and prints it.
    pub listen: String,
    /// The address under which browsers reach the server, such as `https://data.example.org`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Networks of the proxies in front, which end TLS: `10.0.0.0/8` or a single address.
    pub trusted_proxies: Vec<String>,
    /// Further host names under which requests may come.
    pub allowed_hosts: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}

impl Server {
    /// The address to listen on.
    pub fn address(&self) -> Option<SocketAddr> {
        let host = self.listen.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        host.as_deref().unwrap_or(&self.listen).parse().ok()
    }

    /// The proxies as networks.
    pub fn proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }

    /// Whether browsers come by TLS.
    pub fn is_secure(&self) -> bool {
        match &self.public_url {
            Some(url) => url.scheme() == "https",
            None => !self.trusted_proxies.is_empty(),
        }
    }

    /// Host names under which requests may come, besides loopback ones.
    pub fn hosts(&self) -> Vec<String> {
        let public = self.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
        public.into_iter().chain(self.allowed_hosts.iter().cloned()).collect()
    }

    /// The address under which browsers come, without a slash at its end.
    pub fn base(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
    }

    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        match self.address() {
            None => wrong.push(format!("server.listen: \"{}\" is not like 127.0.0.1:8080", self.listen)),
            Some(address) if !address.ip().is_loopback() && self.trusted_proxies.is_empty() => wrong.push(format!(
                "server.listen: {address} can be reached from other machines, and the server does not speak TLS itself; \
                 put a proxy that does in front and list it in server.trusted_proxies"
            )),
            Some(_) => {}
        }
        if let Some(url) = self.public_url.as_ref().filter(|url| !is_base(url)) {
            wrong.push(format!("server.public_url: {url} has to be like https://data.example.org, without a path"));
        }
        for text in self.trusted_proxies.iter().filter(|text| network(text).is_none()) {
            wrong.push(format!("server.trusted_proxies: \"{text}\" is neither an address nor a network"));
        }
        for host in self.allowed_hosts.iter().filter(|host| host.is_empty() || host.contains(['/', ':', ' '])) {
            wrong.push(format!("server.allowed_hosts: \"{host}\" is not a host name (without port)"));
        }
    }
}

fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/" && url.query().is_none()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
