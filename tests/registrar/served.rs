//! One server, many telephones.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use yihao::kernel::{AgentId, Wall};
use yihao::sip::Transport;

use super::people::{PASSWORD, agent, hire};
use super::phone::{Phone, contacts};
use crate::support::house::{House, PATIENCE};

async fn house(names: &[&str]) -> House {
    let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
    let mut dir = None;
    let house = House::open(|config| {
        config.sip.listen_tcp.push("[::1]:0".parse().unwrap());
        dir = Some(config.data_dir.clone());
    })
    .await;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    hire(&dir.unwrap(), &names).await.close().await;
    house.server.handle().people_changed().await.unwrap();
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn telephones_register_over_udp_and_tcp_and_are_seen() {
    let house = house(&["8001", "8002"]).await;
    let mut desk = Phone::over_udp(house.udp, "8001", PASSWORD).await;
    let mut soft = Phone::over_tcp(house.tcp, "8001", PASSWORD).await;
    assert_eq!(desk.register().await.status, 200);
    let both = soft.register().await;
    assert_eq!((both.status, contacts(&both).len()), (200, 2));
    assert_eq!(
        Phone::over_udp(house.udp, "8002", "wrong-password")
            .await
            .register()
            .await
            .status,
        401
    );
    assert_eq!(
        Phone::over_udp(house.udp, "8009", PASSWORD)
            .await
            .register()
            .await
            .status,
        401
    );
    let seen = house.server.handle().registrations().await;
    assert!(seen.iter().all(|it| it.user == "8001" && it.user_agent == "test phone"));
    let ways: Vec<_> = seen.iter().map(|it| (it.flow.transport, it.flow.remote)).collect();
    assert!(ways.contains(&(Transport::Udp, desk.address())) && ways.contains(&(Transport::Tcp, soft.address())));
    house.assert_is_well("registrations").await;
    // The connection breaks: only what was on it is gone.
    drop(soft);
    let gone = async {
        while house.server.handle().registrations().await.len() > 1 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    desk.contact = None;
    assert_eq!(
        contacts(&desk.register().await),
        [format!("<sip:8001@{}>", desk.address())]
    );
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_accounts_are_known_at_once_when_told_and_soon_when_not() {
    let house = house(&["8001"]).await;
    let handle = house.server.handle();
    let mut phone = Phone::over_udp(house.udp, "8001", PASSWORD).await;
    assert_eq!(phone.register().await.status, 200);
    let id = AgentId::parse("8001").unwrap();
    handle
        .people()
        .enable_agent(&id, false, Wall::from_millis(2))
        .await
        .unwrap();
    handle.people_changed().await.unwrap();
    assert!(handle.registrations().await.is_empty());
    assert_eq!(
        Phone::over_udp(house.udp, "8001", PASSWORD)
            .await
            .register()
            .await
            .status,
        401
    );
    // By another process, which tells nobody: it is looked for each second.
    handle
        .people()
        .create_agents(vec![agent("8002")], Wall::from_millis(3))
        .await
        .unwrap();
    let known = async {
        while Phone::over_udp(house.udp, "8002", PASSWORD)
            .await
            .register()
            .await
            .status
            != 200
        {
            sleep(Duration::from_millis(700)).await; // more often would be guessing a password
        }
    };
    timeout(PATIENCE, known).await.unwrap();
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_telephones_is_answered_and_calls_go_on() {
    let names: Vec<String> = (0..200).map(|n| format!("9{n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let house = house(&names).await;
    let mut storm = tokio::task::JoinSet::new();
    for name in names {
        let (server, name) = (house.udp, name.to_owned());
        storm.spawn(async move { Phone::over_udp(server, &name, PASSWORD).await.register().await.status });
    }
    house.assert_is_well("a storm that has begun").await;
    assert!(storm.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(house.server.handle().registrations().await.len(), 200);
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_way_open_is_no_message() {
    let house = house(&["8001"]).await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for ping in [&b"\r\n\r\n"[..], b"\0\0\0\0", b"", b"\r\n"] {
        socket.send_to(ping, house.udp).await.unwrap();
    }
    let mut buffer = [0; 100];
    let heard = timeout(Duration::from_millis(300), socket.recv(&mut buffer)).await;
    assert!(heard.is_err(), "nothing is said to it");
    house.assert_is_well("keep-alives").await;
    assert!(house.close().await);
}
