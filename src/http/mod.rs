//! The operators' port: health, figures, the status page, admin actions, and the API of the floor. Knows no call machine and
//! no database, only the traits of [`House`].

mod access;
pub mod admin;
mod agents;
mod call_backs;
mod calls;
mod denied;
mod error;
mod events;
mod extract;
mod health;
pub mod house;
mod listener;
mod me;
pub mod metrics;
mod openapi;
mod orders;
mod page;
mod queues;
mod recordings;
mod registrations;
mod shown;
mod snapshot;
mod status;
mod tokens;

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
use utoipa_axum::router::OpenApiRouter;

use crate::config;
use access::Gate;
use events::Places;
use shown::Times;

pub use admin::Token;
pub use error::{Error, TokenError};
pub use house::House;
pub use listener::{Guarded, Source};
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
    house: House,
    metrics: PrometheusHandle,
    gate: Arc<Gate>,
    times: Times,
    /// Places for event streams: half of all connections, so that they never take the port from the others.
    places: Arc<Places>,
    /// How often an event stream says something.
    beat: Duration,
    /// Becomes true when the port is to close: event streams end then.
    stop: watch::Receiver<bool>,
}

impl App {
    /// Puts the parts together. `admin` is the first token of all; others are made with it.
    pub fn new(house: House, metrics: PrometheusHandle, admin: Token) -> Self {
        let defaults = config::Http::default();
        let gate = Gate::new(admin, house.people.clone());
        let times = Times::new(&house.status.site().time_zone);
        Self {
            house,
            metrics,
            gate: Arc::new(gate),
            times,
            places: Places::new(streams(defaults.max_connections)),
            beat: events::beat(Duration::from_secs(defaults.request_timeout_s.into())),
            stop: watch::channel(false).1,
        }
    }
}

/// Event streams at once.
fn streams(max_connections: u32) -> usize {
    usize::try_from(max_connections / 2).unwrap_or(usize::MAX).max(1)
}

/// Every address of the port.
pub fn router(app: App) -> Router {
    let (api, _) = api();
    Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::render))
        .route("/api/calls", get(calls::list))
        .route("/admin/reload", post(admin::reload))
        .route("/admin/drain", post(admin::drain))
        .merge(api)
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(middleware::from_fn(careful_headers))
        .with_state(app)
}

/// `/api/v1` and its description, from one list.
fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    let nouns = [
        me::routes(),
        agents::routes(),
        orders::routes(),
        queues::routes(),
        calls::routes(),
        call_backs::routes(),
        recordings::routes(),
        registrations::routes(),
        snapshot::routes(),
        events::routes(),
        tokens::routes(),
        openapi::routes(),
    ];
    let all = nouns.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::described())
        .nest("/api/v1", all)
        .split_for_parts();
    openapi::complete(&mut document);
    (router, document)
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

    /// Another patience with silent connections than the configuration's whole seconds can say.
    #[must_use]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The addresses as they were bound (port 0 resolved).
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Serves until `stop` becomes true or its sender is gone; requests under way are finished.
    pub async fn run(self, mut app: App, stop: watch::Receiver<bool>) {
        app.places = Places::new((self.max_connections / 2).max(1));
        app.beat = events::beat(self.request_timeout);
        app.stop = stop.clone();
        let mut tasks = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let guarded = Guarded::new(listener, self.max_connections, self.request_timeout);
            let mut stop = stop.clone();
            let stopped = async move {
                let _ = stop.wait_for(|stop| *stop).await;
            };
            tasks.spawn(
                axum::serve(
                    guarded,
                    router(app.clone()).into_make_service_with_connect_info::<Source>(),
                )
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
