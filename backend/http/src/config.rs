//! What configuration decides for the web.

use ipnet::IpNet;
use std::net::IpAddr;

/// Settings of the HTTP side.
#[derive(Debug, Clone, Default)]
pub struct WebConfig {
    /// Whether browsers reach us by TLS, which a proxy in front ends. Decides the cookie's name and `Secure`, and HSTS.
    pub secure: bool,
    /// Host names (without port) that requests may name, besides loopback ones. Anything else is refused, so that a
    /// foreign name that resolves to this machine reaches nothing.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest upload in bytes.
    pub upload_bytes: u64,
    /// The invented people that the demo offers for sign-in by a click; empty otherwise.
    pub demo_people: Vec<DemoPerson>,
}

/// Somebody of the demo.
#[derive(Debug, Clone)]
pub struct DemoPerson {
    pub username: &'static str,
    pub display_name: &'static str,
    /// What to try as this person, one line.
    pub line: &'static str,
    pub password: &'static str,
}

impl WebConfig {
    /// The name of the session cookie.
    ///
    /// Browsers accept the prefix `__Host-` only together with `Secure`, and `Secure` only over TLS; on plain HTTP,
    /// which is served on loopback addresses alone, the cookie goes without both.
    pub fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-lakegate" } else { "lakegate" }
    }

    /// Whether an address is one of the listed proxies.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }

    /// Whether requests may name this host (with or without a port).
    pub fn allows_host(&self, host: &str) -> bool {
        let name = host_name(host);
        is_loopback(name) || self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// The host without its port, and without the brackets of an IPv6 address.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.split(':').next().unwrap_or(host)
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_and_loopback_hosts_are_allowed() {
        let config = WebConfig { allowed_hosts: vec!["data.example.org".into()], ..WebConfig::default() };
        for host in ["127.0.0.1:8080", "localhost", "[::1]:8080", "data.example.org", "DATA.example.org:443"] {
            assert!(config.allows_host(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "data.example.org.evil", "10.0.0.1:80", ""] {
            assert!(!config.allows_host(host), "{host}");
        }
    }
}
