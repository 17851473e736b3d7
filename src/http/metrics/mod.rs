//! `GET /metrics` in the Prometheus text format. The list of metrics lies in [`list`]; those who record use the names as text.

pub mod list;

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::App;
use list::{ALL, Kind};

/// How often histograms are folded; without it they grow in memory until someone looks.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Makes the recorder with the buckets of the list; it is not yet the process's.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.into()), buckets)?;
        }
    }
    Ok(builder.build_recorder())
}

/// Tells the current recorder what each metric means.
pub fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => ::metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => ::metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => ::metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

/// Makes the recorder the process's, once. A second call fails.
pub fn install() -> Result<PrometheusHandle, InstallError> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    ::metrics::set_global_recorder(recorder).map_err(|_| InstallError::Second)?;
    describe();
    ::metrics::gauge!("yihao_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Why metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The list holds a histogram without buckets.
    #[error("metrics: {0}")]
    Buckets(#[from] BuildError),
    /// Another recorder is in place.
    #[error("metrics: a recorder is in place already")]
    Second,
}

/// Folds histograms for ever; to be spawned once.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        handle.run_upkeep();
    }
}

pub(super) async fn render(State(app): State<App>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.render(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_seconds_is_an_edge_of_the_waiting_histogram() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        ::metrics::with_local_recorder(&recorder, || {
            describe();
            ::metrics::histogram!("yihao_person_wait_seconds").record(14.9);
            ::metrics::histogram!("yihao_person_wait_seconds").record(15.0);
            ::metrics::histogram!("yihao_person_wait_seconds").record(15.1);
        });
        let text = handle.render();
        assert!(text.contains("# TYPE yihao_person_wait_seconds histogram"), "{text}");
        assert!(text.contains("yihao_person_wait_seconds_bucket{le=\"15\"} 2"), "{text}");
        assert!(text.contains("yihao_person_wait_seconds_bucket{le=\"20\"} 3"), "{text}");
    }

    #[test]
    fn every_metric_is_documented_and_nothing_else() {
        let document = include_str!("../../../docs/metrics.md");
        let rows: Vec<String> = ALL.iter().map(list::Metric::row).collect();
        let documented: Vec<&str> = document.lines().filter(|line| line.starts_with("| `yihao_")).collect();
        assert_eq!(
            documented,
            rows,
            "docs/metrics.md should hold these rows:\n{}\n",
            rows.join("\n")
        );
    }
}
