//! A server ends, or is killed, and begins again on the same folder.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;
use yihao::config::Config;
use yihao::engine::Server;
use yihao::store::people::People;

use super::people::{PASSWORD, hire};
use super::phone::{Phone, contacts};
use crate::support::house::{House, PATIENCE};

/// A house on this folder, as often as it is opened.
async fn open(dir: &std::path::Path, port: u16) -> House {
    let dir = dir.to_owned();
    House::open(move |config: &mut Config| {
        config.data_dir = dir;
        config.sip.listen_udp = vec![([127, 0, 0, 1], port).into()];
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_is_still_registered_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    hire(dir.path(), &["8001"]).await.close().await;
    let house = open(dir.path(), 0).await;
    let (port, mut phone) = (house.udp.port(), Phone::over_udp(house.udp, "8001", PASSWORD).await);
    let mut on_tcp = Phone::over_tcp(house.tcp, "8001", PASSWORD).await;
    assert_eq!(phone.register().await.status, 200);
    assert_eq!(on_tcp.register().await.status, 200);
    let before = house.server.handle().registrations().await;
    assert!(house.close().await);
    let house = open(dir.path(), port).await;
    let after = house.server.handle().registrations().await;
    assert_eq!(after.len(), 1, "the connection went with the server");
    assert!(before.contains(&after[0]) || after[0].flow.remote == phone.address());
    assert_eq!(
        contacts(&phone.register().await).len(),
        1,
        "and its next refresh is no stranger's"
    );
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let people = hire(dir.path(), &["8001"]).await;
    let house = open(dir.path(), 0).await;
    let mut phone = Phone::over_udp(house.udp, "8001", PASSWORD).await;
    assert_eq!(phone.register().await.status, 200);
    // What kill -9 would leave now, read by another connection in the moment of the answer.
    let written = people.bindings().await.unwrap();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].flow.remote, phone.address());
    phone.expires = 0;
    assert_eq!(phone.register().await.status, 200);
    assert_eq!(people.bindings().await.unwrap(), []);
    people.close().await;
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_file_locked_telephones_register_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let people = hire(dir.path(), &["8001"]).await;
    let house = open(dir.path(), 0).await;
    let mut lock = SqliteConnectOptions::new()
        .filename(People::path(dir.path()))
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut lock).await.unwrap();
    let mut phone = Phone::over_udp(house.udp, "8001", PASSWORD).await;
    assert_eq!(phone.register().await.status, 200);
    assert_eq!(house.server.handle().registrations().await.len(), 1);
    lock.close().await.unwrap();
    let written = async {
        while people.bindings().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, written)
        .await
        .expect("and it is written when the lock is gone");
    people.close().await;
    assert!(house.close().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_none_refuses_the_start_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        People::path(dir.path()),
        "no database, but a letter to the editor ".repeat(100),
    )
    .unwrap();
    let config = Config {
        data_dir: dir.path().to_owned(),
        ..Config::default()
    };
    let mut config = config;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    config.dialplan.dir = root.join("dialplans");
    config.dialplan.calendar_dir = root.join("config/calendar");
    config.prompts.dir = root.join("prompts");
    config.sip.listen_udp = vec![([127, 0, 0, 1], 0).into()];
    config.sip.listen_tcp.clear();
    let Err(error) = Server::start(&config).await else {
        panic!("it started");
    };
    assert!(error.to_string().contains("people"), "{error}");
}
