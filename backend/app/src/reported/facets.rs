//! The facets that are understood. All others are kept as they are.
//!
//! # How to add a facet
//! A shape here, a line in [`known`], and whoever reads it by [`read`].

use lakegate_model::{Fault, reported::Registers, words::EdgeKind};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::event::{NAME_MAX, NAMESPACE_MAX, read_at, short};

/// Columns of a dataset, edges between columns, and other names of a dataset that one event may tell of.
const FIELDS_MAX: usize = 5_000;
const READS_MAX: usize = 20_000;
const NAMES_MAX: usize = 100;

/// What a facet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Run,
    Job,
    Dataset,
}

/// Columns of a dataset.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Schema {
    #[serde(default)]
    pub fields: Vec<SchemaField>,
}

/// A column, or a field within one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SchemaField {
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub name: String,
    #[serde(rename = "type")]
    pub field_type: Option<String>,
    #[serde(default, rename = "fields")]
    pub _fields: Vec<SchemaField>,
}

/// Which columns a dataset's columns come from.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ColumnLineage {
    #[serde(default, deserialize_with = "by_short_names")]
    pub fields: BTreeMap<String, ColumnSources>,
    /// What decided about all rows.
    #[serde(default)]
    pub dataset: Vec<InputField>,
}

impl ColumnLineage {
    /// How many edges it may give.
    fn size(&self) -> usize {
        let read = self.fields.values().flat_map(|field| &field.input_fields).chain(&self.dataset);
        self.fields.len() + read.map(|input| input.transformations.len().max(1)).sum::<usize>()
    }
}

/// Columns by their names, which fit into an index.
fn by_short_names<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<String, ColumnSources>, D::Error> {
    let fields = BTreeMap::<String, ColumnSources>::deserialize(reader)?;
    match fields.keys().find(|name| name.is_empty() || name.len() > NAME_MAX) {
        Some(_) => Err(D::Error::custom(format!("names of columns have from 1 to {NAME_MAX} bytes"))),
        None => Ok(fields),
    }
}

/// What one column comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ColumnSources {
    pub input_fields: Vec<InputField>,
    /// As producers of before version 1.1 of the facet write it.
    pub transformation_type: Option<String>,
    pub transformation_description: Option<String>,
}

/// A column that is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct InputField {
    #[serde(deserialize_with = "short::<_, NAMESPACE_MAX>")]
    pub namespace: String,
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub name: String,
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub field: String,
    #[serde(default)]
    pub transformations: Vec<Transformation>,
}

/// What becomes of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Transformation {
    #[serde(rename = "type")]
    pub direction: String,
    pub subtype: Option<String>,
    pub description: Option<String>,
    #[serde(default)]
    pub masking: Option<bool>,
}

impl Transformation {
    /// What it is in our words.
    pub(super) fn kind(&self) -> EdgeKind {
        let direct = !self.direction.eq_ignore_ascii_case("INDIRECT");
        let subtype = self.subtype.as_deref().unwrap_or_default().to_ascii_uppercase();
        match subtype.as_str() {
            _ if direct && self.masking == Some(true) => EdgeKind::Masked,
            "IDENTITY" if direct => EdgeKind::Copied,
            "AGGREGATION" if direct => EdgeKind::Aggregated,
            _ if direct => EdgeKind::Computed,
            "JOIN" => EdgeKind::Join,
            "GROUP_BY" => EdgeKind::Group,
            "SORT" => EdgeKind::Order,
            "WINDOW" => EdgeKind::Window,
            "CONDITIONAL" | "CONDITION" => EdgeKind::Condition,
            _ => EdgeKind::Filter,
        }
    }
}

/// Other names of a dataset.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Symlinks {
    pub identifiers: Vec<Identifier>,
}

/// One of them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Identifier {
    #[serde(deserialize_with = "short::<_, NAMESPACE_MAX>")]
    pub namespace: String,
    #[serde(deserialize_with = "short::<_, NAME_MAX>")]
    pub name: String,
    #[serde(rename = "type")]
    pub _kind: String,
}

/// The run that started this one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Parent {
    pub run: ParentRun,
    pub job: ParentJob,
}

/// Its run.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParentRun {
    pub run_id: Uuid,
}

/// Its job.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ParentJob {
    pub namespace: String,
    pub name: String,
}

