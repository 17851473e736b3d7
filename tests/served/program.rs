//! `yihao serve` as a process on a folder of its own. Knows nothing of calls.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use yihao::kernel::Event;
use yihao::store::ledger::{CallFilter, Ledger, Order};
use yihao::store::{CallRecord, Store};

const PATIENCE: Duration = Duration::from_secs(15);
/// Plans of the kill -9 bar: 1000 a prompt, 3000 silent, 4000 a message.
const PLANS: &str = "benches/kill9/plans/kill9.toml";

/// The server, as often as it is started.
pub struct Program {
    folder: tempfile::TempDir,
    sip: SocketAddr,
    http: SocketAddr,
    child: Child,
}

impl Program {
    /// Starts it on an empty folder and waits until it is ready.
    pub fn start(drain_s: u32) -> Self {
        Self::start_with(drain_s, |_| String::new())
    }

    /// The same with more settings, one a line, made for its folder.
    pub fn start_with(drain_s: u32, more: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sip = free(|address| UdpSocket::bind(address).is_ok());
        let http = free(|address| TcpListener::bind(address).is_ok());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir(folder.path().join("plans")).unwrap();
        fs::copy(root.join(PLANS), folder.path().join("plans/kill9.toml")).unwrap();
        let settings = format!(
            r#"
            data_dir = {data:?}
            sip = {{ listen_udp = ["{sip}"], listen_tcp = [] }}
            media = {{ rtp_port_min = 50000, rtp_port_max = 54999, dead_media_s = 5 }}
            dialplan = {{ dir = {plans:?}, calendar_dir = {calendar:?} }}
            prompts = {{ dir = {prompts:?} }}
            store = {{ journal_segment_mb = 1, recording_free_mb = 0 }}
            http = {{ listen = ["{http}"] }}
            drain = {{ timeout_s = {drain_s}, retry_after_s = 7 }}
            log = {{ level = "error" }}
            {more}
            "#,
            more = more(folder.path()),
            data = folder.path().join("data"),
            plans = folder.path().join("plans"),
            calendar = root.join("config/calendar"),
            prompts = root.join("prompts"),
        );
        fs::write(folder.path().join("yihao.toml"), settings).unwrap();
        let child = launch(folder.path());
        let program = Self {
            folder,
            sip,
            http,
            child,
        };
        program.wait_ready();
        program
    }

    /// Where to call.
    pub fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// Runs another command of the program on the same folder; whether it succeeded, and what it printed.
    pub fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_yihao"))
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("yihao.toml"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Folder of the plans.
    pub fn plans(&self) -> PathBuf {
        self.folder.path().join("plans")
    }

    /// Folder of the recordings.
    pub fn recordings(&self) -> PathBuf {
        Store::recordings_dir(&self.folder.path().join("data"))
    }

    /// File of the ledger.
    pub fn ledger_file(&self) -> PathBuf {
        Store::ledger_path(&self.folder.path().join("data"))
    }

    /// Runs another command of the program on the same folder: what it printed, and whether it went well.
    pub fn command(&self, arguments: &[&str], input: &str) -> (String, bool) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yihao"))
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("yihao.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()); // it may not want any
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&text).into_owned(), output.status.success())
    }

    /// SIGKILL, and at once a new start.
    pub fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = launch(self.folder.path());
    }

    /// A new start after an end.
    pub fn start_again(&mut self) {
        self.child = launch(self.folder.path());
        self.wait_ready();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it still runs after {patience:?}");
            sleep(Duration::from_millis(10));
        }
    }

    /// SIGTERM with nothing left to drain.
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        assert!(self.ended_within(PATIENCE).success());
    }

    /// Waits until it says that it is ready.
    pub fn wait_ready(&self) {
        wait_until("ready", || self.get("/readyz").starts_with("HTTP/1.1 200"));
    }

    /// A figure of `/metrics`.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
    }

    fn get(&self, path: &str) -> String {
        let mut answer = Vec::new();
        let asked = TcpStream::connect(self.http).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: yihao\r\nConnection: close\r\n\r\n"
            )?;
            stream.read_to_end(&mut answer)
        });
        asked
            .map(|_| String::from_utf8_lossy(&answer).into_owned())
            .unwrap_or_default()
    }

    /// All calls in the ledger with their events.
    pub fn ledger(&self) -> Vec<(CallRecord, Vec<(u64, Event)>)> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let ledger = Ledger::new(&self.ledger_file());
            let mut all = Vec::new();
            for record in ledger
                .list_calls(&CallFilter::default(), Order::OldestFirst, u32::MAX)
                .await
                .unwrap()
            {
                let events = ledger.call_events(record.call).await.unwrap();
                all.push((record, events));
            }
            all
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

fn launch(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_yihao"))
        .arg("serve")
        .arg("--config")
        .arg(folder.join("yihao.toml"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// An address that nobody has, with a port that the kernel gives to nobody by itself: it must be free at the next start too.
fn free(can_be_had: impl Fn(SocketAddr) -> bool) -> SocketAddr {
    let first = 10_000 + u16::try_from(std::process::id() % 200).unwrap() * 100;
    let mut ports = (first..=first + 99).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    ports.find(|address| can_be_had(*address)).unwrap()
}

/// Looks again and again.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not {what} after {PATIENCE:?}");
        sleep(Duration::from_millis(20));
    }
}
