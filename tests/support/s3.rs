//! The S3 server of the gate.

/// The address of the S3 server; `None` (said aloud) where the environment names none.
pub fn server(test: &str) -> Option<String> {
    match std::env::var("LAKEGATE_TEST_S3") {
        Ok(url) if !url.is_empty() => Some(url),
        _ => {
            crate::skipped(test, "LAKEGATE_TEST_S3 names no S3 server");
            None
        }
    }
}

/// Makes a bucket. The test server takes any credentials, also none.
pub async fn make_bucket(server: &str, bucket: &str) {
    let sent = reqwest::Client::new().put(format!("{server}/{bucket}")).send().await.unwrap();
    assert!(sent.status().is_success(), "bucket {bucket}: {}", sent.status());
}

/// What the test server takes for a signature: anonymous callers may not remove anything.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// Puts an object.
pub async fn put(server: &str, bucket: &str, key: &str, bytes: Vec<u8>) {
    let sent = reqwest::Client::new().put(format!("{server}/{bucket}/{key}")).body(bytes).send().await.unwrap();
    assert!(sent.status().is_success(), "object {key}: {}", sent.status());
}

/// Removes an object.
pub async fn remove(server: &str, bucket: &str, key: &str) {
    let sent = reqwest::Client::new()
        .delete(format!("{server}/{bucket}/{key}"))
        .header("authorization", SIGNED)
        .send()
        .await
        .unwrap();
    assert!(sent.status().is_success(), "object {key}: {}", sent.status());
}