/// Why a run failed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ErrorMessage {
    pub message: String,
    #[serde(rename = "programmingLanguage")]
    pub _language: Option<String>,
    #[serde(rename = "stackTrace")]
    pub _stack: Option<String>,
}

/// What a run wrote.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputStatistics {
    pub row_count: Option<i64>,
    pub size: Option<i64>,
    #[serde(rename = "fileCount")]
    pub _files: Option<i64>,
}

/// Who answers for it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ownership {
    #[serde(default)]
    pub owners: Vec<Owner>,
}

/// One of them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Owner {
    pub name: String,
}

/// What happened to a dataset as a whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleStateChange {
    pub lifecycle_state_change: LifecycleState,
    #[serde(rename = "previousIdentifier")]
    pub _previous: Option<PreviousIdentifier>,
}

/// The words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LifecycleState {
    Alter,
    Create,
    Drop,
    Overwrite,
    Rename,
    Truncate,
}

/// What it was called before.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PreviousIdentifier {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "namespace")]
    _namespace: String,
}

/// What kind of job it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobType {
    pub processing_type: String,
    pub integration: String,
    pub job_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataQualityMetrics {
    #[serde(rename = "rowCount")]
    _row_count: Option<i64>,
    #[serde(rename = "bytes")]
    _bytes: Option<i64>,
    #[serde(default, rename = "columnMetrics")]
    _columns: BTreeMap<String, Map<String, Value>>,
}

/// What was tested of a dataset.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DataQualityAssertions {
    pub assertions: Vec<Assertion>,
}

/// One test.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Assertion {
    #[serde(rename = "assertion")]
    pub _assertion: String,
    pub success: bool,
    #[serde(rename = "column")]
    pub _column: Option<String>,
}

type Check = fn(&Value, &str) -> Result<(), Fault>;

/// How a facet is checked, if it is one that is understood.
fn known(place: Place, name: &str) -> Option<Check> {
    Some(match (place, name) {
        (Place::Run, "parent") => fits::<Parent>,
        (Place::Run, "errorMessage") => fits::<ErrorMessage>,
        (Place::Job, "jobType") => fits::<JobType>,
        (Place::Job | Place::Dataset, "ownership") => fits::<Ownership>,
        (Place::Dataset, "schema") => {
            |value, path| within(read_at::<Schema>(value, path)?.fields.len(), FIELDS_MAX, path, "fields")
        }
        (Place::Dataset, "columnLineage") => |value, path| {
            within(read_at::<ColumnLineage>(value, path)?.size(), READS_MAX, path, "columns that are read")
        },
        (Place::Dataset, "symlinks") => {
            |value, path| within(read_at::<Symlinks>(value, path)?.identifiers.len(), NAMES_MAX, path, "identifiers")
        }
        (Place::Dataset, "lifecycleStateChange") => fits::<LifecycleStateChange>,
        (Place::Dataset, "outputStatistics") => fits::<OutputStatistics>,
        (Place::Dataset, "dataQualityMetrics") => fits::<DataQualityMetrics>,
        (Place::Dataset, "dataQualityAssertions") => fits::<DataQualityAssertions>,
        _ => return None,
    })
}

fn fits<T: DeserializeOwned>(value: &Value, path: &str) -> Result<(), Fault> {
    read_at::<T>(value, path).map(drop)
}

fn within(count: usize, most: usize, path: &str, what: &str) -> Result<(), Fault> {
    if count <= most { Ok(()) } else { Err(Fault::invalid(path, format!("at most {most} {what}"))) }
}

/// Checks facets that stand at a path: each is an object, and those that are understood have their shape.
pub(super) fn check(place: Place, path: &str, facets: &Map<String, Value>) -> Result<(), Fault> {
    for (name, value) in facets {
        let path = format!("{path}.{name}");
        let Some(fields) = value.as_object() else { return Err(Fault::invalid(path, "a facet is an object")) };
        let taken_back = fields.get("_deleted").and_then(Value::as_bool).unwrap_or(false);
        if let Some(check) = known(place, name).filter(|_| !taken_back) {
            check(value, &path)?;
        }
    }
    Ok(())
}

/// A facet that was checked when it came.
pub(super) fn read<T: DeserializeOwned>(facets: &Registers, name: &str) -> Option<T> {
    facets.get(name).and_then(|value| T::deserialize(value).ok())
}
