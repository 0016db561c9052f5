//! Columns of a Parquet file, from its footer and within limits.

use arrow::datatypes::{DataType, Schema};
use lakegate_model::storage::FileFormat;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::{DEEPEST, FileShape, Input, LARGEST_FOOTER, MOST_COLUMNS, ShapeColumn, names};
use crate::{LakeError, types};

/// Bytes after the footer: its length and the mark.
const TAIL: u64 = 8;

pub(super) fn infer(input: &Input) -> Result<FileShape, LakeError> {
    let metadata = footer(input)?;
    let file = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())
        .map_err(|_| broken(input, "its schema cannot be read"))?;
    check(input, &metadata, &schema)?;
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| ShapeColumn {
        name: field.name().clone(),
        column_type: Some(types::from_arrow(field.data_type())),
        nullable: field.is_nullable(),
        digits: 0,
    };
    Ok(FileShape {
        format: FileFormat::Parquet,
        columns: schema.fields().iter().map(column).collect(),
        rows: u64::try_from(file.num_rows()).map_err(|_| broken(input, "its number of rows is negative"))?,
        complete: true,
        largest_row: 0,
    })
}

fn broken(input: &Input, what: &str) -> LakeError {
    LakeError::malformed(&input.name, None, format!("this Parquet file is damaged: {what}"))
}

fn footer(input: &Input) -> Result<ParquetMetaData, LakeError> {
    // The mark stands at the start too.
    if input.size < TAIL + 4 {
        return Err(broken(input, "it is cut off"));
    }
    let tail = input.range(input.size - TAIL, input.size)?;
    let Some((length, b"PAR1")) = tail.split_first_chunk::<4>() else {
        return Err(broken(input, "it is cut off, or encrypted"));
    };
    let length = u64::from(u32::from_le_bytes(*length));
    if length > LARGEST_FOOTER {
        return Err(LakeError::TooLarge { what: format!("the footer of {}", input.name), limit: LARGEST_FOOTER });
    }
    let start = (input.size - TAIL).checked_sub(length).ok_or_else(|| broken(input, "its footer is cut off"))?;
    let bytes = input.range(start, input.size - TAIL)?;
    ParquetMetaDataReader::decode_metadata(&bytes).map_err(|_| broken(input, "its footer cannot be read"))
}

fn check(input: &Input, metadata: &ParquetMetaData, schema: &Schema) -> Result<(), LakeError> {
    let leaves = metadata.file_metadata().schema_descr().num_columns();
    if leaves > MOST_COLUMNS {
        return Err(LakeError::TooMany { what: format!("columns in {}", input.name), limit: MOST_COLUMNS as u64 });
    }
    if schema.fields().is_empty() {
        return Err(LakeError::Unsupported(format!("{} has no columns", input.name)));
    }
    if schema.fields().iter().any(|f| depth(f.data_type()) > DEEPEST) {
        return Err(LakeError::Unsupported(format!("{} has columns nested deeper than {DEEPEST} levels", input.name)));
    }
    if metadata.row_groups().iter().any(|group| !lies_within(group, input.size)) {
        return Err(broken(input, "a part of it lies beyond its end"));
    }
    names::by_name(&input.name, schema.fields().iter().map(|f| f.name().as_str()))
}

fn lies_within(group: &parquet::file::metadata::RowGroupMetaData, size: u64) -> bool {
    group.num_rows() >= 0
        && group.columns().iter().all(|chunk| {
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            match (u64::try_from(start), u64::try_from(chunk.compressed_size())) {
                (Ok(start), Ok(length)) => start.checked_add(length).is_some_and(|end| end <= size),
                _ => false,
            }
        })
}

fn depth(of: &DataType) -> usize {
    match of {
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) | DataType::Map(f, _) => {
            1 + depth(f.data_type())
        }
        DataType::Struct(fields) => 1 + fields.iter().map(|f| depth(f.data_type())).max().unwrap_or(0),
        _ => 1,
    }
}
