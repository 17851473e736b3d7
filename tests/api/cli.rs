//! `yihao floor`, the program itself, at a port: what an operator types and reads.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use yihao::call::Order;
use yihao::kernel::AgentStatus;
use yihao::queue::Action;

use super::port::{ADMIN, Port};
use super::town::{agent, call};

/// What was printed, what was complained of, and whether it went well.
fn floor(port: &Port, token: &str, words: &[&str]) -> (String, String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let server = format!("http://{}", port.address);
    let done = Command::new(env!("CARGO_BIN_EXE_yihao"))
        .args(["floor", "--server", &server, "--token-file"])
        .arg(&file)
        .args(words)
        .env("YIHAO_CONFIG", "/dev/null")
        .output()
        .unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (text(&done.stdout), text(&done.stderr), done.status.success())
}

#[test]
fn tables_are_aligned_and_chinese() {
    let port = Port::open();
    let (agents, _, well) = floor(&port, ADMIN, &["agents"]);
    assert!(well);
    let lines: Vec<&str> = agents.lines().collect();
    assert!(
        lines[0].starts_with("坐席") && lines[1].starts_with("8001  李伟"),
        "{agents}"
    );
    assert!(agents.contains("通话") && agents.contains("meal"), "{agents}");
    let (queues, _, _) = floor(&port, ADMIN, &["queues"]);
    assert!(queues.contains("general"), "{queues}");
    let (queue, _, _) = floor(&port, ADMIN, &["queues", "general"]);
    assert!(
        queue.contains("139****5678") && queue.contains("137****9999"),
        "{queue}"
    );
    let (calls, _, _) = floor(&port, "token-of-wallboard", &["calls"]);
    assert!(calls.contains("8001 通话") && !calls.contains("13800001234"), "{calls}");
    let (debts, _, _) = floor(&port, ADMIN, &["debts", "--settled"]);
    assert!(debts.contains("decided 8100 已办结"), "{debts}");
    let (phones, _, _) = floor(&port, ADMIN, &["phones"]);
    assert!(phones.contains("udp 192.0.2.7:5060"), "{phones}");
}

#[test]
fn orders_are_typed_and_carried_out() {
    let port = Port::open();
    let (said, _, well) = floor(&port, "token-of-8001", &["pause", "8001", "meal"]);
    assert!(well && said == "已执行\n", "{said}");
    let (said, _, _) = floor(&port, "token-of-8001", &["park", "8001"]);
    assert!(said.contains("701"), "{said}");
    let send = ["send-on", "8001", "--queue", "fund"];
    assert!(floor(&port, "token-of-8001", &send).2);
    let debt = call(9).to_string();
    assert!(floor(&port, ADMIN, &["settle", &debt, "已在大厅办结"]).2);
    let orders = port.town.orders.lock().unwrap();
    let pause = Order::Act {
        agent: agent("8001"),
        action: Action::Pause { reason: "meal".into() },
        by: None,
    };
    assert_eq!((orders[0].clone(), orders.len()), (pause, 4));
}

#[test]
fn what_goes_wrong_is_told_in_chinese() {
    let port = Port::open();
    let (_, complaint, well) = floor(&port, "token-of-8001", &["ready", "8002"]);
    assert!(
        !well && complaint.contains("无权") && complaint.contains("forbidden"),
        "{complaint}"
    );
    let (_, complaint, _) = floor(&port, "wrong", &["agents"]);
    assert!(complaint.contains("访问令牌"), "{complaint}");
    let nobody = Command::new(env!("CARGO_BIN_EXE_yihao"))
        .args([
            "floor",
            "--server",
            "http://127.0.0.1:9",
            "--token-file",
            "/dev/null",
            "agents",
        ])
        .env("YIHAO_CONFIG", "/dev/null")
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&nobody.stderr).contains("连不上服务器"),
        "{nobody:?}"
    );
    let secure = Command::new(env!("CARGO_BIN_EXE_yihao"))
        .args([
            "floor",
            "--server",
            "https://example.com",
            "--token-file",
            "/dev/null",
            "agents",
        ])
        .env("YIHAO_CONFIG", "/dev/null")
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&secure.stderr).contains("只支持 http://"),
        "{secure:?}"
    );
}

#[test]
fn events_are_followed_line_by_line_until_the_port_closes() {
    let mut port = Port::open();
    port.town.agent_becomes("8001", AgentStatus::Available);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, ADMIN).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_yihao"))
        .args([
            "floor",
            "follow",
            "--after",
            "0",
            "--server",
            &format!("http://{}", port.address),
        ])
        .arg("--token-file")
        .arg(&file)
        .env("YIHAO_CONFIG", "/dev/null")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(
        first.contains("8001  agent_changed") && first.contains("status=available"),
        "{first}"
    );
    port.town.agent_becomes("8002", AgentStatus::Ringing);
    assert!(lines.next().unwrap().unwrap().contains("status=ringing"));
    port.stop();
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}
