//! Values that go into and come out of statements, the same for both databases.

use domain::DeviceId;
use domain::ids::{
    AllocationRunId, ContactId, FileId, ImportId, JobId, LocationId, MessageId, NoticeId, OfferId,
    PartyId, PolicyId, ReportRunId, RequestId, SavedFilterId, TokenId, TransferFileId, TransferId,
    UserId,
};
use domain::inventory::SmiStatus;
use jiff::Timestamp;

/// One parameter or column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A truth value; SQLite keeps it as 0 or 1.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Parameters for a statement: `args![id.0, name]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

/// Adds values to a statement's parameters and answers their places: `$3, $4`.
pub(crate) fn added<T: Into<Value>>(
    values: &mut Vec<Value>,
    more: impl IntoIterator<Item = T>,
) -> String {
    let mut places = Vec::new();
    for value in more {
        values.push(value.into());
        places.push(format!("${}", values.len()));
    }
    places.join(", ")
}

macro_rules! from_into {
    ($($type:ty => |$value:ident| $made:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Value { $made }
        }
    )+};
}

from_into! {
    bool => |v| Value::Bool(v),
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(v.into()),
    u32 => |v| Value::Int(v.into()),
    String => |v| Value::Text(v),
    &String => |v| Value::Text(v.clone()),
    &str => |v| Value::Text(v.to_owned()),
    Vec<u8> => |v| Value::Bytes(v),
    &[u8] => |v| Value::Bytes(v.to_vec()),
    [u8; 32] => |v| Value::Bytes(v.to_vec()),
    DeviceId => |v| Value::Int(v.key()),
    SmiStatus => |v| Value::Int(v as i64),
    Timestamp => |v| Value::Int(v.as_microsecond()),
}

macro_rules! id_values {
    ($($id:ident),+) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Value { Value::Int(id.0) }
        }
        impl FromValue for $id {
            fn from_value(value: &Value) -> Option<Self> { i64::from_value(value).map($id) }
        }
    )+};
}

id_values!(
    PartyId,
    ContactId,
    LocationId,
    UserId,
    ImportId,
    TransferFileId,
    ReportRunId,
    JobId,
    FileId,
    TokenId,
    OfferId,
    RequestId,
    SavedFilterId,
    PolicyId,
    AllocationRunId,
    TransferId,
    NoticeId,
    MessageId
);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// `None` when the column holds something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(v) => Some(*v),
            Value::Bool(v) => Some((*v).into()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(v) => Some(*v),
            Value::Int(v) => Some(*v != 0),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(v) => Some(v.clone()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(v) => Some(v.clone()),
            _ => None,
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(|v| Timestamp::from_microsecond(v).ok())
    }
}

impl FromValue for DeviceId {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(DeviceId::from_key)
    }
}

impl FromValue for SmiStatus {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(SmiStatus::from_code)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The column at `index`, counted from 0.
    ///
    /// Panics when the column is of another type: the statement and its reader stand side by
    /// side in one function, so that is a defect and not a condition.
    pub fn get<T: FromValue>(&self, index: usize) -> T {
        let value =
            self.0.get(index).unwrap_or_else(|| panic!("the statement has no column {index}"));
        T::from_value(value).unwrap_or_else(|| {
            panic!("column {index} holds {value:?}, not {}", std::any::type_name::<T>())
        })
    }
}
