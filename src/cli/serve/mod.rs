//! `yihao serve`: the server with its operators' port, until a signal ends it.

mod port;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

use super::Done;
use crate::config::Config;
use crate::engine::{Server, clock, logging};
use crate::http;
use crate::jobs;
use port::Operators;

/// How to serve.
#[derive(Args, Debug)]
pub(super) struct Arguments {}

/// Everything that runs: calls and the operators' port.
pub(super) struct Running {
    pub server: Server,
    pub http: Vec<std::net::SocketAddr>,
    /// Somebody asked for the end over HTTP.
    pub asked_to_stop: Arc<Notify>,
    http_stop: watch::Sender<bool>,
    http_task: tokio::task::JoinHandle<()>,
    jobs: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Starts calls first, then the port: it must be able to answer.
    pub(super) async fn start(config: &Config) -> Result<Self, Box<dyn std::error::Error>> {
        let metrics = http::metrics::install()?;
        metrics::gauge!("yihao_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        std::fs::create_dir_all(&config.data_dir)?;
        let token = http::Token::load_or_create(&config.admin_token_file())?;
        let port = http::Server::bind(&config.http).await?;
        let server = Server::start(config).await?;
        let asked_to_stop = Arc::new(Notify::new());
        let operators = Arc::new(Operators::new(&server, clock::wall(), asked_to_stop.clone()));
        let (http_stop, stopped) = watch::channel(false);
        let addresses = port.addresses();
        tokio::spawn(http::metrics::upkeep(metrics.clone()));
        tokio::spawn(operators.clone().look_after());
        let app = http::App::new(operators.house(), metrics, token);
        let http_task = tokio::spawn(port.run(app, stopped));
        let (ledger, journal) = (server.handle().ledger().clone(), server.handle().journal().clone());
        let house = jobs::House::new(config, ledger, journal, clock::wall);
        let jobs = tokio::spawn(jobs::run(house, config.clone()));
        Ok(Self {
            server,
            http: addresses,
            asked_to_stop,
            http_stop,
            http_task,
            jobs,
        })
    }

    /// Drains calls, then closes the port, which has told all along how the drain goes.
    pub(super) async fn stop(self, patience: Duration) -> bool {
        self.jobs.abort(); // what it was at, the next start goes on with
        let peaceful = self.server.stop(patience).await;
        let _ = self.http_stop.send(true); // it may have ended by itself
        let _ = tokio::time::timeout(Duration::from_secs(5), self.http_task).await;
        peaceful
    }
}

/// Runs until SIGTERM, SIGINT or the operators' port says so.
pub(super) fn run(config: &Config, _arguments: &Arguments) -> Done {
    logging::init(&config.log, std::env::var_os(logging::ENVIRONMENT))?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let code = runtime.block_on(async {
        let running = Running::start(config).await?;
        for (transport, address) in running.server.addresses() {
            tracing::info!(transport, %address, "SIP");
        }
        for address in &running.http {
            tracing::info!(%address, "HTTP");
        }
        wait_for_the_end(&running).await?;
        let patience = Duration::from_secs(u64::from(config.drain.timeout_s));
        tracing::info!(?patience, "draining: no new calls, running calls end in peace");
        let peaceful = tokio::select! {
            peaceful = running.stop(patience) => peaceful,
            () = second_signal() => false,
        };
        tracing::info!(peaceful, "stopped");
        Ok::<_, Box<dyn std::error::Error>>(ExitCode::SUCCESS)
    })?;
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(code)
}

async fn wait_for_the_end(running: &Running) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            () = running.asked_to_stop.notified() => return Ok(()),
            _ = hang_up.recv() => match running.server.handle().reload().await {
                Ok(counts) => tracing::info!(numbers = counts.numbers, flows = counts.flows, "reloaded"),
                Err(problems) => for problem in problems {
                    tracing::error!(problem, "not reloaded: the old plans stay in force");
                },
            },
        }
    }
}

/// A second SIGTERM or SIGINT: the operator does not want to wait.
async fn second_signal() {
    if let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    } else {
        std::future::pending::<()>().await;
    }
}

/// Two sockets a call, and more: as many files as the system allows.
pub(super) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
