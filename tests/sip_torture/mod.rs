//! The 49 messages of RFC 4475 (and the one without a section) and the 12 of RFC 5118, byte for byte, over real sockets:
//! each gets an end system's verdict from the running server, over UDP and over TCP. None is left out.

mod expected;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::expected::{Case, Seen, cases};
use crate::support::house::{House, PATIENCE, answers, connect, listen};

/// How long silence is listened to before it counts as silence.
const SILENCE: Duration = Duration::from_millis(1_500);
/// `tcp_header_timeout_s`: after it an unfinished message costs its connection.
const UNFINISHED: Duration = Duration::from_secs(1);

async fn house() -> House {
    let house = House::open(|config| {
        config.sip.tcp_header_timeout_s = UNFINISHED.as_secs() as u32;
        config.sip.tcp_max_connections_per_source = 100;
    });
    house.await
}

/// Groups of messages that one server can tell apart: many of the RFC's messages share branch, sender and method, and the
/// second of them is rightly taken for a retransmission of the first.
fn rounds() -> Vec<Vec<Case>> {
    let mut rounds: Vec<(BTreeSet<String>, Vec<Case>)> = Vec::new();
    for case in cases() {
        let name = case.transaction();
        match rounds.iter_mut().find(|(names, _)| !names.contains(&name)) {
            Some((names, list)) => {
                names.insert(name);
                list.push(case);
            }
            None => rounds.push((BTreeSet::from([name]), vec![case])),
        }
    }
    rounds.into_iter().map(|(_, list)| list).collect()
}

/// Prints the table and fails if any verdict is wrong or missing.
fn judge(transport: &str, mut table: Vec<(Case, Seen, bool)>) {
    table.sort_by(|a, b| a.0.file.cmp(&b.0.file));
    let mut text = String::new();
    for (case, seen, good) in &table {
        let mark = if *good { "ok   " } else { "WRONG" };
        text += &format!(
            "{mark} {transport} {:<45} expected {:<22} seen {seen}\n",
            case.file,
            case.expects(transport)
        );
    }
    println!("{text}");
    assert_eq!(table.len(), 62, "every message has a verdict");
    assert!(table.iter().all(|(.., good)| *good), "\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_udp() {
    let mut table = Vec::new();
    for (round, list) in rounds().into_iter().enumerate() {
        let house = house().await;
        let mut tasks = JoinSet::new();
        for (index, case) in list.into_iter().enumerate() {
            let server = house.udp;
            tasks.spawn(async move {
                let seen = over_udp_one(&case, (round, index), server).await;
                let good = case.accepts_udp(&seen);
                (case, seen, good)
            });
        }
        table.extend(tasks.join_all().await);
        house.assert_is_well("the torture over UDP").await;
        assert!(house.server.handle().calls().await.is_empty(), "torture is no call");
        assert!(house.close().await);
    }
    judge("UDP", table);
}

/// Sends one message from an address of its own. Answers go to the port of the topmost Via (RFC 3261 §18.2.2), so that is
/// where the sender is.
async fn over_udp_one(case: &Case, (round, index): (usize, usize), server: SocketAddr) -> Seen {
    let us = SocketAddr::from(([127, 77, round as u8, index as u8 + 1], case.via_port()));
    let socket = UdpSocket::bind(us).await.unwrap();
    socket.send_to(&case.bytes, server).await.unwrap();
    let patience = if case.may_be_dropped() { SILENCE } else { PATIENCE };
    let found = answers(&socket, Instant::now() + patience, 1).await;
    Seen {
        statuses: found.iter().map(|r| r.status).collect(),
        closed: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp() {
    let mut table = Vec::new();
    for list in rounds() {
        let house = house().await;
        let mut tasks = JoinSet::new();
        for case in list {
            let mut stream = connect(&house).await;
            tasks.spawn(async move {
                stream.write_all(&case.bytes).await.unwrap();
                let heard = listen(&mut stream, UNFINISHED + PATIENCE, case.answers_over_tcp()).await;
                let statuses = heard.answers.iter().map(|r| r.status).collect();
                let seen = Seen {
                    statuses,
                    closed: heard.closed,
                };
                let good = case.accepts_tcp(&seen);
                (case, seen, good)
            });
        }
        table.extend(tasks.join_all().await);
        house.assert_is_well("the torture over TCP").await;
        assert!(house.server.handle().calls().await.is_empty(), "torture is no call");
        assert!(house.close().await);
    }
    judge("TCP", table);
}
