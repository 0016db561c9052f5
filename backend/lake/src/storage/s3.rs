//! Buckets of Amazon S3 and stores that speak like it.

use std::time::Duration;

use lakegate_model::storage::StorageAccess;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::{LakeError, outgoing};

/// One request with its answer; large files are read in ranges and written in parts, so this is generous.
const REQUEST: Duration = Duration::from_secs(60);
/// Tries after the first.
const RETRIES: usize = 2;

/// A bucket, reached with exactly the keys of `access`.
pub(super) fn open(access: &StorageAccess, bucket: &str) -> Result<AmazonS3, LakeError> {
    let StorageAccess::S3 { endpoint, region, access_key_id, secret_access_key, outgoing: rules } = access else {
        return Err(LakeError::Location("a bucket needs a connection with keys".to_owned()));
    };
    if access_key_id.is_empty() || secret_access_key.is_empty() {
        // Without keys the client would ask the machine's surroundings for some.
        return Err(LakeError::Location("a bucket needs an access key and a secret key".to_owned()));
    }
    let amazon = format!("https://s3.{region}.amazonaws.com");
    let client = outgoing::client(rules, endpoint.as_deref().unwrap_or(&amazon), REQUEST)?;
    // `new`, never `from_env`: the server's own cloud credentials are not lent to anybody.
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_access_key_id(access_key_id)
        .with_secret_access_key(secret_access_key)
        .with_http_connector(Connector(client))
        .with_retry(retries());
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_virtual_hosted_style_request(false);
    }
    builder
        .build()
        .map_err(|e| LakeError::Location(format!("the connection to the bucket {bucket} does not fit: {}", kind(&e))))
}

/// Hands out the one client whose connections are checked, whatever the options say.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout: Duration::from_secs(10) }
}

/// What is wrong with a builder's settings, without quoting them.
fn kind(error: &object_store::Error) -> &'static str {
    match error {
        object_store::Error::Generic { .. } => "check endpoint and region",
        _ => "check its settings",
    }
}
