//! The operators' port: health, figures, the status page, admin actions. Knows no call machine and no database, only [`Status`] and [`Control`].

pub mod admin;
mod calls;
mod error;
mod health;
mod listener;
pub mod metrics;
mod page;
mod status;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config;

pub use admin::Token;
pub use error::{Error, TokenError};
pub use listener::Guarded;
pub use status::{
    Answer, Control, Figures, LiveCall, NotReloaded, Number, Readiness, RecentCall, Reloaded, Site, Status, TrunkState,
};

/// Largest request body, bytes: no request of ours has one worth mentioning.
const BODY_MAX_BYTES: usize = 16 * 1024;
/// The page loads its own style sheet and nothing else, from nowhere else, and cannot be framed.
const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    status: Arc<dyn Status>,
    control: Arc<dyn Control>,
    metrics: PrometheusHandle,
    token: Arc<Token>,
}

impl App {
    /// Puts the parts together.
    pub fn new(status: Arc<dyn Status>, control: Arc<dyn Control>, metrics: PrometheusHandle, token: Token) -> Self {
        Self {
            status,
            control,
            metrics,
            token: Arc::new(token),
        }
    }
}

/// Every address of the port.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::render))
        .route("/api/calls", get(calls::list))
        .route("/admin/reload", post(admin::reload))
        .route("/admin/drain", post(admin::drain))
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(middleware::from_fn(careful_headers))
        .with_state(app)
}

/// Headers that keep a browser from guessing, framing, caching or fetching from elsewhere.
async fn careful_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_POLICY),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The bound port, not yet serving: addresses that are taken fail here, before the first call.
pub struct Server {
    listeners: Vec<TcpListener>,
    max_connections: usize,
    request_timeout: Duration,
}

impl Server {
    /// Binds every address of `[http]`; the error names the one that failed.
    pub async fn bind(config: &config::Http) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for address in &config.listen {
            let bound = TcpListener::bind(address).await;
            listeners.push(bound.map_err(|error| io::Error::new(error.kind(), format!("http {address}: {error}")))?);
        }
        Ok(Self {
            listeners,
            max_connections: usize::try_from(config.max_connections).unwrap_or(usize::MAX),
            request_timeout: Duration::from_secs(config.request_timeout_s.into()),
        })
    }

    /// The addresses as they were bound (port 0 resolved).
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Serves until `stop` becomes true or its sender is gone; requests under way are finished.
    pub async fn run(self, app: App, stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let guarded = Guarded::new(listener, self.max_connections, self.request_timeout);
            let mut stop = stop.clone();
            let stopped = async move {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            tasks.spawn(
                axum::serve(guarded, router(app.clone()))
                    .with_graceful_shutdown(stopped)
                    .into_future(),
            );
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the HTTP port stopped");
            }
        }
    }
}

#[cfg(test)]
mod tests;
