//! What a notification tells of objects. It is read as Amazon S3, stores that speak as it does, and Amazon EventBridge
//! write it.

use lakegate_lake::LocationUri;
use lakegate_model::{
    Fault,
    triggers::{JobTrigger, NewEvent},
};
use serde_json::Value;

/// Most records of one notification.
const MOST: usize = 1_000;

/// An object that was created.
struct Object<'a> {
    bucket: &'a str,
    key: String,
    /// Tells this state of the object from others.
    version: &'a str,
}

/// The objects below a trigger's prefix of which a notification tells; of other events it says nothing.
///
/// # Errors
/// `invalid` on `body`.
pub(super) fn told(trigger: &JobTrigger, body: &[u8]) -> Result<Vec<NewEvent>, Fault> {
    let document: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let objects = read(&document)?;
    Ok(objects.into_iter().filter_map(|object| event(trigger, &object)).collect())
}

fn unreadable() -> Fault {
    Fault::invalid("body", "this is no notification of objects")
        .fix("send what Amazon S3 or Amazon EventBridge sends: an object with Records, or with detail-type and detail")
}

fn read(document: &Value) -> Result<Vec<Object<'_>>, Fault> {
    if document["Event"] == "s3:TestEvent" {
        return Ok(Vec::new());
    }
    if let Some(kind) = document["detail-type"].as_str() {
        let created = if kind == "Object Created" { bridged(&document["detail"]) } else { None };
        return Ok(created.into_iter().collect());
    }
    let records = document["Records"].as_array().ok_or_else(unreadable)?;
    if records.len() > MOST {
        return Err(Fault::invalid("body.Records", format!("a notification has at most {MOST} records")));
    }
    let created = |record: &&Value| {
        record["eventName"].as_str().is_some_and(|name| name.trim_start_matches("s3:").starts_with("ObjectCreated:"))
    };
    records.iter().filter(created).map(|record| recorded(record).ok_or_else(unreadable)).collect()
}

/// Keys of records are written as in forms: `+` is a space.
fn recorded(record: &Value) -> Option<Object<'_>> {
    let (bucket, object) = (&record["s3"]["bucket"], &record["s3"]["object"]);
    let key = object["key"].as_str()?;
    let key = url::form_urlencoded::parse(format!("k={}", key.replace('&', "%26")).as_bytes()).next()?.1.into_owned();
    Some(Object { bucket: bucket["name"].as_str()?, key, version: version(object).or(record["eventTime"].as_str())? })
}

fn bridged(detail: &Value) -> Option<Object<'_>> {
    let object = &detail["object"];
    Some(Object {
        bucket: detail["bucket"]["name"].as_str()?,
        key: object["key"].as_str()?.to_owned(),
        version: version(object)?,
    })
}

fn version(object: &Value) -> Option<&str> {
    ["sequencer", "versionId", "version-id", "eTag", "etag"].iter().find_map(|name| object[*name].as_str())
}

fn event(trigger: &JobTrigger, object: &Object<'_>) -> Option<NewEvent> {
    let bucket = LocationUri::parse(&format!("s3://{}/", object.bucket)).ok()?;
    counted(trigger, &bucket, &object.key, object.version)
}

/// The event of an object below `home`, if it counts: not where it is left out, nor where tables are never looked for.
pub(super) fn counted(trigger: &JobTrigger, home: &LocationUri, path: &str, version: &str) -> Option<NewEvent> {
    let address = home.join(path).ok()?.to_string();
    let about = address.trim_end_matches('/');
    let counts = trigger.covers(&address) && lakegate_lake::discover::may_be_data(path);
    counts.then(|| NewEvent { key: format!("{about} {version}"), about: about.to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lakegate_model::{
        ids::{ProjectId, TriggerId},
        words::Happening,
    };
    use serde_json::json;
    use uuid::Uuid;

    fn trigger() -> JobTrigger {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        JobTrigger {
            id: TriggerId(Uuid::nil()),
            project_id: ProjectId(Uuid::nil()),
            kind: "crawl".into(),
            subject_id: Uuid::nil(),
            name: "arrivals".into(),
            happening: Happening::ObjectCreated,
            watched_id: None,
            outcome: None,
            prefix: "s3://lake/raw/".into(),
            excluded: vec!["s3://lake/raw/out/".into()],
            list_seconds: None,
            batch_events: 1,
            batch_seconds: 0,
            enabled: true,
            secret_id: None,
            gathered: 0,
            due_at: None,
            last_event: 0,
            last_at: None,
            version: 1,
            created_by: String::new(),
            created_at: at,
            changed_at: at,
        }
    }

    fn record(name: &str, bucket: &str, key: &str) -> Value {
        json!({ "eventName": name, "s3": { "bucket": { "name": bucket }, "object": { "key": key, "sequencer": "0A" } } })
    }

    fn about(document: &Value) -> Vec<String> {
        told(&trigger(), document.to_string().as_bytes()).unwrap().into_iter().map(|event| event.about).collect()
    }

    #[test]
    fn only_what_was_created_below_the_prefix_counts() {
        let records = json!({ "Records": [
            record("ObjectCreated:Put", "lake", "raw/a.csv"),
            record("s3:ObjectCreated:CompleteMultipartUpload", "lake", "raw/with+space%2Band%26more.csv"),
            record("ObjectRemoved:Delete", "lake", "raw/b.csv"),
            record("ObjectCreated:Put", "lake", "raw/out/c.csv"),
            record("ObjectCreated:Put", "lake", "rawer/d.csv"),
            record("ObjectCreated:Put", "other", "raw/e.csv"),
            record("ObjectCreated:Put", "lake", "raw/_temporary/f.csv"),
            record("ObjectCreated:Put", "lake", "raw/../secret.csv"),
        ] });
        assert_eq!(about(&records), ["s3://lake/raw/a.csv", "s3://lake/raw/with%20space+and&more.csv"]);
    }

    #[test]
    fn the_bridge_is_understood_and_a_test_tells_of_nothing() {
        let object = json!({ "key": "raw/a b.csv", "etag": "x" });
        let bridged =
            json!({ "detail-type": "Object Created", "detail": { "bucket": { "name": "lake" }, "object": object } });
        assert_eq!(about(&bridged), ["s3://lake/raw/a%20b.csv"]);
        let deleted =
            json!({ "detail-type": "Object Deleted", "detail": { "bucket": { "name": "lake" }, "object": object } });
        assert_eq!(about(&deleted), [""; 0]);
        assert_eq!(about(&json!({ "Service": "Amazon S3", "Event": "s3:TestEvent" })), [""; 0]);
    }

    #[test]
    fn the_same_state_of_an_object_is_one_event_and_another_state_another() {
        let key = |sequencer: &str| {
            let mut record = record("ObjectCreated:Put", "lake", "raw/a.csv");
            record["s3"]["object"]["sequencer"] = json!(sequencer);
            told(&trigger(), json!({ "Records": [record] }).to_string().as_bytes()).unwrap().remove(0).key
        };
        assert_eq!(key("1"), key("1"));
        assert_ne!(key("1"), key("2"));
    }

    #[test]
    fn what_is_no_notification_is_refused_and_nothing_panics() {
        for body in ["", "{}", "[]", "7", r#"{"Records":7}"#, r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#] {
            let fault = told(&trigger(), body.as_bytes()).unwrap_err();
            assert_eq!(fault.field.as_deref(), Some("body"), "{body}");
        }
    }
}
