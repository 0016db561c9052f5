//! Counts and durations for Prometheus.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Upper bounds of the duration histogram in milliseconds.
const BOUNDS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000];

/// What was counted since the start. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<Exchange, Durations>,
    gauges: BTreeMap<&'static str, (&'static str, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Exchange {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Default)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    millis: u64,
}

impl Metrics {
    /// Counts an exchange. `route` is the pattern, so the number of series is bounded by the router.
    pub fn exchanged(&self, method: &str, route: &str, status: u16, took: Duration) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let exchange = Exchange { method: method.to_owned(), route: route.to_owned(), status };
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let durations = counted.requests.entry(exchange).or_default();
        durations.count += 1;
        durations.millis = durations.millis.saturating_add(millis);
        for (bucket, bound) in durations.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(millis <= bound);
        }
    }

    /// Sets a gauge, such as the bytes that queries hold.
    pub fn set(&self, name: &'static str, help: &'static str, value: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).gauges.insert(name, (help, value));
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from(
            "# HELP lakegate_request_seconds Duration of requests by route.\n# TYPE lakegate_request_seconds histogram\n",
        );
        for (exchange, durations) in &counted.requests {
            write_histogram(&mut text, exchange, durations);
        }
        for (name, (help, value)) in &counted.gauges {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        text
    }
}

fn write_histogram(text: &mut String, exchange: &Exchange, durations: &Durations) {
    let labels = format!(
        "method=\"{}\",route=\"{}\",status=\"{}\"",
        escape(&exchange.method),
        escape(&exchange.route),
        exchange.status
    );
    for (bound, count) in BOUNDS.iter().zip(durations.buckets) {
        let _ = writeln!(text, "lakegate_request_seconds_bucket{{{labels},le=\"{}\"}} {count}", seconds(*bound));
    }
    let _ = writeln!(text, "lakegate_request_seconds_bucket{{{labels},le=\"+Inf\"}} {}", durations.count);
    let _ = writeln!(text, "lakegate_request_seconds_sum{{{labels}}} {}", seconds(durations.millis));
    let _ = writeln!(text, "lakegate_request_seconds_count{{{labels}}} {}", durations.count);
}

fn escape(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative() {
        let metrics = Metrics::default();
        metrics.exchanged("GET", "/a", 200, Duration::from_millis(7));
        metrics.exchanged("GET", "/a", 200, Duration::from_millis(70));
        let text = metrics.render();
        let line = |le: &str, n: u32| format!("{{method=\"GET\",route=\"/a\",status=\"200\",le=\"{le}\"}} {n}");
        for (le, n) in [("0.005", 0), ("0.010", 1), ("0.100", 2), ("30.000", 2), ("+Inf", 2)] {
            assert!(text.contains(&line(le, n)), "{le} {n} in {text}");
        }
        assert!(text.contains("_sum{method=\"GET\",route=\"/a\",status=\"200\"} 0.077"), "{text}");
    }
}
