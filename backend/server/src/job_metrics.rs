//! The queue in figures, as Prometheus reads them.

use lakegate_app::{
    App,
    jobs::health::{self, KindHealth},
};
use lakegate_model::Timestamp;
use std::fmt::Write;

/// One figure of a kind at a moment.
type Figure = fn(&KindHealth, Timestamp) -> i64;

/// The figures as text; without them if the database does not answer.
pub async fn text(app: &App) -> String {
    match health::measure(app).await {
        Ok(kinds) => render(&kinds, app.now()),
        Err(fault) => {
            tracing::warn!(?fault, "the queue could not be measured");
            String::new()
        }
    }
}

fn render(kinds: &[KindHealth], now: Timestamp) -> String {
    let mut text = String::new();
    head(&mut text, "lakegate_job_runs", "Runs that have not ended, by kind and state.", "gauge");
    for kind in kinds {
        let load = &kind.load;
        let states =
            [("waiting", load.waiting), ("scheduled", load.scheduled), ("held", load.held), ("running", load.running)];
        for (state, count) in states {
            line(&mut text, "lakegate_job_runs", &format!("kind=\"{}\",state=\"{state}\"", kind.kind), count);
        }
    }
    let figures: [(&str, &str, &str, Figure); 3] = [
        ("lakegate_job_oldest_seconds", "How long the oldest run waits that could start.", "gauge", |kind, now| {
            kind.load.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0))
        }),
        ("lakegate_job_dead_letters", "Failed runs that nobody has looked after.", "gauge", |kind, _| {
            kind.load.dead_letters
        }),
        ("lakegate_job_refused_total", "Submissions refused because too much waited.", "counter", |kind, _| {
            kind.load.refused
        }),
    ];
    for (name, help, sort, figure) in figures {
        head(&mut text, name, help, sort);
        for kind in kinds {
            line(&mut text, name, &format!("kind=\"{}\"", kind.kind), figure(kind, now));
        }
    }
    text
}

// Writing to a string cannot fail.
fn head(text: &mut String, name: &str, help: &str, sort: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}");
}

fn line(text: &mut String, name: &str, labels: &str, value: i64) {
    let _ = writeln!(text, "{name}{{{labels}}} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use lakegate_model::jobs::KindLoad;

    #[test]
    fn figures_have_a_kind_and_a_state() {
        let now = Timestamp::UNIX_EPOCH + TimeDelta::seconds(90);
        let load =
            KindLoad { waiting: 3, running: 1, oldest: Some(Timestamp::UNIX_EPOCH), refused: 2, ..KindLoad::default() };
        let kind = KindHealth {
            kind: "crawl".into(),
            title: String::new(),
            class: "light",
            at_once: 1,
            bound: 1,
            load,
            paused: None,
        };
        let text = render(&[kind], now);
        for wanted in [
            "lakegate_job_runs{kind=\"crawl\",state=\"waiting\"} 3\n",
            "lakegate_job_oldest_seconds{kind=\"crawl\"} 90\n",
            "lakegate_job_refused_total{kind=\"crawl\"} 2\n",
        ] {
            assert!(text.contains(wanted), "{text}");
        }
    }
}
