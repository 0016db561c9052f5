//! Scalars, and the closed sets of words as enums.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use lakegate_model::ids;
use uuid::Uuid;

mod words;

pub use words::*;

/// An id: a UUID, the same text as everywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(pub Uuid);

#[Scalar(name = "ID")]
impl ScalarType for Id {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Uuid::parse_str(text).map(Self).map_err(|_| not_an_id()),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

fn not_an_id() -> InputValueError<Id> {
    InputValueError::custom("this is not an id: expected 36 characters such as 0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e")
}

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

/// Every id type becomes an [`Id`] and comes from one.
macro_rules! from_ids {
    ($($name:ident)*) => {$(
        impl From<ids::$name> for Id {
            fn from(id: ids::$name) -> Self { Self(id.into()) }
        }
        impl From<Id> for ids::$name {
            fn from(id: Id) -> Self { id.0.into() }
        }
    )*};
}

from_ids! {
    UserId GroupId ServiceAccountId ApiTokenId SessionId PurposeId ProjectPurposeId DomainId ProjectId EnvironmentId ConnectionId RootId DatabaseId
    TableId ColumnId AssetId TermId SuggestionId DataSourceId RunId RequestId SubscriptionId GrantId NoticeId QuestionId
    QueryId SavedQueryId AuditEventId RestrictionId OptInId PolicyVersionId ReviewId ReviewItemId ScheduleId TriggerId WorkerId
    RunWatchId RunDeliveryId WorkflowId WorkflowRunId BackfillId DerivedTableId TableKeyId
    ReportedJobId ReportedRunId ReportedEventId ReportedDatasetId ReportedRuleId
}

/// A whole number of up to 64 bits, written as a JSON number: bytes, rows, positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long(pub i64);

#[Scalar]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number.as_i64().map(Self).ok_or_else(|| InputValueError::custom("out of range")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

impl From<i64> for Long {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl From<u64> for Long {
    fn from(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// One row of a result: a list of JSON values in the order of the columns. Exact numbers (64-bit integers, decimals)
/// are strings, so that no digit is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<serde_json::Value>);

#[Scalar]
impl ScalarType for Row {
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        // Cells are plain JSON values; one that is not can only come from a mistake of ours, and shows as absent.
        Value::List(self.0.iter().map(|cell| Value::from_json(cell.clone()).unwrap_or(Value::Null)).collect())
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub serde_json::Value);

#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        value.into_json().map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        // Plain JSON values; one that is not can only come from a mistake of ours, and shows as absent.
        Value::from_json(self.0.clone()).unwrap_or(Value::Null)
    }
}
