//! Columns without what stands beneath their NULLs.
//!
//! Arrow keeps a value in the slot of a NULL, and a whole buffer behind a few strings. Functions and encodings that look there
//! would read what was withheld, so what leaves the barrier is copied: nothing of a withheld cell is in the copy.

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryViewArray, FixedSizeListArray, GenericListArray, MapArray, MutableArrayData,
        OffsetSizeTrait, StringViewArray, StructArray, make_array, new_null_array,
    },
    buffer::OffsetBuffer,
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
};
use std::sync::Arc;

/// The same cells in buffers of their own that hold nothing else.
///
/// # Errors
/// A layout that nothing here reads from files, and that would keep more than its cells.
pub(crate) fn scrubbed(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    use DataType::{LargeListView, ListView, RunEndEncoded, Union};
    if let Union(..) | ListView(_) | LargeListView(_) | RunEndEncoded(..) = column.data_type() {
        return Err(ArrowError::NotYetImplemented(format!("a copy of {}", column.data_type())));
    }
    compacted(&rebuilt(column))
}

/// Copies the cells that are there and leaves the slots of the others empty.
fn rebuilt(column: &ArrayRef) -> ArrayRef {
    let Some(nulls) = column.logical_nulls().filter(|nulls| nulls.null_count() > 0) else { return Arc::clone(column) };
    if nulls.null_count() == column.len() {
        return new_null_array(column.data_type(), column.len());
    }
    let data = column.to_data();
    let mut copy = MutableArrayData::new(vec![&data], true, column.len());
    let mut end = 0;
    for (from, to) in nulls.valid_slices() {
        copy.extend_nulls(from - end);
        copy.extend(0, from, to);
        end = to;
    }
    copy.extend_nulls(column.len() - end);
    make_array(copy.freeze())
}

/// Views and dictionaries share buffers with cells that are not in the column: at any depth they get their own.
fn compacted(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().iter().collect::<StringViewArray>()),
        DataType::BinaryView => Arc::new(column.as_binary_view().iter().collect::<BinaryViewArray>()),
        DataType::Dictionary(_, values) => cast(&cast(column, values)?, column.data_type())?,
        DataType::Struct(_) => Arc::new(structs(column.as_struct())?),
        DataType::List(_) => Arc::new(lists(column.as_list::<i32>())?),
        DataType::LargeList(_) => Arc::new(lists(column.as_list::<i64>())?),
        DataType::FixedSizeList(field, width) => {
            let list = column.as_fixed_size_list();
            let values = scrubbed(list.values())?;
            Arc::new(FixedSizeListArray::try_new(Arc::clone(field), *width, values, list.nulls().cloned())?)
        }
        DataType::Map(field, sorted) => {
            let map = column.as_map();
            let (offsets, first, count) = moved(map.offsets());
            let entries = structs(&map.entries().slice(first, count))?;
            Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, map.nulls().cloned(), *sorted)?)
        }
        _ => Arc::clone(column),
    })
}

fn structs(array: &StructArray) -> Result<StructArray, ArrowError> {
    let columns = array.columns().iter().map(scrubbed).collect::<Result<Vec<_>, _>>()?;
    StructArray::try_new_with_length(array.fields().clone(), columns, array.nulls().cloned(), array.len())
}

fn lists<O: OffsetSizeTrait>(array: &GenericListArray<O>) -> Result<GenericListArray<O>, ArrowError> {
    let (DataType::List(field) | DataType::LargeList(field)) = array.data_type() else {
        return Err(ArrowError::InvalidArgumentError("not a list".to_owned()));
    };
    let (offsets, first, count) = moved(array.offsets());
    let values = scrubbed(&array.values().slice(first, count))?;
    GenericListArray::try_new(Arc::clone(field), offsets, values, array.nulls().cloned())
}

/// Offsets that begin at 0, with the first member and how many there are: members before and after belong to other rows.
fn moved<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (OffsetBuffer<O>, usize, usize) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let from_zero = offsets.iter().map(|offset| *offset - first).collect::<Vec<O>>();
    (OffsetBuffer::new(from_zero.into()), first.as_usize(), (last - first).as_usize())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::{
        array::{BooleanArray, Int64Array, ListArray, StringArray},
        buffer::NullBuffer,
        compute::nullif,
        datatypes::{Field, Fields, Int32Type},
    };

    const SECRET: &str = "a secret of more than twelve bytes";

    /// Every byte that an array keeps, at any depth.
    fn bytes(array: &ArrayRef) -> Vec<u8> {
        fn all(data: &arrow::array::ArrayData, out: &mut Vec<u8>) {
            data.buffers().iter().for_each(|buffer| out.extend(buffer.as_slice()));
            data.child_data().iter().for_each(|child| all(child, out));
        }
        let mut out = Vec::new();
        all(&array.to_data(), &mut out);
        out
    }

    fn holds(array: &ArrayRef, needle: &[u8]) -> bool {
        bytes(array).windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn nothing_stays_beneath_a_null() {
        let withheld = BooleanArray::from(vec![false, true]);
        let texts: [ArrayRef; 2] =
            [Arc::new(StringArray::from(vec!["open", SECRET])), Arc::new(StringViewArray::from(vec!["open", SECRET]))];
        for column in texts {
            let partial = nullif(&column, &withheld).unwrap();
            assert!(holds(&partial, SECRET.as_bytes()), "the test would prove nothing");
            let clean = scrubbed(&partial).unwrap();
            assert!(!holds(&clean, SECRET.as_bytes()), "{:?}", clean.data_type());
            assert_eq!(&clean, &partial);
        }
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 0x5ec2_e700_5ec2_e700]));
        let partial = nullif(&numbers, &withheld).unwrap();
        let secret = 0x5ec2_e700_5ec2_e700_i64.to_le_bytes();
        assert!(holds(&partial, &secret));
        assert!(!holds(&scrubbed(&partial).unwrap(), &secret));
    }

    #[test]
    fn nothing_stays_beneath_a_null_that_holds_others() {
        let word: ArrayRef = Arc::new(StringArray::from(vec!["open", SECRET]));
        let fields = Fields::from(vec![Field::new("word", DataType::Utf8, true)]);
        let nulls = Some(NullBuffer::from(vec![true, false]));
        let structure: ArrayRef = Arc::new(StructArray::new(fields, vec![word], nulls.clone()));
        let numbers =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(7)]), Some(vec![Some(0x5ec2_e700)])]);
        let (field, offsets, values, _) = numbers.into_parts();
        let list: ArrayRef = Arc::new(ListArray::new(field, offsets, values, nulls));
        for (column, needle) in
            [(structure, SECRET.as_bytes().to_vec()), (list, 0x5ec2_e700_i32.to_le_bytes().to_vec())]
        {
            assert!(holds(&column, &needle));
            let clean = scrubbed(&column).unwrap();
            assert!(!holds(&clean, &needle), "{:?}", clean.data_type());
            assert_eq!(&clean, &column);
        }
    }

    #[test]
    fn a_slice_takes_nothing_of_its_neighbours_along() {
        let views: ArrayRef = Arc::new(StringViewArray::from(vec!["another text of more than twelve", SECRET]));
        let one = views.slice(0, 1);
        assert!(holds(&one, SECRET.as_bytes()));
        assert!(!holds(&scrubbed(&one).unwrap(), SECRET.as_bytes()));
    }
}
