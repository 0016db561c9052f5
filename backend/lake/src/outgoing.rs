//! Connections to the outside: a name is resolved once, what it resolves to is checked, and the connection goes to
//! exactly those addresses. Redirects are not followed and proxies of the surroundings are not used.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lakegate_model::outgoing::{OutgoingRules, is_public};
use lakegate_model::storage::StorageAccess;
use lakegate_model::{Code, Fault};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::LakeError;

/// Wait for a name to be resolved.
const PATIENCE: Duration = Duration::from_secs(5);
/// A host that takes longer to accept a connection is not there.
const CONNECT: Duration = Duration::from_secs(3);

/// Checks an address and everything its host resolves to at this moment.
///
/// # Errors
/// `invalid` on `field`, or `dependency` if the name cannot be resolved. Neither tells what was found.
pub async fn check(rules: &OutgoingRules, field: &str, address: &str) -> Result<(), Fault> {
    check_url(rules, field, &rules.check_form(field, address)?).await
}

/// As [`check`], for the address of a webhook, which may have a path and a query.
///
/// # Errors
/// As [`check`].
pub async fn check_hook(rules: &OutgoingRules, field: &str, address: &str) -> Result<(), Fault> {
    check_url(rules, field, &rules.check_hook(field, address)?).await
}

async fn check_url(rules: &OutgoingRules, field: &str, url: &Url) -> Result<(), Fault> {
    if rules.lists(url) {
        return Ok(());
    }
    let checked = match url.host() {
        Some(Host::Domain(name)) => public_addresses(lookup(name.to_owned())).await.map(drop),
        Some(Host::Ipv4(ip)) => need_public(ip.into()),
        Some(Host::Ipv6(ip)) => need_public(ip.into()),
        None => Err(NotReached::NotAllowed),
    };
    checked.map_err(|error| match error {
        NotReached::NotAllowed => Fault { field: Some(field.to_owned()), ..LakeError::NotAllowed.into() },
        NotReached::Unresolved(cause) => {
            Fault::new(Code::Dependency, "the host of this address cannot be found").on(field).caused_by(cause)
        }
    })
}

/// Checks a storage before it is used, so that whoever uses it reads why it cannot be. The connections themselves are
/// checked again when they are made.
///
/// # Errors
/// As [`check`], on `endpoint`.
pub async fn check_access(access: &StorageAccess) -> Result<(), Fault> {
    match access {
        StorageAccess::S3 { endpoint: Some(endpoint), outgoing, .. } => check(outgoing, "endpoint", endpoint).await,
        // Without an endpoint the host is Amazon's own, of a region whose form was checked.
        StorageAccess::S3 { endpoint: None, .. } | StorageAccess::Folder => Ok(()),
    }
}

/// A client for one endpoint and nothing else. `request` bounds one request with its answer.
///
/// # Errors
/// [`LakeError::NotAllowed`] for an address that the rules do not let through, [`LakeError::Location`] for one that
/// is none.
pub(crate) fn client(rules: &OutgoingRules, endpoint: &str, request: Duration) -> Result<reqwest::Client, LakeError> {
    client_with(rules, endpoint, request, lookup)
}

fn client_with(
    rules: &OutgoingRules,
    endpoint: &str,
    request: Duration,
    lookup: Lookup,
) -> Result<reqwest::Client, LakeError> {
    let url = rules.check_form("endpoint", endpoint).map_err(|fault| LakeError::Location(fault.to_string()))?;
    client_of(rules, &url, request, lookup)
}

fn client_of(
    rules: &OutgoingRules,
    url: &Url,
    request: Duration,
    lookup: Lookup,
) -> Result<reqwest::Client, LakeError> {
    let listed = rules.lists(url);
    if !listed && literal(url).is_some_and(|ip| !is_public(ip)) {
        return Err(LakeError::NotAllowed);
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    reqwest::Client::builder()
        .dns_resolver(Arc::new(Checked { host, listed, lookup }))
        .redirect(Policy::none())
        .no_proxy()
        .https_only(url.scheme() == "https")
        .http1_only()
        // Bytes are what the store says they are: nothing is unpacked on the way.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT)
        .timeout(request)
        .build()
        .map_err(LakeError::internal)
}

/// Posts to the address of a webhook and gives the status of the answer, which is not read any further.
///
/// # Errors
/// `invalid` for an address that the rules do not let through, `dependency` if there is no answer in time. Neither tells
/// what was found there.
pub async fn post(
    rules: &OutgoingRules,
    address: &str,
    headers: &[(&'static str, String)],
    body: Vec<u8>,
    patience: Duration,
) -> Result<u16, Fault> {
    let url = rules.check_hook("address", address)?;
    let client = client_of(rules, &url, patience, lookup).map_err(|error| Fault { field: None, ..error.into() })?;
    let request = headers.iter().fold(client.post(url), |request, (name, value)| request.header(*name, value));
    let answer = request.body(body).send().await.map_err(|error| {
        let words = if error.is_timeout() { "there was no answer in time" } else { "no connection could be made" };
        Fault::new(Code::Dependency, words).caused_by(error.without_url())
    })?;
    Ok(answer.status().as_u16())
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
        Host::Domain(_) => None,
    }
}

/// Why no connection is made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReached {
    #[error("this host is not one that the server connects to")]
    NotAllowed,
    #[error("the host cannot be found: {0}")]
    Unresolved(String),
}

type Lookup = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Asks the resolver of the machine.
fn lookup(name: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }.boxed()
}

/// The addresses of a name, all of them public.
async fn public_addresses(
    lookup: BoxFuture<'static, io::Result<Vec<SocketAddr>>>,
) -> Result<Vec<SocketAddr>, NotReached> {
    let found = addresses(lookup).await?;
    found.iter().try_for_each(|address| need_public(address.ip()))?;
    Ok(found)
}

async fn addresses(lookup: BoxFuture<'static, io::Result<Vec<SocketAddr>>>) -> Result<Vec<SocketAddr>, NotReached> {
    match tokio::time::timeout(PATIENCE, lookup).await {
        Ok(Ok(found)) if found.is_empty() => Err(NotReached::Unresolved("no address".to_owned())),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(NotReached::Unresolved(error.to_string())),
        Err(_) => Err(NotReached::Unresolved("no answer in time".to_owned())),
    }
}

fn need_public(ip: IpAddr) -> Result<(), NotReached> {
    if is_public(ip) { Ok(()) } else { Err(NotReached::NotAllowed) }
}

/// Resolves the one name of a client. What it hands out is what the client connects to: there is no second look-up
/// in which the name could have moved.
struct Checked {
    host: String,
    /// Configuration names the host: it may resolve to anything.
    listed: bool,
    lookup: Lookup,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let known = name.as_str() == self.host;
        let (listed, found) = (self.listed, (self.lookup)(name.as_str().to_owned()));
        async move {
            let found = match (known, listed) {
                (false, _) => Err(NotReached::NotAllowed),
                (true, true) => addresses(found).await,
                (true, false) => public_addresses(found).await,
            };
            let found: Addrs = Box::new(found?.into_iter());
            Ok(found)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
