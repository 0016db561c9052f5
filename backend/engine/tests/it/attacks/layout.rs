//! What hidden rows do to visible ones by lying between them: other batches, other partitions, another order.
//!
//! Each of these is answered out of visible values alone, yet in another order or in other portions: floats round
//! differently, sketches keep other points, the first error is another one, a limit cuts elsewhere.

use super::probe::{Control::*, Kind::*, Probe, probe};

pub const PROBES: &[Probe] = &[
    probe(Layout, "spread", X, "select stddev(x), var_pop(x) from t"),
    probe(Layout, "correlation", X, "select corr(x, amount), covar_samp(x, amount) from t"),
    probe(Layout, "regression", X, "select regr_slope(x, amount), regr_r2(x, amount) from t"),
    probe(Layout, "sum of floats", X, "select sum(x * 0.1), avg(x / 3.0) from t"),
    probe(Layout, "about a percentile", X, "select approx_percentile_cont(x * 0.1, 0.5) from t"),
    probe(Layout, "rows as they lie", X, "select id, x from t"),
    probe(Layout, "the first that comes", First, "select id from t limit 1"),
    probe(Layout, "the last that comes", Row, "select id from t offset 5"),
    probe(Layout, "numbered as they come", X, "select x, row_number() over () from t"),
    probe(Layout, "gathered as they come", X, "select array_agg(x), string_agg(name, '') from t"),
    probe(Layout, "first and last as they come", Row, "select last_value(id), nth_value(id, 6) from t"),
    probe(Layout, "ties of an order", X, "select id, x from t order by x % 2 limit 3"),
    probe(Layout, "what is made in one portion", X, "select sum(length(repeat('ab', x * 4000000))) from t"),
    probe(Layout, "the first error of several", First, "select cast(name as int) from t"),
];
