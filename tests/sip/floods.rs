//! Connections that cost more than they bring: floods that are reset, idle ones, slow ones.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use yihao::config::Config;

use crate::support::house::{House, PATIENCE, connect, listen};

fn quick(config: &mut Config) {
    config.sip.t1_ms = 50; // what waits for an ACK gives up after 3.2 s
    config.sip.t2_ms = 500;
    config.sip.tcp_header_timeout_s = 1;
    config.sip.tcp_max_connections_per_source = 4;
}

fn invite(number: usize) -> String {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
    format!(
        "INVITE sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKf{number}\r\n\
         From: <sip:flood@example.com>;tag=f{number}\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: flood-{number}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:flood@127.0.0.1:9;transport=tcp>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invites_and_then_a_reset() {
    const FLOOD: usize = 100;
    let house = House::open(quick).await;
    let mut stream = connect(&house).await;
    for number in 0..FLOOD {
        stream.write_all(invite(number).as_bytes()).await.unwrap();
    }
    let heard = listen(&mut stream, PATIENCE, FLOOD / 2).await;
    assert!(!heard.answers.is_empty(), "the server was taking the calls");
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream); // RST
    house.assert_is_well("a reset in the middle of a flood").await;
    let gone = async {
        while !house.server.handle().calls().await.is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE * 3, gone)
        .await
        .expect("calls of a connection that is gone do not stay");
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_and_slow_connections_keep_nobody_out() {
    let house = House::open(quick).await;
    let mut idle = Vec::new();
    for _ in 0..8 {
        // One too many may be reset before it is even open.
        idle.extend(TcpStream::connect(house.tcp).await);
    }
    house.assert_is_well("eight idle connections").await;
    let began = Instant::now();
    for mut stream in idle {
        assert!(
            listen(&mut stream, PATIENCE, usize::MAX).await.closed,
            "one that never says anything is closed"
        );
    }
    assert!(began.elapsed() < PATIENCE, "all of them at once");
    let mut slow = connect(&house).await;
    let began = Instant::now();
    let dribble = async {
        for octet in invite(1_000).bytes() {
            if slow.write_all(&[octet]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = timeout(Duration::from_secs(3), dribble).await;
    assert!(
        listen(&mut slow, PATIENCE, usize::MAX).await.closed,
        "a header that trickles in is not waited for"
    );
    assert!(began.elapsed() < PATIENCE + Duration::from_secs(3));
    let mut next = connect(&house).await;
    next.write_all(invite(1_001).as_bytes()).await.unwrap();
    assert_eq!(
        listen(&mut next, PATIENCE, 1).await.answers.first().map(|r| r.status),
        Some(200),
        "the next caller is served"
    );
    drop(next);
    house.close().await;
}
