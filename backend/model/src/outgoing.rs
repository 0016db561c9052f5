//! Where the server may connect to on somebody's behalf: the rules, without asking any network.
//!
//! Addresses that only the server can reach (loopback, private and link-local networks, metadata services) are
//! refused unless configuration lists them, in whatever form they are written and whatever name resolves to them.

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Url;

use crate::Fault;

/// Longest address, in bytes.
const LONGEST: usize = 512;

/// IPv4 networks that are not the public internet, and services of clouds that only their machines reach.
const CLOSED_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Parts of the public IPv6 range that are special all the same: protocol assignments with Teredo, documentation,
/// 6to4 and its like.
const CLOSED_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// The one range of public IPv6 addresses.
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What configuration says about outgoing connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingRules {
    /// `host` or `host:port` (IPv6 in brackets) that may be reached although it is not public, also without TLS.
    pub allow: Vec<String>,
}

impl OutgoingRules {
    /// Checks the form of an address, without resolving its name.
    ///
    /// # Errors
    /// `invalid` on `field`.
    pub fn check_form(&self, field: &str, address: &str) -> Result<Url, Fault> {
        let wrong = |why: &str| Fault::invalid(field, why).fix("write it like https://s3.example.com");
        let url = parse(field, address).map_err(|fault| fault.fix("write it like https://s3.example.com"))?;
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return Err(wrong("an endpoint is a scheme, a host and a port, and nothing else"));
        }
        self.check_scheme(url).map_err(wrong)
    }

    /// Checks the form of the address of a webhook, which may have a path and a query.
    ///
    /// # Errors
    /// `invalid` on `field`.
    pub fn check_hook(&self, field: &str, address: &str) -> Result<Url, Fault> {
        let fix = "write it like https://hooks.example.com/lakegate";
        let wrong = |why: &str| Fault::invalid(field, why).fix(fix);
        let url = parse(field, address).map_err(|fault| fault.fix(fix))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(wrong("the address of a webhook holds no user, password or fragment"));
        }
        self.check_scheme(url).map_err(wrong)
    }

    fn check_scheme(&self, url: Url) -> Result<Url, &'static str> {
        match (url.scheme(), url.host()) {
            (_, None) => Err("the address names a host"),
            ("https", Some(_)) => Ok(url),
            ("http", Some(_)) if self.lists(&url) => Ok(url),
            ("http", Some(_)) => Err("the address is reached over https"),
            _ => Err("the address begins with https://"),
        }
    }

    /// Whether configuration names the host of an address, with or without its port.
    pub fn lists(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
        self.allow.iter().map(|entry| entry.trim().to_lowercase()).any(|entry| {
            // Url lower-cases names and writes every form of an IP address in its usual one.
            entry == host || Some(&entry) == with_port.as_ref()
        })
    }
}

fn parse(field: &str, address: &str) -> Result<Url, Fault> {
    if address.len() > LONGEST {
        return Err(Fault::invalid(field, format!("an address has at most {LONGEST} bytes")));
    }
    Url::parse(address.trim()).map_err(|_| Fault::invalid(field, "this is not an address"))
}

/// Whether an address belongs to the public internet, whatever it is wrapped in.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !within_v4(CLOSED_V4, ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => !within_v4(CLOSED_V4, inner),
            None => within_v6(&[PUBLIC_V6], ip) && !within_v6(CLOSED_V6, ip),
        },
    }
}

/// The IPv4 address inside a mapped or NAT64 one. (6to4, Teredo and the long dead compatible form are refused whole.)
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let [[w, x], [y, z]] = [high.to_be_bytes(), low.to_be_bytes()];
    let inner = Ipv4Addr::new(w, x, y, z);
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(inner),
        _ => None,
    }
}

fn within_v4(networks: &[(Ipv4Addr, u8)], ip: Ipv4Addr) -> bool {
    let holds = |(base, length): &(Ipv4Addr, u8)| Ipv4Net::new(*base, *length).is_ok_and(|net| net.contains(&ip));
    networks.iter().any(holds)
}

fn within_v6(networks: &[(Ipv6Addr, u8)], ip: Ipv6Addr) -> bool {
    let holds = |(base, length): &(Ipv6Addr, u8)| Ipv6Net::new(*base, *length).is_ok_and(|net| net.contains(&ip));
    networks.iter().any(holds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::Code;
    use proptest::prelude::*;

    fn rules(allow: &[&str]) -> OutgoingRules {
        OutgoingRules { allow: allow.iter().map(|entry| (*entry).to_owned()).collect() }
    }

    #[test]
    fn an_endpoint_is_a_host_and_nothing_else() {
        for address in [
            "",
            "s3.example.com",
            "ftp://s3.example.com",
            "https://",
            "https://user:pw@s3.example.com",
            "https://s3.example.com/bucket",
            "https://s3.example.com/?x=1",
            "https://s3.example.com/#x",
            "file:///etc",
        ] {
            let fault = rules(&[]).check_form("endpoint", address).unwrap_err();
            assert_eq!(fault.code, Code::Invalid, "{address}");
        }
        assert!(rules(&[]).check_form("endpoint", "https://s3.example.com:9000/").is_ok());
    }

    #[test]
    fn a_webhook_has_a_path_and_no_password() {
        assert!(rules(&[]).check_hook("address", "https://hooks.example.com/lakegate?team=3").is_ok());
        assert!(rules(&["10.0.0.5:9000"]).check_hook("address", "http://10.0.0.5:9000/x").is_ok());
        for address in ["hooks", "http://hooks.example.com/", "https://u:p@hooks.example.com/", "https://h.example/#x"]
        {
            let fault = rules(&[]).check_hook("address", address).unwrap_err();
            assert_eq!((fault.code, fault.field.as_deref()), (Code::Invalid, Some("address")), "{address}");
        }
    }

    proptest! {
        #[test]
        fn wrapping_an_address_never_opens_it(bits in any::<u32>()) {
            let ip = Ipv4Addr::from(bits);
            prop_assert_eq!(is_public(ip.to_ipv6_mapped().into()), is_public(ip.into()));
            prop_assert!(!is_public(ip.to_ipv6_compatible().into()));
            if ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_unspecified() {
                prop_assert!(!is_public(ip.into()));
            }
        }
    }
}
