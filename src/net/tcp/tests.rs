//! Connections as honest and hostile peers make them. Over loopback, with short limits.

use std::io::ErrorKind;
use std::sync::atomic::Ordering::Relaxed;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::*;

const OPTIONS: &[u8] = b"OPTIONS sip:12345@example.com SIP/2.0\r\n\
Via: SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bK1\r\n\
From: <sip:a@example.com>;tag=1\r\n\
To: <sip:12345@example.com>\r\n\
Call-ID: 1@example.com\r\n\
CSeq: 1 OPTIONS\r\n\
Max-Forwards: 70\r\n\
Content-Length: 0\r\n\r\n";

struct House {
    tcp: TcpTransport,
    door: SocketAddr,
    events: mpsc::UnboundedReceiver<TcpEvent>,
}

fn house(config: TcpConfig, address: &str) -> House {
    let (sender, events) = mpsc::unbounded_channel();
    let handler: TcpHandler = Arc::new(move |event| {
        let _ = sender.send(event);
    });
    let tcp = TcpTransport::new(config, handler);
    let door = tcp.listen(address.parse().unwrap()).unwrap();
    House { tcp, door, events }
}

fn hasty() -> TcpConfig {
    TcpConfig {
        message_timeout_ms: 150,
        ..TcpConfig::default()
    }
}

impl House {
    async fn next(&mut self) -> TcpEvent {
        within(self.events.recv()).await.unwrap()
    }

    async fn message(&mut self) -> (Message, Flow) {
        match self.next().await {
            TcpEvent::Message { message, flow } => (message.unwrap(), flow),
            TcpEvent::Failed { flow } => panic!("{flow} failed"),
        }
    }

    async fn failure(&mut self) -> Flow {
        match self.next().await {
            TcpEvent::Failed { flow } => flow,
            TcpEvent::Message { message, .. } => panic!("{message:?}"),
        }
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.unwrap()
}

/// Reads to the end; a reset is an end too.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match within(stream.read_to_end(&mut bytes)).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    bytes
}

