//! The functions that user SQL may call: an allow-list, with caps on those that make much out of little.

mod allowed;

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::cast,
    datatypes::{DataType, FieldRef, Int64Type},
};
use datafusion::{
    catalog::{TableFunction, TableFunctionImpl, TableProvider},
    common::{Result, ScalarValue, exec_err, plan_err},
    execution::SessionStateDefaults,
    logical_expr::{
        AggregateUDF, ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
        ScalarUDFImpl, Signature, WindowUDF,
    },
};
use std::{any::Any, collections::HashMap, sync::Arc};

use allowed::{AGGREGATE, SCALAR, WINDOW};

/// Most bytes that one call may make for one batch of rows.
const MADE_MAX: u64 = 64 << 20;
/// Most rows of `generate_series` and `range` as tables.
const SERIES_MAX: u64 = 10_000_000;

pub(crate) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let allowed = SessionStateDefaults::default_scalar_functions();
    allowed.into_iter().filter(|function| SCALAR.contains(&function.name())).map(capped).collect()
}

pub(crate) fn aggregate() -> Vec<Arc<AggregateUDF>> {
    let allowed = SessionStateDefaults::default_aggregate_functions();
    allowed.into_iter().filter(|function| AGGREGATE.contains(&function.name())).collect()
}

pub(crate) fn window() -> Vec<Arc<WindowUDF>> {
    let allowed = SessionStateDefaults::default_window_functions();
    allowed.into_iter().filter(|function| WINDOW.contains(&function.name())).collect()
}

/// Functions that stand where a table stands.
pub(crate) fn table() -> HashMap<String, Arc<TableFunction>> {
    let series = |function: Arc<TableFunction>| {
        let name = function.name().to_owned();
        let capped = CappedSeries(Arc::clone(function.function()));
        (name.clone(), Arc::new(TableFunction::new(name, Arc::new(capped))))
    };
    let allowed = SessionStateDefaults::default_table_functions();
    allowed.into_iter().filter(|f| matches!(f.name(), "range" | "generate_series")).map(series).collect()
}

fn capped(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let cost: Cost = match function.name() {
        "repeat" => |args| Ok(product(&lengths(&args[0])?, &counts(&args[1])?)),
        "lpad" | "rpad" => |args| Ok(product(&[4], &counts(&args[1])?)),
        "array_repeat" => |args| Ok(product(&[16], &counts(&args[1])?)),
        "array_resize" => |args| Ok(product(&[16], &counts(&args[1])?)),
        "range" | "generate_series" => series_cost,
        _ => return function,
    };
    Arc::new(ScalarUDF::new_from_impl(Capped { inner: function, cost }))
}

/// Estimates the bytes that a call makes out of its arguments, as arrays of equal length.
type Cost = fn(&[ArrayRef]) -> Result<u64>;

fn product(sizes: &[u64], times: &[u64]) -> u64 {
    let size = |at: usize| sizes.get(at).or(sizes.last()).copied().unwrap_or(0);
    times.iter().enumerate().map(|(at, times)| size(at).saturating_mul(*times)).fold(0, u64::saturating_add)
}

fn lengths(texts: &ArrayRef) -> Result<Vec<u64>> {
    let texts = cast(texts, &DataType::LargeUtf8)?;
    Ok(texts.as_string::<i64>().iter().map(|text| text.map_or(0, |text| text.len() as u64)).collect())
}

fn counts(numbers: &ArrayRef) -> Result<Vec<u64>> {
    Ok(signed(numbers)?.into_iter().map(|number| u64::try_from(number).unwrap_or(0)).collect())
}

fn signed(numbers: &ArrayRef) -> Result<Vec<i64>> {
    let numbers = cast(numbers, &DataType::Int64)?;
    Ok(numbers.as_primitive::<Int64Type>().iter().map(|number| number.unwrap_or(0)).collect())
}

/// Series of numbers are counted; series of dates have at most a day between values; finer ones are refused.
fn series_cost(args: &[ArrayRef]) -> Result<u64> {
    match args.first().map(|first| first.data_type()) {
        Some(kind) if kind.is_integer() => {
            let (first, last) = if args.len() == 1 { (None, &args[0]) } else { (Some(&args[0]), &args[1]) };
            let last = signed(last)?;
            let first = first.map_or_else(|| Ok(vec![0; last.len()]), signed)?;
            let step = args.get(2).map_or_else(|| Ok(vec![1; last.len()]), signed)?;
            let spans = first.iter().zip(&last).zip(&step);
            Ok(spans.map(|((first, last), step)| steps(*first, *last, *step)).fold(0, u64::saturating_add) * 8)
        }
        Some(DataType::Timestamp(..)) => exec_err!("a list of times is not supported; make a list of dates"),
        _ => Ok(0),
    }
}

fn steps(first: i64, last: i64, step: i64) -> u64 {
    (first.abs_diff(last) / step.unsigned_abs().max(1)).saturating_add(1).min(u64::MAX / 16 / 1_000_000)
}

/// A function that looks at what it would make before it makes it.
#[derive(Debug)]
struct Capped {
    inner: Arc<ScalarUDF>,
    cost: Cost,
}

impl PartialEq for Capped {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}
impl Eq for Capped {}
impl std::hash::Hash for Capped {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Capped {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }
    fn signature(&self) -> &Signature {
        self.inner.signature()
    }
    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(types)
    }
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.inner().return_field_from_args(args)
    }
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(types)
    }
    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let made = (self.cost)(&ColumnarValue::values_to_arrays(&args.args)?)?;
        if made > MADE_MAX {
            let name = self.name();
            return exec_err!("{name} would make {made} bytes at once; the limit is {MADE_MAX}");
        }
        self.inner.inner().invoke_with_args(args)
    }
}

/// `generate_series` and `range` as tables, with a cap on their rows.
#[derive(Debug)]
struct CappedSeries(Arc<dyn TableFunctionImpl>);

impl TableFunctionImpl for CappedSeries {
    fn call(&self, args: &[Expr]) -> Result<Arc<dyn TableProvider>> {
        let number = |arg: &Expr| match arg {
            Expr::Literal(ScalarValue::Int64(Some(number)), _) => Some(*number),
            _ => None,
        };
        let numbers: Vec<i64> = args.iter().filter_map(number).collect();
        let rows = match numbers[..] {
            [last] if args.len() == 1 => steps(0, last, 1),
            [first, last] if args.len() == 2 => steps(first, last, 1),
            [first, last, step] => steps(first, last, step),
            _ => 0,
        };
        if rows > SERIES_MAX {
            return plan_err!("a series of {rows} rows is over the limit, which is {SERIES_MAX}");
        }
        self.0.call(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_function_exists() {
        let missing = |allowed: &[&str], found: Vec<String>| -> Vec<String> {
            allowed.iter().filter(|name| !found.iter().any(|f| f == *name)).map(|n| (*n).to_owned()).collect()
        };
        assert_eq!(missing(SCALAR, scalar().iter().map(|f| f.name().to_owned()).collect()), Vec::<String>::new());
        assert_eq!(missing(AGGREGATE, aggregate().iter().map(|f| f.name().to_owned()).collect()), Vec::<String>::new());
        assert_eq!(missing(WINDOW, window().iter().map(|f| f.name().to_owned()).collect()), Vec::<String>::new());
        assert_eq!(table().len(), 2);
    }

    #[test]
    fn version_is_not_told() {
        assert!(!scalar().iter().any(|f| f.name() == "version"));
    }
}
