//! `yihao call`: a telephone on the command line, for people and for tests.

mod line;
mod script;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::Done;
use crate::call::phone::{Action, Report};
use crate::kernel::Law;
use crate::media::{Clip, wav};
use crate::sip::Transport;

pub(super) use line::{Call, Heard, Line, place};

/// Calls at once of one telephone.
const LINES_MAX: usize = 8;

/// What to dial and what to do then.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Whom to call: sip:12345@192.0.2.10:5060 (`;transport=tcp` for TCP). With --register, the server; then it calls only
    /// if the address names somebody
    uri: String,
    /// What to do, step by step: `answer`, `wait 2`, `hear any|silence|440`, `press 1#`, `info 1`, `speak FILE.wav`,
    /// `hold`, `resume`, `swap`, `hangup`, `gone 10` (until they hang up), `registered`, `dial 8002`, `ring 30` (until it
    /// rings), `pickup`, `reject 486`, `sendon 8002` (REFER), `together` (REFER with Replaces), `referred 200`.
    /// Default: answer, gone 60
    #[arg(long, short, value_name = "STEP", value_parser = script::step)]
    step: Vec<script::Step>,
    /// Number that calls
    #[arg(long, default_value = "13800001234")]
    from: String,
    /// Writes what was heard to this WAV file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Our own address (default: the one that the system chooses towards the server)
    #[arg(long, value_name = "IP")]
    local: Option<IpAddr>,
    /// Codecs, best first: a, mu
    #[arg(long, value_delimiter = ',', default_value = "a,mu", value_parser = law)]
    codec: Vec<Law>,
    /// Send the INVITE without an offer
    #[arg(long)]
    late_offer: bool,
    /// Account, if the server asks for one
    #[arg(long, value_name = "USER:PASSWORD")]
    account: Option<String>,
    /// Register first, each time for so many seconds, and take calls until the steps are done
    #[arg(long, value_name = "SECONDS")]
    register: Option<u32>,
    /// Calls at once
    #[arg(long, default_value = "2")]
    lines: usize,
    /// Pick up incoming calls after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = script::time)]
    answer_after: Option<std::time::Duration>,
    /// Hum a tone of so many hertz while in a call
    #[arg(long, value_name = "HERTZ")]
    hum: Option<f64>,
    /// Print every SIP message
    #[arg(long, short)]
    verbose: bool,
}

/// Places the call; exit code 0 if every step went as it should.
pub(super) fn run(arguments: &Arguments) -> Done {
    let dials = arguments.register.is_none() || arguments.uri.contains('@');
    let steps = match arguments.step.is_empty() {
        true => script::usual(dials),
        false => arguments.step.clone(),
    };
    let script = steps
        .into_iter()
        .map(script::Step::load)
        .collect::<Result<Vec<Action>, _>>()?;
    let call = Call {
        uri: arguments.uri.clone(),
        dials,
        registers: arguments.register,
        lines: arguments.lines.clamp(1, LINES_MAX),
        answers_after: arguments.answer_after,
        hums: arguments.hum,
        from: arguments.from.clone(),
        local: arguments.local,
        laws: arguments.codec.clone(),
        late_offer: arguments.late_offer,
        account: arguments.account.clone(),
        verbose: arguments.verbose,
    };
    let heard = super::runtime()?.block_on(place(&call, script))?;
    print_timeline(&heard.report);
    if let Some(path) = &arguments.record {
        std::fs::write(path, wav::from_clip(&Clip::new(Law::A, &heard.sound)))?;
        println!(
            "  heard {:.1} s, written to {}",
            heard.sound.len() as f64 / 8_000.0,
            path.display()
        );
    }
    for failure in &heard.report.failures {
        println!("  FAILED {failure}");
    }
    Ok(if heard.report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One line an event, with its second.
pub(super) fn print_timeline(report: &Report) {
    for (second, what) in &report.timeline {
        println!("  {second:8.3} s  {what}");
    }
}

fn law(text: &str) -> Result<Law, String> {
    match text {
        "a" | "pcma" | "alaw" => Ok(Law::A),
        "mu" | "pcmu" | "ulaw" => Ok(Law::Mu),
        _ => Err(format!("{text:?} is no codec; there are a and mu")),
    }
}

/// Where the peer is: its address literal or what the resolver says, and the transport.
fn target(uri: &crate::sip::message::Uri) -> Result<(SocketAddr, Transport), String> {
    let tcp = uri
        .params
        .get("transport")
        .flatten()
        .is_some_and(|t| t.eq_ignore_ascii_case("tcp"));
    let transport = if tcp { Transport::Tcp } else { Transport::Udp };
    let port = uri.port.unwrap_or(5060);
    let host = uri.host.to_string();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = std::net::ToSocketAddrs::to_socket_addrs(&(bare, port)).map_err(|e| format!("{host}: {e}"))?;
    let address = found
        .into_iter()
        .next()
        .ok_or_else(|| format!("{host} has no address"))?;
    Ok((address, transport))
}

/// A clip from a WAV file.
fn clip(path: &std::path::Path) -> Result<Arc<Clip>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    wav::parse(&bytes)
        .map(Arc::new)
        .map_err(|e| format!("{}: {e}", path.display()))
}