/// The reset may come before the caller even knows that it was connected.
async fn refused(connected: io::Result<TcpStream>) {
    match connected {
        Ok(mut stream) => assert!(rest(&mut stream).await.is_empty()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

async fn until_open_is(tcp: &TcpTransport, expected: u64) {
    within(async {
        while tcp.gauges().open.load(Relaxed) != expected {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_comes_in_pieces_and_its_answer_goes_back_over_the_same_connection() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut house = house(TcpConfig::default(), address);
        let mut phone = TcpStream::connect(house.door).await.unwrap();
        for piece in OPTIONS.chunks(50) {
            phone.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let (message, flow) = house.message().await;
        assert!(matches!(message, Message::Request(_)));
        assert_eq!(flow.remote, phone.local_addr().unwrap());
        assert_eq!(flow.local, house.door);
        house
            .tcp
            .send(&flow, Arc::from(&b"SIP/2.0 200 OK\r\n\r\n"[..]))
            .unwrap();
        let mut answer = [0; 18];
        within(phone.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"SIP/2.0 200 OK\r\n\r\n");
        drop(phone);
        assert_eq!(house.failure().await, flow);
        assert_eq!(house.tcp.send(&flow, Arc::from(&b"late"[..])), Err(TcpSendError::Gone));
    }
}

#[tokio::test]
async fn a_ping_gets_a_pong() {
    let house = house(TcpConfig::default(), "127.0.0.1:0");
    let mut phone = TcpStream::connect(house.door).await.unwrap();
    phone.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    within(phone.read_exact(&mut pong)).await.unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn a_peer_that_half_closes_still_gets_its_answer() {
    let mut house = house(TcpConfig::default(), "127.0.0.1:0");
    let mut phone = TcpStream::connect(house.door).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    phone.shutdown().await.unwrap();
    let (_, flow) = house.message().await;
    house.tcp.send(&flow, Arc::from(&b"answer"[..])).unwrap();
    assert_eq!(rest(&mut phone).await, b"answer");
}

#[tokio::test]
async fn bytes_that_dribble_in_do_not_buy_time() {
    let house = house(hasty(), "127.0.0.1:0");
    let mut loris = TcpStream::connect(house.door).await.unwrap();
    let begun = tokio::time::Instant::now();
    for byte in OPTIONS {
        if loris.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    rest(&mut loris).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "all of it would take longer");
    assert_eq!(house.tcp.gauges().slow.load(Relaxed), 1);
    until_open_is(&house.tcp, 0).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let house = house(hasty(), "127.0.0.1:0");
    let mut silent = TcpStream::connect(house.door).await.unwrap();
    assert!(rest(&mut silent).await.is_empty());
    assert_eq!(house.tcp.gauges().slow.load(Relaxed), 1);
}

#[tokio::test]
async fn a_second_message_must_come_whole_in_time_too() {
    let mut house = house(hasty(), "127.0.0.1:0");
    let mut phone = TcpStream::connect(house.door).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    let (_, flow) = house.message().await;
    tokio::time::sleep(Duration::from_millis(300)).await; // idle between messages is allowed
    phone.write_all(&OPTIONS[..40]).await.unwrap();
    assert_eq!(house.failure().await, flow);
}

#[tokio::test]
async fn one_source_cannot_take_all_places() {
    let config = TcpConfig {
        connections_per_source_max: 3,
        connections_max: 5,
        ..TcpConfig::default()
    };
    let house = house(config, "127.0.0.1:0");
    let from = async |source: &str| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
        socket.connect(house.door).await
    };
    let mut greedy = Vec::new();
    for _ in 0..3 {
        greedy.push(from("127.0.0.8").await.unwrap());
    }
    refused(from("127.0.0.8").await).await;
    let others = [from("127.0.0.9").await.unwrap(), from("127.0.0.9").await.unwrap()];
    until_open_is(&house.tcp, 5).await;
    refused(from("127.0.0.10").await).await;
    assert_eq!(house.tcp.gauges().refused.load(Relaxed), 2);
    greedy.pop();
    until_open_is(&house.tcp, 4).await;
    let _again = from("127.0.0.8").await.unwrap();
    until_open_is(&house.tcp, 5).await;
    drop(others);
}

#[tokio::test]
async fn a_flood_of_requests_and_resets_leaves_nothing_behind() {
    let mut house = house(TcpConfig::default(), "127.0.0.1:0");
    for n in 0..200 {
        let mut hostile = TcpStream::connect(house.door).await.unwrap();
        let _ = hostile.write_all(&OPTIONS[..OPTIONS.len() - n % 3]).await;
        socket2::SockRef::from(&hostile)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
    until_open_is(&house.tcp, 0).await;
    while house.events.try_recv().is_ok() {}
    let mut phone = TcpStream::connect(house.door).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    house.message().await;
}

#[tokio::test]
async fn a_peer_that_reads_nothing_loses_its_connection_and_holds_up_nobody() {
    let config = TcpConfig {
        outgoing_queue_max_messages: 8,
        write_timeout_ms: 200,
        ..TcpConfig::default()
    };
    let mut house = house(config, "127.0.0.1:0");
    let mut deaf = TcpStream::connect(house.door).await.unwrap();
    deaf.write_all(OPTIONS).await.unwrap();
    let (_, flow) = house.message().await;
    let large: Arc<[u8]> = vec![0; 60_000].into();
    let mut outcome = Ok(());
    for _ in 0..10_000 {
        outcome = house.tcp.send(&flow, Arc::clone(&large));
        if outcome.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(outcome.is_err());
    assert_eq!(house.failure().await, flow);
    until_open_is(&house.tcp, 0).await;
}

#[tokio::test]
async fn we_connect_once_to_a_peer_and_keep_the_connection_alive() {
    let config = TcpConfig {
        keep_alive_s: 1,
        ..TcpConfig::default()
    };
    let mut house = house(config, "127.0.0.1:0");
    let carrier = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let remote = carrier.local_addr().unwrap();
    let ours: IpAddr = "127.0.0.1".parse().unwrap();
    let flow = house.tcp.connect(ours, remote).await.unwrap();
    assert_eq!(house.tcp.connect(ours, remote).await.unwrap(), flow);
    let (mut there, _) = carrier.accept().await.unwrap();
    house.tcp.send(&flow, Arc::from(OPTIONS)).unwrap();
    let mut heard = vec![0; OPTIONS.len() + 4];
    within(there.read_exact(&mut heard)).await.unwrap();
    assert!(heard.starts_with(OPTIONS) && heard.ends_with(b"\r\n\r\n"));
    drop(there);
    assert_eq!(house.failure().await, flow);
    drop(carrier);
    assert!(house.tcp.connect(ours, remote).await.is_err());
}

#[tokio::test]
async fn a_shut_down_writes_what_is_queued_and_closes_all() {
    let mut house = house(TcpConfig::default(), "127.0.0.1:0");
    let mut phone = TcpStream::connect(house.door).await.unwrap();
    phone.write_all(OPTIONS).await.unwrap();
    let (_, flow) = house.message().await;
    house.tcp.send(&flow, Arc::from(&b"last words"[..])).unwrap();
    within(house.tcp.shut_down()).await;
    assert_eq!(rest(&mut phone).await, b"last words");
    assert!(TcpStream::connect(house.door).await.is_err());
}
