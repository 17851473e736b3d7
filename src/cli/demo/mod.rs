//! `yihao demo`: a server with the demo city's plans, real calls over real sockets, and what the ledger says of them.

mod city;
mod person;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use city::EmergencyDesk;

use super::calls;
use super::serve::{Running, raise_file_limit};
use super::{Done, call};
use crate::engine::logging;
use crate::store::ledger::{CallFilter, Order};

/// How long the demo waits for the ledger to hold a call that has just ended.
const LEDGER_PATIENCE: Duration = Duration::from_secs(5);

/// How to show it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Place the calls, check them, end: exit code 0 if everything was as it should be
    #[arg(long)]
    once: bool,
}

/// Shows it.
pub(super) fn run(arguments: &Arguments) -> Done {
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(show(arguments.once))
}

async fn show(once: bool) -> Done {
    let desk = EmergencyDesk::start().await?;
    let (config, folder) = city::config(once, desk.address())?;
    logging::init(&config.log, std::env::var_os(logging::ENVIRONMENT))?;
    let running = Running::start(&config).await?;
    let (udp, tcp) = (address(&running, "udp")?, address(&running, "tcp")?);
    println!(
        "yihao 一号 demo: {} (data in {})",
        config.site_name,
        config.data_dir.display()
    );
    let mut failed = 0;
    let mut stories = city::stories(udp, tcp);
    stories.push(city::a_person_answers(udp));
    let mut agent = None;
    for story in stories {
        if story.needs_agent {
            agent = Some(person::Agent::at_work(&running, udp).await?);
        }
        println!("\n▶ {}", story.title);
        let before = latest(&running).await?;
        let heard = call::place(&story.call, story.script).await?;
        call::print_timeline(&heard.report);
        let mut failures = heard.report.failures.clone();
        match new_call(&running, before.as_deref()).await? {
            Some(record) => {
                println!("  ledger: call {}", record.call);
                let began = record.invite_at.unwrap_or(record.last_event_at);
                for (_, event) in running.server.handle().ledger().call_events(record.call).await? {
                    println!("    {}", calls::line(&event, began, false));
                }
                failures.extend(
                    story
                        .ledger
                        .iter()
                        .filter_map(|expected| expected.missing_in(&record, &config)),
                );
            }
            None => failures.push("the ledger does not hold the call".to_owned()),
        }
        for failure in &failures {
            println!("  ✗ {failure}");
        }
        println!(
            "  {}",
            if failures.is_empty() {
                "✓ as it should be"
            } else {
                "✗ NOT as it should be"
            }
        );
        failed += usize::from(!failures.is_empty());
    }
    let mut at_the_desk = desk.failures().await;
    if let Some(agent) = agent {
        at_the_desk.extend(agent.failures().await);
    }
    for failure in &at_the_desk {
        println!("\n✗ {failure}");
    }
    failed += at_the_desk.len();
    println!();
    for (transport, address) in running.server.addresses() {
        println!("dial   sip:12345@{address};transport={transport}");
    }
    for address in &running.http {
        println!("open   http://{address}/   http://{address}/metrics   http://{address}/readyz");
    }
    if !once {
        // Other commands need to be told whose calls they are to show.
        let settings = config.data_dir.join("yihao.toml");
        std::fs::write(&settings, config.to_text())?;
        println!("look   yihao calls --config {}", settings.display());
        println!("\nThe city stays up. End it with Ctrl-C.");
        tokio::signal::ctrl_c().await?;
    }
    let peaceful = running.stop(Duration::from_secs(10)).await;
    drop(folder);
    println!(
        "{}",
        if failed == 0 {
            "demo: all calls were as they should be"
        } else {
            "demo: FAILED"
        }
    );
    Ok(if failed == 0 && (peaceful || !once) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn address(running: &Running, transport: &str) -> Result<SocketAddr, String> {
    let found = running.server.addresses().iter().find(|(t, _)| *t == transport);
    found
        .map(|(_, address)| *address)
        .ok_or_else(|| format!("no {transport} address"))
}

async fn latest(running: &Running) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let ledger = running.server.handle().ledger();
    // Before the first call there may be no table yet.
    let calls = ledger
        .list_calls(&CallFilter::default(), Order::NewestFirst, 1)
        .await
        .unwrap_or_default();
    Ok(calls.first().map(|call| call.call.to_string()))
}

/// The call that was not there before, once it has ended and its recordings are closed.
async fn new_call(
    running: &Running,
    before: Option<&str>,
) -> Result<Option<crate::store::CallRecord>, Box<dyn std::error::Error>> {
    let ledger = running.server.handle().ledger();
    let deadline = tokio::time::Instant::now() + LEDGER_PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let calls = ledger
            .list_calls(&CallFilter::default(), Order::NewestFirst, 1)
            .await
            .unwrap_or_default();
        if let Some(call) = calls.into_iter().next()
            && Some(call.call.to_string().as_str()) != before
            && call.ended_at.is_some()
            && (call.quality.is_some() || call.answered_by_machine_at.is_none())
            && call.open_recordings().next().is_none()
        {
            return Ok(Some(call));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(None)
}
