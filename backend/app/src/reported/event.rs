//! Events as OpenLineage writes them, read and checked.

use chrono::TimeDelta;
use lakegate_model::{Fault, Timestamp, clock::to_micros};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::facets::{self, Place};

/// Bytes of a namespace.
pub(super) const NAMESPACE_MAX: usize = 1_000;

/// Bytes of a name: with a namespace it fits into an index of PostgreSQL, which takes 2,704.
pub(super) const NAME_MAX: usize = 1_500;

/// Inputs or outputs of an event.
const DATASETS_MAX: usize = 1_000;

/// Inputs times outputs, each pair of which is a line.
pub(super) const PAIRS_MAX: usize = 10_000;

/// How far ahead of ours another program's clock may be.
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// What happened, and when.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub at: Timestamp,
    pub what: What,
}

/// What an event is about.
#[derive(Debug, Clone)]
pub(super) enum What {
    Run {
        run: RunPart,
        kind: Kind,
        io: Io,
    },
    /// A job says what it reads and writes, without a run.
    Job(Io),
    Dataset(DatasetPart),
}

/// A job with what it reads and writes.
#[derive(Debug, Clone)]
pub(super) struct Io {
    pub job: JobPart,
    pub inputs: Vec<DatasetPart>,
    pub outputs: Vec<DatasetPart>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    Start,
    Running,
    Complete,
    Fail,
    Abort,
    Other,
}

/// Facets by their names.
pub(super) type Facets = Map<String, Value>;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunPart {
    pub run_id: Uuid,
    #[serde(default, deserialize_with = "nullable")]
    pub facets: Facets,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JobPart {
    #[serde(deserialize_with = "short::<_, NAMESPACE_MAX>")]
    pub namespace: String,
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub facets: Facets,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DatasetPart {
    #[serde(deserialize_with = "short::<_, NAMESPACE_MAX>")]
    pub namespace: String,
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub facets: Facets,
    #[serde(default, deserialize_with = "nullable")]
    pub input_facets: Facets,
    #[serde(default, deserialize_with = "nullable")]
    pub output_facets: Facets,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    event_type: Option<Kind>,
    event_time: Timestamp,
    /// Who made the event; an event without is not OpenLineage's.
    #[serde(rename = "producer")]
    _producer: String,
    run: Option<RunPart>,
    job: Option<JobPart>,
    dataset: Option<DatasetPart>,
    #[serde(default, deserialize_with = "nullable")]
    inputs: Vec<DatasetPart>,
    #[serde(default, deserialize_with = "nullable")]
    outputs: Vec<DatasetPart>,
}

/// A text that is there, and of so many bytes at most.
pub(super) fn short<'de, D: Deserializer<'de>, const MOST: usize>(reader: D) -> Result<String, D::Error> {
    let text = String::deserialize(reader)?;
    if text.is_empty() || text.len() > MOST {
        return Err(D::Error::custom(format!("from 1 to {MOST} bytes")));
    }
    Ok(text)
}

/// Absent and null are the same.
fn nullable<'de, T, D>(reader: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(reader)?.unwrap_or_default())
}

/// Reads an event.
///
/// # Errors
/// `invalid` on the path of what does not fit, such as `inputs[0].facets.schema.fields[1].name`.
pub(super) fn read(body: &Value, now: Timestamp) -> Result<Event, Fault> {
    without_nul(body, &mut String::new())?;
    let wire: Wire = read_at(body, "")?;
    if wire.event_time < Timestamp::UNIX_EPOCH || wire.event_time > now + AHEAD {
        return Err(Fault::invalid("eventTime", "a time from 1970 until now"));
    }
    let at = to_micros(wire.event_time);
    let what = what(wire)?;
    check(&what)?;
    Ok(Event { at, what })
}

/// Reads a value that stands at a path of an event.
pub(super) fn read_at<T: DeserializeOwned>(value: &Value, path: &str) -> Result<T, Fault> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let message = error.into_inner().to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let parts = [Some(path), Some(inner.as_str()).filter(|inner| *inner != "."), missing];
        let whole: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let field = if whole.is_empty() { "event".to_owned() } else { whole.join(".") };
        Fault::invalid(field, message)
    })
}

/// Neither database keeps the character NUL in a text.
fn without_nul(value: &Value, path: &mut String) -> Result<(), Fault> {
    let begin = path.len();
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(Fault::invalid(path.trim_start_matches('.').to_owned(), "contains the character NUL"))
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
            path.push_str(&format!("[{at}]"));
            let done = without_nul(item, path);
            path.truncate(begin);
            done
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            if name.contains('\0') {
                return Err(Fault::invalid(
                    path.trim_start_matches('.').to_owned(),
                    "a name contains the character NUL",
                ));
            }
            path.push('.');
            path.push_str(name);
            let done = without_nul(field, path);
            path.truncate(begin);
            done
        }),
        _ => Ok(()),
    }
}

fn what(wire: Wire) -> Result<What, Fault> {
    let io = |job| Io { job, inputs: wire.inputs, outputs: wire.outputs };
    match (wire.run, wire.job, wire.dataset) {
        (Some(run), Some(job), _) => Ok(What::Run { run, kind: wire.event_type.unwrap_or(Kind::Other), io: io(job) }),
        (Some(_), None, _) => Err(Fault::invalid("job", "a run is one of a job")),
        (None, None, Some(dataset)) => Ok(What::Dataset(dataset)),
        (None, Some(job), None) => Ok(What::Job(io(job))),
        (None, _, _) => Err(Fault::invalid("run", "an event is about a run of a job, a job, or a dataset")),
    }
}

fn check(what: &What) -> Result<(), Fault> {
    match what {
        What::Run { run, io, .. } => {
            facets::check(Place::Run, "run.facets", &run.facets)?;
            check_io(io)
        }
        What::Job(io) => check_io(io),
        What::Dataset(dataset) => check_dataset("dataset", dataset),
    }
}

fn check_io(io: &Io) -> Result<(), Fault> {
    facets::check(Place::Job, "job.facets", &io.job.facets)?;
    if io.inputs.len() * io.outputs.len() > PAIRS_MAX {
        return Err(Fault::invalid("outputs", format!("inputs times outputs are at most {PAIRS_MAX}")));
    }
    for (list, datasets) in [("inputs", &io.inputs), ("outputs", &io.outputs)] {
        if datasets.len() > DATASETS_MAX {
            return Err(Fault::invalid(list, format!("at most {DATASETS_MAX}")));
        }
        for (at, dataset) in datasets.iter().enumerate() {
            check_dataset(&format!("{list}[{at}]"), dataset)?;
        }
    }
    Ok(())
}

fn check_dataset(path: &str, dataset: &DatasetPart) -> Result<(), Fault> {
    facets::check(Place::Dataset, &format!("{path}.facets"), &dataset.facets)?;
    facets::check(Place::Dataset, &format!("{path}.inputFacets"), &dataset.input_facets)?;
    facets::check(Place::Dataset, &format!("{path}.outputFacets"), &dataset.output_facets)
}
